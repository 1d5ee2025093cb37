#include "kubernetes/fake_nodes.h"

#include <fmt/format.h>
#include <signal.h>

#include <fstream>
#include <set>

#include "base/base64.h"
#include "hosts/json_path.h"

namespace gse::kubernetes {
namespace {

using hosts::array_at;
using hosts::bool_at;
using hosts::number_at;
using hosts::object_at;
using hosts::text_at;
using SteadyClock = std::chrono::steady_clock;

/// A kubelet says that a container runs a while after it does.
constexpr std::chrono::milliseconds kUntilTold{1'000};
/// It tries an image, gives up for a while, and tries again.
constexpr std::chrono::milliseconds kBetweenPulls{300};

std::string address_of(const std::string& node) { return "127.0.0." + node.substr(node.rfind('-') + 1); }

std::set<std::string> host_ports(const json::object& pod) {
    std::set<std::string> out;
    if (const json::array* containers = array_at(pod, {"spec", "containers"}))
        for (const json::value& container : *containers)
            if (const json::array* ports = array_at(container, {"ports"}))
                for (const json::value& port : *ports)
                    out.insert(fmt::format("{}/{}", number_at(port, {"hostPort"}), text_at(port, {"protocol"})));
    return out;
}

bool is_over(const json::object& pod) {
    const std::string phase = text_at(pod, {"status", "phase"});
    return phase == "Failed" || phase == "Succeeded";
}

json::object condition(const std::string& type, const std::string& status, const std::string& reason,
                       const std::string& message) {
    return {{"type", type}, {"status", status}, {"reason", reason}, {"message", message}};
}

json::array statuses(const json::object& pod, json::object state, int restarts = 0) {
    const json::value& container = array_at(pod, {"spec", "containers"})->front();
    return json::array{json::object{{"name", text_at(container, {"name"})},
                                    {"image", text_at(container, {"image"})},
                                    {"restartCount", restarts},
                                    {"state", std::move(state)}}};
}

}  // namespace

FakeNodes::FakeNodes(FakeApiServer& server, int nodes) : server_(server) {
    for (int i = 1; i <= nodes; ++i) {
        const std::string name = fmt::format("node-{}", i);
        server_.put(
            "nodes",
            {{"apiVersion", "v1"},
             {"metadata", json::object{{"name", name}}},
             {"spec", json::object()},
             {"status",
              json::object{
                  {"addresses", json::array{json::object{{"type", "InternalIP"}, {"address", "10.0.0.1"}},
                                            json::object{{"type", "ExternalIP"}, {"address", address_of(name)}}}}}}});
    }
    thread_ = std::thread([this] { run(); });
}

FakeNodes::~FakeNodes() {
    stop_ = true;
    thread_.join();
    for (auto& [name, container] : containers_) {
        container.agent.reset();
        end_games(name);
    }
}

void FakeNodes::cordon(const std::string& node, bool cordoned) {
    server_.patch("nodes", node, json::object{{"spec", json::object{{"unschedulable", cordoned}}}});
}
void FakeNodes::break_image(const std::string& image, bool broken) {
    const std::lock_guard lock(mutex_);
    broken_images_[image] = broken;
}
void FakeNodes::run_short(const std::string& pod, const std::string& message) {
    const std::lock_guard lock(mutex_);
    short_of_[pod] = message;
}
void FakeNodes::kill_agent(const std::string& pod) {
    const std::lock_guard lock(mutex_);
    containers_.at(pod).agent->signal(SIGKILL);
}
std::size_t FakeNodes::running() {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(containers_, [](auto& entry) { return entry.second.agent->running(); }));
}

void FakeNodes::run() {
    while (!stop_) {
        std::set<std::string> there;
        for (const json::object& pod : server_.all("pods")) {
            there.insert(text_at(pod, {"metadata", "name"}));
            look_at(pod);
        }
        end_strays(there);
        const std::uint64_t seen = server_.version();
        (void)server_.wait(std::chrono::milliseconds(50), [&] { return stop_ || server_.version() != seen; });
    }
}

/// Deleted by force: the Pod is gone before its container is.
void FakeNodes::end_strays(const std::set<std::string>& there) {
    const std::lock_guard lock(mutex_);
    std::erase_if(containers_, [&](auto& entry) {
        if (there.contains(entry.first)) return false;
        entry.second.agent->kill_hard();
        end_games(entry.first);
        return true;
    });
}

/// What a container leaves when it is torn down: nothing.
void FakeNodes::end_games(const std::string& pod) {
    const auto games = e2e::running_games(data(pod));
    for (const e2e::GameProcess& game : games) {
        kill(game.shim, SIGKILL);
        kill(game.pid, SIGKILL);
    }
    e2e::remove_control_groups(games);
}

void FakeNodes::say(const std::string& pod, json::object status) {
    server_.patch("pods", pod, json::object{{"status", std::move(status)}});
}

void FakeNodes::schedule(const std::string& name, const json::object& pod) {
    const auto wanted = host_ports(pod);
    const auto nodes = server_.all("nodes");
    const auto pods = server_.all("pods");
    std::size_t cordoned = 0;
    for (const json::object& node : nodes) {
        const std::string at = text_at(node, {"metadata", "name"});
        if (bool_at(node, {"spec", "unschedulable"})) {
            ++cordoned;
            continue;
        }
        bool free = true;
        for (const json::object& other : pods)
            if (text_at(other, {"spec", "nodeName"}) == at && !is_over(other))
                for (const std::string& port : host_ports(other)) free = free && !wanted.contains(port);
        if (!free) continue;
        server_.patch(
            "pods", name,
            json::object{
                {"spec", json::object{{"nodeName", at}}},
                {"status", json::object{{"conditions", json::array{condition("PodScheduled", "True", "", "")}}}}});
        return;
    }
    const json::array* said = array_at(pod, {"status", "conditions"});
    if (said && !said->empty()) return;
    say(name, {{"conditions",
                json::array{condition("PodScheduled", "False", "Unschedulable",
                                      fmt::format("0/{} nodes are available: {} node(s) were unschedulable, {} node(s) "
                                                  "didn't have free ports for the requested pod ports.",
                                                  nodes.size(), cordoned, nodes.size() - cordoned))}}});
}

bool FakeNodes::start(const std::string& name, const json::object& pod) {
    const json::value& container = array_at(pod, {"spec", "containers"})->front();
    const std::string image = text_at(container, {"image"});
    if (broken_images_[image]) {
        const bool tries = SteadyClock::now().time_since_epoch() / kBetweenPulls % 2 == 0;
        const std::string reason = tries ? "ErrImagePull" : "ImagePullBackOff";
        const json::array* known = array_at(pod, {"status", "containerStatuses"});
        if (!known || text_at(known->front(), {"state", "waiting", "reason"}) != reason)
            say(name,
                {{"containerStatuses",
                  statuses(pod, {{"waiting", json::object{{"reason", reason},
                                                          {"message", fmt::format("{} image \"{}\"",
                                                                                  tries ? "failed to pull and unpack"
                                                                                        : "Back-off pulling",
                                                                                  image)}}}})}});
        return false;
    }
    // A volume of a Secret waits until it is there.
    const auto secret = server_.find("secrets", name);
    if (!secret) return false;
    const std::filesystem::path home = folder_.path() / name;
    std::filesystem::create_directories(home);
    std::ofstream(home / "token") << base64_decode(text_at(*secret, {"data", "token"})).value();
    std::vector<std::string> words;
    for (const json::value& word : *array_at(container, {"args"})) {
        std::string text(word.get_string());
        if (text == "/var/lib/gse-agent") text = home / "data";
        if (text == "/var/run/opengse/token") text = home / "token";
        if (const auto at = text.find("$(OPENGSE_NODE)"); at != std::string::npos)
            text.replace(at, 15, text_at(pod, {"spec", "nodeName"}));
        words.push_back(std::move(text));
    }
    Container& made = containers_[name];
    made.uid = text_at(pod, {"metadata", "uid"});
    made.agent = std::make_unique<e2e::Program>(e2e::gse_command(words), home / "log");
    made.tell_at = SteadyClock::now() + kUntilTold;
    say(name, {{"hostIP", "10.0.0.1"},
               {"containerStatuses", statuses(pod, {{"waiting", json::object{{"reason", "ContainerCreating"}}}})}});
    return true;
}

void FakeNodes::look_at(const json::object& pod) {
    const std::string name = text_at(pod, {"metadata", "name"});
    if (text_at(pod, {"spec", "nodeName"}).empty()) return schedule(name, pod);
    const std::lock_guard lock(mutex_);
    auto found = containers_.find(name);
    const bool removed = !text_at(pod, {"metadata", "deletionTimestamp"}).empty();
    if (found == containers_.end()) {
        if (removed && !is_over(pod)) {
            server_.erase("pods", name);
            return;
        }
        if (!is_over(pod)) start(name, pod);
        return;
    }
    Container& container = found->second;
    if (SteadyClock::now() >= container.tell_at) {
        container.tell_at = SteadyClock::time_point::max();
        say(name, {{"phase", "Running"}, {"containerStatuses", statuses(pod, {{"running", json::object()}})}});
    }
    if (const auto why = short_of_.find(name); why != short_of_.end() && !is_over(pod)) {
        container.agent->kill_hard();
        end_games(name);
        say(name, {{"phase", "Failed"}, {"reason", "Evicted"}, {"message", why->second}});
        short_of_.erase(why);
        containers_.erase(found);
        return;
    }
    if (removed) {
        const auto limit = std::chrono::seconds(number_at(pod, {"metadata", "deletionGracePeriodSeconds"}));
        if (!std::exchange(container.told, true)) container.agent->signal(SIGTERM);
        container.kill_at = std::min(container.kill_at, SteadyClock::now() + limit);
        if (SteadyClock::now() >= container.kill_at) container.agent->signal(SIGKILL);
    }
    if (container.agent->running()) return;
    const int code = container.agent->wait(Millis{1'000});
    end_games(name);
    if (removed) {
        server_.erase("pods", name);
    } else {
        say(name, {{"phase", code == 0 ? "Succeeded" : "Failed"},
                   {"containerStatuses",
                    statuses(pod, {{"terminated", json::object{{"exitCode", code},
                                                               {"reason", code == 0 ? "Completed" : "Error"}}}})}});
    }
    containers_.erase(found);
}

}  // namespace gse::kubernetes
