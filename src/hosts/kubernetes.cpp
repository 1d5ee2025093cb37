#include "hosts/kubernetes.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/match.h"
#include "hosts/json_path.h"
#include "hosts/kube_mirror.h"

namespace gse::hosts {
namespace {

namespace json = boost::json;

/// Requests of one round; the next one follows at once.
constexpr std::size_t kRequestsMax = 64;
/// Nothing runs there any more: whoever cannot end within this is ended.
constexpr int kReleaseGraceSeconds = 30;
constexpr std::int64_t kCreateAgainMs = 2'000;
constexpr std::int64_t kRefusedLongestMs = 300'000;
constexpr std::int64_t kPauseMs = 1'000;
constexpr long kMissing = 404;
constexpr long kConflict = 409;
constexpr long kForbidden = 403;

template <class Facts>
struct Seen {
    std::map<std::string, Facts> all;  ///< by name
    bool listed = false;               ///< all that there are; or they may not be listed
};

}  // namespace

struct KubernetesHosts::Impl {
    Impl(KubernetesOptions o, HostDesk& d, const Clock& c, std::function<void(bool, const std::string&)> s)
        : options(std::move(o)), desk(d), clock(c), say(std::move(s)), client(options.access, stop) {}

    const KubernetesOptions options;
    HostDesk& desk;
    const Clock& clock;
    const std::function<void(bool, const std::string&)> say;
    std::atomic<bool> stop{false};
    KubeClient client;  // the worker's

    std::mutex mutex;
    std::condition_variable wakes;
    Seen<PodFacts> pods;
    Seen<NodeFacts> nodes;
    bool changed = false;
    std::string pods_trouble;  ///< why Pods cannot be listed now

    // the worker's own
    std::uint64_t version = UINT64_MAX;
    std::vector<core::ProvidedHost> wanted;
    PodMemory memory;
    std::int64_t pause_until = 0;
    std::string request_trouble;  ///< what the last request came to, where it was nothing
    std::string said;
    std::vector<HostNews> news;

    std::thread pod_watcher, node_watcher, worker;

