/// What a deployment and its games look like from outside, before and after something was broken.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "crash/history.h"
#include "e2e/deployment.h"
#include "e2e/program.h"

namespace gse::crash {

/// A game process and what it says of itself.
struct Life {
    e2e::GameProcess process;
    std::uint64_t ticks = 0;
    std::string life;
    std::string session;  ///< "-": none
    std::string address;  ///< ip:port
    Tick seen = 0;
};

/// Those of one agent that answer; `address`: of its host.
std::vector<Life> lives(const std::filesystem::path& agent_data, Tick now, const std::string& address = "127.0.0.1");
[[nodiscard]] bool same_process_lives(const Life& life);

/// Everything that the API says of these fleets, page by page.
client::ApiResult<Seen> look(e2e::Api& api, const std::string& alias, const std::vector<std::string>& fleets);

/// Games that were alive at the kill and are not the same any more, though nobody ended their session; and sessions
/// that are ACTIVE, though their game knows nothing of them.
std::vector<std::string> check_games(const std::vector<Life>& before, const std::vector<Life>& after,
                                     const History& history, const Seen& seen);

/// Two fleets of the test game with so many processes each, ACTIVE, and an alias to the first. "" or what went wrong.
std::string make_fleets(e2e::Api& api, const std::filesystem::path& dir, std::uint64_t processes,
                        std::vector<std::string>& fleets, std::string& alias);
/// Both kinds of counts are as wanted and no session is on its way; false: see `problem`.
bool is_settled(e2e::Api& api, const std::vector<std::string>& fleets, std::uint64_t processes, std::string& problem);

/// For messages of failed tests.
std::string lines(const std::vector<std::string>& complaints);

}  // namespace gse::crash
