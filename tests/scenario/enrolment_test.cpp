// Machines become hosts by a token that works once, and stay who their certificate says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "core/enrolment.h"
#include "model/join_token.h"
#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class EnrolmentTest : public ::testing::Test {
protected:
    JoinToken make_token(const Params& params = {}) {
        const Answer made = world.call("CreateHostToken", params);
        EXPECT_TRUE(made.ok()) << made.body();
        return parse_join_token(made["Token"]).value();
    }
    /// The host's id, or why not.
    Result<std::string> enrol(const JoinToken& shown, const std::string& key, const std::string& name = "box") {
        Result<std::string> out;
        world.decide([&](core::Step& step) {
            const auto slot = core::enrol_host(step, {.token_id = shown.id,
                                                      .secret_sha256 = to_hex(sha256(shown.secret)),
                                                      .key_sha256 = to_hex(sha256(key)),
                                                      .host_name = name});
            out = slot ? Result<std::string>(step.state.at<core::Host>(*slot).id) : std::unexpected(slot.error());
            return std::string(R"({"Response":{"RequestId":"none"}})");
        });
        return out;
    }
    Result<std::string> renew(const std::string& id, const std::string& key) {
        Result<std::string> out;
        world.decide([&](core::Step& step) {
            const auto slot = core::renew_host(step, id, to_hex(sha256(key)));
            out = slot ? Result<std::string>(id) : std::unexpected(slot.error());
            return std::string(R"({"Response":{"RequestId":"none"}})");
        });
        return out;
    }

    World world{false};
};

TEST_F(EnrolmentTest, ATokenLetsOneMachineInAndALostAnswerIsGivenAgain) {
    const JoinToken token = make_token();
    const auto id = enrol(token, "key-1");
    ASSERT_TRUE(id) << id.error().message;
    EXPECT_EQ(enrol(token, "key-1"), id) << "the answer was lost";
    world.restart_server();
    EXPECT_EQ(enrol(token, "key-1"), id) << "and the server has started anew";
    const auto thief = enrol(token, "key-2", "thief");
    ASSERT_FALSE(thief);
    EXPECT_EQ(thief.error().code, ErrorCode::AuthUnauthorized);
    EXPECT_THAT(thief.error().message, HasSubstr("used by another machine, which is host " + *id));
    const Answer listed = world.call("ListHostTokens", {});
    EXPECT_EQ(listed["HostTokens.0.Status"], "USED");
    EXPECT_EQ(listed["HostTokens.0.HostId"], *id);
    EXPECT_EQ(world.call("ListHosts", {})["Hosts.0.Name"], "box");
}

TEST_F(EnrolmentTest, WhatIsNoTokenOrNoneAnyMoreIsRefusedAlike) {
    const JoinToken good = make_token({{"TtlSeconds", "60"}});
    const JoinToken deleted = make_token();
    world.call("DeleteHostToken", {{"TokenId", deleted.id}});
    JoinToken guessed = good;
    guessed.secret.back() = guessed.secret.back() == 'a' ? 'b' : 'a';
    const JoinToken unknown{"htok-00000000", good.secret, good.authority_sha256};
    std::string said;
    for (const JoinToken& token : {deleted, guessed, unknown}) {
        const auto refused = enrol(token, "key-1");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::AuthUnauthorized);
        EXPECT_TRUE(said.empty() || said == refused.error().message) << "guessing teaches nothing";
        said = refused.error().message;
    }
    world.advance(61s);
    EXPECT_EQ(enrol(good, "key-1").error().message, said) << "its time is over";
    EXPECT_EQ(world.call("ListHostTokens", {}).count("HostTokens"), 0u) << "and it is gone";
    EXPECT_EQ(world.call("ListHosts", {}).count("Hosts"), 0u);
}

TEST_F(EnrolmentTest, ATokensTimeRunsOnWhileTheServerIsAway) {
    const JoinToken token = make_token({{"TtlSeconds", "3600"}});
    world.restart_server(2h);
    world.advance(1s);
    EXPECT_FALSE(enrol(token, "key-1"));
}

TEST_F(EnrolmentTest, NamesAreTakenOnce) {
    ASSERT_TRUE(enrol(make_token(), "key-1", "box"));
    const auto second = enrol(make_token(), "key-2", "box");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::InUse);
    EXPECT_THAT(second.error().message, HasSubstr("gse host remove box"));
    for (const char* name : {"", "two words", "a/b", "naïve"}) EXPECT_FALSE(enrol(make_token(), "key-3", name)) << name;
    EXPECT_FALSE(enrol(make_token(), "key-3", std::string(129, 'n')));
}

