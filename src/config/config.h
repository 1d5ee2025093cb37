/// The configuration of one process: one TOML file, every key of which `--set key=value` overrides.
/// src/config/keys.cpp holds the one table of keys; this struct is what it fills in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "model/settings.h"

namespace gse::config {

enum class LogLevel : std::uint8_t { Trace, Debug, Info, Warn, Error, Off };
enum class LogFormat : std::uint8_t { Text, Json };
/// How the agent fences game processes in.
enum class Sandbox : std::uint8_t {
    Auto,        ///< bubblewrap where the machine allows it, else none, with a warning
    Bubblewrap,  ///< refuse to start without
    None,
};

struct Log {
    LogLevel level = LogLevel::Info;
    LogFormat format = LogFormat::Text;
    bool requests = false;  ///< a line for each change asked for, and for what became of it
};

enum class JournalKind : std::uint8_t {
    Sqlite,    ///< files in the data folder
    Postgres,  ///< a database, which several servers may share
};

struct Journal {
    JournalKind kind = JournalKind::Sqlite;
    std::string postgres;  ///< connection string of the database. Secret: it may hold a password
    std::string schema = "gse";
    Millis lease{3'000};                          ///< a leader leads for this long without a word to the database
    Millis patience{30'000};                      ///< and a commit looks for a lost database for this long
    std::uint64_t reserve_bytes = 256ULL << 20;   ///< less free disk than this: changes are refused, reads go on
    std::uint64_t segment_bytes = 64ULL << 20;    ///< a segment file is followed by the next at this size
    std::uint64_t snapshot_bytes = 256ULL << 20;  ///< of log at least before a snapshot is due
    std::uint64_t commit_spacing_us = 500;        ///< between commits under load; an idle journal commits at once
};

struct Secrets {
    std::string key_file;  ///< that seals what servers share in the database; "" → this server shares with nobody
};

/// What keeps packages and logs.
enum class ObjectsKind : std::uint8_t { Directory, S3 };

/// A bucket of an S3-compatible store.
struct S3 {
    std::string endpoint;              ///< URL
    std::string region = "us-east-1";  ///< that requests are signed for
    std::string bucket;
    std::string prefix;           ///< before every key; "" or ends in `/`
    bool path_style = true;       ///< endpoint/bucket/key; false: bucket.endpoint/key
    std::string access_key_id;    ///< "" → AWS_ACCESS_KEY_ID
    std::string secret_key_file;  ///< "" → AWS_SECRET_ACCESS_KEY
    std::string ca_file;          ///< PEM; "" → the system's
    Millis timeout{30'000};
    std::uint64_t part_bytes = 8ULL << 20;
};

struct Http {
    std::uint32_t threads = 1;  ///< I/O loops
    std::uint64_t max_connections = 20'000;
    std::vector<std::string> known_hosts;  ///< names by which browsers may call the console
    std::string tls_cert;                  ///< PEM file with the certificate chain; "" → plain HTTP
    std::string tls_key;                   ///< PEM file with its private key
};

struct Link {
    Millis certificate_lifetime{30LL * 24 * 3'600'000};  ///< of a host's certificate; renewed after two thirds of it
};

/// How far instances are held to the vCPUs and memory of their types; a later word includes those before it.
enum class TypeLimits : std::uint8_t {
    Auto,    ///< On for gse agent, Off in gse dev
    Off,     ///< they are shown, no more
    Memory,  ///< memory only: who takes more is ended
    On,      ///< and the processor: who wants more waits
};

/// One of several servers of one deployment.
struct Cluster {
    std::string listen = "127.0.0.1:0";  ///< for the other servers, over TLS with certificates of our own
    std::string advertise;               ///< the host by which they reach this one; "" → that of `listen`
};

struct Objects {
    ObjectsKind kind = ObjectsKind::Directory;
    std::string dir;      ///< folder of packages and logs; "" → in the data folder
    bool shared = false;  ///< all servers of the deployment see it
    S3 s3;
};

struct Agent {
    std::string server;      ///< addresses of the servers' link, for `gse agent`, with commas between; "" in `gse dev`
    std::string token_file;  ///< file with an enrolment token; needed until there is a certificate
    std::string name;        ///< of this host; "" → the machine's host name
    std::string region;      ///< "" → instances of every region may run here
    std::uint64_t capacity = 64;      ///< instances this host offers
    std::uint64_t cpus = 0;           ///< vCPUs for instances; 0: instances are only counted
    std::uint64_t memory_bytes = 0;   ///< likewise
    std::vector<std::string> labels;  ///< `key=value`
    TypeLimits type_limits = TypeLimits::Auto;
    std::uint64_t process_memory_bytes = 0;   ///< that one game process may take; 0: no limit
    std::uint64_t process_cpu_percent = 0;    ///< of one core, likewise
    std::vector<std::string> instance_types;  ///< that this host offers; none: all
    Sandbox sandbox = Sandbox::Auto;
    bool drain_on_stop = false;   ///< SIGTERM: the agent goes once it has no instance
    std::string access_user;      ///< GetInstanceAccess: who logs in to this host; "" → nobody
    std::string access_key_file;  ///< and with which private key
    std::string objects_url;      ///< where packages come from and logs go; "" → as the server says
    std::string ca_file;          ///< CA certificates that the server's HTTPS must come from; "" → the system's
    std::string ping_http = "127.0.0.1:8888";         ///< answers GET /v1/ping; "" → not at all
    std::string ping_udp = "127.0.0.1:8888";          ///< gives UDP packets back; "" → not at all
    std::uint64_t package_cache_bytes = 20ULL << 30;  ///< unpacked packages kept for the next instance
};

/// hosts.provider = "kubernetes": where, and what its Pods are like.
struct Kubernetes {
    std::string kubeconfig;                   ///< "" → the service account of the Pod that the server runs in
    std::string context;                      ///< of the kubeconfig; "" → its current one
    std::string space;                        ///< namespace of the Pods; "" → the one of the context or service account
    std::string server;                       ///< the link's address as agents in Pods dial it
    std::string image;                        ///< of the agent's container; "" → each template names one
    std::string templates;                    ///< folder of Pod templates; "" → none
    bool internal_address = false;            ///< players reach nodes by their InternalIP
    std::string address_annotation;           ///< of a node, or label: the address by which players reach it; "" → none
    Millis grace{3'600'000};                  ///< that a Pod has when others end it
    Millis orphan_grace{600'000};             ///< a Pod of ours that nothing in the state wants
    std::vector<std::string> agent_settings;  ///< further `key=value` for agents in Pods
};

struct Engine {
    std::uint64_t queue_max = 10'000;  ///< calls waiting for the owner of the state; beyond it RequestLimitExceeded
};

struct Config {
    std::string listen = "127.0.0.1:8080";      ///< HTTP: API, console, objects, metrics; port 0 → the kernel's choice
    std::string sdk_listen = "127.0.0.1:5758";  ///< gRPC for game processes on this host; loopback only
    std::string link_listen =
        "127.0.0.1:0";              ///< gRPC for agents; TLS with certificates of our own, but for gse dev on loopback
    std::string data = "gse-data";  ///< the folder with everything that lasts
    std::string public_address;     ///< what players are told; "" → the address of `listen`
    bool insecure_http = false;     ///< serve beyond loopback without TLS
    bool dev = false;               ///< set by gse dev, no key: /capi, and games that are started by hand
    std::string metrics_token;      ///< asked for /metrics off loopback; "" → refused there. Secret
    Settings settings;
    Log log;
    Journal journal;
    Secrets secrets;
    Http http;
    Link link;
    Agent agent;
    Kubernetes kubernetes;
    Engine engine;
    Cluster cluster;
    Objects objects;
};

/// Defaults, then `file`, then `overrides` (each `key=value`, the last of equal keys wins), then what keys must hold
/// together. A value of an override is TOML, or bare text where the key is text, a time or a size.
/// Errors: InvalidParameter (unreadable file, TOML syntax), UnknownParameter (no such key; names the nearest),
/// InvalidParameterValue (type, range). The message names the key and what is allowed.
Result<Config> load(const std::optional<std::filesystem::path>& file, std::span<const std::string> overrides);

/// Every key with its meaning, default and value in `config`, as a TOML file that load() reads back. Secrets are left
/// out.
std::string describe(const Config& config);

}  // namespace gse::config
