#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "journal/memory.h"

namespace gse::engine {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Longer than anything here takes; only a test that fails waits for it.
constexpr auto kPatience = 20s;

/// A journal whose appends the test holds back, and whose calls it can wait for.
class HeldJournal final : public journal::Journal {
public:
    explicit HeldJournal(std::unique_ptr<journal::Journal> inner) : inner_(std::move(inner)) {}

    Result<journal::LoadSummary> load(journal::Replay& replay) override { return inner_->load(replay); }
    Result<void> append(std::uint64_t seq, std::span<const std::byte> batch) override {
        {
            std::unique_lock lock(mutex_);
            ++arrived_;
            changed_.notify_all();
            changed_.wait(lock, [this] { return !held_; });
        }
        auto done = inner_->append(seq, batch);
        count(appended_);
        return done;
    }
    Result<std::unique_ptr<journal::SnapshotWriter>> begin_snapshot(std::uint64_t start_seq) override {
        auto writer = inner_->begin_snapshot(start_seq);
        count(begun_);
        if (!writer) return writer;
        return std::make_unique<Writer>(*this, std::move(*writer));
    }
    Result<void> trim() override {
        if (trims_fail_) {
            count(trims_failed_);
            return refuse(ErrorCode::FailedOperation, "cannot trim: the test said so");
        }
        auto done = inner_->trim();
        const std::lock_guard lock(mutex_);
        trimmed_ = finished_;
        changed_.notify_all();
        return done;
    }
    std::uint64_t bytes_since_snapshot() const override { return inner_->bytes_since_snapshot(); }
    std::uint64_t snapshot_bytes() const override { return inner_->snapshot_bytes(); }
    Result<std::uint64_t> free_disk_bytes() const override {
        const std::lock_guard lock(mutex_);
        ++asked_;
        changed_.notify_all();
        return inner_->free_disk_bytes();
    }

    void hold() {
        const std::lock_guard lock(mutex_);
        held_ = true;
    }
    void hold_slices() {
        const std::lock_guard lock(mutex_);
        slices_held_ = true;
    }
    void let_go() {
        const std::lock_guard lock(mutex_);
        held_ = slices_held_ = false;
        changed_.notify_all();
    }
    /// Appends that have begun.
    bool wait_for_arrival(int n) { return wait_for(arrived_, n); }
    bool wait_for_append(int n) { return wait_for(appended_, n); }
    /// Snapshots behind which what they made needless has gone.
    bool wait_for_trim(int n) { return wait_for(trimmed_, n); }
    void fail_trims(bool on) { trims_fail_ = on; }
    bool wait_for_failed_trim(int n) { return wait_for(trims_failed_, n); }
    bool wait_for_snapshot(int n) { return wait_for(finished_, n); }
    bool wait_for_snapshot_begin(int n) { return wait_for(begun_, n); }
    /// Looks at the disk from now on: after the second one, what the first one saw is known to the engine.
    bool wait_for_two_looks_at_the_disk() {
        std::unique_lock lock(mutex_);
        const int target = asked_ + 2;
        return changed_.wait_for(lock, kPatience, [&] { return asked_ >= target; });
    }
    int arrived() {
        const std::lock_guard lock(mutex_);
        return arrived_;
    }

private:
    class Writer final : public journal::SnapshotWriter {
    public:
        Writer(HeldJournal& journal, std::unique_ptr<journal::SnapshotWriter> inner)
            : journal_(journal), inner_(std::move(inner)) {}
        Result<void> write(std::span<const std::byte> slice) override {
            {
                std::unique_lock lock(journal_.mutex_);
                journal_.changed_.wait(lock, [this] { return !journal_.slices_held_; });
            }
            return inner_->write(slice);
        }
        Result<void> finish(std::uint64_t end_seq) override {
            auto done = inner_->finish(end_seq);
            if (done) journal_.count(journal_.finished_);
            return done;
        }

    private:
        HeldJournal& journal_;
        std::unique_ptr<journal::SnapshotWriter> inner_;
    };

