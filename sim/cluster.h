/// Whoever supplies hosts, and the machines it supplies. What it does is what the product's provider does (plan_pods()
/// on what it has seen); its cluster is played: machines start late, or not at once, die, are deleted by others, and
/// news of them comes late, twice, or is lost with the server.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "hosts/pod_plan.h"
#include "sim/server.h"

namespace gse::sim {

struct ClusterFaults {
    double refuses = 0;   ///< a Pod, for now
    double dies = 0;      ///< a machine, each step
    double deleted = 0;   ///< by others, likewise
    double cordoned = 0;  ///< its node, or no longer
    double forgets = 0;   ///< the provider starts anew and remembers nothing
    std::int64_t start_max_ms = 5'000;
};

/// What it asks of the world.
class ClusterWorld {
public:
    virtual ~ClusterWorld() = default;
    /// A machine with that certificate is there; its number.
    virtual std::size_t start_machine(const std::string& name, const std::string& host_id, link::PortRange ports) = 0;
    /// It has lost its power.
    virtual void stop_machine(std::size_t machine) = 0;
    /// Nothing runs on it and the server wants nothing there any more, or its agent has gone.
    [[nodiscard]] virtual bool is_empty(std::size_t machine) const = 0;
};

class Cluster {
public:
    /// Tickets of its calls begin here; those of others lie below.
    static constexpr std::uint64_t kTickets = 1ULL << 62;

    Cluster(ClusterWorld& world, SeededRng& rng, const ClusterFaults& faults)
        : world_(world), rng_(rng), faults_(faults) {}

    void tick(Server& server, std::int64_t now);
    void on_answer(const Answer& answer);
    void on_server_crash() { calls_.clear(); }
    /// Why it is not at rest.
    [[nodiscard]] std::optional<std::string> unsettled(const core::State& state) const;

private:
    struct Pod {
        hosts::PodFacts facts;
        link::PortRange ports;
        std::string secret;
        std::int64_t starts_at = 0;
        std::optional<std::size_t> machine;
        bool enrolled = false;
        bool enrolling = false;
        std::int64_t ends_at = INT64_MAX;
    };
    void call(Server& server, engine::Decide decide, std::function<void()> done);
    void look(Server& server);
    void act(Server& server, hosts::PodAction& action);
    void tick_pod(Server& server, Pod& pod);
    void make_trouble(Pod& pod);

    ClusterWorld& world_;
    SeededRng& rng_;
    const ClusterFaults& faults_;
    std::int64_t now_ = 0;
    std::uint64_t last_ticket_ = kTickets;
    std::uint64_t uids_ = 0;
    std::map<std::uint64_t, std::function<void()>> calls_;
    bool looking_ = false;
    std::int64_t look_at_ = 0;
    std::vector<core::ProvidedHost> wanted_;
    std::map<std::string, Pod> pods_;
    std::map<std::string, hosts::NodeFacts> nodes_;
    hosts::PodMemory memory_;
};

}  // namespace gse::sim
