#include "objects/object_auth.h"

#include <gtest/gtest.h>

namespace gse::objects {
namespace {

constexpr WallTime kNow{1'600'000'000'000};
constexpr WallTime kLater{1'600'000'060'000};
const ObjectAuth kAuth{std::string(32, 's')};

TEST(ObjectAuth, CoversWhatItWasGivenFor) {
    const struct {
        const char* what;
        Access granted;
        const char* scope;
        Access asked;
        const char* bucket;
        const char* key;
        std::optional<ErrorCode> refused;
    } kCases[] = {
        {"the very key", Access::Write, "a.zip", Access::Write, "b", "a.zip", {}},
        {"a key below the prefix", Access::Read, "logs/", Access::Read, "b", "logs/x/y.zip", {}},
        {"a key with dots and blanks", Access::Read, "a b/ü.v1.zip", Access::Read, "b", "a b/ü.v1.zip", {}},
        {"another key", Access::Write, "a.zip", Access::Write, "b", "b.zip", ErrorCode::AuthSignatureFailure},
        {"a longer key", Access::Write, "a.zip", Access::Write, "b", "a.zip/x", ErrorCode::AuthSignatureFailure},
        {"beside the prefix", Access::Read, "logs/", Access::Read, "b", "logs2/x", ErrorCode::AuthSignatureFailure},
        {"the prefix itself", Access::Read, "logs/", Access::Read, "b", "logs/", ErrorCode::AuthSignatureFailure},
        {"another bucket", Access::Write, "a.zip", Access::Write, "c", "a.zip", ErrorCode::AuthSignatureFailure},
        {"reading with a write grant", Access::Write, "a", Access::Read, "b", "a", ErrorCode::AuthSignatureFailure},
        {"writing with a read grant", Access::Read, "a", Access::Write, "b", "a", ErrorCode::AuthSignatureFailure},
    };
    for (const auto& c : kCases) {
        const auto got = kAuth.check(kAuth.grant(c.granted, "b", c.scope, kLater), c.asked, c.bucket, c.key, kNow);
        EXPECT_EQ(got ? std::nullopt : std::optional{got.error().code}, c.refused) << c.what;
    }
}

TEST(ObjectAuth, EndsAtItsTimeAndStatesBothClocks) {
    const std::string grant = kAuth.grant(Access::Read, "b", "k", kLater);
    EXPECT_TRUE(kAuth.check(grant, Access::Read, "b", "k", kLater - Millis{1}));
    const auto late = kAuth.check(grant, Access::Read, "b", "k", kLater);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::AuthSignatureExpire);
    EXPECT_EQ(
        late.error().message,
        "the authorization ended at 2020-09-13T12:27:40Z, the server's clock says 2020-09-13T12:27:40Z; ask for a "
        "new one");
}

TEST(ObjectAuth, RefusesEveryAlteration) {
    const std::string grant = kAuth.grant(Access::Write, "b", "k", kLater);
    for (std::size_t i = 0; i < grant.size(); ++i) {
        std::string altered = grant;
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(kAuth.check(altered, Access::Write, "b", "k", kNow)) << i;
        EXPECT_FALSE(kAuth.check(grant.substr(0, i), Access::Write, "b", "k", kNow)) << i;
    }
    EXPECT_FALSE(kAuth.check(grant + "A", Access::Write, "b", "k", kNow));
    EXPECT_FALSE(kAuth.check(grant + ".A", Access::Write, "b", "k", kNow));
    EXPECT_FALSE(ObjectAuth{std::string(32, 't')}.check(grant, Access::Write, "b", "k", kNow));
}

TEST(ObjectAuth, SaysWhatToSendWhenItCannotBeRead) {
    for (const char* text : {"", "gse1", "Bearer x", "TC3-HMAC-SHA256 Credential=a/b", "gse2.r.1.a.b", "...."}) {
        const auto refused = kAuth.check(text, Access::Read, "b", "k", kNow);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, ErrorCode::AuthInvalidAuthorization) << text;
    }
}

}  // namespace
}  // namespace gse::objects
