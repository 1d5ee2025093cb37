#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/golden/golden.h"

namespace gse::testing {
namespace {

TEST(Golden, EveryActionHasRepliesAndRefusals) {
    std::stringstream page;
    page << std::ifstream(std::string(GSE_SOURCE_DIR) + "/docs/compatibility.md").rdbuf();
    const std::string listed = page.str();
    const auto ours = listed.find("\n## Extensions\n");
    ASSERT_NE(ours, std::string::npos) << "docs/compatibility.md lists extensions in a section of their own";
    int original = 0;
    for (const api::Action& described : api::actions()) {
        const std::string action(described.name);
        original += described.extension ? 0 : 1;
        std::ifstream file(golden_path(action));
        ASSERT_TRUE(file) << action << " has no golden replies";
        std::stringstream text;
        text << file.rdbuf();
        bool replies = false, refusals = false;
        const auto values = flatten_json(text.str());
        for (int i = 0; i < std::stoi(values.at("#")); ++i) {
            const bool refused = values.contains(std::to_string(i) + ".answer.Response.Error.Code");
            (refused ? refusals : replies) = true;
        }
        EXPECT_TRUE(replies && refusals) << action;
        const auto row = listed.find(fmt::format("\n| {} |", action));
        ASSERT_NE(row, std::string::npos) << action << " is missing in docs/compatibility.md";
        EXPECT_EQ(row > ours, described.extension) << action << " stands in the wrong section of docs/compatibility.md";
    }
    EXPECT_EQ(original, 74);
}

}  // namespace
}  // namespace gse::testing
