#include "sim/server.h"

#include "engine/replay.h"
#include "sim/violation.h"

namespace gse::sim {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

const core::HostCursor* cursor_of(const core::State& state, core::Slot host, core::Slot* where = nullptr) {
    const core::HostCursor* found = nullptr;
    state.table<core::HostCursor>().for_each([&](core::Slot slot, const core::HostCursor& cursor) {
        if (cursor.host != host) return;
        found = &cursor;
        if (where) *where = slot;
    });
    return found;
}

}  // namespace

Server::Server(const Settings& settings, SeededRng& rng, const ServerFaults& faults, Plant plant,
               std::function<void()> on_sealed)
    : settings_(settings), rng_(rng), faults_(faults), plant_(plant), on_sealed_(std::move(on_sealed)) {}

// ------------------------------------------------------------------ life

void Server::start(Now now) {
    state_ = std::make_unique<core::State>(settings_);
    journal_ = journal::open_memory_journal(disk_);
    engine::ReplayInto replay(*state_);
    const auto loaded = journal_->load(replay);
    require(loaded.has_value(), "the journal can be replayed", "{}", loaded ? "" : loaded.error().message);
    last_seq_ = durable_seq_ = loaded->last_seq;
    state_->rebuild();
    // A doubtful append: the disk decides what happened.
    if (sealed_ && loaded->last_seq == sealed_seq_ && sealed_seq_ != 0) {
        durable_ = std::move(sealed_);
        applied_durable_.merge(applied_pending_);
    }
    sealed_.reset();
    applied_pending_.clear();
    if (durable_) compare(*state_, *durable_);
    state_->begin_epoch();
    decider_ = std::make_unique<engine::Decider>(
        *state_, rng_, engine::Greeting{.deployment_id = "sim", .objects_url = "http://sim/objects"});
    decider_->begin(now_ = now);
    has_output_ = true;
    ++counts_.starts;
    if (plant_ == Plant::TimersBeforeBacklog) {
        std::vector<core::Slot> hosts;
        state_->table<core::Host>().for_each([&](core::Slot slot, const core::Host&) { hosts.push_back(slot); });
        for (const core::Slot host : hosts) state_->change_host_run(host, [](core::Host& h) { h.synced = true; });
    }
}

void Server::crash() {
    if (!up()) return;
    ++counts_.crashes;
    snapshot_.reset();
    decider_.reset();
    journal_.reset();
    inputs_.clear();
    answers_.clear();
    in_flight_.reset();
    for (const auto& applied : applied_open_) applied_pending_.erase(applied);
    applied_open_.clear();
    origins_.clear();
    newest_.clear();
    synced_.clear();
    synced_at_tick_.clear();
    has_output_ = false;
}

void Server::hear(link::StreamId stream, ToServer message) {
    if (up()) inputs_.push_back({stream, std::move(message)});
}
void Server::hear_closed(link::StreamId stream) {
    if (up()) inputs_.push_back({stream, Closed{}});
}
void Server::call(std::uint64_t ticket, engine::Decide decide) {
    if (up()) inputs_.push_back({0, Call{ticket, std::move(decide)}});
}

// ------------------------------------------------------------------ deciding

void Server::tick() {
    for (const auto& [host, since] : synced_) synced_at_tick_.insert(host);
    while (decider_->tick()) {
    }
}

void Server::decide(Input& input) {
    const link::StreamId stream = input.stream;
    if (auto* call = std::get_if<Call>(&input.what)) {
        if (auto body = decider_->call(call->ticket, std::move(call->decide)))
            answers_.push_back({call->ticket, std::move(*body)});
        return;
    }
    if (std::holds_alternative<Closed>(input.what)) {
        if (const auto it = origins_.find(stream); it != origins_.end() && newest_[it->second.first] == stream)
            synced_.erase(it->second.first);
        decider_->on_closed(stream);
        return;
    }
    const ToServer& message = std::get<ToServer>(input.what);
    if (const auto* hello = std::get_if<link::HostHello>(&message)) {
        decider_->on_hello(stream, *hello);
        const core::Slot host = state_->find_host(hello->host_name);
        origins_[stream] = {host, hello->boot_id};
        // One that was refused replaces nothing.
        if (host == core::kNone || state_->at<core::Host>(host).stream != stream) return;
        newest_[host] = stream;
        synced_.erase(host);
    } else if (const auto* report = std::get_if<link::Report>(&message)) {
        decide_report(stream, *report);
    } else {
        decider_->on_alive(stream);
    }
}

