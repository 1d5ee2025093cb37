#include "http/testing/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "base/freed.h"

namespace gse::http {
namespace {

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

constexpr long kValidSeconds = 3'600;

std::string text_of(const Bio& bio) {
    const char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem(const Certificate& certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    CHECK(PEM_write_bio_X509(bio.get(), certificate.get()) == 1);
    return text_of(bio);
}

std::string pem(const Key& key) {
    const Bio bio(BIO_new(BIO_s_mem()));
    CHECK(PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return text_of(bio);
}

void extend(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    CHECK(extension != nullptr);
    CHECK(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/// Signed by `issuer`, or by itself when that is null.
Certificate make(const std::string& name, const Key& key, X509* issuer, const Key& issuer_key,
                 const std::string& alt_names) {
    static long serial = 0;
    Certificate made(X509_new());
    X509* const certificate = made.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -kValidSeconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate), kValidSeconds);
    X509_set_pubkey(certificate, key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate));
    extend(certificate, NID_basic_constraints, issuer ? "CA:FALSE" : "CA:TRUE");
    if (!alt_names.empty()) extend(certificate, NID_subject_alt_name, alt_names);
    CHECK(X509_sign(certificate, issuer_key.get(), EVP_sha256()) > 0);
    return made;
}

}  // namespace

struct TestAuthority::Impl {
    Key key{EVP_EC_gen("P-256")};
    // No two have the same name, as those of the world have not.
    Certificate certificate = make("authority " + std::to_string(++count), key, nullptr, key, "");
    static inline int count = 0;
};

TestAuthority::TestAuthority() : impl_(std::make_unique<Impl>()) {}
TestAuthority::~TestAuthority() = default;

TestIdentity TestAuthority::issue(const std::string& alt_names, const std::string& name) const {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate = make(name, key, impl_->certificate.get(), impl_->key, alt_names);
    return {.certificate = pem(certificate), .key = pem(key)};
}

std::string TestAuthority::root() const { return pem(impl_->certificate); }

}  // namespace gse::http
