#include <gtest/gtest.h>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenSessions, EveryActionAndItsRefusals) {
    World world;
    world.settings.limits.players_per_session = 200;
    Golden golden(world);
    world.host().behaviour.log_paths = {"/local/game/log"};
    const std::string fleet = world.make_fleet({.processes = 6});
    const std::string one = world.make_fleet({.name = "one process"});
    const std::string tokyo = world.make_fleet({.name = "tokyo", .region = "ap-tokyo"});
    const std::string alias = world.make_alias(fleet);
    const std::string closed =
        world.call("CreateAlias", {{"Name", "closed"},
                                   {"RoutingStrategy.Type", "TERMINAL"},
                                   {"RoutingStrategy.Message", "Closed for the night. Good night!"}})["Alias.AliasId"];
    world.host().behaviour.stops_at = link::PrepareStep::Accepted;
    world.make_fleet({.name = "young"});
    const std::string limited = [&] {
        world.host().go_on();
        const Answer made =
            world.call("CreateFleet", {{"AssetId", world.fleet(fleet).asset_id},
                                       {"Name", "limited"},
                                       {"InstanceType", "S5.LARGE8"},
                                       {"ResourceCreationLimitPolicy.NewGameServerSessionsPerCreator", "1"},
                                       {"ResourceCreationLimitPolicy.PolicyPeriodInMinutes", "3"},
                                       {"InboundPermissions.0.FromPort", "1025"},
                                       {"InboundPermissions.0.ToPort", "60000"},
                                       {"InboundPermissions.0.Protocol", "UDP"},
                                       {"InboundPermissions.0.IpRange", "0.0.0.0/0"},
                                       {"RuntimeConfiguration.ServerProcesses.0.LaunchPath", "/local/game/server"},
                                       {"RuntimeConfiguration.ServerProcesses.0.ConcurrentExecutions", "2"}});
        return made["FleetAttributes.FleetId"];
    }();
    world.host().behaviour.stops_at = link::PrepareStep::Accepted;
    const std::string younger = world.make_fleet({.name = "younger"});
    std::map<std::string, std::string, std::greater<>> known{{"fleet", fleet},     {"alias", alias}, {"closed", closed},
                                                             {"younger", younger}, {"one", one},     {"tokyo", tokyo},
                                                             {"limited", limited}};
    const auto call = [&](const std::string& action, const std::string& sentence, std::string json,
                          const std::string& region = "") {
        return golden.call(action, sentence, fill(std::move(json), known), region);
    };

    const Answer first = call(
        "CreateGameServerSession", "by alias, with everything; ACTIVATING, its address known at once",
        R"({"AliasId":"$alias","MaximumPlayerSessionCount":10,"Name":"friday","CreatorId":"ann","GameProperties":[{"Key":"map","Value":"dust"},{"Key":"mode","Value":"5v5"}],"GameServerSessionData":"{\"round\":1}","GameServerSessionId":"match-1","IdempotencyToken":"token-1"})");
    known["first"] = first["GameServerSession.GameServerSessionId"];
    world.advance(1s);
    call(
        "CreateGameServerSession", "the same again: the same session, as it is now",
        R"({"AliasId":"$alias","MaximumPlayerSessionCount":10,"Name":"friday","CreatorId":"ann","GameProperties":[{"Key":"map","Value":"dust"},{"Key":"mode","Value":"5v5"}],"GameServerSessionData":"{\"round\":1}","GameServerSessionId":"match-1","IdempotencyToken":"token-1"})");
    call("CreateGameServerSession", "another request under that token",
         R"({"AliasId":"$alias","MaximumPlayerSessionCount":11,"IdempotencyToken":"token-1"})");
    known["plain"] =
        call("CreateGameServerSession", "by fleet, with what is required",
             R"({"FleetId":"$fleet","MaximumPlayerSessionCount":2})")["GameServerSession.GameServerSessionId"];
    call("CreateGameServerSession", "if both are given, the fleet wins",
         R"({"FleetId":"$one","AliasId":"$alias","MaximumPlayerSessionCount":0})");
    call("CreateGameServerSession", "no idle process", R"({"FleetId":"$one","MaximumPlayerSessionCount":2})");
    call("CreateGameServerSession", "through a terminal alias",
         R"({"AliasId":"$closed","MaximumPlayerSessionCount":2})");
    call("CreateGameServerSession", "on a fleet that is not ACTIVE",
         R"({"FleetId":"$younger","MaximumPlayerSessionCount":2})");
    call("CreateGameServerSession", "on a fleet that does not exist",
         R"({"FleetId":"fleet-00000000-00000000","MaximumPlayerSessionCount":2})");
    call("CreateGameServerSession", "on a fleet of another region",
         R"({"FleetId":"$tokyo","MaximumPlayerSessionCount":2})");
    call("CreateGameServerSession", "through an alias that does not exist",
         R"({"AliasId":"alias-00000000-00000000","MaximumPlayerSessionCount":2})");
    call("CreateGameServerSession", "with an id that is taken",
         R"({"FleetId":"$fleet","MaximumPlayerSessionCount":2,"GameServerSessionId":"match-1"})");
    call("CreateGameServerSession", "the creator's first",
         R"({"FleetId":"$limited","MaximumPlayerSessionCount":2,"CreatorId":"bob"})");
    call("CreateGameServerSession", "more than the creator may make",
         R"({"FleetId":"$limited","MaximumPlayerSessionCount":2,"CreatorId":"bob"})");
    call("CreateGameServerSession", "more players than a session takes",
         R"({"FleetId":"$fleet","MaximumPlayerSessionCount":201})");
    call("CreateGameServerSession", "neither fleet nor alias", R"({"MaximumPlayerSessionCount":2})");
    call("CreateGameServerSession", "without a number of players", R"({"FleetId":"$fleet"})");
    call("CreateGameServerSession", "with a number as text", R"({"FleetId":"$fleet","MaximumPlayerSessionCount":"2"})");
    call("CreateGameServerSession", "with a negative number", R"({"FleetId":"$fleet","MaximumPlayerSessionCount":-1})");
    call(
        "CreateGameServerSession",
        "with 17 properties", R"({"FleetId":"$fleet","MaximumPlayerSessionCount":1,"GameProperties":[)" + [] {
            std::string list;
            for (int i = 0; i < 17; ++i)
                list += std::string(i ? "," : "") + R"({"Key":"k)" + std::to_string(i) + R"(","Value":"v"})";
            return list;
        }() + "]}");

    const std::string ended = world.make_session(fleet);
    world.host().end_match(ended);
    for (const std::string action : {"DescribeGameServerSessions", "DescribeGameServerSessionDetails"}) {
        const std::string list =
            action == "DescribeGameServerSessions" ? "GameServerSessions" : "GameServerSessionDetails";
        call(action, "of the fleet an alias points to now, in order of creation", R"({"AliasId":"$alias"})");
        const Answer page = call(action, "the first page of one", R"({"FleetId":"$fleet","Limit":1})");
        EXPECT_EQ(page.count(list), 1U);
        known["token"] = page["NextToken"];
        call(action, "the page behind it", R"({"FleetId":"$fleet","Limit":2,"NextToken":"$token"})");
        call(action, "of one state", R"({"FleetId":"$fleet","StatusFilter":"TERMINATED"})");
        call(action, "of a state that none is in", R"({"FleetId":"$fleet","StatusFilter":"ACTIVATING"})");
        call(action, "by id", R"({"GameServerSessionId":"$plain"})");
        call(action, "by id, in another state", R"({"GameServerSessionId":"$plain","StatusFilter":"ERROR"})");
        call(action, "one that does not exist",
             R"({"GameServerSessionId":"qcs::gse:ap-shanghai:uin/1:gameserversession/fleet-1/gssess-1"})");
        call(action, "one of another region", R"({"GameServerSessionId":"$plain"})", "ap-tokyo");
        call(action, "through a terminal alias", R"({"AliasId":"$closed"})");
        call(action, "of a fleet that does not exist", R"({"FleetId":"fleet-00000000-00000000"})");
        call(action, "with nothing to go by", "{}");
        call(action, "with a token that is not ours", R"({"FleetId":"$fleet","NextToken":"nextToken-1"})");
        call(action, "with a limit of nothing", R"({"FleetId":"$fleet","Limit":0})");
        call(action, "with a state that does not exist", R"({"FleetId":"$fleet","StatusFilter":"SLEEPING"})");
    }

    world.join(known["plain"], "ann");
    world.join(known["plain"], "bob");
    call(
        "UpdateGameServerSession", "everything",
        R"({"GameServerSessionId":"$plain","MaximumPlayerSessionCount":20,"Name":"saturday","PlayerSessionCreationPolicy":"DENY_ALL","ProtectionPolicy":"FullProtection"})");
    call("UpdateGameServerSession", "nothing", R"({"GameServerSessionId":"$plain"})");
    call("UpdateGameServerSession", "fewer seats than players",
         R"({"GameServerSessionId":"$plain","MaximumPlayerSessionCount":1})");
    call("UpdateGameServerSession", "more players than a session takes",
         R"({"GameServerSessionId":"$plain","MaximumPlayerSessionCount":201})");
    call("UpdateGameServerSession", "a policy that does not exist",
         R"({"GameServerSessionId":"$plain","ProtectionPolicy":"SomeProtection"})");
    call("UpdateGameServerSession", "one that does not exist",
         R"({"GameServerSessionId":"qcs::gse:ap-shanghai:uin/1:gameserversession/fleet-1/gssess-1"})");
    call("UpdateGameServerSession", "one of another region", R"({"GameServerSessionId":"$plain"})", "ap-tokyo");
    known["ended"] = ended;
    call("UpdateGameServerSession", "one that has ended", R"({"GameServerSessionId":"$ended","Name":"x"})");
    call("UpdateGameServerSession", "without an id", "{}");

    call("EndGameServerSessionAndProcess", "under FullProtection", R"({"GameServerSessionId":"$plain"})");
    call("EndGameServerSessionAndProcess", "one that does not exist",
         R"({"GameServerSessionId":"qcs::gse:ap-shanghai:uin/1:gameserversession/fleet-1/gssess-1"})");
    call("EndGameServerSessionAndProcess", "one of another region", R"({"GameServerSessionId":"$first"})", "ap-tokyo");
    call("EndGameServerSessionAndProcess", "with nothing to go by", "{}");
    call("EndGameServerSessionAndProcess", "an address without a port", R"({"IpAddress":"10.0.0.1"})");
    call("EndGameServerSessionAndProcess", "an address where nobody listens",
         R"({"IpAddress":"10.9.9.9","Port":1025})");
    call("EndGameServerSessionAndProcess", "a port that no game can have", R"({"IpAddress":"10.0.0.1","Port":80})");
    known["port"] = first["GameServerSession.Port"];
    call("EndGameServerSessionAndProcess", "a port of another region", R"({"IpAddress":"10.0.0.1","Port":$port})",
         "ap-tokyo");
    call("EndGameServerSessionAndProcess", "by address", R"({"IpAddress":"10.0.0.1","Port":$port})");
    EXPECT_EQ(world.session_status(known["first"]), "TERMINATED");
    call("EndGameServerSessionAndProcess", "one that has ended", R"({"GameServerSessionId":"$first"})");
    world.call("UpdateGameServerSession",
               {{"GameServerSessionId", known["plain"]}, {"ProtectionPolicy", "TimeLimitProtection"}});
    call("EndGameServerSessionAndProcess", "by id", R"({"GameServerSessionId":"$plain"})");
    EXPECT_EQ(world.session_status(known["plain"]), "TERMINATED");
}

}  // namespace
}  // namespace gse::testing