void Server::decide_report(link::StreamId stream, const link::Report& report) {
    const auto origin = origins_.find(stream);
    if (origin == origins_.end()) return;  // of an earlier run of this server
    const auto& [host, boot] = origin->second;
    ++counts_.reports;
    link::StreamId as = stream;
    if (plant_ == Plant::NoFence) as = newest_[host];
    core::Slot cursor_slot = core::kNone;
    const core::HostCursor* cursor = cursor_of(*state_, host, &cursor_slot);
    // Of a host that was refused, or has been removed: the decider knows its stream no more, and nothing comes of it.
    if (!cursor) return decider_->on_report(as, report);
    const std::uint64_t before = cursor->acked_seq;
    const bool again = plant_ == Plant::ReportTwice && report.seq <= before && boot == cursor->boot_id;
    if (again) state_->edit<core::HostCursor>(cursor_slot)->acked_seq = report.seq - 1;
    const std::uint64_t at = cursor->acked_seq;
    decider_->on_report(as, report);
    const bool applied = cursor->acked_seq != at;
    // A gap makes the server end the stream itself.
    if (!state_->at<core::Host>(host).synced) synced_.erase(host);
    if (again) state_->edit<core::HostCursor>(cursor_slot)->acked_seq = before;
    if (!applied) return;
    require(newest_[host] == stream, "reports of a replaced stream are not applied",
            "report {} of stream {} (boot {}) was applied", report.seq, stream, boot);
    const Applied what{boot, report.seq};
    const bool fresh = !applied_durable_.contains(what) && applied_pending_.insert(what).second;
    require(fresh, "a report is applied once", "report {} of {} was applied again", report.seq, boot);
    applied_open_.push_back(what);
    if (std::holds_alternative<link::BacklogDone>(report.body)) synced_.emplace(host, now_.engine);
}

void Server::step(Now now) {
    if (!up()) return;
    now_ = now;
    if (rng_.chance(faults_.crash)) return crash();
    if (rng_.chance(0.9)) {
        decider_->begin(now);
        std::size_t take = rng_.chance(0.8) ? inputs_.size() : rng_.below(inputs_.size() + 1);
        has_output_ = has_output_ || take > 0;
        for (; take > 0; --take) {
            Input input = std::move(inputs_.front());
            inputs_.pop_front();
            decide(input);
        }
        tick();
        has_output_ = has_output_ || decider_->has_work();
    }
    if (has_output_ && !in_flight_ && rng_.chance(0.8)) seal();
    if (rng_.chance(faults_.crash)) return crash();
    walk_snapshot();
    if (in_flight_ && rng_.chance(0.8)) append();
}

bool Server::settle(Now now) {
    now_ = now;
    for (int round = 0; up() && round < 100; ++round) {
        if (in_flight_) append();
        if (!up()) return false;
        if (inputs_.empty() && !has_output_) return true;
        decider_->begin(now);
        while (!inputs_.empty()) {
            Input input = std::move(inputs_.front());
            inputs_.pop_front();
            decide(input);
        }
        tick();
        seal();
    }
    return false;
}

void Server::seal() {
    Seal sealed;
    sealed.batch = decider_->finish();
    sealed.answers = std::exchange(answers_, {});
    for (auto& waited : sealed.batch.waited) sealed.answers.push_back({waited.ticket, std::move(waited.body)});
    sealed.applied = std::exchange(applied_open_, {});
    has_output_ = false;
    on_sealed_();
    synced_at_tick_.clear();
    sealed_ = take_image();
    sealed_seq_ = 0;
    if (!sealed.batch.bytes.empty()) sealed_seq_ = sealed.seq = ++last_seq_;
    if (plant_ == Plant::AnswerBeforeCommit) {
        release(sealed.batch, sealed.answers);
        sealed.batch.messages.clear();
        sealed.answers.clear();
    }
    in_flight_ = std::move(sealed);
}

