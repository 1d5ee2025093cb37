#include "link/tls_check.h"

#include <openssl/err.h>

#include "pki/x509.h"

namespace gse::link {

Result<void> check_identity(const pki::Identity& identity) {
    const auto certificates = pki::read_certificates(identity.certificate_chain);
    if (certificates.empty())
        return refuse(ErrorCode::InvalidParameterValue,
                      "the link's certificate cannot be read: it must be PEM, the server's own certificate first");
    const pki::Key key = pki::read_key(identity.private_key);
    if (!key)
        return refuse(ErrorCode::InvalidParameterValue,
                      "the private key of the link's certificate cannot be read: it must be PEM without a passphrase");
    const bool pair = X509_check_private_key(certificates.front().get(), key.get()) == 1;
    ERR_clear_error();
    if (!pair)
        return refuse(ErrorCode::InvalidParameterValue,
                      "the link's private key belongs to another certificate: the first one of the chain must be the "
                      "server's own");
    return {};
}

Result<void> check_roots(const std::string& roots) {
    if (!pki::read_certificates(roots).empty()) return {};
    return refuse(ErrorCode::InvalidParameterValue,
                  "no certificate can be read in the roots by which the agent knows its server: they must be PEM");
}

}  // namespace gse::link
