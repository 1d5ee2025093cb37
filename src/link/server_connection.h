/// An agent's connection to its server, and the one call that is made on it. One thread, which blocks in it, each time
/// with a bound.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "link/enrol_client.h"
#include "link/grpc_session.h"
#include "tls/tls.h"

namespace gse::link {

/// The events of `fd` that have come; 0: `until` came first, or `wake` could be read, or a minute is over.
short wait_for(int fd, short events, std::chrono::steady_clock::time_point until, int wake = -1);

/// A TCP connection to `server`, host:port, without waiting for anything in it from now on. Unavailable: nobody
/// answers until `until`, or `stop`, when it is a descriptor, could be read first. Names take as long as the machine's
/// resolver does.
/// What that took is added to `until`. `first`: which of its addresses is tried first, counted round.
Result<Fd> connect_to(const std::string& server, std::chrono::steady_clock::time_point& until, int stop = -1,
                      std::size_t first = 0);

class ServerConnection final : private GrpcSession::Handler {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// What is said and heard in the call.
    class Talk {
    public:
        virtual ~Talk() = default;
        virtual void on_message(std::string_view message) = 0;
        /// The next message is appended to `to`; false: there is none for now. Asked after wake().
        virtual bool next_message(std::string& to) = 0;
    };

    struct Call {
        std::string_view method;  ///< of the service AgentLink
        std::string_view token;   ///< "": none is shown
        bool asks_once = false;   ///< one message is all that is said
        /// Of the addresses that the server's name has. One that takes connections and serves nobody must not be the
        /// only one that is ever tried.
        std::size_t first_address = 0;
    };

    /// Connected, the server known by its certificate where `tls` is not null, and the call begun. Unavailable: not by
    /// `until`, or `stop` could be read first. `talk` outlives the connection.
    static Result<std::unique_ptr<ServerConnection>> open(const std::string& server, const ClientTls* tls, Call call,
                                                          Talk& talk, Time until, int stop = -1);
    ~ServerConnection() override;

    void wake() { session_.wake(call_); }
    /// Sends what there is, waits for the other end, or `until`, or until `wake` can be read, and hears what has come.
    void turn(Time until, int wake = -1);
    /// Whether bytes have come since this was last asked.
    [[nodiscard]] bool take_heard() { return std::exchange(heard_, false); }
    /// Of this end, as digits: what the way to the server leaves by. "" when it cannot be told.
    [[nodiscard]] std::string own_address() const;
    /// How the call has ended; nullopt: it goes on. Then turn() does nothing more.
    [[nodiscard]] const std::optional<GrpcStatus>& ended() const { return ended_; }

private:
    ServerConnection(Fd fd, Talk& talk);
    Result<void> handshake(const ClientTls& tls, const std::string& server, Time until, int stop);
    void flush();
    void hear();
    void break_off(std::string why);

    void on_call(GrpcSession::Call, std::string_view, std::string_view) override {}
    void on_message(GrpcSession::Call call, std::string_view message) override;
    void on_half_closed(GrpcSession::Call) override {}
    void on_ended(GrpcSession::Call call, GrpcStatus status) override;
    bool next_message(GrpcSession::Call call, std::string& to) override;

    const Fd fd_;
    std::unique_ptr<TlsSession> tls_;
    Talk& talk_;
    GrpcSession session_;
    GrpcSession::Call call_ = 0;
    bool asks_once_ = false;
    std::string input_;
    std::string unsent_;
    bool heard_ = false;
    bool more_ = false;  // TLS may hold some, of which the socket does not tell
    std::optional<GrpcStatus> ended_;
};

}  // namespace gse::link
