#include "agent/game_path.h"

#include <vector>

#include <fmt/format.h>

namespace gse::agent {

Result<std::string> below_game_root(std::string_view path, std::string_view folder) {
    std::string whole = path.starts_with('/') ? std::string(path) : fmt::format("{}/{}", folder, path);
    if (whole.find('\0') != std::string::npos)
        return refuse(ErrorCode::InvalidParameterValue, "a path must not contain a NUL character");
    std::vector<std::string_view> parts;
    std::string_view rest = whole;
    while (!rest.empty()) {
        const std::size_t end = rest.find('/');
        const std::string_view part = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
            continue;
        }
        parts.push_back(part);
    }
    if (parts.size() < 2 || parts[0] != "local" || parts[1] != "game")
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("'{}' is not below /local/game", path));
    std::string out;
    for (std::size_t i = 2; i < parts.size(); ++i) {
        if (!out.empty()) out += '/';
        out += parts[i];
    }
    return out;
}

std::string map_game_paths(std::string_view text, const std::filesystem::path& game_dir) {
    std::string out(text);
    for (std::size_t at = out.find(kGameRoot); at != std::string::npos;) {
        const std::size_t end = at + kGameRoot.size();
        const auto is_name = [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
        };
        const bool whole_name = end == out.size() || !is_name(out[end]);
        const bool starts_path = at == 0 || (!is_name(out[at - 1]) && out[at - 1] != '/');
        if (whole_name && starts_path) {
            out.replace(at, kGameRoot.size(), game_dir.string());
            at = out.find(kGameRoot, at + game_dir.string().size());
        } else {
            at = out.find(kGameRoot, end);
        }
    }
    return out;
}

std::string unmap_game_path(std::string_view path, const std::filesystem::path& game_dir) {
    const std::string real = game_dir.string();
    if (!path.starts_with(real)) return std::string(path);
    const std::string_view rest = path.substr(real.size());
    if (!rest.empty() && rest.front() != '/') return std::string(path);
    return fmt::format("{}{}", kGameRoot, rest);
}

}  // namespace gse::agent
