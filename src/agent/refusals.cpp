#include "agent/refusals.h"

#include <algorithm>
#include <vector>

#include "agent/game_path.h"

namespace gse::agent {
namespace {

constexpr std::string_view kReadOnly = "Read-only file system";
constexpr std::string_view kDenied = "Permission denied";
constexpr std::size_t kPathsMax = 3;
constexpr std::size_t kQuoteMax = 160;

bool is_ours(std::string_view path) { return path == kGameRoot || path.starts_with(std::string(kGameRoot) + "/"); }

/// The absolute paths in a text, as tools write them: bare, or in quotation marks of any kind.
std::vector<std::string_view> paths_in(std::string_view text) {
    std::vector<std::string_view> paths;
    for (std::size_t at = 0; (at = text.find('/', at)) != std::string_view::npos;) {
        const bool begins = at == 0 || std::string_view(" '\"`([=\x98").contains(text[at - 1]);
        const std::size_t end = std::min(text.find_first_of(" :'\"`)],;\t\xe2", at), text.size());
        if (begins && end > at + 1) paths.push_back(text.substr(at, end - at));
        at = std::max(end, at + 1);
    }
    return paths;
}

/// `cannot create directory '/opt/x': Read-only file system`, `Permission denied: '/opt/x'`: of several paths it is the
/// last one before the reason, since the first may be the program or what was to be copied.
std::string refused_in(std::string_view line) {
    const std::size_t read_only = line.find(kReadOnly);
    const std::size_t reason = std::min(read_only, line.find(kDenied));
    if (reason == std::string_view::npos) return {};
    const auto before = paths_in(line.substr(0, reason)), after = paths_in(line.substr(reason));
    if (!before.empty() && !is_ours(before.back())) return std::string(before.back());
    if (!after.empty()) return is_ours(after.front()) ? "" : std::string(after.front());
    // /local/game can be written, so what cannot lies elsewhere, though the line does not say where.
    return read_only == std::string_view::npos ? "" : "\"" + std::string(line.substr(0, kQuoteMax)) + "\"";
}

}  // namespace

std::string refused_paths(std::string_view output) {
    std::vector<std::string> found;
    while (!output.empty() && found.size() < kPathsMax) {
        const std::size_t end = std::min(output.find('\n'), output.size());
        std::string refused = refused_in(output.substr(0, end));
        output.remove_prefix(std::min(end + 1, output.size()));
        if (!refused.empty() && std::ranges::find(found, refused) == found.end()) found.push_back(std::move(refused));
    }
    std::string text;
    for (const std::string& path : found) text += (text.empty() ? "" : ", ") + path;
    return text;
}

}  // namespace gse::agent
