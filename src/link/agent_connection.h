/// One connection of an agent at the server: socket, TLS, gRPC, and the calls that are open on it. Its loop's thread
/// only. Includes Asio and protobuf: for sources only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "link/admission.h"
#include "link/agent_stream.h"
#include "link/grpc_session.h"
#include "tls/tls.h"

namespace gse::link {

using LinkSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

class AgentConnection final : public std::enable_shared_from_this<AgentConnection>,
                              private GrpcSession::Handler,
                              private AgentStream::Wire {
public:
    /// Asks to be enrolled, or for a fresh certificate.
    struct Wish {
        bool renews = false;
        std::string request;  ///< serialized
    };

    /// What the connections of one loop share, and ask. Outlives them.
    class Host {
    public:
        virtual ~Host() = default;
        /// Who may open a stream does.
        virtual std::variant<std::shared_ptr<AgentStream>, GrpcStatus> open_stream(AgentStream::Wire& wire,
                                                                                   GrpcSession::Call call,
                                                                                   const AgentConnection& connection,
                                                                                   std::string_view authorization) = 0;
        virtual void stream_ended(StreamId id) = 0;
        /// Answered by answer(), at once or later.
        virtual void ask(AgentConnection& connection, GrpcSession::Call call, Wish wish) = 0;
        virtual void wish_ended() = 0;
        virtual void connection_ended(AgentConnection& connection) = 0;

        // Used within one call of a function each.
        std::string input;
        std::string output;
    };

    /// `tls` null: plain. `peer` is for the log.
    AgentConnection(Host& host, std::uint64_t id, LinkSocket socket, TlsContext tls, std::string peer,
                    std::int64_t now_ms);

    void start();
    /// Timeouts: `idle` is how long it may be without an open call that has said what it wants.
    void tick(std::int64_t now_ms, Millis idle);
    void answer(GrpcSession::Call call, std::variant<Credential, GrpcStatus> answer);
    /// Ends every call with this, and then itself.
    void drain(const GrpcStatus& status);
    /// Ends now.
    void close();

    [[nodiscard]] std::uint64_t id() const { return id_; }
    [[nodiscard]] bool is_over_tls() const { return tls_ != nullptr; }
    /// Who has shown a good certificate; nullopt: nobody.
    [[nodiscard]] const std::optional<Peer>& certified() const { return certified_; }
    [[nodiscard]] const std::string& peer() const { return peer_; }

private:
    struct Open {
        GrpcSession::Call call;
        std::shared_ptr<AgentStream> stream;  // null: a wish
        bool renews = false;
        bool asked = false;
        std::string answer;
    };

    // GrpcSession::Handler
    void on_call(GrpcSession::Call call, std::string_view path, std::string_view authorization) override;
    void on_message(GrpcSession::Call call, std::string_view message) override;
    void on_half_closed(GrpcSession::Call call) override;
    void on_ended(GrpcSession::Call call, GrpcStatus status) override;
    bool next_message(GrpcSession::Call call, std::string& to) override;

    // AgentStream::Wire
    void wake(GrpcSession::Call call) override { session_.wake(call); }
    void pause(GrpcSession::Call call) override { session_.pause(call); }
    void resume(GrpcSession::Call call) override { session_.resume(call); }
    void finish(GrpcSession::Call call, GrpcStatus status) override { session_.finish(call, std::move(status)); }
    void cut() override { close(); }
    void flush() override;

    [[nodiscard]] Open* find(GrpcSession::Call call);
    void handshake();
    void begin();
    void read();
    void wait(LinkSocket::wait_type what, void (AgentConnection::*then)());
    void wait_to_write();
    [[nodiscard]] ssize_t send(std::string_view bytes);
    void end(Open open);

    Host& host_;
    const std::uint64_t id_;
    LinkSocket socket_;
    std::unique_ptr<TlsSession> tls_;
    const std::string peer_;
    std::optional<Peer> certified_;
    GrpcSession session_;
    std::vector<Open> calls_;
    std::string unsent_;
    std::int64_t idle_since_ms_;
    bool handshaking_ = false;
    bool hearing_ = false;  // within session_.receive()
    bool waits_to_write_ = false;
    bool draining_ = false;
    bool closed_ = false;
};

}  // namespace gse::link
