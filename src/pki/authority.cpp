#include "pki/authority.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "pki/certificate.h"
#include "pki/x509.h"

namespace gse::pki {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMembersMax = 16;
constexpr std::string_view kMemberPrefix = "authority-";
constexpr std::string_view kMemberSuffix = ".pem";
/// Clocks of hosts that are this far behind still take a fresh certificate.
constexpr Millis kBackdating{24 * 3'600'000LL};

WallTime begin_of(WallTime now, Millis life) { return now - std::min(kBackdating, life / 10); }

/// A private file's content.
Result<std::string> read_private(const fs::path& file) {
    struct stat info{};
    if (stat(file.c_str(), &info) == 0 && (info.st_mode & 077) != 0)
        return refuse(
            ErrorCode::FailedOperation,
            fmt::format("{} can be read by others than its owner: whoever has read it can pass for the server; "
                        "chmod 600 it, or remove the folder so that a new authority is made and all hosts "
                        "enrol anew",
                        file.string()));
    return read_file(file, kFileBytesMax);
}

}  // namespace

struct Authority::Member {
    std::uint64_t number = 0;
    Key key;
    X509Cert certificate;

    [[nodiscard]] AuthorityAge age() const {
        return {to_wall(X509_get0_notBefore(certificate.get())), to_wall(X509_get0_notAfter(certificate.get()))};
    }
};

/// A certificate of this server's own, with its key.
struct Authority::Leaf {
    const char* name = "";
    const char* extended_key_usage = "";
    fs::path key_file;
    fs::path certificate_file;
    WallTime& end;
};

AuthorityPlan plan_authorities(std::span<const AuthorityAge> by_age, const AuthorityOptions& options, WallTime now) {
    AuthorityPlan plan;
    while (plan.ended < by_age.size() && by_age[plan.ended].not_after <= now) ++plan.ended;
    plan.make_another = plan.ended == by_age.size() || by_age.back().not_after - options.succession <= now;
    // The newest that everybody knows by now; until then the one before it.
    plan.signer = plan.ended;
    for (std::size_t i = plan.ended; i < by_age.size(); ++i)
        if (by_age[i].not_before + options.introduction <= now) plan.signer = i;
    return plan;
}

Authority::Authority(fs::path folder, AuthorityOptions options, Rng& rng)
    : folder_(std::move(folder)), options_(options), rng_(rng) {}
Authority::~Authority() = default;

Result<std::unique_ptr<Authority>> Authority::open(fs::path folder, AuthorityOptions options, WallTime now, Rng& rng) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return refuse_errno("create", folder);
    std::unique_ptr<Authority> authority(new Authority(std::move(folder), options, rng));
    const std::lock_guard lock(authority->mutex_);
    TRY(authority->read_members());
    (void)TRY(authority->tend_members(now));
    (void)TRY(authority->tend_leaves(now, ServerKey::MayReplace));
    return authority;
}

Result<void> Authority::read_members() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
        const std::string name = entry.path().filename();
        std::uint64_t number = 0;
        if (!name.starts_with(kMemberPrefix) || !name.ends_with(kMemberSuffix)) continue;
        const char* const end = name.data() + name.size() - kMemberSuffix.size();
        if (const auto [at, wrong] = std::from_chars(name.data() + kMemberPrefix.size(), end, number);
            wrong != std::errc{} || at != end)
            continue;
        const std::string text = TRY(read_private(entry.path()));
        Member member{.number = number, .key = read_key(text), .certificate = nullptr};
        auto certificates = read_certificates(text);
        if (!certificates.empty()) member.certificate = std::move(certificates.front());
        const bool pair =
            member.key && member.certificate && X509_check_private_key(member.certificate.get(), member.key.get()) == 1;
        if (!pair)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} is damaged: restore it from a backup; without it all hosts must enrol anew",
                                      entry.path().string()));
        members_.push_back(std::move(member));
        if (members_.size() > kMembersMax)
            return refuse(ErrorCode::FailedOperation, fmt::format("{} holds too many files", folder_.string()));
    }
    if (error)
        return refuse(ErrorCode::FailedOperation, fmt::format("cannot read {}: {}", folder_.string(), error.message()));
    std::ranges::sort(members_, {}, &Member::number);
    return {};
}

Result<void> Authority::add_member(WallTime now) {
    Member member{.number = members_.empty() ? 1 : members_.back().number + 1,
                  .key = Key(EVP_EC_gen("P-256")),
                  .certificate = nullptr};
    if (!member.key) return openssl_failed("make a key");
    // Names differ, so that a chain is never built with the wrong one of two.
    member.certificate = TRY(make_certificate({.name = fmt::format("OpenGSE hosts {} {}", rng_.text(8), member.number),
                                               .not_before = begin_of(now, options_.authority),
                                               .not_after = now + options_.authority,
                                               .authority = true,
                                               .key_usage = "critical,keyCertSign,cRLSign",
                                               .alt_names = {}},
                                              member.key.get(), nullptr, member.key.get(), rng_));
    TRY(write_file_atomically(folder_ / fmt::format("{}{}{}", kMemberPrefix, member.number, kMemberSuffix),
                              to_pem(member.key.get()) + to_pem(member.certificate.get())));
    members_.push_back(std::move(member));
    return {};
}

