// The rules of a match, without sockets: what goes in, what goes out, at which time.

#include "match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace gse::chat {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Time kStart{std::chrono::seconds(1'700'000'000)};

/// Writes down what the match does: `1 < chat hello`, `close 1 4001`, `accept psess-1` …
class Script final : public Stage {
public:
    void send(Connection to, const Message& message) override {
        const auto json = boost::json::parse(*message).as_object();
        std::string line = std::to_string(to) + " < " + std::string(json.at("type").as_string());
        for (const char* key : {"from", "text", "code"})
            if (const auto* value = json.if_contains(key))
                line += " " + (json.at("type") == "error" && std::string_view(key) == "text"
                                   ? std::string("…")
                                   : std::string(value->as_string()));
        if (json.at("type") == "chat") line += " #" + std::to_string(json.at("seq").to_number<int>());
        lines.push_back(line);
    }
    void close(Connection connection, CloseCode code, std::string_view) override {
        lines.push_back("close " + std::to_string(connection) + " " + std::to_string(static_cast<int>(code)));
    }
    void accept(Connection, const std::string& id) override { lines.push_back("accept " + id); }
    void remove(const std::string& id) override { lines.push_back("remove " + id); }
    void terminate_session() override { lines.push_back("terminate"); }
    void finish() override { lines.push_back("finish"); }

    std::vector<std::string> take() { return std::exchange(lines, {}); }
    std::vector<std::string> lines;
};

struct World {
    Script script;
    Match match{{.title = "t", .used_max = 4}, script};
    void enter(Connection connection, const std::string& name) {
        const std::string id = "psess-" + std::to_string(connection);
        match.join(connection, id, name, kStart);
        match.admitted(connection, id, kStart);
    }
    World& playing() {
        EXPECT_TRUE(match.begin("qcs::1", kStart));
        return *this;
    }
};

TEST(Match, APlayerIsHeardByAllInOneOrderAndByHimself) {
    World world;
    world.playing().enter(1, "Ann");
    world.enter(2, "Bob");
    EXPECT_THAT(world.script.take(), ElementsAre("accept psess-1", "1 < welcome Ann", "accept psess-2",
                                                 "1 < joined Bob", "2 < welcome Bob"));
    world.match.receive(2, R"({"type":"chat","text":"hi \"you\""})", kStart);
    world.match.receive(1, R"({"type":"chat","text":"你好"})", kStart);
    EXPECT_THAT(world.script.take(), ElementsAre("1 < chat Bob hi \"you\" #1", "2 < chat Bob hi \"you\" #1",
                                                 "1 < chat Ann 你好 #2", "2 < chat Ann 你好 #2"));
}

TEST(Match, WhoMayNotComeInIsToldWhy) {
    struct Case {
        const char* sentence;
        std::string id;
        const char* code;
        int close;
    };
    const Case cases[] = {
        {"an id is needed", "", "malformed", 4001},
        {"no spaces in an id", "psess 1", "malformed", 4001},
        {"no endless id", std::string(129, 'x'), "malformed", 4001},
        {"an id is used once", "psess-1", "used", 4001},
    };
    for (const Case& c : cases) {
        World world;
        world.playing().enter(1, "Ann");
        world.script.take();
        world.match.join(2, c.id, "Bob", kStart);
        EXPECT_THAT(world.script.take(),
                    ElementsAre(std::string("2 < error … ") + c.code, "close 2 " + std::to_string(c.close)))
            << c.sentence;
    }
}

TEST(Match, WithoutASessionNobodyIsAdmitted) {
    World world;
    world.match.join(1, "psess-1", "Ann", kStart);
    EXPECT_THAT(world.script.take(), ElementsAre("1 < error … no_session", "close 1 1013"));
}

TEST(Match, ALeftPlayerSessionStaysUsedAndARefusedOneDoesNot) {
    World world;
    world.playing().enter(1, "Ann");
    world.match.leave(1, kStart);
    world.match.join(2, "psess-1", "Ann", kStart);
    world.match.join(3, "psess-3", "Bob", kStart);
    world.match.refused(3, "psess-3", false, "later", kStart);
    world.match.join(4, "psess-3", "Bob", kStart);
    EXPECT_THAT(world.script.take(),
                ElementsAre("accept psess-1", "1 < welcome Ann", "remove psess-1", "2 < error … used", "close 2 4001",
                            "accept psess-3", "3 < error … unavailable", "close 3 1013", "accept psess-3"));
}

