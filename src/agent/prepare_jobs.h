/// The steps that make an instance ready for its processes, each a plain blocking function for a worker thread.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "agent/resource_limits.h"
#include "agent/sandbox.h"
#include "agent/shim_process.h"
#include "agent/unzip.h"
#include "base/time.h"

namespace gse::agent {

/// How a step ended, for people and for whoever decides whether to try again.
struct StepOutcome {
    bool ok = true;
    bool try_again = true;   ///< not ok: the world may change its mind; false: only another package or setting helps
    bool disk_full = false;  ///< not ok: there was no room
    std::string message;
    std::string log;     ///< whole text of the step's log
    std::string notice;  ///< what an operator should know although it ended well; "" nothing
};

struct InstanceFolders {
    std::filesystem::path instance;
    [[nodiscard]] std::filesystem::path game() const { return instance / "game"; }
    [[nodiscard]] std::filesystem::path etc() const { return instance / "etc"; }
    [[nodiscard]] std::filesystem::path install() const { return instance / "install"; }
    [[nodiscard]] std::filesystem::path processes() const { return instance / "processes"; }
    [[nodiscard]] std::filesystem::path record() const { return instance / "instance"; }
};

/// Checks the file's SHA-256 and gives it its place in the cache.
[[nodiscard]] StepOutcome verify_package(const std::filesystem::path& part, const std::string& sha256,
                                         const std::filesystem::path& cached);

/// Ends an installer that an earlier run of the agent left behind in `folder`, install() of its instance.
void end_leftover(const std::filesystem::path& folder);

/// Throws away what an earlier try left and unpacks anew.
[[nodiscard]] StepOutcome extract_package(const std::filesystem::path& package, const InstanceFolders& folders,
                                          const UnzipLimits& limits, GameUser user, const std::atomic<bool>& stop);

struct InstallerRun {
    InstanceFolders folders;
    const Sandbox* sandbox = nullptr;
    std::filesystem::path shim;
    GameUser user;
    LimitPlan limits;
    Millis time_limit{600'000};
    std::uint64_t log_bytes = 1 << 20;
    std::vector<std::string> environment;
};
/// Runs install.sh once, if there is one [创建生成包].
[[nodiscard]] StepOutcome run_installer(const InstallerRun& run, const std::atomic<bool>& stop);

/// Searches every launch path.
[[nodiscard]] StepOutcome validate_paths(const std::vector<std::string>& launch_paths, const InstanceFolders& folders);

/// Whether gse.yaml at the root asks for `User: user_00:users` [游戏进程启动配置]; another user is an error there.
struct WantedUser {
    bool asked = false;
    std::string problem;  ///< not empty: the file says something that is not supported
};
[[nodiscard]] WantedUser read_wanted_user(const std::filesystem::path& game_dir);

/// Removes a tree that a game may have filled with anything. Bounded by the file system's own limits only.
void remove_tree(const std::filesystem::path& path);

}  // namespace gse::agent
