/// Whether a server that follows can reach the one that leads. The database may say who leads while the network between
/// the two is broken: then this server is of no use to clients, and must say so. One that has crashed is another
/// matter: its lease ends, and requests wait for the next.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/time.h"
#include "http/relay.h"

namespace gse {

/// Looks once a second, on a thread of its own, until this server leads itself. Thread-safe.
class LeaderProbe {
public:
    /// Out of reach for `patience`, longer than a lease lasts, is cut off. `relay` outlives this object.
    LeaderProbe(const http::Relay& relay, Millis patience);
    ~LeaderProbe();
    LeaderProbe(const LeaderProbe&) = delete;
    LeaderProbe& operator=(const LeaderProbe&) = delete;

    /// "" or why the server that leads now cannot be reached from here.
    [[nodiscard]] std::string trouble() const;

private:
    void run();
    void look(const http::Leader& leader);

    const http::Relay& relay_;
    const Millis patience_;
    mutable std::mutex mutex_;
    std::condition_variable stops_;
    bool stopping_ = false;
    std::uint64_t looked_at_ = 0;  ///< number of the leader that all of this is about
    std::optional<std::chrono::steady_clock::time_point> failing_since_;
    std::string trouble_;
    std::thread thread_;
};

}  // namespace gse
