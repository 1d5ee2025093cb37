#include "pki/x509.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/crypto.h"
#include "base/hex.h"

namespace gse::pki {
namespace {

std::string text_of(const Bio& bio) {
    const char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string sha256_hex(unsigned char* der, int size) {
    const std::unique_ptr<unsigned char, Freed<[](unsigned char* p) { OPENSSL_free(p); }>> owner(der);
    return size <= 0 ? "" : to_hex(sha256(std::string_view(reinterpret_cast<char*>(der), static_cast<size_t>(size))));
}

bool extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer ? issuer : certificate, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> made(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    return made && X509_add_ext(certificate, made.get(), -1) == 1;
}

bool set_serial(X509* certificate, Rng& rng) {
    unsigned char bytes[16];
    for (std::size_t i = 0; i < sizeof bytes; i += 8) {
        const std::uint64_t word = rng.next();
        for (std::size_t j = 0; j < 8; ++j) bytes[i + j] = static_cast<unsigned char>(word >> (8 * j));
    }
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);  // positive, and never short
    const std::unique_ptr<BIGNUM, Freed<BN_free>> number(BN_bin2bn(bytes, sizeof bytes, nullptr));
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_time(ASN1_TIME* out, WallTime time) {
    return ASN1_TIME_set(out, static_cast<std::time_t>(time.ms / 1000)) != nullptr;
}

}  // namespace

std::unexpected<Error> openssl_failed(std::string_view doing) {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = code ? ERR_reason_error_string(code) : nullptr;
    ERR_clear_error();
    return refuse(ErrorCode::Internal,
                  fmt::format("cannot {}: {}", doing, reason ? reason : "OpenSSL does not say why"));
}

Bio reader(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Key read_key(std::string_view pem) {
    // An empty passphrase for what is encrypted; without one OpenSSL would ask for it on the terminal.
    Key found(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, const_cast<char*>("")));
    ERR_clear_error();  // of this thread; whoever looks there next would take it for his own
    return found;
}

std::vector<X509Cert> read_certificates(std::string_view pem) {
    const Bio bio = reader(pem);
    std::vector<X509Cert> out;
    while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, const_cast<char*>("")))
        out.emplace_back(next);
    ERR_clear_error();
    return out;
}

std::string to_pem(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    return PEM_write_bio_X509(bio.get(), certificate) == 1 ? text_of(bio) : "";
}

std::string to_pem(EVP_PKEY* key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    const bool written = PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
    return written ? text_of(bio) : "";
}

std::string certificate_sha256(X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate, &der);
    return sha256_hex(der, size);
}

std::string key_sha256(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    return sha256_hex(der, size);
}

WallTime to_wall(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return {static_cast<std::int64_t>(timegm(&parts)) * 1000};
}

Result<X509Cert> make_certificate(const CertificatePlan& plan, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                                  Rng& rng) {
    X509Cert made(X509_new());
    X509* const certificate = made.get();
    const bool done =
        certificate && X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate, rng) &&
        set_time(X509_getm_notBefore(certificate), plan.not_before) &&
        set_time(X509_getm_notAfter(certificate), plan.not_after) && X509_set_pubkey(certificate, key) == 1 &&
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(plan.name.data()),
                                   static_cast<int>(plan.name.size()), -1, 0) == 1 &&
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate)) == 1 &&
        extend(certificate, issuer, NID_basic_constraints,
               plan.authority ? "critical,CA:TRUE,pathlen:0" : "CA:FALSE") &&
        extend(certificate, issuer, NID_key_usage, plan.key_usage) &&
        (!*plan.extended_key_usage || extend(certificate, issuer, NID_ext_key_usage, plan.extended_key_usage)) &&
        (plan.alt_names.empty() || extend(certificate, issuer, NID_subject_alt_name, plan.alt_names)) &&
        extend(certificate, issuer, NID_subject_key_identifier, "hash") &&
        (!issuer || extend(certificate, issuer, NID_authority_key_identifier, "keyid:always")) &&
        X509_sign(certificate, issuer_key, EVP_sha256()) > 0;
    if (!done) return openssl_failed("make a certificate");
    return made;
}

}  // namespace gse::pki
