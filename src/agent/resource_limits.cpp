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

std::optional<std::uint64_t> read_number(const std::filesystem::path& path) {
    std::uint64_t value = 0;
    std::ifstream file(path);
    return file >> value ? std::optional(value) : std::nullopt;  // "max": no number
}

/// The value behind `key` in a file of `key value` lines.
std::uint64_t read_count(const std::filesystem::path& path, std::string_view key) {
    std::ifstream file(path);
    std::string word;
    std::uint64_t value = 0;
    while (file >> word >> value)
        if (word == key) return value;
    return 0;
}

/// What a group may use and has used at most, in bytes; 0: no limit, or not told.
struct GroupMemory {
    std::uint64_t limit = 0;
    std::uint64_t peak = 0;
    /// The kernel keeps some pages of a processor in hand, so that the peak stays a little below.
    [[nodiscard]] bool reached() const { return limit > 0 && (peak == 0 || peak >= limit - limit / 32); }
};

GroupMemory memory_of(const std::filesystem::path& group) {
    constexpr std::uint64_t kUnlimited = 1ULL << 62;  // v1 says it by a number like that
    const auto limit =
        read_number(group / "memory.max").or_else([&] { return read_number(group / "memory.limit_in_bytes"); });
    const auto peak =
        read_number(group / "memory.peak").or_else([&] { return read_number(group / "memory.max_usage_in_bytes"); });
    return {.limit = limit && *limit < kUnlimited ? *limit : 0, .peak = peak.value_or(0)};
}

/// Only prlimit. Tasks are limited when the user id is the instance's own; memory as data segment.
class PrlimitLimiter final : public ResourceLimiter {
public:
    explicit PrlimitLimiter(bool private_users) : private_users_(private_users) {}
    std::string name() const override { return "prlimit"; }
    Result<LimitPlan> prepare(const std::string&, const std::string&, const ResourceLimits& limits,
                              const Allowance& of_instance) override {
        constexpr std::uint64_t kPlacesMax = 50;  // the limit counts all processes of the user, i.e. of the instance
        LimitPlan plan;
        if (private_users_) plan.rlimit_processes = static_cast<std::int64_t>(limits.processes * kPlacesMax);
        for (const std::uint64_t bytes : {limits.allowed.memory_bytes, of_instance.memory_bytes})
            if (bytes > 0 && (plan.rlimit_data_bytes < 0 || bytes < static_cast<std::uint64_t>(plan.rlimit_data_bytes)))
                plan.rlimit_data_bytes = static_cast<std::int64_t>(bytes);
        return plan;
    }
    std::optional<link::OutOfMemory> out_of_memory(const std::string&, const std::string&) const override {
        return std::nullopt;  // the game was refused memory, and how it took that only its own words tell
    }
    void release(const std::string&, const std::string&) override {}
    void release(const std::string&) override {}
    Allowance kept(const Allowance&) const override { return {}; }
    std::string lacks(const Allowance& wanted) const override {
        std::string text;
        if (wanted.cpu_percent > 0) text = "nothing limits the share of the processor";
        if (wanted.memory_bytes > 0)
            text +=
                std::string(text.empty() ? "" : ", and ") + "memory is limited by data segment, each process by itself";
        return text.empty() ? "" : "this machine gives the agent no control groups: " + text;
    }

private:
    bool private_users_;
};

/// Folders for an instance and in it for each of its processes, in one or more cgroup hierarchies.
class CgroupLimiter final : public ResourceLimiter {
public:
    struct Hierarchy {
        std::string base;  ///< where our folders go
        bool pids = false;
        bool memory = false;
        bool cpu = false;
    };
    CgroupLimiter(bool v2, std::string owner, std::vector<Hierarchy> hierarchies)
        : v2_(v2), owner_(std::move(owner)), hierarchies_(std::move(hierarchies)) {}
    std::string name() const override { return v2_ ? "cgroup v2" : "cgroup v1"; }