    void count(int& what) {
        const std::lock_guard lock(mutex_);
        ++what;
        changed_.notify_all();
    }
    bool wait_for(int& what, int n) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, [&] { return what >= n; });
    }

    std::unique_ptr<journal::Journal> inner_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool held_ = false;
    bool slices_held_ = false;
    std::atomic<bool> trims_fail_ = false;
    int arrived_ = 0, appended_ = 0, trimmed_ = 0, trims_failed_ = 0, begun_ = 0, finished_ = 0;
    mutable int asked_ = 0;
};

class SteppedClock final : public Clock {
public:
    WallTime wall() const override { return {wall_ms_}; }
    std::int64_t monotonic_ms() const override { return mono_ms_; }
    void advance(Millis by) {
        wall_ms_ += by.count();
        mono_ms_ += by.count();
    }
    void jump_wall(Millis by) { wall_ms_ += by.count(); }

private:
    std::atomic<std::int64_t> wall_ms_{1'600'000'000'000};
    std::atomic<std::int64_t> mono_ms_{1'000};
};

class SeenStreams final : public link::HostStreams {
public:
    void welcome(link::StreamId, link::Welcome) override { ++welcomes; }
    void send_all(link::StreamId, std::vector<link::Order> together) override {
        orders += static_cast<int>(together.size());
    }
    void close(link::StreamId, std::string) override { ++closes; }
    std::atomic<int> welcomes{0}, orders{0}, closes{0};
};

/// One life of a server on a disk.
struct Server {
    explicit Server(journal::MemoryDisk& disk, EngineOptions options = {}, SteppedClock* shared_clock = nullptr)
        : clock(shared_clock ? *shared_clock : own_clock),
          journal(journal::open_memory_journal(disk)),
          engine(options, state, journal, clock, rng, [this](const Error&) { fatal.set_value(); }) {
        EXPECT_TRUE(engine.recover().has_value());
    }
    ~Server() { journal.let_go(); }

    void start() {
        engine.start(streams, {});
        EXPECT_TRUE(journal.wait_for_append(1));  // the new epoch
    }

