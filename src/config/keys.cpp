#include "config/keys.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/edit_distance.h"

namespace gse::config {
namespace {

using namespace std::chrono_literals;

constexpr Millis kDay = 24h;
constexpr Millis kYear = 365 * kDay;
constexpr std::uint64_t kMany = 1'000'000'000'000;

/// The documented numbers of the original [资源限制].
void restore_2019(Limits& limits) {
    limits.aliases_per_region = 20;
    limits.fleets_per_region = 20;
    limits.assets_per_region = 1'000;
    limits.instances_per_region = 20;
    limits.queues_per_region = 20;
    limits.asset_bytes_per_region = 100ULL << 30;
    limits.players_per_session = 200;
    limits.rates.documented = true;
}

bool is_2019(const Limits& limits) {
    Limits documented = limits;
    restore_2019(documented);
    return documented.aliases_per_region == limits.aliases_per_region &&
           documented.fleets_per_region == limits.fleets_per_region &&
           documented.assets_per_region == limits.assets_per_region &&
           documented.instances_per_region == limits.instances_per_region &&
           documented.queues_per_region == limits.queues_per_region &&
           documented.asset_bytes_per_region == limits.asset_bytes_per_region &&
           documented.players_per_session == limits.players_per_session &&
           documented.rates.documented == limits.rates.documented;
}

/// A choice among the values of an enum whose words stand in the order of its enumerators.
#define GSE_CHOICE(member) \
    [](const Config& c) { return static_cast<std::size_t>(c.member); }, \
        [](Config& c, std::size_t word) { c.member = static_cast<decltype(c.member)>(word); }
/// By reference, which is what the parentheses are for.
#define GSE_AT(member) [](Config& c) -> decltype(auto) { return (c.member); }

const std::vector<Key>& table() {
    static const std::vector<Key> kKeys{
        {"listen", Address{GSE_AT(listen)}, "HTTP address: cloud API, objects, metrics. Port 0 lets the kernel choose"},
        {"sdk_listen", Address{GSE_AT(sdk_listen)},
         "gRPC address that game processes on this host call; loopback only. A chosen port is kept in the data folder"},
        {"link_listen", Address{GSE_AT(link_listen)},
         "gRPC address that agents dial, over TLS with certificates that the server makes itself; only gse dev on "
         "loopback "
         "does without"},
        {"data", Text{GSE_AT(data)}, "folder of journal, objects, credentials and the agent's state"},
        {"public_address", Text{GSE_AT(public_address)}, "address that players are told; empty: the one of listen"},
        {"insecure_http", Flag{GSE_AT(insecure_http)},
         "serve plain HTTP beyond loopback, for use behind a TLS proxy; not needed with http.tls_cert"},
        {"default_region", Text{GSE_AT(settings.default_region)}, "region of requests that name none"},
        {"regions", TextList{GSE_AT(settings.regions)}, "names of the regions; others are UnsupportedRegion"},
        {"uin", Text{GSE_AT(settings.uin)}, "account number in resource names (ARNs); digits"},
        {"instance_types", InstanceTypes{GSE_AT(settings.instance_types)},
         "what fleets may ask for: memory_gb in GiB, network_card in 10,000 packets a second"},

        {"timers.minute", Duration{GSE_AT(settings.timers.minute), 1ms, 1h},
         "length of a minute wherever the API counts minutes (cool-down, evaluation periods, protection)"},
        {"timers.reservation", Duration{GSE_AT(settings.timers.reservation), 1ms, kDay},
         "a reserved seat that nobody takes is TIMEDOUT after this"},
        {"timers.process_ready", Duration{GSE_AT(settings.timers.process_ready), 1ms, kDay},
         "a launched process must call ProcessReady within this"},
        {"timers.process_exit", Duration{GSE_AT(settings.timers.process_exit), 1ms, kDay},
         "after ProcessEnding a process must exit within this, then SIGKILL"},
        {"timers.end_grace", Duration{GSE_AT(settings.timers.end_grace), 0ms, kDay},
         "EndGameServerSessionAndProcess: from OnProcessTerminate to SIGKILL"},
        {"timers.unprotected_grace", Duration{GSE_AT(settings.timers.unprotected_grace), 0ms, kDay},
         "scale-in of an unprotected process: from OnProcessTerminate to SIGKILL"},
        {"timers.drain_grace", Duration{GSE_AT(settings.timers.drain_grace), 0ms, kDay},
         "scale-in: from shielding an instance to OnProcessTerminate"},
        {"timers.health_interval", Duration{GSE_AT(settings.timers.health_interval), 1ms, kDay},
         "between health checks of a process; the first comes one interval after ProcessReady"},
        {"timers.health_timeout", Duration{GSE_AT(settings.timers.health_timeout), 1ms, kDay},
         "a health check answered later than this has failed"},
        {"timers.health_failures", Count{GSE_AT(settings.timers.health_failures), 1, 1'000},
         "failed health checks in a row that make a process unhealthy"},
        {"timers.sdk_call", Duration{GSE_AT(settings.timers.sdk_call), 1ms, 1h},
         "a game's SDK call waits at most this long for the commit, then UNAVAILABLE"},
        {"timers.heartbeat", Duration{GSE_AT(settings.timers.heartbeat), 1ms, 1h}, "between an agent's signs of life"},
        {"timers.host_silent", Duration{GSE_AT(settings.timers.host_silent), 1ms, kDay},
         "a host silent for this long gets no new sessions; those it has keep their status"},
        {"timers.host_lost", Duration{GSE_AT(settings.timers.host_lost), 1ms, kDay},
         "a host silent for this long is given up: SERVER_DOWN, its instances are replaced"},
        {"timers.restored_grace", Duration{GSE_AT(settings.timers.restored_grace), 0ms, 30 * kDay},
         "after gse restore: how long matches that the backup does not know may go on"},
        {"timers.host_start", Duration{GSE_AT(settings.timers.host_start), 1s, kDay},
         "with hosts.provider: the machine of a host runs, and its agent must connect within this"},
        {"timers.restart_backoff_min", Duration{GSE_AT(settings.timers.restart_backoff_min), 1ms, kDay},
         "first wait before a crashed process is launched again; doubles with each crash"},
        {"timers.restart_backoff_max", Duration{GSE_AT(settings.timers.restart_backoff_max), 1ms, kDay},
         "longest wait before a crashed process is launched again"},
        {"timers.restart_backoff_reset", Duration{GSE_AT(settings.timers.restart_backoff_reset), 1ms, kDay},
         "a process that lived this long starts over at the shortest wait"},
        {"timers.fleet_creation", Duration{GSE_AT(settings.timers.fleet_creation), 1ms, kDay},
         "a fleet must be ACTIVE within this, counted while a host has its instance, else FLEET_VALIDATION_TIMED_OUT"},
        {"timers.port_quarantine", Duration{GSE_AT(settings.timers.port_quarantine), 0ms, kDay},
         "a freed port rests, so that late packets of the old match reach nobody"},

        {"limits.profile",
         Choice{{"machine", "gse-2019"},
                [](const Config& c) { return is_2019(c.settings.limits) ? std::size_t{1} : std::size_t{0}; },
                [](Config& c, std::size_t word) {
                    c.settings.limits = Limits{};
                    if (word == 1) restore_2019(c.settings.limits);
                }},
         "machine: what the machine can hold; gse-2019: the original's documented quotas and rates. Single limits "
         "override it"},
        {"limits.aliases_per_region", Count{GSE_AT(settings.limits.aliases_per_region), 1, kMany},
         "aliases of a region"},
        {"limits.fleets_per_region", Count{GSE_AT(settings.limits.fleets_per_region), 1, kMany}, "fleets of a region"},
        {"limits.assets_per_region", Count{GSE_AT(settings.limits.assets_per_region), 1, kMany}, "assets of a region"},
        {"limits.instances_per_region", Count{GSE_AT(settings.limits.instances_per_region), 1, kMany},
         "instances of a region; the hosts' capacity bounds them besides"},
        {"limits.queues_per_region", Count{GSE_AT(settings.limits.queues_per_region), 1, kMany}, "queues of a region"},
        {"limits.destinations_per_queue", Count{GSE_AT(settings.limits.destinations_per_queue), 1, 100},
         "destinations of a queue"},
        {"limits.placements_per_queue", Count{GSE_AT(settings.limits.placements_per_queue), 1, 1'000'000},
         "placements of a queue that are PENDING at once; further ones are refused"},
        {"limits.policies_per_fleet", Count{GSE_AT(settings.limits.policies_per_fleet), 1, 10'000},
         "rule-based scaling policies of a fleet"},
        {"limits.timers_per_fleet", Count{GSE_AT(settings.limits.timers_per_fleet), 1, 10'000},
         "timed scaling policies of a fleet"},
        {"limits.asset_bytes_per_region", Size{GSE_AT(settings.limits.asset_bytes_per_region), 1, 1ULL << 60},
         "all registered packages of a region together"},
        {"limits.players_per_session", Count{GSE_AT(settings.limits.players_per_session), 1, 1'000'000},
         "largest MaximumPlayerSessionCount"},
        {"limits.waiting_calls", Count{GSE_AT(settings.limits.waiting_calls), 0, 100'000},
         "WaitGameServerSessionPlacement calls that wait at once; further ones are RequestLimitExceeded"},
        {"limits.hosts", Count{GSE_AT(settings.limits.hosts), 1, 1'000'000}, "hosts that may enrol"},
        {"limits.host_tokens", Count{GSE_AT(settings.limits.host_tokens), 1, 1'000'000},
         "enrolment tokens of hosts that have not expired, used ones among them"},
        {"limits.access_keys", Count{GSE_AT(settings.limits.access_keys), 1, 10'000},
         "access keys, those of credentials.toml besides"},
        {"limits.rates", RateTable{GSE_AT(settings.limits.rates)},
         "calls a second of each action, with one key in one region: off, gse-2019 (the original's), or a table of "
         "actions, as in {profile = \"gse-2019\", CreateAlias = 5}; 0: no limit. limits.rates.CreateAlias sets one"},
        {"limits.package_bytes", Size{GSE_AT(settings.limits.package_bytes), 1, kMany},
         "largest package that is taken"},
        {"limits.log_bytes_per_session", Size{GSE_AT(settings.limits.log_bytes_per_session), 0, kMany},
         "logs collected when a session ends"},
        {"limits.silent_share", Share{GSE_AT(settings.limits.silent_share), 0.0, 1.0},
         "if more than this share of a region's hosts falls silent at once, shield them and raise an alarm, no more"},

        {"retention.ended_sessions", Duration{GSE_AT(settings.retention.ended_sessions), 0ms, kYear},
         "ended game server sessions stay queryable for this long"},
        {"retention.ended_sessions_max", Count{GSE_AT(settings.retention.ended_sessions_max), 0, kMany},
         "and at most this many of them"},
        {"retention.ended_players", Duration{GSE_AT(settings.retention.ended_players), 0ms, kYear},
         "ended player sessions stay queryable for this long"},
        {"retention.ended_players_max", Count{GSE_AT(settings.retention.ended_players_max), 0, kMany},
         "and at most this many of them"},
        {"retention.ended_placements", Duration{GSE_AT(settings.retention.ended_placements), 0ms, kYear},
         "ended placements stay queryable for this long, and their PlacementId stays taken"},
        {"retention.ended_placements_max", Count{GSE_AT(settings.retention.ended_placements_max), 0, kMany},
         "and at most this many of them"},
        {"retention.decisions", Count{GSE_AT(settings.retention.decisions), 0, 10'000'000},
         "the newest decisions that DescribePlacementDecision can explain; in memory only, gone with a restart"},
        {"retention.events_per_fleet", Count{GSE_AT(settings.retention.events_per_fleet), 1, 1'000'000},
         "the newest events of a fleet that are kept"},
        {"retention.statistics", Duration{GSE_AT(settings.retention.statistics), 0ms, 10 * kYear},
         "the use of an instance that is gone stays in the statistics for this long"},
        {"retention.statistics_max", Count{GSE_AT(settings.retention.statistics_max), 0, kMany},
         "and at most this many of them"},
        {"retention.deleted_fleets", Duration{GSE_AT(settings.retention.deleted_fleets), 0ms, kYear},
         "events of a deleted fleet stay queryable for this long; while a token is remembered, they do anyway"},
        {"retention.idempotency", Duration{GSE_AT(settings.retention.idempotency), kDay, kYear},
         "an IdempotencyToken names the same session for this long"},

        {"scaling.cooldown_minutes", Count{GSE_AT(settings.scaling.cooldown_minutes), 3, 30},
         "ScalingInterval of a new fleet, in minutes of timers.minute"},
        {"scaling.cooldown",
         Choice{{"in", "both"},
                [](const Config& c) { return std::size_t{c.settings.scaling.cooldown_delays_scale_out}; },
                [](Config& c, std::size_t word) { c.settings.scaling.cooldown_delays_scale_out = word == 1; }},
         "in: the cool-down delays shrinking only, a fleet grows at once; both: as the original did"},

        {"hosts.port_low", Count{GSE_AT(settings.hosts.port_low), 1'025, 60'000},
         "lowest port handed to game processes"},
        {"hosts.port_high", Count{GSE_AT(settings.hosts.port_high), 1'025, 60'000},
         "highest port handed to game processes"},
        {"hosts.ports_beyond", Flag{GSE_AT(settings.hosts.ports_beyond)},
         "a fleet whose InboundPermissions share no port with that range gets ports of its permissions; false: it "
         "waits "
         "until a host's range holds some"},
        {"hosts.share", Flag{GSE_AT(settings.hosts.share)},
         "several instances may share a host; false for game servers with fixed ports"},

        {"hosts.packing", Choice{{"spread", "fill"}, GSE_CHOICE(settings.hosts.packing)},
         "which host takes an instance: spread: the one with the fewest of the fleet, then the most free room; fill: "
         "the "
         "one with the least free room"},

        {"hosts.provider", Choice{{"hosts", "kubernetes"}, GSE_CHOICE(settings.hosts.provider)},
         "where an instance goes that no host has room for. hosts: nowhere, it waits; kubernetes: into a Pod of its "
         "own"},

        {"kubernetes.kubeconfig", Text{GSE_AT(kubernetes.kubeconfig)},
         "file that says how to reach the API server; empty: the service account of the Pod that the server runs in"},
        {"kubernetes.context", Text{GSE_AT(kubernetes.context)}, "context of that file; empty: its current-context"},
        {"kubernetes.namespace", Text{GSE_AT(kubernetes.space)},
         "namespace of the Pods; empty: the one of the context or service account"},
        {"kubernetes.server", Address{GSE_AT(kubernetes.server), true, true},
         "the server's link_listen as agents in Pods reach it, such as gse-server.gse.svc:7070; of several servers, "
         "all, with commas between"},
        {"kubernetes.image", Text{GSE_AT(kubernetes.image)},
         "image of the container named agent; empty: each template names one"},
        {"kubernetes.templates", Text{GSE_AT(kubernetes.templates)},
         "folder of Pod templates in YAML or JSON: FLEET-NAME.yaml, else INSTANCE-TYPE.yaml, else default.yaml"},
        {"kubernetes.internal_address", Flag{GSE_AT(kubernetes.internal_address)},
         "players are told the InternalIP of nodes; false: the ExternalIP where there is one"},
        {"kubernetes.address_annotation", Text{GSE_AT(kubernetes.address_annotation)},
         "annotation or label of nodes that holds the address by which players reach them; empty: none"},
        {"kubernetes.grace", Duration{GSE_AT(kubernetes.grace), 1s, 30 * kDay},
         "time for running matches when others end a Pod (eviction, preemption, a node that is drained)"},
        {"kubernetes.orphan_grace", Duration{GSE_AT(kubernetes.orphan_grace), 0ms, kYear},
         "a Pod of this deployment that nothing wants is removed after this"},
        {"kubernetes.agent_settings", TextList{GSE_AT(kubernetes.agent_settings), 0},
         "further settings of agents in Pods, each KEY=VALUE"},

        {"objects.keep_uploads", Duration{GSE_AT(settings.objects.keep_uploads), 0ms, kYear},
         "an uploaded package is removed after this; CreateAsset has made its own copy by then. 0s: never"},

        {"objects.kind", Choice{{"directory", "s3"}, GSE_CHOICE(objects.kind)},
         "where packages and logs are: a folder, or a bucket of an S3-compatible store, which several servers share"},
        {"objects.dir", Text{GSE_AT(objects.dir)}, "folder of packages and logs; empty: objects in the data folder"},
        {"objects.shared", Flag{GSE_AT(objects.shared)},
         "all servers of the deployment see that folder; several servers do not start without"},
        {"objects.s3.endpoint", Text{GSE_AT(objects.s3.endpoint)},
         "URL of the S3-compatible store, such as https://s3.eu-central-1.amazonaws.com or http://127.0.0.1:9000"},
        {"objects.s3.region", Text{GSE_AT(objects.s3.region)}, "region of the bucket"},
        {"objects.s3.bucket", Text{GSE_AT(objects.s3.bucket)}, "the bucket; the server does not make it"},
        {"objects.s3.prefix", Text{GSE_AT(objects.s3.prefix)},
         "before every key of this deployment in the bucket; empty, or ends in /"},
        {"objects.s3.path_style", Flag{GSE_AT(objects.s3.path_style)},
         "the bucket is in the path, as every store takes it; false: it is the first part of the host name"},
        {"objects.s3.access_key_id", Text{GSE_AT(objects.s3.access_key_id)},
         "access key of the store; empty: the environment's AWS_ACCESS_KEY_ID"},
        {"objects.s3.secret_key_file", Text{GSE_AT(objects.s3.secret_key_file)},
         "file of mode 0600 with its secret key; empty: the environment's AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN "
         "if there is one"},
        {"objects.s3.ca_file", Text{GSE_AT(objects.s3.ca_file)},
         "PEM file of the CA that the store's certificate comes from; empty: those of the system"},
        {"objects.s3.timeout", Duration{GSE_AT(objects.s3.timeout), 1s, 10min},
         "a request that moves no byte for this long has failed; what failed is tried again up to four times"},
        {"objects.s3.part_bytes", Size{GSE_AT(objects.s3.part_bytes), 5ULL << 20, 512ULL << 20},
         "larger objects go up in parts of this; each upload under way holds one in memory"},

        {"log.level", Choice{{"trace", "debug", "info", "warn", "error", "off"}, GSE_CHOICE(log.level)},
         "what is worth a line on stderr"},
        {"log.format", Choice{{"text", "json"}, GSE_CHOICE(log.format)}, "for people or for collectors"},
        {"log.requests", Flag{GSE_AT(log.requests)},
         "a line for each call that changes something or is refused, and for what becomes of placements, sessions and "
         "players, all with the request id; at most 200 a second"},

        {"journal.kind", Choice{{"sqlite", "postgres"}, GSE_CHOICE(journal.kind)},
         "where the state lives: files in the data folder, or a PostgreSQL database"},
        {"journal.postgres", Text{GSE_AT(journal.postgres), true},
         "connection string of the database, in PostgreSQL's form: host=db1,db2 dbname=gse user=gse "
         "target_session_attrs=read-write sslmode=verify-full; a password is better kept in a passfile"},
        {"journal.schema", Text{GSE_AT(journal.schema)}, "schema of the database with the tables"},
        {"journal.lease", Duration{GSE_AT(journal.lease), 1s, 1min},
         "a server that cannot reach the database stops answering after this; then another one may lead"},
        {"journal.patience", Duration{GSE_AT(journal.patience), 1s, 10min},
         "a commit waits this long for a database that has gone (a fail-over of it) before the server starts again"},
        {"journal.reserve_bytes", Size{GSE_AT(journal.reserve_bytes), 1 << 20, kMany},
         "with less free disk than this, changes are refused and reads go on"},
        {"journal.segment_bytes", Size{GSE_AT(journal.segment_bytes), 1 << 20, 16ULL << 30},
         "size of one segment of the log"},
        {"journal.snapshot_bytes", Size{GSE_AT(journal.snapshot_bytes), 1 << 20, kMany},
         "log written since the last snapshot that makes the next one due, if it is as much as that took; bounds "
         "recovery"},
        {"journal.commit_spacing_us", Count{GSE_AT(journal.commit_spacing_us), 0, 100'000},
         "microseconds between commits under load, twice that when much gathers; an idle journal commits at once"},

        {"secrets.key_file", Text{GSE_AT(secrets.key_file)},
         "file that gse config secrets-key makes, mode 0600, the same on all servers of one database: seals "
         "the secrets they share; empty: no other server uses the database"},

        {"http.threads", Count{GSE_AT(http.threads), 1, 256}, "I/O loops"},
        {"http.max_connections", Count{GSE_AT(http.max_connections), 1, 1'000'000},
         "connections held at once, but no more than three quarters of the files that the process may have open; "
         "further ones are "
         "closed"},
        {"http.known_hosts", TextList{GSE_AT(http.known_hosts), 0},
         "names by which browsers may call the console and other unsigned paths, besides IP addresses, localhost and "
         "public_address"},
        {"http.tls_cert", Text{GSE_AT(http.tls_cert)},
         "PEM file with the certificate chain of the HTTP port, which speaks HTTPS then; read again when it changes"},
        {"http.tls_key", Text{GSE_AT(http.tls_key)},
         "PEM file with the certificate's private key; keep the file at mode 0600"},

        {"metrics.token", Text{GSE_AT(metrics_token), true},
         "bearer token that /metrics asks for off loopback; empty: refused there"},
        {"metrics.memory_bytes", Size{GSE_AT(settings.metrics.memory_bytes), 1 << 20, kMany},
         "memory for the samples of the last 24 hours; beyond it what has ended goes first, then the oldest hour"},
        {"metrics.instance_labels", Flag{GSE_AT(settings.metrics.instance_labels)},
         "/metrics tells of each instance too: series without a bound where instances come and go"},

        {"link.certificate_lifetime", Duration{GSE_AT(link.certificate_lifetime), 1min, kYear},
         "how long a host's certificate is good for; its agent gets a fresh one after two thirds of it"},

        {"cluster.listen", Address{GSE_AT(cluster.listen)},
         "where the other servers of the deployment reach this one, over TLS with certificates that they make "
         "themselves; used only with a journal that servers share"},
        {"cluster.advertise", Text{GSE_AT(cluster.advertise)},
         "host name or IP address by which the other servers reach this one; empty: that of cluster.listen"},

        {"agent.server", Address{GSE_AT(agent.server), true, true},
         "gse agent: the server's link_listen address; of several servers, any number of theirs with commas between"},
        {"agent.token_file", Text{GSE_AT(agent.token_file)},
         "gse agent: file with an enrolment token, which gse host token prints; needed until this host has its "
         "certificate"},
        {"agent.name", Text{GSE_AT(agent.name)}, "name of this host; empty: the machine's host name"},
        {"agent.region", Text{GSE_AT(agent.region)}, "region this host serves; empty: every region"},
        {"agent.capacity", Count{GSE_AT(agent.capacity), 1, 100'000}, "instances this host offers"},
        {"agent.cpus", Count{GSE_AT(agent.cpus), 0, 100'000},
         "vCPUs this host offers: instances get no more by their types; 0: instances are only counted"},
        {"agent.memory", Size{GSE_AT(agent.memory_bytes), 0, 1ULL << 50},
         "memory this host offers, likewise; 0B: instances are only counted"},
        {"agent.labels", TextList{GSE_AT(agent.labels), 0}, "what else is to be known of this host, each KEY=VALUE"},
        {"agent.instance_types", TextList{GSE_AT(agent.instance_types), 0},
         "instance types this host offers, by the names of instance_types; none: all of them"},
        {"agent.type_limits", Choice{{"auto", "off", "memory", "on"}, GSE_CHOICE(agent.type_limits)},
         "whether instances are held to the vCPUs and the memory of their instance type, by control groups: on, "
         "memory only, or off; auto: on for gse agent, off in gse dev, where instances are only counted"},
        {"agent.process_memory", Size{GSE_AT(agent.process_memory_bytes), 0, 1ULL << 50},
         "memory that one game process may take, by control groups or, without them, prlimit; 0B: no limit"},
        {"agent.process_cpu", Count{GSE_AT(agent.process_cpu_percent), 0, 100'000},
         "share of the processor that one game process may take, in percent of a core, by control groups; 0: no limit"},
        {"agent.sandbox", Choice{{"auto", "bubblewrap", "none"}, GSE_CHOICE(agent.sandbox)},
         "auto: bubblewrap where the machine allows it, else none with a warning"},
        {"agent.drain_on_stop", Flag{GSE_AT(agent.drain_on_stop)},
         "SIGTERM: true: the agent ends once the server has taken the last instance from it, which a drain brings "
         "about; "
         "false: it ends at once, and the next one on this machine takes its games over"},
        {"agent.access_user", Text{GSE_AT(agent.access_user)},
         "user name that GetInstanceAccess answers for this host; only where capacity is 1"},
        {"agent.access_key_file", Text{GSE_AT(agent.access_key_file)},
         "private SSH key (PEM) that GetInstanceAccess answers for this host; keep the file at mode 0600"},
        {"agent.objects_url", Text{GSE_AT(agent.objects_url)},
         "the server's /objects as this host reaches it, such as http://gse.gse.svc:8080/objects; empty: by the "
         "address "
         "that the server says"},
        {"agent.ca_file", Text{GSE_AT(agent.ca_file)},
         "PEM file of the CA that the server's HTTPS certificate comes from; empty: those of the system"},
        {"agent.ping_http", Address{GSE_AT(agent.ping_http), true},
         "where this host answers GET /v1/ping for players who choose a region; 0.0.0.0:8888 for all; empty: nowhere"},
        {"agent.ping_udp", Address{GSE_AT(agent.ping_udp), true},
         "where it gives UDP packets back for the same purpose, never more than it got; empty: nowhere"},
        {"agent.package_cache_bytes", Size{GSE_AT(agent.package_cache_bytes), 1 << 20, kMany},
         "unpacked packages kept for the next instance"},

        {"engine.queue_max", Count{GSE_AT(engine.queue_max), 1, 10'000'000},
         "calls waiting to be decided; beyond it RequestLimitExceeded"},
    };
    return kKeys;
}

#undef GSE_AT
#undef GSE_CHOICE

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
constexpr Unit kDurationUnits[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit kSizeUnits[] = {
    {"TiB", 1ULL << 40},
    {"GiB", 1ULL << 30},
    {"MiB", 1ULL << 20},
    {"KiB", 1ULL << 10},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"KB", 1'000},
    {"B", 1},
};

/// `number unit`, in the unit's smallest parts; refuses what does not fit an int64.
Result<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units, std::string_view example) {
    const auto malformed = [&] {
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("\"{}\" must be a whole number and a unit, such as {}", text, example));
    };
    std::uint64_t number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (status != std::errc{}) return malformed();
    const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
    const auto unit = std::ranges::find(units, name, &Unit::name);
    if (unit == units.end()) return malformed();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / unit->factor)
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("\"{}\" is too large", text));
    return number * unit->factor;
}

/// With the largest unit that leaves a whole number.
std::string format_with_unit(std::uint64_t value, std::span<const Unit> units, std::string_view zero) {
    if (value == 0) return std::string{zero};
    for (const Unit& unit : units)
        if (value % unit.factor == 0) return fmt::format("{}{}", value / unit.factor, unit.name);
    return fmt::format("{}{}", value, units.back().name);
}

}  // namespace

std::span<const Key> keys() { return table(); }

Result<Millis> parse_duration(std::string_view text) {
    return Millis{
        static_cast<std::int64_t>(TRY(parse_with_unit(text, kDurationUnits, "\"500ms\", \"60s\", \"5m\" or \"24h\"")))};
}

std::string format_duration(Millis value) {
    return format_with_unit(static_cast<std::uint64_t>(value.count()), kDurationUnits, "0s");
}

Result<std::uint64_t> parse_size(std::string_view text) {
    return parse_with_unit(text, kSizeUnits, "\"64MiB\" or \"2GB\"");
}

std::string format_size(std::uint64_t bytes) { return format_with_unit(bytes, kSizeUnits, "0B"); }

std::string_view nearest_key(std::string_view name) {
    // A forgotten or wrong table name should not hide the right last word.
    const auto distance = [name](const Key& key) {
        const std::size_t whole = edit_distance(name, key.name);
        const auto dot = key.name.rfind('.');
        if (dot == std::string_view::npos) return whole;
        const auto last = name.substr(name.rfind('.') == std::string_view::npos ? 0 : name.rfind('.') + 1);
        return std::min(whole, edit_distance(last, key.name.substr(dot + 1)) + 1);
    };
    return std::ranges::min_element(keys(), {}, distance)->name;
}

}  // namespace gse::config