    Result<LimitPlan> prepare(const std::string& instance, const std::string& process, const ResourceLimits& limits,
                              const Allowance& of_instance) override {
        LimitPlan plan;
        for (const auto& hierarchy : hierarchies_) {
            const std::string own = hierarchy.base + "/gse-" + owner_;
            const std::string group = folder_of(hierarchy, instance);
            const std::string leaf = group + "/" + process;
            TRY(make(own));
            TRY(hand_down(own, hierarchy));
            TRY(make(group));
            TRY(limit_memory(hierarchy, group, of_instance.memory_bytes));
            TRY(limit_cpu(hierarchy, group, of_instance.cpu_percent));
            TRY(hand_down(group, hierarchy));
            TRY(make(leaf));
            if (hierarchy.pids) TRY(write_value(leaf + "/pids.max", std::to_string(limits.processes)));
            TRY(limit_memory(hierarchy, leaf, limits.allowed.memory_bytes));
            // v1 refuses a child more than its parent has.
            TRY(limit_cpu(hierarchy, leaf,
                          of_instance.cpu_percent == 0
                              ? limits.allowed.cpu_percent
                              : std::min(limits.allowed.cpu_percent, of_instance.cpu_percent)));
            // What is left of a game that has lost a part of itself is of no use; v1 has no word for it.
            if (v2_ && hierarchy.memory) (void)write_value(leaf + "/memory.oom.group", "1");
            plan.cgroup_files.push_back(leaf + "/cgroup.procs");
        }
        return plan;
    }
    std::optional<link::OutOfMemory> out_of_memory(const std::string& instance,
                                                   const std::string& process) const override {
        for (const auto& hierarchy : hierarchies_)
            if (hierarchy.memory) {
                const std::filesystem::path group = folder_of(hierarchy, instance);
                return read_out_of_memory(group / process, group);
            }
        return std::nullopt;
    }
    void release(const std::string& instance, const std::string& process) override {
        for (const auto& hierarchy : hierarchies_) rmdir((folder_of(hierarchy, instance) + "/" + process).c_str());
    }
    void release(const std::string& instance) override {
        for (const auto& hierarchy : hierarchies_) {
            std::error_code error;
            for (const auto& entry : std::filesystem::directory_iterator(folder_of(hierarchy, instance), error))
                if (entry.is_directory(error)) rmdir(entry.path().c_str());
            rmdir(folder_of(hierarchy, instance).c_str());
            rmdir((hierarchy.base + "/gse-" + owner_).c_str());  // goes with the last instance
        }
    }
    Allowance kept(const Allowance& wanted) const override {
        return {.memory_bytes = has(&Hierarchy::memory) ? wanted.memory_bytes : 0,
                .cpu_percent = has(&Hierarchy::cpu) ? wanted.cpu_percent : 0};
    }
    std::string lacks(const Allowance& wanted) const override {
        const Allowance held = kept(wanted);
        std::string text;
        if (held.cpu_percent != wanted.cpu_percent) text = "the share of the processor";
        if (held.memory_bytes != wanted.memory_bytes) text += std::string(text.empty() ? "" : " and ") + "memory";
        return text.empty() ? "" : fmt::format("{} hands this agent no controller that limits {}", name(), text);
    }
    /// Whether it really works here: groups made, limited and removed again.
    bool works() {
        const std::string id = "probe-" + std::to_string(getpid());
        const Allowance some{.memory_bytes = 1ULL << 30, .cpu_percent = 100};
        const bool ok = prepare(id, id, {.allowed = some}, some).has_value();
        release(id, id);
        release(id);
        return ok && !hierarchies_.empty();
    }

private:
    static constexpr std::uint64_t kPeriodUs = 100'000;

    std::string folder_of(const Hierarchy& hierarchy, const std::string& instance) const {
        return fmt::format("{}/gse-{}/{}", hierarchy.base, owner_, instance);
    }
    bool has(bool Hierarchy::* controller) const { return std::ranges::any_of(hierarchies_, controller); }
    static Result<void> make(const std::string& folder) {
        if (mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) return {};
        return refuse(ErrorCode::FailedOperation, fmt::format("cannot create {}: {}", folder, std::strerror(errno)));
    }
    /// v2 has controllers in a group only when its parent says so; v1 counts children only when told to, on old
    /// kernels.
    Result<void> hand_down(const std::string& folder, const Hierarchy& hierarchy) const {
        if (!v2_) {
            if (hierarchy.memory) (void)write_value(folder + "/memory.use_hierarchy", "1");
            return {};
        }
        return write_value(folder + "/cgroup.subtree_control", hierarchy.cpu ? "+pids +memory +cpu" : "+pids +memory");
    }
    Result<void> limit_memory(const Hierarchy& hierarchy, const std::string& folder, std::uint64_t bytes) const {
        if (!hierarchy.memory) return {};
        const auto used = read_number(folder + (v2_ ? "/memory.current" : "/memory.usage_in_bytes"));
        if (bytes > 0 && used.value_or(0) > bytes) return {};
        const std::string text = bytes > 0 ? std::to_string(bytes) : v2_ ? "max" : "-1";
        if (v2_) {
            // Or a game would be slow instead of too large. Where nothing is swapped there is no such file.
            (void)write_value(folder + "/memory.swap.max", bytes > 0 ? "0" : "max");
            return write_value(folder + "/memory.max", text);
        }
        // Memory and swap together may not be less than memory: so twice, whichever of them has to go first.
        const std::string both = folder + "/memory.memsw.limit_in_bytes";
        (void)write_value(both, text);
        TRY(write_value(folder + "/memory.limit_in_bytes", text));
        (void)write_value(both, text);
        return {};
    }
    Result<void> limit_cpu(const Hierarchy& hierarchy, const std::string& folder, std::uint64_t percent) const {
        if (!hierarchy.cpu) return {};
        const std::uint64_t quota_us = percent * kPeriodUs / 100;
        if (v2_)
            return write_value(folder + "/cpu.max", percent > 0 ? fmt::format("{} {}", quota_us, kPeriodUs)
                                                                : fmt::format("max {}", kPeriodUs));
        return write_value(folder + "/cpu.cfs_quota_us", percent > 0 ? std::to_string(quota_us) : "-1");
    }