void Server::append() {
    Seal& sealed = *in_flight_;
    if (sealed.seq != 0) {
        if (rng_.chance(faults_.append_fails))
            disk_.inject(sealed.seq,
                         rng_.chance(0.5) ? journal::MemoryDisk::Fault::Fail : journal::MemoryDisk::Fault::Doubtful);
        if (!journal_->append(sealed.seq, bytes_of(sealed.batch.bytes))) return crash();
        durable_seq_ = sealed.seq;
        ++counts_.commits;
    }
    durable_ = std::exchange(sealed_, std::nullopt);
    for (const auto& applied : sealed.applied) {
        applied_durable_.insert(applied);
        applied_pending_.erase(applied);
    }
    if (rng_.chance(faults_.crash)) return crash();
    release(sealed.batch, sealed.answers);
    in_flight_.reset();
    if (rng_.chance(faults_.crash)) crash();
}

void Server::release(engine::Batch& batch, std::vector<Answer>& answers) {
    for (auto& message : batch.messages) released_.messages.push_back(std::move(message));
    for (auto& answer : answers) released_.answers.push_back(std::move(answer));
}

void Server::walk_snapshot() {
    if (!snapshot_) {
        if (durable_seq_ == 0 || !rng_.chance(faults_.snapshot)) return;
        auto writer = journal_->begin_snapshot(durable_seq_);
        if (writer) snapshot_ = Snapshot{.writer = std::move(*writer)};
        return;
    }
    if (!snapshot_->walked) {
        const std::string slice = state_->encode_slice(snapshot_->cursor, 1 + rng_.below(60), now_);
        const auto written = snapshot_->writer->write(bytes_of(slice));
        require(written.has_value(), "a snapshot can be written", "{}", written ? "" : written.error().message);
        if (!snapshot_->cursor.at_end()) return;
        snapshot_->walked = true;
        snapshot_->end = last_seq_ + (decider_->has_changes() ? 1 : 0);
        return;
    }
    if (durable_seq_ < snapshot_->end) return;
    const auto finished = snapshot_->writer->finish(snapshot_->end);
    require(finished.has_value(), "a snapshot can be finished", "{}", finished ? "" : finished.error().message);
    snapshot_.reset();
    (void)journal_->trim();
    ++counts_.snapshots;
}

// ------------------------------------------------------------------ comparing

Server::Image Server::take_image() const {
    Image image{.digest = state_->digest(), .derived = state_->derived_digest(), .silent = {}};
    state_->table<core::Host>().for_each(
        [&](core::Slot slot, const core::Host& host) { image.silent.emplace_back(slot, host.silent); });
    return image;
}

void Server::compare(core::State& loaded, const Image& expected) const {
    require(loaded.digest() == expected.digest, "what was acknowledged is what a restart finds", "the records differ");
    for (const auto& [host, silent] : expected.silent)
        loaded.change_host_run(host, [silent](core::Host& h) { h.silent = silent; });
    const std::string derived = loaded.derived_digest();
    if (derived != expected.derived) {
        std::size_t at = 0;
        while (at < derived.size() && at < expected.derived.size() && derived[at] == expected.derived[at]) ++at;
        const auto line = [at](const std::string& text) {
            const std::size_t begin = text.rfind('\n', at) == std::string::npos ? 0 : text.rfind('\n', at) + 1;
            return text.substr(begin, std::min<std::size_t>(text.find('\n', at) - begin, 1500));
        };
        throw Violation("rebuilt is what was kept up to date",
                        fmt::format("rebuilt:\n{}\nkept:\n{}", line(derived), line(expected.derived)));
    }
    for (const auto& [host, silent] : expected.silent)
        loaded.change_host_run(host, [](core::Host& h) { h.silent = false; });
}

void Server::compare_with_journal() {
    if (!durable_ || (!up() && sealed_)) return;  // a doubtful append: start() finds out
    core::State loaded(settings_);
    const auto journal = journal::open_memory_journal(disk_);
    engine::ReplayInto replay(loaded);
    const auto summary = journal->load(replay);
    require(summary.has_value(), "the journal can be replayed", "{}", summary ? "" : summary.error().message);
    loaded.rebuild();
    compare(loaded, *durable_);
    ++counts_.rebuilds_compared;
}

}  // namespace gse::sim
