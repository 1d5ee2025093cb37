/// A server and several hosts, each a machine of its own (see network/network.h); agents and games are real.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "e2e/deployment.h"
#include "e2e/program.h"
#include "network/network.h"

namespace gse::hosts {

class Rack {
public:
    /// `settings`: more `--set` words for all.
    Rack(std::size_t hosts, std::vector<std::string> settings = {});
    ~Rack();

    /// The server, then one enrolled agent a host, and all of them connected. False: see problem().
    bool start();
    /// With a token, the first time or when a new one is wanted.
    bool start_agent(std::size_t host, bool new_token = false);
    /// A machine that loses its power: agent and games are gone at once.
    void kill_host(std::size_t host);
    /// The cable.
    void cut(std::size_t host) { network_.cut(name(host)); }
    void heal(std::size_t host) { network_.heal(name(host)); }

    [[nodiscard]] e2e::Api api() const { return e2e::Api(http_); }
    [[nodiscard]] static std::string address(std::size_t host) { return "10.77.0." + std::to_string(11 + host); }
    [[nodiscard]] static std::string name(std::size_t host) { return "box" + std::to_string(host + 1); }
    [[nodiscard]] std::filesystem::path data(std::size_t host) const { return dir_.path() / name(host); }
    /// As ListHosts has it; an empty one when it has none.
    api::Host seen(std::size_t host);
    bool wait_status(std::size_t host, const std::string& status);
    [[nodiscard]] std::vector<e2e::GameProcess> games(std::size_t host) const { return e2e::running_games(data(host)); }
    [[nodiscard]] e2e::Program& agent(std::size_t host) { return *agents_.at(host); }
    [[nodiscard]] e2e::Program& server() { return *server_; }
    [[nodiscard]] const std::string& problem() const { return problem_; }

    /// A fleet of the test game, one instance a host, ACTIVE and complete; its id, or "".
    std::string make_fleet(std::uint64_t instances, std::uint64_t processes, const std::string& protection);
    bool wait_instances(const std::string& fleet, std::uint64_t active);
    /// Their ids, "" where one was refused.
    std::vector<std::string> make_sessions(const std::string& fleet, std::size_t count);
    /// What its game answers, over the network; "" when it does not.
    std::string ask(const std::string& session, const std::string& line);

private:
    TempFolder dir_ = e2e::test_folder("gse-hosts");
    network::Network network_;
    const std::size_t hosts_;
    std::vector<std::string> settings_;
    std::string http_ = std::string(network::kHere) + ":0";
    std::string link_;
    std::string problem_;
    std::unique_ptr<e2e::Program> server_;
    std::vector<std::unique_ptr<e2e::Program>> agents_;
};

}  // namespace gse::hosts
