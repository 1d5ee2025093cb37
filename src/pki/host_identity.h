/// What a host keeps of its own: key, certificate, and the roots that its server is checked against. In the agent's
/// data folder, mode 0600; the key never leaves the machine.
///
///   host-key.pem    while it asks for a certificate: the key of the request, so that an answer that was lost is asked
///                   for with it again
///   host.pem        key and certificate, one file, so that they are always a pair
///   host-roots.pem  authorities of the server
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "pki/certificate.h"

namespace gse::pki {

class HostIdentity {
public:
    explicit HostIdentity(std::filesystem::path folder) : folder_(std::move(folder)) {}

    struct Kept {
        Identity identity;
        std::string roots;
        CertificateFacts facts;
    };
    /// nullopt: not enrolled yet. FailedOperation: damaged.
    [[nodiscard]] Result<std::optional<Kept>> load() const;
    /// The key to ask for the next certificate with: of an attempt that has not got an answer yet, else a fresh one,
    /// which is on disk when this returns.
    [[nodiscard]] Result<std::string> next_key() const;
    /// Roots first, so that a crash in between leaves what works. InvalidParameterValue: the certificate is not for
    /// this key.
    Result<void> keep(const std::string& private_key, const std::string& certificate, const std::string& roots) const;

private:
    std::filesystem::path folder_;
};

}  // namespace gse::pki
