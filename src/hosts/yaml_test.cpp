#include "hosts/yaml.h"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>
#include <string>

namespace gse::hosts {
namespace {

using ::testing::HasSubstr;

struct YamlCase {
    const char* says;
    const char* yaml;
    const char* json;
};

TEST(Yaml, MeansWhatItMeansToKubernetes) {
    const YamlCase kCases[] = {
        {"mappings and lists", "a: [1, two]\nb:\n- c: d\n", R"({"a":[1,"two"],"b":[{"c":"d"}]})"},
        {"scalars without quotes", "[true, False, null, ~, 12, -3, 1.5, 100m, 1.2.3, 0.5Gi]",
         R"([true,false,null,null,12,-3,1.5E0,"100m","1.2.3","0.5Gi"])"},
        {"what is quoted is text", R"(["true", '12', ""])", R"(["true","12",""])"},
        {"words of older versions are text", "[yes, off]", R"(["yes","off"])"},
        {"nothing", "", "null"},
        {"a key without a value", "a:\n", R"({"a":null})"},
        {"anchors", "a: &x {b: 1}\nc: *x\n", R"({"a":{"b":1},"c":{"b":1}})"},
        {"blocks of text", "a: |\n  one\n  two\n", R"({"a":"one\ntwo\n"})"},
        {"JSON", R"({"a": {"b": ["c", 1, false]}})", R"({"a":{"b":["c",1,false]}})"},
        {"no number", "[inf, .nan, 1e, ., -]", R"(["inf",".nan","1e",".","-"])"},
    };
    for (const YamlCase& c : kCases) {
        const auto read = read_yaml(c.yaml);
        ASSERT_TRUE(read) << c.says << ": " << read.error().message;
        EXPECT_EQ(boost::json::serialize(*read), c.json) << c.says;
    }
}

TEST(Yaml, WhatCannotBeReadSaysWhere) {
    const YamlCase kCases[] = {
        {"an open list", "a: [1\nb: 2\n", "line 2"},
        {"a tab", "a:\n\tb: 1\n", "line 2"},
        {"two documents", "a: 1\n---\nb: 2\n", "more than one document"},
        {"a key twice", "a: 1\na: 2\n", "'a' a second time"},
        {"a key that is no text", "[a, b]: 1\n", "a key that is no text"},
        {"an unknown anchor", "a: *b\n", "line 1"},
    };
    for (const YamlCase& c : kCases) {
        const auto read = read_yaml(c.yaml);
        ASSERT_FALSE(read) << c.says;
        EXPECT_THAT(read.error().message, HasSubstr(c.json)) << c.says;
    }
}

TEST(Yaml, IsBounded) {
    EXPECT_FALSE(read_yaml(std::string(2 << 20, ' ')));
    EXPECT_FALSE(read_yaml(std::string(500, '[') + std::string(500, ']')));
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i)
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + ", *a" +
                std::to_string(i - 1) + ", *a" + std::to_string(i - 1) + ", *a" + std::to_string(i - 1) + ", *a" +
                std::to_string(i - 1) + ", *a" + std::to_string(i - 1) + "]\n";
    const auto refused = read_yaml(bomb);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("holds too much"));
    EXPECT_FALSE(read_yaml("a: &a [*a]\n")) << "an anchor within itself";
}

}  // namespace
}  // namespace gse::hosts
