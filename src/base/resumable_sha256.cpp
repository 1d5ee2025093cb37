// OpenSSL's newer interface hashes as well, but keeps what it has so far to itself.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/resumable_sha256.h"

#include <openssl/sha.h>

#include <cstdint>
#include <cstring>

#include "base/check.h"

namespace gse {

struct ResumableSha256::Context {
    SHA256_CTX sha{};
    std::uint64_t bytes = 0;
};

ResumableSha256::ResumableSha256() : context_(std::make_unique<Context>()) { CHECK(SHA256_Init(&context_->sha) == 1); }
ResumableSha256::~ResumableSha256() = default;
ResumableSha256::ResumableSha256(ResumableSha256&&) noexcept = default;
ResumableSha256& ResumableSha256::operator=(ResumableSha256&&) noexcept = default;

void ResumableSha256::add(std::span<const std::byte> bytes) {
    CHECK(SHA256_Update(&context_->sha, bytes.data(), bytes.size()) == 1);
    context_->bytes += bytes.size();
}

Digest256 ResumableSha256::digest() const {
    SHA256_CTX copy = context_->sha;
    Digest256 out;
    CHECK(SHA256_Final(reinterpret_cast<unsigned char*>(out.data()), &copy) == 1);
    return out;
}

std::string ResumableSha256::save() const {
    CHECK(context_->bytes % kBlockBytes == 0);
    std::string saved(kSavedBytes, '\0');
    static_assert(sizeof context_->sha.h + sizeof context_->bytes == kSavedBytes);
    std::memcpy(saved.data(), context_->sha.h, sizeof context_->sha.h);
    std::memcpy(saved.data() + sizeof context_->sha.h, &context_->bytes, sizeof context_->bytes);
    return saved;
}

std::optional<ResumableSha256> ResumableSha256::resume(std::string_view saved) {
    if (saved.size() != kSavedBytes) return std::nullopt;
    ResumableSha256 out;
    Context& context = *out.context_;
    std::memcpy(context.sha.h, saved.data(), sizeof context.sha.h);
    std::memcpy(&context.bytes, saved.data() + sizeof context.sha.h, sizeof context.bytes);
    if (context.bytes % kBlockBytes != 0) return std::nullopt;
    const std::uint64_t bits = context.bytes << 3;  // SHA-256 counts bits in 64 bits
    context.sha.Nl = static_cast<SHA_LONG>(bits);
    context.sha.Nh = static_cast<SHA_LONG>(bits >> 32);
    return out;
}

}  // namespace gse
