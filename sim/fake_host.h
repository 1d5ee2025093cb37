/// A machine with its agent and the game servers on it, as link_messages.h demands of them: numbered reports kept until
/// acknowledged, orders applied idempotently, games that outlive their agent and call the SDK.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sim/network.h"
#include "sim/plants.h"

namespace gse::sim {

/// How games behave; probabilities drawn from the seed.
struct GameHabits {
    double crash = 0;        ///< a step of a running game
    double never_ready = 0;  ///< of the games
    double ignores_end = 0;
    double never_activates = 0;
    double sick = 0;             ///< fails its health checks after a while
    double refuses_session = 0;  ///< OnStartGameServerSession fails
    double own_port = 0;         ///< listens on a port of its own choice
    double leaves_after_session = 0.5;
    double preparation_fails = 0;  ///< a step of preparing an instance
    double port_squatter = 0;      ///< a foreign program takes the port of a launch
    std::int64_t session_max_ms = 20'000;
};

/// Why an agent killed a game.
enum class KillCause : std::uint8_t { Deadline, ReadyTimeout, ExitTimeout, InstanceRemoved };

class FakeHost;

/// What a host asks of the world around it.
class HostWorld {
public:
    virtual ~HostWorld() = default;
    [[nodiscard]] virtual std::int64_t now() const = 0;
    /// nullopt: nobody answers.
    virtual std::optional<link::StreamId> dial(std::size_t host) = 0;
    virtual void send(link::StreamId stream, ToServer message) = 0;
    virtual void hang_up(link::StreamId stream) = 0;
    /// Players that came to a session since the last call.
    virtual std::vector<std::string> take_arrivals(const std::string& session) = 0;
    virtual void on_kill(const FakeHost& host, const std::string& process, KillCause cause) = 0;
};

struct HostShape {
    std::string name;
    std::uint32_t capacity = 2;
    link::PortRange ports;
    std::string certified_id;  ///< "": it has no certificate
};

class FakeHost {
public:
    FakeHost(std::size_t index, HostShape shape, HostWorld& world, SeededRng& rng, const GameHabits& habits,
             Plant plant);

    // What happens to it.
    void on_message(link::StreamId stream, const ToAgent& message);
    void on_stream_ended(link::StreamId stream);
    void crash_agent();
    void start_agent();
    /// Agent, games and disk are gone, for good.
    void lose_power();
    /// Games go on; the agent cannot reach the server.
    void set_cut_off(bool cut_off);
    void tick();

    [[nodiscard]] bool agent_up() const { return up_; }
    [[nodiscard]] std::optional<link::StreamId> stream() const { return stream_; }
    [[nodiscard]] const std::string& name() const { return shape_.name; }
    [[nodiscard]] std::size_t unacked() const { return unacked_.size(); }
    [[nodiscard]] std::size_t running() const;
    [[nodiscard]] bool runs(const std::string& process) const;
    [[nodiscard]] std::size_t instances() const { return instances_.size(); }
    [[nodiscard]] std::uint64_t reports() const { return reports_; }

private:
    enum class Phase : std::uint8_t {
        Booting,
        CallingReady,
        Idle,
        Loading,
        CallingActivate,
        Playing,
        CallingTerminate,
        CallingEnding,
        Leaving
    };
    struct Pending {
        std::uint64_t call_id = 0;
        std::string request_id;
        std::int64_t sent_at = 0;
        bool out = false;  ///< waits for a reply; else waits to be sent again
        std::int64_t again_at = 0;
    };
    struct Game {
        std::string id;
        std::string instance;
        std::uint32_t place = 0;
        std::int64_t pid = 0;
        std::int64_t started = 0;
        std::uint16_t client_port = 0;
        std::uint16_t grpc_port = 0;
        std::uint16_t own_port = 0;
        Phase phase = Phase::Booting;
        std::int64_t wake = 0;
        bool never_ready = false, ignores_end = false, never_activates = false;
        std::int64_t sick_at = INT64_MAX;
        bool ready_called = false;  ///< what the agent saw of it
        bool ready_known = false;   ///< the server said yes
        std::string session;
        std::vector<std::string> waiting;  ///< players to accept
        std::vector<std::string> seated;
        std::string in_call;  ///< player of the call under way
        bool removing_player = false;
        std::optional<Pending> pending;
        bool told = false;
        std::optional<std::int64_t> kill_at;
        EndReason end_reason = EndReason::None;
        std::optional<std::int64_t> exit_by;
        std::optional<link::ProcessExited> exited;
        std::uint64_t exit_seq = 0;  ///< 0: not reported in this run of the agent
        bool sick_reported = false;
    };
    struct PlaceState {
        std::int64_t next_start = 0;
        std::int64_t backoff = 0;
        bool waits_for_port = false;
    };
    struct InstanceFiles {
        link::InstanceSpec spec;
        int steps = 0;  ///< of kSteps done
        std::int64_t next_step = 0;
        std::map<std::uint32_t, PlaceState> places;
    };
    struct Chore {
        std::int64_t at = 0;
        link::ReportBody body;
    };

    void report(link::ReportBody body);
    void disconnect();
    void dial();
    void obey(const link::OrderBody& order);
    void obey(const link::ReportAck& order);
    void obey(const link::InstanceSpec& order);
    void obey(const link::StartSession& order);
    void obey(const link::EndProcess& order);
    void obey(const link::CollectLogs& order);
    void obey(const link::SdkReply& order);
    void tick_instance(InstanceFiles& files);
    void launch(InstanceFiles& files, const link::PlaceSpec& place, PlaceState& state);
    void tick_game(Game& game);
    void drive_call(Game& game);
    void begin_call(Game& game, Phase phase);
    void answer_call(Game& game, link::CallStatus status);
    void send_call(Game& game);
    void exit_game(Game& game, int code, int signal, KillCause* killed);
    void kill(Game& game, KillCause cause);
    void report_exit(Game& game);
    [[nodiscard]] bool port_taken(std::uint16_t port) const;

    const std::size_t index_;
    const HostShape shape_;
    HostWorld& world_;
    SeededRng& rng_;
    const GameHabits& habits_;
    const Plant plant_;

    // On disk: survives the agent.
    std::uint64_t epoch_ = 0;
    std::map<std::string, InstanceFiles> instances_;
    std::map<std::string, Game> games_;
    std::uint64_t launches_ = 0;
    std::uint64_t boots_ = 0;
    std::set<std::uint16_t> squatted_;
    link::AgentTimers timers_;

    // Of this run of the agent.
    bool up_ = false;
    bool cut_off_ = false;
    std::string boot_id_;
    std::uint64_t next_seq_ = 1;
    std::uint64_t next_call_ = 1;
    std::deque<link::Report> unacked_;
    std::vector<Chore> chores_;
    std::optional<link::StreamId> stream_;
    bool welcomed_ = false;
    std::uint64_t next_order_ = 1;
    std::int64_t next_dial_ = 0;
    std::int64_t next_alive_ = 0;
    std::uint64_t reports_ = 0;
};

}  // namespace gse::sim
