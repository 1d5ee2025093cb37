#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/url.h"
#include "base/uuid.h"

namespace gse {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

TEST(Hex, GoesBothWays) {
    EXPECT_EQ(to_hex(bytes_of(std::string_view{"\x00\xffGse", 5})), "00ff477365");
    EXPECT_EQ(from_hex("00FF477365"), (std::string{"\x00\xffGse", 5}));
    for (const char* bad : {"0", "0g", "zz", " 0"}) EXPECT_EQ(from_hex(bad), std::nullopt) << bad;
}

TEST(Base64, GoesBothWays) {
    const struct {
        std::string_view plain, encoded, url;
    } kCases[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff", "+/8=", "-_8"},
    };
    for (const auto& c : kCases) {
        EXPECT_EQ(base64_encode(bytes_of(c.plain)), c.encoded);
        EXPECT_EQ(base64url_encode(bytes_of(c.plain)), c.url);
        EXPECT_EQ(base64_decode(c.encoded), c.plain);
        EXPECT_EQ(base64url_decode(c.url), c.plain);
    }
}

TEST(Base64, IsStrict) {
    for (const char* bad : {"Zg", "Zg=", "Zg===", "Z===", "Zh==", "Zg==Zg==", "Z g=", "-_8="}) {
        EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
    }
    for (const char* bad : {"Zg==", "Zh", "Z", "+/8"}) EXPECT_EQ(base64url_decode(bad), std::nullopt) << bad;
}

TEST(Url, DecodesPathsAndQueries) {
    EXPECT_EQ(url_decode("a%20b+c%2fd", UrlPart::Path), "a b+c/d");
    EXPECT_EQ(url_decode("a%20b+c%2Fd", UrlPart::Query), "a b c/d");
    for (const char* bad : {"%", "%4", "%zz", "a%2"}) EXPECT_EQ(url_decode(bad, UrlPart::Query), std::nullopt) << bad;
}

TEST(Url, EncodesWhatIsNotPlain) {
    EXPECT_EQ(url_encode("a b/c+ü~", UrlPart::Query), "a%20b%2Fc%2B%C3%BC~");
    EXPECT_EQ(url_encode("a b/c", UrlPart::Path), "a%20b/c");
}

TEST(Uuid, IsVersionFourAndDiffers) {
    SeededRng rng{7};
    const std::string one = make_uuid(rng);
    EXPECT_EQ(one.size(), 36u);
    for (const std::size_t dash : {8u, 13u, 18u, 23u}) EXPECT_EQ(one[dash], '-');
    EXPECT_EQ(one[14], '4');
    EXPECT_NE(std::string_view{"89ab"}.find(one[19]), std::string_view::npos);
    EXPECT_NE(one, make_uuid(rng));
}

}  // namespace
}  // namespace gse
