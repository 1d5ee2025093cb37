/// One deployment on several servers: one of them leads, and the others hand their clients' connections over to it,
/// whole, from the first request on that needs the leader. This is what the rim of each knows of who leads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "tls/tls.h"

namespace gse::http {

struct RelayOptions {
    Millis hold{6'000};            ///< a request waits this long for a server that leads, then it is refused
    std::size_t held_max = 2'000;  ///< that wait at once; further ones are refused at once
    Millis dial_time{2'000};       ///< for one attempt to reach the leader, the handshake included
    Millis idle{300'000};          ///< nothing moved either way for this long: the connection is given up
};

/// The leader's port for other servers.
struct Leader {
    std::string ip;
    std::uint16_t port = 0;
    std::uint64_t number = 0;  ///< no two of them have the same; what leads to an older one is closed
};

struct RelayStats {
    std::uint64_t open = 0;       ///< connections to the leader now
    std::uint64_t handed = 0;     ///< connections handed over since the start
    std::uint64_t held = 0;       ///< requests that wait for a leader now
    std::uint64_t refused = 0;    ///< because none was found in time, or too many waited
    std::uint64_t unreached = 0;  ///< attempts to reach the leader that failed
};

/// Thread-safe. Begins as a follower that knows no leader.
class Relay {
public:
    /// `identity` is this server's towards the others, with TlsPeers.
    Relay(RelayOptions options, std::unique_ptr<TlsIdentity> identity)
        : options_(options), identity_(std::move(identity)) {}

    /// This server leads, and serves itself. On the way of every request: one load.
    [[nodiscard]] bool serves() const { return serves_.load(std::memory_order_acquire); }
    /// Everything a request needs is there. There is no way back: a server that leads no more starts again.
    void serve() { serves_.store(true, std::memory_order_release); }

    /// Another leader than before, or none. Tell the servers (Server::leader_changed).
    void set_leader(std::string ip, std::uint16_t port);
    void set_no_leader();
    [[nodiscard]] std::optional<Leader> leader() const;

    [[nodiscard]] const RelayOptions& options() const { return options_; }
    [[nodiscard]] TlsIdentity& identity() const { return *identity_; }
    [[nodiscard]] RelayStats stats() const;

    // Counted by the connections.
    std::atomic<std::uint64_t> open{0}, handed{0}, held{0}, refused{0}, unreached{0};

private:
    const RelayOptions options_;
    const std::unique_ptr<TlsIdentity> identity_;
    std::atomic<bool> serves_{false};
    mutable std::mutex mutex_;
    std::optional<Leader> leader_;
    std::uint64_t last_number_ = 0;
};

}  // namespace gse::http
