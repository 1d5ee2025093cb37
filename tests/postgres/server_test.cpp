// `gse server` with its state in a real PostgreSQL: it comes back with everything after it, or the database, was
// killed; and the state moves there and back.
#include <gmock/gmock.h>

#include <signal.h>

#include <fstream>
#include <tuple>

#include "e2e/deployment.h"
#include "e2e/program.h"
#include "postgres/cluster.h"

namespace gse::pgtest {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr Millis kLimit{30'000};

class PostgresServer : public ::testing::Test {
protected:
    static void SetUpTestSuite() { database = Cluster::make(Cluster::Kind::Durable); }
    static void TearDownTestSuite() { database.reset(); }
    // Each test has the database to itself.
    void SetUp() override { database->ask("DROP SCHEMA IF EXISTS gse CASCADE"); }

    static std::vector<std::string> on_postgres() {
        return {"--set", "journal.kind=postgres", "--set", "journal.postgres=" + database->conninfo()};
    }
    static std::vector<std::string> command(const fs::path& folder, const std::vector<std::string>& more) {
        auto words =
            e2e::gse_command({"server", "--data", folder, "--listen", "127.0.0.1:0", "--link-listen", "127.0.0.1:0"});
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    /// Starts it on the folder, with these words behind the others; "" or why it does not start.
    std::string start(const std::vector<std::string>& more) {
        auto words = command(data, more);
        server = std::make_unique<e2e::Program>(words, dir.path() / "server.log");
        auto ready = server->ready(kLimit);
        if (ready.empty()) {
            const int code = server->wait(kLimit);
            return "exit code " + std::to_string(code) + ": " + server->log();
        }
        http = ready["http"];
        return "";
    }
    void stop() {
        server->signal(SIGTERM);
        EXPECT_EQ(server->wait(kLimit), 0);
    }
    void add_assets(int count) {
        const fs::path zip = dir.path() / "asset.zip";
        std::ofstream(zip) << "PK\3\4 begins a zip, which is not unpacked before a fleet wants it";
        e2e::Api api(http);
        for (int i = 0; i < count; ++i) {
            const auto asset = e2e::upload_asset(api, zip);
            ASSERT_TRUE(asset) << e2e::describe(asset.error());
        }
    }
    [[nodiscard]] std::int64_t assets() const {
        e2e::Api api(http);
        const auto answer = api.call(api::DescribeAssetsRequest{.asset_region = e2e::kRegion, .limit = 100});
        EXPECT_TRUE(answer) << (answer ? "" : e2e::describe(answer.error()));
        return answer ? static_cast<std::int64_t>(answer->total_count) : -1;
    }
    /// `gse journal copy`; the exit code and all it said.
    std::pair<int, std::string> copy(const std::string& from, const std::string& to) const {
        const fs::path log = dir.path() / "copy.log";
        std::error_code none;
        fs::remove(log, none);
        e2e::Program program(e2e::gse_command({"journal", "copy", "--from", from, "--to", to}), log);
        const int code = program.wait(kLimit);
        return {code, program.log()};
    }

    static std::unique_ptr<Cluster> database;
    const TempFolder dir = e2e::test_folder("gse-pg-server");
    const fs::path data = dir.path() / "data";
    std::unique_ptr<e2e::Program> server;
    std::string http;
};
std::unique_ptr<Cluster> PostgresServer::database;

TEST_F(PostgresServer, ComesBackWithEverythingAfterItWasKilled) {
    ASSERT_EQ(start(on_postgres()), "");
    for (int round = 1; round <= 3; ++round) {
        add_assets(3);
        server->kill_hard();
        ASSERT_EQ(start(on_postgres()), "") << "at once, though its old lease goes on";
        EXPECT_EQ(assets(), 3 * round);
    }
    EXPECT_FALSE(fs::exists(data / "journal"));
    stop();
    EXPECT_EQ(database->ask("SELECT until <= clock_timestamp() FROM gse.lease"), "t") << "it gave its lead up";
}

TEST_F(PostgresServer, GoesOnWhenTheDatabaseWasKilled) {
    ASSERT_EQ(start(on_postgres()), "");
    add_assets(2);
    database->kill_hard();
    database->start();
    add_assets(2);
    EXPECT_EQ(assets(), 4);
    EXPECT_TRUE(server->running());
}

TEST_F(PostgresServer, StaysWithItsDatabase) {
    ASSERT_EQ(start(on_postgres()), "");
    stop();
    EXPECT_THAT(start({}), AllOf(HasSubstr("exit code 1"), HasSubstr("is in a database")));
    database->ask("ALTER SCHEMA gse RENAME TO elsewhere");
    EXPECT_THAT(start(on_postgres()), AllOf(HasSubstr("exit code 1"), HasSubstr("is the connection string right?")));
    EXPECT_EQ(database->ask("SELECT count(*) FROM pg_namespace WHERE nspname = 'gse'"), "0");
    database->ask("ALTER SCHEMA elsewhere RENAME TO gse");
    EXPECT_EQ(start(on_postgres()), "");
}

TEST_F(PostgresServer, ASecondOneOnTheSameDatabaseIsRefused) {
    ASSERT_EQ(start(on_postgres()), "");
    e2e::Program second(command(dir.path() / "second", on_postgres()), dir.path() / "second.log");
    EXPECT_EQ(second.wait(kLimit), 1);
    EXPECT_THAT(second.log(), HasSubstr("another server leads on this database"));
    add_assets(1);
}

TEST_F(PostgresServer, TheStateMovesThereAndBack) {
    const std::string folder = data, conninfo = database->conninfo();
    ASSERT_EQ(start({}), "");
    add_assets(5);
    EXPECT_THAT(copy(folder, conninfo).second, HasSubstr("is in use by another gse process"));
    stop();

    auto [code, said] = copy(folder, conninfo);
    EXPECT_EQ(code, 0) << said;
    std::tie(code, said) = copy(folder, conninfo);
    EXPECT_EQ(code, 1);
    EXPECT_THAT(said, HasSubstr("holds a journal already"));
    ASSERT_EQ(start(on_postgres()), "");
    EXPECT_EQ(assets(), 5);
    add_assets(2);
    EXPECT_THAT(copy(conninfo, dir.path() / "other").second, HasSubstr("another server leads"));
    stop();
    EXPECT_THAT(start({}), HasSubstr("is in a database")) << "what is in the files has been overtaken";

    std::tie(code, said) = copy(conninfo, folder);
    EXPECT_EQ(code, 1);
    EXPECT_THAT(said, HasSubstr("is there already"));
    fs::rename(data / "journal", dir.path() / "old");
    std::tie(code, said) = copy(conninfo, folder);
    EXPECT_EQ(code, 0) << said;
    ASSERT_EQ(start({}), "");
    EXPECT_EQ(assets(), 7);
}

TEST_F(PostgresServer, ACopyThatWasInterruptedIsNotTakenForAJournal) {
    ASSERT_EQ(start({}), "");
    add_assets(2);
    stop();
    ASSERT_EQ(copy(data, database->conninfo()).first, 0);
    database->ask("UPDATE gse.meta SET version = -1");  // what it is while the copy goes on
    EXPECT_THAT(start(on_postgres()), HasSubstr("a copy that was not finished"));
    ASSERT_EQ(copy(data, database->conninfo()).first, 0);
    ASSERT_EQ(start(on_postgres()), "");
    EXPECT_EQ(assets(), 2);
}

}  // namespace
}  // namespace gse::pgtest
