// What agents dial on a server that follows: it goes to whoever leads, and ends with the lead.
#include "link/forwarder.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "link/addresses.h"

namespace gse::link {
namespace {

constexpr int kPatienceS = 10;

sockaddr_in on_loopback(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

/// A leader's link that greets with its name and gives back what it hears.
class Echo {
public:
    explicit Echo(std::string name)
        : name_(std::move(name)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in at = on_loopback(0);
        socklen_t size = sizeof at;
        EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
        EXPECT_EQ(listen(listener_.get(), 16), 0);
        EXPECT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
        port = ntohs(at.sin_port);
        accepting_ = std::thread([this] {
            for (;;) {
                Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
                if (!fd) return;
                serving_.emplace_back([this, fd = std::move(fd)] {
                    (void)send(fd.get(), name_.data(), name_.size(), MSG_NOSIGNAL);
                    char bytes[4096];
                    for (ssize_t got = 0; (got = recv(fd.get(), bytes, sizeof bytes, 0)) > 0;)
                        if (send(fd.get(), bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL) < 0) return;
                });
            }
        });
    }
    ~Echo() {
        shutdown(listener_.get(), SHUT_RDWR);
        accepting_.join();
        for (std::thread& serving : serving_) serving.join();
    }
    std::uint16_t port = 0;

private:
    const std::string name_;
    Fd listener_;
    std::vector<std::thread> serving_;
    std::thread accepting_;
};

class Caller {
public:
    explicit Caller(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{kPatienceS, 0};
        setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        const sockaddr_in at = on_loopback(port);
        connected = connect(fd_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
    }
    /// So many bytes; fewer at the end of the connection.
    std::string read(std::size_t bytes) {
        std::string out(bytes, '\0');
        std::size_t got = 0;
        for (ssize_t n = 0; got < bytes && (n = recv(fd_.get(), out.data() + got, bytes - got, 0)) > 0;)
            got += static_cast<std::size_t>(n);
        out.resize(got);
        return out;
    }
    bool write(std::string_view bytes) {
        for (ssize_t n = 0; !bytes.empty(); bytes.remove_prefix(static_cast<std::size_t>(n)))
            if ((n = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL)) <= 0) return false;
        return true;
    }
    bool connected = false;

private:
    Fd fd_;
};

class ForwarderTest : public ::testing::Test {
protected:
    ForwarderTest() { port = forwarder.start().value(); }
    Echo one{"one"}, two{"two"};
    Forwarder forwarder{{.listen = "127.0.0.1:0", .hold = Millis{500}}};
    std::uint16_t port = 0;
};

TEST_F(ForwarderTest, BytesGoBothWaysAsTheyAre) {
    forwarder.set_target("127.0.0.1", one.port);
    Caller agent(port);
    EXPECT_EQ(agent.read(3), "one");
    std::string much(3'000'000, 'x');
    for (std::size_t i = 0; i < much.size(); i += 1'001) much[i] = static_cast<char>('a' + i % 26);
    std::thread writes([&] { EXPECT_TRUE(agent.write(much)); });
    EXPECT_TRUE(agent.read(much.size()) == much);
    writes.join();
}

TEST_F(ForwarderTest, AnotherLeaderEndsWhatLedToTheOldOne) {
    forwarder.set_target("127.0.0.1", one.port);
    Caller agent(port);
    EXPECT_EQ(agent.read(3), "one");
    forwarder.set_target("127.0.0.1", two.port);
    EXPECT_EQ(agent.read(1), "") << "closed";
    Caller again(port);
    EXPECT_EQ(again.read(3), "two");
    forwarder.set_no_target();
    EXPECT_EQ(again.read(1), "");
}

TEST_F(ForwarderTest, WhoDialsBeforeSomebodyLeadsWaitsAMoment) {
    Caller waits(port);
    Caller in_vain(port);
    ASSERT_TRUE(waits.connected);
    forwarder.set_target("127.0.0.1", two.port);
    EXPECT_EQ(waits.read(3), "two");
    EXPECT_EQ(in_vain.read(3), "two");
    forwarder.set_no_target();
    Caller nobody(port);
    EXPECT_EQ(nobody.read(1), "") << "nobody leads within the time";
}

TEST_F(ForwarderTest, ThePortIsFreeOnceItHasStopped) {
    forwarder.set_target("127.0.0.1", one.port);
    Caller agent(port);
    EXPECT_EQ(agent.read(3), "one");
    forwarder.stop();
    EXPECT_EQ(agent.read(1), "");
    EXPECT_EQ(forwarder.open(), 0U);
    Forwarder next({.listen = "127.0.0.1:" + std::to_string(port)});
    EXPECT_EQ(next.start().value_or(0), port);
}

TEST_F(ForwarderTest, NothingOfItOutlivesTheProgramThatStartsItselfAgain) {
    forwarder.set_target("127.0.0.1", one.port);
    Caller agent(port);
    EXPECT_EQ(agent.read(3), "one");
    int sockets = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int fd = std::stoi(entry.path().filename());
        sockaddr_in here{}, there{};
        socklen_t size = sizeof here;
        if (getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size) != 0) continue;
        size = sizeof there;
        const bool connected = getpeername(fd, reinterpret_cast<sockaddr*>(&there), &size) == 0;
        const bool is_own = ntohs(here.sin_port) == port || (connected && ntohs(there.sin_port) == one.port);
        if (!is_own) continue;
        ++sockets;
        EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    }
    EXPECT_EQ(sockets, 3) << "it listens, and has the agent and the leader";
}

TEST(Addresses, AreTriedInTurnWithARestAfterAll) {
    Addresses one("a:1");
    EXPECT_FALSE(one.several());
    EXPECT_TRUE(one.next());
    EXPECT_EQ(one.current(), "a:1");
    EXPECT_TRUE(one.next());

    Addresses three("a:1,b:2,c:3");
    EXPECT_TRUE(three.several());
    EXPECT_FALSE(three.next());
    EXPECT_EQ(three.current(), "b:2");
    EXPECT_FALSE(three.next());
    EXPECT_TRUE(three.next()) << "all have been tried";
    EXPECT_EQ(three.current(), "a:1");
    EXPECT_FALSE(three.next());
    three.stay();  // b answered, and is gone now
    EXPECT_FALSE(three.next());
    EXPECT_FALSE(three.next());
    EXPECT_TRUE(three.next());
    EXPECT_EQ(three.current(), "b:2");
}

}  // namespace
}  // namespace gse::link
