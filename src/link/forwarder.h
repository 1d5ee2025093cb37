/// On a server that follows: what agents dial is carried on to the leader's link, byte by byte. TLS stays between the
/// agent and the leader.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace gse::link {

struct ForwarderOptions {
    std::string listen;                    ///< IP address and port; port 0: the kernel chooses
    std::size_t connections_max = 20'000;  ///< further ones are closed at once
    Millis hold{5'000};                    ///< an agent waits this long for a leader to be known and reached
    std::size_t ahead_bytes = 64 << 10;    ///< read from one side and not yet taken by the other, each way
};

class Forwarder {
public:
    explicit Forwarder(ForwarderOptions options);
    ~Forwarder();  ///< stops it
    Forwarder(const Forwarder&) = delete;
    Forwarder& operator=(const Forwarder&) = delete;

    /// Listens, once; the bound port. Nothing is carried before set_target().
    Result<std::uint16_t> start();
    /// Where the leader's link is. What leads elsewhere is closed, so that its agents dial again. Thread-safe.
    void set_target(std::string ip, std::uint16_t port);
    /// Nobody leads: everything is closed, and who dials now waits. Thread-safe.
    void set_no_target();
    /// Closes everything, the listener first: the port is free when it returns. Idempotent.
    void stop();
    /// An agent came within this time whose leader could not be reached. Thread-safe.
    [[nodiscard]] bool turned_away_within(Millis time) const;
    /// Agents' connections that are open, those that wait included. Thread-safe.
    [[nodiscard]] std::size_t open() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::link
