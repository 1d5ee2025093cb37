#include "main/request_log.h"

#include <gmock/gmock.h>

namespace gse {
namespace {

using ::testing::ElementsAre;

struct FakeApi final : engine::ApiPort {
    void call(engine::ApiCall call, std::move_only_function<void(std::string)> done) override {
        done(answers.at(call.action));
    }
    std::map<std::string, std::string> answers;
};
struct FakeSink final : engine::ChangeSink {
    [[nodiscard]] core::WatchLevel wanted() const override { return level; }
    void take(engine::Changes changes) override {
        for (auto& change : changes.list) taken.push_back(std::move(change));
    }
    core::WatchLevel level = core::WatchLevel::Nothing;
    std::vector<engine::Change> taken;
};

struct RequestLogTest : ::testing::Test {
    void ask(const std::string& action, const std::string& request_id) {
        log.call({.action = action, .request_id = request_id, .json = {}, .flat = {}}, [](const std::string&) {});
    }
    void change(engine::Change what) {
        engine::Changes changes;
        changes.list.push_back(std::move(what));
        log.take(std::move(changes));
    }
    FakeApi api;
    FakeSink sink;
    ManualClock clock;
    std::vector<std::string> lines;
    RequestLog log{api,
                   sink,
                   clock,
                   [this](const LogFields& fields) { lines.push_back(fields_as_text(fields)); },
                   {.lines_per_second = 5, .known_max = 3}};
};

TEST_F(RequestLogTest, ARequestIdLeadsFromTheCallToTheAcceptedPlayer) {
    api.answers["StartGameServerSessionPlacement"] =
        R"({"Response":{"GameServerSessionPlacement":{"PlacementId":"match-1"},"RequestId":"r-1"}})";
    const std::string session = "qcs::gse:ap-shanghai:uin/1:gameserversession/fleet-1/gssess-1-2/match-1";
    ask("StartGameServerSessionPlacement", "r-1");
    change(engine::PlacementChange{.region = "ap-shanghai", .id = "match-1", .queue = "ranked"});
    change(engine::SessionChange{.region = "ap-shanghai", .fleet_id = "fleet-1", .id = session});
    change(engine::PlacementChange{.region = "ap-shanghai",
                                   .id = "match-1",
                                   .queue = "ranked",
                                   .session_id = session,
                                   .status = PlacementStatus::Fulfilled});
    change(engine::PlayerChange{.session_id = session, .player_id = "ada b", .status = PlayerStatus::Active});
    EXPECT_THAT(
        lines,
        ElementsAre("event=request request_id=r-1 action=StartGameServerSessionPlacement region= outcome=OK ms=0 "
                    "placement=match-1",
                    "event=placement request_id=r-1 placement=match-1 queue=ranked status=PENDING",
                    "event=session request_id=r-1 session=" + session + " fleet=fleet-1 status=ACTIVATING reason=",
                    "event=placement request_id=r-1 placement=match-1 queue=ranked status=FULFILLED session=" + session,
                    "event=player request_id=r-1 session=" + session + " player=\"ada b\" status=ACTIVE"));
}

TEST_F(RequestLogTest, ReadsAreSilentUnlessTheyAreRefused) {
    api.answers["ListFleets"] = R"({"Response":{"FleetIds":[],"RequestId":"r"}})";
    api.answers["DescribeAlias"] =
        R"({"Response":{"Error":{"Code":"ResourceNotFound","Message":"no"},"RequestId":"r"}})";
    ask("ListFleets", "r-1");
    ask("DescribeAlias", "r-2");
    EXPECT_THAT(lines, ElementsAre("event=request request_id=r-2 action=DescribeAlias region= "
                                   "outcome=ResourceNotFound ms=0"));
}

TEST(FieldsAsText, HoldNothingThatATerminalObeys) {
    using namespace std::string_literals;
    const struct {
        std::string value;
        const char* text;
    } kCases[] = {
        {"plain", "v=plain"},
        {"舰队é", "v=舰队é"},
        {"two words", "v=\"two words\""},
        {"a=b", "v=\"a=b\""},
        {"a\nevent=request", "v=\"a\\nevent=request\""},
        {"a\x1b[2Jb", "v=\"a\\u001b[2Jb\""},
        {"a\0b"s, "v=\"a\\u0000b\""},
        {"\b\f", "v=\"\\b\\f\""},
        {"a\x7f", "v=\"a\\u007f\""},
        {"a\xC2\x9B[2J", "v=\"a\\u009b[2J\""},
        {"", "v="},
    };
    for (const auto& c : kCases) EXPECT_EQ(fields_as_text({{"v", c.value}}), c.text);
}

TEST_F(RequestLogTest, WhatAdmitsAPlayerIsInNoLine) {
    api.answers["JoinGameServerSession"] =
        R"({"Response":{"PlayerSession":{"PlayerSessionId":"psess-secret"},"RequestId":"r"}})";
    ask("JoinGameServerSession", "r-1");
    ASSERT_EQ(lines.size(), 1);
    EXPECT_EQ(lines[0].find("secret"), std::string::npos);
}

TEST_F(RequestLogTest, IsBoundedAndSaysWhatItLeftOff) {
    api.answers["DeleteAlias"] = R"({"Response":{"RequestId":"r"}})";
    for (int i = 0; i < 8; ++i) ask("DeleteAlias", "r");
    EXPECT_EQ(lines.size(), 5);
    clock.advance(Millis{1'000});
    ask("DeleteAlias", "r");
    ASSERT_EQ(lines.size(), 7);
    EXPECT_EQ(lines[5], "event=left_off lines=3");
}

TEST_F(RequestLogTest, ListenersGetWhatTheyWantAndNoMore) {
    change(engine::FleetChange{.id = "fleet-1"});
    EXPECT_TRUE(sink.taken.empty()) << "nobody listens";
    sink.level = core::WatchLevel::AllButPlayers;
    change(engine::FleetChange{.id = "fleet-1"});
    change(engine::PlayerChange{.player_id = "ada"});
    EXPECT_EQ(sink.taken.size(), 1);
    sink.level = core::WatchLevel::All;
    change(engine::PlayerChange{.player_id = "ada"});
    EXPECT_EQ(sink.taken.size(), 2);
}

TEST(LogFields, AreJsonMembersToo) {
    EXPECT_EQ(fields_as_json({{"event", "player"}, {"player", "a\"b"}}), R"("event":"player","player":"a\"b")");
}

}  // namespace
}  // namespace gse
