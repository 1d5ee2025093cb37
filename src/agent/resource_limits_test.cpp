#include "agent/resource_limits.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temp_folder.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1 << 20;

/// What this machine has, with folders that no other run of this test uses.
class ResourceLimitsTest : public testing::Test {
protected:
    std::string owner_ = "test-" + std::to_string(getpid());
    std::unique_ptr<ResourceLimiter> limiter_ = find_limiter(owner_, false);

    /// The content of the first of these files in the groups of a plan that exists, `above` the process' own.
    static std::string read(const LimitPlan& plan, int above, std::initializer_list<const char*> names) {
        for (const std::string& procs : plan.cgroup_files) {
            fs::path group = fs::path(procs).parent_path();
            for (int i = 0; i < above; ++i) group = group.parent_path();
            for (const char* name : names)
                if (auto text = read_file(group / name, 64)) return text->substr(0, text->find('\n'));
        }
        return {};
    }
};

TEST_F(ResourceLimitsTest, WhateverTheMachineHasAProcessAndItsInstanceAreBounded) {
    const ResourceLimits process{.processes = 7, .allowed = {.memory_bytes = 64 * kMiB}};
    const auto plan = limiter_->prepare("ins-1", "ins-1.1.x", process, {.memory_bytes = 256 * kMiB});
    ASSERT_TRUE(plan) << plan.error().message;
    if (limiter_->name() == "prlimit") {
        EXPECT_EQ(plan->rlimit_data_bytes, static_cast<std::int64_t>(64 * kMiB)) << "the smaller one";
        return;
    }
    ASSERT_FALSE(plan->cgroup_files.empty());
    EXPECT_EQ(read(*plan, 0, {"pids.max"}), "7");
    if (limiter_->kept({.memory_bytes = 1}).memory_bytes != 0) {
        EXPECT_EQ(read(*plan, 0, {"memory.max", "memory.limit_in_bytes"}), std::to_string(64 * kMiB));
        EXPECT_EQ(read(*plan, 1, {"memory.max", "memory.limit_in_bytes"}), std::to_string(256 * kMiB));
    }
    // A second process, after the table of types has changed.
    const auto second = limiter_->prepare("ins-1", "ins-1.2.x", process, {.memory_bytes = 128 * kMiB});
    ASSERT_TRUE(second) << second.error().message;
    if (limiter_->kept({.memory_bytes = 1}).memory_bytes != 0) {
        EXPECT_EQ(read(*second, 1, {"memory.max", "memory.limit_in_bytes"}), std::to_string(128 * kMiB));
    }
    EXPECT_EQ(limiter_->out_of_memory("ins-1", "ins-1.1.x"), std::nullopt);
    limiter_->release("ins-1", "ins-1.1.x");
    EXPECT_FALSE(fs::exists(fs::path(plan->cgroup_files[0]).parent_path()));
    limiter_->release("ins-1");
    EXPECT_FALSE(fs::exists(fs::path(plan->cgroup_files[0]).parent_path().parent_path().parent_path()))
        << "nothing is left behind";
}

TEST_F(ResourceLimitsTest, TheShareOfTheProcessorIsKeptOrTheMachineSaysWhyNot) {
    EXPECT_EQ(limiter_->lacks({}), "") << "what nobody asks for is not missed";
    const Allowance two_cores{.cpu_percent = 200};
    const auto plan = limiter_->prepare("ins-1", "p", {.allowed = {.cpu_percent = 150}}, two_cores);
    ASSERT_TRUE(plan) << plan.error().message;
    const bool kept = limiter_->kept(two_cores) == two_cores;
    EXPECT_EQ(kept, limiter_->lacks(two_cores).empty()) << limiter_->lacks(two_cores);
    const auto quota = [&](const LimitPlan& of, int above) {
        return read(of, above, {"cpu.max", "cpu.cfs_quota_us"}).substr(0, 6);
    };
    EXPECT_EQ(quota(*plan, 0), kept ? "150000" : "");
    EXPECT_EQ(quota(*plan, 1), kept ? "200000" : "");
    const auto less = limiter_->prepare("ins-2", "p", {.allowed = {.cpu_percent = 150}}, {.cpu_percent = 100});
    ASSERT_TRUE(less) << "an instance with less than its process might take: " << less.error().message;
    EXPECT_EQ(quota(*less, 0), kept ? "100000" : "");
    for (const char* instance : {"ins-1", "ins-2"}) limiter_->release(instance);
}

TEST(OutOfMemory, IsReadFromTheKernelsFiles) {
    struct Group {
        const char* limit = "max";
        const char* peak = nullptr;
        const char* killed = "0";
    };
    const struct {
        const char* what;
        bool v2;
        Group process, instance;
        std::optional<link::OutOfMemory> found;
    } kCases[] = {
        {"nothing was killed, though the limit was reached", true, {"100", "100", "0"}, {"200", "150"}, std::nullopt},
        {"its instance's limit", true, {"max", "40", "1"}, {"100", "100"}, {{link::MemoryLimit::Instance, 100, 100}}},
        {"a little below, as the kernel counts",
         true,
         {"max", "40", "2"},
         {"1000", "990"},
         {{link::MemoryLimit::Instance, 990, 1000}}},
        {"its own limit", true, {"50", "50", "1"}, {"100", "70"}, {{link::MemoryLimit::Process, 50, 50}}},
        {"nobody's: the host had none left",
         true,
         {"50", "20", "1"},
         {"100", "70"},
         {{link::MemoryLimit::Host, 20, 0}}},
        {"a kernel that keeps no peak",
         true,
         {"max", nullptr, "1"},
         {"100", nullptr},
         {{link::MemoryLimit::Instance, 0, 100}}},
        {"cgroup v1",
         false,
         {"9223372036854771712", "40", "1"},
         {"100", "100"},
         {{link::MemoryLimit::Instance, 100, 100}}},
        {"cgroup v1, nothing killed", false, {"100", "100", "0"}, {"100", "100"}, std::nullopt},
    };
    for (const auto& c : kCases) {
        const TempFolder folder = TempFolder::make("gse-oom-test").value();
        const auto write = [&](const fs::path& group, const Group& said) {
            fs::create_directories(group);
            const std::string killed = std::string("low 0\noom 3\noom_kill ") + said.killed + "\noom_group_kill 0\n";
            EXPECT_TRUE(write_file_atomically(group / (c.v2 ? "memory.events" : "memory.oom_control"), killed));
            EXPECT_TRUE(write_file_atomically(group / (c.v2 ? "memory.max" : "memory.limit_in_bytes"), said.limit));
            if (said.peak) {
                EXPECT_TRUE(
                    write_file_atomically(group / (c.v2 ? "memory.peak" : "memory.max_usage_in_bytes"), said.peak));
            }
        };
        write(folder.path() / "i", c.instance);
        write(folder.path() / "i" / "p", c.process);
        EXPECT_EQ(read_out_of_memory(folder.path() / "i" / "p", folder.path() / "i"), c.found) << c.what;
    }
}

}  // namespace
}  // namespace gse::agent
