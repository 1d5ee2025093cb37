#include "house_rules.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>

namespace gse::tidy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// ---- the tree keeps the rules

/// What is ours to judge: not what was built, fetched or taken over from the original.
bool is_judged(const std::string& path) {
    const auto below = [&](std::string_view folder) { return path.starts_with(folder); };
    if (below("build") || below("console/dist/") || below(".git/") || path.find("node_modules/") != std::string::npos)
        return false;
    if (below("fuzz/corpus/") || path.find("/testdata/") != std::string::npos ||
        path.find("/golden/") != std::string::npos)
        return false;
    for (const std::string_view end :
         {".h", ".cpp", ".md", ".txt", ".cmake", ".proto", ".json", ".mjs", ".js", ".py", ".toml"})
        if (path.ends_with(end)) return true;
    return path == "dev" || path == ".ci/run";
}

TEST(HouseRules, TheTreeKeepsThem) {
    const fs::path root = GSE_SOURCE_DIR;
    std::vector<Finding> findings;
    int files = 0;
    for (fs::recursive_directory_iterator it{root, fs::directory_options::skip_permission_denied}, end; it != end;
         ++it) {
        const std::string path = it->path().lexically_relative(root).string();
        if (it->is_directory() && (path == "build" || path == ".git" || it->path().filename() == "node_modules")) {
            it.disable_recursion_pending();
            continue;
        }
        if (!it->is_regular_file() || !is_judged(path)) continue;
        std::ifstream file{it->path(), std::ios::binary};
        const std::string content{std::istreambuf_iterator<char>{file}, {}};
        std::ranges::move(check_file(path, content), std::back_inserter(findings));
        ++files;
    }
    EXPECT_GT(files, 50) << "the tree was not found below " << root;
    std::ostringstream text;
    for (const Finding& f : findings) text << "  " << f.path << ":" << f.line << ": " << f.message << "\n";
    EXPECT_TRUE(findings.empty()) << findings.size() << " findings:\n" << text.str();
}

// ---- the checker itself

TEST(Checker, FindsWhatIsBannedAndNamesWhatToWrite) {
    const struct {
        const char* name;
        const char* path;
        const char* content;
        const char* says;
    } kCases[] = {
        {"a clock in the core", "src/core/x.cpp", "auto t = std::chrono::system_clock::now();\n",
         "the Now that is handed in"},
        {"our own clock in a plan", "src/plan/x.cpp", "void f(const Clock& c);\n", "the Now that is handed in"},
        {"a thread in the core", "src/core/x.cpp", "std::thread t;\n", "one thread owns the state"},
        {"chance in a plan", "src/plan/x.cpp", "std::random_device d;\n", "handed in"},
        {"a file in the core", "src/core/x.cpp", "#include \"base/file.h\"\n", "the rim touches the world"},
        {"a system header in the core", "src/core/x.cpp", "#include <unistd.h>\n", "the rim touches the world"},
        {"a logger in the core", "src/core/x.cpp", "spdlog::info(1);\n", "by what it returns"},
        {"a sleep in the product", "src/agent/x.cpp", "std::this_thread::sleep_for(1s);\n", "a timer"},
        {"a sleep in a test", "src/agent/x_test.cpp", "sleep(1);\n", "wait for the event with a bound"},
        {"an assert", "src/http/x.cpp", "assert(x);\n", "CHECK"},
        {"a heavy header below", "src/model/x.h", "#pragma once\n#include <grpcpp/grpcpp.h>\n", "an interface"},
        {"an include upwards", "src/model/x.cpp", "#include \"core/state.h\"\n", "downwards only"},
        {"a rim in the core", "src/core/x.cpp", "#include \"http/server.h\"\n", "downwards only"},
        {"an include from the file", "src/core/x.cpp", "#include \"../x.h\"\n", "goes from src/"},
        {"a signature compared as text", "src/http/x.cpp", "if (signature == other) {}\n", "constant time"},
        {"a plan in a comment", "docs/x.md",
         "TO"
         "DO later\n",
         "write an issue"},
        {"a registry", "tests/node/package-lock.json",
         "\"https://registry."
         "npmjs.org/x\"\n",
         "registry"},
        {"a long line", "src/base/x.cpp",
         "//3456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
         "1234567890123456789012345678901\n",
         "120 columns"},
        {"a header without guard", "src/base/x.h", "int x;\n", "#pragma once"},
        {"a tab", "src/base/x.cpp", "\tint x;\n", "a tab"},
        {"blanks at the end", "README.md", "x \n", "blanks at the end"},
        {"no last line end", "src/base/x.cpp", "int x;", "no line end"},
    };
    for (const auto& c : kCases) {
        const auto findings = check_file(c.path, c.content);
        ASSERT_THAT(findings, SizeIs(testing::Ge(1U))) << c.name;
        EXPECT_THAT(findings.front().message, HasSubstr(c.says)) << c.name;
        EXPECT_EQ(findings.front().path, c.path) << c.name;
    }
}

TEST(Checker, LeavesAloneWhatIsAllowed) {
    const struct {
        const char* name;
        const char* path;
        const char* content;
    } kCases[] = {
        {"a clock at the rim", "src/http/x.cpp", "SystemClock clock;\n"},
        {"a banned word in a comment", "src/core/x.cpp", "// no thread, no system_clock\n/* nor a\nmutex */ int x;\n"},
        {"a banned word in a text", "src/core/x.cpp", "auto s = \"thread\";\nauto r = R\"(mutex \" )\";\n"},
        {"a banned word inside a longer one", "src/core/x.cpp", "int threadbare = lifetime(3);\n"},
        {"an include downwards", "src/core/x.cpp", "#include \"model/settings.h\"\n#include \"core/state.h\"\n"},
        {"an include beside the file", "tests/tidy/x.cpp", "#include \"house_rules.h\"\n"},
        {"a test that stands on more", "src/core/x_test.cpp", "#include \"journal/memory.h\"\n"},
        {"src/main, which ties everything together", "src/main/x.cpp", "#include \"http/server.h\"\n"},
        {"thousands", "src/core/x.cpp", "int x = 1'000; // mutex\nchar c = '\"'; // \"\n"},
        {"a long text", "src/base/x.cpp",
         "auto s = "
         "\"..........................................................................................................."
         ".\";\n"},
        {"a line of 120 wide characters", "src/base/x.cpp",
         "// 舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队舰队\n"},
    };
    for (const auto& c : kCases) EXPECT_THAT(check_file(c.path, c.content), IsEmpty()) << c.name;
}

TEST(Checker, CountsLines) {
    const auto findings = check_file("src/core/x.cpp", "int a;\n\nstd::mutex m;\n");
    ASSERT_THAT(findings, SizeIs(1));
    EXPECT_EQ(findings.front().line, 3);
}

TEST(CodeOf, KeepsLinesAndBlanksTexts) {
    EXPECT_EQ(code_of("a \"b\\\"c\" d // e\nf"), "a \"    \" d     \nf");
    EXPECT_EQ(code_of("R\"x(a)\" b)x\" c"), "             c");
    EXPECT_EQ(code_of("/* a\nb */ c"), "    \n     c");
    EXPECT_EQ(code_of("#include \"a/b.h\"\n"), "#include \"a/b.h\"\n");
    EXPECT_EQ(code_of("\"never closed"), "\"            ");
}

TEST(Bans, EachNamesItsReplacement) {
    for (const Ban& ban : bans()) {
        EXPECT_FALSE(ban.instead.empty());
        EXPECT_FALSE(ban.words.empty());
        EXPECT_FALSE(ban.folders.empty());
    }
}

}  // namespace
}  // namespace gse::tidy
