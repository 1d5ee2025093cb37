// What the rim finds out about the machine: ports, sockets, kinship, usage.
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
#include "agent/sockets.h"
#include "agent/usage_meter.h"
#include "base/fd.h"

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
    // The kernel may choose a number that somebody else has for TCP; hardly ever so many times.
    bool for_tcp_alone = false;
    for (int tries = 0; tries < 20 && !for_tcp_alone; ++tries) {
        const Bound udp = bind_any(SOCK_DGRAM);
        EXPECT_FALSE(check_port_free(udp.port, Protocols::TcpAndUdp));
        for_tcp_alone = check_port_free(udp.port, Protocols::Tcp).has_value();
    }
    EXPECT_TRUE(for_tcp_alone) << "the callback port is TCP only";
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

double cpu_seconds() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

TEST(UsageMeter, MeasuresWhatAProcessTakes) {
    UsageMeter meter;
    const std::vector<MeteredInstance> self{{.id = "ins-1", .roots = {getpid()}, .limit = {}}};
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
    EXPECT_NEAR(*second[0].load.cpu_cores, 0.2, 0.1);
    EXPECT_EQ(*second[0].load.connections, connections + 1) << "the other end is not accepted yet";
    EXPECT_TRUE(second[0].load.bytes_in);
}

TEST(UsageMeter, SharesAMachine) {
    UsageMeter meter;
    const std::vector<MeteredInstance> two{
        {.id = "a", .roots = {getpid()}, .limit = {.memory_bytes = 1ULL << 40, .cpu_percent = 150}},
        {.id = "b", .roots = {}, .limit = {}}};
    static_cast<void>(meter.measure(two, 0));
    const auto readings = meter.measure(two, 1'000);
    ASSERT_EQ(readings.size(), 2);
    EXPECT_LT(*readings[0].load.memory_percent, 1) << "of its limit";
    EXPECT_EQ(readings[0].load.memory_limit, std::optional(0x1p40));
    EXPECT_EQ(readings[0].load.cpu_limit, std::optional(1.5));
    EXPECT_FALSE(readings[1].load.memory_limit);
    EXPECT_FALSE(readings[1].load.cpu_limit) << "the machine's";
    EXPECT_EQ(*readings[1].load.memory_bytes, 0);
    EXPECT_EQ(*readings[1].load.cpu_percent, 0);
    EXPECT_FALSE(readings[0].load.bytes_out) << "whose traffic it is nobody can tell";
}

}  // namespace
}  // namespace gse::agent