    bool wait(Millis time) {
        std::unique_lock lock(mutex);
        return wakes.wait_for(lock, time, [this] { return stop.load(); });
    }
    /// What has been seen changes, and the worker looks.
    template <class Edit>
    void change(Edit&& edit) {
        const std::lock_guard lock(mutex);
        edit();
        changed = true;
        wakes.notify_all();
    }
    /// Keeps `seen` as the cluster has it, until it is stopped.
    template <class Facts>
    void watch(MirrorOptions what, Seen<Facts>& seen, std::function<Facts(const json::object&)> read,
               std::function<void(const KubeError&)> trouble, std::function<void()> going);
    void watch_pods();
    void watch_nodes();
    void run();
    void round();
    void tell_trouble();
    void flush_news();
    [[nodiscard]] std::vector<PodAction> plan();
    bool act(PodAction& action);
    bool create_pod(const core::ProvidedHost& host);
    bool create_secret(const core::ProvidedHost& host, const std::string& uid);
    bool refused(const core::ProvidedHost& host, const std::string& reason, const std::string& message);
    bool failed(const KubeError& error);
    [[nodiscard]] const core::ProvidedHost* find(const std::string& id) const;
    [[nodiscard]] KubeCall pod_call(std::string verb, std::string name, std::string body = {}) const {
        return {.verb = std::move(verb),
                .resource = "pods",
                .space = options.pods.space,
                .name = std::move(name),
                .query = {},
                .body = std::move(body)};
    }
};

template <class Facts>
void KubernetesHosts::Impl::watch(MirrorOptions what, Seen<Facts>& seen, std::function<Facts(const json::object&)> read,
                                  std::function<void(const KubeError&)> trouble, std::function<void()> going) {
    what.access = options.access;
    what.watch_for = options.watch_for;
    what.backoff_max = options.backoff_max;
    KubeMirror mirror(std::move(what),
                      {.changed =
                           [&](const json::object& object) {
                               Facts facts = read(object);
                               change([&] { seen.all.insert_or_assign(facts.name, std::move(facts)); });
                           },
                       .deleted = [&](const std::string& name) { change([&] { seen.all.erase(name); }); },
                       .listed =
                           [&](const std::set<std::string>& names) {
                               change([&] {
                                   std::erase_if(seen.all, [&](const auto& one) { return !names.contains(one.first); });
                                   seen.listed = true;
                               });
                           },
                       .trouble = std::move(trouble),
                       .going = std::move(going)},
                      stop, [this](Millis time) { return wait(time); });
    mirror.run();
}

void KubernetesHosts::Impl::watch_pods() {
    watch<PodFacts>(
        {.resource = "pods",
         .space = options.pods.space,
         .selector = fmt::format("{}={}", kDeploymentLabel, options.pods.deployment)},
        pods, read_pod, [this](const KubeError& why) { change([&] { pods_trouble = why.message; }); },
        [this] { change([this] { pods_trouble.clear(); }); });
}

void KubernetesHosts::Impl::watch_nodes() {
    bool denied = false;
    watch<NodeFacts>(
        {.resource = "nodes"}, nodes,
        [this](const json::object& node) { return read_node(node, options.address_annotation); },
        [&](const KubeError& why) {
            if (why.status != kForbidden || std::exchange(denied, true)) return;
            say(true, fmt::format("{}. Without it, players are told the InternalIP of nodes, and a node "
                                  "that is cordoned goes unnoticed",
                                  why.message));
            change([this] { nodes.listed = true; });
        },
        // An API server that has just started refuses everybody, until it has read who has which rights.
        [&] {
            if (std::exchange(denied, false)) say(false, "nodes of the cluster can be listed now");
        });
}

const core::ProvidedHost* KubernetesHosts::Impl::find(const std::string& id) const {
    const auto found = std::ranges::find(wanted, id, &core::ProvidedHost::id);
    return found == wanted.end() ? nullptr : &*found;
}

std::vector<PodAction> KubernetesHosts::Impl::plan() {
    const std::lock_guard lock(mutex);
    return plan_pods({.wanted = wanted,
                      .pods = pods.all,
                      .nodes = nodes.all,
                      .internal_address = options.internal_address,
                      .orphan_grace = options.orphan_grace,
                      .now_ms = clock.monotonic_ms(),
                      .wall = clock.wall()},
                     memory);
}

/// In the log when it comes, changes or goes; and for every host that waits because of it.
void KubernetesHosts::Impl::tell_trouble() {
    std::string now;
    {
        const std::lock_guard lock(mutex);
        now = pods_trouble.empty() ? request_trouble : pods_trouble;
    }
    if (now != said) say(!now.empty(), now.empty() ? "the API server answers as it should" : now);
    said = now;
    if (now.empty()) return;
    for (const core::ProvidedHost& host : wanted) {
        if (host.joined || host.released || std::exchange(memory.waits[host.id], "ApiServer") == "ApiServer") continue;
        news.push_back({.kind = HostNews::Kind::Waits, .host = host.id, .text = "ApiServer", .more = now});
    }
}

void KubernetesHosts::Impl::flush_news() {
    if (news.empty()) return;
    // What was not taken is found out again: nothing of it is remembered but what was told of waiting.
    if (!desk.tell(std::exchange(news, {}))) memory.waits.clear(), memory.ending.clear();
}

void KubernetesHosts::Impl::round() {
    auto looked = desk.look(version);
    if (!looked) return;
    if (*looked) {
        version = (*looked)->version;
        wanted = std::move((*looked)->hosts);
    }
    bool ready = false;
    {
        const std::lock_guard lock(mutex);
        ready = pods.listed && nodes.listed;
        changed = false;
    }
    if (ready && version != UINT64_MAX) {
        std::vector<PodAction> actions = plan();
        std::size_t requests = 0;
        bool goes_on = true;
        for (PodAction& action : actions) {
            if (auto* told = std::get_if<HostNews>(&action)) {
                news.push_back(std::move(*told));
                continue;
            }
            goes_on = goes_on && !stop && clock.monotonic_ms() >= pause_until;
            if (goes_on && ++requests > kRequestsMax) {
                goes_on = false;
                const std::lock_guard lock(mutex);
                changed = true;
            }
            if (!goes_on) {
                not_done(action, memory);
            } else {
                goes_on = act(action);
                if (goes_on) request_trouble.clear();
            }
        }
    }
    tell_trouble();
    flush_news();
}

void KubernetesHosts::Impl::run() {
    while (!stop) {
        round();
        std::unique_lock lock(mutex);
        wakes.wait_for(lock, options.look_every, [this] { return stop || changed; });
    }
}

/// Nothing further is asked for a while. False: for this round.
bool KubernetesHosts::Impl::failed(const KubeError& error) {
    if (stop) return false;
    pause_until = clock.monotonic_ms() + std::max(kPauseMs, static_cast<std::int64_t>(error.retry_after.count()));
    request_trouble = error.message;
    return false;
}

bool KubernetesHosts::Impl::refused(const core::ProvidedHost& host, const std::string& reason,
                                    const std::string& message) {
    const std::uint32_t before = std::min(memory.refusals[host.id]++, 10u);
    memory.not_before[host.id] =
        clock.monotonic_ms() + std::min(kRefusedLongestMs, options.refused_first.count() << before);
    if (std::exchange(memory.waits[host.id], reason) != reason)
        news.push_back({.kind = HostNews::Kind::Waits, .host = host.id, .text = reason, .more = message});
    return true;
}

bool KubernetesHosts::Impl::create_pod(const core::ProvidedHost& host) {
    auto form = read_template(options.templates, host.fleet_name, host.instance_type);
    if (!form) return refused(host, "PodTemplate", form.error().message);
    const auto pod = make_pod(std::move(*form), host, options.pods);
    if (!pod) return refused(host, "PodTemplate", pod.error().message);
    const auto made = client.send(pod_call("create", "", json::serialize(*pod)));
    if (!made && made.error().status != kConflict)
        return made.error().may_pass() ? failed(made.error()) : refused(host, "PodRefused", made.error().message);
    // Until the list has it. One that is there already is ours of another run, or ends and makes room for the next.
    memory.not_before[host.id] = clock.monotonic_ms() + kCreateAgainMs;
    memory.refusals.erase(host.id);
    return !made || create_secret(host, text_at(*made, {"metadata", "uid"}));
}

bool KubernetesHosts::Impl::create_secret(const core::ProvidedHost& host, const std::string& uid) {
    KubeCall call{.verb = "create",
                  .resource = "secrets",
                  .space = options.pods.space,
                  .name = {},
                  .query = {},
                  .body = json::serialize(make_secret(host, options.pods, uid, desk.token_of(host)))};
    auto made = client.send(call);
    if (!made && made.error().status == kConflict) {
        // Of an earlier Pod of this name, perhaps, and then it goes with that one. We may not read it, so: another one.
        const auto removed = client.send({.verb = "delete",
                                          .resource = "secrets",
                                          .space = options.pods.space,
                                          .name = host.name,
                                          .query = {},
                                          .body = {}});
        if (!removed && removed.error().status != kMissing) return failed(removed.error());
        made = client.send(call);
    }
    if (made) {
        memory.secrets.insert(uid);
        return true;
    }
    return made.error().may_pass() ? failed(made.error()) : refused(host, "SecretRefused", made.error().message);
}

/// False: no further request in this round.
bool KubernetesHosts::Impl::act(PodAction& action) {
    return std::visit(
        Match{[&](const CreatePod& create) {
                  const core::ProvidedHost* host = find(create.host);
                  return !host || create_pod(*host);
              },
              [&](const CreateSecret& create) {
                  const core::ProvidedHost* host = find(create.host);
                  return !host || create_secret(*host, create.pod_uid);
              },
              [&](const MarkBusy& mark) {
                  const char* busy = mark.busy ? "true" : "false";
                  const json::object patch{
                      {"metadata",
                       json::object{{"labels", json::object{{kBusyLabel, busy}}},
                                    {"annotations", json::object{{kSafeToEvict, mark.busy ? "false" : "true"}}}}}};
                  const auto done = client.send(pod_call("patch", mark.pod, json::serialize(patch)));
                  const bool pointless = !done && (done.error().status == kMissing || done.error().status == kConflict);
                  return done || pointless || failed(done.error());
              },
              [&](const DeletePod& gone) {
                  if (gone.orphan)
                      say(true,
                          fmt::format("Pod {} is labelled as of this deployment, but nothing here wants it: deleted",
                                      gone.pod));
                  const json::object how{{"kind", "DeleteOptions"},
                                         {"apiVersion", "v1"},
                                         {"gracePeriodSeconds", kReleaseGraceSeconds},
                                         {"preconditions", json::object{{"uid", gone.uid}}}};
                  const auto done = client.send(pod_call("delete", gone.pod, json::serialize(how)));
                  const bool pointless = !done && (done.error().status == kMissing || done.error().status == kConflict);
                  return done || pointless || failed(done.error());
              },
              [&](const ConfirmGone& gone) {
                  const auto there = client.send(pod_call("get", gone.pod));
                  if (there) return true;
                  if (there.error().status != kMissing) return failed(there.error());
                  news.push_back({.kind = HostNews::Kind::Gone, .host = gone.host, .text = "its Pod was deleted"});
                  return true;
              },
              [](const HostNews&) { return true; }},
        action);
}

KubernetesHosts::KubernetesHosts(KubernetesOptions options, HostDesk& desk, const Clock& clock,
                                 std::function<void(bool, const std::string&)> say)
    : impl_(std::make_unique<Impl>(std::move(options), desk, clock, std::move(say))) {}

KubernetesHosts::~KubernetesHosts() { stop(); }

void KubernetesHosts::start() {
    impl_->pod_watcher = std::thread([this] { impl_->watch_pods(); });
    impl_->node_watcher = std::thread([this] { impl_->watch_nodes(); });
    impl_->worker = std::thread([this] { impl_->run(); });
}

void KubernetesHosts::stop() {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stop = true;
    }
    impl_->wakes.notify_all();
    for (std::thread* thread : {&impl_->worker, &impl_->pod_watcher, &impl_->node_watcher})
        if (thread->joinable()) thread->join();
}

}  // namespace gse::hosts
