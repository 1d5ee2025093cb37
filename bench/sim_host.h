/// A host without processes: the agent's real end of the link, and games that only exist in its answers. The server
/// cannot tell it from a machine full of well-behaved games.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/rng.h"
#include "base/time.h"
#include "link/agent_client.h"

namespace gse::bench {

struct SimHostOptions {
    std::string name;
    std::string address;  ///< what players would connect to
    std::uint32_t instances = 200;
    std::string server;  ///< of the link
    std::string token;   ///< what CreateHostToken gave, for this host alone
    std::filesystem::path pin_file;
    /// Matches that go on here at once; when one more begins the oldest ends and its process waits for another.
    std::size_t matches = 50;
};

/// Counters are for other threads; the rest lives on the link's thread.
class SimHost final : public link::ServerEvents {
public:
    SimHost(SimHostOptions options, const Clock& clock);
    ~SimHost() override;

    /// Enrols with the token, as a machine does, and dials with the certificate it got.
    Result<void> start();
    void stop() { client_.stop(); }

    /// A player shows an id at the session's door, and leaves again. Thread-safe.
    void accept_player(const std::string& session, const std::string& player_session);
    void remove_player(const std::string& session, const std::string& player_session);
    /// Matches end from now on when more than this many go on. Thread-safe.
    void set_matches(std::size_t most) { matches_ = most; }

    [[nodiscard]] const SimHostOptions& options() const { return options_; }
    [[nodiscard]] bool connected() const { return client_.connected(); }
    /// Says again of one process after another that it is healthy: a report of state, as supervision makes them.
    void report_health();

    [[nodiscard]] std::uint64_t started() const { return started_; }  ///< sessions
    [[nodiscard]] std::uint64_t refused() const { return refused_; }  ///< calls that the server refused
    [[nodiscard]] std::uint64_t disconnects() const { return disconnects_; }

    link::HostHello hello() override;
    void on_welcome(const link::Welcome&) override {}
    void on_order(link::OrderBody order) override;
    void on_acked(std::uint64_t) override {}
    void on_disconnected() override { ++disconnects_; }
    std::vector<link::InstanceReading> take_readings() override;

private:
    struct Game {
        std::string process;
        std::string instance;
        std::string session;
        bool runs = true;
    };

    void apply(link::ReportAck&) {}
    void apply(link::InstanceSpec& spec);
    void apply(link::StartSession& start);
    void apply(link::EndProcess& end);
    void apply(link::CollectLogs& collect);
    void apply(link::SdkReply& reply);
    void launch(const std::string& instance, const link::PlaceSpec& place);
    /// Of a process that runs; null: there is none of that name.
    Game* find_game(std::string_view process);
    std::uint64_t call(const std::string& process, decltype(link::SdkCall::call) body);
    void end_oldest_match();
    void exit(Game& game);

    SimHostOptions options_;
    std::atomic<std::size_t> matches_;
    std::atomic<std::uint64_t> last_call_{0};
    std::atomic<std::uint64_t> started_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> disconnects_{0};
    std::atomic<std::uint64_t> launches_{0};
    std::atomic<std::uint64_t> health_turn_{0};
    std::deque<Game> games_;                                    // in the order of their launches, which numbers them
    std::unordered_map<std::string, std::uint32_t> instances_;  // places filled
    std::deque<Game*> playing_;                                 // the oldest match first
    std::unordered_map<std::uint64_t, Game*> activating_;       // by call
    /// Where players come in. Calls for them wait until the session is ACTIVE.
    struct Door {
        std::string process;
        bool open = false;
        std::vector<decltype(link::SdkCall::call)> waiting;
    };
    void at_door(const std::string& session, decltype(link::SdkCall::call) body);
    void open_door(const std::string& session);

    std::mutex doors_mutex_;
    std::unordered_map<std::string, Door> doors_;  // by session id; guarded
    SystemRng rng_;
    link::ClientTls tls_;
    link::AgentClient client_;  // last: its thread ends first
};

}  // namespace gse::bench
