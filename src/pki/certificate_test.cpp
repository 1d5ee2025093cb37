#include "pki/certificate.h"

#include <gmock/gmock.h>

#include "pki/x509.h"

namespace gse::pki {
namespace {

using testing::HasSubstr;

TEST(SigningRequest, ProvesThatOneHasTheKey) {
    const std::string key = make_private_key().value();
    const std::string request = make_signing_request(key).value();
    EXPECT_LT(request.size(), 300u);
    const auto hash = read_signing_request(request);
    ASSERT_TRUE(hash) << hash.error().message;
    EXPECT_EQ(*hash, key_sha256(read_key(key).get()));
    EXPECT_EQ(read_signing_request(make_signing_request(key).value()), *hash) << "the same key, asked again";
    EXPECT_NE(read_signing_request(make_signing_request(make_private_key().value()).value()), *hash);
}

/// Of a kind that hosts do not have.
std::string request_of(EVP_PKEY* made) {
    const Key key(made);
    return make_signing_request(to_pem(key.get())).value();
}

TEST(SigningRequest, EverythingElseIsRefused) {
    const std::string good = make_signing_request(make_private_key().value()).value();
    std::string flipped = good;
    flipped.back() = static_cast<char>(flipped.back() ^ 1);
    std::string other_key = good;
    other_key[60] = static_cast<char>(other_key[60] ^ 1);
    const struct {
        const char* name;
        std::string der;
        const char* says;
    } kCases[] = {
        {"nothing", "", "no signing request"},
        {"text", "-----BEGIN CERTIFICATE REQUEST-----", "no signing request"},
        {"a request cut short", good.substr(0, good.size() - 1), "no signing request"},
        {"something behind it", good + "x", "no signing request"},
        {"a signature that is wrong", flipped, "not signed with the key"},
        {"huge input", std::string(kRequestBytesMax + 1, '\x30'), "at most 4096"},
        {"a key of another curve", request_of(EVP_EC_gen("P-384")), "P-256"},
        {"a key of another kind", request_of(EVP_RSA_gen(2048)), "P-256"},
    };
    for (const auto& c : kCases) {
        const auto read = read_signing_request(c.der);
        ASSERT_FALSE(read) << c.name;
        EXPECT_EQ(read.error().code, ErrorCode::InvalidParameterValue) << c.name;
        EXPECT_THAT(read.error().message, HasSubstr(c.says)) << c.name;
    }
    EXPECT_FALSE(read_signing_request(other_key));
}

TEST(SigningRequest, NoDamageOfOneByteIsTakenForAnotherKey) {
    const std::string good = make_signing_request(make_private_key().value()).value();
    const std::string hash = read_signing_request(good).value();
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string damaged = good;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
        if (const auto read = read_signing_request(damaged)) {
            EXPECT_EQ(*read, hash) << "byte " << i;
        }
    }
}

TEST(Certificate, IsDueAfterTwoThirdsOfItsLife) {
    const CertificateFacts facts{.name = {}, .not_before = {0}, .not_after = {90'000}, .key_sha256 = {}};
    EXPECT_EQ(renewal_time(facts), WallTime{60'000});
}

TEST(Certificate, WhatIsNoneIsRefused) {
    EXPECT_FALSE(describe_certificate(""));
    EXPECT_FALSE(describe_certificate(make_private_key().value()));
}

}  // namespace
}  // namespace gse::pki
