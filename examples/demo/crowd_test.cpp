// Players against a real gse-chat, on a port the kernel chose.

#include "crowd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <filesystem>
#include <functional>

#include "child.h"

namespace gse::demo {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kPatience = 20s;

bool wait_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > until) return false;
        ::poll(nullptr, 0, 10);
    }
    return true;
}

/// gse-chat that admits anyone.
class CrowdTest : public testing::Test {
protected:
    void SetUp() override {
        auto chat =
            Child::start({GSE_CHAT, "--standalone", "--title", "Chat 7"}, testing::TempDir() + "crowd_test.log");
        ASSERT_TRUE(chat) << chat.error().message;
        chat_.emplace(std::move(*chat));
        // The log goes to stdout too; the address comes in a line of its own.
        std::string line;
        do {
            const auto next = chat_->next_line(kPatience);
            ASSERT_TRUE(next) << next.error().message;
            line = *next;
        } while (!line.starts_with("standalone:"));
        const auto port = line.find("127.0.0.1:");
        ASSERT_NE(port, std::string::npos);
        port_ = static_cast<std::uint16_t>(std::stoi(line.substr(port + 10)));
        ASSERT_TRUE(wait_until([&] { return opened(); })) << "the match did not begin";
    }

    /// It prints its address just before its match begins: until then players are asked to come again.
    bool opened() {
        Crowd crowd;
        const auto room = crowd.open({{"127.0.0.1", port_, "psess-visitor-" + std::to_string(visitors_++), "visitor"}});
        return wait_until([&] { return crowd.view(room).present == 1 || crowd.view(room).over; }) &&
               !crowd.view(room).over;
    }

    std::vector<Seat> seats(std::size_t count) const {
        std::vector<Seat> seats;
        for (std::size_t i = 0; i < count; ++i)
            seats.push_back({"127.0.0.1", port_, "psess-" + std::to_string(i), "Ann" + std::to_string(i)});
        return seats;
    }

    std::optional<Child> chat_;
    std::uint16_t port_ = 0;
    int visitors_ = 0;
};

TEST_F(CrowdTest, EverybodyHearsEverybodyUntilAPlayerEndsTheMatch) {
    Crowd crowd;
    const auto room = crowd.open(seats(3));
    ASSERT_TRUE(wait_until([&] { return crowd.view(room).heard >= 18; }));
    EXPECT_EQ(crowd.view(room).present, 3U);
    EXPECT_EQ(crowd.view(room).title, "Chat 7");
    crowd.hush(room);
    ASSERT_TRUE(wait_until([&] { return crowd.view(room).settled; }));
    const RoomView hushed = crowd.view(room);
    EXPECT_EQ(hushed.heard, hushed.sent * 3);
    crowd.press_end(room);
    ASSERT_TRUE(wait_until([&] { return crowd.view(room).over; }));
    const RoomView over = crowd.view(room);
    EXPECT_EQ(over.sent, hushed.sent);
    EXPECT_EQ(over.missed, 0U);
    EXPECT_EQ(over.farewells, 3U);
    EXPECT_THAT(over.disconnects, IsEmpty());
    EXPECT_THAT(over.troubles, IsEmpty());
}

TEST_F(CrowdTest, ALostConnectionIsNoticed) {
    Crowd crowd;
    const auto room = crowd.open(seats(2));
    ASSERT_TRUE(wait_until([&] { return crowd.view(room).heard > 0; }));
    chat_->signal(SIGKILL);
    ASSERT_TRUE(wait_until([&] { return crowd.view(room).over; }));
    EXPECT_THAT(crowd.view(room).disconnects, SizeIs(2));
    EXPECT_THAT(crowd.view(room).disconnects, Each(HasSubstr("lost the connection")));
}

TEST_F(CrowdTest, AnEndThatNobodyAskedForIsADisconnect) {
    Crowd crowd;
    const auto room = crowd.open(seats(2));
    ASSERT_TRUE(wait_until([&] { return crowd.view(room).present == 2; }));
    chat_->signal(SIGTERM);
    ASSERT_TRUE(wait_until([&] { return crowd.view(room).over; }));
    EXPECT_THAT(crowd.view(room).disconnects, Each(HasSubstr("code 1000")));
    EXPECT_THAT(crowd.view(room).disconnects, SizeIs(2));
}

TEST_F(CrowdTest, WhoLeavesIsNotMissed) {
    Crowd crowd;
    const auto room = crowd.open(seats(2));
    ASSERT_TRUE(wait_until([&] { return crowd.view(room).present == 2; }));
    crowd.leave(room);
    ASSERT_TRUE(wait_until([&] { return crowd.view(room).over; }));
    EXPECT_THAT(crowd.view(room).disconnects, IsEmpty());
}

TEST_F(CrowdTest, ADoorThatIsShutIsADisconnect) {
    chat_->signal(SIGKILL);
    ASSERT_TRUE(chat_->wait(kPatience));
    Crowd crowd;
    const auto room = crowd.open(seats(1));
    ASSERT_TRUE(wait_until([&] { return crowd.view(room).over; }));
    EXPECT_THAT(crowd.view(room).disconnects, Each(HasSubstr("could not connect")));
    EXPECT_EQ(crowd.view(room).present, 0U);
}

}  // namespace
}  // namespace gse::demo
