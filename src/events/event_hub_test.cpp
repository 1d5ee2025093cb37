#include "events/event_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace gse::events {
namespace {

using core::WatchLevel;
using testing::HasSubstr;

class TestClock final : public Clock {
public:
    WallTime wall() const override { return {ms_.load()}; }
    std::int64_t monotonic_ms() const override { return ms_.load(); }
    void advance(Millis by) { ms_ += by.count(); }

private:
    std::atomic<std::int64_t> ms_{1'000'000};
};

class EventHubTest : public testing::Test {
protected:
    static HubOptions options() {
        HubOptions options;
        options.epoch = 3;
        options.default_region = "r";
        options.regions = {"r", "q"};
        options.listeners_max = 2;
        options.waiting_max = 100;
        return options;
    }
    std::unique_ptr<http::EventStream> listen(http::EventWish wish = {}) {
        auto stream = hub_.listen(std::move(wish), [this] { ++wakes_; });
        EXPECT_TRUE(stream) << (stream ? "" : stream.error().message);
        return stream ? *std::move(stream) : nullptr;
    }
    void say(const std::string& fleet, std::size_t times = 1, std::uint64_t left_off = 0) {
        engine::Changes changes;
        for (std::size_t i = 0; i < times; ++i)
            changes.list.push_back(
                engine::FleetChange{.region = "r", .id = fleet, .name = {}, .from = {}, .numbers = {}});
        changes.left_off = left_off;
        hub_.take(std::move(changes));
        hub_.settle();
    }

    TestClock clock_;
    std::atomic<int> wakes_{0};
    EventHub hub_{options(), clock_};
};

TEST_F(EventHubTest, WithoutAListenerNothingIsWanted) {
    EXPECT_EQ(hub_.wanted(), WatchLevel::Nothing);
    {
        const auto stream = listen();
        EXPECT_EQ(hub_.wanted(), WatchLevel::AllButPlayers);
        const auto players = listen({.region = {}, .ids = {}, .players = true, .last_event_id = {}});
        EXPECT_EQ(hub_.wanted(), WatchLevel::All);
    }
    clock_.advance(std::chrono::seconds{59});
    hub_.look();
    EXPECT_NE(hub_.wanted(), WatchLevel::Nothing) << "whoever lost his connection comes back";
    clock_.advance(std::chrono::seconds{1});
    hub_.look();
    EXPECT_EQ(hub_.wanted(), WatchLevel::Nothing);
}

TEST_F(EventHubTest, AListenerIsWokenAndReadsWhatHappened) {
    const auto stream = listen();
    EXPECT_EQ(stream->heartbeat(), ": listening\nid: 3-0\n\n");
    say("fleet-a");
    EXPECT_GE(wakes_, 1);
    EXPECT_THAT(stream->read(10'000), testing::StartsWith("id: 3-1\nevent: fleet\ndata: {"));
    EXPECT_EQ(stream->read(10'000), "");
    EXPECT_EQ(stream->heartbeat(), ": listening\nid: 3-1\n\n");
}

TEST_F(EventHubTest, OneThatComesBackGoesOnWhereItWas) {
    auto stream = listen();
    say("fleet-a");
    EXPECT_THAT(stream->read(10'000), HasSubstr("fleet-a"));
    stream.reset();
    say("fleet-b");
    stream = listen({.region = {}, .ids = {}, .players = false, .last_event_id = "3-1"});
    EXPECT_THAT(stream->read(10'000), testing::AllOf(HasSubstr("fleet-b"), testing::Not(HasSubstr("dropped"))));
}

TEST_F(EventHubTest, OneThatComesBackTooLateIsToldSo) {
    listen().reset();
    say("fleet-a");
    clock_.advance(std::chrono::minutes{2});
    hub_.look();
    const auto stream = listen({.region = {}, .ids = {}, .players = false, .last_event_id = "3-0"});
    EXPECT_THAT(stream->read(10'000), HasSubstr("event: dropped"));
}

TEST_F(EventHubTest, AFloodIsCutAndTold) {
    const auto stream = listen();
    say("fleet-a", 101);
    EXPECT_THAT(stream->read(10'000), HasSubstr(R"({"Reason":"TooMany","Count":101})"));
    say("fleet-b", 1, 7);
    EXPECT_THAT(stream->read(10'000), testing::AllOf(HasSubstr("fleet-b"), HasSubstr(R"("Count":7)")));
}

TEST_F(EventHubTest, RefusesWhatItCannotDo) {
    const auto refused = [&](http::EventWish wish) { return hub_.listen(std::move(wish), [] {}).error().code; };
    EXPECT_EQ(refused({.region = "mars", .ids = {}, .players = false, .last_event_id = {}}),
              ErrorCode::UnsupportedRegion);
    EXPECT_EQ(
        refused({.region = {}, .ids = std::vector<std::string>(21, "fleet-a"), .players = false, .last_event_id = {}}),
        ErrorCode::InvalidParameterValue);
    const auto first = listen(), second = listen({.region = "*", .ids = {}, .players = false, .last_event_id = {}});
    EXPECT_EQ(refused({}), ErrorCode::Overloaded);
}

}  // namespace
}  // namespace gse::events
