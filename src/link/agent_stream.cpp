#include "link/agent_stream.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"

namespace gse::link {
namespace {

namespace pb = opengse::link::v1;

/// What a scratch message may keep for the next one; an agent's first words are much more.
constexpr std::size_t kScratchBytes = 64 << 10;

}  // namespace

bool AgentStream::may_send(std::size_t orders) {
    return (handed_over_ += orders) <= context_.options.queue_messages_max;
}

void AgentStream::welcome(const Welcome& value) {
    if (closing_) return;
    CHECK(phase_ == Phase::Greeted);
    phase_ = Phase::Welcomed;
    heartbeat_ms_ = context_.clock.monotonic_ms();
    queue(value);
    if (!closing_) wire_->wake(call_);
}

void AgentStream::send(std::vector<Order> orders) {
    handed_over_ -= orders.size();
    if (closing_) return;
    CHECK(phase_ == Phase::Welcomed);
    std::uint64_t acked = 0;
    for (Order& order : orders) {
        if (const auto* ack = std::get_if<ReportAck>(&order.body)) acked = ack->seq;
        order_seq_queued_ = order.seq;
        queue(std::move(order));
        if (closing_) return;
    }
    wire_->wake(call_);
    if (acked != 0) acknowledged(acked);
}

void AgentStream::close(GrpcStatus status) {
    if (closing_) return;
    closing_ = true;
    closing_since_ms_ = context_.clock.monotonic_ms();
    queue_.clear();
    queued_bytes_ = 0;
    if (wire_ != nullptr) wire_->finish(call_, std::move(status));
}

void AgentStream::tick(std::int64_t now_ms) {
    const auto& options = context_.options;
    if (closing_) {
        if (wire_ != nullptr && now_ms - closing_since_ms_ >= options.close_timeout.count()) wire_->cut();
        return;
    }
    if (phase_ == Phase::Opened && now_ms - opened_ms_ >= options.hello_timeout.count())
        return close({GrpcCode::DeadlineExceeded, "no hello in time"});
    if (phase_ != Phase::Welcomed || now_ms - heartbeat_ms_ < options.heartbeat.count()) return;
    heartbeat_ms_ = now_ms;
    // Queued messages are signs of life themselves; more of them would not help a slow reader.
    if (!queue_.empty()) return;
    queue(ServerHeartbeat{order_seq_queued_});
    wire_->wake(call_);
}

void AgentStream::queue(const ServerSays& what) {
    const auto& options = context_.options;
    pb::ServerMessage& message = context_.outgoing;
    encode(what, message);
    std::string bytes = message.SerializeAsString();
    if (bytes.size() > kScratchBytes) message = pb::ServerMessage();
    if (bytes.size() > kMaxMessageBytes) {
        spdlog::error("link: stream {}: after order {}, a message has {} bytes, at most {} can be sent", id_,
                      order_seq_queued_, bytes.size(), kMaxMessageBytes);
        return close({GrpcCode::Internal, "an order is too large to send"});
    }
    if (queue_.size() >= options.queue_messages_max || queued_bytes_ + bytes.size() > options.queue_bytes_max) {
        spdlog::warn("link: stream {} reads too slowly: {} messages, {} bytes are waiting; closed", id_, queue_.size(),
                     queued_bytes_);
        close({GrpcCode::ResourceExhausted, "the agent reads too slowly: its out-queue is full"});
        return wire_->cut();  // a reader that does not read would keep the message on its way for ever
    }
    queued_bytes_ += bytes.size();
    queue_.push_back(std::move(bytes));
}

std::string AgentStream::take_front() {
    std::string bytes = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= bytes.size();
    return bytes;
}

bool AgentStream::next_message(std::string& to) {
    if (closing_ || queue_.empty()) return false;
    const std::size_t limit = to.size() + kTogetherBytesMax;
    to += take_front();
    for (int count = 1; count < kTogetherMax && !queue_.empty() && to.size() + queue_.front().size() <= limit; ++count)
        append_behind(to, take_front());
    return true;
}

void AgentStream::hear(std::string_view bytes) {
    if (closing_) return;
    pb::AgentMessage& message = context_.incoming;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        reject("a message cannot be read");
        return;
    }
    bool large = bytes.size() > kScratchBytes;
    if (!message.piece().empty() || !pieces_.empty()) {
        large = true;
        pieces_ += message.piece();
        if (pieces_.size() > static_cast<std::size_t>(kMaxMessageBytes)) {
            reject("a message in pieces is too large");
            return;
        }
        if (message.piece_follows()) {
            context_.events.on_alive(id_);  // its heartbeat waits behind it
            return;
        }
        if (!message.ParseFromString(std::exchange(pieces_, {}))) {
            reject("the pieces of a message do not fit together");
            return;
        }
    }
    behind_.Swap(message.mutable_behind());
    next_behind_ = 0;
    const bool goes_on = hear_one(message);
    if (large) message = pb::AgentMessage();
    if (goes_on) hear_behind();
    hand_on();
    // Their memory goes back to where the next message is read, whosever that is.
    if (next_behind_ == behind_.size()) {
        behind_.Clear();
        if (!large) behind_.Swap(context_.incoming.mutable_behind());
        behind_ = {};
        next_behind_ = 0;
    }
}

