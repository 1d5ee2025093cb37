#include "agent/launch_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <vector>

#include <fmt/format.h>

#include "agent/beneath.h"
#include "agent/game_path.h"
#include "base/file.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;

void prepend(std::deque<std::string>& parts, std::string_view path) {
    std::vector<std::string> fresh;
    while (!path.empty()) {
        const std::size_t end = path.find('/');
        if (const auto part = path.substr(0, end); !part.empty() && part != ".") fresh.emplace_back(part);
        path = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
    }
    parts.insert(parts.begin(), fresh.begin(), fresh.end());
}

/// A path in the game's view → on the host; "" for what a game does not see.
fs::path to_host(const std::string& seen, const fs::path& game_dir) {
    const std::string root(kGameRoot);
    if (seen == root) return game_dir;
    if (seen.starts_with(root + "/")) return game_dir / seen.substr(root.size() + 1);
    if (seen == "/local" || seen.empty()) return "/";
    for (const char* system : {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc"})
        if (seen == system || seen.starts_with(std::string(system) + "/")) return seen;
    return {};
}

}  // namespace

Result<fs::path> find_launch_path(std::string_view path, const fs::path& game_dir) {
    const std::string below = TRY(below_game_root(path));
    const auto not_found = [&] {
        return refuse(
            ErrorCode::NotFound,
            fmt::format("The launch path {} is not in the package; put the file there or change LaunchPath", path));
    };
    std::deque<std::string> parts;
    prepend(parts, below);
    std::string seen(kGameRoot);
    for (int links = 0; !parts.empty();) {
        const std::string part = parts.front();
        parts.pop_front();
        if (part == "..") {
            seen.resize(seen.rfind('/') == std::string::npos ? 0 : seen.rfind('/'));
            continue;
        }
        const std::string next = seen + "/" + part;
        const fs::path host = to_host(next, game_dir);
        struct stat info{};
        if (next != "/local" && (host.empty() || lstat(host.c_str(), &info) != 0)) return not_found();
        if (S_ISLNK(info.st_mode)) {
            if (++links > 16)
                return refuse(ErrorCode::InvalidParameterValue,
                              fmt::format("The launch path {} has too many links", path));
            std::error_code error;
            const std::string target = fs::read_symlink(host, error).string();
            prepend(parts, target);
            if (target.starts_with('/')) seen.clear();
            continue;
        }
        seen = next;
    }
    fs::path host = to_host(seen, game_dir);
    struct stat info{};
    if (host.empty() || lstat(host.c_str(), &info) != 0) return not_found();
    if (!S_ISREG(info.st_mode))
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("The launch path {} is not a file; name the program itself", path));
    return host;
}

Result<bool> make_launchable(std::string_view path, const fs::path& game_dir) {
    const fs::path host = TRY(find_launch_path(path, game_dir));
    struct stat info{};
    if (stat(host.c_str(), &info) != 0) return refuse_errno("read", host);
    if ((info.st_mode & 0111) == 0111) return false;
    // Opened again without following anything: between looking and changing, a game might have swapped the file.
    const std::string prefix = game_dir.string() + "/";
    if (!host.string().starts_with(prefix))
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("{} is not executable", path));
    const Fd root{open(game_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    const Fd file = open_beneath(root.get(), host.string().substr(prefix.size()), O_RDONLY);
    if (!file || fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
        fchmod(file.get(), (info.st_mode & 0777) | 0111) != 0)
        return refuse_errno("make executable", host);
    return true;
}

std::string working_folder_of(std::string_view path) {
    const auto below = below_game_root(path);
    const std::string whole =
        below && !below->empty() ? fmt::format("{}/{}", kGameRoot, *below) : std::string(kGameRoot) + "/";
    return whole.substr(0, whole.rfind('/'));
}

}  // namespace gse::agent
