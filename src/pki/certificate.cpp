#include "pki/certificate.h"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cstring>

#include "pki/x509.h"

namespace gse::pki {
namespace {

constexpr const char* kCurve = "P-256";

using Request = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;

bool is_p256(EVP_PKEY* key) {
    char group[64] = "";
    std::size_t length = 0;
    const bool is = EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
                    std::strcmp(group, "prime256v1") == 0;
    ERR_clear_error();
    return is;
}

}  // namespace

Result<std::string> make_private_key() {
    const Key key(EVP_EC_gen(kCurve));
    if (!key) return openssl_failed("make a key");
    return to_pem(key.get());
}

Result<std::string> make_signing_request(std::string_view private_key) {
    const Key key = read_key(private_key);
    if (!key) return refuse(ErrorCode::FailedOperation, "the private key of this host cannot be read");
    const Request request(X509_REQ_new());
    if (!request || X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
        X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0)
        return openssl_failed("make a signing request");
    unsigned char* der = nullptr;
    const int size = i2d_X509_REQ(request.get(), &der);
    if (size <= 0) return openssl_failed("write a signing request");
    std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return out;
}

Result<std::string> read_signing_request(std::string_view der) {
    if (der.size() > kRequestBytesMax)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("a signing request of {} bytes; at most {} are read", der.size(), kRequestBytesMax));
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const unsigned char* const end = at + der.size();
    const Request request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    if (!request || at != end)
        return refuse(ErrorCode::InvalidParameterValue, "this is no signing request (PKCS #10, DER)");
    EVP_PKEY* const key = X509_REQ_get0_pubkey(request.get());
    // The kind first: proofs of others may take long to look at.
    if (!key || !is_p256(key))
        return refuse(ErrorCode::InvalidParameterValue, "the key in a signing request must be of the curve P-256");
    const bool proven = X509_REQ_verify(request.get(), key) == 1;
    ERR_clear_error();
    if (!proven)
        return refuse(ErrorCode::InvalidParameterValue, "the signing request is not signed with the key it names");
    return key_sha256(key);
}

Result<CertificateFacts> describe_certificate(std::string_view pem) {
    const auto found = read_certificates(pem);
    if (found.empty()) return refuse(ErrorCode::InvalidParameterValue, "there is no certificate in PEM form");
    X509* const certificate = found.front().get();
    CertificateFacts facts;
    char name[256] = "";
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name) > 0)
        facts.name = name;
    facts.not_before = to_wall(X509_get0_notBefore(certificate));
    facts.not_after = to_wall(X509_get0_notAfter(certificate));
    facts.key_sha256 = key_sha256(X509_get0_pubkey(certificate));
    facts.for_clients = X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0) == 1;
    ERR_clear_error();
    return facts;
}

WallTime renewal_time(const CertificateFacts& facts) {
    return facts.not_after - (facts.not_after - facts.not_before) / 3;
}

}  // namespace gse::pki
