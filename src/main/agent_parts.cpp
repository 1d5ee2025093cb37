#include "main/agent_parts.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <thread>

#include "agent/grpc_door/grpc_door.h"
#include "agent/ping.h"
#include "agent/supervisor.h"
#include "base/addresses.h"
#include "base/file.h"
#include "base/rng.h"
#include "link/agent_client.h"
#include "main/data_dir.h"

namespace gse {
namespace {

agent::SandboxMode sandbox_of(config::Sandbox sandbox) {
    switch (sandbox) {
        case config::Sandbox::Auto: return agent::SandboxMode::Auto;
        case config::Sandbox::Bubblewrap: return agent::SandboxMode::Bubblewrap;
        case config::Sandbox::None: return agent::SandboxMode::None;
    }
    return agent::SandboxMode::Auto;
}

/// Whether instances are held to `what` of their types. gse dev only counts its instances: a type that is chosen to try
/// something out must not make a laptop slow.
bool keeps_types(const config::Config& config, config::TypeLimits what) {
    config::TypeLimits chosen = config.agent.type_limits;
    if (chosen == config::TypeLimits::Auto) chosen = config.dev ? config::TypeLimits::Off : config::TypeLimits::On;
    return chosen >= what;
}

std::filesystem::path port_file(const config::Config& config) {
    return std::filesystem::path(config.data) / "sdk-port";
}

/// The private key that operators log in to this host with; "" where none is set.
Result<std::string> access_key(const config::Agent& agent) {
    if (agent.access_user.empty() && agent.access_key_file.empty()) return std::string();
    if (agent.access_user.empty() || agent.access_key_file.empty())
        return refuse(ErrorCode::InvalidParameterValue,
                      "agent.access_user and agent.access_key_file belong together: set both or none");
    std::error_code error;
    const auto mode = std::filesystem::status(agent.access_key_file, error).permissions();
    using std::filesystem::perms;
    if (!error && (mode & (perms::group_all | perms::others_all)) != perms::none)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("agent.access_key_file {} can be read by others than its owner: chmod 600 it",
                                  agent.access_key_file));
    std::string key = TRY(read_file(agent.access_key_file, 16'384));
    if (key.find("PRIVATE KEY-----") == std::string::npos)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("agent.access_key_file {} holds no private key in PEM form", agent.access_key_file));
    return key;
}

/// The SDK port of the last run: games that outlived it still call there.
std::uint16_t last_port(const config::Config& config) {
    const auto text = read_file(port_file(config), 16);
    return text ? static_cast<std::uint16_t>(std::strtoul(text->c_str(), nullptr, 10)) : 0;
}

}  // namespace

struct AgentParts::Impl {
    Impl(const config::Config& c, AgentTarget target, std::function<void(const Error&)> fatal)
        : config(c),
          objects_url(target.objects_url),
          on_fatal(std::move(fatal)),
          client({.server = target.server,
                  .token = target.token,
                  .tls = std::move(target.tls),
                  .pin_file = std::filesystem::path(config.data) / "agent" / "server-pin",
                  .on_reports_lost = on_fatal,
                  .on_hello = [this](link::HostHello& hello,
                                     const std::string& own_address) { tell_addresses(hello, own_address); }},
                 clock, rng) {}

    const config::Config config;
    const std::string objects_url;
    std::function<void(const Error&)> on_fatal;
    SystemClock clock;
    SystemRng rng;
    link::AgentClient client;
    std::unique_ptr<agent::GrpcDoor> door;
    std::unique_ptr<agent::Supervisor> supervisor;
    std::unique_ptr<agent::PingServer> ping_http;
    std::unique_ptr<agent::PingServer> ping_udp;

