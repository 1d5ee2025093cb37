/// The rules of a chat match, one per process: who is in, what everybody hears, when it is over.
///
///     Idle --begin--> Playing --end, deadline, empty while terminating, interrupt--> Ended
///      ^---abandon------'
///     Idle --terminate, interrupt--> Ended
///
/// Pure: time is handed in, everything outward goes through Stage. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace gse::chat {

using Time = std::chrono::system_clock::time_point;
using Connection = std::uint64_t;
using Message = std::shared_ptr<const std::string>;  ///< one JSON text, shared by all who hear it

/// WebSocket close codes; 4000 and up are ours.
enum class CloseCode : std::uint16_t {
    Ended = 1000,
    TryAgain = 1013,
    Refused = 4001,  ///< this player session will never be admitted
    TooSlow = 4002,
};

/// What a match does to the world. Calls to the agent are carried out one after another, in this order.
class Stage {
public:
    virtual ~Stage() = default;
    virtual void send(Connection to, const Message& message) = 0;
    /// After everything sent before has gone out.
    virtual void close(Connection connection, CloseCode code, std::string_view reason) = 0;
    /// AcceptPlayerSession; the answer comes back as Match::admitted or Match::refused.
    virtual void accept(Connection connection, const std::string& player_session_id) = 0;
    virtual void remove(const std::string& player_session_id) = 0;
    virtual void terminate_session() = 0;
    /// ProcessEnding, then exit.
    virtual void finish() = 0;
};

struct MatchRules {
    std::string title;
    /// Players hear of a deadline this long before it.
    std::chrono::milliseconds warning = std::chrono::seconds(30);
    /// The match ends this long before it, so that the farewell gets through.
    std::chrono::milliseconds farewell = std::chrono::seconds(3);
    /// Asked to terminate, a match without players goes on this long: as long as a reservation may still be used.
    std::chrono::milliseconds reservation = std::chrono::seconds(65);
    /// Player sessions one match can remember as used.
    std::size_t used_max = 100'000;
};

class Match {
public:
    /// `stage` outlives the match.
    Match(MatchRules rules, Stage& stage) : rules_(std::move(rules)), stage_(stage) {}

    /// False: this process is not free for a session.
    bool begin(const std::string& session_id, Time now);
    /// The session could not be activated after all.
    void abandon(const std::string& session_id);

    void join(Connection connection, const std::string& player_session_id, std::string_view name, Time now);
    void admitted(Connection connection, const std::string& player_session_id, Time now);
    /// `final`: no use in trying this player session again.
    void refused(Connection connection, const std::string& player_session_id, bool final, const std::string& why,
                 Time now);
    void receive(Connection from, std::string_view json, Time now);
    void leave(Connection connection, Time now);

    /// OnProcessTerminate; the last deadline counts.
    void terminate(std::optional<Time> deadline, Time now);
    /// SIGTERM: over at once.
    void interrupt(Time now);
    /// To be called at next_tick(), or later.
    void tick(Time now);
    std::optional<Time> next_tick() const;

    /// `{"title":…,"state":"idle|playing|ended","session":…,"players":[…]}`
    std::string status() const;
    bool ended() const { return phase_ == Phase::Ended; }
    const MatchRules& rules() const { return rules_; }

private:
    enum class Phase { Idle, Playing, Ended };
    struct Player {
        std::string session_id;
        std::string name;
        bool admitted = false;
    };

    std::vector<std::string> names() const;
    std::string unused_name(std::string_view wanted) const;
    void broadcast(const Message& message);
    void turn_away(Connection connection, CloseCode code, std::string_view error, std::string_view text, Time now);
    void end(std::string_view why, std::string_view text, Time now);

    const MatchRules rules_;
    Stage& stage_;
    Phase phase_ = Phase::Idle;
    std::string session_id_;
    std::map<Connection, Player> players_;  ///< admitted ones and those the agent is asked about
    std::unordered_set<std::string> used_;
    std::uint64_t seq_ = 0;
    int visitors_ = 0;
    bool terminating_ = false;
    bool warned_ = false;
    std::optional<Time> deadline_;
    Time empty_since_{};
};

/// At most 32 characters, control characters as spaces, trimmed; empty when it is not UTF-8.
std::string clean_name(std::string_view text);

}  // namespace gse::chat
