#include "sim/cluster.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/match.h"
#include "core/enrolment.h"
#include "sim/violation.h"

namespace gse::sim {
namespace {

constexpr Millis kOrphanGrace{5'000};
constexpr std::int64_t kLookEveryMs = 300;
constexpr const char* kNode = "node";

}  // namespace

void Cluster::call(Server& server, engine::Decide decide, std::function<void()> done) {
    calls_.emplace(++last_ticket_, std::move(done));
    server.call(last_ticket_, std::move(decide));
}

void Cluster::on_answer(const Answer& answer) {
    const auto found = calls_.find(answer.ticket);
    if (found == calls_.end()) return;
    const auto done = std::move(found->second);
    calls_.erase(found);
    done();
}

void Cluster::look(Server& server) {
    const auto seen = std::make_shared<std::vector<core::ProvidedHost>>();
    looking_ = true;
    call(
        server,
        [seen](core::Step& step) {
            *seen = core::list_provided(step.state);
            return std::string();
        },
        [this, seen] {
            looking_ = false;
            wanted_ = std::move(*seen);
        });
}

void Cluster::act(Server& server, hosts::PodAction& action) {
    std::visit(Match{[&](hosts::HostNews& news) {
                         if (rng_.chance(0.1)) return;  // later, then
                         for (int times = rng_.chance(0.1) ? 2 : 1; times > 0; --times)
                             call(
                                 server,
                                 [news](core::Step& step) {
                                     hosts::apply(step, news);
                                     return std::string();
                                 },
                                 [] {});
                     },
                     [&](const hosts::CreatePod& create) {
                         if (rng_.chance(faults_.refuses)) {
                             memory_.not_before[create.host] = now_ + rng_.between(100, 3'000);
                             return;
                         }
                         const auto host = std::ranges::find(wanted_, create.host, &core::ProvidedHost::id);
                         require(!pods_.contains(host->name), "no Pod is made twice", "{}", host->name);
                         Pod& pod = pods_[host->name];
                         pod.facts.name = host->name;
                         pod.facts.host = host->id;
                         pod.facts.uid = fmt::format("uid-{}", ++uids_);
                         pod.facts.node = kNode;
                         pod.facts.host_ip = "192.0.2.1";
                         pod.ports = host->ports;
                         pod.starts_at = now_ + rng_.between(0, faults_.start_max_ms);
                         if (rng_.chance(0.3)) pod.facts.wait_reason = "ErrImagePull";
                     },
                     [&](const hosts::CreateSecret& create) {
                         const auto host = std::ranges::find(wanted_, create.host, &core::ProvidedHost::id);
                         const auto pod = pods_.find(host->name);
                         if (pod == pods_.end() || pod->second.facts.uid != create.pod_uid) return;
                         pod->second.secret = host->secret;
                         memory_.secrets.insert(create.pod_uid);
                     },
                     [&](const hosts::MarkBusy& mark) {
                         if (const auto pod = pods_.find(mark.pod); pod != pods_.end())
                             pod->second.facts.busy = mark.busy;
                     },
                     [&](const hosts::DeletePod& gone) {
                         const auto pod = pods_.find(gone.pod);
                         if (pod != pods_.end() && pod->second.facts.uid == gone.uid)
                             pod->second.ends_at = std::min(pod->second.ends_at, now_ + rng_.between(0, 2'000));
                     },
                     [&](const hosts::ConfirmGone& gone) {
                         if (pods_.contains(gone.pod)) return;
                         hosts::PodAction news = hosts::HostNews{
                             .kind = hosts::HostNews::Kind::Gone, .host = gone.host, .text = "its Pod was deleted"};
                         act(server, news);
                     }},
               action);
}

void Cluster::tick_pod(Server& server, Pod& pod) {
    if (pod.facts.phase == hosts::PodPhase::Pending && now_ >= pod.starts_at && !pod.secret.empty()) {
        pod.facts.phase = hosts::PodPhase::Running;
        pod.facts.wait_reason.clear();
    }
    if (pod.facts.phase != hosts::PodPhase::Running || pod.enrolled || pod.enrolling || !server.up()) return;
    const auto admitted = std::make_shared<bool>(false);
    pod.enrolling = true;
    call(
        server,
        [admitted, id = pod.facts.host, secret = pod.secret, key = pod.facts.uid](core::Step& step) {
            const auto host = core::enrol_host(step, {.token_id = id,
                                                      .secret_sha256 = to_hex(sha256(secret)),
                                                      .key_sha256 = to_hex(sha256(key)),
                                                      .host_name = "whatever"});
            *admitted = host.has_value();
            return std::string();
        },
        [this, admitted, name = pod.facts.name, uid = pod.facts.uid] {
            const auto found = pods_.find(name);
            if (found == pods_.end() || found->second.facts.uid != uid) return;
            Pod& enrolled = found->second;
            enrolled.enrolling = false;
            if (!*admitted || enrolled.facts.phase != hosts::PodPhase::Running) return;
            enrolled.enrolled = true;
            enrolled.machine = world_.start_machine(name, enrolled.facts.host, enrolled.ports);
        });
}

void Cluster::make_trouble(Pod& pod) {
    if (pod.facts.phase == hosts::PodPhase::Running && rng_.chance(faults_.dies)) {
        pod.facts.phase = hosts::PodPhase::Over;
        pod.facts.end = "Evicted: the node was low on resource: memory";
        if (pod.machine) world_.stop_machine(*pod.machine);
    }
    if (!pod.facts.ends_at && rng_.chance(faults_.deleted)) {
        const std::int64_t grace = rng_.between(0, 60'000);
        pod.facts.ends_at = WallTime{now_ + grace};
        pod.facts.end_grace = Millis{grace};
        pod.ends_at = std::min(pod.ends_at, now_ + grace);
    }
}

void Cluster::tick(Server& server, std::int64_t now) {
    now_ = now;
    nodes_.try_emplace(kNode, hosts::NodeFacts{.name = kNode, .cordoned = false, .external_ip = "192.0.2.1"});
    if (rng_.chance(faults_.cordoned))
        nodes_[kNode].cordoned = !nodes_[kNode].cordoned;
    else if (faults_.cordoned == 0)
        nodes_[kNode].cordoned = false;
    if (rng_.chance(faults_.forgets)) memory_ = {};
    for (auto& [name, pod] : pods_) {
        make_trouble(pod);
        tick_pod(server, pod);
        // Whoever is asked to end goes when there is nothing left to do.
        if (pod.facts.ends_at && pod.machine && world_.is_empty(*pod.machine)) pod.ends_at = now_;
    }
    std::erase_if(pods_, [&](auto& entry) {
        if (now_ < entry.second.ends_at) return false;
        if (entry.second.machine) world_.stop_machine(*entry.second.machine);
        return true;
    });
    if (calls_.empty()) looking_ = false;  // it was lost with the server
    if (!server.up() || looking_ || now_ < look_at_) return;
    look_at_ = now_ + rng_.between(0, kLookEveryMs);
    std::map<std::string, hosts::PodFacts> seen;
    for (const auto& [name, pod] : pods_) seen.emplace(name, pod.facts);
    auto actions = hosts::plan_pods({.wanted = wanted_,
                                     .pods = seen,
                                     .nodes = nodes_,
                                     .orphan_grace = kOrphanGrace,
                                     .now_ms = now_,
                                     .wall = {now_}},
                                    memory_);
    for (hosts::PodAction& action : actions) act(server, action);
    look(server);
}

std::optional<std::string> Cluster::unsettled(const core::State& state) const {
    std::set<std::string> hosts;
    std::optional<std::string> why;
    state.table<core::Host>().for_each([&](core::Slot, const core::Host& host) {
        if (!host.provided) return;
        hosts.insert(host.name);
        if (host.released) why = fmt::format("host {} is still to be taken away", host.name);
        if (!pods_.contains(host.name)) why = fmt::format("host {} has no Pod", host.name);
        if (host.instances.size() != 1) why = fmt::format("host {} has {} instances", host.name, host.instances.size());
    });
    for (const auto& [name, pod] : pods_)
        if (!hosts.contains(name)) why = fmt::format("Pod {} is wanted by nobody", name);
    return why;
}

}  // namespace gse::sim
