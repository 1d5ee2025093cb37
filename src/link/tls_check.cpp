#include "link/tls_check.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "base/freed.h"

namespace gse::link {
namespace {

using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

Bio reader(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// An empty passphrase for what is encrypted; without one OpenSSL would ask for it on the terminal.

Certificate first_certificate(const std::string& pem) {
    Certificate found(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, const_cast<char*>("")));
    ERR_clear_error();  // of this thread; whoever looks there next would take it for his own
    return found;
}

Key first_key(const std::string& pem) {
    Key found(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, const_cast<char*>("")));
    ERR_clear_error();
    return found;
}

}  // namespace

Result<void> check_identity(const TlsIdentity& identity) {
    const Certificate certificate = first_certificate(identity.certificate_chain);
    if (!certificate)
        return refuse(ErrorCode::InvalidParameterValue,
                      "the link's certificate cannot be read: it must be PEM, the server's own certificate first");
    const Key key = first_key(identity.private_key);
    if (!key)
        return refuse(ErrorCode::InvalidParameterValue,
                      "the private key of the link's certificate cannot be read: it must be PEM without a passphrase");
    const bool pair = X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    if (!pair)
        return refuse(ErrorCode::InvalidParameterValue,
                      "the link's private key belongs to another certificate: the first one of the chain must be the "
                      "server's own");
    return {};
}

Result<void> check_roots(const std::string& roots) {
    if (first_certificate(roots)) return {};
    return refuse(ErrorCode::InvalidParameterValue,
                  "no certificate can be read in the roots by which the agent knows its server: they must be PEM");
}

}  // namespace gse::link
