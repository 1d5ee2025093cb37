#include "main/server_parts.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <future>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "api/access_keys.h"
#include "api/gateway.h"
#include "api/rate_limiter.h"
#include "api/uploads.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/version.h"
#include "codec/json_text.h"
#include "console_files.h"
#include "engine/engine.h"
#include "events/event_hub.h"
#include "http/credentials.h"
#include "http/key_ring.h"
#include "http/server.h"
#include "link/link_server.h"
#include "main/data_dir.h"
#include "main/demo_package.h"
#include "main/host_admission.h"
#include "main/log_format.h"
#include "main/metrics.h"
#include "main/own_journal.h"
#include "main/regions_page.h"
#include "main/request_log.h"
#include "objects/directory_store.h"
#include "pki/authority.h"

namespace gse {
namespace {

/// They wait for the disk, some of them long: the last piece of a large upload reads all of it once more.
constexpr int kHttpWorkers = 8;
constexpr Millis kAgentGrant{24 * 3'600'000LL};
constexpr std::chrono::seconds kBarrierPatience{10};
constexpr Millis kRegionsKept{2'000};
/// Between two looks at what of the link's certificates is due.
constexpr std::chrono::minutes kTendPause{1};

/// What other machines reach us by: the configured address, else the one we listen on.
std::string public_host(const config::Config& config, const HostPort& listen) {
    if (!config.public_address.empty()) return config.public_address;
    return listen.host == "0.0.0.0" || listen.host.empty() ? "127.0.0.1" : listen.host;
}

bool is_loopback(const HostPort& address) {
    return address.host.starts_with("127.") || address.host == "localhost" || address.host == "[::1]" ||
           address.host == "::1";
}

/// Keeps the link's certificates renewed, on a thread of its own.
class AuthorityKeeper {
public:
    AuthorityKeeper(pki::Authority& authority, const Clock& clock)
        : authority_(authority), clock_(clock), thread_([this] { run(); }) {}
    ~AuthorityKeeper() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wakes_.notify_one();
        thread_.join();
    }
    AuthorityKeeper(const AuthorityKeeper&) = delete;
    AuthorityKeeper& operator=(const AuthorityKeeper&) = delete;

private:
    void run() {
        std::unique_lock lock(mutex_);
        while (!wakes_.wait_for(lock, kTendPause, [this] { return stopping_; })) {
            const auto changed = authority_.tend(clock_.wall());
            if (!changed)
                spdlog::error("hosts: certificates cannot be renewed: {}", changed.error().message);
            else if (*changed)
                spdlog::info("hosts: the link's certificates were renewed; the server's is good until {}",
                             format_utc(authority_.server_certificate_end()));
        }
    }

    pki::Authority& authority_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable wakes_;
    bool stopping_ = false;
    std::thread thread_;
};

link::Authorizer make_authorizer(const objects::ObjectAuth& auth, const Clock& clock) {
    const auto grant = [&auth, &clock](objects::Access access, link::ObjectRef& ref) {
        if (!ref.key.empty()) ref.authorization = auth.grant(access, ref.bucket, ref.key, clock.wall() + kAgentGrant);
    };
    return {.instance =
                [grant](link::InstanceSpec& spec) {
                    grant(objects::Access::Read, spec.package);
                    grant(objects::Access::Write, spec.log_prefix);
                },
            .logs = [grant](link::CollectLogs& order) { grant(objects::Access::Write, order.target); }};
}

void announce_key(const http::FileKeyStore& keys, const std::filesystem::path& path) {
    switch (keys.origin()) {
        case http::KeyOrigin::File: spdlog::info("API key {} from {}", keys.first().secret_id, path.string()); break;
        case http::KeyOrigin::Environment:
            spdlog::info("API key {} from TENCENTCLOUD_SECRET_ID, kept in {}", keys.first().secret_id, path.string());
            break;
        case http::KeyOrigin::Generated:
            spdlog::info("made API key {}, kept in {}", keys.first().secret_id, path.string());
            // A secret belongs on a person's screen at most, never in a log file.
            if (::isatty(STDERR_FILENO)) std::cerr << "SecretKey: " << keys.first().secret_key << '\n';
            break;
    }
}

void log_tls_reload(const Result<std::string>& outcome) {
    if (outcome)
        spdlog::info("read http.tls_cert and http.tls_key again: {}", *outcome);
    else
        spdlog::error("http.tls_cert and http.tls_key have changed, but the old pair stays in force: {}",
                      outcome.error().message);
}

void warn_of_expiry(const http::Server& http, const Clock& clock) {
    const WallTime end = http.stats().tls_not_after;
    if (end < clock.wall())
        spdlog::warn("the certificate in http.tls_cert ended at {}; clients will refuse it", format_utc(end));
}

/// Returns when all batches begun so far are durable and the next have seen what is wanted of them.
Result<void> barrier(engine::Engine& engine) {
    const auto passed = std::make_shared<std::promise<void>>();
    auto future = passed->get_future();
    TRY(engine.submit(
        engine::Engine::Kind::Read, [](core::Step&) { return std::string(); },
        [passed](const std::string&) { passed->set_value(); }));
    if (future.wait_for(kBarrierPatience) == std::future_status::ready) return {};
    return refuse(ErrorCode::Overloaded, "the server is busy; try again in a moment");
}

/// What the console's pages are told of this server.
std::string console_about(const config::Config& config) {
    std::string regions;
    for (const std::string& region : config.settings.regions) {
        regions += regions.empty() ? "{\"Region\":" : ",{\"Region\":";
        api::append_json_string(regions, region);
        regions += '}';
    }
    std::string about = fmt::format(R"("Regions":[{}],"DefaultRegion":)", regions);
    api::append_json_string(about, config.settings.default_region);
    return about + fmt::format(R"(,"Dev":{},"Version":"{}")", config.dev, version());
}

/// Lines of fields in the log's own format, on stderr like the others.
RequestLog::Write request_log_writer(config::LogFormat format) {
    const auto logger = field_logger(format == config::LogFormat::Json);
    const auto text = format == config::LogFormat::Json ? fields_as_json : fields_as_text;
    return [logger, text](const LogFields& fields) { logger->info("{}", text(fields)); };
}

std::string text_or_empty(const char* text) { return text ? text : ""; }

}  // namespace

struct ServerParts::Impl {
    Impl(const config::Config& c, std::function<void(const Error&)> fatal, Agent a)
        : config(c), on_fatal(std::move(fatal)), agent(a), state(config.settings) {}

