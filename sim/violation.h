/// What a check says when it fails: which rule, and what was seen.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace gse::sim {

/// Ends the run of one seed. The only exception of the simulation: a violated rule has no caller that could go on.
class Violation : public std::runtime_error {
public:
    Violation(std::string_view check, const std::string& seen)
        : std::runtime_error(fmt::format("{}: {}", check, seen)), check_(check) {}
    [[nodiscard]] const std::string& check() const { return check_; }

private:
    std::string check_;
};

/// `check` names the rule that must hold.
template <class... Args>
void require(bool holds, std::string_view check, fmt::format_string<Args...> seen, Args&&... args) {
    if (!holds) throw Violation(check, fmt::format(seen, std::forward<Args>(args)...));
}

}  // namespace gse::sim
