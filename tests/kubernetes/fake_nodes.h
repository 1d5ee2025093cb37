/// Plays scheduler and kubelets for a FakeApiServer: places Pods on nodes where their host ports are free, starts
/// `gse agent` of this build as their container's real process, says what became of it, and ends it when the Pod is
/// deleted. All nodes are this machine; each has an address of its own on loopback.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/temp_folder.h"
#include "e2e/program.h"
#include "kubernetes/fake_api_server.h"

namespace gse::kubernetes {

class FakeNodes {
public:
    /// `nodes`: node-1 with ExternalIP 127.0.0.1, node-2 with 127.0.0.2 …
    FakeNodes(FakeApiServer& server, int nodes);
    /// Ends all that runs.
    ~FakeNodes();
    FakeNodes(const FakeNodes&) = delete;
    FakeNodes& operator=(const FakeNodes&) = delete;

    // ---------------------------------------------------------------- what happens to them
    void cordon(const std::string& node, bool cordoned = true);
    /// Images of that name cannot be pulled.
    void break_image(const std::string& image, bool broken = true);
    /// The node runs short of something, and its kubelet ends the Pod at once.
    void run_short(const std::string& pod, const std::string& message);
    /// The agent's process dies.
    void kill_agent(const std::string& pod);

    [[nodiscard]] std::filesystem::path data(const std::string& pod) const { return folder_.path() / pod / "data"; }
    [[nodiscard]] std::string log(const std::string& pod) const { return e2e::read_text(folder_.path() / pod / "log"); }
    /// Processes that run now, of all Pods.
    [[nodiscard]] std::size_t running();

private:
    struct Container {
        std::unique_ptr<e2e::Program> agent;
        std::chrono::steady_clock::time_point tell_at = std::chrono::steady_clock::time_point::max();
        std::chrono::steady_clock::time_point kill_at = std::chrono::steady_clock::time_point::max();
        bool told = false;
        std::string uid;
    };
    void run();
    void look_at(const json::object& pod);
    void schedule(const std::string& name, const json::object& pod);
    bool start(const std::string& name, const json::object& pod);
    void say(const std::string& pod, json::object status);
    void end_games(const std::string& pod);
    void end_strays(const std::set<std::string>& there);

    FakeApiServer& server_;
    TempFolder folder_ = e2e::test_folder("gse-nodes");
    std::mutex mutex_;
    std::map<std::string, Container> containers_;
    std::map<std::string, bool> broken_images_;
    std::map<std::string, std::string> short_of_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace gse::kubernetes