    void start_pings();
    void tell_addresses(link::HostHello& hello, const std::string& own_address) const;
};

/// A port that is taken must not keep games from running: then there is one thing less to measure with.
void AgentParts::Impl::start_pings() {
    const auto begin = [](agent::PingOptions wanted) {
        auto server = std::make_unique<agent::PingServer>(std::move(wanted));
        if (const auto started = server->start(); !started) {
            spdlog::warn("speed test: {}; see agent.ping_http and agent.ping_udp", started.error().message);
            server.reset();
        }
        return server;
    };
    ping_http = begin({.http = config.agent.ping_http, .udp = {}});
    ping_udp = begin({.http = {}, .udp = config.agent.ping_udp});
}

/// What players in the same network reach this machine by is the address by which it reaches its server. At every
/// hello anew: when an agent starts, its machine may have no way there yet.
void AgentParts::Impl::tell_addresses(link::HostHello& hello, const std::string& own_address) const {
    std::string own = own_address;
    if (config.dev) {
        const auto http = split_address(config.listen);
        const bool any = !http || http->host.empty() || http->host == "0.0.0.0" || http->host == "localhost";
        own = any ? "127.0.0.1" : http->host;
    }
    hello.address = config.public_address.empty() ? own : config.public_address;
    hello.private_address = config.dev ? "127.0.0.1" : own;
    const bool v6 = hello.address.find(':') != std::string::npos;
    const std::string host = v6 ? "[" + hello.address + "]" : hello.address;
    if (ping_http && ping_http->http_port() != 0)
        hello.ping_http = fmt::format("http://{}:{}/v1/ping", host, ping_http->http_port());
    if (ping_udp && ping_udp->udp_port() != 0) hello.ping_udp = fmt::format("{}:{}", host, ping_udp->udp_port());
}

AgentParts::AgentParts(const config::Config& config, AgentTarget target, std::function<void(const Error&)> on_fatal)
    : impl_(std::make_unique<Impl>(config, std::move(target), std::move(on_fatal))) {}

AgentParts::~AgentParts() { stop(false); }

Result<std::string> AgentParts::start() {
    const config::Config& config = impl_->config;
    const HostPort sdk = TRY(split_address(config.sdk_listen));
    TRY(split_address(config.listen));
    agent::SupervisorOptions options;
    options.data_dir = config.data;
    options.host_name = config.agent.name;
    options.region = config.agent.region;
    options.instance_types = config.agent.instance_types;
    options.access_user = config.agent.access_user;
    options.access_key = TRY(access_key(config.agent));
    options.ports = {config.settings.hosts.port_low, config.settings.hosts.port_high};
    options.instance_capacity = static_cast<std::uint32_t>(config.agent.capacity);
    options.cpus = static_cast<std::uint32_t>(config.agent.cpus);
    options.limits.allowed = {.memory_bytes = config.agent.process_memory_bytes,
                              .cpu_percent = config.agent.process_cpu_percent};
    options.limit_type_memory = keeps_types(config, config::TypeLimits::Memory);
    options.limit_type_cpu = keeps_types(config, config::TypeLimits::On);
    options.memory_bytes = config.agent.memory_bytes;
    for (const std::string& label : config.agent.labels)
        options.labels.emplace_back(label.substr(0, label.find('=')), label.substr(label.find('=') + 1));
    options.objects_url = impl_->objects_url;
    options.ca_file = config.agent.ca_file;
    options.sandbox = sandbox_of(config.agent.sandbox);
    options.attach = config.dev;
    impl_->start_pings();
    options.package_bytes_max = config.settings.limits.package_bytes;
    options.package_cache_bytes = config.agent.package_cache_bytes;

    const std::uint16_t kept = sdk.port == 0 ? last_port(config) : 0;
    impl_->door = std::make_unique<agent::GrpcDoor>(
        agent::SdkServerOptions{.listen = fmt::format("{}:{}", sdk.host, sdk.port == 0 ? kept : sdk.port)});
    impl_->supervisor =
        std::make_unique<agent::Supervisor>(std::move(options), *impl_->door, impl_->client, impl_->clock);
    auto port = impl_->door->start(*impl_->supervisor);
    if (!port && kept != 0)
        return refuse(ErrorCode::InUse,
                      fmt::format("the SDK port {} of the last run is taken, and games that run on would not find us "
                                  "elsewhere: free it, or set sdk_listen to another port",
                                  kept));
    if (!port) return std::unexpected(port.error());
    std::string address = fmt::format("{}:{}", sdk.host, *port);
    impl_->supervisor->set_sdk_address(address);
    TRY(impl_->supervisor->start());
    if (sdk.port == 0 && kept != *port) TRY(write_file_atomically(port_file(config), std::to_string(*port)));
    TRY(impl_->client.start(*impl_->supervisor));
    const agent::SupervisorView view = impl_->supervisor->view();
    spdlog::info("agent: sandbox {}, limits by {}, {} games adopted", view.sandbox, view.limiter, view.running);
    if (!view.lacks.empty())
        spdlog::warn(
            "games cannot be held to the limits of agent.type_limits, agent.process_memory and "
            "agent.process_cpu: {}",
            view.lacks);
    return address;
}

bool AgentParts::empty() const { return impl_->supervisor->view().instances == 0; }

void AgentParts::stop(bool kill_games) {
    if (impl_->supervisor) impl_->supervisor->shutdown(kill_games);
    impl_->client.stop();
    if (impl_->door) impl_->door->stop();
}

}  // namespace gse
