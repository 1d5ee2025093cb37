/// Several servers on one PostgreSQL and agents, all of them processes on machines of their own that can be killed,
/// stopped, cut off and started again. The database is reached by sockets in the file system, so that no cut between
/// machines concerns it.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crash/history.h"
#include "e2e/deployment.h"
#include "e2e/program.h"
#include "network/network.h"
#include "postgres/cluster.h"
#include "postgres/proxy.h"

namespace gse::failover {

class Rig {
public:
    /// `settings`: more `--set` words for all.
    Rig(std::size_t servers, std::vector<std::string> settings = {});
    ~Rig();

    /// Before anything is started.
    void add_settings(std::vector<std::string> settings) {
        for (std::string& setting : settings) settings_.push_back(std::move(setting));
    }

    /// The first server, then the others, then one enrolled agent. False: see problem().
    bool start();
    /// Always on the same ports.
    bool start_server(std::size_t server);
    bool start_agent(std::size_t agent);
    /// SIGKILL.
    void kill_server(std::size_t server) { servers_.at(server).program.reset(); }
    void kill_agent(std::size_t agent) { agents_.at(agent).program.reset(); }
    /// SIGTERM, and gone when this returns; false when that takes too long.
    bool stop_server(std::size_t server);
    /// SIGSTOP, SIGCONT.
    void freeze(std::size_t server, bool off);
    /// No way between this server and the database.
    void cut_from_database(std::size_t server, bool off) { servers_.at(server).wire->refuse(off); }
    /// No way between this server and the others, or the agents; its clients and the database reach it.
    enum class Others : std::uint8_t { Servers, Agents, ServersAndAgents };
    void part(std::size_t server, bool off, Others others);
    /// The primary dies, its synchronous standby takes its place, and gets a standby of its own.
    void lose_primary();

    /// The primary goes on for this server, and its standby, which nobody waits for any more, for the others: what
    /// fences a leader is there twice.
    void split_database(std::size_t server);

    /// The one that says so itself, waited for; `other_than`: not that one. nullopt after the limit.
    std::optional<std::size_t> leader(Millis limit = Millis{20'000}, std::optional<std::size_t> other_than = {});
    [[nodiscard]] bool leads(std::size_t server) const;
    /// All servers are ready, the agent is connected, both kinds of counts are as wanted and no session is on its way.
    bool settle(const std::vector<std::string>& fleets, std::uint64_t processes, Millis limit = Millis{60'000});

    [[nodiscard]] std::size_t servers() const { return servers_.size(); }
    [[nodiscard]] const std::string& http(std::size_t server) const { return servers_.at(server).http; }
    [[nodiscard]] e2e::Api api(std::size_t server) const { return e2e::Api(http(server)); }
    /// Where agents dial, with commas between.
    [[nodiscard]] std::string links() const;
    [[nodiscard]] std::filesystem::path server_data(std::size_t server) const;
    [[nodiscard]] std::filesystem::path agent_data(std::size_t agent) const;
    /// What the agent calls itself.
    [[nodiscard]] static std::string host(std::size_t agent) { return fmt::format("box{}", agent + 1); }
    [[nodiscard]] static std::string agent_address(std::size_t agent) { return fmt::format("10.77.0.{}", 11 + agent); }
    [[nodiscard]] const std::filesystem::path& dir() const { return dir_.path(); }
    /// The address that the agent is connected to, as its log has it.
    [[nodiscard]] std::string server_of_agent(std::size_t agent) const;
    [[nodiscard]] const std::string& link(std::size_t server) const { return servers_.at(server).link; }
    [[nodiscard]] e2e::Program& server(std::size_t server) { return *servers_.at(server).program; }
    [[nodiscard]] const std::string& problem() const { return problem_; }
    /// The ends of all logs, for messages of failed tests.
    [[nodiscard]] std::string logs() const;

private:
    struct Server {
        std::unique_ptr<pgtest::Proxy> wire = {};  ///< to the database
        std::string http;
        std::string link;
        std::string peers;
        std::unique_ptr<e2e::Program> program = {};
    };
    struct Agent {
        std::unique_ptr<e2e::Program> program;
    };

    network::Network network_;
    TempFolder dir_ = e2e::test_folder("gse-failover");
    std::vector<std::string> settings_;
    std::unique_ptr<pgtest::Cluster> primary_;
    std::unique_ptr<pgtest::Cluster> standby_;
    std::vector<Server> servers_;
    std::vector<Agent> agents_;
    std::string problem_;
};

}  // namespace gse::failover
