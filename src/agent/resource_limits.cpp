#include "agent/resource_limits.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "base/fd.h"

namespace gse::agent {
namespace {

Result<void> write_value(const std::string& path, const std::string& value) {
    const Fd fd{open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (fd && write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size())) return {};
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("cannot write '{}' to {}: {}", value, path, std::strerror(errno)));
}

/// Only prlimit. Tasks are limited when the user id is the instance's own; memory as data segment.
class PrlimitLimiter final : public ResourceLimiter {
public:
    explicit PrlimitLimiter(bool private_users) : private_users_(private_users) {}
    std::string name() const override { return "prlimit"; }
    Result<LimitPlan> prepare(const std::string&, const ResourceLimits& limits) override {
        constexpr std::uint64_t kPlacesMax = 50;  // the limit counts all processes of the user, i.e. of the instance
        LimitPlan plan;
        if (private_users_) plan.rlimit_processes = static_cast<std::int64_t>(limits.processes * kPlacesMax);
        if (limits.memory_bytes > 0) plan.rlimit_data_bytes = static_cast<std::int64_t>(limits.memory_bytes);
        return plan;
    }
    void release(const std::string&) override {}
    std::string lacks(const ResourceLimits& limits) const override {
        if (limits.cpu_percent > 0) return "without control groups nothing limits a game's share of the processor";
        if (limits.memory_bytes > 0) return "without control groups only the data segment of a game is limited";
        return "";
    }

private:
    bool private_users_;
};

/// A folder for each process in one or more cgroup hierarchies.
class CgroupLimiter final : public ResourceLimiter {
public:
    struct Hierarchy {
        std::string base;  ///< where our folders go
        bool pids = false;
        bool memory = false;
        bool cpu = false;
    };
    CgroupLimiter(std::string name, std::vector<Hierarchy> hierarchies)
        : name_(std::move(name)), hierarchies_(std::move(hierarchies)) {}
    std::string name() const override { return name_; }

