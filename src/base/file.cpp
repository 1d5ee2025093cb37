#include "base/file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace gse {

std::unexpected<Error> refuse_errno(std::string_view doing, const std::filesystem::path& path) {
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("cannot {} {}: {}", doing, path.string(), std::strerror(errno)));
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
    const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file && errno == ENOENT) return refuse(ErrorCode::NotFound, fmt::format("there is no {}", path.string()));
    if (!file) return refuse_errno("open", path);
    std::string content;
    char piece[16 * 1024];
    while (true) {
        const ssize_t got = ::read(file.get(), piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refuse_errno("read", path);
        if (got == 0) return content;
        content.append(piece, static_cast<std::size_t>(got));
        if (content.size() > max_bytes) {
            return refuse(ErrorCode::RequestTooLarge,
                          fmt::format("{} is larger than {} bytes", path.string(), max_bytes));
        }
    }
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content) {
    std::filesystem::path beside = path;
    beside += ".new";
    Fd file{::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file) return refuse_errno("create", beside);
    if (::fchmod(file.get(), 0600) != 0) return refuse_errno("protect", beside);
    while (!content.empty()) {
        const ssize_t put = ::write(file.get(), content.data(), content.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return refuse_errno("write", beside);
        content.remove_prefix(static_cast<std::size_t>(put));
    }
    if (::fsync(file.get()) != 0) return refuse_errno("sync", beside);
    file.reset();
    if (::rename(beside.c_str(), path.c_str()) != 0) return refuse_errno("rename", beside);
    return sync_directory(path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."});
}

Result<void> sync_directory(const std::filesystem::path& directory) {
    const Fd folder{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!folder) return refuse_errno("open", directory);
    if (::fsync(folder.get()) != 0) return refuse_errno("sync", directory);
    return {};
}

}  // namespace gse
