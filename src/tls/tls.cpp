#include "tls/tls.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "base/check.h"
#include "base/file.h"
#include "base/freed.h"

namespace gse {
namespace {

constexpr std::size_t kPemBytesMax = 1024 * 1024;
constexpr int kChainMax = 16;
// With TLS 1.3 every suite is a good one; with 1.2 those with forward secrecy and authenticated encryption are.
constexpr const char* kCiphers12 = "ECDHE+AESGCM:ECDHE+CHACHA20";

using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

std::unexpected<Error> unusable(const std::filesystem::path& file, std::string_view what) {
    return refuse(ErrorCode::InvalidParameterValue, fmt::format("{}: {}", file.string(), what));
}

Bio bio_of(const std::string& text) {
    Bio bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
    CHECK(bio != nullptr);
    return bio;
}

/// Else OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void* wanted) {
    const std::string_view list{reinterpret_cast<const char*>(offered), offered_size};
    const std::string& protocol = *static_cast<const std::string*>(wanted);
    for (std::size_t at = 0; at < list.size();) {
        const auto length = static_cast<unsigned char>(list[at]);
        if (list.substr(at + 1, length) == protocol) {
            *chosen = offered + at + 1;
            *size = length;
            return SSL_TLSEXT_ERR_OK;
        }
        at += 1 + length;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// With a name that it keeps for as long as it lives.
TlsContext new_context(const SSL_METHOD* method, const std::string& protocol) {
    auto wanted = std::make_shared<const std::string>(protocol);
    TlsContext context{SSL_CTX_new(method), [wanted](SSL_CTX* made) { SSL_CTX_free(made); }};
    SSL_CTX* const c = context.get();
    CHECK(c != nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    CHECK(SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1);
    CHECK(SSL_CTX_set_cipher_list(c, kCiphers12) == 1);
    // An end without close_notify is an end: HTTP says itself where each message stops.
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);  // resumed by ticket, which costs no memory
    SSL_CTX_set_default_passwd_cb(c, no_passphrase);
    SSL_CTX_set_alpn_select_cb(c, choose_protocol, const_cast<std::string*>(wanted.get()));
    return context;
}

WallTime time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return {static_cast<std::int64_t>(::timegm(&parts)) * 1000};
}

std::string subject_of(X509* certificate) {
    const Bio out{BIO_new(BIO_s_mem())};
    CHECK(out != nullptr);
    X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
    const char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

Result<void> check_key_mode(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) return refuse_errno("read", file);
    // A group that may read it is how several services share a key on purpose.
    if ((status.st_mode & 027) != 0)
        return unusable(file, "others than its owner and group may read or change the key; run chmod 600 on it");
    return {};
}

/// What is wrong with it; "": it is used, the first as one's own.
std::string use_chain(SSL_CTX* context, const std::string& pem) {
    const Bio bio = bio_of(pem);
    for (int count = 0;; ++count) {
        const Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)};
        ERR_clear_error();
        if (!certificate) return count == 0 ? "holds no certificate in PEM form" : "";
        if (count > kChainMax) return fmt::format("holds more than {} certificates", kChainMax);
        if (count > 0) {
            CHECK(SSL_CTX_add1_chain_cert(context, certificate.get()) == 1);
        } else if (SSL_CTX_use_certificate(context, certificate.get()) != 1) {
            ERR_clear_error();
            return "the certificate is too weak, or of a kind that TLS does not know";
        }
    }
}

/// How many they are; more than kChainMax are not read.
int trust(SSL_CTX* context, const std::string& pem) {
    const Bio bio = bio_of(pem);
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    int count = 0;
    for (; count <= kChainMax; ++count) {
        const Certificate root{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)};
        if (!root) break;
        CHECK(X509_STORE_add_cert(store, root.get()) == 1);
    }
    ERR_clear_error();
    return count;
}

/// By the alternative names only: hosts' certificates of the same authorities carry none.
void expect_name(SSL_CTX* context, const std::string& name) {
    X509_VERIFY_PARAM* const wanted = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS);
    CHECK(X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size()) == 1);
}

