#include "table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gse::demo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(InstanceHistory, KeepsChangesOnly) {
    InstanceHistory history;
    for (const std::uint64_t count : {1, 1, 2, 2, 2, 3, 2}) history.see(count);
    EXPECT_THAT(history.counts(), ElementsAre(1, 2, 3, 2));
    EXPECT_EQ(history.text(), "1 → 2 → 3 → 2");
    EXPECT_EQ(history.mark(), 3U);
}

TEST(InstanceHistory, RunsOneWay) {
    struct Case {
        const char* what;
        std::vector<std::uint64_t> counts;
        std::uint64_t first, last;
        bool runs;
    };
    const Case cases[] = {
        {"step by step", {1, 2, 3}, 1, 3, true},
        {"in one step", {1, 3}, 1, 3, true},
        {"down again on the way", {1, 2, 1, 3}, 1, 3, false},
        {"too far", {1, 2, 3, 4}, 1, 3, false},
        {"not far enough", {1, 2}, 1, 3, false},
        {"from elsewhere", {0, 1, 3}, 1, 3, false},
        {"shrinks", {3, 2, 1}, 3, 1, true},
        {"shrinks beyond the last", {3, 1, 0, 1}, 3, 1, false},
        {"nothing seen", {}, 1, 3, false},
    };
    for (const Case& c : cases) EXPECT_EQ(InstanceHistory::runs(c.counts, c.first, c.last), c.runs) << c.what;
}

TEST(Table, SumsRooms) {
    const RoomView a{.present = 2, .sent = 3, .heard = 6, .slowest = Millis{5}};
    const RoomView b{.present = 1, .sent = 1, .heard = 2, .missed = 4, .slowest = Millis{7}};
    const ChatRow chat = sum({a, b});
    EXPECT_EQ(chat.present, 3U);
    EXPECT_EQ(chat.sent, 4U);
    EXPECT_EQ(chat.heard, 8U);
    EXPECT_EQ(chat.missed, 4U);
    EXPECT_EQ(chat.slowest, Millis{7});
}

TEST(Table, ShowsStartingAndEndingInstances) {
    const FleetRow growing{
        .status = "ACTIVE", .active = 2, .pending = 1, .processes = 20, .sessions = 15, .players = 30};
    const FleetRow shrinking{.status = "ACTIVE", .active = 1, .terminating = 2};
    EXPECT_THAT(table_line(Millis{12'340}, {growing, shrinking}, {}),
                testing::AllOf(HasSubstr("12.3 |"), HasSubstr(" 2 +1 "), HasSubstr(" 1 -2 ")));
}

TEST(Table, LinesAreAsWideAsTheirHead) {
    // All of it is ASCII but the dash of a fleet that is not there: three bytes, one column.
    const std::string line = table_line(Millis{1'000}, {{.status = "DOWNLOADING"}, {.status = "ACTIVE"}}, {});
    EXPECT_EQ(line.size(), table_head().at(1).size());
    EXPECT_EQ(table_line(Millis{1'000}, {{.status = "DOWNLOADING"}, {}}, {}).size(), line.size() + 2);
}

}  // namespace
}  // namespace gse::demo
