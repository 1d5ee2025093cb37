#include "base/secret_file.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include "base/file.h"

namespace gse {

Result<std::string> read_secret_file(const std::filesystem::path& path) {
    struct stat found{};
    if (::stat(path.c_str(), &found) == 0 && (found.st_mode & 077) != 0)
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
