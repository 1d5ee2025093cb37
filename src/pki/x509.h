/// OpenSSL's objects with owners, in and out of PEM. Includes OpenSSL: for sources only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/freed.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"

namespace gse::pki {

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Cert = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

/// Internal, with what OpenSSL says; its queue of errors is empty afterwards.
std::unexpected<Error> openssl_failed(std::string_view doing);

[[nodiscard]] Bio reader(std::string_view text);
/// Null when it is no PEM, or wants a passphrase.
[[nodiscard]] Key read_key(std::string_view pem);
/// All certificates of a text, in order; none when it is damaged.
[[nodiscard]] std::vector<X509Cert> read_certificates(std::string_view pem);
[[nodiscard]] std::string to_pem(X509* certificate);
[[nodiscard]] std::string to_pem(EVP_PKEY* key);

/// SHA-256 of the DER form, in hex.
[[nodiscard]] std::string certificate_sha256(X509* certificate);
/// SHA-256 of the public key's DER form (SubjectPublicKeyInfo), in hex.
[[nodiscard]] std::string key_sha256(EVP_PKEY* key);
[[nodiscard]] WallTime to_wall(const ASN1_TIME* time);

/// A certificate to be. Times are to the second.
struct CertificatePlan {
    std::string name;  ///< CN
    WallTime not_before;
    WallTime not_after;
    bool authority = false;
    const char* key_usage = "";           ///< as in openssl.cnf
    const char* extended_key_usage = "";  ///< "" for none
    std::string alt_names;                ///< "" for none
};
/// Signed by `issuer` with `issuer_key`; by itself where `issuer` is null.
Result<X509Cert> make_certificate(const CertificatePlan& plan, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                                  Rng& rng);

}  // namespace gse::pki
