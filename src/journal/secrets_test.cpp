/// What every store of shared secrets promises.
#include "journal/secrets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/temp_folder.h"

namespace gse::journal {
namespace {

TEST(SharedSecrets, AreMadeOnceAndReplacedOnlyAsExpected) {
    MemorySecrets secrets;
    EXPECT_EQ(secrets.get("token").value(), std::nullopt);
    const std::string made = secrets.get_or_create("token", 32).value();
    EXPECT_EQ(made.size(), 32u);
    EXPECT_EQ(secrets.get_or_create("token", 16).value(), made);
    EXPECT_EQ(secrets.get("token").value(), made);
    EXPECT_NE(secrets.get_or_create("other", 32).value(), made);
    EXPECT_TRUE(secrets.replace("token", made, "new").value());
    EXPECT_EQ(secrets.get("token").value(), "new");
    EXPECT_FALSE(secrets.replace("token", made, "late").value());
    EXPECT_FALSE(secrets.replace("token", std::nullopt, "late").value());
    EXPECT_TRUE(secrets.replace("token", "new", "newer").value());
    EXPECT_EQ(secrets.get("token").value(), "newer");
    EXPECT_FALSE(secrets.replace("third", "x", "y").value());
    EXPECT_TRUE(secrets.replace("third", std::nullopt, "y").value());
    EXPECT_EQ(secrets.get("third").value(), "y");
}

TEST(SharedSecrets, RefuseNamesAndSizesThatCannotBeKept) {
    MemorySecrets secrets;
    for (const std::string& name : {std::string(), std::string("Upper"), std::string("a b"), std::string(101, 'a')})
        EXPECT_EQ(secrets.get(name).error().code, ErrorCode::InvalidParameterValue) << name;
    EXPECT_FALSE(secrets.replace("big", std::nullopt, std::string(kSecretBytesMax + 1, 'x')));
}

TEST(SecretsKey, IsSixtyFourHexDigitsThatOnlyTheOwnerReads) {
    const TempFolder dir = TempFolder::make("gse-secrets").value();
    const auto file = dir.path() / "key";
    const auto write = [&](const std::string& text, mode_t mode) {
        std::ofstream(file) << text;
        ::chmod(file.c_str(), mode);
    };
    const std::string digits = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    EXPECT_EQ(read_secrets_key(file).error().code, ErrorCode::NotFound);
    write(digits + "\n", 0600);
    EXPECT_EQ(read_secrets_key(file).value().size(), kSecretKeyBytes);
    write(digits, 0400);
    EXPECT_TRUE(read_secrets_key(file));
    write(digits, 0640);
    EXPECT_FALSE(read_secrets_key(file));
    for (const std::string& bad : {digits.substr(2), digits + "00", "x" + digits.substr(1), std::string()}) {
        std::filesystem::remove(file);
        write(bad, 0600);
        const auto read = read_secrets_key(file);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().message.find(digits.substr(4, 20)), std::string::npos) << "the key is not repeated";
    }
}

}  // namespace
}  // namespace gse::journal
