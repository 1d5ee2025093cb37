#include "hosts/pod_plan.h"

#include <algorithm>

#include "base/match.h"

namespace gse::hosts {
namespace {

using core::ProvidedHost;

constexpr std::int64_t kConfirmAgainMs = 2'000;
constexpr std::int64_t kDeleteAgainMs = 30'000;
constexpr std::int64_t kMarkAgainMs = 2'000;

class Planner {
public:
    Planner(const PodView& view, PodMemory& memory) : view_(view), memory_(memory) {
        for (const ProvidedHost& host : view.wanted) wanted_.insert(host.id);
    }

    std::vector<PodAction> run() {
        forget();
        for (const ProvidedHost& host : view_.wanted) {
            const auto found = view_.pods.find(host.name);
            plan_host(host, found == view_.pods.end() ? nullptr : &found->second);
        }
        plan_orphans();
        // What was told is remembered, and not told again. Requests may be given up at any of them: news must not be
        // behind one.
        std::ranges::stable_partition(actions_,
                                      [](const PodAction& one) { return std::holds_alternative<HostNews>(one); });
        return std::move(actions_);
    }

private:
    /// True, and not again before `pause` has passed.
    bool may(const std::string& what, std::int64_t pause) {
        auto& not_before = memory_.not_before[what];
        if (view_.now_ms < not_before) return false;
        not_before = view_.now_ms + pause;
        return true;
    }

    void plan_host(const ProvidedHost& host, const PodFacts* pod) {
        if (pod && pod->host != host.id) return tell_wait(host, "NameTaken", "another Pod has the name " + host.name);
        if (host.released) return take_away(host, pod);
        if (!pod && !host.joined) {
            if (view_.now_ms >= memory_.not_before[host.id]) actions_.push_back(CreatePod{host.id});
            return;
        }
        if (!pod) {
            // A Pod may be deleted by force while it runs on: as long as its agent speaks, it is there.
            if (!host.connected && may("gone " + host.id, kConfirmAgainMs))
                actions_.push_back(ConfirmGone{host.id, host.name});
            return;
        }
        if (!pod->end.empty()) {
            actions_.push_back(HostNews{.kind = HostNews::Kind::Gone, .host = host.id, .text = pod->end});
            return;
        }
        plan_pod(host, *pod);
    }

    void plan_pod(const ProvidedHost& host, const PodFacts& pod) {
        if (pod.ends_at) {
            auto& told = memory_.ending[host.id];
            if (told != pod.ends_at->ms)
                actions_.push_back(
                    HostNews{.kind = HostNews::Kind::Ending,
                             .host = host.id,
                             .text = pod.disruption.empty() ? "its Pod is being deleted" : pod.disruption,
                             .left = std::clamp(*pod.ends_at - view_.wall, Millis{0}, pod.end_grace)});
            told = pod.ends_at->ms;
        } else if (!host.joined && !memory_.secrets.contains(pod.uid) && may("secret " + pod.uid, kConfirmAgainMs)) {
            actions_.push_back(CreateSecret{host.id, pod.uid});
        }
        if (pod.phase == PodPhase::Pending && !pod.wait_reason.empty())
            tell_wait(host, pod.wait_reason, pod.wait_message);
        // As soon as its node is known: what runs there may serve before its kubelet has said so.
        const std::string address = address_of(pod, view_.nodes, view_.internal_address);
        if (!address.empty() && address != host.address)
            actions_.push_back(
                HostNews{.kind = HostNews::Kind::Placed, .host = host.id, .text = address, .more = pod.node});
        if (pod.phase == PodPhase::Running) {
            memory_.waits.erase(host.id);
            if (!host.runs) actions_.push_back(HostNews{.kind = HostNews::Kind::Runs, .host = host.id});
        }
        const auto node = view_.nodes.find(pod.node);
        if (node != view_.nodes.end() && node->second.cordoned != host.place_closed)
            actions_.push_back(HostNews{.kind = node->second.cordoned ? HostNews::Kind::Closed : HostNews::Kind::Opened,
                                        .host = host.id,
                                        .more = pod.node});
        if (pod.busy != host.busy && !pod.ends_at && may("busy " + pod.uid, kMarkAgainMs))
            actions_.push_back(MarkBusy{pod.name, host.busy});
    }

