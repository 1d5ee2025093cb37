/// The HTTP or HTTPS port: the cloud API on `/`, objects, health, metrics, the console.
///
///   POST, GET /                      the cloud API, signed (TC3-HMAC-SHA256 or version 1)
///   PUT, GET, HEAD /objects/<b>/<k>  packages and logs, by the authorization texts of ObjectAuth; PUT into upload
///                                    buckets also signed with a key (TC3-HMAC-SHA256, UNSIGNED-PAYLOAD)
///   OPTIONS /objects/<b>/<k>         preflights of browsers, by the bucket's CORS rule
///   POST /capi                       the cloud API without a signature, for this machine only, where local_api is set
///   GET /events                      what changes, as server-sent events; signed as a GET of the API is
///   GET /healthz, /readyz, /metrics, /v1/ping, /v1/regions, /console/
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "engine/api_port.h"
#include "http/console_sessions.h"
#include "http/event_source.h"
#include "http/key_store.h"
#include "http/relay.h"
#include "objects/bucket_rules.h"
#include "objects/object_auth.h"
#include "objects/object_store.h"
#include "objects/temporary_keys.h"

namespace gse::http {

struct ServerOptions {
    std::string listen = "127.0.0.1:8080";  ///< IP address or `localhost`, and port; port 0: the kernel chooses
    bool insecure_http = false;             ///< allows an address that is not loopback without TLS
    std::string tls_certificate;            ///< PEM file with the certificate chain; empty: plain HTTP
    std::string tls_key;                    ///< PEM file with its private key; only its owner and group may read it
    int threads = 1;                        ///< I/O threads, 1 to 64
    int worker_threads = 2;                 ///< threads that wait for the disk, 1 to 64
    /// With tls_certificate and tls_key: this port is for the other servers of the deployment, which prove it by a
    /// certificate of theirs, and whose clients' connections come through it.
    std::optional<TlsPeers> peers;
    std::vector<std::string> known_hosts;  ///< names besides IP addresses and localhost for the unsigned paths
    bool secure_cookies = false;           ///< the console's cookies go over TLS only
    bool local_api = false;                ///< serves /capi to this machine, unsigned: for gse dev
    std::string metrics_token;             ///< `Authorization: Bearer <token>` lets others than loopback read /metrics

    std::size_t connections_max = 10'000;  ///< further ones are closed at once
    std::size_t pipeline_max = 128;  ///< unanswered requests of one connection; further ones are not read meanwhile
    std::size_t header_bytes = 32 * 1024;
    std::size_t query_bytes = 32 * 1024;           ///< of GET
    std::size_t form_bytes = 1024 * 1024;          ///< POST with a version 1 signature
    std::size_t body_bytes = 10 * 1024 * 1024;     ///< any other POST
    std::size_t bodies_bytes = 512 * 1024 * 1024;  ///< half-read bodies of all connections together
    std::uint64_t object_bytes = 8ULL * 1024 * 1024 * 1024;

    std::size_t handshakes_max = 1'024;                   ///< at once; further connections are closed
    Millis handshake_time = std::chrono::seconds{10};     ///< for all of one
    Millis tls_check_interval = std::chrono::seconds{2};  ///< between two looks at the files of certificate and key

