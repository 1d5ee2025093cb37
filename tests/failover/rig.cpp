#include "failover/rig.h"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include "crash/games.h"

namespace gse::failover {
namespace {

constexpr Millis kLimit{30'000};
constexpr std::size_t kAgents = 2;
constexpr const char* kMetricsToken = "of-the-rig";

std::string tail(const std::filesystem::path& file) {
    constexpr std::size_t kBytes = 3'000;
    const std::string text = e2e::read_text(file);
    return text.substr(text.size() - std::min(text.size(), kBytes));
}

std::string name_of(const char* kind, std::size_t number) { return fmt::format("{}{}", kind, number + 1); }

bool says(const std::string& http, const std::string& series) {
    return e2e::http_get(http, "/metrics", kMetricsToken).second.find("\n" + series) != std::string::npos;
}

}  // namespace

Rig::Rig(std::size_t servers, std::vector<std::string> settings) {
    settings_ = {"timers.reservation=1h",
                 "timers.end_grace=3s",
                 "timers.heartbeat=300ms",
                 "timers.host_silent=3s",
                 "timers.restart_backoff_min=50ms",
                 "timers.restart_backoff_max=500ms",
                 fmt::format("metrics.token={}", kMetricsToken)};
    add_settings(std::move(settings));
    const auto key = dir_.path() / "secrets.key";
    std::ofstream(key) << std::string(64, 'a');
    std::filesystem::permissions(key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    primary_ = pgtest::Cluster::make(pgtest::Cluster::Kind::Quick);
    standby_ = primary_->make_synchronous_standby();
    for (std::size_t i = 0; i < servers; ++i) {
        const std::string address = fmt::format("10.77.0.{}", 101 + i);
        network_.add(name_of("server", i), address);
        servers_.push_back({.http = address + ":8080", .link = address + ":7070", .peers = address + ":7071"});
        servers_.back().wire = std::make_unique<pgtest::Proxy>(primary_->socket());
    }
    for (std::size_t i = 0; i < kAgents; ++i) network_.add(name_of("box", i), agent_address(i));
    agents_.resize(kAgents);
}

Rig::~Rig() {
    for (std::size_t i = 0; i < servers_.size(); ++i) kill_server(i);
    std::vector<e2e::GameProcess> games;
    for (std::size_t i = 0; i < agents_.size(); ++i) {
        kill_agent(i);
        for (e2e::GameProcess& game : e2e::running_games(agent_data(i))) games.push_back(std::move(game));
    }
    standby_.reset();
    primary_.reset();
    e2e::end_orphans();
    e2e::remove_control_groups(games);
}

std::filesystem::path Rig::server_data(std::size_t server) const { return dir_.path() / name_of("server", server); }
std::filesystem::path Rig::agent_data(std::size_t agent) const { return dir_.path() / name_of("agent", agent); }

std::string Rig::links() const {
    std::string all;
    for (const Server& server : servers_) all += (all.empty() ? "" : ",") + server.link;
    return all;
}

bool Rig::start() {
    for (std::size_t i = 0; i < servers_.size(); ++i)
        if (!start_server(i)) return false;
    return start_agent(0);
}

bool Rig::start_server(std::size_t server) {
    Server& one = servers_.at(server);
    auto words = e2e::gse_command(
        {"server", "--data", server_data(server), "--listen", one.http, "--insecure-http", "--link-listen", one.link});
    for (const std::string& setting : settings_) words.insert(words.end(), {"--set", setting});
    for (const std::string& setting :
         {"cluster.listen=" + one.peers, std::string("journal.kind=postgres"),
          "journal.postgres=" + primary_->conninfo(one.wire->host()),
          "secrets.key_file=" + (dir_.path() / "secrets.key").string(),
          "objects.dir=" + (dir_.path() / "objects").string(), std::string("objects.shared=true")})
        words.insert(words.end(), {"--set", setting});
    one.program = std::make_unique<e2e::Program>(network::Network::on(name_of("server", server), std::move(words)),
                                                 dir_.path() / (name_of("server", server) + ".log"));
    if (one.program->ready(kLimit).empty()) {
        problem_ = one.program->log();
        return false;
    }
    const bool is_ready = e2e::wait_until(kLimit, [&] { return e2e::http_get(one.http, "/readyz").first == 200; });
    if (!is_ready) problem_ = e2e::http_get(one.http, "/readyz").second + one.program->log();
    return is_ready;
}

bool Rig::start_agent(std::size_t agent) {
    const auto token = dir_.path() / (name_of("agent", agent) + ".token");
    if (!std::filesystem::exists(agent_data(agent) / "agent" / "host.pem")) {
        e2e::Api api = this->api(0);
        if (!e2e::write_host_token(api, token, problem_)) return false;
    }
    auto words = e2e::gse_command({"agent", "--data", agent_data(agent), "--join", links(), "--token-file", token,
                                   "--name", name_of("box", agent), "--sdk-listen", "127.0.0.1:0"});
    for (const std::string& setting : settings_) words.insert(words.end(), {"--set", setting});
    agents_.at(agent).program =
        std::make_unique<e2e::Program>(network::Network::on(name_of("box", agent), std::move(words)),
                                       dir_.path() / (name_of("agent", agent) + ".log"));
    if (!agents_.at(agent).program->ready(kLimit).empty()) return true;
    problem_ = agents_.at(agent).program->log();
    return false;
}

bool Rig::stop_server(std::size_t server) {
    Server& one = servers_.at(server);
    one.program->signal(SIGTERM);
    const bool stopped = one.program->wait(kLimit) == 0;
    if (!stopped) problem_ = "it did not stop: " + one.program->log();
    one.program.reset();
    return stopped;
}

void Rig::part(std::size_t server, bool off, Others others) {
    const auto set = [&](const std::string& other) {
        off ? network_.part(name_of("server", server), other) : network_.join(name_of("server", server), other);
    };
    for (std::size_t i = 0; others != Others::Agents && i < servers_.size(); ++i)
        if (i != server) set(name_of("server", i));
    for (std::size_t i = 0; others != Others::Servers && i < kAgents; ++i) set(name_of("box", i));
}

void Rig::freeze(std::size_t server, bool off) { servers_.at(server).program->signal(off ? SIGSTOP : SIGCONT); }

void Rig::lose_primary() {
    primary_->kill_hard();
    standby_->promote();
    for (Server& server : servers_) server.wire->lead_to(standby_->socket());
    primary_ = std::move(standby_);
    standby_ = primary_->make_synchronous_standby();
}

void Rig::split_database(std::size_t server) {
    primary_->ask("ALTER SYSTEM SET synchronous_standby_names = ''");
    primary_->ask("SELECT pg_reload_conf()");
    standby_->promote();
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (i == server) continue;
        servers_[i].wire->lead_to(standby_->socket());
        cut_from_database(i, true);
        cut_from_database(i, false);
    }
}

bool Rig::leads(std::size_t server) const {
    return servers_.at(server).program && says(servers_.at(server).http, "gse_cluster_leader 1");
}

std::string Rig::server_of_agent(std::size_t agent) const {
    const std::string log = agents_.at(agent).program->log();
    const std::string mark = "link: connected to ";
    const auto at = log.rfind(mark);
    if (at == std::string::npos) return "";
    const auto begin = at + mark.size();
    return log.substr(begin, log.find(',', begin) - begin);
}

std::optional<std::size_t> Rig::leader(Millis limit, std::optional<std::size_t> other_than) {
    std::optional<std::size_t> found;
    (void)e2e::wait_until(limit, [&] {
        for (std::size_t i = 0; i < servers_.size(); ++i)
            if (i != other_than && leads(i)) found = i;
        return found.has_value();
    });
    return found;
}

bool Rig::settle(const std::vector<std::string>& fleets, std::uint64_t processes, Millis limit) {
    return e2e::wait_until(limit, [&] {
        for (std::size_t i = 0; i < servers_.size(); ++i)
            if (servers_[i].program && e2e::http_get(servers_[i].http, "/readyz").first != 200) {
                problem_ = fmt::format("server {} is not ready", i + 1);
                return false;
            }
        const auto leads = leader(Millis{0});
        if (!leads || !says(servers_[*leads].http, "gse_hosts_connected")) {
            problem_ = "no server leads";
            return false;
        }
        if (says(servers_[*leads].http, "gse_hosts_connected 0")) {
            problem_ = "the agent is not connected";
            return false;
        }
        e2e::Api api = this->api((*leads + 1) % servers_.size());
        return crash::is_settled(api, fleets, processes, problem_);
    });
}

std::string Rig::logs() const {
    std::string out;
    for (std::size_t i = 0; i < servers_.size(); ++i)
        out += fmt::format("server {}:\n{}", i + 1, tail(dir_.path() / (name_of("server", i) + ".log")));
    return out + "agent:\n" + tail(dir_.path() / "agent1.log");
}

}  // namespace gse::failover
