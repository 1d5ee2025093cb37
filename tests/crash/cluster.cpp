#include "crash/cluster.h"

#include "crash/games.h"

namespace gse::crash {

Cluster::Cluster(std::vector<std::string> settings) {
    settings_ = {"timers.reservation=1h",
                 "timers.end_grace=3s",
                 "timers.heartbeat=300ms",
                 "timers.restart_backoff_min=50ms",
                 "timers.restart_backoff_max=500ms",
                 "hosts.port_low=20000",
                 "hosts.port_high=23999"};
    for (std::string& setting : settings) settings_.push_back(std::move(setting));
}

Cluster::~Cluster() {
    kill_server();
    kill_agent();
    const std::vector<e2e::GameProcess> games = e2e::running_games(agent_data());
    e2e::end_orphans();
    e2e::remove_control_groups(games);
}

std::vector<std::string> Cluster::server_command(const std::filesystem::path& data) const {
    // The link's port is the kernel's first choice, which the server keeps in its folder.
    auto words = e2e::gse_command({"server", "--data", data, "--listen", http_, "--link-listen", "127.0.0.1:0"});
    for (const std::string& setting : settings_) words.insert(words.end(), {"--set", setting});
    return words;
}

std::vector<std::string> Cluster::agent_command() const {
    auto words = e2e::gse_command({"agent", "--data", agent_data(), "--join", link_, "--token-file",
                                   dir_.path() / "host.token", "--name", "box", "--sdk-listen", "127.0.0.1:0"});
    for (const std::string& setting : settings_) words.insert(words.end(), {"--set", setting});
    return words;
}

bool Cluster::start_server() {
    server_ = std::make_unique<e2e::Program>(server_command(server_data()), dir_.path() / "server.log");
    auto ready = server_->ready();
    if (ready.empty()) {
        problem_ = server_->log();
        return false;
    }
    http_ = ready["http"];
    link_ = ready["link"];
    return true;
}

bool Cluster::start_agent() {
    if (!std::filesystem::exists(agent_data() / "agent" / "host.pem")) {
        e2e::Api api = this->api();
        if (!e2e::write_host_token(api, dir_.path() / "host.token", problem_)) return false;
    }
    agent_ = std::make_unique<e2e::Program>(agent_command(), dir_.path() / "agent.log");
    if (!agent_->ready().empty()) return true;
    problem_ = agent_->log();
    return false;
}

bool Cluster::settle(const std::vector<std::string>& fleets, std::uint64_t processes, Millis limit) {
    e2e::Api api = this->api();
    const bool settled = e2e::wait_until(limit, [&] {
        if (e2e::http_get(http_, "/metrics").second.find("\ngse_hosts_connected 1") == std::string::npos) {
            problem_ = "the agent is not connected";
            return false;
        }
        return is_settled(api, fleets, processes, problem_);
    });
    return settled;
}

}  // namespace gse::crash
