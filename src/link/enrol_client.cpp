#include "link/enrol_client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>

#include "agent_link.grpc.pb.h"
#include "base/addresses.h"
#include "base/fd.h"
#include "link/convert.h"
#include "link/dial.h"
#include "link/lean_tls.h"
#include "pki/x509.h"

namespace gse::link {
namespace {

namespace pb = opengse::link::v1;
using std::chrono::steady_clock;

constexpr std::size_t kCredentialBytesMax = 64 << 10;

using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Freed<SSL_free>>;

/// False when `until` came first.
bool wait_for(int fd, short events, steady_clock::time_point until) {
    const auto left = std::chrono::ceil<Millis>(until - steady_clock::now()).count();
    pollfd waiting{fd, events, 0};
    return left > 0 && ::poll(&waiting, 1, static_cast<int>(left)) == 1;
}

Result<Fd> connect_to(const std::string& server, steady_clock::time_point until) {
    for (const SocketAddress& address : TRY(resolve(server))) {
        Fd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!fd) continue;
        int error = 0;
        socklen_t size = sizeof error;
        const bool begun = connect(fd.get(), address.get(), address.size) == 0 || errno == EINPROGRESS;
        if (begun && wait_for(fd.get(), POLLOUT, until) &&
            getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
            return fd;
    }
    return refuse(ErrorCode::Unavailable, fmt::format("nobody answers at {}", server));
}

Result<Credential> told(const grpc::Status& status, const pb::Credential& answer) {
    if (status.ok()) {
        if (answer.ByteSizeLong() > kCredentialBytesMax || answer.host_id().size() > kMaxIdBytes)
            return refuse(ErrorCode::FailedOperation, "the server's answer is too long");
        return Credential{answer.host_id(), answer.certificate(), answer.roots()};
    }
    switch (status.error_code()) {
        case grpc::StatusCode::UNAUTHENTICATED:
        case grpc::StatusCode::PERMISSION_DENIED: return refuse(ErrorCode::AuthUnauthorized, status.error_message());
        case grpc::StatusCode::UNAVAILABLE:
        case grpc::StatusCode::DEADLINE_EXCEEDED:
        case grpc::StatusCode::RESOURCE_EXHAUSTED: return refuse(ErrorCode::Unavailable, status.error_message());
        default: return refuse(ErrorCode::FailedOperation, status.error_message());
    }
}

}  // namespace

Result<std::string> fetch_authority(const std::string& server, const std::string& sha256, Millis limit) {
    const auto until = steady_clock::now() + limit;
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
            (reads || why == SSL_ERROR_WANT_WRITE) && wait_for(fd.get(), reads ? POLLIN : POLLOUT, until);
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
    pb::Credential answer;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + limit);
    return told(pb::AgentLink::NewStub(dial(server, &tls))->Enrol(&context, request, &answer), answer);
}

Result<Credential> renew(const std::string& server, const ClientTls& tls, const std::string& signing_request,
                         Millis limit) {
    pb::RenewRequest request;
    request.set_signing_request(signing_request);
    pb::Credential answer;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + limit);
    return told(pb::AgentLink::NewStub(dial(server, &tls))->Renew(&context, request, &answer), answer);
}

std::shared_ptr<grpc::Channel> dial(const std::string& server, const ClientTls* tls) {
    grpc::ChannelArguments arguments;
    // A channel an attempt, with a connection of its own: our back-off is the only one.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_TSI_MAX_FRAME_SIZE, kTlsFrameBytes);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
    arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
    arguments.SetMaxSendMessageSize(kMaxMessageBytes);
    if (!tls) return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
    if (!tls->server_name.empty()) arguments.SetSslTargetNameOverride(tls->server_name);
    return grpc::CreateCustomChannel(server,
                                     grpc::SslCredentials({.pem_root_certs = tls->roots,
                                                           .pem_private_key = tls->identity.private_key,
                                                           .pem_cert_chain = tls->identity.certificate_chain}),
                                     arguments);
}

}  // namespace gse::link
