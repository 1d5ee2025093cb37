/// Everything a server is made of, put together. Only this folder knows the concrete parts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "journal/secrets.h"
#include "journal/shared.h"
#include "main/data_dir.h"

namespace gse {

/// Where a started server can be reached.
struct ServerAddresses {
    std::string scheme;      ///< `http` or `https`
    std::string http;        ///< `127.0.0.1:8080`
    std::string link;        ///< where agents with certificates dial, `10.0.0.1:7070`; "": nowhere
    std::string inner_link;  ///< where the agent in this process does, over loopback; "": there is none
    std::string link_token;  ///< which it must show
    std::string peers;       ///< where other servers of the deployment do; "": there are none
    std::string objects_url;
    std::string local_objects_url;  ///< for an agent in this process; empty: objects_url
};

/// What several servers of one deployment have in common.
struct SharedState {
    std::unique_ptr<journal::SharedJournal> journal;
    std::unique_ptr<journal::SharedSecrets> secrets;
    std::string deployment;  ///< its id
};
/// Opens it for the server that lives in this folder.
using OpenShared = std::function<Result<SharedState>(const DataDir& data)>;

/// The journal, engine, API, objects, HTTP port and agents' link of one server. Stops when destroyed.
class ServerParts {
public:
    enum class Agent : std::uint8_t { Elsewhere, Inside };
    /// `on_fatal` is called once, on some thread, when the journal failed or another server leads now: the process must
    /// end, or start again. `open_shared`: this server is one of several, or may become one; else it has a journal of
    /// its own.
    ServerParts(const config::Config& config, std::function<void(const Error&)> on_fatal,
                Agent agent = Agent::Elsewhere, OpenShared open_shared = {});
    ~ServerParts();

    /// Opens the data directory, replays the journal, listens. On error nothing was overwritten. One of several servers
    /// listens at once, reads the journal meanwhile, and leads when no other one does.
    Result<ServerAddresses> start();
    /// Reads the TLS files again. Thread-safe.
    void reload();
    /// Answers what is under way, gives up the lead, then ends. Idempotent.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse
