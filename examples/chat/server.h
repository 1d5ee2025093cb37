/// The rim of the chat: HTTP and WebSocket for players on one port, calls to the agent on one worker thread, so that
/// the agent hears of things in the order in which they happened.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "agent.h"
#include "match.h"

namespace gse::chat {

struct ServerLimits {
    std::size_t connections = 512;      ///< open sockets, pages being loaded included
    std::size_t message_bytes = 4096;   ///< a frame from a player
    std::size_t queue_messages = 1024;  ///< waiting for one player
    std::size_t queue_bytes = std::size_t{1} << 20;
    std::chrono::milliseconds goodbye = std::chrono::seconds(3);  ///< for a closing handshake
};

class Server {
public:
    /// Listens on all addresses; port 0: the kernel chooses. Throws std::system_error when the port is taken.
    /// `agent` outlives the server.
    Server(int port, MatchRules rules, Agent& agent, ServerLimits limits = {});
    ~Server();

    int port() const;
    /// Runs on the calling thread until the match has ended, everybody has been told, and SIGTERM or SIGINT count as
    /// an end too. True: the agent knows that the process is ending.
    bool run();
    /// Ends run() without a farewell. From any thread.
    void stop();

    /// From the SDK's threads.
    bool begin(const std::string& session_id);  ///< waits for the answer of the loop
    void abandon(const std::string& session_id);
    void terminate(std::optional<Time> deadline);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::chat
