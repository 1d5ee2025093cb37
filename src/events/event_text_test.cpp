#include "events/event_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gse::events {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr WallTime kTime{1'600'000'000'000};

TEST(EventText, SpeaksWithTheFieldsOfTheApi) {
    const Event fleet = event_of(engine::FleetChange{.region = "ap-shanghai",
                                                     .id = "fleet-a",
                                                     .name = "arena",
                                                     .status = FleetStatus::Active,
                                                     .from = FleetStatus::Activating,
                                                     .numbers = {.desired = 2,
                                                                 .max = 3,
                                                                 .instances_active = 1,
                                                                 .processes_active = 10,
                                                                 .sessions_activating = 1,
                                                                 .sessions_active = 4,
                                                                 .players = 7,
                                                                 .players_max = 50}},
                                 kTime);
    EXPECT_EQ(fleet.data,
              R"({"Kind":"fleet","Region":"ap-shanghai","Time":"2020-09-13T12:26:40Z","FleetId":"fleet-a",)"
              R"("Name":"arena","Status":"ACTIVE","FromStatus":"ACTIVATING","InstanceCounts":{"Desired":2,"MiniNum":0,)"
              R"("MaxiNum":3,"Pending":0,"Active":1,"Terminating":0},"ActiveServerProcessCount":10,)"
              R"("ActiveGameServerSessionCount":4,"ActivatingGameServerSessionCount":1,)"
              R"("AvailableGameServerSessions":5,"CurrentPlayerSessionCount":7,"MaximumPlayerSessionCount":50})");
    EXPECT_EQ(fleet.about, std::vector<std::string>{"fleet-a"});
}

TEST(EventText, AnAliasSaysFromWhereToWhere) {
    const engine::AliasRouting old_way{AliasType::Simple, "fleet-a", ""};
    const engine::AliasRouting new_way{AliasType::Terminal, "", "维护 \"soon\"\n"};
    const Event moved = event_of(
        engine::AliasChange{.region = "r", .id = "alias-1", .name = "live", .from = old_way, .to = new_way}, kTime);
    EXPECT_THAT(moved.data,
                HasSubstr(R"("RoutingStrategy":{"Type":"TERMINAL","FleetId":null,"Message":"维护 \"soon\"\n"},)"
                          R"("FromRoutingStrategy":{"Type":"SIMPLE","FleetId":"fleet-a","Message":null})"));
    EXPECT_EQ(moved.about, (std::vector<std::string>{"alias-1", "fleet-a"}));
    const Event gone =
        event_of(engine::AliasChange{.region = "r", .id = "alias-1", .name = "live", .from = old_way, .to = {}}, kTime);
    EXPECT_THAT(gone.data, Not(HasSubstr("\"RoutingStrategy\"")));
}

TEST(EventText, AnEventIsOneLine) {
    const Event session = event_of(
        engine::SessionChange{
            .region = "r", .fleet_id = "fleet-a", .id = "s", .name = "a\nb\r\n\nid: 9-9", .reason = "x"},
        kTime);
    EXPECT_EQ(session.data.find_first_of("\r\n"), std::string::npos) << "a name must not end the event";
}

}  // namespace
}  // namespace gse::events
