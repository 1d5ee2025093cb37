/// What a game server process links to live in a GSE fleet. Needs C++17; no gRPC header is pulled in.
///
///     agent            game process
///       | <- process_ready() -- |  the process may be given a session from now on
///       | -- on_start_session ->|  one session; the game calls activate_session(), possibly inside the callback
///       | <- accept_player() -- |  a player connected with the player session id that Join… returned
///       | <- remove_player() -- |  … and left
///       | <- terminate_session()|  the match is over
///       | <- process_ending() --|  then exit
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gse/sdk/outcome.h"

namespace gse::sdk {

struct GameProperty {
    std::string key;
    std::string value;
};

/// The session this process is given, as OnStartGameServerSession carries it.
struct GameServerSession {
    std::string id;  ///< `qcs::gse:…:gameserversession/<fleet>/<id>`
    std::string fleet_id;
    std::string name;
    int max_players = 0;
    bool joinable = false;  ///< the creation policy accepts players
    std::vector<GameProperty> properties;
    std::string ip_address;  ///< public address of the instance
    std::string dns_name;
    int port = 0;  ///< the client port this process reported
    std::string data;
    std::string matchmaker_data;
};

/// One seat of the session.
struct PlayerSession {
    std::string id;
    std::string player_id;
    std::string session_id;
    std::string fleet_id;
    std::string status;  ///< RESERVED, ACTIVE, COMPLETED, TIMEDOUT
    std::string ip_address;
    std::string dns_name;
    int port = 0;
    std::string player_data;
    std::int64_t creation_time = 0;     ///< as the agent reports it
    std::int64_t termination_time = 0;  ///< 0 while the player session lives
};

/// Which player sessions to list. All fields empty: every one of the current session.
struct PlayerSessionQuery {
    std::string player_id;
    std::string player_session_id;
    std::string status;      ///< RESERVED, ACTIVE, COMPLETED, TIMEDOUT
    std::string next_token;  ///< of the previous page
    int limit = 0;           ///< per page; 0: the service's default
};

struct PlayerSessionPage {
    std::vector<PlayerSession> player_sessions;
    std::string next_token;  ///< empty on the last page
};

enum class PlayerSessionCreationPolicy { AcceptAll, DenyAll };

/// What the agent asks of the game. Each runs on a thread of the library, several may run at once, none under a lock:
/// every call of GameServer may be made inside, except shutdown() and the destructor. An exception that leaves a
/// callback is answered to the agent as INTERNAL with its what().
struct Callbacks {
    /// The process hosts this session from now on. Typically `return server.activate_session(session.max_players);`,
    /// here or later within the fleet's activation time-out. An Error refuses the session.
    std::function<Outcome<>(const GameServerSession&)> on_start_session;

    /// Asked once a minute; three times false or late in a row and the process is replaced. Not set: healthy.
    std::function<bool()> on_health_check;

    /// The process should end: at once when idle, after the match when busy, by process_ending() and exit.
    /// `deadline` is when it will be killed; none: it may take as long as it wants (full protection).
    /// Not set: the request is acknowledged, and the protection policy decides.
    std::function<void(std::optional<std::chrono::system_clock::time_point> deadline)> on_process_terminate;
};

struct Options {
    /// `host:port` of the agent. Empty: environment GSE_SDK_ADDRESS, else 127.0.0.1:5758.
    std::string agent_address;
    /// Port on 127.0.0.1 for callbacks. Not set: environment GSE_GRPC_PORT, else 0. 0: the kernel chooses.
    std::optional<int> grpc_port;
    /// Bounds every call except process_ready(), its retries included. Longer than the agent takes to give up on its
    /// server, so that its answer, not ours, says what went wrong.
    std::chrono::milliseconds call_timeout = std::chrono::seconds(60);
    /// How long process_ready() waits for an agent that is not there (yet).
    std::chrono::milliseconds ready_timeout = std::chrono::minutes(5);
    /// Pause after a call that found no agent; doubles from the first to the last.
    std::chrono::milliseconds retry_pause_first = std::chrono::milliseconds(100);
    std::chrono::milliseconds retry_pause_last = std::chrono::seconds(2);
};

/// One per process. Thread-safe: any call from any thread.
///
/// Calls block until the agent answered. While no agent is reachable they are retried with a growing pause, under one
/// requestId, until the time-out; any other refusal is returned as it is. Calls about a session mean the one that
/// on_start_session announced last; without one they fail with FailedPrecondition and are not sent.
class GameServer {
public:
    explicit GameServer(Callbacks callbacks, Options options = {});
    /// Shuts down.
    ~GameServer();
    GameServer(const GameServer&) = delete;
    GameServer& operator=(const GameServer&) = delete;

    /// Listens for callbacks. process_ready() does it by itself; call it to know grpc_port() earlier. Idempotent.
    Outcome<> start();
    /// The port of the callbacks; 0 before start().
    int grpc_port() const;

    /// The process serves players on `client_port`. `log_paths`: files or folders to keep when a session ends,
    /// absolute or relative to the working directory.
    Outcome<> process_ready(int client_port, std::vector<std::string> log_paths = {});
    /// The session admits players.
    Outcome<> activate_session(int max_players);
    /// Admits a player; refused when nobody reserved that seat, or longer than a minute ago.
    Outcome<> accept_player(const std::string& player_session_id);
    /// The player left; the seat is free.
    Outcome<> remove_player(const std::string& player_session_id);
    Outcome<PlayerSessionPage> describe_player_sessions(const PlayerSessionQuery& query = {});
    Outcome<> update_player_session_creation_policy(PlayerSessionCreationPolicy policy);
    /// The match is over. The process may be given another session, unless it calls process_ending().
    Outcome<> terminate_session();
    /// The process is about to exit.
    Outcome<> process_ending();
    /// Two numbers for scaling policies.
    Outcome<> report_custom_data(int current, int maximum);

    /// The session this process hosts, if any.
    std::optional<GameServerSession> session() const;

    /// Ends every call in flight with Cancelled, waits for open callbacks, stops listening. Later calls fail with
    /// Cancelled. Idempotent; not inside a callback.
    void shutdown();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::sdk
