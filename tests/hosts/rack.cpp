#include "hosts/rack.h"

#include <csignal>

namespace gse::hosts {
namespace {

constexpr Millis kLimit{60'000};

}  // namespace

Rack::Rack(std::size_t hosts, std::vector<std::string> settings) : hosts_(hosts) {
    settings_ = {"timers.heartbeat=300ms",         "timers.host_silent=2s",
                 "timers.unprotected_grace=500ms", "timers.restart_backoff_min=100ms",
                 "timers.restart_backoff_max=1s",  "hosts.port_low=20000",
                 "hosts.port_high=20999"};
    for (std::string& setting : settings) settings_.push_back(std::move(setting));
    agents_.resize(hosts);
    for (std::size_t i = 0; i < hosts; ++i) network_.add(name(i), address(i));
}

Rack::~Rack() {
    server_.reset();
    std::vector<e2e::GameProcess> left;
    for (std::size_t i = 0; i < hosts_; ++i) {
        agents_[i].reset();
        for (auto& game : games(i)) left.push_back(std::move(game));
    }
    e2e::end_orphans();
    e2e::remove_control_groups(left);
}

bool Rack::start() {
    auto words = e2e::gse_command({"server", "--data", dir_.path() / "server", "--listen", http_, "--insecure-http",
                                   "--link-listen", std::string(network::kHere) + ":0"});
    for (const std::string& setting : settings_) words.insert(words.end(), {"--set", setting});
    server_ = std::make_unique<e2e::Program>(words, dir_.path() / "server.log");
    auto ready = server_->ready();
    if (ready.empty()) {
        problem_ = server_->log();
        return false;
    }
    http_ = ready["http"];
    link_ = ready["link"];
    for (std::size_t i = 0; i < hosts_; ++i)
        if (!start_agent(i)) return false;
    for (std::size_t i = 0; i < hosts_; ++i)
        if (!wait_status(i, "CONNECTED")) return false;
    return true;
}

bool Rack::start_agent(std::size_t host, bool new_token) {
    const auto token = dir_.path() / ("token-" + name(host));
    e2e::Api api = this->api();
    const bool needed = new_token || !std::filesystem::exists(data(host) / "agent" / "host.pem");
    if (needed && !e2e::write_host_token(api, token, problem_)) return false;
    // Every host has a loopback of its own: games find their agent where they always have.
    auto words = e2e::gse_command({"agent", "--data", data(host), "--join", link_, "--token-file", token, "--name",
                                   name(host), "--capacity", "4", "--sdk-listen", "127.0.0.1:5758"});
    for (const std::string& setting : settings_) words.insert(words.end(), {"--set", setting});
    agents_[host] = std::make_unique<e2e::Program>(network::Network::on(name(host), std::move(words)),
                                                   dir_.path() / (name(host) + ".log"));
    if (!agents_[host]->ready().empty()) return true;
    problem_ = agents_[host]->log();
    return false;
}

void Rack::kill_host(std::size_t host) {
    agents_[host].reset();
    for (const e2e::GameProcess& game : games(host)) {
        kill(game.shim, SIGKILL);
        kill(game.pid, SIGKILL);
    }
}

api::Host Rack::seen(std::size_t host) {
    e2e::Api api = this->api();
    auto answer = api.call(api::ListHostsRequest{.host_id = name(host)});
    return answer && !answer->hosts.empty() ? std::move(answer->hosts.front()) : api::Host{};
}

bool Rack::wait_status(std::size_t host, const std::string& status) {
    if (e2e::wait_until(kLimit, [&] { return seen(host).status == status; })) return true;
    problem_ = name(host) + " is not " + status + " but " + seen(host).status + "\n" + agents_[host]->log();
    return false;
}

std::string Rack::make_fleet(std::uint64_t instances, std::uint64_t processes, const std::string& protection) {
    const auto zip = dir_.path() / "game.zip";
    if (!std::filesystem::exists(zip)) e2e::write_game_zip(zip);
    e2e::Api api = this->api();
    const auto asset = e2e::upload_asset(api, zip);
    if (!asset) return problem_ = e2e::describe(asset.error()), "";
    // A match that goes on although its process was asked to end is up to the game.
    const auto fleet = e2e::create_fleet(api, {.name = "arena",
                                               .asset_id = *asset,
                                               .parameters = "--ignore-terminate",
                                               .processes = processes,
                                               .protection = protection});
    if (!fleet) return problem_ = e2e::describe(fleet.error()), "";
    if (!e2e::wait_until(kLimit, [&] { return e2e::fleet_status(api, *fleet) == "ACTIVE"; }))
        return problem_ = e2e::event_text(api, *fleet), "";
    const auto sized = api.call(api::UpdateFleetCapacityRequest{
        .fleet_id = *fleet, .desired_instances = instances, .min_size = instances, .max_size = instances});
    if (!sized) return problem_ = e2e::describe(sized.error()), "";
    return wait_instances(*fleet, instances) ? *fleet : "";
}

bool Rack::wait_instances(const std::string& fleet, std::uint64_t active) {
    e2e::Api api = this->api();
    const bool there = e2e::wait_until(kLimit, [&] {
        const auto capacity = api.call(api::DescribeFleetCapacityRequest{.fleet_ids = std::vector{fleet}});
        if (!capacity || capacity->fleet_capacity.empty()) return false;
        const auto& counts = capacity->fleet_capacity.front().instance_counts;
        return counts && counts->active == active && counts->pending == 0U;
    });
    if (!there) problem_ = e2e::event_text(api, fleet);
    return there;
}

std::vector<std::string> Rack::make_sessions(const std::string& fleet, std::size_t count) {
    e2e::Api api = this->api();
    std::vector<std::string> ids;
    // One is ACTIVE before the next is placed, so that the fullest instance is not taken for the emptiest. An instance
    // that is ACTIVE may still be waiting for its second process.
    for (std::size_t i = 0; i < count; ++i) {
        const auto made = e2e::make_session(api, fleet, kLimit);
        ids.push_back(made ? *made : "");
        if (!made) problem_ = e2e::describe(made.error());
    }
    return ids;
}

std::string Rack::ask(const std::string& session, const std::string& line) {
    e2e::Api api = this->api();
    return e2e::ask_session(api, session, line);
}

}  // namespace gse::hosts