TEST(Match, RemembersOnlySoManyPlayerSessions) {
    World world;
    world.playing();
    for (Connection c = 1; c <= 4; ++c) world.enter(c, "");
    world.script.take();
    world.match.join(5, "psess-5", "", kStart);
    EXPECT_THAT(world.script.take(), ElementsAre("5 < error … full", "close 5 4001"));
}

TEST(Match, WhoLeavesBeforeTheAgentAnswersGivesTheSeatBack) {
    World world;
    world.playing().match.join(1, "psess-1", "Ann", kStart);
    world.match.leave(1, kStart);
    world.match.admitted(1, "psess-1", kStart);
    EXPECT_THAT(world.script.take(), ElementsAre("accept psess-1", "remove psess-1"));
}

TEST(Match, BadMessagesAreAnsweredToTheirSenderOnly) {
    World world;
    world.playing().enter(1, "Ann");
    world.enter(2, "Bob");
    world.script.take();
    for (const char* bad : {"", "{", "[]", "1", "{}", R"({"type":1})", R"({"type":"shout"})", R"({"type":"chat"})",
                            R"({"type":"chat","text":7})", R"({"type":"chat","text":""})"}) {
        world.match.receive(1, bad, kStart);
        EXPECT_THAT(world.script.take(), ElementsAre("1 < error … message")) << bad;
    }
    world.match.receive(9, R"({"type":"end"})", kStart);
    EXPECT_THAT(world.script.take(), IsEmpty()) << "a stranger is not heard";
}

TEST(Match, EndingTellsAllThenTheAgentInOrder) {
    World world;
    world.playing().enter(1, "Ann");
    world.enter(2, "Bob");
    world.match.join(3, "psess-3", "Cy", kStart);
    world.script.take();
    world.match.receive(2, R"({"type":"end"})", kStart);
    const std::string ended = " < ended Bob ended the game session. ended by a player";
    EXPECT_THAT(world.script.take(),
                ElementsAre("1" + ended, "2" + ended, "close 1 1000", "close 2 1000", "close 3 1000", "remove psess-1",
                            "remove psess-2", "terminate", "finish"));
    world.match.admitted(3, "psess-3", kStart);
    world.match.leave(1, kStart);
    world.match.terminate({}, kStart);
    world.match.interrupt(kStart);
    world.match.join(4, "psess-4", "Di", kStart);
    EXPECT_THAT(world.script.take(), ElementsAre("4 < error … ended", "close 4 4001")) << "it ends once";
    EXPECT_FALSE(world.match.begin("qcs::2", kStart)) << "one match per process";
}

TEST(Match, TheLobbyStaysOpenWhenTheLastPlayerLeaves) {
    World world;
    world.playing().enter(1, "Ann");
    world.match.leave(1, kStart);
    world.match.tick(kStart + 24h);
    EXPECT_FALSE(world.match.ended());
    EXPECT_EQ(world.match.next_tick(), std::nullopt);
}

TEST(Match, AskedToTerminateWhenIdleItFinishesAtOnce) {
    World world;
    world.match.terminate({}, kStart);
    EXPECT_THAT(world.script.take(), ElementsAre("finish"));
    EXPECT_FALSE(world.match.begin("qcs::1", kStart));
}

TEST(Match, AskedToTerminateWhenBusyItPlaysOn) {
    World world;
    world.playing().enter(1, "Ann");
    world.script.take();
    world.match.terminate({}, kStart);
    world.match.tick(kStart + 24h);
    EXPECT_THAT(world.script.take(), IsEmpty()) << "full protection: no deadline";
    world.match.leave(1, kStart + 24h);
    EXPECT_EQ(world.match.next_tick(), kStart + 24h + 65s);
    world.match.tick(kStart + 24h + 64s);
    EXPECT_FALSE(world.match.ended()) << "a reserved player may still come";
    world.match.tick(kStart + 24h + 65s);
    EXPECT_THAT(world.script.take(), ElementsAre("remove psess-1", "terminate", "finish"));
}

