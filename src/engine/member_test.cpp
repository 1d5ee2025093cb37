// Two servers on one journal in memory, step by step, in time that is handed in: who leads, what the other one knows
// when it takes over, and what a leader may say that does not know whether it still is one.
#include "engine/member.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <map>

#include "journal/memory_shared.h"

namespace gse::engine {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Longer than anything here takes; only a test that fails waits for it.
constexpr auto kLimit = 20s;
constexpr Millis kLease{3'000};
constexpr Millis kLeadPatience{100};
/// Of the clock that is handed in: nothing here lasts so long.
constexpr std::int64_t kGivenUpMs = 1'000'000;

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
    Server(journal::MemoryDatabase& database, HandClock& c, const std::string& name, Fence fence = Fence::Kept,
           Millis lead_patience = kLeadPatience)
        : clock(c),
          journal(journal::open_shared_memory_journal(database, name)),
          engine({.still_leads = fence == Fence::Kept ? std::function<bool()>([this] { return journal->leads(); })
                                                      : std::function<bool()>(),
                  .lead_patience = lead_patience},
                 state, *journal, clock, rng, [this](const Error& error) { failed.set_value(error.message); }),
          member({.address = name, .patience = Millis{1}}, engine, *journal, clock,
                 {.on_leader = [this](const std::optional<std::string>& leader) { leaders.push_back(leader); },
                  .on_lead = [this]() -> Result<void> {
                      engine.lead();
                      engine.start(streams, {});
                      return {};
                  },
                  .on_end = [this](const Error& error) { ended = error.message; },
                  .misses_leader = [this] { return misses; },
                  .has_lost_its_agents = [this] { return alone; }}) {}

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
    bool misses = false;  ///< agents come to it, and it cannot reach the leader
    bool alone = false;   ///< it has no agents any more
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
    const auto failed = a.failed.get_future().share();
    while (failed.wait_for(1ms) != std::future_status::ready && clock.monotonic_ms() < kGivenUpMs)
        clock.advance(kLeadPatience);
    EXPECT_THAT(get(failed), HasSubstr("another server may lead"));
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

TEST_F(MemberTest, ALeaderWithoutAgentsGivesWayToOneThatHasThemAndCannotReachIt) {
    constexpr Millis kLook{1'000};
    Server a(database, clock, "a"), b(database, clock, "b");
    a.come_up();
    b.come_up();
    EXPECT_EQ(get(a.add("one")), "one");
    const auto go_on = [&](int looks) {
        for (int i = 0; i < looks; ++i) {
            clock.advance(kLook);
            b.member.step();
            a.member.step();
        }
    };
    a.alone = true;
    go_on(20);
    EXPECT_TRUE(a.journal->leads()) << "nobody has more use for it";
    a.alone = false, b.misses = true;
    go_on(20);
    EXPECT_TRUE(a.journal->leads()) << "agents reach it";
    a.alone = true;
    go_on(4);
    b.misses = false;
    go_on(1);
    b.misses = true;
    go_on(4);
    EXPECT_TRUE(a.journal->leads()) << "not missed for long enough";
    go_on(3);
    EXPECT_EQ(b.role(), Role::Leading);
    a.member.step();
    EXPECT_EQ(a.role(), Role::Ended);
    EXPECT_THAT(a.ended, HasSubstr("another server leads now"));
    EXPECT_EQ(get(b.count()), "1");
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

/// Servers whose steps, faults and calls come in an order that a seed decides, with time that the same seed moves on.
class AnyOrder {
public:
    AnyOrder(std::uint64_t seed, Fence fence) : rng_(seed), fence_(fence) {
        for (const char* name : kNames) lives_.push_back(begin(name));
    }

    /// The first answer that cannot be, or "".
    std::string run(int steps) {
        for (int i = 0; i < steps && wrong_.empty(); ++i) step();
        return wrong_;
    }
    [[nodiscard]] int answers() const { return answers_; }

private:
    static constexpr std::array kNames = {"a", "b", "c"};
    static constexpr Millis kPatience{0};  // whoever may have been replaced fails at once

    std::unique_ptr<Server> begin(const std::string& name) {
        auto life = std::make_unique<Server>(database_, clock_, name, fence_, kPatience);
        failed_[name] = life->failed.get_future().share();
        return life;
    }

    void step() {
        const std::size_t which = rng_.below(kNames.size());
        std::unique_ptr<Server>& server = lives_[which];
        const std::string name = kNames[which];
        const std::uint64_t what = rng_.below(100);
        if (what < 40) {
            server->member.step();
        } else if (what < 75) {
            if (server->role() == Role::Leading) what < 58 ? add(*server, name) : count(*server, name);
        } else if (what < 85) {
            clock_.advance(Millis{rng_.between(1, 1'500)});
        } else if (what < 92) {
            database_.freeze(name, rng_.chance(0.5));
        } else if (what < 96) {
            database_.cut(name, rng_.chance(0.3));
        } else {
            server.reset();  // a crash, and a new life
            database_.freeze(name, false);
            server = begin(name);
        }
        if (has_failed(name) || (server && server->role() == Role::Ended)) {
            server.reset();
            server = begin(name);
        }
    }
    bool has_failed(const std::string& name) { return failed_[name].wait_for(0s) == std::future_status::ready; }
    /// nullopt: nobody will ever know.
    std::optional<std::string> answer_of(std::shared_future<std::string> answer, const std::string& name) {
        const auto until = std::chrono::steady_clock::now() + kLimit;
        while (std::chrono::steady_clock::now() < until) {
            if (answer.wait_for(1ms) == std::future_status::ready) {
                try {
                    if (answer.get().starts_with("refused")) return std::nullopt;
                    ++answers_;
                    return answer.get();
                } catch (const std::future_error&) {
                    return std::nullopt;  // the engine failed, and dropped the call
                }
            }
            if (has_failed(name) && answer.wait_for(0s) != std::future_status::ready) return std::nullopt;
        }
        wrong_ = "a call was neither answered nor did its server fail";
        return std::nullopt;
    }
    void add(Server& server, const std::string& name) {
        ++sent_;
        if (answer_of(server.add(std::to_string(sent_)), name)) ++done_;
    }
    void count(Server& server, const std::string& name) {
        const auto answer = answer_of(server.count(), name);
        if (!answer) return;
        const auto number = std::stoull(*answer);
        const std::uint64_t least = std::max(done_, seen_);
        if (number < least || number > sent_)
            wrong_ = fmt::format("{} says {} of {} sent, where {} were answered or seen", name, number, sent_, least);
        seen_ = std::max(seen_, number);
    }

    SeededRng rng_;
    const Fence fence_;
    HandClock clock_;
    journal::MemoryDatabase database_{clock_, kLease};
    std::map<std::string, std::shared_future<std::string>> failed_;
    std::vector<std::unique_ptr<Server>> lives_;
    std::uint64_t sent_ = 0;
    unsigned long long done_ = 0;
    unsigned long long seen_ = 0;
    int answers_ = 0;
    std::string wrong_;
};

constexpr int kSteps = 250;

TEST(MembersInAnyOrder, NothingAnsweredIsLostAndNoAnswerIsOld) {
    int answers = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        AnyOrder world(seed, Fence::Kept);
        EXPECT_EQ(world.run(kSteps), "") << "seed " << seed;
        answers += world.answers();
    }
    EXPECT_GT(answers, 100);
}

TEST(MembersInAnyOrder, WhoForgetsToAskIsFoundOut) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        AnyOrder world(seed, Fence::Forgotten);
        if (const std::string wrong = world.run(kSteps); !wrong.empty()) {
            EXPECT_THAT(wrong, HasSubstr("were answered or seen"));
            return;
        }
    }
    FAIL() << "answers of leaders that led no more were not noticed";
}

}  // namespace
}  // namespace gse::engine
