#include "pki/host_identity.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "base/temp_folder.h"
#include "pki/authority.h"

namespace gse::pki {
namespace {

constexpr WallTime kNow{1'800'000'000'000};

class HostIdentityTest : public testing::Test {
protected:
    SeededRng rng_{1};
    const TempFolder folder_ = TempFolder::make("gse-host").value();
    const std::unique_ptr<Authority> authority_ = Authority::open(folder_.path() / "pki", {}, kNow, rng_).value();
    const HostIdentity store_{folder_.path()};

    std::string certificate_for(const std::string& key) {
        return authority_->issue_host("host-1", make_signing_request(key).value(), kNow).value();
    }
};

TEST_F(HostIdentityTest, AsksAgainWithTheSameKeyUntilThereIsAnAnswer) {
    EXPECT_FALSE(store_.load().value());
    const std::string key = store_.next_key().value();
    EXPECT_EQ(HostIdentity(folder_.path()).next_key().value(), key) << "the answer was lost, or the agent started anew";
    ASSERT_TRUE(store_.keep(key, certificate_for(key), authority_->roots()));
    const auto kept = store_.load().value();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->identity.private_key, key);
    EXPECT_EQ(kept->facts.name, "host-1");
    EXPECT_EQ(kept->roots, authority_->roots());
    EXPECT_NE(store_.next_key().value(), key) << "the next certificate gets a key of its own";
}

TEST_F(HostIdentityTest, KeepsNoCertificateOfAnotherKey) {
    const std::string key = store_.next_key().value();
    EXPECT_FALSE(store_.keep(key, certificate_for(make_private_key().value()), authority_->roots()));
    EXPECT_FALSE(store_.keep(key, certificate_for(key), "no roots"));
    EXPECT_FALSE(store_.load().value());
}

TEST_F(HostIdentityTest, KeepsItsKeyToItselfAndSaysWhenItIsDamaged) {
    const std::string key = store_.next_key().value();
    ASSERT_TRUE(store_.keep(key, certificate_for(key), authority_->roots()));
    struct stat info{};
    ASSERT_EQ(stat((folder_.path() / "host.pem").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    std::ofstream(folder_.path() / "host.pem", std::ios::trunc) << key;
    const auto damaged = store_.load();
    ASSERT_FALSE(damaged);
    EXPECT_THAT(damaged.error().message, testing::HasSubstr("host.pem is damaged"));
}

}  // namespace
}  // namespace gse::pki
