// Two servers on one journal in memory, step by step, in time that is handed in: who leads, what the other one knows
// when it takes over, and what a leader may say that does not know whether it still is one.
#include "engine/member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "journal/memory_shared.h"

namespace gse::engine {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Longer than anything here takes; only a test that fails waits for it.
constexpr auto kLimit = 20s;
constexpr Millis kLease{3'000};

class HandClock final : public Clock {
public:
    WallTime wall() const override { return {1'600'000'000'000 + ms_}; }
    std::int64_t monotonic_ms() const override { return ms_; }
    void advance(Millis by) { ms_ += by.count(); }

private:
    std::atomic<std::int64_t> ms_{1'000};
};

class NoStreams final : public link::HostStreams {
public:
    void welcome(link::StreamId, link::Welcome) override {}
    void send_all(link::StreamId, std::vector<link::Order>) override {}
    void close(link::StreamId, std::string) override {}
};

enum class Fence : std::uint8_t { Kept, Forgotten };

/// One life of one server.
struct Server {
    Server(journal::MemoryDatabase& database, HandClock& c, const std::string& name, Fence fence = Fence::Kept)
        : clock(c),
          journal(journal::open_shared_memory_journal(database, name)),
          engine({.still_leads = fence == Fence::Kept ? std::function<bool()>([this] { return journal->leads(); })
                                                      : std::function<bool()>(),
                  .lead_patience = Millis{100}},
                 state, *journal, clock, rng, [this](const Error& error) { failed.set_value(error.message); }),
          member({.address = name, .patience = Millis{1}}, engine, *journal, clock,
                 {.on_leader = [this](const std::optional<std::string>& leader) { leaders.push_back(leader); },
                  .on_lead = [this]() -> Result<void> {
                      engine.lead();
                      engine.start(streams, {});
                      return {};
                  },
                  .on_end = [this](const Error& error) { ended = error.message; }}) {}

    /// Until it leads or follows.
    void come_up() {
        member.step();
        member.step();
    }
    [[nodiscard]] Role role() const { return member.view().role; }
    std::shared_future<std::string> submit(Engine::Kind kind, Decide decide) {
        auto answer = std::make_shared<std::promise<std::string>>();
        std::shared_future<std::string> future = answer->get_future().share();
        const auto taken =
            engine.submit(kind, std::move(decide), [answer](std::string body) { answer->set_value(std::move(body)); });
        if (!taken) answer->set_value("refused: " + taken.error().message);
        return future;
    }
    std::shared_future<std::string> add(const std::string& id) {
        return submit(Engine::Kind::Write, [id](core::Step& step) {
            step.state.add(core::Alias{.id = id,
                                       .region = "ap-shanghai",
                                       .name = {},
                                       .description = {},
                                       .fleet_id = {},
                                       .message = {},
                                       .tags = {}});
            return id;
        });
    }
    std::shared_future<std::string> count() {
        return submit(Engine::Kind::Read,
                      [](core::Step& step) { return std::to_string(step.state.table<core::Alias>().size()); });
    }

    HandClock& clock;
    Settings settings;
    SeededRng rng{7};
    core::State state{settings};
    std::unique_ptr<journal::SharedJournal> journal;
    NoStreams streams;
    std::promise<std::string> failed;
    Engine engine;
    std::vector<std::optional<std::string>> leaders;
    std::string ended;
    Member member;
};

std::string get(std::shared_future<std::string> answer) {
    return answer.wait_for(kLimit) == std::future_status::ready ? answer.get() : "(no answer)";
}
bool answered(std::shared_future<std::string>& answer) { return answer.wait_for(0s) == std::future_status::ready; }

class MemberTest : public ::testing::Test {
protected:
    HandClock clock;
    journal::MemoryDatabase database{clock, kLease};
};

TEST_F(MemberTest, TheFirstLeadsAndTheOthersReadAlong) {
    Server a(database, clock, "a"), b(database, clock, "b");
    a.come_up();
    EXPECT_EQ(a.role(), Role::Leading);
    EXPECT_THAT(a.leaders, testing::ElementsAre(std::nullopt)) << "nobody led before";
    EXPECT_EQ(get(a.add("one")), "one");
    b.come_up();
    EXPECT_EQ(b.role(), Role::Following);
    EXPECT_THAT(b.leaders, testing::ElementsAre(std::optional<std::string>("a")));
    EXPECT_EQ(get(a.add("two")), "two");
    b.member.step();
    EXPECT_EQ(b.member.view().applied, 3U) << "an epoch and two aliases";
    EXPECT_TRUE(b.member.view().leader_known);
    EXPECT_EQ(b.leaders.size(), 1U) << "nothing new to tell";
}

TEST_F(MemberTest, AfterACrashTheOtherLeadsWhenTheLeaseHasRunOutAndKnowsEverything) {
    auto a = std::make_unique<Server>(database, clock, "a");
    Server b(database, clock, "b");
    a->come_up();
    b.come_up();
    EXPECT_EQ(get(a->add("one")), "one");
    a.reset();
    clock.advance(kLease - Millis{1});
    b.member.step();
    EXPECT_EQ(b.role(), Role::Following) << "the lease holds";
    clock.advance(Millis{1});
    b.member.step();
    EXPECT_EQ(b.role(), Role::Leading);
    EXPECT_EQ(get(b.count()), "1");
    EXPECT_EQ(get(b.add("two")), "two");
    EXPECT_EQ(b.state.epoch(), 2U);
}

TEST_F(MemberTest, AfterAnOrderlyEndNobodyWaitsForTheLease) {
    Server a(database, clock, "a"), b(database, clock, "b");
    a.come_up();
    b.come_up();
    EXPECT_EQ(get(a.add("one")), "one");
    a.member.stop();
    a.engine.stop();
    ASSERT_TRUE(a.journal->resign().has_value());
    b.member.step();
    EXPECT_EQ(b.role(), Role::Leading);
    EXPECT_EQ(get(b.count()), "1");
}

TEST_F(MemberTest, AServerThatComesBackTakesItsOwnLeaseUpAtOnce) {
    {
        Server a(database, clock, "a");
        a.come_up();
        EXPECT_EQ(get(a.add("one")), "one");
    }
    Server again(database, clock, "a");
    again.come_up();
    EXPECT_EQ(again.role(), Role::Leading);
    EXPECT_EQ(get(again.count()), "1");
}

TEST_F(MemberTest, ALeaderThatWasReplacedLetsNothingOutAndEnds) {
    Server a(database, clock, "a"), b(database, clock, "b");
    a.come_up();
    b.come_up();
    EXPECT_EQ(get(a.add("one")), "one");
    database.freeze("a", true);
    clock.advance(kLease);
    b.member.step();
    ASSERT_EQ(b.role(), Role::Leading);
    database.freeze("a", false);
    auto lost = a.add("lost");
    EXPECT_THAT(get(a.failed.get_future().share()), HasSubstr("another server leads"));
    EXPECT_FALSE(answered(lost));
    EXPECT_EQ(get(b.count()), "1");
    a.member.step();
    EXPECT_EQ(a.role(), Role::Ended);
    EXPECT_THAT(a.ended, HasSubstr("epoch 2"));
}

TEST_F(MemberTest, ALeaderWithoutALeaseAnswersNoReads) {
    Server a(database, clock, "a"), b(database, clock, "b");
    a.come_up();
    b.come_up();
    EXPECT_EQ(get(a.count()), "0");
    database.freeze("a", true);
    clock.advance(kLease);
    auto waits = a.count();
    ASSERT_TRUE(a.engine.inspect([](const core::State&) {}));
    EXPECT_FALSE(answered(waits)) << "another one may lead";
    database.freeze("a", false);  // it was only slow: the lease is confirmed again, and nobody had taken it
    EXPECT_EQ(get(waits), "0");

    database.freeze("a", true);
    clock.advance(kLease);
    b.member.step();
    EXPECT_EQ(get(b.add("one")), "one");
    auto stale = a.count();
    EXPECT_THAT(get(a.failed.get_future().share()), HasSubstr("another server may lead"));
    EXPECT_FALSE(answered(stale));
}

TEST_F(MemberTest, WithoutThatCheckAnOldAnswerWouldGetOut) {
    constexpr Millis kShort{5};  // or a timer of the state's would be due, whose commit fails
    journal::MemoryDatabase brief{clock, kShort};
    Server a(brief, clock, "a", Fence::Forgotten), b(brief, clock, "b");
    a.come_up();
    b.come_up();
    EXPECT_EQ(get(a.count()), "0");
    brief.freeze("a", true);
    clock.advance(kShort);
    b.member.step();
    EXPECT_EQ(get(b.add("one")), "one");
    EXPECT_EQ(get(a.count()), "0") << "after the other one has said 1: what the check is for";
}

TEST_F(MemberTest, ALeaderThatIsCutOffFromTheDatabaseEndsInTheEnd) {
    Server a(database, clock, "a"), b(database, clock, "b");
    a.come_up();
    b.come_up();
    database.cut("a", true);
    clock.advance(kLease);
    a.member.step();
    EXPECT_EQ(a.role(), Role::Leading) << "it may be heard again";
    EXPECT_THAT(a.member.view().trouble, HasSubstr("cannot be reached"));
    b.member.step();
    EXPECT_EQ(b.role(), Role::Leading);
    clock.advance(kLease);
    a.member.step();
    EXPECT_EQ(a.role(), Role::Ended);
    EXPECT_THAT(a.ended, HasSubstr("could not be confirmed"));
}

TEST_F(MemberTest, WithoutTheDatabaseAFollowerWaits) {
    Server a(database, clock, "a"), b(database, clock, "b");
    database.cut("b", true);
    b.member.step();
    EXPECT_EQ(b.role(), Role::Loading);
    EXPECT_THAT(b.member.view().trouble, HasSubstr("cannot be reached"));
    database.cut("b", false);
    a.come_up();
    b.come_up();
    EXPECT_EQ(b.role(), Role::Following);
    database.cut("b", true);
    EXPECT_EQ(get(a.add("one")), "one");
    b.member.step();
    EXPECT_THAT(b.member.view().trouble, HasSubstr("cannot be reached"));
    EXPECT_TRUE(b.ended.empty());
    database.cut("b", false);
    b.member.step();
    EXPECT_EQ(b.member.view().applied, a.engine.last_seq() + 2) << "its epoch and the alias";
    EXPECT_EQ(b.member.view().trouble, "");
}

}  // namespace
}  // namespace gse::engine
