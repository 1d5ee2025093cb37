#include "base/secret_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/rng.h"

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

Result<void> write_new_secret_file(const std::filesystem::path& path, const std::string& secret) {
    Fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!file && errno == EEXIST)
        return refuse(ErrorCode::InUse, fmt::format("{} exists already, and stays as it is", path.string()));
    if (!file) return refuse_errno("create", path);
    const std::string line = secret + "\n";
    const bool written = ::write(file.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
    if (!written || ::fsync(file.get()) != 0) {
        const auto refused = refuse_errno("write", path);
        ::unlink(path.c_str());
        return refused;
    }
    return sync_directory(path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."});
}

std::string random_secret(std::size_t size) {
    std::string out(size, '\0');
    SystemRng rng;
    for (char& byte : out) byte = static_cast<char>(rng.next());
    return out;
}

std::string random_secret_hex(std::size_t size) {
    const std::string secret = random_secret(size);
    return to_hex(std::as_bytes(std::span(secret)));
}

}  // namespace gse