TEST_F(EnrolmentTest, AHostWhoseCertificateHasEndedComesBackAsItselfWithItsKey) {
    const auto id = enrol(make_token(), "key-1");
    ASSERT_TRUE(renew(*id, "key-2"));
    ASSERT_TRUE(renew(*id, "key-2")) << "that answer was lost, too";
    EXPECT_EQ(enrol(make_token(), "key-2"), id);
    EXPECT_EQ(enrol(make_token(), "key-1"), id) << "and never arrived: it still has the key before";
    ASSERT_TRUE(renew(*id, "key-3"));
    EXPECT_FALSE(enrol(make_token(), "key-1")) << "older keys are worth nothing";
    EXPECT_EQ(world.call("ListHosts", {}).count("Hosts"), 1u);
}

TEST_F(EnrolmentTest, ARemovedHostsCertificateIsWorthNothing) {
    const JoinToken token = make_token();
    const std::string id = enrol(token, "key-1").value();
    FakeHost& host = world.add_host({.name = "box", .certified_id = id});
    EXPECT_EQ(world.call("ListHosts", {})["Hosts.0.Status"], "CONNECTED");
    host.behaviour.may_be_closed = true;
    EXPECT_TRUE(world.call("RemoveHost", {{"HostId", "box"}}).ok());
    EXPECT_THAT(host.closed_because(), HasSubstr("was removed"));
    host.connect();
    EXPECT_THAT(host.closed_because(), HasSubstr(id + " was removed from this deployment")) << "and it stays out";
    EXPECT_FALSE(renew(id, "key-2"));
    EXPECT_FALSE(enrol(token, "key-1")) << "the token that it came with is used up";
    world.restart_server();
    host.connect();
    EXPECT_NE(host.closed_because(), "");
    const auto anew = enrol(make_token(), "key-9");
    ASSERT_TRUE(anew) << "its name is free again";
    EXPECT_NE(*anew, id);
}

TEST_F(EnrolmentTest, NobodyPassesForAnEnrolledHost) {
    const std::string id = enrol(make_token(), "key-1").value();
    const std::string other = enrol(make_token(), "key-2", "other").value();
    world.add_host({.name = "box", .address = "10.0.0.1", .certified_id = id});
    // By its name, without a certificate (an agent on loopback).
    FakeHost& without = world.add_host_that_may_be_closed({.name = "box", .address = "10.6.6.6"});
    EXPECT_THAT(without.closed_because(), HasSubstr("known by its certificate, and this agent shows none"));
    // By its name, with the certificate of another: it is that other one.
    world.add_host({.name = "box", .address = "10.0.0.2", .certified_id = other});
    const Answer listed = world.call("ListHosts", {});
    ASSERT_EQ(listed.count("Hosts"), 2u);
    EXPECT_EQ(listed["Hosts.0.IpAddress"], "10.0.0.1");
    EXPECT_EQ(listed["Hosts.1.Name"], "other");
    EXPECT_EQ(listed["Hosts.1.IpAddress"], "10.0.0.2");
    // With a certificate that names nobody here.
    FakeHost& nobody = world.add_host_that_may_be_closed({.name = "x", .certified_id = "host-nobody"});
    EXPECT_THAT(nobody.closed_because(), HasSubstr("host-nobody was removed"));
}

TEST_F(EnrolmentTest, ATokenMayBindItsHostToARegion) {
    const std::string id = enrol(make_token({{"Region", "ap-tokyo"}}), "key-1").value();
    FakeHost& wrong = world.add_host_that_may_be_closed({.name = "box", .region = "ap-seoul", .certified_id = id});
    EXPECT_THAT(wrong.closed_because(), HasSubstr("was enrolled for region ap-tokyo, not ap-seoul"));
    world.add_host({.name = "box", .region = "", .certified_id = id});
    EXPECT_EQ(world.call("ListHosts", {})["Hosts.0.Region"], "ap-tokyo") << "whatever it leaves open";
}

TEST_F(EnrolmentTest, HostsAndTokensAreBounded) {
    world.settings.limits.hosts = 1;
    world.settings.limits.host_tokens = 3;
    ASSERT_TRUE(enrol(make_token(), "key-1"));
    const auto second = enrol(make_token(), "key-2", "second");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::LimitExceeded);
    make_token();
    const Answer fourth = world.call("CreateHostToken", {});
    EXPECT_EQ(fourth.code(), "LimitExceeded");
    EXPECT_THAT(fourth.message(), HasSubstr("3 enrolment tokens have not expired"));
    world.advance(3'601s);
    EXPECT_TRUE(world.call("CreateHostToken", {}).ok());
}

TEST_F(EnrolmentTest, SecretsAreKeptNowhere) {
    const JoinToken token = make_token();
    EXPECT_EQ(world.state().digest().find(token.secret), std::string::npos);
    EXPECT_EQ(world.call("ListHostTokens", {}).body().find(token.secret), std::string::npos);
    EXPECT_NE(world.state().digest().find(to_hex(sha256(token.secret))), std::string::npos);
}

}  // namespace
}  // namespace gse::testing