    /// Adds an alias; the answer is its id.
    Result<std::future<std::string>> add(std::string id) {
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
    Result<std::future<std::string>> read() {
        return submit(Engine::Kind::Read,
                      [](core::Step& step) { return std::to_string(step.state.table<core::Alias>().size()); });
    }
    Result<std::future<std::string>> submit(Engine::Kind kind, Decide decide) {
        auto answer = std::make_shared<std::promise<std::string>>();
        auto future = answer->get_future();
        if (auto taken = engine.submit(kind, std::move(decide),
                                       [answer](std::string body) { answer->set_value(std::move(body)); });
            !taken)
            return std::unexpected(taken.error());
        return future;
    }
    /// Decided, with a commit that has begun and is not done: journal.let_go() lets it.
    std::future<std::string> add_held(const std::string& name) {
        journal.hold();
        auto answer = add(name).value();
        EXPECT_TRUE(journal.wait_for_arrival(2)) << "the first was that of start()";
        return answer;
    }
    std::string digest() {
        std::string out;
        EXPECT_TRUE(engine.inspect([&](const core::State& now) { out = now.digest(); }));
        return out;
    }

    Settings settings;
    SteppedClock own_clock;
    SteppedClock& clock;
    SeededRng rng{7};
    core::State state{settings};
    HeldJournal journal;
    SeenStreams streams;
    std::promise<void> fatal;
    Engine engine;
};

bool answered(std::future<std::string>& answer) { return answer.wait_for(0s) == std::future_status::ready; }
std::string get(std::future<std::string>& answer) {
    return answer.wait_for(kPatience) == std::future_status::ready ? answer.get() : "(no answer)";
}

TEST(Engine, AnAnswerWaitsForItsCommit) {
    journal::MemoryDisk disk;
    Server server(disk);
    server.start();
    auto answer = server.add_held("a");
    EXPECT_FALSE(answered(answer));
    server.journal.let_go();
    EXPECT_EQ(get(answer), "a");
}

TEST(Engine, AReadWaitsForTheCommitOfWhatItSaw) {
    journal::MemoryDisk disk;
    Server server(disk);
    server.start();
    auto write = server.add_held("a");
    auto read = server.read().value();
    // The owner has decided the read by now: it looks at inputs in order.
    ASSERT_TRUE(server.engine.inspect([](const core::State&) {}));
    EXPECT_FALSE(answered(read));
    server.journal.let_go();
    EXPECT_EQ(get(read), "1");
    EXPECT_TRUE(answered(write));
}

TEST(Engine, TheNextBatchIsDecidedWhileOneIsMadeDurable) {
    journal::MemoryDisk disk;
    Server server(disk);
    server.start();
    auto first = server.add_held("a");
    auto second = server.add("b").value();
    auto third = server.add("c").value();
    std::size_t seen = 0;
    ASSERT_TRUE(server.engine.inspect([&](const core::State& state) { seen = state.table<core::Alias>().size(); }));
    EXPECT_EQ(seen, 3U);
    EXPECT_EQ(server.journal.arrived(), 2) << "at most one batch is in flight";
    server.journal.let_go();
    EXPECT_EQ(get(third), "c");
    EXPECT_TRUE(answered(first) && answered(second));
    server.engine.stop();
    EXPECT_EQ(server.journal.arrived(), 3) << "what came meanwhile is one batch";
}

TEST(Engine, AgentsHearNothingThatIsNotDurable) {
    journal::MemoryDisk disk;
    Server server(disk);
    server.start();
    server.journal.hold();
    server.engine.on_hello(1, {.host_name = "host-1",
                               .boot_id = "boot-1",
                               .region = "",
                               .address = "10.0.0.1",
                               .private_address = {},
                               .instance_capacity = 1,
                               .ports = {10'000, 20'000},
                               .operating_system = {},
                               .sandbox = {},
                               .instance_ids = {},
                               .process_ids = {}});
    ASSERT_TRUE(server.journal.wait_for_arrival(2));
    EXPECT_EQ(server.streams.welcomes, 0);
    server.journal.let_go();
    auto later = server.add("a").value();
    EXPECT_EQ(get(later), "a");
    EXPECT_EQ(server.streams.welcomes, 1);
}

TEST(Engine, AfterAFailedAppendNothingLeavesAndARestartFindsOut) {
    struct Case {
        journal::MemoryDisk::Fault fault;
        std::string after_restart;
    };
    for (const Case& one :
         {Case{journal::MemoryDisk::Fault::Fail, "0"}, Case{journal::MemoryDisk::Fault::Doubtful, "1"}}) {
        journal::MemoryDisk disk;
        {
            Server server(disk);
            server.start();
            disk.inject(2, one.fault);
            auto answer = server.add("a").value();
            auto fatal = server.fatal.get_future();
            ASSERT_EQ(fatal.wait_for(kPatience), std::future_status::ready);
            EXPECT_FALSE(answered(answer));
            EXPECT_EQ(server.add("b").error().code, ErrorCode::Internal);
            EXPECT_FALSE(
                server.engine.inspect([](const core::State&) { ADD_FAILURE() << "the state is no longer the truth"; }));
            EXPECT_FALSE(server.engine.stats().trouble.empty());
            server.engine.stop();
            EXPECT_FALSE(answered(answer));
        }
        Server again(disk);
        again.start();
        auto count = again.read().value();
        EXPECT_EQ(get(count), one.after_restart);
    }
}

TEST(Engine, WhoeverWaitsToLookIsWokenByAFailure) {
    journal::MemoryDisk disk;
    Server server(disk);
    server.start();
    disk.inject(2, journal::MemoryDisk::Fault::Fail);
    server.add_held("a");
    // The owner is busy with a call while the append fails, and a look waits behind that call.
    std::latch busy(1), go_on(1);
    ASSERT_TRUE(server.submit(Engine::Kind::Read, [&](core::Step&) {
        busy.count_down();
        go_on.wait();
        return std::string();
    }));
    // A few calls wait for the end of the commit; a look does not, and takes them along.
    auto waking = std::async(std::launch::async, [&] { return server.engine.inspect([](const core::State&) {}); });
    busy.wait();
    std::promise<void> asked;
    auto looked = std::async(std::launch::async, [&] {
        asked.set_value();
        return server.engine.inspect([](const core::State&) {});
    });
    asked.get_future().wait();
    auto fatal = server.fatal.get_future();
    server.journal.let_go();
    ASSERT_EQ(fatal.wait_for(kPatience), std::future_status::ready);
    go_on.count_down();
    ASSERT_EQ(looked.wait_for(kPatience), std::future_status::ready);
    EXPECT_FALSE(looked.get());
    ASSERT_EQ(waking.wait_for(kPatience), std::future_status::ready);
}

TEST(Engine, DuringACommitFewCallsWaitForItsEndAndManyAreDecided) {
    journal::MemoryDisk disk;
    Server server(disk);
    server.start();
    server.add_held("a");
    int decided = 0;
    std::promise<void> many;
    const auto count = [&](core::Step&) {
        if (++decided == 64) many.set_value();
        return std::string();
    };
    // Some may be taken at once, before the owner has come to rest.
    std::vector<std::future<std::string>> answers;
    for (int i = 0; i < 128; ++i) answers.push_back(server.submit(Engine::Kind::Read, count).value());
    ASSERT_EQ(many.get_future().wait_for(kPatience), std::future_status::ready) << "though the commit is held";
    for (auto& answer : answers) EXPECT_FALSE(answered(answer));
    answers.push_back(server.submit(Engine::Kind::Read, [](core::Step&) { return std::string("last"); }).value());
    server.journal.let_go();
    EXPECT_EQ(get(answers.back()), "last");
}

TEST(Engine, StopAnswersWhatWasTakenAndRefusesTheRest) {
    journal::MemoryDisk disk;
    std::vector<std::future<std::string>> answers;
    {
        Server server(disk);
        server.start();
        for (int i = 0; i < 200; ++i) answers.push_back(server.add(std::to_string(i)).value());
        server.engine.stop();
        for (int i = 0; i < 200; ++i) ASSERT_TRUE(answered(answers[static_cast<std::size_t>(i)])) << i;
        EXPECT_EQ(server.add("late").error().code, ErrorCode::Overloaded);
        EXPECT_FALSE(server.engine.inspect([](const core::State&) {}));
        server.engine.stop();  // again is no harm
    }
    Server again(disk);
    again.start();
    auto count = again.read().value();
    EXPECT_EQ(get(count), "200");
}

TEST(Engine, BeyondTheQueueCallsAreShed) {
    journal::MemoryDisk disk;
    Server server(disk, {.queue_max = 3});
    server.start();
    std::latch busy(1), go_on(1);
    auto first = server.submit(Engine::Kind::Read, [&](core::Step&) {
        busy.count_down();
        go_on.wait();
        return std::string("first");
    });
    ASSERT_TRUE(first);
    busy.wait();
    auto second = server.read();
    auto third = server.read();
    ASSERT_TRUE(second && third);
    const auto fourth = server.read();
    ASSERT_FALSE(fourth);
    EXPECT_EQ(fourth.error().code, ErrorCode::Overloaded);
    EXPECT_EQ(server.engine.stats().calls_shed, 1U);
    EXPECT_EQ(server.engine.stats().queue, 3U);
    go_on.count_down();
    EXPECT_EQ(get(*third), "0");
    EXPECT_TRUE(server.read().has_value()) << "there is room again";
}

TEST(Engine, WithLittleDiskLeftItReadsOnlyAndRecoversAlone) {
    journal::MemoryDisk disk;
    disk.set_free_bytes(10 << 20);
    Server server(disk, {.reserve_bytes = 256 << 20});
    server.start();
    const auto refused = server.add("a");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::FailedOperation);
    EXPECT_THAT(refused.error().message, HasSubstr("journal.reserve_bytes (256 MiB)"));
    EXPECT_TRUE(server.engine.stats().disk_low);
    auto read = server.read().value();
    EXPECT_EQ(get(read), "0");
    disk.set_free_bytes(std::uint64_t{1} << 40);
    ASSERT_TRUE(server.journal.wait_for_two_looks_at_the_disk());
    auto answer = server.add("a").value();
    EXPECT_EQ(get(answer), "a");
}

TEST(Engine, EveryCommitLooksAtTheDisk) {
    journal::MemoryDisk disk;
    Server server(disk, {.reserve_bytes = 256 << 20});
    server.start();
    auto first = server.add("a").value();
    EXPECT_EQ(get(first), "a");
    disk.set_free_bytes(10 << 20);
    // The idle look comes twice a second: what came in between would write the reserve full.
    int taken = 0;
    while (auto more = server.add("b")) {
        get(*more);
        ASSERT_LE(++taken, 2);
    }
    EXPECT_TRUE(server.engine.stats().disk_low);
}

TEST(Engine, ASnapshotIsTakenWhileWorkGoesOn) {
    journal::MemoryDisk disk;
    std::string last;
    {
        Server server(disk, {.snapshot_bytes = 1});
        server.start();
        std::future<std::string> answer;
        for (int i = 0; i < 10'000; ++i) answer = server.add("before-" + std::to_string(i)).value();
        get(answer);
        ASSERT_TRUE(server.journal.wait_for_snapshot_begin(1));
        for (int i = 0; i < 3'000; ++i) answer = server.add("meanwhile-" + std::to_string(i)).value();
        get(answer);
        ASSERT_TRUE(server.journal.wait_for_trim(1));
        for (int i = 0; i < 15'000; ++i) answer = server.add("after-" + std::to_string(i)).value();
        get(answer);
        ASSERT_TRUE(server.journal.wait_for_trim(2));
        last = server.digest();
        server.engine.stop();
        EXPECT_EQ(disk.snapshots(), 1U) << "the older one went";
        EXPECT_GE(server.engine.stats().snapshots, 1U);
        EXPECT_EQ(server.engine.stats().trouble, "");
    }
    Settings settings;
    core::State replayed(settings);
    struct Into final : journal::Replay {
        explicit Into(core::State& to) : state(to) {}
        Result<void> snapshot_slice(std::span<const std::byte> slice) override { return apply(slice); }
        Result<void> entry(std::uint64_t, std::span<const std::byte> batch) override { return apply(batch); }
        Result<void> apply(std::span<const std::byte> bytes) {
            TRY(state.apply({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
            return {};
        }
        core::State& state;
    } into(replayed);
    ASSERT_TRUE(journal::open_memory_journal(disk)->load(into).has_value());
    replayed.rebuild();
    EXPECT_EQ(replayed.digest(), last);
}

TEST(Engine, ASnapshotIsDueAfterAsMuchLogAsTheLastOneTook) {
    journal::MemoryDisk disk;
    const auto fill = [](Server& server, int records) {
        std::future<std::string> answer;
        for (int i = 0; i < records; ++i) answer = server.add("a" + std::to_string(i)).value();
        get(answer);
    };
    {
        Server server(disk);
        server.start();
        fill(server, 2'000);
    }
    {
        Server server(disk, {.snapshot_bytes = 1});
        server.start();
        ASSERT_TRUE(server.journal.wait_for_trim(1));
        fill(server, 1);
        ASSERT_TRUE(server.journal.wait_for_two_looks_at_the_disk());
        EXPECT_EQ(server.engine.stats().snapshots, 1U) << "it would be all of the state again, for one record";
    }
    Server server(disk, {.snapshot_bytes = 1});
    server.start();
    ASSERT_TRUE(server.journal.wait_for_two_looks_at_the_disk());
    EXPECT_EQ(server.engine.stats().snapshots, 0U) << "the same after a restart";
    fill(server, 4'000);
    ASSERT_TRUE(server.journal.wait_for_trim(1));
}

TEST(Engine, ASnapshotThatFailsIsTriedAgainAndHurtsNobody) {
    journal::MemoryDisk disk;
    disk.fail_snapshots(true);
    Server server(disk, {.snapshot_bytes = 1});
    server.start();
    ASSERT_TRUE(server.journal.wait_for_snapshot_begin(2));
    EXPECT_THAT(server.engine.stats().trouble, HasSubstr("snapshot"));
    auto answer = server.add("a").value();
    EXPECT_EQ(get(answer), "a");
    disk.fail_snapshots(false);
    ASSERT_TRUE(server.journal.wait_for_trim(1));
    server.engine.stop();
    EXPECT_EQ(server.engine.stats().trouble, "");
}

TEST(Engine, ATrimThatFailsIsTriedAgainWithoutAnotherSnapshot) {
    journal::MemoryDisk disk;
    Server server(disk, {.snapshot_bytes = 1});
    server.journal.fail_trims(true);
    server.start();
    std::future<std::string> answer;
    for (int i = 0; i < 1'000; ++i) answer = server.add("a" + std::to_string(i)).value();
    get(answer);
    ASSERT_TRUE(server.journal.wait_for_failed_trim(1));
    ASSERT_TRUE(server.journal.wait_for_two_looks_at_the_disk());
    EXPECT_THAT(server.engine.stats().trouble, HasSubstr("trim"));
    server.journal.fail_trims(false);
    ASSERT_TRUE(server.journal.wait_for_trim(1));
    server.engine.stop();
    EXPECT_EQ(server.engine.stats().trouble, "");
}

TEST(Engine, WhatARunCouldNotTrimTheNextOneDoes) {
    journal::MemoryDisk disk;
    {
        Server server(disk, {.snapshot_bytes = 1});
        server.journal.fail_trims(true);
        server.start();
        std::future<std::string> answer;
        for (int i = 0; i < 100; ++i) answer = server.add("a" + std::to_string(i)).value();
        get(answer);
        ASSERT_TRUE(server.journal.wait_for_snapshot(1));
    }
    const std::size_t before = disk.log_entries();
    Server server(disk);
    server.start();
    ASSERT_TRUE(server.journal.wait_for_two_looks_at_the_disk());
    EXPECT_LE(disk.log_entries(), before) << "with one for the new epoch";
    EXPECT_EQ(server.engine.stats().snapshots, 0U);
}

TEST(Engine, ASnapshotThatIsGivenUpDoesNotHideWhyTheJournalFailed) {
    journal::MemoryDisk disk;
    Server server(disk, {.snapshot_bytes = 1});
    server.journal.hold_slices();
    server.start();
    ASSERT_TRUE(server.journal.wait_for_snapshot_begin(1));
    auto fatal = server.fatal.get_future();
    disk.inject(2, journal::MemoryDisk::Fault::Fail);
    auto answer = server.add("a").value();
    ASSERT_EQ(fatal.wait_for(kPatience), std::future_status::ready);
    server.journal.let_go();
    server.engine.stop();
    EXPECT_THAT(server.engine.stats().trouble, AllOf(HasSubstr("failed write"), Not(HasSubstr("snapshot"))));
}

TEST(Engine, WhatATimerDoesIsMadeDurableWithoutAnyInput) {
    journal::MemoryDisk disk;
    Server server(disk);
    server.start();
    auto made = server.submit(Engine::Kind::Write, [](core::Step& step) {
        core::Fleet fleet;
        fleet.id = "fleet-1";
        fleet.region = "ap-shanghai";
        fleet.status = FleetStatus::Active;
        fleet.desired = 0;
        step.state.add(std::move(fleet));
        return std::string("made");
    });
    ASSERT_TRUE(made);
    EXPECT_EQ(get(*made), "made");
    // Nothing durable changes here: only looking at the fleet, when the timer fires, does.
    auto armed = server.submit(Engine::Kind::Read, [](core::Step& step) {
        const core::Slot slot = step.state.find_fleet("fleet-1");
        step.state.change_fleet_run(slot, [](core::Fleet& fleet) { fleet.status = FleetStatus::Deleting; });
        step.state.arm(step.now.engine + 1'000ms, core::TimerKind::FleetCheck, slot);
        return std::string("armed");
    });
    ASSERT_TRUE(armed);
    EXPECT_EQ(get(*armed), "armed");
    const int before = server.journal.arrived();
    server.clock.advance(2s);
    ASSERT_TRUE(server.journal.wait_for_append(before + 1));
    FleetStatus status{};
    ASSERT_TRUE(server.engine.inspect(
        [&](const core::State& state) { status = state.at<core::Fleet>(state.find_fleet("fleet-1")).status; }));
    EXPECT_EQ(status, FleetStatus::Terminated);
}

TEST(Engine, EachStartIsANewEpochAndEngineTimeNeverGoesBack) {
    journal::MemoryDisk disk;
    SteppedClock clock;
    const auto now_of = [](Server& server) {
        Now now{};
        auto answer = server.submit(Engine::Kind::Write, [&](core::Step& step) {
            now = step.now;
            (void)step.state.next_order();  // durable, so that the time is
            return std::string();
        });
        auto& future = *answer;
        get(future);
        return now;
    };
    Now first{};
    {
        Server server(disk, {.gap_max = 1h}, &clock);
        server.start();
        clock.advance(5s);
        first = now_of(server);
        EXPECT_EQ(server.state.epoch(), 1U);
    }
    struct Case {
        std::string_view what;
        Millis jump;
        Millis engine_moves;
    };
    std::uint64_t epoch = 1;
    Now before = first;
    for (const Case& one : {Case{"ten seconds away", 10s, 10s}, Case{"the clock was set back", -1h, 0s},
                            Case{"a year away counts as the most that is believed", 8'760h, 1h}}) {
        clock.jump_wall(one.jump);
        Server server(disk, {.gap_max = 1h}, &clock);
        server.start();
        const Now now = now_of(server);
        EXPECT_EQ(now.engine - before.engine, one.engine_moves) << one.what;
        server.engine.stop();
        EXPECT_EQ(server.state.epoch(), ++epoch) << one.what;
        before = now;
    }
}

/// A call that waits for a placement that never ends, far beyond any test.
Decide wait_for(core::Slot placement) {
    return [placement](core::Step& step) -> std::string {
        if (step.wait) *step.wait = {.placement = placement, .until = step.now.engine + Millis{3'600'000}};
        return step.wait ? "waits" : "decided again";
    };
}

TEST(Engine, ACallThatWaitsIsAnsweredWhenItsCallerHurries) {
    journal::MemoryDisk disk;
    Server server(disk);
    server.start();
    const auto gone = std::make_shared<std::atomic<bool>>(false);
    std::promise<std::string> answer;
    auto waited = answer.get_future();
    ASSERT_TRUE(server.engine.submit(
        Engine::Kind::Read, wait_for(7), [&](std::string body) { answer.set_value(std::move(body)); }, gone));
    auto read = server.read().value();
    EXPECT_EQ(get(read), "0") << "nobody else waits";
    EXPECT_FALSE(answered(waited));
    EXPECT_EQ(server.engine.stats().waiting, 1u);
    gone->store(true);
    EXPECT_EQ(get(waited), "decided again");
    EXPECT_EQ(server.engine.stats().waiting, 0u);
}

TEST(Engine, ACallThatWaitsIsAnsweredWhenItsTimeIsUp) {
    journal::MemoryDisk disk;
    Server server(disk);
    server.start();
    auto waited = server.submit(Engine::Kind::Read, wait_for(7)).value();
    auto read = server.read().value();
    EXPECT_EQ(get(read), "0");
    EXPECT_FALSE(answered(waited));
    server.clock.advance(Millis{3'600'000});
    EXPECT_EQ(get(waited), "decided again");
}

TEST(Engine, StoppingAnswersThoseWhoWait) {
    journal::MemoryDisk disk;
    Server server(disk);
    server.start();
    std::vector<std::future<std::string>> waited;
    for (core::Slot placement = 0; placement < 3; ++placement)
        waited.push_back(server.submit(Engine::Kind::Read, wait_for(placement)).value());
    server.engine.stop();
    for (auto& answer : waited) EXPECT_EQ(get(answer), "decided again");
}

}  // namespace
}  // namespace gse::engine
