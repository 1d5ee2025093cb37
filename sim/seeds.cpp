#include "sim/seeds.h"

#include <algorithm>
#include <string>

#include "base/whole_number.h"

namespace gse::sim {

Result<std::vector<std::uint64_t>> read_seeds(std::string_view text) {
    std::vector<std::uint64_t> seeds;
    std::size_t line = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view rest = text.substr(at, end - at);
        at = end + 1;
        ++line;
        if (rest.empty() || rest.front() == '#') continue;
        const std::size_t before = seeds.size();
        while (!rest.empty()) {
            const std::size_t blank = std::min(rest.find(' '), rest.size());
            const auto seed = parse_whole_number(rest.substr(0, blank));
            if (!seed) break;
            seeds.push_back(*seed);
            rest.remove_prefix(std::min(rest.find_first_not_of(' ', blank), rest.size()));
        }
        if (seeds.size() == before)
            return refuse(ErrorCode::InvalidParameterValue,
                          "line " + std::to_string(line) + ": it must begin with a seed, or with # for a comment");
    }
    if (seeds.empty()) return refuse(ErrorCode::InvalidParameterValue, "there is no seed in it");
    return seeds;
}

}  // namespace gse::sim
