/// What every shared journal promises beyond what each journal does, told once and run on each.
#include <thread>

#include "journal/memory_shared.h"
#include "journal/postgres_test_support.h"
#include "journal/shared.h"
#include "journal/test_support.h"
#include "postgres/proxy.h"

namespace gse::journal {
namespace {

using namespace std::chrono_literals;

/// A database on which servers open journals.
class Place {
public:
    virtual ~Place() = default;
    virtual std::unique_ptr<SharedJournal> open(const std::string& server) = 0;
    /// No word between the server and the database until thaw(); its lease is over when this returns.
    virtual void freeze_past_lease(const std::string& server) = 0;
    virtual void thaw(const std::string& server) = 0;
};

class MemoryPlace final : public Place {
public:
    std::unique_ptr<SharedJournal> open(const std::string& server) override {
        return open_shared_memory_journal(database_, server);
    }
    void freeze_past_lease(const std::string& server) override {
        database_.freeze(server, true);
        clock_.advance(Millis{3'001});
    }
    void thaw(const std::string& server) override { database_.freeze(server, false); }

private:
    ManualClock clock_;
    MemoryDatabase database_{clock_};
};

class PostgresPlace final : public Place {
public:
    std::unique_ptr<SharedJournal> open(const std::string& server) override {
        auto& wire = wires_[server];
        if (!wire) wire = std::make_unique<pgtest::Proxy>(folder() / ".s.PGSQL.5432");
        return open_test_journal({.conninfo = test_database() + " host=" + wire->host(),
                                  .schema = schema_,
                                  .server = server,
                                  .lease = 2s,
                                  .patience = 30s});
    }
    void freeze_past_lease(const std::string& server) override {
        wires_[server]->swallow(true);
        auto watch = open("watch");
        while (watch->leader().value()->left > 0ms) {
        }
    }
    void thaw(const std::string& server) override { wires_[server]->swallow(false); }

private:
    static std::filesystem::path folder() {
        const std::string& conninfo = test_database();  // host=FOLDER port=…
        return conninfo.substr(5, conninfo.find(' ') - 5);
    }
    const std::string schema_ = fresh_schema();
    std::map<std::string, std::unique_ptr<pgtest::Proxy>> wires_;
};

struct Kind {
    const char* name;
    std::unique_ptr<Place> (*make)();
};

const Kind kKinds[] = {
    {"Memory", [] { return std::unique_ptr<Place>(std::make_unique<MemoryPlace>()); }},
    {"Postgres", [] { return std::unique_ptr<Place>(std::make_unique<PostgresPlace>()); }},
};

/// One server: its journal and what it has replayed.
struct Server {
    Server(Place& place, const std::string& given) : name(given), journal(place.open(given)) { load(); }

    void load() {
        replayed = Recorder();
        const auto loaded = journal->load(replayed);
        EXPECT_TRUE(loaded) << loaded.error().message;
    }
    /// The newest sequence number; nullopt: it has to begin again.
    std::optional<std::uint64_t> tail(std::chrono::milliseconds patience = 0ms) {
        const auto tailed = journal->tail(replayed, patience);
        EXPECT_TRUE(tailed) << tailed.error().message;
        return tailed ? *tailed : std::nullopt;
    }
    bool take_over() {
        const auto took = journal->take_over(name + ":7070");
        EXPECT_TRUE(took) << took.error().message;
        if (!took || !*took) return false;
        tail();
        return true;
    }
    void append(std::uint64_t from, std::uint64_t to, std::uint64_t salt = 0) {
        for (std::uint64_t seq = from; seq <= to; ++seq) EXPECT_OK(journal->append(seq, batch_of(seq, 100, salt)));
    }
    void snapshot(std::uint64_t start, std::uint64_t end, const char* slice) {
        auto writer = journal->begin_snapshot(start);
        ASSERT_OK(writer);
        ASSERT_OK((*writer)->write(text_bytes(slice)));
        ASSERT_OK((*writer)->finish(end));
    }

    std::string name;
    std::unique_ptr<SharedJournal> journal;
    Recorder replayed;
};

class SharedJournalTest : public testing::TestWithParam<Kind> {
protected:
    std::unique_ptr<Place> place = GetParam().make();
};

TEST_P(SharedJournalTest, NobodyLeadsAtFirst) {
    Server a(*place, "a");
    const auto leader = a.journal->leader();
    ASSERT_OK(leader);
    EXPECT_FALSE(*leader);
    EXPECT_FALSE(a.journal->leads());
    EXPECT_EQ(a.journal->epoch(), 0u);
}

TEST_P(SharedJournalTest, OneLeadsAndTheOthersReadAlong) {
    Server a(*place, "a"), b(*place, "b");
    ASSERT_TRUE(a.take_over());
    EXPECT_TRUE(a.journal->leads());
    a.append(1, 20);
    EXPECT_EQ(b.tail(), 20u);
    a.append(21, 25);
    EXPECT_EQ(b.tail(), 25u);
    EXPECT_EQ(b.tail(), 25u) << "nothing is brought twice";
    for (std::uint64_t seq = 1; seq <= 25; ++seq) EXPECT_EQ(b.replayed.entries[seq], batch_of(seq, 100)) << seq;

    const auto leader = b.journal->leader();
    ASSERT_OK(leader);
    ASSERT_TRUE(*leader);
    EXPECT_EQ((*leader)->address, "a:7070");
    EXPECT_EQ((*leader)->epoch, a.journal->epoch());
    EXPECT_GT((*leader)->left, 0ms);
    EXPECT_FALSE(b.take_over());
    EXPECT_FALSE(b.journal->leads());
    EXPECT_TRUE(a.journal->leads());
}

TEST_P(SharedJournalTest, AFollowerThatWaitsIsWokenByWhatIsNew) {
    Server a(*place, "a"), b(*place, "b");
    ASSERT_TRUE(a.take_over());
    std::optional<std::uint64_t> seen;
    std::thread waits([&] { seen = b.tail(60s); });
    a.append(1, 1);
    waits.join();
    EXPECT_EQ(seen, 1u);
}

TEST_P(SharedJournalTest, AnotherTakesOverWhenTheLeaseIsOverAndTheOldLeaderIsFencedOff) {
    Server a(*place, "a"), b(*place, "b");
    ASSERT_TRUE(a.take_over());
    a.append(1, 10);
    place->freeze_past_lease("a");
    EXPECT_LE((*b.journal->leader())->left, 0ms);
    ASSERT_TRUE(b.take_over());
    EXPECT_GT(b.journal->epoch(), a.journal->epoch());
    EXPECT_EQ(b.replayed.entries.size(), 10u);
    place->thaw("a");
    EXPECT_FALSE(a.journal->append(11, batch_of(11, 100, 1)));
    EXPECT_FALSE(a.journal->leads());
    EXPECT_FALSE(a.journal->append(11, batch_of(11, 100, 1))) << "poisoned";
    b.append(11, 12);

    Server c(*place, "c");
    EXPECT_EQ(c.replayed.entries.size(), 12u);
    EXPECT_EQ(c.replayed.entries[11], batch_of(11, 100));
}

TEST_P(SharedJournalTest, AFrozenLeaderThatNobodyReplacedGoesOn) {
    Server a(*place, "a");
    ASSERT_TRUE(a.take_over());
    a.append(1, 1);
    place->freeze_past_lease("a");
    EXPECT_FALSE(a.journal->leads());
    place->thaw("a");
    a.append(2, 2);
    Server b(*place, "b");
    EXPECT_EQ(b.replayed.entries.size(), 2u);
}

TEST_P(SharedJournalTest, TheSameServerTakesOverFromItsEarlierLifeAtOnce) {
    std::uint64_t before = 0;
    {
        Server a(*place, "a");
        ASSERT_TRUE(a.take_over());
        before = a.journal->epoch();
        a.append(1, 3);
    }
    Server b(*place, "b"), a(*place, "a");
    EXPECT_FALSE(b.take_over()) << "the lease outlives its holder";
    ASSERT_TRUE(a.take_over());
    EXPECT_GT(a.journal->epoch(), before);
    a.append(4, 4);
}

TEST_P(SharedJournalTest, WhoResignsIsFollowedAtOnce) {
    Server a(*place, "a"), b(*place, "b");
    ASSERT_TRUE(a.take_over());
    a.append(1, 5);
    EXPECT_OK(a.journal->resign());
    EXPECT_FALSE(a.journal->leads());
    ASSERT_TRUE(b.take_over());
    b.append(6, 7);
    EXPECT_EQ(a.tail(), 7u) << "a follower now";
    EXPECT_OK(a.journal->resign());  // harmless
    EXPECT_TRUE(b.journal->leads());
    EXPECT_OK(b.journal->resign());
    ASSERT_TRUE(a.take_over());
    a.append(8, 8);
}

TEST_P(SharedJournalTest, AFollowersDoubtIsSeenByTheLeaderItIsOf) {
    Server a(*place, "a");
    ASSERT_TRUE(a.take_over());
    {
        Server b(*place, "b");
        EXPECT_EQ(a.journal->is_doubted().value(), false);
        EXPECT_OK(b.journal->doubt(a.journal->epoch() + 1));
        EXPECT_EQ(a.journal->is_doubted().value(), false) << "another lead's";
        EXPECT_OK(b.journal->doubt(a.journal->epoch()));
        EXPECT_EQ(a.journal->is_doubted().value(), true);
        EXPECT_OK(b.journal->doubt(0));
        EXPECT_EQ(a.journal->is_doubted().value(), false);
        EXPECT_OK(b.journal->doubt(a.journal->epoch()));
    }
    // A connection that is closed is gone from the database's list a moment later.
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (a.journal->is_doubted().value() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_EQ(a.journal->is_doubted().value(), false) << "it ends with whoever said it";
}

TEST_P(SharedJournalTest, WhoGivesWayIsFollowedAtOnceAndCommitsUntilThen) {
    Server a(*place, "a"), b(*place, "b");
    ASSERT_TRUE(a.take_over());
    a.append(1, 5);
    EXPECT_OK(a.journal->give_way());
    EXPECT_FALSE(a.journal->leads());
    EXPECT_LE((*b.journal->leader())->left, 0ms);
    a.append(6, 6);
    ASSERT_TRUE(b.take_over());
    EXPECT_EQ(b.replayed.entries.size(), 6u);
    EXPECT_FALSE(a.journal->append(7, batch_of(7, 100, 1)));
    b.append(7, 7);
}

TEST_P(SharedJournalTest, AFollowerBehindTheTrimPointBeginsAgainFromTheSnapshot) {
    Server a(*place, "a"), b(*place, "b"), c(*place, "c");
    ASSERT_TRUE(a.take_over());
    a.append(1, 100);
    EXPECT_EQ(c.tail(), 100u);
    a.snapshot(90, 100, "state");
    ASSERT_OK(a.journal->trim());
    a.append(101, 110);
    EXPECT_EQ(c.tail(), 110u) << "it was not behind";
    EXPECT_EQ(b.tail(), std::nullopt);
    EXPECT_EQ(b.tail(), std::nullopt) << "until it has loaded";
    b.load();
    EXPECT_EQ(b.replayed.slices, (std::vector<Bytes>{text_bytes("state")}));
    EXPECT_EQ(b.replayed.entries.size(), 20u);
    EXPECT_EQ(b.tail(), 110u);
}

TEST_P(SharedJournalTest, WithNothingLeftOfTheLogAFollowerStillSeesThatItIsBehind) {
    Server a(*place, "a"), b(*place, "b");
    ASSERT_TRUE(a.take_over());
    a.append(1, 10);
    a.snapshot(10, 10, "all");
    ASSERT_OK(a.journal->trim());
    EXPECT_EQ(b.tail(), std::nullopt);
    b.load();
    EXPECT_EQ(b.tail(), 10u);
    a.append(11, 11);
    EXPECT_EQ(b.tail(), 11u);
}

TEST_P(SharedJournalTest, ANewLeaderCountsTheBytesSinceTheSnapshotOfTheOldOne) {
    Server a(*place, "a"), b(*place, "b");
    ASSERT_TRUE(a.take_over());
    a.append(1, 10);
    EXPECT_EQ(b.tail(), 10u);
    a.snapshot(8, 10, "state");
    a.append(11, 11);
    EXPECT_OK(a.journal->resign());
    ASSERT_TRUE(b.take_over());
    b.append(12, 12);
    EXPECT_EQ(b.journal->bytes_since_snapshot(), 400u);
    EXPECT_EQ(b.journal->snapshot_bytes(), 5u) << "of the old leader's, which it never read";
    b.snapshot(12, 12, "next");
    ASSERT_OK(b.journal->trim());
    EXPECT_EQ(b.journal->bytes_since_snapshot(), 0u);
}

TEST_P(SharedJournalTest, ARefusalOfTheReplayEndsTheTailAndLosesNothing) {
    Server a(*place, "a"), b(*place, "b");
    ASSERT_TRUE(a.take_over());
    a.append(1, 3);
    RefusingReplay refusing(2);
    const auto tailed = b.journal->tail(refusing, 0ms);
    ASSERT_FALSE(tailed);
    EXPECT_EQ(tailed.error().message, "unreadable record");
    b.load();
    EXPECT_EQ(b.replayed.entries.size(), 3u);
}

std::string kind_name(const testing::TestParamInfo<Kind>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Every, SharedJournalTest, testing::ValuesIn(kKinds), kind_name);

TEST(MemoryDatabase, ACutOffLeaderLeadsUntilItsLeaseIsOver) {
    ManualClock clock;
    MemoryDatabase database(clock, Millis{3'000});
    const auto open = [&](const char* name) { return open_shared_memory_journal(database, name); };
    auto a = open("a");
    Recorder nothing;
    ASSERT_OK(a->load(nothing));
    ASSERT_TRUE(a->take_over("a").value());
    database.cut("a", true);
    clock.advance(Millis{2'999});
    EXPECT_TRUE(a->leads());
    clock.advance(Millis{1});
    EXPECT_FALSE(a->leads());
    EXPECT_FALSE(a->leader());
    EXPECT_FALSE(a->tail(nothing, 0ms));
    EXPECT_FALSE(a->append(1, {}));
    auto b = open("b");
    ASSERT_OK(b->load(nothing));
    EXPECT_TRUE(b->take_over("b").value());
    database.cut("a", false);
    EXPECT_FALSE(a->leads());
    EXPECT_EQ(a->leader().value()->address, "b");
}

}  // namespace
}  // namespace gse::journal
