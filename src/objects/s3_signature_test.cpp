#include "objects/s3_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/hex.h"

namespace gse::objects {
namespace {

// The published examples of Signature Version 4 for S3; their key opens nothing.
const S3Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
constexpr WallTime kThen{1'369'353'600'000};  // 2013-05-24T00:00:00Z

TEST(S3Signature, AgreesWithThePublishedExamples) {
    const std::string empty = to_hex(sha256(""));
    const std::string welcome = to_hex(sha256("Welcome to Amazon S3."));
    const struct {
        S3SignedRequest request;
        const char* signature;
    } kCases[] = {
        {{"GET", "examplebucket.s3.amazonaws.com", "/test.txt", "", {{"range", "bytes=0-9"}}, empty},
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {{"PUT",
          "examplebucket.s3.amazonaws.com",
          "/test%24file.text",
          "",
          {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
          welcome},
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {{"GET", "examplebucket.s3.amazonaws.com", "/", "lifecycle=", {}, empty},
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {{"GET", "examplebucket.s3.amazonaws.com", "/", "max-keys=2&prefix=J", {}, empty},
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };
    for (const auto& c : kCases) {
        const S3Fields added = sign_s3(c.request, kExample, "us-east-1", kThen);
        EXPECT_EQ(added[1], (std::pair<std::string, std::string>{"x-amz-date", "20130524T000000Z"}));
        EXPECT_THAT(added.back().second, testing::EndsWith(std::string("Signature=") + c.signature));
    }
}

TEST(S3Signature, AQueryIsSortedByWhatIsSent) {
    EXPECT_EQ(s3_query({{"uploads", ""}, {"prefix", "a/b c"}, {"list-type", "2"}, {"prefix2", "~"}}),
              "list-type=2&prefix=a%2Fb%20c&prefix2=~&uploads=");
    EXPECT_EQ(s3_query({}), "");
}

TEST(S3Signature, TemporaryCredentialsCarryTheirToken) {
    S3Credentials temporary = kExample;
    temporary.session_token = "token";
    const S3Fields added = sign_s3({"GET", "h", "/", "", {}, to_hex(sha256(""))}, temporary, "r", kThen);
    EXPECT_EQ(added[2], (std::pair<std::string, std::string>{"x-amz-security-token", "token"}));
    EXPECT_THAT(added.back().second, testing::HasSubstr("x-amz-date;x-amz-security-token"));
}

}  // namespace
}  // namespace gse::objects
