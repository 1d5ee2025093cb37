// Texts that strangers wrote: parameters, launch paths, log paths, names in packages, our own small files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "agent/command_line.h"
#include "agent/game_path.h"
#include "agent/launch_path.h"
#include "agent/record.h"
#include "base/temp_folder.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SplitParameters, LikeAShellWithoutExpansion) {
    struct Case {
        const char* name;
        const char* text;
        std::vector<std::string> want;
    };
    const Case kCases[] = {
        {"nothing", "", {}},
        {"blanks only", " \t ", {}},
        {"words", "-jar  game.jar", {"-jar", "game.jar"}},
        {"single quotes keep everything", "'a b' 'c\\d'", {"a b", "c\\d"}},
        {"double quotes keep blanks", "\"a b\" c", {"a b", "c"}},
        {"quotes within a word", "--title='My game'\" 2\"", {"--title=My game 2"}},
        {"an empty word", "'' \"\"", {"", ""}},
        {"a backslash takes the next", "a\\ b \\\" \\\\", {"a b", "\"", "\\"}},
        {"in double quotes only before quote and backslash", "\"\\\"\\\\\\n\"", {"\"\\\\n"}},
        {"nothing is expanded", "$HOME `id` *", {"$HOME", "`id`", "*"}},
    };
    for (const auto& c : kCases) EXPECT_EQ(split_parameters(c.text).value(), c.want) << c.name;
    for (const char* bad : {"'open", "\"open", "end\\"}) EXPECT_FALSE(split_parameters(bad)) << bad;
}

TEST(FillPorts, ReplacesEveryMark) {
    EXPECT_EQ(fill_ports("--port {client_port} -g={grpc_port} {client_port} {other}", 7000, 7001),
              "--port 7000 -g=7001 7000 {other}");
}

TEST(BelowGameRoot, NothingLeadsOutside) {
    struct Case {
        const char* path;
        const char* folder;
        const char* want;  ///< nullptr: refused
    };
    const Case kCases[] = {
        {"/local/game/bin/server", "/local/game", "bin/server"},
        {"/local/game", "/local/game", ""},
        {"/local/game/", "/local/game", ""},
        {"./logs", "/local/game/bin", "bin/logs"},
        {"../logs", "/local/game/bin", "logs"},
        {"/local/game/../../etc/shadow", "/local/game", nullptr},
        {"../../../etc/shadow", "/local/game/bin", nullptr},
        {"/etc/shadow", "/local/game", nullptr},
        {"/local/gameover", "/local/game", nullptr},
        {"/", "/local/game", nullptr},
    };
    for (const auto& c : kCases) {
        const auto below = below_game_root(c.path, c.folder);
        EXPECT_EQ(below.has_value(), c.want != nullptr) << c.path;
        if (below && c.want) {
            EXPECT_EQ(*below, c.want) << c.path;
        }
    }
}

TEST(MapGamePaths, OnlyWholeNames) {
    EXPECT_EQ(map_game_paths("/local/game/x", "/d"), "/d/x");
    EXPECT_EQ(map_game_paths("--dir=/local/game", "/d"), "--dir=/d");
    EXPECT_EQ(map_game_paths("/local/games /x/local/game", "/d"), "/local/games /x/local/game");
    EXPECT_EQ(unmap_game_path("/d/x/log", "/d/x"), "/local/game/log");
    EXPECT_EQ(unmap_game_path("/d/x", "/d/x"), "/local/game");
    EXPECT_EQ(unmap_game_path("/d/xy/log", "/d/x"), "/d/xy/log");
    EXPECT_EQ(unmap_game_path("log", "/d/x"), "log");
    EXPECT_EQ(map_game_paths("/local/game:/local/game/lib", "/local/game/d"), "/local/game/d:/local/game/d/lib")
        << "no endless replacing";
}

TEST(WorkingFolder, IsThatOfTheProgram) {
    EXPECT_EQ(working_folder_of("/local/game/server"), "/local/game");
    EXPECT_EQ(working_folder_of("/local/game/bin/../srv/server"), "/local/game/srv");
}

TEST(LaunchPath, FollowsLinksAsTheGameWould) {
    const TempFolder folder = TempFolder::make("gse-launch").value();
    const fs::path& dir = folder.path();
    fs::create_directory(dir / "jdk");
    std::ofstream(dir / "jdk/java") << "x";
    std::ofstream(dir / "plain") << "x";
    fs::create_symlink("/local/game/jdk/java", dir / "java");
    fs::create_symlink("jdk/java", dir / "relative");
    fs::create_symlink("/usr/bin/env", dir / "system");
    fs::create_symlink("/root/secret", dir / "outside");
    fs::create_symlink("loop", dir / "loop");
    EXPECT_EQ(find_launch_path("/local/game/java", dir).value(), dir / "jdk/java");
    EXPECT_EQ(find_launch_path("/local/game/relative", dir).value(), dir / "jdk/java");
    EXPECT_TRUE(find_launch_path("/local/game/system", dir));
    for (const char* bad :
         {"/local/game/outside", "/local/game/loop", "/local/game/missing", "/local/game/jdk", "/usr/bin/env"})
        EXPECT_FALSE(find_launch_path(bad, dir)) << bad;
    EXPECT_THAT(find_launch_path("/local/game/missing", dir).error().message,
                HasSubstr("/local/game/missing is not in the package"));
    chmod((dir / "plain").c_str(), 0644);
    EXPECT_TRUE(make_launchable("/local/game/plain", dir).value()) << "zips made on Windows carry no execute bits";
    EXPECT_FALSE(make_launchable("/local/game/plain", dir).value()) << "the second time there is nothing to do";
    EXPECT_EQ(access((dir / "plain").c_str(), X_OK), 0);
}

TEST(Record, KeepsAnyBytes) {
    Record record;
    record.set("text", std::string_view("a=b\nc%\0d", 8)).set("number", -5).set("list", {"x", "", "y z"});
    const Record back = Record::decode(record.encode()).value();
    EXPECT_EQ(back.text("text"), std::string("a=b\nc%\0d", 8));
    EXPECT_EQ(back.number("number"), -5);
    EXPECT_EQ(back.number("absent", 7), 7);
    EXPECT_THAT(back.list("list"), ElementsAre("x", "", "y z"));
    EXPECT_FALSE(Record::decode("no equals sign\n"));
}

}  // namespace
}  // namespace gse::agent
