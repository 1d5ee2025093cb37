/// The server's end of the link: what agents dial. It speaks gRPC (grpc_session.h), authenticates streams, turns
/// messages into HostEvents and gives each stream a bounded out-queue. What the messages mean is the engine's business.
///
/// Over TLS an agent is whoever its certificate says, and its hello gets that id here. Without a certificate nothing is
/// open but enrolment. A token will do only on the plain port, which is on loopback.
///
/// Threads: one of its own does everything, and calls the events: in order within a stream, without any lock held, so
/// that they may call back into HostStreams. on_alive() is called for the agent's heartbeats, which come at their
/// interval however busy it is. A malformed message closes its stream. After close() of a stream no more reports come
/// from it, only on_closed().
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "link/admission.h"
#include "link/host_link.h"

namespace gse::link {

/// PEM files, read again when they change: what is connected stays so. Key and certificate chain are the server's; the
/// roots are what agents' certificates must come from.
struct TlsFiles {
    std::filesystem::path key;
    std::filesystem::path certificate;
    std::filesystem::path roots;
    unsigned look_again_s = 5;  ///< between two looks
};

struct LinkServerOptions {
    std::string listen;           ///< host:port for agents with certificates; port 0 lets the kernel choose; "": none
    std::optional<TlsFiles> tls;  ///< of that port; required there
    std::string loopback_listen;  ///< plain, for agents with the token; on loopback only; "": none
    std::string token;            ///< what they must show; at least 16 bytes
    Admission* admission = nullptr;  ///< outlives stop(); null: nobody enrols here
    Millis heartbeat{3'000};         ///< between signs of life to each agent: Timers::heartbeat
    Millis hello_timeout{10'000};    ///< a stream that has not said hello by then is closed
    Millis close_timeout{2'000};     ///< how long a closing stream may take to deliver the message being written
    std::size_t queue_messages_max = 65'536;    ///< per stream
    std::size_t queue_bytes_max = 64ULL << 20;  ///< per stream
    /// Reports of a stream that were read and not yet acknowledged; beyond it nothing more is read from it, until the
    /// engine has caught up. One more than these many bytes and reports may be held.
    std::size_t reports_ahead_max = 8'192;
    std::size_t reports_ahead_bytes_max = 4ULL << 20;
    std::size_t streams_max = 20'000;
    std::size_t enrolments_max = 32;  ///< under way at once, renewals too; further ones are told to try again
};

/// What was listened on; 0: not.
struct LinkPorts {
    std::uint16_t tls = 0;
    std::uint16_t loopback = 0;
};

/// Fills ObjectRef::authorization just before an order is queued for sending. Called on the engine's thread; must not
/// block.
struct Authorizer {
    std::function<void(InstanceSpec&)> instance;
    std::function<void(CollectLogs&)> logs;
};

class LinkServer final : public HostStreams {
public:
    /// `clock` outlives it. Nothing listens before start().
    LinkServer(LinkServerOptions options, Authorizer authorizer, const Clock& clock);
    /// Stops.
    ~LinkServer() override;
    LinkServer(const LinkServer&) = delete;
    LinkServer& operator=(const LinkServer&) = delete;

    /// Listens, once. `events` outlives stop(). Refuses a short token, an address that is taken, a plain listener off
    /// loopback, and a certificate that cannot be used.
    Result<LinkPorts> start(HostEvents& events);
    /// Closes every stream so that agents dial again, and waits until all on_closed have been called: at most
    /// close_timeout and a little. No event comes afterwards. Not from within an event. Idempotent.
    void stop();

    /// At most once a stream: a second one is a bug of ours.
    void welcome(StreamId stream, Welcome welcome) override;
    /// After welcome(): anything else is a bug of ours. `seq` counts from 1 without gaps, the caller numbers. A full
    /// queue closes the stream with RESOURCE_EXHAUSTED.
    void send_all(StreamId stream, std::vector<Order> orders) override;
    /// What is still queued is dropped; the reconnect repairs it.
    void close(StreamId stream, std::string why) override;

    /// Streams that are open now, greeted or not.
    [[nodiscard]] std::size_t streams() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::link
