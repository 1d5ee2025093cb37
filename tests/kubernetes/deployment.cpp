#include "kubernetes/deployment.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <fstream>

#include "hosts/json_path.h"

namespace gse::kubernetes {
namespace {

constexpr Millis kLimit{60'000};

}  // namespace

Deployment::Deployment(int nodes, std::vector<std::string> settings) : link_port_(e2e::free_port()) {
    nodes_ = std::make_unique<FakeNodes>(cluster_, nodes);
    const auto kubeconfig = dir_.path() / "kubeconfig";
    write_kubeconfig(cluster_.kubeconfig());
    std::filesystem::create_directories(dir_.path() / "templates");
    settings_ = {"hosts.provider=kubernetes", "kubernetes.kubeconfig=" + kubeconfig.string(),
                 "kubernetes.templates=" + (dir_.path() / "templates").string(),
                 fmt::format("kubernetes.server=127.0.0.1:{}", link_port_), "kubernetes.image=gse:test",
                 // All Pods share this machine's loopback.
                 "kubernetes.agent_settings=[\"sdk_listen=127.0.0.1:0\", \"agent.ping_http=\", \"agent.ping_udp=\"]",
                 "timers.heartbeat=300ms", "timers.host_silent=2s", "timers.unprotected_grace=500ms",
                 "timers.restart_backoff_min=100ms", "timers.restart_backoff_max=1s", "hosts.port_low=21000",
                 "hosts.port_high=21999"};
    for (std::string& setting : settings) settings_.push_back(std::move(setting));
}

Deployment::~Deployment() {
    server_.reset();
    nodes_.reset();
    e2e::end_orphans();
}

bool Deployment::start_server() {
    auto words = e2e::gse_command({"server", "--data", dir_.path() / "server", "--listen", http_, "--link-listen",
                                   fmt::format("127.0.0.1:{}", link_port_)});
    for (const std::string& setting : settings_) words.insert(words.end(), {"--set", setting});
    server_ = std::make_unique<e2e::Program>(words, dir_.path() / "server.log");
    auto ready = server_->ready();
    if (ready.empty()) return problem_ = "the server did not start", false;
    http_ = ready["http"];
    return true;
}

std::string Deployment::problem() {
    std::string text = problem_ + "\n" + e2e::read_text(dir_.path() / "server.log");
    for (const json::object& pod : cluster_.all("pods")) {
        const std::string name = hosts::text_at(pod, {"metadata", "name"});
        text += "\n" + name + ": " + json::serialize(*hosts::object_at(pod, {"status"})) + "\n" + nodes_->log(name);
    }
    return text;
}

void Deployment::write_kubeconfig(const std::string& text) { std::ofstream(dir_.path() / "kubeconfig") << text; }

void Deployment::put_template(const std::string& name, const std::string& text) {
    std::ofstream(dir_.path() / "templates" / name) << text;
}

int Deployment::gse(std::vector<std::string> words) {
    words.insert(words.end(), {"--endpoint", "http://" + http_, "--region", e2e::kRegion});
    e2e::Program program(e2e::gse_command(std::move(words)), dir_.path() / "command.log");
    const int code = program.wait(kLimit);
    problem_ = e2e::read_text(dir_.path() / "command.log");
    return code;
}

std::string Deployment::game_zip() {
    const auto zip = dir_.path() / "game.zip";
    if (!std::filesystem::exists(zip)) e2e::write_game_zip(zip);
    return zip;
}

std::string Deployment::fleet_of(const std::string& name) {
    e2e::Api api = this->api();
    const auto fleets = api.call(api::DescribeFleetAttributesRequest{});
    if (!fleets) return problem_ = e2e::describe(fleets.error()), "";
    for (const auto& fleet : fleets->fleet_attributes)
        if (fleet.name == name) return fleet.fleet_id.value_or("");
    return problem_ = "there is no fleet " + name, "";
}

std::string Deployment::make_fleet(const std::string& name, const std::string& protection) {
    e2e::Api api = this->api();
    if (asset_.empty()) {
        const auto asset = e2e::upload_asset(api, game_zip());
        if (!asset) return problem_ = e2e::describe(asset.error()), "";
        asset_ = *asset;
    }
    // A match that goes on although its process was asked to end is up to the game.
    const auto fleet = e2e::create_fleet(
        api, {.name = name, .asset_id = asset_, .parameters = "--ignore-terminate", .protection = protection});
    if (!fleet) return problem_ = e2e::describe(fleet.error()), "";
    return *fleet;
}

bool Deployment::wait_active(const std::string& fleet) {
    e2e::Api api = this->api();
    if (e2e::wait_until(kLimit, [&] { return e2e::fleet_status(api, fleet) == "ACTIVE"; })) return true;
    problem_ = e2e::event_text(api, fleet);
    return false;
}

bool Deployment::scale(const std::string& fleet, std::uint64_t instances) {
    e2e::Api api = this->api();
    const auto sized = api.call(api::UpdateFleetCapacityRequest{.fleet_id = fleet,
                                                                .desired_instances = instances,
                                                                .min_size = instances,
                                                                .max_size = std::max<std::uint64_t>(instances, 1)});
    if (!sized) problem_ = e2e::describe(sized.error());
    return sized.has_value();
}

bool Deployment::wait_instances(const std::string& fleet, std::uint64_t active) {
    e2e::Api api = this->api();
    const bool there = e2e::wait_until(kLimit, [&] {
        const auto capacity = api.call(api::DescribeFleetCapacityRequest{.fleet_ids = std::vector{fleet}});
        if (!capacity || capacity->fleet_capacity.empty()) return false;
        const auto& counts = capacity->fleet_capacity.front().instance_counts;
        return counts && counts->active == active && counts->pending == 0U && counts->terminating == 0U;
    });
    if (!there) problem_ = e2e::event_text(api, fleet);
    return there;
}

std::string Deployment::make_session(const std::string& fleet) {
    e2e::Api api = this->api();
    const auto made = e2e::make_session(api, fleet, kLimit);
    if (!made) problem_ = e2e::describe(made.error());
    return made.value_or("");
}

std::string Deployment::session_status(const std::string& session) {
    e2e::Api api = this->api();
    const auto found = e2e::find_session(api, session);
    return found ? found->status : "(gone)";
}

std::string Deployment::ask(const std::string& session, const std::string& line) {
    e2e::Api api = this->api();
    return e2e::ask_session(api, session, line);
}

std::vector<std::string> Deployment::pods() {
    std::vector<std::string> names;
    for (const json::object& pod : cluster_.all("pods"))
        if (hosts::text_at(pod, {"metadata", "deletionTimestamp"}).empty())
            names.push_back(hosts::text_at(pod, {"metadata", "name"}));
    return names;
}

std::string Deployment::pod_of(const std::string& session) {
    e2e::Api api = this->api();
    const auto found = e2e::find_session(api, session);
    if (!found) return "";
    for (const std::string& pod : pods())
        for (const e2e::GameProcess& game : e2e::running_games(nodes_->data(pod)))
            if (game.port == found->port) return pod;
    return "";
}

bool Deployment::wait_pods(std::size_t count) {
    if (cluster_.wait(kLimit, [&] { return cluster_.all("pods").size() == count; })) return true;
    problem_ = fmt::format("{} Pods, not {}", cluster_.all("pods").size(), count);
    return false;
}

}  // namespace gse::kubernetes
