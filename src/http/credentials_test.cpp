#include "http/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/file.h"
#include "base/temp_folder.h"

namespace gse::http {
namespace {

class CredentialsTest : public testing::Test {
protected:
    Result<FileKeyStore> read(const std::string& text) {
        EXPECT_TRUE(write_file_atomically(path_, text));
        return read_credentials(path_);
    }

    SeededRng rng_{1};
    const TempFolder folder_ = TempFolder::make("gse-credentials").value();
    const std::filesystem::path path_ = folder_.path() / "credentials.toml";
};

TEST_F(CredentialsTest, TheFirstStartMakesAKeyThatStays) {
    const auto made = open_credentials(path_, {}, rng_);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->origin(), KeyOrigin::Generated);
    EXPECT_THAT(made->first().secret_id, testing::MatchesRegex("AKID[0-9a-z]{32}"));
    EXPECT_EQ(made->first().secret_key.size(), 32u);
    struct stat status{};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);

    const auto again = open_credentials(path_, {"OTHER", "other"}, rng_);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->origin(), KeyOrigin::File);
    EXPECT_EQ(again->first().secret_id, made->first().secret_id);
    EXPECT_EQ(again->find(made->first().secret_id)->secret, made->first().secret_key);
    EXPECT_EQ(again->find("OTHER"), std::nullopt) << "the seed is for the first start only";
}

TEST_F(CredentialsTest, TheEnvironmentSeedsTheFirstKey) {
    const auto seeded = open_credentials(path_, {"AKIDEXAMPLE0001", "example-secret-key-0001"}, rng_);
    ASSERT_TRUE(seeded);
    EXPECT_EQ(seeded->origin(), KeyOrigin::Environment);
    EXPECT_EQ(seeded->find("AKIDEXAMPLE0001")->secret, "example-secret-key-0001");
}

TEST_F(CredentialsTest, ASeedThatCannotBeUsedIsRefused) {
    for (const FirstKey& seed : {FirstKey{"A", ""}, FirstKey{"", "s"}, FirstKey{"A/B", "s"}, FirstKey{"A", "has blank"},
                                 FirstKey{"A", "quote\""}, FirstKey{std::string(129, 'A'), "s"}}) {
        const auto refused = open_credentials(path_, seed, rng_);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidParameter);
        EXPECT_FALSE(std::filesystem::exists(path_));
    }
}

TEST_F(CredentialsTest, FurtherKeysHaveTheirRights) {
    const auto keys = read(
        "secret_id = \"A\"\nsecret_key = \"a\"\n"
        "[[keys]]\nsecret_id = \"R\"\nsecret_key = \"r\"\nread_only = true\n"
        "[[keys]]\nsecret_id = \"D\"\nsecret_key = \"d\"\ndisabled = true\n");
    ASSERT_TRUE(keys) << keys.error().message;
    EXPECT_FALSE(keys->find("A")->read_only);
    EXPECT_TRUE(keys->find("R")->read_only);
    EXPECT_TRUE(keys->find("D")->disabled);
    EXPECT_EQ(keys->find("X"), std::nullopt);
}

TEST_F(CredentialsTest, WhatCannotBeUsedIsNamedAndNoSecretShown) {
    const std::pair<const char*, const char*> kCases[] = {
        {"secret_id = \"A\"\n", "secret_key is missing"},
        {"secret_key = \"hush\"\n", "secret_id is missing"},
        {"secret_id = 5\nsecret_key = \"hush\"\n", "secret_id is missing or no text"},
        {"secret_id = \"A/B\"\nsecret_key = \"hush\"\n", "secret_id must be"},
        {"secret_id = \"A\"\nsecret_key = \"hush\nmore\"\n", "not TOML, see line 2"},
        {"secret_id = \"A\"\nsecret_key = \"hush\"\nkyes = 1\n", "no entry kyes"},
        {"secret_id = \"A\"\nsecret_key = \"hush\"\nkeys = 1\n", "[[keys]]"},
        {"secret_id = \"A\"\nsecret_key = \"hush\"\n[[keys]]\nsecret_id = \"A\"\nsecret_key = \"b\"\n",
         "A stands there twice"},
        {"secret_id = \"A\"\nsecret_key = \"hush\"\n[[keys]]\nsecret_id = \"B\"\nsecret_key = \"b\"\nread_only = 1\n",
         "read_only must be true or false"},
    };
    for (const auto& [text, message] : kCases) {
        const auto refused = read(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidParameter) << text;
        EXPECT_THAT(refused.error().message, testing::HasSubstr(message)) << text;
        EXPECT_THAT(refused.error().message, testing::Not(testing::HasSubstr("hush"))) << text;
    }
}

TEST_F(CredentialsTest, AFileThatOthersMayReadIsRefused) {
    ASSERT_TRUE(open_credentials(path_, {}, rng_));
    ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
    const auto refused = read_credentials(path_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("chmod 600"));
}

TEST_F(CredentialsTest, ADamagedFileIsNotReplaced) {
    ASSERT_TRUE(write_file_atomically(path_, "garbage"));
    EXPECT_FALSE(open_credentials(path_, {}, rng_));
    EXPECT_EQ(read_file(path_, 100), "garbage");
}

}  // namespace
}  // namespace gse::http
