#include "transcript.h"

#include <fmt/format.h>

#include <charconv>

namespace gse::demo {
namespace {
constexpr std::string_view kWords = "message ";
}

std::string numbered(std::uint64_t n) { return fmt::format("{}{}", kWords, n); }

std::uint64_t number_of(std::string_view text) {
    if (!text.starts_with(kWords)) return 0;
    text.remove_prefix(kWords.size());
    std::uint64_t n = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), n);
    return status == std::errc{} && end == text.data() + text.size() ? n : 0;
}

void Transcript::hear(const std::string& speaker, std::string_view text, std::uint64_t seq) {
    ++heard_;
    if (seq != last_seq_ + 1) complain(fmt::format("the match's message {} came after its message {}", seq, last_seq_));
    last_seq_ = seq;

    const std::uint64_t n = number_of(text);
    std::uint64_t& last = last_[speaker];
    if (n == last + 1) {
        last = n;
        return;
    }
    if (n <= last)
        return complain(fmt::format("\"{}\" of {} came after his message {}", text.substr(0, 60), speaker, last));
    complain(fmt::format("messages {} to {} of {} never came", last + 1, n - 1, speaker));
    missed_ += n - 1 - last;
    last = n;
}

std::uint64_t Transcript::last_of(const std::string& speaker) const {
    const auto found = last_.find(speaker);
    return found == last_.end() ? 0 : found->second;
}

void Transcript::complain(std::string trouble) {
    if (troubles_.size() < kTroublesMax) troubles_.push_back(std::move(trouble));
}

}  // namespace gse::demo
