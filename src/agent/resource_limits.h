/// How much of the host one game process may take. Three back ends, whichever the machine has: cgroup v2, cgroup v1,
/// or only prlimit. What is there is found by looking for the files, not by asking for a version.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace gse::agent {

struct ResourceLimits {
    std::uint64_t processes = 512;   ///< tasks: processes and threads together
    std::uint64_t memory_bytes = 0;  ///< 0: no limit
    std::uint64_t cpu_percent = 0;   ///< of one core; 0: no limit
    std::uint64_t open_files = 65'536;
};

/// What the shim has to do so that a process is limited.
struct LimitPlan {
    std::vector<std::string> cgroup_files;
    std::int64_t rlimit_processes = -1;
    std::int64_t rlimit_data_bytes = -1;
};

class ResourceLimiter {
public:
    virtual ~ResourceLimiter() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    /// Which of these limits this machine cannot keep, for people; "": all are kept.
    [[nodiscard]] virtual std::string lacks(const ResourceLimits& limits) const = 0;
    /// `id` names one process: letters, digits, `-`, `.`.
    [[nodiscard]] virtual Result<LimitPlan> prepare(const std::string& id, const ResourceLimits& limits) = 0;
    /// After the process is over. Harmless when there is nothing.
    virtual void release(const std::string& id) = 0;
};

/// The best that this machine allows this user. Never null. `private_users`: processes of an instance run under a user
/// id that nobody else has, so that a limit per user limits that instance only.
[[nodiscard]] std::unique_ptr<ResourceLimiter> find_limiter(bool private_users);

}  // namespace gse::agent
