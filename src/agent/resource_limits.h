/// How much of the host games may take: each process, and all processes of an instance together. Three back ends,
/// whichever the machine has: cgroup v2, cgroup v1, or only prlimit. What is there is found by looking for the files,
/// not by asking for a version.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/link_messages.h"

namespace gse::agent {

/// 0: no limit.
struct Allowance {
    std::uint64_t memory_bytes = 0;
    std::uint64_t cpu_percent = 0;  ///< of one core
    friend bool operator==(const Allowance&, const Allowance&) = default;
};

/// Of one game process.
struct ResourceLimits {
    std::uint64_t processes = 512;  ///< tasks: processes and threads together
    Allowance allowed;
    std::uint64_t open_files = 65'536;
};

/// What the shim has to do so that a process is limited.
struct LimitPlan {
    std::vector<std::string> cgroup_files;
    std::int64_t rlimit_processes = -1;
    std::int64_t rlimit_data_bytes = -1;
};

/// Ids name folders: letters, digits, `-`, `.`.
class ResourceLimiter {
public:
    virtual ~ResourceLimiter() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    /// Of what an instance is to be held to, what this machine holds it to.
    [[nodiscard]] virtual Allowance kept(const Allowance& wanted) const = 0;
    /// Why that is less, for people; "": it is all.
    [[nodiscard]] virtual std::string lacks(const Allowance& wanted) const = 0;
    /// For a launch. An instance whose processes use more memory than `of_instance` now keeps the limit it has: nothing
    /// that runs is killed because a setting has changed.
    [[nodiscard]] virtual Result<LimitPlan> prepare(const std::string& instance, const std::string& process,
                                                    const ResourceLimits& limits, const Allowance& of_instance) = 0;
    /// Of a process that is over: whether the kernel ended it, or a child of it, for want of memory, and whose limit
    /// that was. Before release().
    [[nodiscard]] virtual std::optional<link::OutOfMemory> out_of_memory(const std::string& instance,
                                                                         const std::string& process) const = 0;
    /// After the process is over. Harmless when there is nothing.
    virtual void release(const std::string& instance, const std::string& process) = 0;
    /// After the last process of an instance; whatever is left of its processes goes with it.
    virtual void release(const std::string& instance) = 0;
};

/// The best that this machine allows this user. Never null. `owner` names this agent among those of the machine, and is
/// the same after a restart. `private_users`: processes of an instance run under a user id that nobody else has, so
/// that a limit per user limits that instance only.
[[nodiscard]] std::unique_ptr<ResourceLimiter> find_limiter(const std::string& owner, bool private_users);

/// What the kernel's files in the groups of a process and of its instance say, of cgroup v2 or v1; nullopt while it has
/// killed nothing in the former.
[[nodiscard]] std::optional<link::OutOfMemory> read_out_of_memory(const std::filesystem::path& process,
                                                                  const std::filesystem::path& instance);

}  // namespace gse::agent
