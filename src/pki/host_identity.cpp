#include "pki/host_identity.h"

#include <fmt/format.h>

#include "base/file.h"
#include "pki/x509.h"

namespace gse::pki {
namespace {

/// The file's content; nullopt where there is none.
Result<std::optional<std::string>> read_if_there(const std::filesystem::path& file) {
    auto text = read_file(file, kFileBytesMax);
    if (text) return std::optional(std::move(*text));
    if (text.error().code == ErrorCode::NotFound) return std::optional<std::string>();
    return std::unexpected(text.error());
}

}  // namespace

Result<std::optional<HostIdentity::Kept>> HostIdentity::load() const {
    const std::filesystem::path file = folder_ / "host.pem";
    const auto text = TRY(read_if_there(file));
    const auto roots = TRY(read_if_there(folder_ / "host-roots.pem"));
    if (!text || !roots) return std::optional<Kept>();
    const Key key = read_key(*text);
    const auto certificates = read_certificates(*text);
    if (!key || certificates.empty() ||
        key_sha256(key.get()) != key_sha256(X509_get0_pubkey(certificates.front().get())))
        return refuse(
            ErrorCode::FailedOperation,
            fmt::format("{} is damaged: remove it, and enrol this host with a new token (gse host token); its "
                        "old entry must be removed first: gse host remove",
                        file.string()));
    Kept kept{.identity = {.certificate_chain = {}, .private_key = to_pem(key.get())},
              .roots = *roots,
              .facts = TRY(describe_certificate(*text))};
    for (const X509Cert& certificate : certificates) kept.identity.certificate_chain += to_pem(certificate.get());
    return std::optional(std::move(kept));
}

Result<std::string> HostIdentity::next_key() const {
    const std::filesystem::path file = folder_ / "host-key.pem";
    if (auto begun = TRY(read_if_there(file)); begun && read_key(*begun)) return std::move(*begun);
    std::string key = TRY(make_private_key());
    TRY(write_file_atomically(file, key));
    return key;
}

Result<void> HostIdentity::keep(const std::string& private_key, const std::string& certificate,
                                const std::string& roots) const {
    const Key key = read_key(private_key);
    const auto facts = TRY(describe_certificate(certificate));
    if (!key || key_sha256(key.get()) != facts.key_sha256 || read_certificates(roots).empty())
        return refuse(ErrorCode::InvalidParameterValue, "the server's answer is not a certificate for this host's key");
    TRY(write_file_atomically(folder_ / "host-roots.pem", roots));
    TRY(write_file_atomically(folder_ / "host.pem", private_key + certificate));
    std::error_code error;
    std::filesystem::remove(folder_ / "host-key.pem", error);
    return {};
}

}  // namespace gse::pki
