/// TLS of a port: the certificate in force, and one connection's session. Keeps OpenSSL out of headers.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

struct ssl_ctx_st;
struct ssl_st;

namespace gse {

using TlsContext = std::shared_ptr<ssl_ctx_st>;

/// Who may be at the other end where it is asked for a certificate.
struct TlsPeers {
    std::filesystem::path roots;  ///< PEM file of the authorities that theirs must come from
    std::string name;             ///< the DNS name that it must be for; "": whoever they have signed for
    bool required = true;         ///< false: who shows none is let in too, and peer_certificate() is ""
};

/// A certificate chain and its key, of two PEM files, and everything that is agreed on with clients: TLS 1.2 or newer,
/// ciphers with forward secrecy, one protocol by ALPN. Thread-safe. Connections keep the context they began with.
class TlsIdentity {
public:
    /// InvalidParameterValue, naming the file: unreadable, no PEM, a key that others may read or that is not the
    /// certificate's. With `peers` the context is good for both ends, and each asks the other for its certificate.
    /// Whoever offers other protocols than `protocol` only is refused.
    [[nodiscard]] static Result<std::unique_ptr<TlsIdentity>> open(std::filesystem::path certificate,
                                                                   std::filesystem::path key,
                                                                   std::optional<TlsPeers> peers = {},
                                                                   std::string protocol = "http/1.1");

    [[nodiscard]] TlsContext context() const;
    /// When the certificate in force ends.
    [[nodiscard]] WallTime not_after() const;
    /// One line for the log.
    [[nodiscard]] std::string describe() const;

    /// Reads the files again if they have changed since they were last read, or `always`; nullopt when not. After an
    /// error the old pair stays in force, and the same files are not tried again.
    std::optional<Result<void>> refresh(bool always);

private:
    struct Loaded {
        TlsContext context;
        WallTime not_after;
        std::string subject;
    };
    /// What tells one state of a file from another.
    using Mark = std::array<std::int64_t, 6>;

    using Marks = std::array<Mark, 3>;

    TlsIdentity(std::filesystem::path certificate, std::filesystem::path key, std::optional<TlsPeers> peers,
                std::string protocol)
        : certificate_(std::move(certificate)),
          key_(std::move(key)),
          peers_(std::move(peers)),
          protocol_(std::move(protocol)) {}
    [[nodiscard]] Result<Loaded> load() const;
    [[nodiscard]] Marks marks() const;

    const std::filesystem::path certificate_;
    const std::filesystem::path key_;
    const std::optional<TlsPeers> peers_;
    const std::string protocol_;
    mutable std::mutex mutex_;
    Loaded loaded_;
    Marks seen_{};
    std::mutex refreshing_;  // one at a time
};

/// What a client shows and expects, as PEM texts.
struct TlsClient {
    std::string roots;              ///< "": the system's
    std::string certificate_chain;  ///< "": it shows nothing
    std::string private_key;
    std::string server_name;  ///< DNS name that the server's certificate must be for
    std::string protocol;     ///< offered by ALPN
};
/// InvalidParameterValue: a text that cannot be used.
[[nodiscard]] Result<TlsContext> make_client_context(const TlsClient& client);

/// One end of one connection, over a non-blocking socket that outlives it. One thread at a time. The process ignores
/// SIGPIPE from its first context on.
class TlsSession {
public:
    enum class Side : std::uint8_t { Server, Client };
    TlsSession(TlsContext context, int fd, Side side = Side::Server);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    enum class Step : std::uint8_t { Done, WantsRead, WantsWrite, Failed, IsPlainHttp };
    [[nodiscard]] Step handshake();

    /// As ::recv and ::send with MSG_DONTWAIT: bytes, 0 at the end of input, or -1 and errno; EAGAIN: wait for the
    /// socket. What send() did not take must be offered again before anything else.
    [[nodiscard]] ssize_t receive(char* to, std::size_t size);
    [[nodiscard]] ssize_t send(std::string_view bytes);
    /// Input is there already, which the socket does not tell.
    [[nodiscard]] bool has_pending() const;
    /// PEM; what the other end has shown, and it was good. "": nothing. After the handshake.
    [[nodiscard]] std::string peer_certificate() const;
    /// Takes what there is from the socket at once, not a record's head and then the rest; has_pending() tells less
    /// then.
    void read_ahead();
    /// Tells the other end that nothing more comes.
    void say_goodbye();
    /// Why it failed.
    [[nodiscard]] const std::string& why() const { return why_; }

private:
    const TlsContext context_;
    ssl_st* const ssl_;
    void fail();

    bool broken_ = false;
    std::string why_;
};

}  // namespace gse
