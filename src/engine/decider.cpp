#include "engine/decider.h"

#include <algorithm>

#include "core/hosts.h"
#include "core/housekeeping.h"

namespace gse::engine {
namespace {
/// Bounds on what one batch does besides its inputs, so that answers are never kept waiting long.
constexpr std::size_t kTimersPerTick = 4'096;
constexpr std::size_t kRetiredPerTick = 1'024;
}  // namespace

Decider::Decider(core::State& state, Rng& rng, Greeting greeting)
    : state_(state), rng_(rng), greeting_(std::move(greeting)) {}

void Decider::begin(Now now) {
    now_.engine = std::max(now_.engine, now.engine);
    now_.wall = now.wall;
}

std::string Decider::call(Decide& decide) {
    has_work_ = true;
    core::Step at = step();
    std::string body = decide(at);
    drop_removed_hosts();
    return body;
}

std::optional<std::string> Decider::call(std::uint64_t ticket, Decide decide) {
    has_work_ = true;
    core::Wait wait{.full = waiting_.size() >= state_.settings().limits.waiting_calls};
    core::Step at = step();
    at.wait = &wait;
    std::string body = decide(at);
    drop_removed_hosts();
    if (wait.placement == core::kNone) return body;
    waiting_by_placement_.emplace(wait.placement, ticket);
    waiting_by_time_.emplace(wait.until, ticket);
    waiting_.emplace(ticket, Waiting{std::move(decide), wait.placement, wait.until});
    state_.arm(wait.until, core::TimerKind::Settle, core::kNone);
    return std::nullopt;
}

void Decider::hurry(std::uint64_t ticket) {
    if (!waiting_.contains(ticket)) return;
    has_work_ = true;
    hurried_.push_back(ticket);
}

void Decider::answer_waiting(core::Step& at, std::uint64_t ticket) {
    const auto it = waiting_.find(ticket);
    if (it == waiting_.end()) return;
    waited_.push_back({ticket, it->second.decide(at)});
    const auto [first, last] = waiting_by_placement_.equal_range(it->second.placement);
    for (auto entry = first; entry != last; ++entry)
        if (entry->second == ticket) {
            waiting_by_placement_.erase(entry);
            break;
        }
    waiting_by_time_.erase({it->second.until, ticket});
    waiting_.erase(it);
}

/// Those whose placement this batch ended, whose time is up, and who are in a hurry.
void Decider::answer_waiting(core::Step& at) {
    const std::vector<core::Slot> ended = state_.take_just_ended();
    if (waiting_.empty()) {
        hurried_.clear();
        return;
    }
    for (const core::Slot placement : ended)
        for (auto it = waiting_by_placement_.find(placement); it != waiting_by_placement_.end();
             it = waiting_by_placement_.find(placement))
            answer_waiting(at, it->second);
    while (!waiting_by_time_.empty() && waiting_by_time_.begin()->first <= now_.engine)
        answer_waiting(at, waiting_by_time_.begin()->second);
    for (const std::uint64_t ticket : std::exchange(hurried_, {})) answer_waiting(at, ticket);
}

link::AgentTimers Decider::agent_timers() const {
    const Timers& timers = state_.settings().timers;
    return {.heartbeat = timers.heartbeat,
            .process_ready = timers.process_ready,
            .process_exit = timers.process_exit,
            .health_interval = timers.health_interval,
            .health_timeout = timers.health_timeout,
            .health_failures = timers.health_failures,
            .sdk_call = timers.sdk_call,
            .restart_backoff_min = timers.restart_backoff_min,
            .restart_backoff_max = timers.restart_backoff_max,
            .restart_backoff_reset = timers.restart_backoff_reset};
}

void Decider::on_hello(link::StreamId id, const link::HostHello& hello) {
    has_work_ = true;
    if (const core::Slot known = core::host_of(state_, hello); known != core::kNone) {
        // Streams are numbered as they are accepted: a hello that was overtaken by a newer stream's comes too late.
        const auto current = stream_of_host_.find(known);
        if (current != stream_of_host_.end() && current->second > id) {
            messages_.emplace_back(id, CloseStream{"a newer stream of this host has taken over"});
            return;
        }
    }
    flush_orders();  // what was decided before belongs to the older stream
    core::Step at = step();
    const auto result = core::on_hello(at, id, hello);
    if (!result) {
        messages_.emplace_back(id, CloseStream{result.error().message});
        return;
    }
    if (const auto older = stream_of_host_.find(result->host); older != stream_of_host_.end() && older->second != id)
        drop_stream(older->second, "a newer stream of this host has taken over");
    stream_of_host_[result->host] = id;
    streams_[id] = Stream{.host = result->host};
    messages_.emplace_back(id, link::Welcome{.epoch = state_.epoch(),
                                             .deployment_id = greeting_.deployment_id,
                                             .acked_seq = result->acked_seq,
                                             .objects_url = greeting_.objects_url,
                                             .timers = agent_timers()});
    flush_orders();
}

/// Whoever was frozen for so long that it was given up, and goes on as if nothing had been, has to say hello again:
/// what runs there is nobody's any more, and it gets nothing new before.
bool Decider::drop_if_given_up(link::StreamId id) {
    const core::Slot host = streams_.at(id).host;
    if (!state_.at<core::Host>(host).lost) return false;
    drop_stream(id, "this host gave no sign of life for too long and was given up; connect again");
    core::Step at = step();
    core::on_disconnected(at, host, id);
    return true;
}

void Decider::on_report(link::StreamId id, const link::Report& report) {
    const auto it = streams_.find(id);
    if (it == streams_.end()) return;  // of a stream that was replaced
    has_work_ = true;
    if (drop_if_given_up(id)) return;
    core::Step at = step();
    if (!core::on_report(at, it->second.host, report)) {
        const core::Slot host = it->second.host;
        drop_stream(id, "a report is missing; connect again");
        core::on_disconnected(at, host, id);
        return;
    }
    if (it->second.ack == 0) to_ack_.push_back(id);
    it->second.ack = std::max(it->second.ack, report.seq);
}

void Decider::on_alive(link::StreamId id) {
    const auto it = streams_.find(id);
    if (it == streams_.end()) return;
    has_work_ = true;
    if (drop_if_given_up(id)) return;
    core::Step at = step();
    core::on_alive(at, it->second.host);
}

void Decider::on_readings(link::StreamId id, std::span<const link::InstanceReading> readings) {
    const auto it = streams_.find(id);
    if (it == streams_.end()) return;
    core::Step at = step();  // nobody waits for what changes: no batch comes of it
    core::on_readings(at, it->second.host, readings);
}

void Decider::on_closed(link::StreamId id) {
    const auto it = streams_.find(id);
    if (it == streams_.end()) return;
    has_work_ = true;
    const core::Slot host = it->second.host;
    streams_.erase(it);
    if (const auto current = stream_of_host_.find(host); current != stream_of_host_.end() && current->second == id)
        stream_of_host_.erase(current);
    core::Step at = step();
    core::on_disconnected(at, host, id);
}

bool Decider::tick() {
    has_work_ = has_work_ || state_.next_timer() <= now_.engine || reader_.next_sample() <= now_.engine;
    core::Step at = step();
    core::retire_ended(at, kRetiredPerTick);
    return core::fire_timers(at, kTimersPerTick);
}

void Decider::drop_stream(link::StreamId id, std::string why) {
    if (const auto it = streams_.find(id); it != streams_.end()) {
        if (const auto current = stream_of_host_.find(it->second.host);
            current != stream_of_host_.end() && current->second == id)
            stream_of_host_.erase(current);
        streams_.erase(it);
    }
    messages_.emplace_back(id, CloseStream{std::move(why)});
}

/// At once: the slot may be another host's before this batch ends.
void Decider::drop_removed_hosts() {
    for (const core::Slot host : state_.take_removed_hosts()) {
        std::erase_if(orders_, [host](const core::HostOrder& order) { return order.host == host; });
        if (const auto current = stream_of_host_.find(host); current != stream_of_host_.end())
            drop_stream(current->second, "this host was removed from the deployment");
    }
}

void Decider::send(link::StreamId id, Stream& stream, link::OrderBody body) {
    messages_.emplace_back(id,
                           link::Order{.epoch = state_.epoch(), .seq = stream.next_order++, .body = std::move(body)});
}

void Decider::flush_orders() {
    for (auto& order : orders_) {
        const auto current = stream_of_host_.find(order.host);
        if (current == stream_of_host_.end()) continue;  // derived again when the host connects
        send(current->second, streams_.at(current->second), std::move(order.body));
    }
    constexpr std::size_t kOrdersKept = 1'024;
    if (orders_.capacity() > kOrdersKept)
        orders_ = std::vector<core::HostOrder>();  // thousands at once are rare
    else
        orders_.clear();
}

Batch Decider::finish() {
    core::Step at = step();
    core::settle(at);
    answer_waiting(at);
    flush_orders();
    for (const link::StreamId id : to_ack_) {
        const auto it = streams_.find(id);
        if (it == streams_.end()) continue;
        send(id, it->second, link::ReportAck{it->second.ack});
        it->second.ack = 0;
    }
    to_ack_.clear();
    Batch batch;
    if (sink_) {
        const core::WatchLevel wanted = sink_->wanted();
        if (wanted != core::WatchLevel::Nothing || state_.watched() != wanted)
            batch.changes = reader_.read(state_, now_, wanted);
    }
    if (state_.has_changes()) batch.bytes = state_.take_batch(now_);
    batch.messages = std::exchange(messages_, {});
    batch.waited = std::exchange(waited_, {});
    has_work_ = false;
    return batch;
}

}  // namespace gse::engine