Result<bool> Authority::tend_members(WallTime now) {
    const auto plan_now = [&] {
        std::vector<AuthorityAge> ages;
        for (const Member& member : members_) ages.push_back(member.age());
        return plan_authorities(ages, options_, now);
    };
    AuthorityPlan plan = plan_now();
    if (plan.make_another) {
        TRY(add_member(now));
        plan = plan_now();
    }
    const bool changed = plan.signer != signer_ || plan.ended > 0;
    signer_ = plan.signer - plan.ended;
    // Files of those that are over stay where they are; they do no harm.
    members_.erase(members_.begin(), members_.begin() + static_cast<std::ptrdiff_t>(plan.ended));
    std::string roots;
    for (const Member& member : members_) roots += to_pem(member.certificate.get());
    const auto known = read_file(roots_file(), kFileBytesMax);
    if (known && *known == roots) return changed;
    TRY(write_file_atomically(roots_file(), roots));
    return true;
}

Result<bool> Authority::tend_leaves(WallTime now, ServerKey may) {
    bool changed = TRY(tend_leaf({.name = kServerName,
                                  .extended_key_usage = "serverAuth",
                                  .key_file = server_key_file(),
                                  .certificate_file = server_certificate_file(),
                                  .end = server_end_},
                                 now, may));
    if (!options_.peers) return changed;
    WallTime peer_end;
    if (TRY(tend_leaf({.name = kPeerName,
                       .extended_key_usage = "serverAuth,clientAuth",
                       .key_file = peer_key_file(),
                       .certificate_file = peer_certificate_file(),
                       .end = peer_end},
                      now, may)))
        changed = true;
    return changed;
}

Result<bool> Authority::tend_leaf(const Leaf& leaf, WallTime now, ServerKey may) {
    const Member& signer = members_[signer_];
    const std::string issuer = to_pem(signer.certificate.get());
    Key key;
    if (const auto text = read_private(leaf.key_file); text)
        key = read_key(*text);
    else if (text.error().code != ErrorCode::NotFound)
        return std::unexpected(text.error());
    if (const auto text = read_file(leaf.certificate_file, kFileBytesMax); text && key) {
        const auto facts = describe_certificate(*text);
        if (facts && facts->key_sha256 == key_sha256(key.get()) && text->ends_with(issuer) &&
            now < renewal_time(*facts) && facts->not_before <= now) {
            leaf.end = facts->not_after;
            return false;
        }
    }
    // While a server runs, whoever reads key and certificate one after the other must get a pair.
    if (!key || may == ServerKey::MayReplace) {
        key.reset(EVP_EC_gen("P-256"));
        if (!key) return openssl_failed("make a key");
        TRY(write_file_atomically(leaf.key_file, to_pem(key.get())));
    }
    const WallTime end = std::min(now + options_.server_certificate, signer.age().not_after);
    const X509Cert made = TRY(make_certificate({.name = leaf.name,
                                                .not_before = begin_of(now, options_.server_certificate),
                                                .not_after = end,
                                                .key_usage = "critical,digitalSignature",
                                                .extended_key_usage = leaf.extended_key_usage,
                                                .alt_names = fmt::format("DNS:{}", leaf.name)},
                                               key.get(), signer.certificate.get(), signer.key.get(), rng_));
    TRY(write_file_atomically(leaf.certificate_file, to_pem(made.get()) + issuer));
    leaf.end = end;
    return true;
}

Result<bool> Authority::tend(WallTime now) {
    const std::lock_guard lock(mutex_);
    const bool members = TRY(tend_members(now));
    const bool server = TRY(tend_leaves(now, ServerKey::Keep));
    return members || server;
}

Result<std::string> Authority::issue_host(std::string_view host_id, std::string_view signing_request, WallTime now) {
    TRY(read_signing_request(signing_request));
    const auto* at = reinterpret_cast<const unsigned char*>(signing_request.data());
    const std::unique_ptr<X509_REQ, Freed<X509_REQ_free>> request(
        d2i_X509_REQ(nullptr, &at, static_cast<long>(signing_request.size())));
    const std::lock_guard lock(mutex_);
    const Member& signer = members_[signer_];
    const X509Cert made =
        TRY(make_certificate({.name = std::string(host_id),
                              .not_before = begin_of(now, options_.host_certificate),
                              .not_after = std::min(now + options_.host_certificate, signer.age().not_after),
                              .key_usage = "critical,digitalSignature",
                              .extended_key_usage = "clientAuth",
                              .alt_names = {}},
                             X509_REQ_get0_pubkey(request.get()), signer.certificate.get(), signer.key.get(), rng_));
    return to_pem(made.get()) + to_pem(signer.certificate.get());
}

std::string Authority::roots() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (const Member& member : members_) out += to_pem(member.certificate.get());
    return out;
}

std::string Authority::sha256() const {
    const std::lock_guard lock(mutex_);
    return certificate_sha256(members_[signer_].certificate.get());
}

WallTime Authority::server_certificate_end() const {
    const std::lock_guard lock(mutex_);
    return server_end_;
}

}  // namespace gse::pki
