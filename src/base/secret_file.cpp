#include "base/secret_file.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace gse {

Result<std::string> read_secret_file(const std::filesystem::path& path) {
    struct stat found{};
    // What root owns a service can read as its group at best: a mounted Secret, say.
    const auto others = [&found] { return found.st_mode & (found.st_uid == 0 && ::geteuid() != 0 ? 037U : 077U); };
    if (::stat(path.c_str(), &found) == 0 && others() != 0)
        return refuse(
            ErrorCode::FailedOperation,
            fmt::format("{} can be read by others than its owner; chmod 600 it, and have a new secret made if "
                        "others could read it",
                        path.string()));
    std::string text = TRY(read_file(path, 4'096));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

}  // namespace gse