/// The other end is asked for a certificate of these authorities.
Result<void> ask_for_peers(SSL_CTX* context, const TlsPeers& peers) {
    const std::string text = TRY(read_file(peers.roots, kPemBytesMax));
    const int count = trust(context, text);
    if (count == 0 || count > kChainMax) return unusable(peers.roots, "holds no certificates, or too many");
    if (!peers.name.empty()) expect_name(context, peers.name);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (peers.required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    static constexpr unsigned char kPurpose[] = "gse-peers";
    CHECK(SSL_CTX_set_session_id_context(context, kPurpose, sizeof kPurpose - 1) == 1);
    return {};
}

}  // namespace

Result<std::unique_ptr<TlsIdentity>> TlsIdentity::open(std::filesystem::path certificate, std::filesystem::path key,
                                                       std::optional<TlsPeers> peers, std::string protocol) {
    std::unique_ptr<TlsIdentity> identity{
        new TlsIdentity(std::move(certificate), std::move(key), std::move(peers), std::move(protocol))};
    identity->seen_ = identity->marks();
    identity->loaded_ = TRY(identity->load());
    return identity;
}

Result<TlsIdentity::Loaded> TlsIdentity::load() const {
    const std::string chain_text = TRY(read_file(certificate_, kPemBytesMax));
    TRY(check_key_mode(key_));
    const std::string key_text = TRY(read_file(key_, kPemBytesMax));

    ERR_clear_error();
    const Bio key_bio = bio_of(key_text);
    const PrivateKey key{PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr)};
    if (!key) return unusable(key_, "holds no private key in PEM form that is not encrypted");

    Loaded loaded{
        .context = new_context(peers_ ? TLS_method() : TLS_server_method(), protocol_), .not_after = {}, .subject = {}};
    SSL_CTX* const context = loaded.context.get();
    if (const std::string wrong = use_chain(context, chain_text); !wrong.empty()) return unusable(certificate_, wrong);
    X509* const own = SSL_CTX_get0_certificate(context);
    loaded.not_after = time_of(X509_get0_notAfter(own));
    loaded.subject = subject_of(own);
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
        ERR_clear_error();
        return unusable(key_, fmt::format("is not the key of the certificate in {}", certificate_.string()));
    }
    if (peers_) TRY(ask_for_peers(context, *peers_));
    return loaded;
}

TlsIdentity::Marks TlsIdentity::marks() const {
    const std::filesystem::path none;
    const std::filesystem::path* const files[] = {&certificate_, &key_, peers_ ? &peers_->roots : &none};
    Marks marks{};
    for (std::size_t i = 0; i < marks.size(); ++i) {
        struct stat status{};
        if (::stat(files[i]->c_str(), &status) != 0) continue;
        marks[i] = {
            static_cast<std::int64_t>(status.st_dev),         static_cast<std::int64_t>(status.st_ino),
            static_cast<std::int64_t>(status.st_size),        static_cast<std::int64_t>(status.st_mode),
            static_cast<std::int64_t>(status.st_mtim.tv_sec), static_cast<std::int64_t>(status.st_mtim.tv_nsec)};
    }
    return marks;
}

TlsContext TlsIdentity::context() const {
    const std::lock_guard lock{mutex_};
    return loaded_.context;
}

WallTime TlsIdentity::not_after() const {
    const std::lock_guard lock{mutex_};
    return loaded_.not_after;
}

std::string TlsIdentity::describe() const {
    const std::lock_guard lock{mutex_};
    return fmt::format("certificate of {}, valid until {}", loaded_.subject, format_utc(loaded_.not_after));
}

std::optional<Result<void>> TlsIdentity::refresh(bool always) {
    const std::lock_guard one_at_a_time{refreshing_};
    // Before the content, so that a change while it is read is seen the next time.
    const auto now = marks();
    if (!always && now == seen_) return std::nullopt;
    seen_ = now;
    auto loaded = load();
    if (!loaded) return std::unexpected(std::move(loaded).error());
    const std::lock_guard lock{mutex_};
    loaded_ = *std::move(loaded);
    return Result<void>{};
}

