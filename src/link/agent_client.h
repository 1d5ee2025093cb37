/// The agent's end of the link: dials the server for ever, keeps reports until they are durable there, and hands over
/// its orders. What they mean is the supervisor's business.
///
/// Threads: ServerEvents are called from the one thread of this object, without any lock held. on_disconnected() comes
/// only after an on_welcome().
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"
#include "link/agent_link.h"
#include "link/enrol_client.h"

namespace gse::link {

struct AgentClientOptions {
    std::string server;  ///< host:port of the server's link; several with commas between: any of them will do
    std::string token;   ///< shown to it where there is no certificate to show; "": none
    /// Asked at every dial, so that a fresh certificate is used from the next one on. Null: plain, for loopback.
    std::function<ClientTls()> tls;
    std::filesystem::path pin_file;  ///< see pinned_server.h; in the agent's data directory
    /// The server does not know reports any more that it had acknowledged (it was restored from a backup), or this
    /// object is exhausted(). Only a new run of the agent, which describes everything afresh, helps. Called from the
    /// client's thread, at every dial; in the latter case once, and nothing is dialled any more.
    std::function<void(const Error&)> on_reports_lost;
    /// Each hello before it is sent, with the address of this end of the connection: a machine's address may not be
    /// known when its agent starts, and may change while it runs. Called from the client's thread. Null: as it is.
    std::function<void(HostHello& hello, const std::string& own_address)> on_hello;
    Millis backoff_min{200};              ///< first wait before dialling again; doubles, with jitter
    Millis backoff_max{10'000};           ///< also the wait after a refusal that only an operator can end
    Millis welcome_timeout{10'000};       ///< dial → welcome; half of it where there are several servers to try
    std::uint32_t silent_heartbeats = 5;  ///< this many heartbeats without a word: dial again
    // When so much waits for acknowledgement, what can be refused is: SDK calls (the game is told to try again) and
    // notices. Facts about processes are still taken, up to `…_hard`.
    std::size_t unacked_reports_max = 50'000;
    std::size_t unacked_bytes_max = 32ULL << 20;
    std::size_t unacked_reports_hard = 1'000'000;
    std::size_t unacked_bytes_hard = 512ULL << 20;
};

class AgentClient final : public Reporter {
public:
    /// `rng` is for jitter; it and `clock` are used by this object's thread only and outlive it. Nothing is dialled
    /// before start(), but reports are taken.
    AgentClient(AgentClientOptions options, const Clock& clock, Rng& rng);
    /// Stops.
    ~AgentClient() override;
    AgentClient(const AgentClient&) = delete;
    AgentClient& operator=(const AgentClient&) = delete;

    /// Dials from now on, once. `events` outlives stop(). Refuses a damaged pin file, and roots without a
    /// certificate.
    Result<void> start(ServerEvents& events);
    /// Hangs up and waits for the thread; no event comes afterwards. Unacknowledged reports are lost with the object:
    /// the next run describes everything afresh. Not from within an event. Idempotent.
    void stop();

    /// 0: refused, nothing was queued. That happens to an SdkCall or a HostNotice while saturated(), and to anything
    /// while exhausted(). Never blocks. BacklogDone is this object's own business: not allowed.
    std::uint64_t report(ReportBody body) override;
    [[nodiscard]] bool connected() const override;

    /// Too much waits for acknowledgement: calls of games get Unavailable.
    [[nodiscard]] bool saturated() const;
    /// A report of a fact was refused: this run of the agent can no longer tell the whole story. Its process should
    /// exit and start again; the new run (a new boot id) describes every process it adopts afresh.
    [[nodiscard]] bool exhausted() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::link
