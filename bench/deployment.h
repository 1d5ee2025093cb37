/// A real `gse server` on a disk, with simulated hosts that really connect, and fleets on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/temp_folder.h"
#include "base/time.h"
#include "e2e/deployment.h"
#include "e2e/program.h"
#include "sim_host.h"

namespace gse::bench {

struct DeploymentWish {
    std::size_t hosts = 4;
    std::size_t processes = 1'000;  ///< of each fleet
    std::size_t fleets = 1;
    std::size_t matches = 50;                ///< that go on at once on each host, see SimHostOptions
    std::vector<std::string> settings = {};  ///< `key=value`, where the defaults cannot serve what is measured
};

inline constexpr std::size_t kProcessesPerInstance = 50;

class Deployment {
public:
    /// Everything is up, and every process ready, when this returns.
    static Result<std::unique_ptr<Deployment>> start(const DeploymentWish& wish);
    ~Deployment();

    [[nodiscard]] pid_t pid() const { return server_->pid(); }
    [[nodiscard]] const std::string& http() const { return http_; }
    [[nodiscard]] e2e::Api& api() { return *api_; }
    [[nodiscard]] const std::string& fleet(std::size_t index = 0) const { return fleets_[index]; }
    /// Leads to the first fleet.
    [[nodiscard]] const std::string& alias() const { return alias_; }
    [[nodiscard]] std::vector<std::unique_ptr<SimHost>>& hosts() { return hosts_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

    /// That many sessions of the first fleet, ACTIVE; their ids.
    Result<std::vector<std::string>> make_sessions(std::size_t count, std::uint64_t max_players);
    /// Sessions that hosts started, and calls of games that the server refused.
    [[nodiscard]] std::uint64_t started() const { return sum(&SimHost::started); }
    [[nodiscard]] std::uint64_t refused() const { return sum(&SimHost::refused); }
    /// How often a host lost its connection.
    [[nodiscard]] std::uint64_t disconnects() const { return sum(&SimHost::disconnects); }
    /// How many processes are ready now, of all fleets.
    Result<std::uint64_t> active_processes();
    /// A queue over the fleets, in order, or so many of them; its name.
    Result<std::string> make_queue(std::size_t most = SIZE_MAX);
    /// Kills the server and starts it again on what it left behind; how long that took until it was ready.
    Result<double> restart_s();

private:
    explicit Deployment(TempFolder folder) : folder_(std::move(folder)) {}
    Result<void> launch(const std::string& listen, const std::vector<std::string>& settings);
    Result<void> connect_hosts(const DeploymentWish& wish);
    Result<void> make_fleets(const DeploymentWish& wish);
    [[nodiscard]] std::uint64_t sum(std::uint64_t (SimHost::*counter)() const) const;

    TempFolder folder_;
    std::vector<std::string> settings_;
    SystemClock clock_;
    std::unique_ptr<e2e::Program> server_;
    std::string http_;
    std::string link_;
    std::unique_ptr<e2e::Api> api_;
    std::vector<std::unique_ptr<SimHost>> hosts_;
    std::vector<std::string> fleets_;
    std::string alias_;
};

/// A program of ours that answers `ready http=…`, as the ceiling server.
struct Served {
    std::unique_ptr<e2e::Program> program;
    std::string http;
};
[[nodiscard]] Result<Served> serve(std::vector<std::string> command, const std::filesystem::path& log);

}  // namespace gse::bench
