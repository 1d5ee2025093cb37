#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenPlayers, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    const std::string fleet = world.make_fleet({.processes = 5});
    std::map<std::string, std::string, std::greater<>> known{{"session", world.make_session(fleet, 3)},
                                                             {"full", world.make_session(fleet, 0)},
                                                             {"shut", world.make_session(fleet)},
                                                             {"ended", world.make_session(fleet)}};
    world.host().end_match(known["ended"]);
    world.call("UpdateGameServerSession",
               {{"GameServerSessionId", known["shut"]}, {"PlayerSessionCreationPolicy", "DENY_ALL"}});
    known["nowhere"] = "qcs::gse:ap-shanghai:uin/1:gameserversession/fleet-1/gssess-1";
    const auto call = [&](const std::string& action, const std::string& sentence, std::string json,
                          const std::string& region = "") {
        return golden.call(action, sentence, fill(std::move(json), known), region);
    };

    const Answer ann = call("JoinGameServerSession", "a player with data",
                            R"({"GameServerSessionId":"$session","PlayerId":"ann","PlayerData":"level 7"})");
    known["ann"] = ann["PlayerSession.PlayerSessionId"];
    world.advance(1s);
    call("JoinGameServerSession", "again while the seat is RESERVED: the same seat",
         R"({"GameServerSessionId":"$session","PlayerId":"ann"})");
    call("JoinGameServerSession", "no seat is free", R"({"GameServerSessionId":"$full","PlayerId":"ann"})");
    call("JoinGameServerSession", "the session takes nobody", R"({"GameServerSessionId":"$shut","PlayerId":"ann"})");
    call("JoinGameServerSession", "the session has ended", R"({"GameServerSessionId":"$ended","PlayerId":"ann"})");
    call("JoinGameServerSession", "a session that does not exist",
         R"({"GameServerSessionId":"$nowhere","PlayerId":"ann"})");
    call("JoinGameServerSession", "a session of another region",
         R"({"GameServerSessionId":"$session","PlayerId":"ann"})", "ap-tokyo");
    call("JoinGameServerSession", "without a player", R"({"GameServerSessionId":"$session"})");
    call("JoinGameServerSession", "without a session", R"({"PlayerId":"ann"})");
    call("JoinGameServerSession", "an empty player", R"({"GameServerSessionId":"$session","PlayerId":""})");

    call("JoinGameServerSessionBatch", "more than there are seats: none gets one",
         R"({"GameServerSessionId":"$session","PlayerIds":["bob","cid","dan"]})");
    call(
        "JoinGameServerSessionBatch", "two players, data for one of them",
        R"({"GameServerSessionId":"$session","PlayerIds":["ann","bob"],"PlayerDataMap":{"Key":"bob","Value":"level 1"}})");
    call("JoinGameServerSessionBatch", "one player twice",
         R"({"GameServerSessionId":"$session","PlayerIds":["cid","cid"]})");
    call("JoinGameServerSessionBatch", "nobody", R"({"GameServerSessionId":"$session","PlayerIds":[]})");
    call(
        "JoinGameServerSessionBatch", "26 players", R"({"GameServerSessionId":"$session","PlayerIds":[)" + [] {
            std::string list;
            for (int i = 0; i < 26; ++i) list += std::string(i ? "," : "") + "\"p" + std::to_string(i) + "\"";
            return list;
        }() + "]}");
    call("JoinGameServerSessionBatch", "the session takes nobody",
         R"({"GameServerSessionId":"$shut","PlayerIds":["cid"]})");
    call("JoinGameServerSessionBatch", "the session has ended",
         R"({"GameServerSessionId":"$ended","PlayerIds":["cid"]})");
    call("JoinGameServerSessionBatch", "a session that does not exist",
         R"({"GameServerSessionId":"$nowhere","PlayerIds":["cid"]})");
    call("JoinGameServerSessionBatch", "without players", R"({"GameServerSessionId":"$session"})");

    EXPECT_EQ(world.host().accept(known["session"], known["ann"]), link::CallStatus::Ok);
    EXPECT_EQ(world.host().leave(known["session"], known["ann"]), link::CallStatus::Ok);
    const std::string elsewhere = world.make_session(fleet);
    world.join(elsewhere, "ann");
    call("DescribePlayerSessions", "of a session, in order of joining", R"({"GameServerSessionId":"$session"})");
    const Answer page =
        call("DescribePlayerSessions", "the first page of one", R"({"GameServerSessionId":"$session","Limit":1})");
    known["token"] = page["NextToken"];
    call("DescribePlayerSessions", "the page behind it",
         R"({"GameServerSessionId":"$session","Limit":1,"NextToken":"$token"})");
    call("DescribePlayerSessions", "of a player, everywhere", R"({"PlayerId":"ann"})");
    call("DescribePlayerSessions", "of a player in a session",
         R"({"GameServerSessionId":"$session","PlayerId":"bob"})");
    call("DescribePlayerSessions", "one", R"({"PlayerSessionId":"$ann"})");
    call("DescribePlayerSessions", "of one state",
         R"({"GameServerSessionId":"$session","PlayerSessionStatusFilter":"COMPLETED"})");
    call("DescribePlayerSessions", "of a state that none is in",
         R"({"GameServerSessionId":"$session","PlayerSessionStatusFilter":"TIMEDOUT"})");
    call("DescribePlayerSessions", "of a player nobody knows", R"({"PlayerId":"zoe"})");
    call("DescribePlayerSessions", "one that does not exist", R"({"PlayerSessionId":"psess-nobody"})");
    call("DescribePlayerSessions", "one of another region", R"({"PlayerSessionId":"$ann"})", "ap-tokyo");
    call("DescribePlayerSessions", "of a session that does not exist", R"({"GameServerSessionId":"$nowhere"})");
    call("DescribePlayerSessions", "with nothing to go by", "{}");
    call("DescribePlayerSessions", "with a token that is not ours",
         R"({"GameServerSessionId":"$session","NextToken":"ntoken-1-00000000000000000000"})");
    call("DescribePlayerSessions", "with a state that does not exist",
         R"({"GameServerSessionId":"$session","PlayerSessionStatusFilter":"ASLEEP"})");
}

}  // namespace
}  // namespace gse::testing
