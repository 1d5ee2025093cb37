/// The loop: requests and reports in, one owner thread decides, one committer makes it durable, then outputs leave.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/latency_counts.h"
#include "base/time.h"
#include "engine/commit_pace.h"
#include "engine/decider.h"
#include "engine/hurry.h"
#include "engine/queue_bound.h"
#include "journal/journal.h"

namespace gse::engine {

class ReplayInto;

struct EngineOptions {
    std::size_t queue_max = 20'000;  ///< API calls waiting to be decided, see QueueBound; beyond it they are shed
    std::chrono::microseconds commit_spacing{500};  ///< between the starts of two commits under load, see CommitPace
    std::uint64_t snapshot_bytes = 256ULL << 20;    ///< of log at least before a snapshot is due, see snapshot_due.h
    std::uint64_t reserve_bytes = 256ULL << 20;     ///< less free disk than this: writing calls are refused
    Millis gap_max{24 * 3'600'000LL};               ///< engine time advances by at most this over a restart
    /// Whether this engine is still the one that decides, asked before an answer leaves that no commit of its own has
    /// proven (it may look at a clock, and must not block). Null: there is no other.
    std::function<bool()> still_leads = {};
    Millis lead_patience{3'000};  ///< of the clock: an answer waits so long for still_leads, then the engine has failed
};

/// What an engine is doing, for /metrics and /readyz. Monotonic counters unless said otherwise.
struct EngineStats {
    std::uint64_t calls = 0;
    std::uint64_t calls_shed = 0;
    std::uint64_t commits = 0;
    std::uint64_t records = 0;
    std::uint64_t journal_bytes = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t queue = 0;    ///< now waiting to be decided
    std::uint64_t waiting = 0;  ///< now waiting for something to happen
    bool disk_low = false;
    std::string trouble;  ///< "" or why something is not as it should be
};

/// Life: recover() once, then start(), then any thread may call; stop() drains and ends the threads. A server that
/// follows another one load()s and keeps taking what that appends by followed(); lead() when its turn has come.
class Engine final : public link::HostEvents {
public:
    using Done = std::move_only_function<void(std::string body)>;
    /// Called on the committer's thread when an append failed: nothing more is released; the process must restart.
    using OnFatal = std::function<void(const Error&)>;

    Engine(EngineOptions options, core::State& state, journal::Journal& journal, Clock& clock, Rng& rng,
           OnFatal on_fatal);
    ~Engine() override;

    /// Replays the journal into the state and begins a new epoch. Returns one line for the log.
    Result<std::string> recover();
    /// The first half of recover(), once. Before start() all of this is one thread's.
    Result<void> load();
    /// Takes entries that another server has appended, in their order. Lives as long as the engine.
    [[nodiscard]] journal::Replay& followed();
    /// The last entry taken.
    [[nodiscard]] std::uint64_t last_seq() const;
    /// The second half: whatever follows is this engine's own. Returns one line for the log.
    std::string lead();
    /// Who is told of what batches changed, once that is durable. Before start(); outlives the engine.
    void set_sink(ChangeSink* sink) { sink_ = sink; }
    /// `streams` outlives the engine's threads.
    void start(link::HostStreams& streams, Greeting greeting);
    void stop();

    enum class Kind : std::uint8_t { Read, Write };
    /// Thread-safe. Overloaded: the queue is full. FailedOperation: a write while the disk is nearly full. On success
    /// `done` is called exactly once, on the committer's thread, after everything the answer has seen is durable. A
    /// call that waits is answered at once when `hurry` is set, and by stop().
    Result<void> submit(Kind kind, Decide decide, Done done, Hurry hurry = {});

    void on_hello(link::StreamId stream, link::HostHello hello) override;
    void on_reports(link::StreamId stream, std::span<link::Report> reports) override;
    void on_alive(link::StreamId stream) override;
    void on_readings(link::StreamId stream, std::vector<link::InstanceReading> readings) override;
    void on_closed(link::StreamId stream) override;