    bool v2_;
    std::string owner_;
    std::vector<Hierarchy> hierarchies_;
};

/// Where a hierarchy begins for us, and where we are in it.
struct OwnGroup {
    std::string mount;
    std::string folder;
};

/// By controller (`""` is v2).
std::map<std::string, OwnGroup> own_cgroups() {
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
    std::map<std::string, OwnGroup> groups;
    std::ifstream own("/proc/self/cgroup");
    for (std::string line; std::getline(own, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        std::istringstream list(line.substr(first + 1, second - first - 1));
        const std::string path = line.substr(second + 1);
        const auto keep = [&](const std::string& controller) {
            const auto mount = mounts.find(controller);
            if (mount == mounts.end()) return;
            OwnGroup group{.mount = mount->second, .folder = mount->second + (path == "/" ? "" : path)};
            // Within a container the path may be of the host: then the mount's own root is our place.
            if (access(group.folder.c_str(), F_OK) != 0) group.folder = group.mount;
            groups[controller] = std::move(group);
        };
        std::string controller;
        bool any = false;
        for (; std::getline(list, controller, ','); any = true) keep(controller);
        if (!any) keep("");
    }
    return groups;
}

}  // namespace

std::optional<link::OutOfMemory> read_out_of_memory(const std::filesystem::path& process,
                                                    const std::filesystem::path& instance) {
    if (read_count(process / "memory.events", "oom_kill") == 0 &&
        read_count(process / "memory.oom_control", "oom_kill") == 0)
        return std::nullopt;
    const auto of = [](link::MemoryLimit whose, const GroupMemory& memory) {
        return link::OutOfMemory{.limit = whose, .used_bytes = memory.peak, .limit_bytes = memory.limit};
    };
    const GroupMemory own = memory_of(process), all = memory_of(instance);
    if (own.reached()) return of(link::MemoryLimit::Process, own);
    if (all.reached()) return of(link::MemoryLimit::Instance, all);
    return link::OutOfMemory{.limit = link::MemoryLimit::Host, .used_bytes = own.peak};
}

std::unique_ptr<ResourceLimiter> find_limiter(const std::string& owner, bool private_users) {
    const auto groups = own_cgroups();
    using Hierarchy = CgroupLimiter::Hierarchy;
    if (const auto v2 = groups.find(""); v2 != groups.end()) {
        // A group that holds processes hands no controllers down, so that our own is rarely of use; as root we go
        // beside it, where a service manager that starts us again finds its own group as it left it.
        for (const std::string& base : {v2->second.mount, v2->second.folder}) {
            // A no-op where the controllers are handed down already; refused where we may not.
            (void)write_value(base + "/cgroup.subtree_control", "+pids +memory");
            (void)write_value(base + "/cgroup.subtree_control", "+cpu");
            // The processor is the controller that is handed down least often.
            for (const bool cpu : {true, false}) {
                auto limiter =
                    std::make_unique<CgroupLimiter>(true, owner, std::vector{Hierarchy{base, true, true, cpu}});
                if (limiter->works()) return limiter;
            }
        }
    }
    std::vector<Hierarchy> hierarchies;
    if (const auto pids = groups.find("pids"); pids != groups.end()) hierarchies.push_back({pids->second.folder, true});
    if (const auto memory = groups.find("memory"); memory != groups.end())
        hierarchies.push_back({memory->second.folder, false, true});
    // Often one hierarchy with cpuacct: then a folder in it is one folder.
    if (const auto cpu = groups.find("cpu"); cpu != groups.end())
        hierarchies.push_back({cpu->second.folder, false, false, true});
    for (bool again = true; again && !hierarchies.empty();) {
        again = hierarchies.back().cpu && hierarchies.size() > 1;
        auto limiter = std::make_unique<CgroupLimiter>(false, owner, hierarchies);
        if (limiter->works()) return limiter;
        hierarchies.pop_back();
    }
    return std::make_unique<PrlimitLimiter>(private_users);
}

}  // namespace gse::agent
