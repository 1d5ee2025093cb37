#include "base/crypto.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace gse {
namespace {

TEST(Crypto, Sha256OfKnownTexts) {
    EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Crypto, Sha256StartsOverAfterFinish) {
    Sha256 hash;
    hash.add("a");
    hash.add("bc");
    EXPECT_EQ(hash.finish(), sha256("abc"));
    hash.add("abc");
    EXPECT_EQ(hash.finish(), sha256("abc"));
}

TEST(Crypto, HmacOfRfc4231AndRfc2202) {
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(hmac_sha1("Jefe", "what do ya want for nothing?")), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(Crypto, ARestartedHmacAnswersLikeAFreshOne) {
    HmacSha256 hmac{std::string_view{"key"}};
    for (int i = 0; i < 100; ++i) {
        const std::string message(static_cast<std::size_t>(i), 'x');
        EXPECT_EQ(hmac.mac(message), hmac_sha256("key", message));
    }
    EXPECT_EQ(HmacSha256{std::string_view{}}.mac("m"), hmac_sha256("", "m"));
}

TEST(Crypto, EqualInConstantTimeComparesAll) {
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace gse
