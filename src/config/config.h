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
    std::uint64_t snapshot_bytes = 256ULL << 20;  ///< a snapshot is due after this much log, so recovery is bounded
    std::uint64_t commit_spacing_us = 500;        ///< between commits under load; an idle journal commits at once
};

struct Secrets {
    std::string key_file;  ///< that seals what servers share in the database; "" → this server shares with nobody
};

struct Http {
    std::uint32_t threads = 1;  ///< I/O loops
    std::uint64_t max_connections = 10'000;
    std::vector<std::string> known_hosts;  ///< names by which browsers may call the console
    std::string tls_cert;                  ///< PEM file with the certificate chain; "" → plain HTTP
    std::string tls_key;                   ///< PEM file with its private key
};

struct Link {
    Millis certificate_lifetime{30LL * 24 * 3'600'000};  ///< of a host's certificate; renewed after two thirds of it
};

struct Agent {
    std::string server;                       ///< address of the server's link, for `gse agent`; "" in `gse dev`
    std::string token_file;                   ///< file with an enrolment token; needed until there is a certificate
    std::string name;                         ///< of this host; "" → the machine's host name
    std::string region;                       ///< "" → instances of every region may run here
    std::uint64_t capacity = 64;              ///< instances this host offers
    std::uint64_t cpus = 0;                   ///< vCPUs for instances; 0: instances are only counted
    std::uint64_t memory_bytes = 0;           ///< likewise
    std::vector<std::string> labels;          ///< `key=value`
    std::uint64_t process_memory_bytes = 0;   ///< that one game process may take; 0: no limit
    std::uint64_t process_cpu_percent = 0;    ///< of one core, likewise
    std::vector<std::string> instance_types;  ///< that this host offers; none: all
    Sandbox sandbox = Sandbox::Auto;
    std::string access_user;      ///< GetInstanceAccess: who logs in to this host; "" → nobody
    std::string access_key_file;  ///< and with which private key
    std::string ca_file;          ///< CA certificates that the server's HTTPS must come from; "" → the system's
    std::string ping_http = "127.0.0.1:8888";         ///< answers GET /v1/ping; "" → not at all
    std::string ping_udp = "127.0.0.1:8888";          ///< gives UDP packets back; "" → not at all
    std::uint64_t package_cache_bytes = 20ULL << 30;  ///< unpacked packages kept for the next instance
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
    Engine engine;
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
