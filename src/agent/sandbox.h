/// Where a game runs: in a mount namespace of bubblewrap's making where the machine allows that, else in the open with
/// paths mapped.
///
/// Inside: the system read-only, /local/game writable (the instance's own copy), private /tmp, /var/tmp, /run and
/// /dev/shm, a minimal /dev, no sight of the data directory. The network and the process ids are the host's: players
/// connect to its ports, and the `pid` a game sends must be the one the agent sees.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace gse::agent {

enum class SandboxMode : std::uint8_t { Auto, Bubblewrap, None };

/// A user and group id of an instance's own; -1: the agent's.
struct GameUser {
    std::int64_t uid = -1;
    std::int64_t gid = -1;
};

struct SandboxedGame {
    std::filesystem::path game_dir;  ///< the instance's copy
    std::filesystem::path etc_dir;   ///< `passwd` and `group` as the game shall see them; may be empty
    std::filesystem::path shim;
    std::vector<std::string> program;  ///< as the fleet says it: /local/game/…
    std::string working_folder;        ///< likewise
};

/// Ready for the shim.
struct SandboxPlan {
    std::vector<std::string> wrap;
    std::vector<std::string> program;
    std::string working_folder;
};

class Sandbox {
public:
    /// Tries it out. FailedOperation when `mode` is Bubblewrap and it does not work here.
    [[nodiscard]] static Result<Sandbox> find(SandboxMode mode, const std::filesystem::path& data_dir);

    [[nodiscard]] bool isolates() const { return !bwrap_.empty(); }
    /// "bubblewrap" or "none".
    [[nodiscard]] std::string name() const { return isolates() ? "bubblewrap" : "none"; }
    /// Why not, for people; "" when it isolates or was not wanted.
    [[nodiscard]] const std::string& reason() const { return reason_; }
    /// Whether each instance can be given a user id of its own (the agent is root, and may take such ids).
    [[nodiscard]] bool private_users() const { return private_users_; }

    [[nodiscard]] SandboxPlan plan(const SandboxedGame& game) const;

private:
    std::string bwrap_;
    std::string reason_;
    bool private_users_ = false;
    std::filesystem::path data_dir_;
    std::vector<std::string> system_;  ///< arguments that do not depend on the game
};

/// Writes `passwd` and `group` of the host to `etc_dir`, with the game's user added as `user_00:users` where it has an
/// id of its own [游戏进程启动配置].
Result<void> write_game_users(const std::filesystem::path& etc_dir, GameUser user);

}  // namespace gse::agent
