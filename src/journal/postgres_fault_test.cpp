/// The PostgreSQL journal while everything around it breaks: backends, wires, servers, standbys, and the leader's own
/// process. What was acknowledged is there afterwards, once; and who was replaced gets nothing in.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <thread>

#include "journal/postgres_test_support.h"
#include "journal/test_support.h"
#include "postgres/proxy.h"

namespace gse::journal {
namespace {

using namespace std::chrono_literals;
using pgtest::Cluster;
using pgtest::Proxy;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Moment = Proxy::Moment;

/// One life of a server.
struct Life {
    explicit Life(PostgresOptions options) : journal(open_test_journal(std::move(options))) {
        EXPECT_OK(journal->load(replayed));
    }
    bool lead() {
        if (!journal->take_over("here").value_or(false)) return false;
        last = journal->tail(replayed, 0ms).value().value();
        return true;
    }
    Result<void> append(std::uint64_t salt = 0, std::size_t size = 3'000) {
        auto outcome = journal->append(last + 1, batch_of(last + 1, size, salt));
        if (outcome) ++last;
        return outcome;
    }
    std::unique_ptr<SharedJournal> journal;
    Recorder replayed;
    std::uint64_t last = 0;
};

class FaultTest : public testing::Test {
protected:
    static void SetUpTestSuite() { primary = Cluster::make(Cluster::Kind::Durable); }
    static void TearDownTestSuite() { primary.reset(); }

