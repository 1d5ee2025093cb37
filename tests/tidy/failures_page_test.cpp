// docs/failures.md names a test for every failure. What it names is there.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace gse::tidy {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// `Suite.Name` of every test in the tree.
std::set<std::string> tests_in(const fs::path& root) {
    std::set<std::string> out;
    for (const char* folder : {"src", "tests", "sim", "sdk", "examples"}) {
        for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
            const std::string path = entry.path().string();
            if (!path.ends_with("_test.cpp")) continue;
            const std::string text = read(entry.path());
            for (const std::string word : {"\nTEST(", "\nTEST_F(", "\nTEST_P("}) {
                for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
                    std::string name = text.substr(at + word.size(), text.find(')', at) - at - word.size());
                    if (const auto comma = name.find(','); comma != std::string::npos) name.replace(comma, 1, ".");
                    std::erase_if(name, [](char c) { return c == ' ' || c == '\n'; });
                    out.insert(std::move(name));
                }
            }
        }
    }
    return out;
}

TEST(FailuresPage, EveryRowNamesTestsThatExist) {
    const fs::path root = GSE_SOURCE_DIR;
    const std::set<std::string> tests = tests_in(root);
    ASSERT_GT(tests.size(), 100u);
    std::ifstream page(root / "docs/failures.md");
    int rows = 0;
    for (std::string line; std::getline(page, line);) {
        if (!line.starts_with("| ") || line.starts_with("| Failure ")) continue;
        ++rows;
        const std::size_t last = line.rfind('|', line.size() - 2);
        ASSERT_NE(last, std::string::npos) << line;
        std::vector<std::string> named;
        for (std::size_t open = line.find('`', last); open != std::string::npos;) {
            const std::size_t close = line.find('`', open + 1);
            ASSERT_NE(close, std::string::npos) << line;
            named.push_back(line.substr(open + 1, close - open - 1));
            open = line.find('`', close + 1);
        }
        EXPECT_FALSE(named.empty()) << "no test for: " << line;
        for (const std::string& name : named) EXPECT_TRUE(tests.contains(name)) << name << " is no test: " << line;
    }
    EXPECT_GT(rows, 30);
}

}  // namespace
}  // namespace gse::tidy
