/// Clients that create, join, end and move the alias until told to stop, and write down what they did.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "crash/cluster.h"
#include "crash/history.h"

namespace gse::crash {

struct LoadTarget {
    std::string http;
    std::string alias;
    std::vector<std::string> fleets;  ///< between which the alias moves
    std::uint64_t seats = 40;         ///< of a session
    std::size_t live_max = 12;        ///< sessions above this are ended, the oldest of them
    std::vector<std::string> others;  ///< further servers: a client that gets nothing done goes on to the next
    bool looks = false;               ///< clients also look at what they have been told, at any of the servers
};

/// One run of the clients. Their history goes on from run to run.
class Load {
public:
    /// `tag` makes the names of this run unique; `seed` decides what is asked.
    Load(LoadTarget target, History& history, std::atomic<Tick>& clock, const std::string& tag, std::uint64_t seed);
    /// Stops.
    ~Load();
    /// No further requests are begun; those with a token that nobody answered are tried until they are. Idempotent.
    void stop();
    /// Answered since the start.
    [[nodiscard]] std::uint64_t answered() const { return answered_; }

private:
    void create(int client, std::uint64_t seed, bool with_tokens);
    void join(std::uint64_t seed);
    void move_alias();
    void end(std::uint64_t seed);
    void look(std::uint64_t seed);
    /// Waits a moment, shorter when told to stop; false then.
    bool rest(Millis moment);
    template <class F>
    void start(F run);

    LoadTarget target_;
    History& history_;
    std::atomic<Tick>& clock_;
    std::string tag_;
    std::mutex mutex_;  ///< of the history and stopping_
    std::condition_variable stop_;
    bool stopping_ = false;
    std::atomic<std::uint64_t> answered_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace gse::crash
