#include "link/enrol_client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>

#include "agent_link.pb.h"
#include "base/addresses.h"
#include "base/fd.h"
#include "link/convert.h"
#include "link/server_connection.h"
#include "pki/x509.h"

namespace gse::link {
namespace {

namespace pb = opengse::link::v1;
using std::chrono::steady_clock;

constexpr std::size_t kCredentialBytesMax = 64 << 10;

using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Freed<SSL_free>>;

/// Says one thing and hears one.
class Question final : public ServerConnection::Talk {
public:
    explicit Question(std::string request) : request_(std::move(request)) {}
    void on_message(std::string_view message) override { answer = message; }
    bool next_message(std::string& to) override {
        if (asked_) return false;
        asked_ = true;
        to += request_;
        return true;
    }
    std::string answer;

private:
    const std::string request_;
    bool asked_ = false;
};

Result<Credential> ask(const std::string& server, const ClientTls& tls, std::string_view method, std::string request,
                       Millis limit) {
    const auto until = steady_clock::now() + limit;
    Question question(std::move(request));
    const auto connection =
        TRY(ServerConnection::open(server, &tls, {.method = method, .token = "", .asks_once = true}, question, until));
    while (!connection->ended() && steady_clock::now() < until) connection->turn(until);
    if (!connection->ended()) return refuse(ErrorCode::Unavailable, fmt::format("no answer from {} in time", server));
    const auto& [code, message] = *connection->ended();
    switch (code) {
        case GrpcCode::Ok: break;
        case GrpcCode::Unauthenticated: return refuse(ErrorCode::AuthUnauthorized, message);
        case GrpcCode::Unavailable:
        case GrpcCode::DeadlineExceeded:
        case GrpcCode::ResourceExhausted: return refuse(ErrorCode::Unavailable, message);
        default: return refuse(ErrorCode::FailedOperation, message);
    }
    pb::Credential answer;
    if (question.answer.size() > kCredentialBytesMax || !answer.ParseFromString(question.answer) ||
        answer.host_id().size() > kMaxIdBytes)
        return refuse(ErrorCode::FailedOperation, "the server's answer is too long, or cannot be read");
    return Credential{answer.host_id(), answer.certificate(), answer.roots()};
}

}  // namespace

Result<std::string> fetch_authority(const std::string& server, const std::string& sha256, Millis limit) {
    auto until = steady_clock::now() + limit;
    const Fd fd = TRY(connect_to(server, until));
    const Context context(SSL_CTX_new(TLS_client_method()));
    if (!context) return pki::openssl_failed("prepare TLS");
    // Nothing is verified, because nothing is said: only what the other end shows is looked at.
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    const Ssl ssl(SSL_new(context.get()));
    constexpr unsigned char kHttp2[] = {2, 'h', '2'};
    if (!ssl || SSL_set_fd(ssl.get(), fd.get()) != 1 || SSL_set_tlsext_host_name(ssl.get(), pki::kServerName) != 1 ||
        SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof kHttp2) != 0)
        return pki::openssl_failed("prepare TLS");
    for (int done = 0; (done = SSL_connect(ssl.get())) != 1;) {
        const int why = SSL_get_error(ssl.get(), done);
        const bool reads = why == SSL_ERROR_WANT_READ;
        const bool goes_on =
            (reads || why == SSL_ERROR_WANT_WRITE) && wait_for(fd.get(), reads ? POLLIN : POLLOUT, until) != 0;
        ERR_clear_error();
        if (!goes_on)
            return refuse(ErrorCode::Unavailable,
                          fmt::format("{} does not speak TLS, or not in time: is it the address of the server's "
                                      "link_listen?",
                                      server));
    }
    const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl.get());
    for (int i = 0; chain && i < sk_X509_num(chain); ++i)
        if (X509* const shown = sk_X509_value(chain, i); pki::certificate_sha256(shown) == sha256)
            return pki::to_pem(shown);
    return refuse(ErrorCode::AuthUnauthorized,
                  fmt::format("{} is not the server that this token is from: its certificates do not come from the "
                              "authority that the token names. Nothing was told to it",
                              server));
}

Result<Credential> enrol(const std::string& server, const std::string& roots, const JoinToken& token,
                         const std::string& signing_request, const std::string& host_name, Millis limit) {
    const ClientTls tls{.roots = roots, .identity = {}};
    pb::EnrolRequest request;
    request.set_token_id(token.id);
    request.set_secret(token.secret);
    request.set_signing_request(signing_request);
    request.set_host_name(host_name);
    return ask(server, tls, "Enrol", request.SerializeAsString(), limit);
}

Result<Credential> renew(const std::string& server, const ClientTls& tls, const std::string& signing_request,
                         Millis limit) {
    pb::RenewRequest request;
    request.set_signing_request(signing_request);
    return ask(server, tls, "Renew", request.SerializeAsString(), limit);
}

}  // namespace gse::link