    Result<LimitPlan> prepare(const std::string& id, const ResourceLimits& limits) override {
        LimitPlan plan;
        const bool v2 = name_ == "cgroup v2";
        for (const auto& hierarchy : hierarchies_) {
            const std::string folder = folder_of(hierarchy, id);
            if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
                return refuse(ErrorCode::FailedOperation,
                              fmt::format("cannot create {}: {}", folder, std::strerror(errno)));
            if (hierarchy.pids) TRY(write_value(folder + "/pids.max", std::to_string(limits.processes)));
            if (hierarchy.memory && limits.memory_bytes > 0)
                TRY(write_value(folder + (v2 ? "/memory.max" : "/memory.limit_in_bytes"),
                                std::to_string(limits.memory_bytes)));
            if (hierarchy.cpu && limits.cpu_percent > 0) {
                constexpr std::uint64_t kPeriodUs = 100'000;
                const std::uint64_t quota_us = limits.cpu_percent * kPeriodUs / 100;
                TRY(v2 ? write_value(folder + "/cpu.max", fmt::format("{} {}", quota_us, kPeriodUs))
                       : write_value(folder + "/cpu.cfs_quota_us", std::to_string(quota_us)));
            }
            plan.cgroup_files.push_back(folder + "/cgroup.procs");
        }
        return plan;
    }
    void release(const std::string& id) override {
        for (const auto& hierarchy : hierarchies_) rmdir(folder_of(hierarchy, id).c_str());
    }
    std::string lacks(const ResourceLimits& limits) const override {
        const bool cpu = std::ranges::any_of(hierarchies_, &Hierarchy::cpu);
        const bool memory = std::ranges::any_of(hierarchies_, &Hierarchy::memory);
        if (limits.cpu_percent > 0 && !cpu) return name_ + " has no cpu controller for us: games take what they get";
        if (limits.memory_bytes > 0 && !memory)
            return name_ + " has no memory controller for us: games take what they get";
        return "";
    }
    /// Whether it really works here: a folder made, limited and removed again.
    bool works() {
        const std::string id = "probe-" + std::to_string(getpid());
        const bool ok = prepare(id, {.memory_bytes = 1ULL << 30, .cpu_percent = 100}).has_value();
        release(id);
        return ok && !hierarchies_.empty();
    }

private:
    static std::string folder_of(const Hierarchy& hierarchy, const std::string& id) {
        return hierarchy.base + "/gse-" + id;
    }
    std::string name_;
    std::vector<Hierarchy> hierarchies_;
};

/// controller → our own folder in its hierarchy (`""` is v2).
std::map<std::string, std::string> own_cgroups() {
    std::map<std::string, std::string> mounts;  // controller list member → mount point
    std::ifstream mountinfo("/proc/self/mountinfo");
    for (std::string line; std::getline(mountinfo, line);) {
        const std::size_t dash = line.find(" - ");
        if (dash == std::string::npos) continue;
        std::istringstream left(line.substr(0, dash)), right(line.substr(dash + 3));
        std::string skip, root, point, type, source, options;
        left >> skip >> skip >> skip >> root >> point;
        right >> type >> source >> options;
        if (type == "cgroup2") mounts[""] = point;
        if (type != "cgroup") continue;
        std::istringstream list(options);
        for (std::string option; std::getline(list, option, ',');) mounts[option] = point;
    }
    std::map<std::string, std::string> folders;
    std::ifstream own("/proc/self/cgroup");
    for (std::string line; std::getline(own, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        std::istringstream list(line.substr(first + 1, second - first - 1));
        const std::string path = line.substr(second + 1);
        std::string controller;
        bool any = false;
        while (std::getline(list, controller, ',')) {
            any = true;
            if (mounts.contains(controller)) folders[controller] = mounts[controller] + (path == "/" ? "" : path);
        }
        if (!any && mounts.contains("")) folders[""] = mounts[""] + (path == "/" ? "" : path);
    }
    // Within a container the path may be of the host: then the mount's own root is our place.
    for (auto& [controller, folder] : folders)
        if (access(folder.c_str(), F_OK) != 0) folder = mounts[controller];
    return folders;
}

}  // namespace

std::unique_ptr<ResourceLimiter> find_limiter(bool private_users) {
    const auto folders = own_cgroups();
    if (const auto v2 = folders.find(""); v2 != folders.end()) {
        // A no-op where the controllers are handed down already; refused where we may not.
        (void)write_value(v2->second + "/cgroup.subtree_control", "+pids +memory");
        (void)write_value(v2->second + "/cgroup.subtree_control", "+cpu");
        // The processor is the controller that is handed down least often.
        for (const bool cpu : {true, false}) {
            auto limiter = std::make_unique<CgroupLimiter>(
                "cgroup v2", std::vector{CgroupLimiter::Hierarchy{v2->second, true, true, cpu}});
            if (limiter->works()) return limiter;
        }
    }
    std::vector<CgroupLimiter::Hierarchy> hierarchies;
    if (const auto pids = folders.find("pids"); pids != folders.end())
        hierarchies.push_back({pids->second, true, false});
    if (const auto memory = folders.find("memory"); memory != folders.end())
        hierarchies.push_back({memory->second, false, true});
    // Often one hierarchy with cpuacct: then a folder in it is one folder.
    if (const auto cpu = folders.find("cpu"); cpu != folders.end())
        hierarchies.push_back({cpu->second, false, false, true});
    for (bool again = true; again && !hierarchies.empty();) {
        again = hierarchies.back().cpu && hierarchies.size() > 1;
        auto limiter = std::make_unique<CgroupLimiter>("cgroup v1", hierarchies);
        if (limiter->works()) return limiter;
        hierarchies.pop_back();
    }
    return std::make_unique<PrlimitLimiter>(private_users);
}

}  // namespace gse::agent
