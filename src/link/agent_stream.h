/// One agent's stream at the server: what it may say when, and the bounded queue of what it is told. No I/O: the
/// connection carries it. Its loop's thread only, where not said otherwise. Includes protobuf: for sources only.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent_link.pb.h"
#include "base/fifo.h"
#include "base/time.h"
#include "link/convert.h"
#include "link/grpc_session.h"
#include "link/host_link.h"
#include "link/link_server.h"

namespace gse::link {

/// Who speaks.
struct Peer {
    std::string host_id;  ///< "": it came over loopback, with the token
    WallTime certificate_end;
};

/// What the streams of one loop share.
struct StreamContext {
    const LinkServerOptions& options;
    const Clock& clock;
    HostEvents& events;
    // Used within one call of a function each, so that their memory serves all streams.
    std::vector<Report> reports;  // heard, and not handed on yet
    opengse::link::v1::AgentMessage incoming;
    opengse::link::v1::ServerMessage outgoing;
};

class AgentStream {
public:
    /// What carries the stream. Outlives it, up to on_ended(). Nothing leaves before flush(), which whoever has called
    /// a function of the stream from outside must see to.
    class Wire {
    public:
        virtual ~Wire() = default;
        virtual void wake(GrpcSession::Call call) = 0;
        virtual void pause(GrpcSession::Call call) = 0;
        virtual void resume(GrpcSession::Call call) = 0;
        virtual void finish(GrpcSession::Call call, GrpcStatus status) = 0;
        /// The connection ends, whatever is still on its way.
        virtual void cut() = 0;
        virtual void flush() = 0;
    };

    AgentStream(StreamContext& context, Wire& wire, GrpcSession::Call call, StreamId id, Peer peer)
        : context_(context),
          wire_(&wire),
          call_(call),
          id_(id),
          peer_(std::move(peer)),
          opened_ms_(context.clock.monotonic_ms()) {}

    [[nodiscard]] StreamId id() const { return id_; }

    // From any thread, before the like-named function below is called on the loop's:
    /// False: too much is on its way there, which close() must follow.
    [[nodiscard]] bool may_send(std::size_t orders);
    /// From now on nothing more is heard of it but its end.
    void will_close() { mute_ = true; }

    // What its owner does:
    void welcome(const Welcome& value);
    void send(std::vector<Order> orders);
    /// Finishes once the message on its way is out; tick() cuts it short.
    void close(GrpcStatus status);
    /// Timeouts and signs of life.
    void tick(std::int64_t now_ms);
    void flush() {
        if (wire_ != nullptr) wire_->flush();
    }

    // What the wire tells of:
    void hear(std::string_view message);
    void on_half_closed() { close({GrpcCode::Ok, ""}); }
    bool next_message(std::string& to);
    void on_ended();

private:
    enum class Phase : std::uint8_t { Opened, Greeted, Welcomed };
    struct Ahead {
        std::uint64_t seq;
        std::size_t bytes;
    };

    void hear_behind();
    void hand_on();
    bool hear_one(opengse::link::v1::AgentMessage& message);
    bool heard(AgentSays said);
    bool reject(const std::string& why);
    void queue(const ServerSays& what);
    std::string take_front();
    [[nodiscard]] bool too_far_ahead() const;
    void acknowledged(std::uint64_t seq);

    StreamContext& context_;
    Wire* wire_;  // null once ended
    const GrpcSession::Call call_;
    const StreamId id_;
    const Peer peer_;
    const std::int64_t opened_ms_;

    std::atomic<std::size_t> handed_over_ = 0;  // orders on their way from the owner's thread
    std::atomic<bool> mute_ = false;

    Phase phase_ = Phase::Opened;
    bool paused_ = false;  // nothing more is heard, because the engine is behind
    bool closing_ = false;
    std::int64_t closing_since_ms_ = 0;
    std::int64_t heartbeat_ms_ = 0;  // of the last one
    std::uint64_t order_seq_queued_ = 0;
    std::string pieces_;  // of a large message, read so far
    google::protobuf::RepeatedPtrField<opengse::link::v1::AgentMessage> behind_;
    int next_behind_ = 0;
    Fifo<Ahead> ahead_;  // reports that were heard and are not yet acknowledged
    std::size_t ahead_bytes_ = 0;
    Fifo<std::string> queue_;  // encoded
    std::size_t queued_bytes_ = 0;
};

}  // namespace gse::link
