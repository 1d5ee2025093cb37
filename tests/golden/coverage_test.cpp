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
    int actions = 0;
    for (const std::string_view name : {
#define GSE_NAME(Name) std::string_view(#Name),
             GSE_FOR_EACH_ACTION(GSE_NAME)
#undef GSE_NAME
         }) {
        const std::string action(name);
        ++actions;
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
        EXPECT_NE(listed.find(fmt::format("\n| {} |", action)), std::string::npos)
            << action << " is missing in docs/compatibility.md";
    }
    EXPECT_EQ(actions, 74);
}

}  // namespace
}  // namespace gse::testing