    [[nodiscard]] PostgresOptions options(const std::string& server, const std::string& conninfo = {}) const {
        return {.conninfo = conninfo.empty() ? primary->conninfo() : conninfo,
                .schema = schema,
                .server = server,
                .lease = 1s,
                .patience = 60s};
    }
    void wait_lease_over() const {
        ASSERT_TRUE(pgtest::wait_for_answer(primary->conninfo(),
                                            "SELECT until < clock_timestamp() FROM " + schema + ".lease", "t"));
    }
    /// What a new server reads.
    std::map<std::uint64_t, Bytes> entries(const std::string& conninfo = {}) const {
        return Life(options("reader", conninfo)).replayed.entries;
    }
    void expect_whole(std::uint64_t last, const std::string& conninfo = {}) const {
        auto found = entries(conninfo);
        ASSERT_EQ(found.size(), last);
        for (std::uint64_t seq = 1; seq <= last; ++seq) EXPECT_EQ(found[seq], batch_of(seq, 3'000)) << seq;
    }
    /// The leader's backend waits for `event`, in a statement that holds `words`.
    void await_backend(const std::string& event, const std::string& words = {}) const {
        ASSERT_TRUE(pgtest::wait_for_answer(
            primary->conninfo(),
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gse leader " + schema + "' AND '" + event +
                "' IN (wait_event, wait_event_type) AND query LIKE '%" + words + "%'",
            "1"));
    }
    void signal_backend(const std::string& function) const {
        primary->ask("SELECT " + function + "(pid) FROM pg_stat_activity WHERE application_name = 'gse leader " +
                     schema + "'");
    }

    static std::unique_ptr<Cluster> primary;
    const std::string schema = fresh_schema();
};
std::unique_ptr<Cluster> FaultTest::primary;

TEST_F(FaultTest, AWireThatBreaksAtAnyMomentOfACommit) {
    Proxy wire(primary->socket());
    Life a(options("a", primary->conninfo(wire.host())));
    ASSERT_TRUE(a.lead());
    ASSERT_OK(a.append());
    for (const Moment moment : {Moment::BeforeRequest, Moment::BeforeAnswer, Moment::BeforeAnswer})
        for (const std::size_t size : {3'000u, 300'000u}) {
            wire.cut_at(moment, "commit");
            ASSERT_OK(a.append(0, size));
            EXPECT_TRUE(wire.wait_cut());
        }
    EXPECT_EQ(a.last, 7u);
    auto found = entries();
    EXPECT_EQ(found.size(), 7u);
    EXPECT_EQ(found[7], batch_of(7, 300'000));
}

TEST_F(FaultTest, ADatabaseThatIsNotThereForAWhile) {
    Proxy wire(primary->socket());
    Life a(options("a", primary->conninfo(wire.host())));
    ASSERT_TRUE(a.lead());
    ASSERT_OK(a.append());
    wire.refuse(true);
    auto appended = std::async(std::launch::async, [&] { return a.append(); });
    EXPECT_EQ(appended.wait_for(300ms), std::future_status::timeout);
    wire.refuse(false);
    ASSERT_OK(appended.get());
    expect_whole(2);
}

TEST_F(FaultTest, ADatabaseThatDoesNotComeBackEndsTheJournal) {
    Proxy wire(primary->socket());
    auto wish = options("a", primary->conninfo(wire.host()));
    wish.patience = 1s;
    Life a(wish);
    ASSERT_TRUE(a.lead());
    ASSERT_OK(a.append());
    wire.refuse(true);
    EXPECT_FALSE(a.append());
    EXPECT_FALSE(a.journal->leads());
    wire.refuse(false);
    EXPECT_FALSE(a.append()) << "it may have been durable: only a new life can tell";
    expect_whole(1);
}

TEST_F(FaultTest, ABackendThatIsKilledBeforeItCommits) {
    Life a(options("a"));
    ASSERT_TRUE(a.lead());
    ASSERT_OK(a.append());
    signal_backend("pg_terminate_backend");  // idle
    ASSERT_OK(a.append());
    pgtest::Session other(primary->conninfo());
    other.ask("BEGIN; SELECT * FROM " + schema + ".head FOR UPDATE");
    auto appended = std::async(std::launch::async, [&] { return a.append(); });
    await_backend("Lock");
    signal_backend("pg_terminate_backend");
    await_backend("Lock");  // the next try
    other.ask("ROLLBACK");
    ASSERT_OK(appended.get());
    expect_whole(3);
}

TEST_F(FaultTest, WhatAnOldLeaderLeftHalfDoneHoldsNobodyUp) {
    {
        Life a(options("a"));
        ASSERT_TRUE(a.lead());
        ASSERT_OK(a.append());
    }
    // Stopped between the two halves of a commit, with the lock on the head.
    pgtest::Session half(primary->conninfo() + " application_name='gse leader " + schema + "'");
    half.ask("BEGIN; UPDATE " + schema + ".head SET seq = 2");
    wait_lease_over();
    Life b(options("b"));
    ASSERT_TRUE(b.lead());
    ASSERT_OK(b.append());
    EXPECT_ANY_THROW(half.ask("COMMIT"));
    expect_whole(2);
}

TEST_F(FaultTest, ADatabaseThatIsKilledAndStartsAgain) {
    Life a(options("a"));
    ASSERT_TRUE(a.lead());
    std::atomic<bool> stop = false;
    auto appended = std::async(std::launch::async, [&]() -> Result<void> {
        while (!stop) TRY(a.append());
        return {};
    });
    for (int round = 0; round < 2; ++round) {
        const auto wanted = a.journal->bytes_since_snapshot() + 20 * 3'000;
        while (a.journal->bytes_since_snapshot() < wanted && appended.wait_for(0s) == std::future_status::timeout)
            ::poll(nullptr, 0, 5);
        primary->kill_hard();
        primary->start();
    }
    stop = true;
    ASSERT_OK(appended.get());
    EXPECT_GE(a.last, 40u);
    expect_whole(a.last);
}

TEST_F(FaultTest, AFullDiskOfTheDatabaseEndsTheJournal) {
    Life a(options("a"));
    ASSERT_TRUE(a.lead());
    ASSERT_OK(a.append());
    // What the server answers on ENOSPC.
    primary->ask("SET search_path TO " + schema +
                 "; CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
                 "'could not extend file' USING ERRCODE = '53100'; END $$;"
                 "CREATE TRIGGER no_room BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION no_room()");
    const auto refused = a.append();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("could not extend file"));
    EXPECT_FALSE(a.append());
    expect_whole(1);
}

// ---- With a synchronous standby ----------------------------------------------------------------------------------

class StandbyTest : public FaultTest {
protected:
    static void SetUpTestSuite() {}
    static void TearDownTestSuite() {}
    void SetUp() override {
        primary = Cluster::make(Cluster::Kind::Durable);
        standby = primary->make_synchronous_standby();
    }
    void TearDown() override { primary.reset(); }
    [[nodiscard]] std::string both() const {
        return "host=" + primary->folder().string() + "," + standby->folder().string() +
               " user=gse dbname=postgres target_session_attrs=read-write";
    }
    std::unique_ptr<Cluster> standby;
};

TEST_F(StandbyTest, ABatchIsNotDurableBeforeTheStandbyHasIt) {
    Life a(options("a"));
    ASSERT_TRUE(a.lead());
    ASSERT_OK(a.append());
    for (const char* function : {"pg_terminate_backend", "pg_cancel_backend"}) {
        SCOPED_TRACE(function);
        standby->stop();
        auto appended = std::async(std::launch::async, [&] { return a.append(); });
        await_backend("SyncRep", "INSERT INTO log");
        signal_backend(function);  // committed here, and the wait is over; but the standby has nothing
        await_backend("SyncRep", "SET seq = seq");
        EXPECT_EQ(appended.wait_for(0s), std::future_status::timeout);
        standby->start();
        ASSERT_OK(appended.get());
    }
    primary->kill_hard();
    standby->promote();
    expect_whole(3, standby->conninfo());
}

TEST_F(StandbyTest, AStandbyThatDoesNotComeBackEndsTheJournal) {
    auto wish = options("a");
    wish.patience = 2s;
    Life a(wish);
    ASSERT_TRUE(a.lead());
    ASSERT_OK(a.append());
    standby->stop();
    auto appended = std::async(std::launch::async, [&] { return a.append(); });
    await_backend("SyncRep");
    signal_backend("pg_cancel_backend");
    EXPECT_FALSE(appended.get()) << "the warning is no success";
    EXPECT_FALSE(a.journal->leads());
}

TEST_F(StandbyTest, APromotedStandbyHasEverythingAndTheLeaderGoesOnThere) {
    Life a(options("a", both()));
    ASSERT_TRUE(a.lead());
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> acked = 0;
    auto appended = std::async(std::launch::async, [&]() -> Result<void> {
        while (!stop) {
            TRY(a.append());
            acked = a.last;
        }
        return {};
    });
    while (acked < 30 && appended.wait_for(0s) == std::future_status::timeout) ::poll(nullptr, 0, 5);
    primary->kill_hard();
    standby->promote();
    const std::uint64_t then = acked;
    while (acked < then + 5 && appended.wait_for(0s) == std::future_status::timeout) ::poll(nullptr, 0, 5);
    stop = true;
    ASSERT_OK(appended.get());
    expect_whole(a.last, standby->conninfo());
    EXPECT_TRUE(
        pgtest::wait_for_answer(standby->conninfo(), "SELECT until > clock_timestamp() FROM " + schema + ".lease", "t"))
        << "the lease is renewed there too";
}

// ---- A leader that is stopped ------------------------------------------------------------------------------------

/// journal_appender, which tells each batch that was acknowledged.
class Appender {
public:
    Appender(const std::string& conninfo, const std::string& schema) {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "journal_appender";
        const char* argv[] = {program.c_str(), conninfo.c_str(), schema.c_str(), nullptr};
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(ends[1], 1);
            ::execv(argv[0], const_cast<char**>(argv));
            ::_exit(127);
        }
        ::close(ends[1]);
        out_.reset(ends[0]);
    }
    ~Appender() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    void signal(int number) const { ::kill(pid_, number); }
    /// "" at the end.
    std::string line() {
        std::string text;
        for (char c = 0; ::read(out_.get(), &c, 1) == 1 && c != '\n';) text += c;
        return text;
    }

private:
    pid_t pid_;
    Fd out_;
};

TEST_F(FaultTest, ALeaderThatIsStoppedPastItsLeaseAndWakes) {
    Appender a(primary->conninfo(), schema);
    std::uint64_t acked = 0;
    const auto read = [&] {
        const std::string line = a.line();
        if (line.starts_with("ack ")) ++acked;
        return line;
    };
    while (acked < 30) ASSERT_THAT(read(), HasSubstr("ack"));
    a.signal(SIGSTOP);
    wait_lease_over();
    Life b(options("b"));
    ASSERT_TRUE(b.lead());
    const std::uint64_t before = b.last;
    for (int i = 0; i < 5; ++i) ASSERT_OK(b.append());
    a.signal(SIGCONT);
    std::string last;
    for (std::string line = read(); !line.empty(); line = read()) {
        EXPECT_THAT(line, Not(HasSubstr("leads all the same")));
        last = line;
    }
    EXPECT_THAT(last, HasSubstr("another server leads now"));
    EXPECT_LE(acked, before) << "what it had acknowledged was there when the other one took over";
    ASSERT_OK(b.append());
    expect_whole(b.last);
}

// ---- Histories ---------------------------------------------------------------------------------------------------

/// What servers believe to have done, from all threads.
class History {
public:
    void acked(std::uint64_t seq, const Bytes& batch) {
        const std::lock_guard lock(mutex_);
        acks_.emplace_back(seq, batch);
        newest_ = std::max(newest_, seq);
    }
    [[nodiscard]] std::uint64_t newest() const {
        const std::lock_guard lock(mutex_);
        return newest_;
    }
    void read(std::uint64_t known_before, std::uint64_t seen) {
        if (seen >= known_before) return;
        const std::lock_guard lock(mutex_);
        complaints_.push_back("a leader showed batch " + std::to_string(seen) + " as its newest, though batch " +
                              std::to_string(known_before) + " had been acknowledged");
    }
    /// Against what the journal holds in the end.
    [[nodiscard]] std::vector<std::string> check(const std::map<std::uint64_t, Bytes>& log) const {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> out = complaints_;
        std::map<std::uint64_t, int> times;
        for (const auto& [seq, batch] : acks_) {
            if (const auto found = log.find(seq); found == log.end())
                out.push_back("batch " + std::to_string(seq) + " was acknowledged and is not there");
            else if (found->second != batch)
                out.push_back("batch " + std::to_string(seq) + " was acknowledged and is another one");
            if (++times[seq] == 2) out.push_back("batch " + std::to_string(seq) + " was acknowledged twice");
        }
        return out;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::pair<std::uint64_t, Bytes>> acks_;
    std::uint64_t newest_ = 0;
    std::vector<std::string> complaints_;
};

/// Lives one life after the other until told to stop: leads when it can, appends, reads.
void serve(const std::function<PostgresOptions()>& options, std::uint64_t salt, const std::atomic<bool>& stop,
           History& history) {
    for (std::uint64_t number = 0; !stop; ++number) {
        auto opened = open_postgres_journal(options());
        Recorder replayed;
        if (!opened || !opened->journal->load(replayed)) continue;
        SharedJournal& journal = *opened->journal;
        const auto tail = [&]() -> std::uint64_t {
            for (;;) {
                const auto tailed = journal.tail(replayed, 10ms);
                if (!tailed) return 0;
                if (*tailed) return **tailed;
                replayed = Recorder();
                if (!journal.load(replayed)) return 0;
            }
        };
        while (!stop && !journal.take_over("somewhere").value_or(false)) tail();
        if (stop) return;
        std::uint64_t last = tail();
        for (;;) {
            const std::uint64_t known = history.newest();
            if (journal.leads()) history.read(known, last);
            const Bytes batch = batch_of(last + 1, 500, salt + 1'000 * number);
            if (stop || !journal.append(last + 1, batch)) break;
            ++last;
            // Nothing leaves a server that is not sure to lead.
            if (journal.leads()) history.acked(last, batch);
        }
    }
}

TEST_F(FaultTest, AHistoryOfServersUnderAllOfThisHasNoHoles) {
    const char* text = std::getenv("GSE_FAULT_ROUNDS");
    const int rounds = text ? std::atoi(text) : 7;
    SeededRng rng(20'200'714);
    History history;
    std::atomic<bool> stop = false;
    ASSERT_TRUE(open_test_journal(options("set-up")));
    std::vector<std::unique_ptr<Proxy>> wires;
    std::vector<std::thread> servers;
    for (std::uint64_t i = 0; i < 3; ++i) {
        wires.push_back(std::make_unique<Proxy>(primary->socket()));
        const std::string host = wires.back()->host();
        servers.emplace_back([&, i, host] {
            auto wish = options("server-" + std::to_string(i), primary->conninfo(host));
            wish.patience = 3s;
            serve([&] { return wish; }, i, stop, history);
        });
    }
    const auto progress = [&] {
        const std::uint64_t from = history.newest();
        const auto until = std::chrono::steady_clock::now() + 60s;
        while (history.newest() < from + 10 && std::chrono::steady_clock::now() < until) ::poll(nullptr, 0, 5);
        EXPECT_GE(history.newest(), from + 10) << "nobody leads";
    };
    for (int round = 0; round < rounds; ++round) {
        progress();
        const int kind = round < 6 ? round : static_cast<int>(rng.below(6));
        SCOPED_TRACE("fault " + std::to_string(kind));
        switch (kind) {
            case 0:
            case 1:
                for (auto& wire : wires)
                    wire->cut_at(kind == 0 ? Moment::BeforeRequest : Moment::BeforeAnswer, "commit");
                break;
            case 2: signal_backend("pg_terminate_backend"); break;
            case 3:
                for (auto& wire : wires) wire->refuse(true);
                wait_lease_over();
                for (auto& wire : wires) wire->refuse(false);
                break;
            case 4: {  // whoever leads is cut off past its lease; then all at once go on
                for (auto& wire : wires) wire->swallow(true);
                wait_lease_over();
                for (auto& wire : wires) wire->swallow(false);
                break;
            }
            default: primary->kill_hard(); primary->start();
        }
    }
    progress();
    stop = true;
    for (auto& server : servers) server.join();
    EXPECT_THAT(history.check(entries()), IsEmpty());
}

/// Two leaders at once, as the clocks of a bad day make them.
std::vector<std::string> two_leaders(const std::function<PostgresOptions(const std::string&)>& options,
                                     const std::function<void()>& wait_lease_over, Cluster& primary, bool early) {
    History history;
    Proxy wire(primary.socket());
    auto wish = options("a");
    wish.conninfo = primary.conninfo(wire.host());
    wish.patience = 3s;
    Life a(wish), b(options("b"));
    const auto append = [&](Life& life, std::uint64_t salt) {
        const Bytes batch = batch_of(life.last + 1, 3'000, salt);
        if (early) history.acked(life.last + 1, batch);
        if (life.append(salt) && !early) history.acked(life.last, batch);
    };
    EXPECT_TRUE(a.lead());
    append(a, 1);
    wire.swallow(true);
    wait_lease_over();
    EXPECT_TRUE(b.lead());
    append(b, 2);
    wire.swallow(false);
    append(a, 1);
    return history.check(Life(options("reader")).replayed.entries);
}

TEST_F(FaultTest, TwoLeadersAtOnceGetOneHistory) {
    EXPECT_THAT(
        two_leaders([&](const auto& server) { return options(server); }, [&] { wait_lease_over(); }, *primary, false),
        IsEmpty());
}

TEST_F(FaultTest, APlantedAnswerBeforeTheCommitIsFound) {
    EXPECT_THAT(
        two_leaders([&](const auto& server) { return options(server); }, [&] { wait_lease_over(); }, *primary, true),
        testing::Contains(HasSubstr("is another one")));
}

TEST_F(FaultTest, APlantedMissingFenceIsFound) {
    ASSERT_TRUE(open_test_journal(options("set-up")));
    // A take-over changes no epoch any more.
    primary->ask("SET search_path TO " + schema +
                 "; CREATE FUNCTION same_epoch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.epoch := "
                 "greatest(OLD.epoch, 1); RETURN NEW; END $$;"
                 "CREATE TRIGGER same_epoch BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION same_epoch()");
    EXPECT_THAT(
        two_leaders([&](const auto& server) { return options(server); }, [&] { wait_lease_over(); }, *primary, false),
        testing::Contains(HasSubstr("is another one")));
}

}  // namespace
}  // namespace gse::journal
