#include "base/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/check.h"

namespace gse {
namespace {

const EVP_MD* sha256_algorithm() {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    CHECK(algorithm != nullptr);
    return algorithm;
}

EVP_MAC* hmac_algorithm() {
    static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    CHECK(algorithm != nullptr);
    return algorithm;
}

const unsigned char* raw(const void* bytes) { return static_cast<const unsigned char*>(bytes); }

/// A context keyed for HMAC with the named hash.
EVP_MAC_CTX* keyed_context(const char* hash, std::span<const std::byte> key) {
    EVP_MAC_CTX* const context = EVP_MAC_CTX_new(hmac_algorithm());
    CHECK(context != nullptr);
    std::string name = hash;
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), name.size()),
                                 OSSL_PARAM_construct_end()};
    // A null key means "the key you have", so an empty one needs an address.
    const unsigned char* const bytes = key.empty() ? raw("") : raw(key.data());
    CHECK(EVP_MAC_init(context, bytes, key.size(), params) == 1);
    return context;
}

template <class Digest>
Digest finish_mac(EVP_MAC_CTX* context, std::string_view message) {
    Digest digest;
    std::size_t size = 0;
    CHECK(EVP_MAC_update(context, raw(message.data()), message.size()) == 1);
    CHECK(EVP_MAC_final(context, reinterpret_cast<unsigned char*>(digest.data()), &size, digest.size()) == 1);
    CHECK(size == digest.size());
    return digest;
}

}  // namespace

struct Sha256::Context {
    Context() : md(EVP_MD_CTX_new()) {
        CHECK(md != nullptr);
        CHECK(EVP_DigestInit_ex2(md, sha256_algorithm(), nullptr) == 1);
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() { EVP_MD_CTX_free(md); }
    EVP_MD_CTX* md;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::span<const std::byte> bytes) {
    CHECK(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1);
}

Digest256 Sha256::finish() {
    Digest256 digest;
    CHECK(EVP_DigestFinal_ex(context_->md, reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
    CHECK(EVP_DigestInit_ex2(context_->md, nullptr, nullptr) == 1);
    return digest;
}

struct HmacSha256::Context {
    explicit Context(std::span<const std::byte> key) : mac(keyed_context("SHA256", key)) {}
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() { EVP_MAC_CTX_free(mac); }
    EVP_MAC_CTX* mac;
};

HmacSha256::HmacSha256(std::span<const std::byte> key) : context_(std::make_unique<Context>(key)) {}
HmacSha256::~HmacSha256() = default;
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;

Digest256 HmacSha256::mac(std::string_view message) {
    const auto digest = finish_mac<Digest256>(context_->mac, message);
    CHECK(EVP_MAC_init(context_->mac, nullptr, 0, nullptr) == 1);
    return digest;
}

Digest256 sha256(std::string_view text) {
    thread_local Sha256 hash;
    hash.add(text);
    return hash.finish();
}

Digest256 hmac_sha256(std::span<const std::byte> key, std::string_view message) { return HmacSha256{key}.mac(message); }

Digest256 hmac_sha256(std::string_view key, std::string_view message) { return HmacSha256{key}.mac(message); }

Digest160 hmac_sha1(std::string_view key, std::string_view message) {
    EVP_MAC_CTX* const context = keyed_context("SHA1", std::as_bytes(std::span{key}));
    const auto digest = finish_mac<Digest160>(context, message);
    EVP_MAC_CTX_free(context);
    return digest;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace gse