    const config::Config config;
    std::function<void(const Error&)> on_fatal;
    const Agent agent;
    SystemClock clock;
    SystemRng rng;  // the engine's owner thread
    SystemRng setup_rng;
    SystemRng pki_rng;  // the authority's
    core::State state;
    std::optional<DataDir> data;
    std::optional<http::KeyRing> keys;
    std::unique_ptr<api::RateLimiter> rates;
    std::unique_ptr<objects::ObjectStore> store;
    std::optional<objects::ObjectAuth> object_auth;
    std::unique_ptr<journal::Journal> journal;
    std::optional<api::Services> services;
    std::optional<objects::TemporaryKeys> temporary_keys;
    objects::BucketRules bucket_rules;
    KeptText regions_page{clock, kRegionsKept};
    std::unique_ptr<events::EventHub> events;
    std::optional<http::ConsoleSessions> console_sessions;
    std::optional<http::ConsoleDoor> console_door;
    // In the order they start; they stop in reverse.
    std::unique_ptr<engine::Engine> engine;
    std::unique_ptr<api::Gateway> gateway;
    std::unique_ptr<RequestLog> request_log;
    std::unique_ptr<http::Server> http;
    std::unique_ptr<http::Server> local_http;   ///< plain, on loopback, for the agent inside when http speaks TLS
    std::unique_ptr<pki::Authority> authority;  ///< null: only the agent inside dials
    std::unique_ptr<HostAdmission> admission;
    std::unique_ptr<AuthorityKeeper> authority_keeper;
    std::unique_ptr<link::LinkServer> link;

