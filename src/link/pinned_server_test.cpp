#include "link/pinned_server.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temp_folder.h"

namespace gse::link {
namespace {

class PinnedServerTest : public testing::Test {
protected:
    std::filesystem::path file() const { return folder_ / "server"; }

    const TempFolder temp_ = TempFolder::make("gse-pinned").value();
    const std::filesystem::path folder_ = temp_.path();
};

TEST_F(PinnedServerTest, TheFirstGreetingPinsTheDeploymentForTheNextRunToo) {
    auto first = PinnedServer::load(file());
    ASSERT_TRUE(first);
    ASSERT_TRUE(first->greet("ours", 4));

    auto next = PinnedServer::load(file());
    ASSERT_TRUE(next);
    EXPECT_EQ(next->deployment_id(), "ours");
    EXPECT_EQ(next->epoch(), 4u);
    EXPECT_EQ(next->greet("theirs", 9).error().code, ErrorCode::AuthUnauthorized);
    EXPECT_EQ(next->epoch(), 4u);
}

TEST_F(PinnedServerTest, ALowerEpochIsRefusedTheSameAndAHigherOneAreTaken) {
    auto pinned = PinnedServer::load(file());
    ASSERT_TRUE(pinned);
    ASSERT_TRUE(pinned->greet("ours", 4));
    EXPECT_EQ(pinned->greet("ours", 3).error().code, ErrorCode::Unavailable);
    EXPECT_TRUE(pinned->greet("ours", 4));
    EXPECT_TRUE(pinned->greet("ours", 7));
    EXPECT_EQ(PinnedServer::load(file())->epoch(), 7u);
}

TEST_F(PinnedServerTest, AGreetingThatCannotBeKeptIsNotTaken) {
    auto pinned = PinnedServer::load(folder_ / "absent" / "server");
    ASSERT_TRUE(pinned);
    EXPECT_EQ(pinned->greet("ours", 1).error().code, ErrorCode::FailedOperation);
    EXPECT_EQ(pinned->deployment_id(), "");
}

TEST_F(PinnedServerTest, AHigherEpochOfTheSameDeploymentIsObeyedOnAFullDiskAndKeptLater) {
    auto pinned = PinnedServer::load(file());
    ASSERT_TRUE(pinned);
    ASSERT_TRUE(pinned->greet("ours", 4));
    const auto in_the_way = folder_ / "server.new";
    std::filesystem::create_directory(in_the_way);  // as on a full disk: nothing can be written
    EXPECT_EQ(pinned->greet("theirs", 9).error().code, ErrorCode::AuthUnauthorized);
    ASSERT_TRUE(pinned->greet("ours", 7));
    EXPECT_EQ(pinned->epoch(), 7u);
    EXPECT_FALSE(pinned->kept());
    EXPECT_EQ(pinned->greet("ours", 6).error().code, ErrorCode::Unavailable) << "it holds although it is not kept";
    EXPECT_FALSE(pinned->keep());
    EXPECT_EQ(PinnedServer::load(file())->epoch(), 4u);

    std::filesystem::remove(in_the_way);
    EXPECT_TRUE(pinned->keep());
    EXPECT_TRUE(pinned->kept());
    EXPECT_EQ(PinnedServer::load(file())->epoch(), 7u);
}

TEST_F(PinnedServerTest, DeploymentIdsThatCannotBeStoredAreRefused) {
    auto pinned = PinnedServer::load(file());
    ASSERT_TRUE(pinned);
    EXPECT_FALSE(pinned->greet("", 1));
    EXPECT_FALSE(pinned->greet("two\nlines", 1));
}

TEST_F(PinnedServerTest, ADamagedFileIsNamedAndNeverTakenForAFreshAgent) {
    const char* const cases[] = {
        "",                                           // empty
        "something else\n",                           // not ours
        "opengse-pinned-server 1\nours\n",            // no epoch
        "opengse-pinned-server 1\nours\n12x\n",       // not a number
        "opengse-pinned-server 1\n\n12\n",            // no deployment
        "opengse-pinned-server 1\nours\n12\nmore\n",  // something behind it
    };
    for (const char* content : cases) {
        ASSERT_TRUE(write_file_atomically(file(), content));
        const auto loaded = PinnedServer::load(file());
        ASSERT_FALSE(loaded) << content;
        EXPECT_NE(loaded.error().message.find(file().string()), std::string::npos);
    }
}

}  // namespace
}  // namespace gse::link