Result<TlsContext> make_client_context(const TlsClient& client) {
    const auto bad = [](std::string_view what) {
        ERR_clear_error();
        return refuse(ErrorCode::InvalidParameterValue, std::string(what));
    };
    ERR_clear_error();
    TlsContext made = new_context(TLS_client_method(), client.protocol);
    SSL_CTX* const context = made.get();
    if (client.roots.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) return bad("this system's certificates cannot be read");
    } else if (const int count = trust(context, client.roots); count == 0 || count > kChainMax) {
        return bad("the roots hold no certificates in PEM form, or too many");
    }
    if (!client.certificate_chain.empty()) {
        if (const std::string wrong = use_chain(context, client.certificate_chain); !wrong.empty())
            return bad("the certificate that is to be shown: " + wrong);
        const Bio bio = bio_of(client.private_key);
        const PrivateKey key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)};
        if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
            return bad("the private key cannot be read, or is not the certificate's");
    }
    expect_name(context, client.server_name);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    const std::string offer = static_cast<char>(client.protocol.size()) + client.protocol;
    CHECK(SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(offer.data()),
                                  static_cast<unsigned>(offer.size())) == 0);
    return made;
}

TlsSession::TlsSession(TlsContext context, int fd, Side side)
    : context_(std::move(context)), ssl_(SSL_new(context_.get())) {
    CHECK(ssl_ != nullptr);
    CHECK(SSL_set_fd(ssl_, fd) == 1);
    if (side == Side::Server) {
        SSL_set_accept_state(ssl_);
        return;
    }
    SSL_set_connect_state(ssl_);
    if (const char* const name = X509_VERIFY_PARAM_get0_host(SSL_CTX_get0_param(context_.get()), 0))
        CHECK(SSL_set_tlsext_host_name(ssl_, name) == 1);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

TlsSession::Step TlsSession::handshake() {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_);
    if (done == 1) return Step::Done;
    switch (SSL_get_error(ssl_, done)) {
        case SSL_ERROR_WANT_READ: return Step::WantsRead;
        case SSL_ERROR_WANT_WRITE: return Step::WantsWrite;
        default: break;
    }
    const unsigned long why = ERR_peek_error();
    fail();
    const bool plain = ERR_GET_LIB(why) == ERR_LIB_SSL && ERR_GET_REASON(why) == SSL_R_HTTP_REQUEST;
    return plain ? Step::IsPlainHttp : Step::Failed;
}

ssize_t TlsSession::receive(char* to, std::size_t size) {
    std::size_t total = 0;
    while (total < size) {
        ERR_clear_error();
        std::size_t got = 0;
        const int done = SSL_read_ex(ssl_, to + total, size - total, &got);
        if (done == 1) {
            total += got;
            continue;
        }
        const int why = SSL_get_error(ssl_, done);
        if (total > 0) break;  // the rest is told by the next call
        if (why == SSL_ERROR_ZERO_RETURN) return 0;
        const bool waits = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
        if (!waits) fail();
        errno = waits ? EAGAIN : ECONNRESET;
        return -1;
    }
    return static_cast<ssize_t>(total);
}

ssize_t TlsSession::send(std::string_view bytes) {
    std::size_t total = 0;
    while (total < bytes.size()) {
        ERR_clear_error();
        std::size_t sent = 0;
        const int done = SSL_write_ex(ssl_, bytes.data() + total, bytes.size() - total, &sent);
        if (done == 1) {
            total += sent;
            continue;
        }
        const int why = SSL_get_error(ssl_, done);
        if (total > 0) break;
        const bool waits = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
        if (!waits) fail();
        errno = waits ? EAGAIN : ECONNRESET;
        return -1;
    }
    return static_cast<ssize_t>(total);
}

void TlsSession::fail() {
    broken_ = true;
    const unsigned long error = ERR_peek_error();
    const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
    why_ = reason != nullptr ? reason : "the connection was closed";
    if (const long verified = SSL_get_verify_result(ssl_); verified != X509_V_OK)
        why_ += fmt::format(": {}", X509_verify_cert_error_string(verified));
    ERR_clear_error();
}

void TlsSession::read_ahead() { SSL_set_read_ahead(ssl_, 1); }

bool TlsSession::has_pending() const { return SSL_pending(ssl_) > 0; }

std::string TlsSession::peer_certificate() const {
    X509* const shown = SSL_get0_peer_certificate(ssl_);
    if (shown == nullptr) return "";
    const Bio out{BIO_new(BIO_s_mem())};
    CHECK(out != nullptr);
    CHECK(PEM_write_bio_X509(out.get(), shown) == 1);
    const char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

void TlsSession::say_goodbye() {
    if (broken_ || SSL_is_init_finished(ssl_) == 0) return;
    broken_ = true;  // once
    ERR_clear_error();
    (void)SSL_shutdown(ssl_);
}

}  // namespace gse