    void take_away(const ProvidedHost& host, const PodFacts* pod) {
        if (pod && may("delete " + pod->uid, kDeleteAgainMs)) actions_.push_back(DeletePod{pod->name, pod->uid});
        if (!pod && may("gone " + host.id, kConfirmAgainMs)) actions_.push_back(ConfirmGone{host.id, host.name});
    }

    void tell_wait(const ProvidedHost& host, const std::string& reason, const std::string& message) {
        auto& told = memory_.waits[host.id];
        // A kubelet that tries an image again and again says both in turn; the first has the reason.
        if (told == "ErrImagePull" && reason == "ImagePullBackOff") return;
        if (told != reason)
            actions_.push_back(
                HostNews{.kind = HostNews::Kind::Waits, .host = host.id, .text = reason, .more = message});
        told = reason;
    }

    void plan_orphans() {
        std::set<std::string> seen;
        for (const auto& [name, pod] : view_.pods) {
            if (wanted_.contains(pod.host)) continue;
            seen.insert(pod.uid);
            const std::int64_t since = memory_.orphans.emplace(pod.uid, view_.now_ms).first->second;
            if (view_.now_ms - since >= view_.orphan_grace.count() && may("delete " + pod.uid, kDeleteAgainMs))
                actions_.push_back(DeletePod{.pod = name, .uid = pod.uid, .orphan = true});
        }
        std::erase_if(memory_.orphans, [&](const auto& entry) { return !seen.contains(entry.first); });
    }

    void forget() {
        std::set<std::string> uids;
        for (const auto& [name, pod] : view_.pods) uids.insert(pod.uid);
        const auto no_host = [&](const auto& entry) { return !wanted_.contains(entry.first); };
        std::erase_if(memory_.waits, no_host);
        std::erase_if(memory_.ending, no_host);
        std::erase_if(memory_.refusals, no_host);
        std::erase_if(memory_.secrets, [&](const std::string& uid) { return !uids.contains(uid); });
        std::erase_if(memory_.not_before, [&](const auto& entry) {
            const std::string& key = entry.first;
            const std::string subject = key.substr(key.rfind(' ') + 1);
            return entry.second <= view_.now_ms && !wanted_.contains(subject) && !uids.contains(subject);
        });
    }

    const PodView& view_;
    PodMemory& memory_;
    std::set<std::string> wanted_;  ///< ids of hosts
    std::vector<PodAction> actions_;
};

}  // namespace

std::string address_of(const PodFacts& pod, const std::map<std::string, NodeFacts>& nodes, bool internal) {
    const auto node = nodes.find(pod.node);
    if (node == nodes.end()) return nodes.empty() ? pod.host_ip : "";
    if (!node->second.annotated.empty()) return node->second.annotated;
    if (!internal && !node->second.external_ip.empty()) return node->second.external_ip;
    return node->second.internal_ip.empty() ? pod.host_ip : node->second.internal_ip;
}

void not_done(const PodAction& action, PodMemory& memory) {
    std::visit(Match{[&](const CreateSecret& one) { memory.not_before.erase("secret " + one.pod_uid); },
                     [&](const DeletePod& one) { memory.not_before.erase("delete " + one.uid); },
                     [&](const ConfirmGone& one) { memory.not_before.erase("gone " + one.host); },
                     [](const auto&) {}},  // what else there is may be done at the next look, or soon after
               action);
}

std::vector<PodAction> plan_pods(const PodView& view, PodMemory& memory) { return Planner(view, memory).run(); }

}  // namespace gse::hosts
