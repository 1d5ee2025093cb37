#include "tests/golden/golden.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "codec/json_text.h"

namespace gse::testing {

std::string golden_path(const std::string& action) {
    return fmt::format("{}/tests/golden/data/{}.json", GSE_SOURCE_DIR, action);
}

Answer Golden::call(const std::string& action, const std::string& sentence, const std::string& json,
                    const std::string& region) {
    Answer answer = world_.call_json(action, json, region);
    std::string name, where;
    api::append_json_string(name, sentence);
    if (!region.empty()) {
        where = ",\n  \"region\": ";
        api::append_json_string(where, region);
    }
    exchanges_[action].push_back(fmt::format("{{\n  \"case\": {}{},\n  \"request\": {},\n  \"answer\": {}\n}}", name,
                                             where, json, answer.body()));
    return answer;
}

Golden::~Golden() {
    for (const auto& [action, exchanges] : exchanges_) {
        const std::string text = fmt::format("[\n{}\n]\n", fmt::join(exchanges, ",\n"));
        if (std::getenv("UPDATE_GOLDEN")) {
            std::ofstream(golden_path(action), std::ios::binary) << text;
            continue;
        }
        std::ifstream file(golden_path(action), std::ios::binary);
        EXPECT_TRUE(file) << golden_path(action) << " is missing; UPDATE_GOLDEN=1 writes it";
        std::stringstream known;
        known << file.rdbuf();
        EXPECT_EQ(text, known.str()) << action << ": the answer changed. If it is meant to, UPDATE_GOLDEN=1 writes it.";
    }
}

}  // namespace gse::testing
