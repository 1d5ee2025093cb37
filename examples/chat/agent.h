/// The agent as the chat needs it: the SDK in a fleet, nobody at all when standing alone. Calls block.
#pragma once

#include <string>

#include "gse/sdk/game_server.h"

namespace gse::chat {

class Agent {
public:
    virtual ~Agent() = default;
    virtual sdk::Outcome<> accept(const std::string& player_session_id) = 0;
    virtual sdk::Outcome<> remove(const std::string& player_session_id) = 0;
    virtual sdk::Outcome<> terminate_session() = 0;
    virtual sdk::Outcome<> ending() = 0;
    /// Ends the calls that are waiting. From any thread.
    virtual void give_up() = 0;
};

class FleetAgent final : public Agent {
public:
    /// `server` outlives this.
    explicit FleetAgent(sdk::GameServer& server) : server_(server) {}
    sdk::Outcome<> accept(const std::string& id) override { return server_.accept_player(id); }
    sdk::Outcome<> remove(const std::string& id) override { return server_.remove_player(id); }
    sdk::Outcome<> terminate_session() override { return server_.terminate_session(); }
    sdk::Outcome<> ending() override { return server_.process_ending(); }
    void give_up() override { server_.shutdown(); }

private:
    sdk::GameServer& server_;
};

/// Admits anyone.
class NoAgent final : public Agent {
public:
    sdk::Outcome<> accept(const std::string&) override { return {}; }
    sdk::Outcome<> remove(const std::string&) override { return {}; }
    sdk::Outcome<> terminate_session() override { return {}; }
    sdk::Outcome<> ending() override { return {}; }
    void give_up() override {}
};

}  // namespace gse::chat