    Millis idle = std::chrono::seconds{75};         ///< between requests
    Millis header_time = std::chrono::seconds{10};  ///< from a request's first byte to the end of its header
    /// A body coming in, and an answer going out, has this long plus the time its bytes take at the rate below.
    Millis transfer_grace = std::chrono::seconds{10};
    std::uint64_t transfer_bytes_per_second = 16 * 1024;
    Millis shutdown_grace = std::chrono::seconds{5};  ///< for what is under way when stop() is called
};

/// One file of the console, embedded in the binary.
struct StaticFile {
    std::string_view path;  ///< behind `/console/`: `index.html`, `assets/app.js`
    std::string_view content_type;
    std::string_view content;
    std::string_view gzipped = {};  ///< the same packed; empty where packing gains nothing
};

/// The console, for people who sign in. Everything is thread-safe and outlives the server.
struct ConsoleDoor {
    ConsoleSessions& sessions;
    std::string about;  ///< JSON members that every answer to a sign-in carries: `"Regions":[…],"Version":"…"`
    /// Called on a worker thread: puts the demo game (`version` is `v1` or `v2`) into a region's upload bucket; its
    /// key.
    std::function<Result<std::string>(std::string_view region, std::string_view version)> put_demo;
};

/// What the server hands requests to. Everything referred to outlives the server and is thread-safe.
struct Handlers {
    engine::ApiPort& api;
    /// engine::error_body
    std::string (*error_body)(const Error& error, std::string_view request_id);
    const KeyStore& keys;
    objects::ObjectStore& objects;
    const objects::ObjectAuth& object_auth;
    const Clock& clock;
    /// Called on a worker thread: the text of /metrics in Prometheus' format.
    std::function<std::string()> metrics;
    /// Called on a worker thread: why the system is not ready; empty when it is.
    std::function<std::vector<std::string>()> not_ready;
    std::span<const StaticFile> console;                     ///< empty: a page that says so
    ConsoleDoor* console_door = nullptr;                     ///< null: nobody can sign in
    const objects::TemporaryKeys* temporary_keys = nullptr;  ///< null: there are none
    const objects::BucketRules* bucket_rules = nullptr;      ///< null: no browser of another origin gets an object
    /// Whether whoever has a key may put objects there, signing the request; empty: nowhere.
    std::function<bool(std::string_view bucket)> is_upload_bucket = {};
    /// Called after changed TLS files were read: what is in force now, or why the old pair stays. From any thread.
    std::function<void(const Result<std::string>& outcome)> on_tls_reload = {};
    EventSource* events = nullptr;  ///< null: /events is not found
    Relay* relay = nullptr;         ///< null: this server is the only one
    /// Called on a worker thread: the JSON of /v1/regions; "" when it cannot be told now.
    std::function<std::string()> regions = {};
};

/// Counted since start().
struct ServerStats {
    std::uint64_t connections_open = 0;
    std::uint64_t connections = 0;          ///< accepted
    std::uint64_t connections_refused = 0;  ///< over connections_max
    std::uint64_t api_requests = 0;
    std::uint64_t other_requests = 0;
    std::uint64_t shed_requests = 0;       ///< refused because requests waited too long for their loop
    std::uint64_t malformed_requests = 0;  ///< not HTTP, or over a limit
    std::uint64_t timeouts = 0;            ///< connections closed for being idle or slow
    std::uint64_t tls_handshakes = 0;      ///< completed
    std::uint64_t tls_handshakes_failed = 0;
    std::uint64_t tls_handshakes_open = 0;     ///< under way
    std::uint64_t tls_handshakes_refused = 0;  ///< over handshakes_max
    std::uint64_t tls_reloads = 0;
    std::uint64_t tls_reloads_failed = 0;  ///< the old pair stayed
    WallTime tls_not_after;                ///< end of the certificate in force; {} without TLS
};

/// Why a server with these options would not start, as far as that can be told without listening.
[[nodiscard]] Result<void> check(const ServerOptions& options);

class Server {
public:
    Server(ServerOptions options, Handlers handlers);
    ~Server();  ///< stops it
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Listens and serves; the bound port. InvalidParameterValue for an address that cannot or must not be listened on,
    /// InUse when another process has it. Once in a server's life.
    Result<std::uint16_t> start();

    /// Reads certificate and key again, as is done by itself when the files change. Thread-safe.
    void reload_tls();

    /// Closes what was handed over to another leader than handlers.relay names now. Thread-safe.
    void leader_changed();

    /// Accepts no more, lets requests under way end within shutdown_grace, closes, and waits for its threads. Answers
    /// that the API gives later go nowhere. Idempotent; not from a callback of the server's.
    void stop();

    /// Thread-safe.
    [[nodiscard]] ServerStats stats() const;

private:
    struct Running;
    std::unique_ptr<Running> running_;
};

}  // namespace gse::http
