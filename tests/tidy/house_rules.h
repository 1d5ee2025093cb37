/// House rules: one pass over the sources, each ban with its reason and what to write instead. The rules are data; the
/// checker has tests of its own.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gse::tidy {

/// A word that may not stand in the code (comments and texts do not count) of files below some folders.
struct Ban {
    std::vector<std::string_view> folders;  ///< prefixes of paths: "src/core/"
    std::vector<std::string_view> words;    ///< whole identifiers, or texts that hold a character no identifier has
    std::string_view instead;               ///< what to write, and why
    bool in_tests = true;                   ///< tests and benchmarks are held to it too
};

struct Finding {
    std::string path;
    int line = 0;
    std::string message;

    friend bool operator==(const Finding&, const Finding&) = default;
};

std::span<const Ban> bans();

/// What breaks a rule in one file. `path` is relative to the project's root, with slashes.
std::vector<Finding> check_file(std::string_view path, std::string_view content);

/// The code of C++ source: comments, texts and characters blanked out, lines kept. Raw strings too.
std::string code_of(std::string_view source);

}  // namespace gse::tidy
