/// Everything an agent is made of: supervisor, the door for games, the link to the server.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "link/enrol_client.h"

namespace gse {

struct AgentTarget {
    std::string server;                         ///< host:port of the server's link
    std::string token = {};                     ///< for the plain link of a server in this process
    std::function<link::ClientTls()> tls = {};  ///< for every other one
    std::string objects_url = {};               ///< "": as the server says
};

class AgentParts {
public:
    /// `on_fatal` is called once, on some thread, when this run can no longer tell its story: the process must start
    /// again.
    AgentParts(const config::Config& config, AgentTarget target, std::function<void(const Error&)> on_fatal);
    ~AgentParts();

    /// Adopts what runs, listens for games, dials the server. The address games reach, `127.0.0.1:5758`.
    Result<std::string> start();
    /// No instance is here.
    [[nodiscard]] bool empty() const;
    /// With `kill_games` every game is gone within 10 s; without, they go on and the next start adopts them.
    void stop(bool kill_games);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse
