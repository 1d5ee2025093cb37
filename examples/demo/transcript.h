/// What one player of a chat match has heard, and what is wrong with it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gse::demo {

/// The text of a speaker's n-th message, n = 1, 2, 3 …
[[nodiscard]] std::string numbered(std::uint64_t n);
/// The n of such a text; 0 when it is none.
[[nodiscard]] std::uint64_t number_of(std::string_view text);

/// Every speaker numbers his messages, the match numbers them all: a gap in either is a loss, a step back is disorder.
class Transcript {
public:
    /// The listener was admitted when the match had `seq` messages.
    void welcome(std::uint64_t seq) { last_seq_ = seq; }
    void hear(const std::string& speaker, std::string_view text, std::uint64_t seq);

    /// Number of the last message heard from `speaker`; 0: none yet.
    [[nodiscard]] std::uint64_t last_of(const std::string& speaker) const;
    [[nodiscard]] std::uint64_t heard() const { return heard_; }
    /// Messages that were skipped.
    [[nodiscard]] std::uint64_t missed() const { return missed_; }
    /// One sentence for each thing that is wrong, up to kTroublesMax of them.
    [[nodiscard]] const std::vector<std::string>& troubles() const { return troubles_; }

    static constexpr std::size_t kTroublesMax = 20;

private:
    void complain(std::string trouble);

    std::uint64_t last_seq_ = 0;
    std::uint64_t heard_ = 0;
    std::uint64_t missed_ = 0;
    std::map<std::string, std::uint64_t> last_;
    std::vector<std::string> troubles_;
};

}  // namespace gse::demo