/// Hears what came behind the last message; pauses when the engine is behind.
void AgentStream::hear_behind() {
    for (;;) {
        if (too_far_ahead()) {
            if (!std::exchange(paused_, true)) wire_->pause(call_);
            return;
        }
        if (next_behind_ == behind_.size()) break;
        if (!hear_one(behind_[next_behind_++])) return;
    }
}

/// False: the stream is closing and hears no further.
bool AgentStream::hear_one(pb::AgentMessage& message) {
    const std::size_t bytes = message.ByteSizeLong();
    auto said = decode(message);
    if (!said) return reject(said.error().message);
    if (const auto* report = std::get_if<Report>(&*said)) {
        ahead_.push_back({report->seq, bytes});
        ahead_bytes_ += bytes;
    }
    return heard(std::move(*said));
}

bool AgentStream::too_far_ahead() const {
    return ahead_.size() > context_.options.reports_ahead_max ||
           ahead_bytes_ > context_.options.reports_ahead_bytes_max;
}

/// Hears on when enough is acknowledged.
void AgentStream::acknowledged(std::uint64_t seq) {
    for (; !ahead_.empty() && ahead_.front().seq <= seq; ahead_.pop_front()) ahead_bytes_ -= ahead_.front().bytes;
    if (!paused_ || too_far_ahead()) return;
    hear_behind();
    hand_on();
    if (closing_ || too_far_ahead()) return;
    behind_ = {};
    next_behind_ = 0;
    paused_ = false;
    wire_->resume(call_);
}

bool AgentStream::heard(AgentSays said) {
    if (closing_ || mute_) return false;
    HostEvents& events = context_.events;
    if (auto* hello = std::get_if<HostHello>(&said)) {
        if (phase_ != Phase::Opened) return reject("a second hello in one stream");
        phase_ = Phase::Greeted;
        hello->certified_id = peer_.host_id;
        hello->certificate_end = peer_.certificate_end;
        events.on_hello(id_, std::move(*hello));
        return true;
    }
    if (phase_ == Phase::Opened) return reject("the first message of a stream must be hello");
    if (auto* heartbeat = std::get_if<AgentHeartbeat>(&said)) {
        if (heartbeat->order_seq > order_seq_queued_)
            return reject(fmt::format("the agent has seen order {}, but only {} were sent", heartbeat->order_seq,
                                      order_seq_queued_));
        hand_on();  // what it said before
        if (!heartbeat->readings.empty()) events.on_readings(id_, std::move(heartbeat->readings));
        events.on_alive(id_);
        return true;
    }
    if (phase_ != Phase::Welcomed) return reject("a report before the welcome");
    context_.reports.push_back(std::move(std::get<Report>(said)));
    return true;
}

/// Reports that came in one message go on together.
void AgentStream::hand_on() {
    if (!mute_ && !context_.reports.empty()) context_.events.on_reports(id_, context_.reports);
    context_.reports.clear();
}

bool AgentStream::reject(const std::string& why) {
    spdlog::warn("link: stream {} closed: {}", id_, why);
    close({GrpcCode::InvalidArgument, why});
    return false;
}

void AgentStream::on_ended() {
    wire_ = nullptr;
    closing_ = true;
    if (phase_ != Phase::Opened) context_.events.on_closed(id_);
}

}  // namespace gse::link
