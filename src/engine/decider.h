/// The deterministic heart of the engine: inputs in, one batch out. No thread, clock, disk or socket; the simulation
/// drives exactly this.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "core/step.h"
#include "engine/change_reader.h"
#include "link/host_link.h"

namespace gse::engine {

/// Decides one API call and returns the body of its answer. A call that waits (Step::wait) is decided again when what
/// it waits for has come, and changes nothing.
using Decide = std::move_only_function<std::string(core::Step&)>;

struct CloseStream {
    std::string why;
};
struct StreamMessage {
    link::StreamId stream = 0;
    std::variant<link::Welcome, link::Order, CloseStream> body;
};

/// The answer to a call that waited.
struct WaitedAnswer {
    std::uint64_t ticket = 0;
    std::string body;
};

/// What one batch changed, and what may leave once that is durable.
struct Batch {
    std::string bytes;  ///< journal entry; empty when nothing durable changed
    std::vector<StreamMessage> messages;
    std::vector<WaitedAnswer> waited;
    Changes changes;  ///< for those who listen to events
};

/// Facts of this deployment that agents are greeted with.
struct Greeting {
    std::string deployment_id;
    std::string objects_url;
};

/// Owned by one thread. Between begin() and finish() any number of inputs; finish() ends the batch.
class Decider {
public:
    Decider(core::State& state, Rng& rng, Greeting greeting);

    /// The time of what follows. Engine time never goes back.
    void begin(Now now);
    [[nodiscard]] std::string call(Decide& decide);
    /// The same for a call that may wait: nullopt while it does, and a later batch has its answer under `ticket`, which
    /// is the caller's, unique among those that wait. At most limits.waiting_calls wait at once.
    [[nodiscard]] std::optional<std::string> call(std::uint64_t ticket, Decide decide);
    /// A call that waits is answered with this batch, as things are. Unknown tickets are ignored.
    void hurry(std::uint64_t ticket);
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
    void on_hello(link::StreamId stream, const link::HostHello& hello);
    void on_report(link::StreamId stream, const link::Report& report);
    void on_alive(link::StreamId stream);
    void on_readings(link::StreamId stream, std::span<const link::InstanceReading> readings);
    void on_closed(link::StreamId stream);
    /// Fires due timers and retires what has ended; true when more is due than was done.
    bool tick();
    [[nodiscard]] Batch finish();

    /// Who is told what batches changed; outlives this.
    void set_sink(ChangeSink* sink) { sink_ = sink; }
    /// When finish() has something to tell although nothing further happens.
    [[nodiscard]] EngineTime next_sample() const { return reader_.next_sample(); }

    [[nodiscard]] core::State& state() { return state_; }
    [[nodiscard]] bool has_changes() const { return state_.has_changes(); }
    /// True when something went in, or a timer fired, since the last finish(): there may be output, even without a
    /// change so far, because settling comes with finish().
    [[nodiscard]] bool has_work() const { return has_work_ || state_.has_changes(); }
    [[nodiscard]] std::size_t changes() const { return state_.changes(); }

private:
    struct Stream {
        core::Slot host = core::kNone;
        std::uint64_t next_order = 1;
        std::uint64_t ack = 0;  ///< highest report seq of this batch; 0: none
    };

    [[nodiscard]] core::Step step() { return {state_, now_, rng_, orders_}; }
    [[nodiscard]] link::AgentTimers agent_timers() const;
    void flush_orders();
    void send(link::StreamId id, Stream& stream, link::OrderBody body);
    bool drop_if_given_up(link::StreamId id);
    void drop_stream(link::StreamId id, std::string why);
    void drop_removed_hosts();
    void answer_waiting(core::Step& at, std::uint64_t ticket);
    void answer_waiting(core::Step& at);

    core::State& state_;
    Rng& rng_;
    Greeting greeting_;
    Now now_{};
    bool has_work_ = false;
    ChangeSink* sink_ = nullptr;
    ChangeReader reader_;
    std::vector<core::HostOrder> orders_;
    std::vector<StreamMessage> messages_;
    std::unordered_map<link::StreamId, Stream> streams_;
    std::unordered_map<core::Slot, link::StreamId> stream_of_host_;
    std::vector<link::StreamId> to_ack_;

    struct Waiting {
        Decide decide;
        core::Slot placement = core::kNone;
        EngineTime until;
    };
    std::unordered_map<std::uint64_t, Waiting> waiting_;  ///< by ticket
    std::unordered_multimap<core::Slot, std::uint64_t> waiting_by_placement_;
    std::set<std::pair<EngineTime, std::uint64_t>> waiting_by_time_;
    std::vector<std::uint64_t> hurried_;
    std::vector<WaitedAnswer> waited_;
};

}  // namespace gse::engine
