#include <gtest/gtest.h>

#include "core/enrolment.h"
#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

TEST(GoldenHosts, EveryActionAndItsRefusals) {
    World world;
    Golden golden(world);
    world.host().behaviour.may_be_closed = true;
    std::map<std::string, std::string, std::greater<>> known;
    const auto call = [&](const std::string& action, const std::string& sentence, std::string json,
                          const std::string& region = "") {
        return golden.call(action, sentence, fill(std::move(json), known), region);
    };

    known["token"] = call("CreateHostToken", "for an hour, for a host of any region", "{}")["HostToken.TokenId"];
    call("CreateHostToken", "for a region, described",
         R"({"Region":"ap-tokyo","TtlSeconds":86400,"Description":"rack 7"})");
    call("CreateHostToken", "for a region that is not there", R"({"Region":"mars"})");
    call("CreateHostToken", "for longer than a week", R"({"TtlSeconds":604801})");
    call("CreateHostToken", "for no time at all", R"({"TtlSeconds":59})");
    call("CreateHostToken", "with a parameter it does not define", R"({"Secret":"mine"})");
    world.settings.limits.host_tokens = 2;
    call("CreateHostToken", "beyond the limit", "{}");
    world.settings.limits.host_tokens = 1'000;

    call("ListHostTokens", "all, by age; no secret", "{}");
    call("ListHostTokens", "the last page of one", R"({"Offset":1,"Limit":1})");
    call("ListHostTokens", "a page behind the end", R"({"Offset":2})");
    call("ListHostTokens", "a page of nothing", R"({"Limit":0})");
    call("DeleteHostToken", "a token", R"({"TokenId":"$token"})");
    call("DeleteHostToken", "one that is gone", R"({"TokenId":"$token"})");
    call("DeleteHostToken", "without an id", "{}");

    world.add_host({.name = "big-iron",
                    .region = "ap-shanghai",
                    .address = "203.0.113.9",
                    .instances = 8,
                    .instance_types = {"S5.LARGE8"},
                    .cpus = 16,
                    .memory_bytes = 32ULL << 30});
    const std::string fleet = world.make_fleet({.processes = 2});
    const std::string session = world.make_session(fleet);
    world.join(session, "ann");
    const std::size_t busy = world.host(0).games().empty() ? 1 : 0;
    known["busy"] = world.host(busy).options().name;
    known["other"] = world.host(1 - busy).options().name;
    world.host(busy).behaviour.may_be_closed = true;
    world.advance(2s);
    call("ListHosts", "all, oldest first", "{}");
    call("ListHosts", "one of them, by name", R"({"HostId":"big-iron"})");
    call("ListHosts", "the second page of one", R"({"Offset":1,"Limit":1})");
    call("ListHosts", "a page behind the end", R"({"Offset":9})");
    call("ListHosts", "one that does not exist", R"({"HostId":"host-none"})");
    call("ListHosts", "a page of nothing", R"({"Limit":0})");

    call("UpdateHost", "no further instances there", R"({"HostId":"$other","Availability":"CORDONED"})");
    call("UpdateHost", "open again", R"({"HostId":"$other","Availability":"OPEN"})");
    call("UpdateHost", "drained: the session there goes on", R"({"HostId":"$busy","Availability":"DRAINING"})");
    EXPECT_EQ(world.session_status(session), "ACTIVE");
    call("UpdateHost", "to something a host cannot be", R"({"HostId":"$busy","Availability":"CLOSED"})");
    call("UpdateHost", "one that does not exist", R"({"HostId":"host-none","Availability":"OPEN"})");
    call("UpdateHost", "to nothing in particular", R"({"HostId":"$busy"})");

    call("RemoveHost", "while a session runs there", R"({"HostId":"$busy"})");
    call("RemoveHost", "by force", R"({"HostId":"$busy","Force":true})");
    EXPECT_EQ(world.session_status(session), "ERROR");
    call("RemoveHost", "one that is gone", R"({"HostId":"$busy"})");
    call("RemoveHost", "without an id", "{}");
    call("RemoveHost", "with a word for a truth value", R"({"HostId":"$other","Force":"perhaps"})");
    world.put_agent_inside();
    call("RemoveHost", "the agent inside gse dev", R"({"HostId":"$other"})");
}

}  // namespace
}  // namespace gse::testing
