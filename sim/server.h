/// The server as the simulation runs it: Decider, State and journal, with the pipeline of the engine made explicit —
/// one batch open, at most one on its way to the disk, outputs held until it is there — so that it can crash between
/// any two.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/rng.h"
#include "engine/decider.h"
#include "journal/memory.h"
#include "sim/network.h"
#include "sim/plants.h"

namespace gse::sim {

/// An answer that left the server.
struct Answer {
    std::uint64_t ticket = 0;
    std::string body;
};

struct ServerFaults {
    double crash = 0;         ///< at each of the points of a step
    double append_fails = 0;  ///< an append; half of these are durable nevertheless
    double snapshot = 0.01;   ///< a step starts one when none is being taken
};

struct ServerCounts {
    std::uint64_t starts = 0, crashes = 0, commits = 0, reports = 0, rebuilds_compared = 0, snapshots = 0;
};

class Server {
public:
    /// `on_sealed` looks at the state after every batch.
    Server(const Settings& settings, SeededRng& rng, const ServerFaults& faults, Plant plant,
           std::function<void()> on_sealed);

    void start(Now now);
    /// Everything that is not durable is lost, and everything that was not released too.
    void crash();
    [[nodiscard]] bool up() const { return decider_ != nullptr; }

    // Inputs; dropped while down.
    void hear(link::StreamId stream, ToServer message);
    void hear_closed(link::StreamId stream);
    void call(std::uint64_t ticket, engine::Decide decide);

    /// Decides, seals, appends and releases some of what is there.
    void step(Now now);
    /// Until nothing is open or in flight. False: it crashed meanwhile.
    bool settle(Now now);

    struct Released {
        std::vector<engine::StreamMessage> messages;
        std::vector<Answer> answers;
    };
    [[nodiscard]] Released take_released() { return std::exchange(released_, {}); }

    [[nodiscard]] const core::State& state() const { return *state_; }
    [[nodiscard]] std::uint64_t run() const { return counts_.starts; }
    [[nodiscard]] const ServerCounts& counts() const { return counts_; }
    /// True when timers could fire, in the batch that was sealed last, while this host's whole backlog was applied.
    [[nodiscard]] bool was_synced(core::Slot host) const { return synced_at_tick_.contains(host); }
    /// Since when it has been so without a break.
    [[nodiscard]] std::optional<EngineTime> synced_since(core::Slot host) const {
        const auto it = synced_.find(host);
        return it == synced_.end() ? std::nullopt : std::optional(it->second);
    }
    /// Loads what is durable into a fresh state and compares it with what was sealed.
    void compare_with_journal();

private:
    struct Closed {};
    struct Call {
        std::uint64_t ticket;
        engine::Decide decide;
    };
    struct Input {
        link::StreamId stream = 0;
        std::variant<ToServer, Closed, Call> what;
    };
    using Applied = std::pair<std::string, std::uint64_t>;  ///< boot id, seq
    struct Seal {
        std::uint64_t seq = 0;
        engine::Batch batch;
        std::vector<Answer> answers;
        std::vector<Applied> applied;
    };
    /// What a state was like when a batch was sealed.
    struct Image {
        std::string digest;
        std::string derived;
        std::vector<std::pair<core::Slot, bool>> silent;
    };

    void tick();
    void decide(Input& input);
    void decide_report(link::StreamId stream, const link::Report& report);
    void seal();
    void append();
    void release(engine::Batch& batch, std::vector<Answer>& answers);
    void walk_snapshot();
    [[nodiscard]] Image take_image() const;
    void compare(core::State& loaded, const Image& expected) const;

    const Settings& settings_;
    SeededRng& rng_;
    const ServerFaults& faults_;
    const Plant plant_;
    const std::function<void()> on_sealed_;
    journal::MemoryDisk disk_;

    std::unique_ptr<core::State> state_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<engine::Decider> decider_;
    Now now_{};
    std::deque<Input> inputs_;
    std::vector<Answer> answers_;
    std::optional<Seal> in_flight_;
    bool has_output_ = false;
    std::uint64_t last_seq_ = 0;
    std::uint64_t durable_seq_ = 0;
    Released released_;

    struct Snapshot {
        std::unique_ptr<journal::SnapshotWriter> writer;
        core::State::SnapshotCursor cursor;
        bool walked = false;
        std::uint64_t end = 0;
    };
    std::optional<Snapshot> snapshot_;

    // What the checks know, independent of the state.
    std::optional<Image> durable_;
    std::optional<Image> sealed_;  ///< of the batch in flight, or the one whose append was doubtful
    std::uint64_t sealed_seq_ = 0;
    std::set<Applied> applied_durable_;
    std::set<Applied> applied_pending_;
    std::vector<Applied> applied_open_;
    std::map<link::StreamId, std::pair<core::Slot, std::string>> origins_;  ///< stream → host, boot id
    std::map<core::Slot, link::StreamId> newest_;
    std::map<core::Slot, EngineTime> synced_;
    std::set<core::Slot> synced_at_tick_;  ///< of the open batch
    ServerCounts counts_;
};

}  // namespace gse::sim