TEST(Match, WarnsBeforeItsDeadlineAndEndsInTime) {
    World world;
    world.playing().enter(1, "Ann");
    world.script.take();
    world.match.terminate(kStart + 300s, kStart);
    EXPECT_EQ(world.match.next_tick(), kStart + 270s);
    world.match.tick(kStart + 269s);
    EXPECT_THAT(world.script.take(), IsEmpty());
    world.match.tick(kStart + 270s);
    world.match.tick(kStart + 271s);
    EXPECT_THAT(world.script.take(), ElementsAre("1 < notice This server is about to end. deadline")) << "once";
    world.enter(2, "Bob");
    EXPECT_THAT(world.script.take(), ElementsAre("accept psess-2", "1 < joined Bob", "2 < welcome Bob",
                                                 "2 < notice This server is about to end. deadline"));
    EXPECT_EQ(world.match.next_tick(), kStart + 297s);
    world.match.tick(kStart + 297s);
    EXPECT_TRUE(world.match.ended());
    EXPECT_EQ(world.script.lines.back(), "finish");
}

TEST(Match, ADeadlineThatHasPassedEndsItAtOnce) {
    World world;
    world.playing().match.terminate(kStart - 1s, kStart);
    EXPECT_THAT(world.script.take(), ElementsAre("terminate", "finish"));
}

TEST(Match, TheLastDeadlineCounts) {
    World world;
    world.playing().enter(1, "Ann");
    world.match.terminate(kStart + 60s, kStart);
    world.match.terminate({}, kStart);
    EXPECT_EQ(world.match.next_tick(), std::nullopt);
    world.match.terminate(kStart + 600s, kStart);
    EXPECT_EQ(world.match.next_tick(), kStart + 570s);
}

TEST(Match, AnInterruptEndsEverythingInOrder) {
    World idle;
    idle.match.interrupt(kStart);
    idle.match.interrupt(kStart);
    EXPECT_THAT(idle.script.take(), ElementsAre("finish"));
    World busy;
    busy.playing().enter(1, "Ann");
    busy.script.take();
    busy.match.interrupt(kStart);
    EXPECT_THAT(busy.script.take(), ElementsAre("1 < ended This server is being stopped. stopped", "close 1 1000",
                                                "remove psess-1", "terminate", "finish"));
}

TEST(Match, ASessionThatCouldNotBeActivatedLeavesTheProcessFree) {
    World world;
    world.playing().match.join(1, "psess-1", "Ann", kStart);
    world.match.abandon("qcs::other");
    EXPECT_THAT(world.script.take(), ElementsAre("accept psess-1"));
    world.match.abandon("qcs::1");
    EXPECT_THAT(world.script.take(), ElementsAre("close 1 1013"));
    EXPECT_TRUE(world.match.begin("qcs::2", kStart));
    world.match.terminate({}, kStart);
    world.match.abandon("qcs::2");
    EXPECT_EQ(world.script.lines.back(), "finish") << "it was asked to end meanwhile";
}

TEST(Match, NamesAreCleanAndUnique) {
    struct Case {
        const char* sentence;
        std::string given;
        std::string want;
    };
    const Case cases[] = {
        {"kept as it is", "Ann", "Ann"},
        {"trimmed", "  Ann ", "Ann"},
        {"control characters are spaces", "A\nn\x7f", "A n"},
        {"long names are cut", std::string(40, 'x'), std::string(32, 'x')},
        {"characters are counted, not bytes",
         std::string("玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩家"),
         "玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩玩"},
        {"Chinese is text", "玩家一", "玩家一"},
        {"not UTF-8", "\xff\xfe", ""},
        {"cut in the middle of a character", "\xe4\xbd", ""},
        {"over-long form", "\xc0\xaf", ""},
        {"surrogate", "\xed\xa0\x80", ""},
        {"only spaces", "   ", ""},
    };
    for (const Case& c : cases) EXPECT_EQ(clean_name(c.given), c.want) << c.sentence;

    World world;
    world.playing().enter(1, "Ann");
    world.enter(2, "Ann");
    world.enter(3, "");
    EXPECT_THAT(world.match.status(), HasSubstr(R"~("players":["Ann","Ann (2)","Player 3"])~"));
}

}  // namespace
}  // namespace gse::chat