    Result<ServerAddresses> start();
    [[nodiscard]] http::Handlers handlers();
    Result<link::LinkServerOptions> link_options(const std::string& token);
    std::vector<std::string> not_ready() const;
    std::string regions();
};

std::string ServerParts::Impl::regions() {
    return regions_page.get([this] {
        std::string text;
        engine->inspect(
            [&](const core::State& looked) { text = regions_text(looked, services->public_url + "/v1/ping"); });
        return text;
    });
}

std::vector<std::string> ServerParts::Impl::not_ready() const {
    std::vector<std::string> reasons;
    const engine::EngineStats stats = engine->stats();
    if (stats.disk_low)
        reasons.push_back(fmt::format(
            "less than journal.reserve_bytes ({} MiB) of disk are free: changes are refused, reading goes on",
            config.journal.reserve_bytes >> 20));
    if (!stats.trouble.empty()) reasons.push_back(stats.trouble);
    return reasons;
}

Result<ServerAddresses> ServerParts::Impl::start() {
    const HostPort listen = TRY(split_address(config.listen));
    rates = TRY(api::RateLimiter::make(config.settings.limits.rates));
    data.emplace(TRY(DataDir::open(config.data)));
    const http::FileKeyStore credentials =
        TRY(http::open_credentials(data->credentials(),
                                   {.secret_id = text_or_empty(std::getenv("TENCENTCLOUD_SECRET_ID")),
                                    .secret_key = text_or_empty(std::getenv("TENCENTCLOUD_SECRET_KEY"))},
                                   setup_rng));
    announce_key(credentials, data->credentials());
    keys.emplace(credentials);
    const std::string secret = TRY(data->secret("secret"));
    const std::string link_token = agent == Agent::Inside ? TRY(data->secret("link-token")) : std::string();
    object_auth.emplace(secret);
    store = TRY(objects::open_directory_store(data->objects(),
                                              {.reserve_bytes = config.journal.reserve_bytes, .before_step = {}}));

    auto opened = TRY(open_own_journal(config, *data, clock.wall()));
    journal = std::move(opened.journal);

    engine = std::make_unique<engine::Engine>(
        engine::EngineOptions{.queue_max = config.engine.queue_max,
                              .commit_spacing = std::chrono::microseconds(config.journal.commit_spacing_us),
                              .snapshot_bytes = config.journal.snapshot_bytes,
                              .reserve_bytes = config.journal.reserve_bytes},
        state, *journal, clock, rng, on_fatal);
    spdlog::info("{}", TRY(engine->recover()));

    events = std::make_unique<events::EventHub>(events::HubOptions{.epoch = state.epoch(),
                                                                   .default_region = config.settings.default_region,
                                                                   .regions = config.settings.regions,
                                                                   .barrier = [this] { return barrier(*engine); }},
                                                clock);
    engine->set_sink(events.get());

    api::publish_bucket_rules(state, bucket_rules);
    api::publish_access_keys(state, *keys);
    temporary_keys.emplace(secret);
    console_sessions.emplace(secret);
    console_door.emplace(
        http::ConsoleDoor{.sessions = *console_sessions,
                          .about = console_about(config),
                          .put_demo = [this](std::string_view region, std::string_view game) -> Result<std::string> {
                              const auto& regions = config.settings.regions;
                              if (std::find(regions.begin(), regions.end(), region) == regions.end())
                                  return refuse(ErrorCode::UnsupportedRegion,
                                                fmt::format("there is no region '{}' here", region.substr(0, 100)));
                              std::error_code error;
                              const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
                              return put_demo_package(*store, api::upload_bucket(config.settings, region), game,
                                                      self.parent_path(), config.settings.limits.package_bytes);
                          }});
    services.emplace(api::Services{.object_auth = *object_auth,
                                   .token_secret = secret,
                                   .public_url = {},
                                   .bucket_rules = &bucket_rules,
                                   .keys = &*keys,
                                   .rates = rates.get()});
    const link::LinkServerOptions agents = TRY(link_options(link_token));
    if (authority) services->authority_sha256 = authority->sha256();
    gateway = std::make_unique<api::Gateway>(*engine, *store, *services, config.settings, clock);
    if (config.log.requests) {
        request_log = std::make_unique<RequestLog>(*gateway, *events, clock, request_log_writer(config.log.format));
        engine->set_sink(request_log.get());
    }

    link = std::make_unique<link::LinkServer>(agents, make_authorizer(*object_auth, clock), clock);

    http::ServerOptions http_options;
    http_options.listen = config.listen;
    http_options.insecure_http = config.insecure_http;
    http_options.threads = static_cast<int>(config.http.threads);
    http_options.known_hosts = config.http.known_hosts;
    if (!config.public_address.empty()) http_options.known_hosts.push_back(config.public_address);
    http_options.local_api = config.dev;
    http_options.worker_threads = kHttpWorkers;
    http_options.metrics_token = config.metrics_token;
    http_options.connections_max = config.http.max_connections;
    http_options.object_bytes = config.settings.limits.package_bytes;
    http_options.tls_certificate = config.http.tls_cert;
    http_options.tls_key = config.http.tls_key;
    http_options.secure_cookies = !config.http.tls_cert.empty();
    http = std::make_unique<http::Server>(http_options, handlers());
    const std::uint16_t http_port = TRY(http->start());
    const bool tls = !config.http.tls_cert.empty();
    if (tls) warn_of_expiry(*http, clock);

    ServerAddresses addresses;
    addresses.scheme = tls ? "https" : "http";
    addresses.http = fmt::format("{}:{}", listen.host, http_port);
    services->public_url = fmt::format("{}://{}:{}", addresses.scheme, public_host(config, listen), http_port);
    addresses.objects_url = services->public_url + "/objects";
    if (config.dev) {
        // Whoever may read the data folder may sign in: the key lies beside it.
        const std::string one_time =
            fmt::format("{}/console/#/link/{}", services->public_url,
                        console_sessions->make_link(credentials.first().secret_id, clock.wall(), setup_rng));
        TRY(write_file_atomically(data->root() / "console-link", one_time + "\n"));
        spdlog::info("console: {}/console/ (a link that signs in once is in {})", services->public_url,
                     (data->root() / "console-link").string());
        if (::isatty(STDERR_FILENO)) std::cerr << "Open " << one_time << '\n';
    }
    if (tls && agent == Agent::Inside) {
        // The certificate is for the names that others call us by; the agent beside us knows none of them.
        http_options.listen = "127.0.0.1:0";
        http_options.local_api = false;
        http_options.tls_certificate = http_options.tls_key = {};
        http::Handlers objects_only = handlers();
        objects_only.console_door = nullptr;
        local_http = std::make_unique<http::Server>(http_options, objects_only);
        addresses.local_objects_url = fmt::format("http://127.0.0.1:{}/objects", TRY(local_http->start()));
    }
    addresses.link_token = link_token;
    engine->start(*link, {.deployment_id = opened.deployment, .objects_url = addresses.objects_url});

    const auto ports = link->start(*engine);
    if (!ports && data->kept_port("link") != 0 && TRY(split_address(config.link_listen)).port == 0)
        return refuse(ErrorCode::InUse,
                      fmt::format("the agents' port {} of the last run cannot be listened on ({}); free it, or set "
                                  "link_listen to another port",
                                  data->kept_port("link"), ports.error().message));
    if (!ports) return std::unexpected(ports.error());
    if (ports->tls != 0) {
        TRY(data->keep_port("link", ports->tls));
        addresses.link = fmt::format("{}:{}", TRY(split_address(config.link_listen)).host, ports->tls);
        authority_keeper = std::make_unique<AuthorityKeeper>(*authority, clock);
    }
    if (ports->loopback != 0) {
        if (ports->tls == 0) TRY(data->keep_port("link", ports->loopback));
        addresses.inner_link = fmt::format("127.0.0.1:{}", ports->loopback);
    }
    return addresses;
}

/// `gse server` speaks TLS to its agents, wherever it listens. `gse dev` has its own agent beside it, over loopback,
/// and speaks TLS to others where link_listen is not on loopback.
Result<link::LinkServerOptions> ServerParts::Impl::link_options(const std::string& token) {
    link::LinkServerOptions options;
    options.token = token;
    options.heartbeat = config.settings.timers.heartbeat;
    const HostPort wanted = TRY(split_address(config.link_listen));
    const std::string listen =
        fmt::format("{}:{}", wanted.host, wanted.port != 0 ? wanted.port : data->kept_port("link"));
    if (agent == Agent::Inside && is_loopback(wanted)) {
        options.loopback_listen = listen;
        return options;
    }
    if (agent == Agent::Inside) options.loopback_listen = "127.0.0.1:0";
    authority = TRY(pki::Authority::open(data->root() / "pki", {.host_certificate = config.link.certificate_lifetime},
                                         clock.wall(), pki_rng));
    admission = std::make_unique<HostAdmission>(*engine, *authority, clock);
    options.listen = listen;
    options.tls = link::TlsFiles{.key = authority->server_key_file(),
                                 .certificate = authority->server_certificate_file(),
                                 .roots = authority->roots_file()};
    options.admission = admission.get();
    return options;
}

http::Handlers ServerParts::Impl::handlers() {
    return {
        .api = request_log ? static_cast<engine::ApiPort&>(*request_log) : *gateway,
        .error_body = &engine::error_body,
        .keys = *keys,
        .objects = *store,
        .object_auth = *object_auth,
        .clock = clock,
        .metrics =
            [this] {
                return metrics_text({.engine = *engine,
                                     .settings = config.settings,
                                     .calls = gateway->counts(),
                                     .http = http->stats(),
                                     .ready = not_ready().empty()});
            },
        .not_ready = [this] { return not_ready(); },
        .console = console_files(),
        .console_door = &*console_door,
        .temporary_keys = &*temporary_keys,
        .bucket_rules = &bucket_rules,
        .is_upload_bucket = [this](std::string_view bucket) { return api::is_upload_bucket(config.settings, bucket); },
        .on_tls_reload = log_tls_reload,
        .events = events.get(),
        .regions = [this] { return regions(); }};
}

ServerParts::ServerParts(const config::Config& config, std::function<void(const Error&)> on_fatal, Agent agent)
    : impl_(std::make_unique<Impl>(config, std::move(on_fatal), agent)) {}

ServerParts::~ServerParts() { stop(); }

Result<ServerAddresses> ServerParts::start() { return impl_->start(); }

void ServerParts::reload() {
    if (impl_->http) impl_->http->reload_tls();
}

void ServerParts::stop() {
    if (impl_->http) impl_->http->stop();
    if (impl_->local_http) impl_->local_http->stop();
    impl_->authority_keeper.reset();
    if (impl_->link) impl_->link->stop();
    if (impl_->engine) impl_->engine->stop();
    impl_->journal.reset();  // gives its lead up, where it has one
}

}  // namespace gse
