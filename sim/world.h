/// One seed is one world: sizes, timers, load and faults are drawn from it, and the same seed is the same run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "sim/checks.h"
#include "sim/cluster.h"
#include "sim/fake_host.h"
#include "sim/load.h"
#include "sim/network.h"
#include "sim/plants.h"
#include "sim/pressure.h"
#include "sim/server.h"

namespace gse::sim {

struct Counts {
    std::uint64_t steps = 0, crashes = 0, agent_crashes = 0, reports = 0, calls = 0, sessions = 0, joins = 0, kills = 0,
                  fulfilled = 0, commits = 0, snapshots = 0, rebuilds_compared = 0, virtual_ms = 0;
    Counts& operator+=(const Counts& other);
};

/// How large a deployment is, about: hosts up to 4, 16 or 64, and fleets and calls as it befits them.
enum class Scale : std::uint8_t { Small, Medium, Large };
[[nodiscard]] std::optional<Scale> find_scale(std::string_view name);

class World final : public HostWorld, public ClusterWorld {
public:
    World(std::uint64_t seed, Plant plant, Scale scale = Scale::Small);

    /// `steps` of trouble, then peace until everything has come to rest. Throws Violation.
    void run(std::uint64_t steps);
    /// The same for so long of virtual time, with day, night and bursts of load.
    void run_for(Millis time);
    [[nodiscard]] Counts counts() const;
    /// Of everything durable and everything derived: equal for equal seeds.
    [[nodiscard]] std::string digest() const;
    [[nodiscard]] std::int64_t now() const override { return now_; }

private:
    std::optional<link::StreamId> dial(std::size_t host) override;
    void send(link::StreamId stream, ToServer message) override;
    void hang_up(link::StreamId stream) override;
    std::vector<std::string> take_arrivals(const std::string& session) override;
    void on_kill(const FakeHost& host, const std::string& process, KillCause cause) override;
    std::size_t start_machine(const std::string& name, const std::string& host_id, link::PortRange ports) override;
    void stop_machine(std::size_t machine) override;
    [[nodiscard]] bool is_empty(std::size_t machine) const override;

    [[nodiscard]] bool hears_all(const FakeHost& host) const;
    void note_deadlines();
    void draw_sizes();
    void draw_cluster(SeededRng rng);
    void finish();
    void step(std::int64_t dt);
    void deliver();
    void make_trouble();
    void heal();
    void come_to_rest();
    void after_server();
    void crash_server();
    [[nodiscard]] Now server_now() const { return {EngineTime{now_}, WallTime{wall_base_ + now_}}; }

    SeededRng rng_;
    const Plant plant_;
    const Scale scale_;
    Pressure pressure_;
    Settings settings_;
    GameHabits habits_;
    NetworkFaults network_faults_;
    ServerFaults server_faults_;
    LoadShape load_shape_;
    std::uint32_t load_ticks_ = 1;  ///< a step
    double agent_crash_ = 0, cut_off_ = 0, wall_jump_ = 0;

    std::int64_t now_ = 1'000;
    std::int64_t wall_base_ = 1'600'000'000'000;
    std::unique_ptr<Network> network_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<Load> load_;
    ClusterFaults cluster_faults_;
    std::unique_ptr<Cluster> cluster_;  ///< null: nobody supplies hosts
    Checks checks_;
    struct HostSlot {
        std::unique_ptr<FakeHost> host;
        std::int64_t agent_back_at = 0;
        std::int64_t cut_until = 0;
        bool machine = false;  ///< of the cluster: without its agent it is over
        bool off = false;
    };
    std::vector<HostSlot> hosts_;
    struct Deadline {
        EngineTime at;
        std::int64_t changed_at = 0;
    };
    std::map<std::string, Deadline> deadlines_;  ///< of processes that are being ended, by id, as of the last batch
    std::int64_t server_back_at_ = 0;
    Counts counts_;
};

}  // namespace gse::sim