    /// Thread-safe once it has started.
    [[nodiscard]] Now now() const;
    [[nodiscard]] EngineStats stats() const;
    /// How long appends to the journal took.
    [[nodiscard]] const LatencyCounts& commit_latency() const { return commit_latency_; }
    /// Runs `look` on the owner's thread and waits: for metrics and tests. False, and `look` did not run, after stop()
    /// or a failure. Not from a `done` or a `look`.
    bool inspect(const std::function<void(const core::State&)>& look);

private:
    struct Call {
        Decide decide;
        Done done;
        Hurry hurry;
    };
    struct Hello {
        link::StreamId stream;
        std::unique_ptr<link::HostHello> hello;  ///< apart: it is large and rare, and calls wait in the same queue
    };
    struct Told {
        link::StreamId stream;
        link::Report report;
    };
    struct Alive {
        link::StreamId stream;
    };
    struct Measured {
        link::StreamId stream;
        std::vector<link::InstanceReading> readings;
    };
    struct Closed {
        link::StreamId stream;
    };
    /// Destroyed without having looked (the engine failed), it breaks its promise, which wakes inspect() too.
    struct Inspect {
        const std::function<void(const core::State&)>* look;
        std::promise<void> ready;
    };
    using Input = std::variant<Call, Hello, Told, Alive, Measured, Closed, Inspect>;
    static_assert(sizeof(Input) <= sizeof(Told) + sizeof(void*), "reports are the largest that is often queued");

    struct Answer {
        Done done;
        std::string body;
    };
    /// A sealed batch on its way through the journal.
    struct Sealed {
        std::uint64_t seq = 0;  ///< 0: nothing to append
        Batch batch;
        std::vector<Answer> answers;
        std::size_t records = 0;
    };

    void push(Input input);
    template <class Add>
    void queue(std::size_t count, const Add& add);
    [[nodiscard]] bool wakes_owner(std::size_t added) const;
    void run_owner();
    void run_committer();
    void run_snapshots();
    void handle(Input& input);
    void hurry_waiting(bool all);
    void seal_into(std::unique_lock<std::mutex>& lock);
    void feed_snapshot();
    [[nodiscard]] Result<void> write_snapshot(std::unique_lock<std::mutex>& lock);
    [[nodiscard]] Result<void> trim(std::unique_lock<std::mutex>& lock);
    void release(Sealed& sealed);
    [[nodiscard]] Result<void> make_sure(const Sealed& sealed);

    const EngineOptions options_;
    core::State& state_;
    journal::Journal& journal_;
    Clock& clock_;
    Rng& rng_;
    OnFatal on_fatal_;
    link::HostStreams* streams_ = nullptr;
    ChangeSink* sink_ = nullptr;
    std::unique_ptr<Decider> decider_;
    std::unique_ptr<ReplayInto> follower_;
    journal::LoadSummary loaded_;

    EngineTime engine_base_;
    std::int64_t mono_base_ = 0;

    // Shared between threads.
    mutable std::mutex mutex_;
    std::condition_variable owner_wakes_;
    std::condition_variable committer_wakes_;
    std::condition_variable snapshot_wakes_;
    std::vector<Input> inputs_;
    /// The owner waits for what comes by itself: the end of a commit, or the time of the next. Until then nothing can
    /// be answered, so inputs gather, and one wake-up serves them all.
    bool owner_dozes_ = false;
    std::size_t calls_waiting_ = 0;
    QueueBound queue_bound_;             ///< of calls_waiting_
    std::unique_ptr<Sealed> in_flight_;  ///< sealed, not yet durable; at most one
    std::uint64_t durable_seq_ = 0;
    bool stopping_ = false;
    bool failed_ = false;
    bool owner_done_ = false;
    EngineStats stats_;
    LatencyCounts commit_latency_;

    // A snapshot in progress, guarded by mutex_.
    enum class Snapshot : std::uint8_t { None, Walking, Finishing };
    Snapshot snapshot_ = Snapshot::None;
    std::uint64_t snapshot_number_ = 0;  ///< which one walks: what the owner encoded for an abandoned one is dropped
    std::vector<std::string> slices_;
    std::uint64_t snapshot_end_ = 0;
    /// What the newest one has made needless may still be there, also of the run before.
    bool untrimmed_ = true;

    // Owner's own.
    std::uint64_t last_seq_ = 0;
    CommitPace pace_;
    std::vector<Answer> answers_;
    struct Waiting {
        Done done;
        Hurry hurry;
    };
    std::unordered_map<std::uint64_t, Waiting> waiting_;  ///< calls that wait, by ticket
    std::uint64_t last_ticket_ = 0;
    std::chrono::steady_clock::time_point next_hurry_{};
    core::State::SnapshotCursor cursor_;
    std::uint64_t cursor_number_ = 0;  ///< the snapshot that the cursor walks for

    std::thread owner_, committer_, snapshotter_;
};

}  // namespace gse::engine
