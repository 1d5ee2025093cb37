#include "events/event_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gse::events {
namespace {

using testing::HasSubstr;

Event event(std::string data, Kind kind = Kind::Fleet, std::vector<std::string> about = {"fleet-a"},
            std::string region = "r") {
    return {kind, std::move(region), std::move(about), std::move(data)};
}

std::string all(const EventRing& ring, Cursor cursor, const Filter& filter = {}) {
    std::string out;
    for (std::string piece; !(piece = ring.read(cursor, filter, 64)).empty();) out += piece;
    return out;
}

TEST(EventRing, GivesEventsInTheirOrderWithIds) {
    EventRing ring{7, {}};
    const Cursor begin = ring.end();
    ring.push(event("1"));
    ring.push(event("2", Kind::Alias));
    EXPECT_EQ(all(ring, begin), "id: 7-1\nevent: fleet\ndata: 1\n\nid: 7-2\nevent: alias\ndata: 2\n\n");
    EXPECT_EQ(all(ring, ring.end()), "");
}

TEST(EventRing, ResumesBehindTheIdThatWasSeenLast) {
    EventRing ring{7, {}};
    for (const char* data : {"1", "2", "3"}) ring.push(event(data));
    EXPECT_EQ(all(ring, ring.resume("7-2")), "id: 7-3\nevent: fleet\ndata: 3\n\n");
    EXPECT_EQ(all(ring, ring.resume("7-3")), "");
}

TEST(EventRing, AnIdOfAnotherRunIsToldOfTheRestart) {
    EventRing ring{7, {}};
    ring.push(event("1"));
    for (const char* id : {"6-1", "7-9", "7", "7-", "-1", "x-1", "7-1x", ""}) {
        const std::string told = all(ring, ring.resume(id));
        EXPECT_EQ(told, "id: 7-1\nevent: dropped\ndata: {\"Reason\":\"Restarted\",\"Count\":null}\n\n") << id;
    }
}

TEST(EventRing, ItsBoundsHoldAndWhoeverIsBehindIsTold) {
    EventRing ring{7, {.events = 3, .bytes = 1 << 20}};
    const Cursor begin = ring.end();
    for (int i = 1; i <= 10; ++i) ring.push(event(std::to_string(i)));
    EXPECT_EQ(ring.size(), 3u);
    const std::string seen = all(ring, begin);
    EXPECT_THAT(seen, testing::StartsWith(
                          "id: 7-7\nevent: dropped\ndata: {\"Reason\":\"TooFarBehind\",\"Count\":7}\n\nid: 7-8\n"));
    EXPECT_THAT(seen, HasSubstr("data: 10\n"));

    EventRing small{7, {.events = 1'000, .bytes = 4'000}};
    for (int i = 0; i < 100; ++i) small.push(event(std::string(500, 'x')));
    EXPECT_LE(small.bytes(), 4'000u);
    EXPECT_GE(small.size(), 1u);
}

TEST(EventRing, WhatNeverCameInIsToldInItsPlace) {
    EventRing ring{7, {}};
    const Cursor begin = ring.end();
    ring.push(event("1"));
    ring.skip(5);
    ring.push(event("2"));
    ring.skip(0);
    EXPECT_EQ(all(ring, begin),
              "id: 7-1\nevent: fleet\ndata: 1\n\n"
              "id: 7-2\nevent: dropped\ndata: {\"Reason\":\"TooMany\",\"Count\":5}\n\n"
              "id: 7-3\nevent: fleet\ndata: 2\n\n"
              "id: 7-4\nevent: dropped\ndata: {\"Reason\":\"TooMany\",\"Count\":null}\n\n");
    EXPECT_EQ(all(ring, ring.resume("7-4")), "") << "told once";
}

TEST(EventRing, AfterAPauseNobodyIsToldThatNothingHappened) {
    EventRing ring{7, {}};
    ring.push(event("1"));
    const Cursor seen = ring.end();
    ring.clear();
    EXPECT_THAT(all(ring, seen), HasSubstr("\"Reason\":\"TooFarBehind\",\"Count\":null"));
    EXPECT_EQ(all(ring, ring.end()), "");
}

TEST(EventRing, FiltersByRegionByIdAndByKind) {
    const Event fleet = event("{}", Kind::Fleet, {"fleet-a"}, "r");
    const Event alias = event("{}", Kind::Alias, {"alias-1", "fleet-a", "fleet-b"}, "r");
    const Event player = event("{}", Kind::PlayerSession, {"fleet-a"}, "r");
    const struct {
        const char* what;
        Filter filter;
        const Event& event;
        bool passes;
    } kCases[] = {
        {"no filter lets a fleet pass", {}, fleet, true},
        {"players only on request", {}, player, false},
        {"players on request", {.region = {}, .ids = {}, .players = true}, player, true},
        {"its region", {.region = "r", .ids = {}}, fleet, true},
        {"another region", {.region = "q", .ids = {}}, fleet, false},
        {"its fleet", {.region = {}, .ids = {"fleet-a"}}, fleet, true},
        {"another fleet", {.region = {}, .ids = {"fleet-b"}}, fleet, false},
        {"one of several ids", {.region = {}, .ids = {"alias-9", "fleet-a"}}, fleet, true},
        {"an alias by its id", {.region = {}, .ids = {"alias-1"}}, alias, true},
        {"an alias by the fleet that it leads to", {.region = {}, .ids = {"fleet-b"}}, alias, true},
    };
    for (const auto& c : kCases) EXPECT_EQ(c.filter.passes(c.event), c.passes) << c.what;
}

TEST(EventRing, WhatIsFilteredOutStillMovesTheMark) {
    EventRing ring{7, {}};
    Cursor cursor = ring.end();
    const Filter filter{.region = {}, .ids = {"fleet-b"}};
    ring.push(event("1"));
    EXPECT_EQ(ring.read(cursor, filter, 1'000), "");
    EXPECT_EQ(ring.mark(cursor), "id: 7-1\n\n");
}

}  // namespace
}  // namespace gse::events
