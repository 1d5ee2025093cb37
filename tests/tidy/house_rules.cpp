#include "house_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace gse::tidy {
namespace {

constexpr std::size_t kColumnsMax = 120;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

bool starts_with_any(std::string_view path, std::span<const std::string_view> prefixes) {
    return std::ranges::any_of(prefixes, [path](std::string_view prefix) { return path.starts_with(prefix); });
}

bool is_cpp(std::string_view path) { return path.ends_with(".h") || path.ends_with(".cpp"); }
bool is_test(std::string_view path) {
    return path.ends_with("_test.cpp") || path.find("/testing") != std::string_view::npos || path.starts_with("tests/");
}

/// Position of `word` in `line` as a whole word, or npos.
std::size_t find_word(std::string_view line, std::string_view word) {
    for (std::size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool open_left = !is_word(word.front()) || at == 0 || !is_word(line[at - 1]);
        const bool open_right = !is_word(word.back()) || end == line.size() || !is_word(line[end]);
        if (open_left && open_right) return at;
    }
    return std::string_view::npos;
}

/// Columns of a UTF-8 line, one a code point.
std::size_t columns(std::string_view line) {
    return static_cast<std::size_t>(
        std::ranges::count_if(line, [](const char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

struct Folder {
    std::string_view name;
    std::string_view may_include;  ///< blank-separated folders, besides itself
};

// What each folder of src/ may include: arrows only downwards. A new arrow is a decision, so it is made here.
constexpr Folder kFolders[] = {
    {"base", ""},
    {"transfer", "base"},
    {"model", "base"},
    {"journal", "base"},
    {"codec", "base api"},
    {"plan", "base model"},
    {"core", "base model plan codec api"},
    {"objects", "base transfer model"},
    {"config", "base model"},
    {"engine", "base model plan core journal codec api objects link hosts config"},
    {"backup", "base model core journal objects engine"},
    {"api", "base model plan core codec objects engine"},
    {"http", "base model codec api engine objects config"},
    {"events", "base model core codec engine http"},
    {"pki", "base"},
    {"link", "base model pki"},
    {"hosts", "base transfer model plan core link"},
    {"agent", "base transfer model link objects"},
    {"client", "base transfer codec api http"},
    {"simulate", "base model core codec api objects engine"},
    {"cli", "base codec api config client http simulate"},
};

std::optional<std::string_view> included(std::string_view line) {
    if (!line.starts_with("#include \"")) return std::nullopt;
    line.remove_prefix(10);
    return line.substr(0, line.find('"'));
}

bool holds(std::string_view words, std::string_view word) {
    for (std::size_t at = 0; at < words.size();) {
        const std::size_t end = std::min(words.find(' ', at), words.size());
        if (words.substr(at, end - at) == word) return true;
        at = end + 1;
    }
    return false;
}

/// The message when a file of src/ includes what it may not.
std::optional<std::string> check_include(std::string_view path, std::string_view header) {
    if (!path.starts_with("src/")) return std::nullopt;
    const std::string_view own = path.substr(4, path.find('/', 4) - 4);
    const auto folder = std::ranges::find(kFolders, own, &Folder::name);
    if (folder == std::end(kFolders)) return std::nullopt;  // src/main ties everything together
    const auto slash = header.find('/');
    if (slash == std::string_view::npos) return std::nullopt;  // generated, or beside the file
    const std::string_view other = header.substr(0, slash);
    const bool known = std::ranges::find(kFolders, other, &Folder::name) != std::end(kFolders) || other == "main";
    // Test helpers and a folder's own sub-folders are named from src/ too.
    if (!known || other == own || holds(folder->may_include, other)) return std::nullopt;
    if (is_test(path)) return std::nullopt;  // a test may stand on whatever shows the point
    return std::string{"src/"} + std::string{own} + " may not include " + std::string{header} +
           ": includes go downwards only (the order is in tests/tidy/house_rules.cpp); hand it in through an interface "
           "instead";
}

}  // namespace

std::span<const Ban> bans() {
    static const std::vector<Ban> kBans{
        {.folders = {"src/core/", "src/plan/"},
         .words = {"system_clock", "steady_clock", "high_resolution_clock", "clock_gettime", "gettimeofday", "time(",
                   "SystemClock", "Clock"},
         .instead = "the Now that is handed in: the core reads no clock, so that a replay gives the same state"},
        {.folders = {"src/core/", "src/plan/"},
         .words = {"thread", "jthread", "mutex", "shared_mutex", "atomic", "condition_variable", "future", "async",
                   "Guarded"},
         .instead = "nothing: one thread owns the state"},
        {.folders = {"src/core/", "src/plan/"},
         .words = {"random_device", "mt19937", "rand(", "getrandom", "RAND_bytes", "SystemRng"},
         .instead = "the ids and chance that are handed in"},
        {.folders = {"src/core/", "src/plan/"},
         .words = {"fstream", "ifstream", "ofstream", "fopen", "open(", "filesystem", "socket(", "connect(",
                   "<sys/socket.h>", "<unistd.h>", "<fcntl.h>", "boost/asio", "grpcpp", "sqlite3", "\"base/file.h\"",
                   "\"base/fd.h\""},
         .instead = "a record or an order in the answer: the rim touches the world"},
        {.folders = {"src/core/", "src/plan/"},
         .words = {"spdlog", "iostream", "printf", "cout", "cerr", "getenv"},
         .instead = "an event or an Error: the core says things by what it returns"},
        {.folders = {"src/", "sdk/", "examples/", "sim/", "tests/"},
         .words = {"sleep_for", "sleep_until", "usleep(", "sleep(", "nanosleep("},
         .instead = "a timer in the product; in tests hand in the time, or wait for the event with a bound"},
        {.folders = {"src/", "sdk/", "examples/"},
         .words = {"strcpy", "strcat", "sprintf", "vsprintf", "gets(", "strtok(", "system(", "popen", "mktemp",
                   "tmpnam"},
         .instead = "std::string, fmt::format, posix_spawn or mkstemp"},
        {.folders = {"src/", "sdk/", "examples/"},
         .words = {"assert(", "<cassert>"},
         .instead = "CHECK for bugs of ours (it stays in release builds), Result for what the world does"},
        {.folders = {"src/", "sdk/", "examples/"},
         .words = {"nlohmann", "<regex>", "<format>", "std::format"},
         .instead = "the codec for JSON, a hand-written parser with limits for patterns, fmt for texts",
         .in_tests = false},
        {.folders = {"src/base/", "src/model/", "src/plan/", "src/core/"},
         .words = {"boost/beast", "grpcpp/", "simdjson.h", "sqlite3.h", "curl/curl.h", "toml++"},
         .instead = "an interface: heavy libraries stay at the rim"},
        {.folders = {"src/"},
         .words = {"strcmp(signature", "signature ==", "== signature", "secret_key ==", "== secret_key",
                   "token ==", "== token"},
         .instead = "a comparison in constant time (base/crypto.h)",
         .in_tests = false},
    };
    return kBans;
}

std::string code_of(std::string_view source) {
    std::string code{source};
    const auto blank = [&](std::size_t from, std::size_t to) {
        for (std::size_t i = from; i < to; ++i)
            if (code[i] != '\n') code[i] = ' ';
    };
    for (std::size_t i = 0; i < source.size();) {
        const std::string_view rest = source.substr(i);
        if (rest.starts_with("//")) {
            const std::size_t end = std::min(source.find('\n', i), source.size());
            blank(i, end);
            i = end;
        } else if (rest.starts_with("/*")) {
            const std::size_t close = source.find("*/", i + 2);
            const std::size_t end = close == std::string_view::npos ? source.size() : close + 2;
            blank(i, end);
            i = end;
        } else if (rest.starts_with("R\"") && (i == 0 || !is_word(source[i - 1]))) {
            const std::size_t open = source.find('(', i);
            if (open == std::string_view::npos) break;
            const std::string closing = ")" + std::string{source.substr(i + 2, open - i - 2)} + "\"";
            const std::size_t close = source.find(closing, open);
            const std::size_t end = close == std::string_view::npos ? source.size() : close + closing.size();
            blank(i, end);
            i = end;
        } else if (rest.front() == '"' || (rest.front() == '\'' && (i == 0 || !is_word(source[i - 1])))) {
            // A quote after a digit separates thousands; only one after something else opens a character. The text of
            // an #include is kept: it is what some rules look at.
            std::size_t end = i + 1;
            while (end < source.size() && source[end] != rest.front() && source[end] != '\n')
                end += source[end] == '\\' ? 2 : 1;
            end = std::min(end, source.size());
            const std::size_t line = source.rfind('\n', i) + 1;
            if (!source.substr(line).starts_with("#include")) blank(i + 1, end);
            i = end + 1;
        } else {
            ++i;
        }
    }
    return code;
}

std::vector<Finding> check_file(std::string_view path, std::string_view content) {
    std::vector<Finding> findings;
    const std::string code = is_cpp(path) ? code_of(content) : std::string{};
    int number = 0;
    bool is_table = false;
    for (std::size_t at = 0; at < content.size();) {
        const std::size_t end = std::min(content.find('\n', at), content.size());
        const std::string_view line = content.substr(at, end - at);
        ++number;
        const auto find = [&](std::string message) {
            findings.push_back({std::string{path}, number, std::move(message)});
        };
        if (is_cpp(path)) {
            const std::string_view code_line = std::string_view{code}.substr(at, end - at);
            for (const Ban& ban : bans()) {
                if (path.ends_with("_bench.cpp")) break;  // a benchmark paces its own load
                if (!starts_with_any(path, ban.folders) || (is_test(path) && !ban.in_tests)) continue;
                for (const std::string_view word : ban.words)
                    if (find_word(code_line, word) != std::string_view::npos)
                        find("\"" + std::string{word} + "\" is banned here; use " + std::string{ban.instead});
            }
            if (const auto header = included(code_line))
                if (const auto message = check_include(path, *header)) find(*message);
            if (line.starts_with("#include \"../") || line.starts_with("#include \"./"))
                find("an include goes from src/, not from the file: write the folder's name");
            // A raw text cannot be broken, and what stands as a table on purpose says so.
            if (line.find("// clang-format o") != std::string_view::npos) is_table = line.ends_with("off");
            if (columns(line) > kColumnsMax && !is_table && line.find('"') == std::string_view::npos)
                find("longer than 120 columns; ./dev fmt breaks it");
        }
        // Spelt apart, so that this file may speak of them.
        for (const std::string_view mark : {"TO"
                                            "DO",
                                            "FIX"
                                            "ME",
                                            "XX"
                                            "X:"})
            if (find_word(line, mark) != std::string_view::npos)
                find(std::string{mark} + " is no place for a plan; do it, or write an issue");
        for (const std::string_view host : {"registry."
                                            "npmjs.org",
                                            "registry."
                                            "yarnpkg.com",
                                            "registry."
                                            "npmmirror.com",
                                            "pypi."
                                            "org"})
            if (line.find(host) != std::string_view::npos)
                find("names a package registry; whose registry is used is the machine's business");
        if (line.find('\t') != std::string_view::npos && !path.ends_with(".md")) find("a tab; write blanks");
        if (!line.empty() && (line.back() == ' ' || line.back() == '\r')) find("blanks at the end of the line");
        at = end + 1;
    }
    if (!content.empty() && content.back() != '\n' && !path.ends_with(".json"))
        findings.push_back({std::string{path}, number, "the last line has no line end"});
    if (path.ends_with(".h") && content.find("#pragma once") == std::string_view::npos)
        findings.push_back({std::string{path}, 1, "a header without #pragma once"});
    return findings;
}

}  // namespace gse::tidy
