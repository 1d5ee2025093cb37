/// The deployment's own certificate authority: signs the link's server certificate and those of hosts. It makes itself,
/// keeps everything renewed, and hands over to a successor long before its own end; nobody has to do anything.
///
/// Files, all of mode 0600 in a folder of their own (0700):
///   authority-<n>.pem   key and certificate of an authority; the highest is the newest
///   server-key.pem      the server's key, made anew whenever a server starts with a certificate that is due
///   server.pem          its certificate, then its authority's: what agents are shown
///   peer-key.pem, peer.pem   the same of this server towards the others of its deployment, where there are others
///   roots.pem           certificates of all authorities: what agents' certificates are checked against
///
/// Time and chance are handed in; keys come from OpenSSL's own generator.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"

namespace gse::pki {

/// Lengths of life.
struct AuthorityOptions {
    Millis host_certificate{30LL * 24 * 3'600'000};
    Millis server_certificate{90LL * 24 * 3'600'000};
    Millis authority{3650LL * 24 * 3'600'000};
    /// A successor is made this long before an authority ends …
    Millis succession{730LL * 24 * 3'600'000};
    /// … and signs nothing until every host that is alive has heard of it: longer than a host's certificate lives.
    Millis introduction{120LL * 24 * 3'600'000};
    bool peers = false;  ///< this server is one of several
};

struct AuthorityAge {
    WallTime not_before;
    WallTime not_after;
};
/// What to do with the authorities there are, by age.
struct AuthorityPlan {
    std::size_t signer = 0;  ///< index of the one that signs; none are left when this is not an index
    bool make_another = false;
    std::size_t ended = 0;  ///< so many of the oldest are over
    friend bool operator==(const AuthorityPlan&, const AuthorityPlan&) = default;
};
[[nodiscard]] AuthorityPlan plan_authorities(std::span<const AuthorityAge> by_age, const AuthorityOptions& options,
                                             WallTime now);

/// Thread-safe once open.
class Authority {
public:
    /// Reads the folder, or makes everything anew where there is nothing. FailedOperation names the file that is
    /// damaged, or that others may read.
    static Result<std::unique_ptr<Authority>> open(std::filesystem::path folder, AuthorityOptions options, WallTime now,
                                                   Rng& rng);
    ~Authority();
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;

    /// Renews what is due. Call it now and then; true when a file has changed.
    Result<bool> tend(WallTime now);

    /// A host's certificate over the key of a signing request (see certificate.h), PEM with the authority's behind it.
    Result<std::string> issue_host(std::string_view host_id, std::string_view signing_request, WallTime now);

    /// PEM of every authority that is not over.
    [[nodiscard]] std::string roots() const;
    /// SHA-256 of the present signer's certificate, in hex: what enrolment tokens pin.
    [[nodiscard]] std::string sha256() const;
    [[nodiscard]] WallTime server_certificate_end() const;

    [[nodiscard]] std::filesystem::path server_key_file() const { return folder_ / "server-key.pem"; }
    [[nodiscard]] std::filesystem::path server_certificate_file() const { return folder_ / "server.pem"; }
    [[nodiscard]] std::filesystem::path peer_key_file() const { return folder_ / "peer-key.pem"; }
    [[nodiscard]] std::filesystem::path peer_certificate_file() const { return folder_ / "peer.pem"; }
    [[nodiscard]] std::filesystem::path roots_file() const { return folder_ / "roots.pem"; }

private:
    struct Member;
    struct Leaf;
    enum class ServerKey : std::uint8_t { Keep, MayReplace };

    Authority(std::filesystem::path folder, AuthorityOptions options, Rng& rng);
    Result<void> read_members();
    Result<void> add_member(WallTime now);
    Result<bool> tend_members(WallTime now);
    Result<bool> tend_leaves(WallTime now, ServerKey key);
    Result<bool> tend_leaf(const Leaf& leaf, WallTime now, ServerKey key);

    const std::filesystem::path folder_;
    const AuthorityOptions options_;
    Rng& rng_;  // under mutex_
    mutable std::mutex mutex_;
    std::vector<Member> members_;  ///< by age
    std::size_t signer_ = 0;
    WallTime server_end_;
};

}  // namespace gse::pki
