/// Machines with agents and games that behave: they do what model/link_messages.h asks of them, after the times that
/// they are given, and nothing fails. What fails is the matter of sim/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/decider.h"
#include "simulate/agenda.h"
#include "simulate/cost.h"

namespace gse::simulate {

struct MachinesShape {
    std::uint32_t hosts = 1;
    std::uint32_t host_instances = 10;
    Millis instance_start{30'000};
    Millis process_start{10'000};
    Millis session_start{1'000};
    bool restart_process = false;
};

/// What becomes of sessions. Called while a batch is open: calls of the API may follow.
class SessionWatch {
public:
    virtual ~SessionWatch() = default;
    /// The game has activated it, and the server knows. Returns how long it will go on.
    virtual Millis on_active(const std::string& session, EngineTime now) = 0;
    /// `cut`: its process was killed because an instance had to go.
    virtual void on_over(const std::string& session, bool cut) = 0;
};

class Machines {
public:
    /// Kinds of their events in the agenda: below this.
    static constexpr std::uint32_t kKindsEnd = 100;

    /// All outlive it. The `meter` may be null.
    Machines(const MachinesShape& shape, Agenda& agenda, engine::Decider& decider, SessionWatch& watch,
             CostMeter* meter);

    /// Every agent dials, and says that it has nothing. In an open batch.
    void connect(EngineTime now, Millis heartbeat);
    /// An order has arrived. Not in a batch: what follows of it is noted in the agenda.
    void obey(const engine::StreamMessage& message, EngineTime now);
    /// One of their events. In an open batch.
    void on_event(const Event& event);

    /// A player has come to a session that goes on: the game accepts it, or says that it has gone. In an open batch.
    void accept_player(const std::string& session, const std::string& player_session);
    void remove_player(const std::string& session, const std::string& player_session);

private:
    enum Kind : std::uint32_t {
        kHeartbeat,
        kPrepared,
        kFill,
        kRemoved,
        kProcessUp,
        kSessionUp,
        kActivated,
        kRefused,
        kSessionOver,
        kTold,
        kKill,
        kExit
    };
    struct Host {
        std::string name;
        std::uint64_t next_report = 1;
        std::uint64_t launches = 0;
    };
    struct Installed {
        std::uint64_t life = 0;  ///< events of an earlier instance in this slot are stale
        std::uint32_t host = 0;
        link::InstanceSpec spec;
        bool prepared = false;
        std::unordered_map<std::uint32_t, std::uint32_t> games;  ///< by place
    };
    struct Game {
        std::uint64_t life = 0;  ///< events of an earlier game in this slot are stale
        std::uint32_t installed = 0;
        std::uint32_t place = 0;
        std::string id;
        std::uint16_t client_port = 0;
        std::uint16_t grpc_port = 0;
        bool up = false;
        bool told = false;
        EngineTime kill_at = kNever;
        std::string session;
        EngineTime launched;
    };

    void report(std::uint32_t host, link::ReportBody body);
    void call(std::uint32_t game, decltype(link::SdkCall::call) body);
    void obey(const link::InstanceSpec& spec, std::uint32_t host, EngineTime now);
    void launch(std::uint32_t installed, const link::PlaceSpec& place, EngineTime now);
    void prepare(std::uint32_t installed, EngineTime now);
    void fill(std::uint32_t installed, EngineTime now);
    void remove(std::uint32_t installed, EngineTime now);
    void leave(std::uint32_t game, EngineTime now);
    void exit(std::uint32_t game, bool killed, EngineTime now);
    [[nodiscard]] std::uint32_t find_game(const std::string& id) const;
    [[nodiscard]] bool alive(const Event& event) const {
        return games_[event.who].life == event.what && !games_[event.who].id.empty();
    }
    void note(EngineTime at, Kind kind, std::uint32_t game) { agenda_.note(at, kind, game, games_[game].life); }

    const MachinesShape shape_;
    Agenda& agenda_;
    engine::Decider& decider_;
    SessionWatch& watch_;
    CostMeter* const meter_;
    Millis heartbeat_{3'000};
    std::vector<Host> hosts_;  ///< host `i` speaks on stream `i + 1`
    std::vector<Installed> installed_;
    std::vector<std::uint32_t> installed_free_;
    std::unordered_map<std::string, std::uint32_t> installed_of_;
    std::vector<Game> games_;
    std::vector<std::uint32_t> games_free_;
    std::unordered_map<std::string, std::uint32_t> game_of_;
    std::unordered_map<std::string, std::uint32_t> game_of_session_;  ///< those that are ACTIVE
    std::uint64_t next_life_ = 1;
    std::uint64_t next_call_ = 1;
    std::unordered_map<std::uint64_t, std::uint32_t> activating_;  ///< call id → game
};

}  // namespace gse::simulate
