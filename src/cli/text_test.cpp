#include "cli/text.h"

#include <gtest/gtest.h>

namespace gse::cli {
namespace {

TEST(Table, AlignsColumnsAndLeavesNoBlanksBehind) {
    Table table{{"ID", "NAME"}};
    table.add({"fleet-1", "a"});
    table.add({"f", "longer"});
    EXPECT_EQ(table.text(), "ID       NAME\nfleet-1  a\nf        longer\n");
}

TEST(Table, ChineseTakesTwoColumns) {
    Table table{{"NAME", "X"}};
    table.add({"舰队", "1"});
    table.add({"abcd", "2"});
    EXPECT_EQ(table.text(), "NAME  X\n舰队  1\nabcd  2\n");
}

TEST(Table, NobodyMovesTheCursorFromInsideACell) {
    Table table{{"NAME"}};
    table.add(
        {"a\x1b[2Jb\nc\xc2\x9b"
         "d"});
    EXPECT_EQ(table.text(), "NAME\na?[2Jb?c?d\n");
}

TEST(PrettyJson, IndentsAndTouchesNoValue) {
    const struct {
        const char* name;
        const char* json;
        const char* want;
    } kCases[] = {
        {"an object", R"({"a":1,"b":[1,2]})", "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ]\n}"},
        {"empty ones stay on their line", R"({"a":[],"b":{ }})", "{\n  \"a\": [],\n  \"b\": {}\n}"},
        {"signs inside texts are no structure", R"({"a":"{[,:]}\"\\"})", "{\n  \"a\": \"{[,:]}\\\"\\\\\"\n}"},
        {"what was pretty stays pretty", "{\n  \"a\": 1.0\n}", "{\n  \"a\": 1.0\n}"},
        {"a cut text does no harm", R"({"a":"\)", "{\n  \"a\": \"\\"},
        {"too many closing brackets do no harm", "]]}", "\n]\n]\n}"},
    };
    for (const auto& c : kCases) EXPECT_EQ(pretty_json(c.json), c.want) << c.name;
}

}  // namespace
}  // namespace gse::cli
