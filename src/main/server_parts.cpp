#include "main/server_parts.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "api/access_keys.h"
#include "api/gateway.h"
#include "api/rate_limiter.h"
#include "api/uploads.h"
#include "base/addresses.h"
#include "base/file.h"
#include "base/open_files.h"
#include "base/rng.h"
#include "base/version.h"
#include "codec/json_text.h"
#include "console_files.h"
#include "engine/engine.h"
#include "engine/member.h"
#include "events/event_hub.h"
#include "http/credentials.h"
#include "http/key_ring.h"
#include "http/server.h"
#include "link/forwarder.h"
#include "link/link_server.h"
#include "main/data_dir.h"
#include "main/demo_package.h"
#include "main/engine_wait.h"
#include "main/host_admission.h"
#include "main/host_desk.h"
#include "main/leader_probe.h"
#include "main/log_format.h"
#include "main/metrics.h"
#include "main/object_store.h"
#include "main/own_journal.h"
#include "main/peer_address.h"
#include "main/regions_page.h"
#include "main/request_log.h"
#include "main/shared_files.h"
#include "objects/directory_store.h"
#include "pki/authority.h"
#include "pki/certificate.h"

namespace gse {
namespace {

/// They wait for the disk, some of them long: the last piece of a large upload reads all of it once more.
constexpr int kHttpWorkers = 8;
constexpr Millis kAgentGrant{24 * 3'600'000LL};
constexpr Millis kRegionsKept{2'000};
/// A server that has not heard of the database for this long sends nobody to the leader.
constexpr Millis kDatabaseSilent{5'000};
/// An agent that finds no way to the leader has tried all servers again by then.
constexpr Millis kAgentsComeAgain{30'000};
/// A leader that cannot be reached for so much longer than its lease would last has not crashed: it is cut off.
constexpr Millis kBeyondLease{2'000};
constexpr Millis kPeersStop{1'000};
/// A leader that does not hear of its lease for this long starts again; until then answers wait.
constexpr Millis kLeaseLost{10'000};
/// Between two looks at what of the link's certificates is due.
constexpr std::chrono::minutes kTendPause{1};

/// What other machines reach us by: the configured address, else the one we listen on.
std::string public_host(const config::Config& config, const HostPort& listen) {
    if (!config.public_address.empty()) return config.public_address;
    return listen.host == "0.0.0.0" || listen.host.empty() ? "127.0.0.1" : listen.host;
}

/// What agents dial: a name for this server, if it knows one, and the link's port.
std::string join_address(const config::Config& config, std::uint16_t port) {
    const auto listen = split_address(config.link_listen);
    std::string host = config.public_address;
    if (host.find(':') != std::string::npos && !host.starts_with('[')) host = "[" + host + "]";
    if (host.empty() && listen && listen->host != "0.0.0.0" && listen->host != "[::]") host = listen->host;
    return port == 0 ? "" : fmt::format("{}:{}", host, port);
}

/// Keeps the link's certificates renewed, on a thread of its own.
class AuthorityKeeper {
public:
    using Tend = std::function<Result<bool>(WallTime now)>;
    AuthorityKeeper(pki::Authority& authority, const Clock& clock, Tend tend)
        : authority_(authority), clock_(clock), tend_(std::move(tend)), thread_([this] { run(); }) {}
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
            const auto changed = tend_(clock_.wall());
            if (!changed)
                spdlog::error("hosts: certificates cannot be renewed: {}", changed.error().message);
            else if (*changed)
                spdlog::info("hosts: the link's certificates were renewed; the server's is good until {}",
                             format_utc(authority_.server_certificate_end()));
        }
    }

    pki::Authority& authority_;
    const Clock& clock_;
    const Tend tend_;
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
    return decide_and_wait(engine, engine::Engine::Kind::Read, [](core::Step&) {});
}

Result<hosts::KubernetesOptions> kubernetes_options(const config::Config& config, const std::string& deployment) {
    const config::Kubernetes& wanted = config.kubernetes;
    hosts::KubernetesOptions options;
    options.access = wanted.kubeconfig.empty()
                         ? TRY(hosts::service_account([](const char* name) { return std::getenv(name); }))
                         : TRY(hosts::read_kubeconfig(wanted.kubeconfig, wanted.context));
    options.pods = {.deployment = deployment,
                    .space = !wanted.space.empty()           ? wanted.space
                             : !options.access.space.empty() ? options.access.space
                                                             : "default",
                    .server = wanted.server,
                    .image = wanted.image,
                    .grace = wanted.grace,
                    .agent_settings = wanted.agent_settings};
    options.templates = wanted.templates;
    options.internal_address = wanted.internal_address;
    options.address_annotation = wanted.address_annotation;
    options.orphan_grace = wanted.orphan_grace;
    return options;
}

void log_kubernetes(bool trouble, const std::string& what) {
    trouble ? spdlog::error("kubernetes: {}", what) : spdlog::info("kubernetes: {}", what);
}

http::ServerOptions make_http_options(const config::Config& config) {
    http::ServerOptions options;
    options.listen = config.listen;
    options.insecure_http = config.insecure_http;
    options.threads = static_cast<int>(config.http.threads);
    options.known_hosts = config.http.known_hosts;
    if (!config.public_address.empty()) options.known_hosts.push_back(config.public_address);
    options.local_api = config.dev;
    options.worker_threads = kHttpWorkers;
    options.metrics_token = config.metrics_token;
    // Agents, the journal and packages need files too.
    options.connections_max = std::min<std::size_t>(config.http.max_connections, raise_open_files() / 4 * 3);
    options.object_bytes = config.settings.limits.package_bytes;
    options.tls_certificate = config.http.tls_cert;
    options.tls_key = config.http.tls_key;
    options.secure_cookies = !config.http.tls_cert.empty();
    return options;
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
    Impl(const config::Config& c, std::function<void(const Error&)> fatal, Agent a, OpenShared s)
        : config(c), on_fatal(std::move(fatal)), agent(a), open_shared(std::move(s)), state(config.settings) {}

    const config::Config config;
    std::function<void(const Error&)> on_fatal;
    const Agent agent;
    const OpenShared open_shared;
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
    std::string deployment;
    std::unique_ptr<journal::Journal> own_journal;
    std::function<bool()> still_leads;  ///< null: nobody else could
    SharedState shared;                 ///< of several servers; else empty
    std::optional<SharedFiles> shared_files;
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
    // With several servers.
    std::unique_ptr<http::Relay> relay;
    std::unique_ptr<LeaderProbe> leader_probe;
    std::unique_ptr<http::Server> peers;         ///< for the others, when this one leads
    std::unique_ptr<link::Forwarder> forwarder;  ///< for agents, while another one leads
    std::unique_ptr<engine::Member> member;
    std::string objects_url;
    std::string link_at;      ///< where agents dial, whoever listens there
    bool had_agents = false;  ///< since it leads; the member's thread's

    std::atomic<std::uint16_t> link_port = 0;            ///< that agents dial; 0: not yet, or none
    std::unique_ptr<EngineDesk> desk;                    ///< null: nobody supplies hosts
    std::unique_ptr<hosts::KubernetesHosts> kubernetes;  ///< likewise

    Result<ServerAddresses> start();
    [[nodiscard]] bool is_one_of_several() const { return open_shared != nullptr; }
    Result<void> open_journal();
    Result<std::string> secret(std::string_view name);
    Result<http::FileKeyStore> credentials();
    Result<std::unique_ptr<objects::ObjectStore>> object_store();
    Result<void> open_authority();
    Result<void> open_provider();
    [[nodiscard]] http::Handlers handlers();
    Result<link::LinkServerOptions> link_options(const std::string& token);
    void publish();
    Result<link::LinkPorts> serve();
    Result<void> join_others(http::ServerOptions options, ServerAddresses& addresses);
    void follow(const std::optional<std::string>& leader);
    Result<void> lead();
    bool has_lost_its_agents();
    void stop();
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
    if (member) {
        const engine::MemberView view = member->view();
        const std::int64_t silent_ms = clock.monotonic_ms() - view.heard_ms;
        if (view.role == engine::Role::Loading)
            reasons.push_back("the journal is being read");
        else if (view.role == engine::Role::Following && !view.leader_known)
            reasons.push_back("no server leads at the moment");
        if (silent_ms > kDatabaseSilent.count())
            reasons.push_back(view.trouble.empty() ? "the database does not answer" : view.trouble);
        std::string cut_off = leader_probe ? leader_probe->trouble() : "";
        if (!cut_off.empty()) reasons.push_back(std::move(cut_off));
        if (view.role != engine::Role::Leading) return reasons;
    }
    const engine::EngineStats stats = engine->stats();
    if (stats.disk_low)
        reasons.push_back(fmt::format(
            "less than journal.reserve_bytes ({} MiB) of disk are free: changes are refused, reading goes on",
            config.journal.reserve_bytes >> 20));
    if (!stats.trouble.empty()) reasons.push_back(stats.trouble);
    return reasons;
}

Result<void> ServerParts::Impl::open_journal() {
    if (is_one_of_several()) {
        shared = TRY(open_shared(*data));
        still_leads = [this] { return shared.journal->leads(); };
        shared_files.emplace(*shared.secrets);
        deployment = shared.deployment;
        return {};
    }
    auto opened = TRY(open_own_journal(config, *data, clock.wall()));
    own_journal = std::move(opened.journal);
    still_leads = std::move(opened.still_leads);
    deployment = opened.deployment;
    return {};
}

Result<std::string> ServerParts::Impl::secret(std::string_view name) {
    std::string own = TRY(data->secret(name));
    if (!shared_files) return own;
    std::string all = TRY(shared_files->secret(name, own));
    if (all != own) TRY(write_file_atomically(data->root() / name, all));
    return all;
}

Result<http::FileKeyStore> ServerParts::Impl::credentials() {
    const http::FirstKey seed{.secret_id = text_or_empty(std::getenv("TENCENTCLOUD_SECRET_ID")),
                              .secret_key = text_or_empty(std::getenv("TENCENTCLOUD_SECRET_KEY"))};
    return shared_files ? shared_files->credentials(data->credentials(), seed, setup_rng)
                        : http::open_credentials(data->credentials(), seed, setup_rng);
}

Result<std::unique_ptr<objects::ObjectStore>> ServerParts::Impl::object_store() {
    if (config.objects.kind == config::ObjectsKind::S3) {
        const config::S3& s3 = config.objects.s3;
        if (shared_files)
            TRY(shared_files->check_bucket(
                fmt::format("bucket {} at {}, prefix \"{}\"", s3.bucket, s3.endpoint, s3.prefix)));
        return open_checked_s3_store(config);
    }
    const std::filesystem::path folder =
        config.objects.dir.empty() ? data->objects() : std::filesystem::path(config.objects.dir);
    objects::DirectoryStoreOptions options{
        .reserve_bytes = config.journal.reserve_bytes, .owner = {}, .before_step = {}};
    if (shared_files) {
        const std::string server = TRY(data->server_id());
        TRY(shared_files->check_objects(folder, server, config.objects.shared));
        options.owner = server + "-";
    }
    return objects::open_directory_store(folder, std::move(options));
}

Result<ServerAddresses> ServerParts::Impl::start() {
    // What cannot work is refused before anything is made that lasts.
    const HostPort listen = TRY(split_address(config.listen));
    rates = TRY(api::RateLimiter::make(config.settings.limits.rates));
    http::ServerOptions http_options = make_http_options(config);
    TRY(http::check(http_options));
    data.emplace(TRY(DataDir::open(config.data)));
    TRY(open_journal());
    const http::FileKeyStore credentials = TRY(this->credentials());
    announce_key(credentials, data->credentials());
    keys.emplace(credentials);
    const std::string secret = TRY(this->secret("secret"));
    const std::string link_token = agent == Agent::Inside ? TRY(data->secret("link-token")) : std::string();
    object_auth.emplace(secret);
    store = TRY(object_store());

    engine::EngineOptions engine_options{.queue_max = config.engine.queue_max,
                                         .commit_spacing = std::chrono::microseconds(config.journal.commit_spacing_us),
                                         .snapshot_bytes = config.journal.snapshot_bytes,
                                         .reserve_bytes = config.journal.reserve_bytes};
    if (still_leads) {
        engine_options.still_leads = still_leads;
        engine_options.lead_patience = kLeaseLost;
    }
    engine = std::make_unique<engine::Engine>(std::move(engine_options), state,
                                              shared.journal ? *shared.journal : *own_journal, clock, rng, on_fatal);
    if (!is_one_of_several()) spdlog::info("{}", TRY(engine->recover()));

    events = std::make_unique<events::EventHub>(events::HubOptions{.default_region = config.settings.default_region,
                                                                   .regions = config.settings.regions,
                                                                   .barrier = [this] { return barrier(*engine); }},
                                                clock);
    engine->set_sink(events.get());
    if (!is_one_of_several()) publish();

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
    services->agent_inside = agent == Agent::Inside;
    services->link_address = [this] { return join_address(config, link_port); };
    gateway = std::make_unique<api::Gateway>(*engine, *store, *services, config.settings, clock);
    if (config.log.requests) {
        request_log = std::make_unique<RequestLog>(*gateway, *events, clock, request_log_writer(config.log.format));
        engine->set_sink(request_log.get());
    }

    link = std::make_unique<link::LinkServer>(agents, make_authorizer(*object_auth, clock), clock);
    const TlsPeers peer_names{authority ? authority->roots_file() : "", pki::kPeerName};
    if (is_one_of_several()) {
        relay = std::make_unique<http::Relay>(
            http::RelayOptions{},
            TRY(TlsIdentity::open(authority->peer_certificate_file(), authority->peer_key_file(), peer_names)));
        member = std::make_unique<engine::Member>(
            engine::MemberOptions{.lost_for = kLeaseLost}, *engine, *shared.journal, clock,
            engine::Member::Calls{.on_leader = [this](const std::optional<std::string>& leader) { follow(leader); },
                                  .on_lead = [this] { return lead(); },
                                  .on_end = on_fatal,
                                  .misses_leader =
                                      [this] {
                                          return !leader_probe->trouble().empty() &&
                                                 forwarder->turned_away_within(kAgentsComeAgain);
                                      },
                                  .has_lost_its_agents = [this] { return has_lost_its_agents(); }});
        leader_probe = std::make_unique<LeaderProbe>(*relay, config.journal.lease + kBeyondLease);
    }

    http = std::make_unique<http::Server>(http_options, handlers());
    const std::uint16_t http_port = TRY(http->start());
    const bool tls = !config.http.tls_cert.empty();
    if (tls) warn_of_expiry(*http, clock);

    ServerAddresses addresses;
    addresses.scheme = tls ? "https" : "http";
    addresses.http = fmt::format("{}:{}", listen.host, http_port);
    services->public_url = fmt::format("{}://{}:{}", addresses.scheme, public_host(config, listen), http_port);
    addresses.objects_url = objects_url = services->public_url + "/objects";
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
    TRY(open_provider());
    if (is_one_of_several()) {
        TRY(join_others(http_options, addresses));
        return addresses;
    }

    const auto ports = serve();
    if (!ports && data->kept_port("link") != 0 && TRY(split_address(config.link_listen)).port == 0)
        return refuse(ErrorCode::InUse,
                      fmt::format("the agents' port {} of the last run cannot be listened on ({}); free it, or set "
                                  "link_listen to another port",
                                  data->kept_port("link"), ports.error().message));
    if (!ports) return std::unexpected(ports.error());
    link_port = ports->tls;
    if (ports->tls != 0) {
        TRY(data->keep_port("link", ports->tls));
        addresses.link = fmt::format("{}:{}", TRY(split_address(config.link_listen)).host, ports->tls);
        authority_keeper =
            std::make_unique<AuthorityKeeper>(*authority, clock, [this](WallTime now) { return authority->tend(now); });
    }
    if (ports->loopback != 0) {
        if (ports->tls == 0) TRY(data->keep_port("link", ports->loopback));
        addresses.inner_link = fmt::format("127.0.0.1:{}", ports->loopback);
    }
    if (kubernetes) kubernetes->start();
    return addresses;
}

/// Whoever supplies hosts; it begins once this server leads.
Result<void> ServerParts::Impl::open_provider() {
    if (config.settings.hosts.provider != HostProvider::Kubernetes) return {};
    if (!authority)
        return refuse(ErrorCode::InvalidParameterValue,
                      "hosts.provider is kubernetes, but Pods cannot reach a link on loopback: run gse server");
    auto wanted = TRY(kubernetes_options(config, deployment));
    spdlog::info("kubernetes: Pods in namespace {} of {} ({})", wanted.pods.space, wanted.access.url,
                 wanted.access.source);
    desk = std::make_unique<EngineDesk>(*engine, authority->sha256());
    kubernetes = std::make_unique<hosts::KubernetesHosts>(std::move(wanted), *desk, clock, log_kubernetes);
    return {};
}

Result<void> ServerParts::Impl::open_authority() {
    const std::filesystem::path folder = data->pki();
    const pki::AuthorityOptions options{.host_certificate = config.link.certificate_lifetime,
                                        .peers = is_one_of_several()};
    authority = shared_files ? TRY(shared_files->authority(folder, options, clock.wall(), pki_rng))
                             : TRY(pki::Authority::open(folder, options, clock.wall(), pki_rng));
    return {};
}

/// What the rim must know of a state that is complete now.
void ServerParts::Impl::publish() {
    events->begin(state.epoch());
    api::publish_bucket_rules(state, bucket_rules);
    api::publish_access_keys(state, *keys);
}

/// What only the server that decides does.
Result<link::LinkPorts> ServerParts::Impl::serve() {
    engine->start(*link, {.deployment_id = deployment, .objects_url = objects_url});
    return link->start(*engine);
}

/// Listens for the other servers and for agents, and begins to follow whoever leads.
Result<void> ServerParts::Impl::join_others(http::ServerOptions options, ServerAddresses& addresses) {
    const HostPort wanted = TRY(split_address(config.cluster.listen));
    const std::string host = config.cluster.advertise.empty() ? wanted.host : config.cluster.advertise;
    if (host == "0.0.0.0" || host == "[::]")
        return refuse(ErrorCode::InvalidParameterValue,
                      "cluster.listen is for all addresses of this machine: say in cluster.advertise by which one the "
                      "other servers reach it");
    options.listen = config.cluster.listen;
    options.local_api = false;
    options.tls_certificate = authority->peer_certificate_file();
    options.tls_key = authority->peer_key_file();
    options.peers = TlsPeers{authority->roots_file(), pki::kPeerName};
    options.shutdown_grace = kPeersStop;
    peers = std::make_unique<http::Server>(options, handlers());
    addresses.peers = fmt::format("{}:{}", host, TRY(peers->start()));

    addresses.link = link_at;
    const PeerAddress own{.peers = addresses.peers,
                          .link = fmt::format("{}:{}", host, TRY(split_address(link_at)).port)};
    member->set_address(to_text(own));
    member->start();
    authority_keeper = std::make_unique<AuthorityKeeper>(*authority, clock, [this](WallTime now) {
        auto changed = shared_files->tend(*authority, data->pki(), now);
        if (changed && *changed) (void)relay->identity().refresh(true);
        return changed;
    });
    return {};
}

/// Another server leads now, or nobody.
void ServerParts::Impl::follow(const std::optional<std::string>& leader) {
    const Result<Reachable> at = leader ? reach(*leader) : Result<Reachable>();
    if (leader && at) {
        relay->set_leader(at->peers.ip, at->peers.port);
        forwarder->set_target(at->link.ip, at->link.port);
        spdlog::info("cluster: the server at {} leads", *leader);
    } else {
        relay->set_no_leader();
        forwarder->set_no_target();
        if (leader) spdlog::error("cluster: the server that leads cannot be reached: {}", at.error().message);
    }
    http->leader_changed();
}

/// Asked of the leader, on the member's thread.
bool ServerParts::Impl::has_lost_its_agents() {
    bool has = false;
    const bool looked = engine->inspect([&has](const core::State& looked_at) {
        looked_at.table<core::Host>().for_each(
            [&has](core::Slot, const core::Host& host) { has = has || (host.stream != 0 && !host.silent); });
    });
    had_agents = had_agents || has;
    return looked && had_agents && !has;
}

/// This server leads from now on.
Result<void> ServerParts::Impl::lead() {
    spdlog::info("cluster: this server leads; {}", engine->lead());
    publish();
    forwarder->stop();
    TRY(serve());
    relay->serve();
    if (kubernetes) kubernetes->start();
    return {};
}

/// `gse server` speaks TLS to its agents, wherever it listens. `gse dev` has its own agent beside it, over loopback,
/// and speaks TLS to others where link_listen is not on loopback.
Result<link::LinkServerOptions> ServerParts::Impl::link_options(const std::string& token) {
    link::LinkServerOptions options;
    options.token = token;
    options.heartbeat = config.settings.timers.heartbeat;
    const HostPort wanted = TRY(split_address(config.link_listen));
    std::string listen = fmt::format("{}:{}", wanted.host, wanted.port != 0 ? wanted.port : data->kept_port("link"));
    if (is_one_of_several()) {
        // Agents are served from here on, by whoever leads; the link itself listens there in its turn.
        forwarder = std::make_unique<link::Forwarder>(link::ForwarderOptions{.listen = listen});
        const std::uint16_t port = TRY(forwarder->start());
        TRY(data->keep_port("link", port));
        link_port = port;
        link_at = listen = fmt::format("{}:{}", wanted.host, port);
    }
    if (agent == Agent::Inside && is_loopback_host(wanted.host)) {
        options.loopback_listen = listen;
        return options;
    }
    if (agent == Agent::Inside) options.loopback_listen = "127.0.0.1:0";
    TRY(open_authority());
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
                MetricSources sources{.engine = *engine,
                                      .settings = config.settings,
                                      .calls = gateway->counts(),
                                      .http = http->stats(),
                                      .ready = not_ready().empty()};
                if (member) sources.member = member->view();
                if (relay) sources.relay = relay->stats();
                if (leader_probe) sources.leader_reached = leader_probe->trouble().empty();
                return metrics_text(sources);
            },
        .not_ready = [this] { return not_ready(); },
        .console = console_files(),
        .console_door = &*console_door,
        .temporary_keys = &*temporary_keys,
        .bucket_rules = &bucket_rules,
        .is_upload_bucket = [this](std::string_view bucket) { return api::is_upload_bucket(config.settings, bucket); },
        .on_tls_reload = log_tls_reload,
        .events = events.get(),
        .relay = relay.get(),
        .regions = [this] { return regions(); }};
}

void ServerParts::Impl::stop() {
    // Nobody takes the lead on the way out; what leads keeps its lease until all is said.
    if (member) member->stop();
    if (http) http->stop();
    if (peers) peers->stop();
    leader_probe.reset();
    if (local_http) local_http->stop();
    authority_keeper.reset();
    if (forwarder) forwarder->stop();
    if (kubernetes) kubernetes->stop();
    if (link) link->stop();
    if (engine) engine->stop();
    own_journal.reset();  // gives its lead up, where it has one
    if (!shared.journal) return;
    if (const auto resigned = shared.journal->resign(); !resigned)
        spdlog::warn("cluster: the lead could not be given up, it ends with its lease: {}", resigned.error().message);
}

ServerParts::ServerParts(const config::Config& config, std::function<void(const Error&)> on_fatal, Agent agent,
                         OpenShared open_shared)
    : impl_(std::make_unique<Impl>(config, std::move(on_fatal), agent, std::move(open_shared))) {}

ServerParts::~ServerParts() { stop(); }

Result<ServerAddresses> ServerParts::start() { return impl_->start(); }

void ServerParts::reload() {
    if (impl_->http) impl_->http->reload_tls();
}

void ServerParts::stop() { impl_->stop(); }

}  // namespace gse
