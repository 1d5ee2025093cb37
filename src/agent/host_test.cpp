// What the rim finds out about the machine: ports, sockets, kinship, limits.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/proc.h"
#include "agent/resource_limits.h"
#include "agent/sockets.h"
#include "agent/usage_meter.h"
#include "base/fd.h"
#include "base/file.h"

namespace gse::agent {
namespace {

struct Bound {
    Fd fd;
    std::uint16_t port = 0;
};

Bound bind_any(int type) {
    Bound bound{Fd{socket(AF_INET, type | SOCK_CLOEXEC, 0)}, 0};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(bound.fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    if (type == SOCK_STREAM) {
        EXPECT_EQ(listen(bound.fd.get(), 4), 0);
    }
    getsockname(bound.fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
    bound.port = ntohs(address.sin_port);
    return bound;
}

TEST(Sockets, ABusyPortIsNoticedWhoeverHasIt) {
    Bound tcp = bind_any(SOCK_STREAM);
    EXPECT_FALSE(check_port_free(tcp.port, Protocols::Tcp));
    Bound udp = bind_any(SOCK_DGRAM);
    EXPECT_FALSE(check_port_free(udp.port, Protocols::TcpAndUdp));
    EXPECT_TRUE(check_port_free(udp.port, Protocols::Tcp)) << "the callback port is TCP only";
    tcp.fd.reset();
    EXPECT_TRUE(check_port_free(tcp.port, Protocols::Tcp));
}

TEST(Sockets, TheOtherEndOfAConnectionIsFound) {
    const Bound server = bind_any(SOCK_STREAM);
    Fd client{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(server.port);
    ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    getsockname(client.get(), reinterpret_cast<sockaddr*>(&address), &size);
    const auto inode = inode_of_peer("127.0.0.1", ntohs(address.sin_port), "127.0.0.1", server.port);
    ASSERT_TRUE(inode) << inode.error().message;
    EXPECT_NE(*inode, 0u);
    EXPECT_TRUE(has_socket(getpid(), *inode));
    EXPECT_FALSE(has_socket(1, *inode));
    EXPECT_EQ(inode_of_peer("127.0.0.1", 1, "127.0.0.1", server.port).value(), 0u) << "no such connection";
    EXPECT_FALSE(inode_of_peer("not an address", 1, "127.0.0.1", 2));
    EXPECT_FALSE(listeners_on(server.port).empty());
    EXPECT_TRUE(any_has_socket({getpid()}, listeners_on(server.port)));
}

TEST(Proc, KnowsItsRelatives) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
        if (fork() == 0) {
            (void)!write(ends[1], "x", 1);
            for (;;) pause();
        }
        for (;;) pause();
    }
    char byte;
    ASSERT_EQ(read(ends[0], &byte, 1), 1);
    const auto tree = process_tree(child);
    ASSERT_EQ(tree.size(), 2u);
    EXPECT_TRUE(descends_from(tree[1], getpid()));
    EXPECT_FALSE(descends_from(getpid(), child));
    EXPECT_EQ(read_stat(child)->parent, getpid());
    EXPECT_GT(read_stat(child)->start_ticks, 0u);
    EXPECT_FALSE(read_stat(0x7FFFFFFF));
    for (const auto pid : {tree[1], tree[0]}) kill(static_cast<pid_t>(pid), SIGKILL);
    waitpid(child, nullptr, 0);
    close(ends[0]);
    close(ends[1]);
}

TEST(ResourceLimits, WhateverTheMachineHasTheNumberOfTasksIsBounded) {
    const auto limiter = find_limiter(false);
    const std::string id = "test-" + std::to_string(getpid());
    const auto plan = limiter->prepare(id, {.processes = 7, .memory_bytes = 64 << 20});
    ASSERT_TRUE(plan) << plan.error().message;
    if (limiter->name() == "prlimit") {
        EXPECT_EQ(plan->rlimit_data_bytes, 64 << 20);
    } else {
        ASSERT_FALSE(plan->cgroup_files.empty());
        const std::string folder = plan->cgroup_files[0].substr(0, plan->cgroup_files[0].rfind('/'));
        EXPECT_EQ(read_file(folder + "/pids.max", 64).value_or("").substr(0, 1), "7");
        limiter->release(id);
        EXPECT_NE(access(folder.c_str(), F_OK), 0) << "nothing is left behind";
    }
}

double cpu_seconds() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

TEST(UsageMeter, MeasuresWhatAProcessTakes) {
    UsageMeter meter;
    const std::vector<MeteredInstance> self{{.id = "ins-1", .roots = {getpid()}, .memory_limit = 0}};
    const auto first = meter.measure(self, 1'000);
    ASSERT_EQ(first.size(), 1);
    EXPECT_FALSE(first[0].load.cpu_percent) << "that takes two looks";
    EXPECT_GT(*first[0].load.memory_bytes, 1e6);
    EXPECT_GT(*first[0].load.memory_percent, 0);
    EXPECT_GE(*first[0].load.load, 0);
    EXPECT_TRUE(first[0].load.bytes_out_total) << "alone on the machine";

    const double connections = *first[0].load.connections;
    const Bound server = bind_any(SOCK_STREAM);
    const Fd client{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(server.port);
    ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    // A tenth of a second of work within what the meter is told was half a second.
    volatile std::uint64_t work = 0;
    for (const double until = cpu_seconds() + 0.1; cpu_seconds() < until;) work = work + 1;
    const auto second = meter.measure(self, 1'500);
    const double cores = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
    EXPECT_NEAR(*second[0].load.cpu_percent * cores, 20, 10);
    EXPECT_EQ(*second[0].load.connections, connections + 1) << "the other end is not accepted yet";
    EXPECT_TRUE(second[0].load.bytes_in);
}

TEST(UsageMeter, SharesAMachine) {
    UsageMeter meter;
    const std::vector<MeteredInstance> two{{.id = "a", .roots = {getpid()}, .memory_limit = 1ULL << 40},
                                           {.id = "b", .roots = {}, .memory_limit = 0}};
    static_cast<void>(meter.measure(two, 0));
    const auto readings = meter.measure(two, 1'000);
    ASSERT_EQ(readings.size(), 2);
    EXPECT_LT(*readings[0].load.memory_percent, 1) << "of its limit";
    EXPECT_EQ(*readings[1].load.memory_bytes, 0);
    EXPECT_EQ(*readings[1].load.cpu_percent, 0);
    EXPECT_FALSE(readings[0].load.bytes_out) << "whose traffic it is nobody can tell";
}

TEST(ResourceLimits, TheShareOfTheProcessorIsKeptOrTheMachineSaysWhyNot) {
    const auto limiter = find_limiter(false);
    EXPECT_EQ(limiter->lacks({}), "") << "what nobody asks for is not missed";
    const ResourceLimits limits{.cpu_percent = 150};
    const std::string id = "test-cpu-" + std::to_string(getpid());
    const auto plan = limiter->prepare(id, limits);
    ASSERT_TRUE(plan) << plan.error().message;
    std::string found;
    for (const std::string& procs : plan->cgroup_files) {
        const std::string folder = procs.substr(0, procs.rfind('/'));
        found += read_file(folder + "/cpu.max", 64).value_or("");
        if (const auto quota = read_file(folder + "/cpu.cfs_quota_us", 64); quota && *quota != "-1\n") found += *quota;
    }
    limiter->release(id);
    EXPECT_EQ(found.starts_with("150000"), limiter->lacks(limits).empty()) << found << limiter->lacks(limits);
}

}  // namespace
}  // namespace gse::agent
