#include "base/secret_box.h"

#include <openssl/evp.h>

#include <memory>

#include "base/check.h"
#include "base/rng.h"

namespace gse {
namespace {

// version (1 byte), nonce (12), ciphertext, tag (16)
constexpr char kVersion = 1;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kHeadBytes = 1 + kNonceBytes;

using Context = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* raw(char* text) { return reinterpret_cast<unsigned char*>(text); }

enum class Direction : int { Open = 0, Seal = 1 };

/// Ready for the text, with the context and the version authenticated.
Context begin(Direction direction, std::string_view key, std::string_view nonce, std::string_view context) {
    CHECK(key.size() == kBoxKeyBytes);
    Context cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    CHECK(cipher != nullptr);
    CHECK(EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce),
                            static_cast<int>(direction)) == 1);
    int size = 0;
    for (const std::string_view part : {std::string_view(&kVersion, 1), context})
        if (!part.empty())
            CHECK(EVP_CipherUpdate(cipher.get(), nullptr, &size, raw(part), static_cast<int>(part.size())) == 1);
    return cipher;
}

}  // namespace

std::string put_in_box(std::string_view key, std::string_view context, std::string_view secret) {
    std::string box(kHeadBytes + secret.size() + kTagBytes, '\0');
    box[0] = kVersion;
    SystemRng rng;
    for (std::size_t i = 1; i < kHeadBytes; ++i) box[i] = static_cast<char>(rng.next());
    const Context cipher = begin(Direction::Seal, key, std::string_view(box).substr(1, kNonceBytes), context);
    int size = 0;
    CHECK(EVP_CipherUpdate(cipher.get(), raw(box.data() + kHeadBytes), &size, raw(secret),
                           static_cast<int>(secret.size())) == 1);
    CHECK(static_cast<std::size_t>(size) == secret.size());
    CHECK(EVP_CipherFinal_ex(cipher.get(), raw(box.data() + kHeadBytes + size), &size) == 1);
    CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, box.data() + box.size() - kTagBytes) ==
          1);
    return box;
}

std::optional<std::string> open_box(std::string_view key, std::string_view context, std::string_view box) {
    if (box.size() < kHeadBytes + kTagBytes || box[0] != kVersion) return std::nullopt;
    const Context cipher = begin(Direction::Open, key, box.substr(1, kNonceBytes), context);
    std::string secret(box.size() - kHeadBytes - kTagBytes, '\0');
    int size = 0;
    CHECK(EVP_CipherUpdate(cipher.get(), raw(secret.data()), &size, raw(box.substr(kHeadBytes, secret.size())),
                           static_cast<int>(secret.size())) == 1);
    std::string tag(box.substr(box.size() - kTagBytes));
    CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1);
    char none[16];
    if (EVP_CipherFinal_ex(cipher.get(), raw(none), &size) != 1) return std::nullopt;
    return secret;
}

}  // namespace gse
