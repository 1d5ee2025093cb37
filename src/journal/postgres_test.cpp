/// The PostgreSQL journal's tables: made, refused, damaged; and the secrets beside them.
#include <gmock/gmock.h>

#include "journal/memory_shared.h"
#include "journal/postgres_test_support.h"
#include "journal/test_support.h"

namespace gse::journal {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class PostgresTest : public testing::Test {
protected:
    [[nodiscard]] PostgresOptions options() const {
        return {.conninfo = test_database(), .schema = schema, .server = "a", .lease = 10s, .patience = 10s};
    }
    std::string ask(const std::string& sql) const {
        return pgtest::ask(test_database(), "SET search_path TO " + schema + "; " + sql);
    }
    std::unique_ptr<SharedJournal> lead() {
        auto journal = open_test_journal(options());
        Recorder replayed;
        EXPECT_OK(journal->load(replayed));
        EXPECT_TRUE(journal->take_over("a").value());
        EXPECT_OK(journal->tail(replayed, 0ms));
        return journal;
    }
    /// The message of an open that is refused.
    [[nodiscard]] std::string refusal(PostgresOptions wish, ErrorCode code = ErrorCode::FailedOperation) const {
        const auto opened = open_postgres_journal(std::move(wish));
        if (opened) return "it opened";
        EXPECT_EQ(opened.error().code, code) << opened.error().message;
        return opened.error().message;
    }
    const std::string schema = fresh_schema();
};

TEST_F(PostgresTest, WhatIsNoConnectionStringIsNotRepeated) {
    auto wish = options();
    for (const char* bad : {"", "host=here password=hunter2 loose", "nonsense://hunter2", "hunter2"}) {
        wish.conninfo = bad;
        const std::string said = refusal(wish, ErrorCode::InvalidParameterValue);
        EXPECT_THAT(said, HasSubstr("journal.postgres is no connection string"));
        EXPECT_THAT(said, Not(HasSubstr("hunter2")));
    }
}

TEST_F(PostgresTest, ADatabaseThatCannotBeReachedIsNamedWithoutThePassword) {
    auto wish = options();
    wish.conninfo = "host=/nowhere user=gse dbname=gse password=hunter2";
    EXPECT_THAT(refusal(wish),
                AllOf(HasSubstr("cannot connect to the database"), HasSubstr("/nowhere"), Not(HasSubstr("hunter2"))));
    wish.conninfo = test_database() + " dbname=missing";
    EXPECT_THAT(refusal(wish), HasSubstr("\"missing\" does not exist"));
}

TEST_F(PostgresTest, NothingIsMadeWhereTheDeploymentShouldBe) {
    auto wish = options();
    wish.deployment = "mine";
    EXPECT_THAT(refusal(wish, ErrorCode::NotFound),
                AllOf(HasSubstr("holds no journal"), HasSubstr("belongs to deployment mine")));
    EXPECT_EQ(ask("SELECT count(*) FROM pg_namespace WHERE nspname = '" + schema + "'"), "0");
}

TEST_F(PostgresTest, AnotherDeploymentsDatabaseIsRefusedAndLeftAsItIs) {
    auto wish = options();
    wish.create = true;
    wish.deployment = "theirs";
    ASSERT_TRUE(open_postgres_journal(wish));
    const std::string before = ask("SELECT deployment || version || (SELECT seq || ' ' || epoch FROM head) FROM meta");
    wish.deployment = "mine";
    EXPECT_THAT(refusal(wish), HasSubstr("belongs to deployment theirs, not to mine"));
    EXPECT_EQ(ask("SELECT deployment || version || (SELECT seq || ' ' || epoch FROM head) FROM meta"), before);
    wish.deployment.clear();
    EXPECT_EQ(open_postgres_journal(wish).value().deployment, "theirs");
}

TEST_F(PostgresTest, NewerTablesAreRefused) {
    lead();
    ask("UPDATE meta SET version = 99");
    EXPECT_THAT(refusal(options()), HasSubstr("has version 99 of the tables, this program knows 1"));
    EXPECT_EQ(ask("SELECT version FROM meta"), "99");
}

TEST_F(PostgresTest, ASchemaOfSomebodyElseIsRefused) {
    pgtest::ask(test_database(), "CREATE SCHEMA " + schema + "; CREATE TABLE " + schema + ".orders ()");
    auto wish = options();
    wish.create = true;
    EXPECT_THAT(refusal(wish), HasSubstr("with tables that are not OpenGSE's"));
    EXPECT_EQ(ask("SELECT count(*) FROM pg_class WHERE relnamespace = '" + schema + "'::regnamespace"), "1");
}

TEST_F(PostgresTest, MissingRightsAreNamed) {
    const std::string role = schema + "_poor";
    pgtest::ask(test_database(), "CREATE ROLE " + role + " LOGIN");
    auto wish = options();
    wish.conninfo += " user=" + role;
    wish.create = true;
    EXPECT_THAT(refusal(wish),
                AllOf(HasSubstr("does not give the role " + role), HasSubstr("GRANT CREATE ON DATABASE")));
    lead();  // by the superuser
    EXPECT_THAT(refusal(wish), HasSubstr("does not give the role " + role));
    pgtest::ask(test_database(), "CREATE SCHEMA " + schema + "_own AUTHORIZATION " + role);
    wish.schema = schema + "_own";
    EXPECT_TRUE(open_postgres_journal(wish));
}

TEST_F(PostgresTest, ServersThatStartAtOnceMakeTheTablesOnce) {
    std::vector<std::thread> threads;
    std::vector<std::string> deployments(4);
    for (auto& deployment : deployments)
        threads.emplace_back([&] {
            auto wish = options();
            wish.create = true;
            auto opened = open_postgres_journal(wish);
            deployment = opened ? opened->deployment : opened.error().message;
        });
    for (auto& thread : threads) thread.join();
    for (const auto& deployment : deployments) EXPECT_EQ(deployment, deployments[0]);
}

TEST_F(PostgresTest, DamageIsFoundAndNothingIsReplayedSilently) {
    struct Case {
        const char* what;
        const char* sql;
        const char* said;
    };
    for (const Case& one : {
             Case{"a bit of a batch", "UPDATE log SET batch = set_byte(batch, 7, 1 # get_byte(batch, 7)) WHERE seq = 5",
                  "wrong checksum in batch 5"},
             Case{"a batch is gone", "DELETE FROM log WHERE seq = 5", "batch 6 does not follow batch 4"},
             Case{"the last batch is gone", "DELETE FROM log WHERE seq = 10", "the log ends at batch 9, batch 10 was"},
             Case{"two batches have changed places",
                  "UPDATE log SET seq = 100 WHERE seq = 3; UPDATE log SET seq = 3 WHERE seq = 4;"
                  "UPDATE log SET seq = 4 WHERE seq = 100",
                  "batch 3"},
             Case{"a slice is gone", "DELETE FROM slice WHERE n = 1", "is not whole"},
             Case{"a bit of a slice", "UPDATE slice SET bytes = '\\x00' WHERE n = 0", "slice 0 of the snapshot"},
         }) {
        SCOPED_TRACE(one.what);
        ask("DROP SCHEMA IF EXISTS " + schema + " CASCADE");
        {
            auto journal = lead();
            for (std::uint64_t seq = 1; seq <= 10; ++seq) ASSERT_OK(journal->append(seq, batch_of(seq, 3'000)));
            auto writer = journal->begin_snapshot(2);
            ASSERT_OK(writer);
            ASSERT_OK((*writer)->write(batch_of(1, 3'000)));
            ASSERT_OK((*writer)->write(batch_of(2, 3'000)));
            ASSERT_OK((*writer)->finish(2));
        }
        ask(one.sql);
        auto journal = open_test_journal(options());
        Recorder replayed;
        const auto loaded = journal->load(replayed);
        ASSERT_FALSE(loaded);
        EXPECT_THAT(loaded.error().message, HasSubstr(one.said));
    }
}

/// A fail-over to a standby that did not have the last batches: somebody has read what is not there any more.
TEST_F(PostgresTest, AFollowerThatHasReadWhatAFailOverLostBeginsAgain) {
    auto a = lead();
    for (std::uint64_t seq = 1; seq <= 5; ++seq) ASSERT_OK(a->append(seq, batch_of(seq, 100)));
    auto wish = options();
    wish.server = "b";
    auto b = open_test_journal(wish);
    Recorder replayed;
    ASSERT_OK(b->load(replayed));
    ask("DELETE FROM log WHERE seq = 5; UPDATE head SET seq = 4");
    EXPECT_EQ(b->tail(replayed, 0ms).value(), std::nullopt) << "it is ahead";

    EXPECT_FALSE(a->append(6, batch_of(6, 100))) << "neither does the old leader go on over the gap";
    a = lead();
    ASSERT_OK(a->append(5, batch_of(5, 100, 1)));
    EXPECT_EQ(b->tail(replayed, 0ms).value(), std::nullopt) << "it has another batch 5";
    ASSERT_OK(a->append(6, batch_of(6, 100)));
    EXPECT_EQ(b->tail(replayed, 0ms).value(), std::nullopt);
    Recorder again;
    ASSERT_OK(b->load(again));
    EXPECT_EQ(again.entries[5], batch_of(5, 100, 1));
    EXPECT_EQ(b->tail(again, 0ms).value(), 6u);
}

TEST_F(PostgresTest, TrimmingLeavesLittleBehind) {
    auto journal = lead();
    for (std::uint64_t seq = 1; seq <= 600; ++seq) ASSERT_OK(journal->append(seq, batch_of(seq, 10)));
    for (const std::uint64_t at : {200u, 590u}) {
        auto writer = journal->begin_snapshot(at);
        ASSERT_OK(writer);
        ASSERT_OK((*writer)->write(batch_of(1, 10)));
        ASSERT_OK((*writer)->finish(600));
    }
    ASSERT_OK(journal->trim());
    EXPECT_EQ(ask("SELECT count(*) || ' ' || min(seq) FROM log"), "11 590");
    EXPECT_EQ(ask("SELECT (SELECT count(*) FROM snapshot) || ' ' || (SELECT count(*) FROM slice)"), "1 1");
}

TEST_F(PostgresTest, ASnapshotThatWasInterruptedIsDroppedByTheNext) {
    auto journal = lead();
    ASSERT_OK(journal->append(1, batch_of(1, 10)));
    ask("INSERT INTO snapshot (epoch, start_seq) VALUES (1, 1)");
    ask("INSERT INTO slice SELECT max(id), 0, 0, 'x' FROM snapshot");
    auto writer = journal->begin_snapshot(1);
    ASSERT_OK(writer);
    EXPECT_EQ(ask("SELECT count(*) FROM slice"), "0");
    ASSERT_OK((*writer)->finish(1));
}

TEST_F(PostgresTest, ReplacedLeadersFinishNoSnapshot) {
    auto a = lead();
    ASSERT_OK(a->append(1, batch_of(1, 10)));
    auto writer = a->begin_snapshot(1);
    ASSERT_OK(writer);
    auto again = lead();  // the same server's next life
    EXPECT_FALSE((*writer)->finish(1));
    EXPECT_EQ(ask("SELECT count(*) FROM snapshot WHERE end_seq IS NOT NULL"), "0");
}

TEST_F(PostgresTest, ADatabaseThatDoesNotWaitForItsDiskIsWarnedOf) {
    auto wish = options();
    wish.create = true;
    const auto opened = open_postgres_journal(wish);
    ASSERT_TRUE(opened);
    EXPECT_THAT(opened->warnings, testing::ElementsAre(HasSubstr("fsync")));
}

TEST_F(PostgresTest, SessionsWaitForTheirCommitsWhateverTheRolePrefers) {
    auto wish = options();
    wish.conninfo += " options='-c synchronous_commit=off -c statement_timeout=1 -c default_transaction_read_only=on'";
    wish.create = true;
    auto opened = open_postgres_journal(wish);
    ASSERT_TRUE(opened) << opened.error().message;
    Recorder replayed;
    ASSERT_OK(opened->journal->load(replayed));
    ASSERT_TRUE(opened->journal->take_over("a").value());
    ASSERT_OK(opened->journal->append(1, batch_of(1, 10)));
}

class PostgresSecretsTest : public PostgresTest {
protected:
    std::unique_ptr<SharedSecrets> open(const std::string& deployment = "d", char key = 'k') {
        return open_postgres_secrets(options(), deployment, std::string(kSecretKeyBytes, key));
    }
    void SetUp() override { lead(); }
};

TEST_F(PostgresSecretsTest, AreMadeOnceAndReplacedOnlyAsExpected) {
    auto secrets = open();
    EXPECT_EQ(secrets->get("token").value(), std::nullopt);
    const std::string made = secrets->get_or_create("token", 32).value();
    EXPECT_EQ(made.size(), 32u);
    EXPECT_EQ(open()->get_or_create("token", 16).value(), made) << "another server gets the same";
    EXPECT_TRUE(secrets->replace("token", made, "new").value());
    EXPECT_EQ(open()->get("token").value(), "new");
    EXPECT_FALSE(secrets->replace("token", made, "late").value());
    EXPECT_FALSE(secrets->replace("token", std::nullopt, "late").value());
    EXPECT_TRUE(secrets->replace("token", "new", std::string("newer\0!", 7)).value());
    EXPECT_EQ(secrets->get("token").value(), std::string("newer\0!", 7));
    EXPECT_FALSE(secrets->replace("third", "x", "y").value());
    EXPECT_TRUE(secrets->replace("third", std::nullopt, "y").value());
    EXPECT_EQ(secrets->get("Not A Name").error().code, ErrorCode::InvalidParameterValue);
}

TEST_F(PostgresSecretsTest, ServersThatAskAtOnceGetTheSame) {
    std::vector<std::thread> threads;
    std::vector<std::string> got(4);
    for (auto& secret : got)
        threads.emplace_back([&] { secret = open()->get_or_create("shared", 32).value_or("failed"); });
    for (auto& thread : threads) thread.join();
    for (const auto& secret : got) EXPECT_EQ(secret, got[0]);
    EXPECT_EQ(got[0].size(), 32u);
}

TEST_F(PostgresSecretsTest, TheDatabaseSeesNoneAndCannotExchangeThem) {
    auto secrets = open();
    ASSERT_TRUE(secrets->replace("one", std::nullopt, "a very plain secret").value());
    ASSERT_TRUE(secrets->replace("two", std::nullopt, "another secret").value());
    EXPECT_EQ(ask("SELECT count(*) FROM secret WHERE position('plain' IN encode(sealed, 'escape')) > 0"), "0");
    EXPECT_THAT(open("d", 'x')->get("one").error().message, HasSubstr("secrets.key_file is not the key"));
    EXPECT_FALSE(open("e")->get("one")) << "a copy of the table elsewhere";
    ask("UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE name = 'two') WHERE name = 'one'");
    EXPECT_FALSE(secrets->get("one"));
    EXPECT_EQ(secrets->get("two").value(), "another secret");
}

TEST_F(PostgresSecretsTest, SurviveALostConnection) {
    auto secrets = open();
    ASSERT_TRUE(secrets->replace("one", std::nullopt, "secret").value());
    ask("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = 'gse secrets " +
        schema + "'");
    EXPECT_EQ(secrets->get("one").value(), "secret");
}

}  // namespace
}  // namespace gse::journal
