#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "journal/file_system.h"

namespace gse::journal {
namespace {

std::unexpected<Error> io_error(std::string_view operation, const path& file, int number) {
    return refuse(number == ENOENT                       ? ErrorCode::NotFound
                  : number == ENOSPC || number == EDQUOT ? ErrorCode::Insufficient
                                                         : ErrorCode::FailedOperation,
                  fmt::format("cannot {} {}: {}", operation, file.string(), std::strerror(number)));
}

class PosixFile final : public File {
public:
    PosixFile(Fd fd, path name) : fd_(std::move(fd)), name_(std::move(name)) {}

    Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
        while (!bytes.empty()) {
            const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return io_error("write", name_, errno);
            if (n == 0) return io_error("write", name_, EIO);
            bytes = bytes.subspan(static_cast<std::size_t>(n));
            offset += static_cast<std::uint64_t>(n);
        }
        return {};
    }

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> bytes) override {
        std::size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t n =
                ::pread(fd_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return io_error("read", name_, errno);
            if (n == 0) break;
            done += static_cast<std::size_t>(n);
        }
        return done;
    }

    Result<std::uint64_t> size() override {
        struct stat info{};
        if (::fstat(fd_.get(), &info) != 0) return io_error("stat", name_, errno);
        return static_cast<std::uint64_t>(info.st_size);
    }

    Result<void> sync() override {
        if (::fdatasync(fd_.get()) != 0) return io_error("sync", name_, errno);
        return {};
    }

private:
    Fd fd_;
    path name_;
};

class PosixLock final : public DirLock {
public:
    explicit PosixLock(Fd fd) : fd_(std::move(fd)) {}

private:
    Fd fd_;
};

class PosixFileSystem final : public FileSystem {
public:
    Result<std::unique_ptr<File>> open(const path& file, OpenMode mode) override {
        const int flags = mode == OpenMode::Read        ? O_RDONLY
                          : mode == OpenMode::ReadWrite ? O_RDWR
                                                        : O_RDWR | O_CREAT | O_EXCL;
        Fd fd(::open(file.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!fd) return io_error(mode == OpenMode::Create ? "create" : "open", file, errno);
        return std::make_unique<PosixFile>(std::move(fd), file);
    }

    Result<void> rename(const path& from, const path& to) override {
        if (::rename(from.c_str(), to.c_str()) != 0) return io_error("rename", from, errno);
        return {};
    }

    Result<void> remove(const path& file) override {
        if (::unlink(file.c_str()) != 0 && errno != ENOENT) return io_error("remove", file, errno);
        return {};
    }

    Result<void> sync_dir(const path& dir) override {
        const Fd fd(::open(dir.empty() ? "." : dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd) return io_error("open", dir, errno);
        if (::fsync(fd.get()) != 0) return io_error("sync", dir, errno);
        return {};
    }

    Result<void> make_dir(const path& dir) override {
        struct stat info{};
        if (::stat(dir.c_str(), &info) == 0)
            return S_ISDIR(info.st_mode) ? Result<void>{} : io_error("use as a directory", dir, ENOTDIR);
        const path parent = dir.parent_path();
        if (!parent.empty() && parent != dir) TRY(make_dir(parent));
        if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) return io_error("create the directory", dir, errno);
        return sync_dir(parent);
    }

    Result<std::vector<std::string>> list(const path& dir) override {
        DIR* handle = ::opendir(dir.c_str());  // close-on-exec by itself
        if (handle == nullptr) return io_error("read the directory", dir, errno);
        std::vector<std::string> names;
        errno = 0;
        while (const dirent* entry = ::readdir(handle)) {
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names.emplace_back(name);
            errno = 0;
        }
        const int failed = errno;
        ::closedir(handle);
        if (failed != 0) return io_error("read the directory", dir, failed);
        std::sort(names.begin(), names.end());
        return names;
    }

    Result<std::uint64_t> free_bytes(const path& dir) override {
        struct statvfs info{};
        if (::statvfs(dir.c_str(), &info) != 0) return io_error("ask for the free space of", dir, errno);
        return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
    }

    Result<std::unique_ptr<DirLock>> lock(const path& file) override {
        Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!fd) return io_error("open", file, errno);
        if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) return io_error("lock", file, errno);
            char text[32] = {};
            const ssize_t n = ::pread(fd.get(), text, sizeof text - 1, 0);
            const std::string_view digits(text, n > 0 ? static_cast<std::size_t>(n) : 0);
            const auto end = std::min(digits.find_first_not_of("0123456789"), digits.size());
            const std::string holder = end > 0 ? fmt::format("process {}", digits.substr(0, end)) : "another process";
            return refuse(ErrorCode::InUse, fmt::format("{} is in use by {}; stop it, or give this server another "
                                                        "data directory",
                                                        file.parent_path().string(), holder));
        }
        // The pid is for the message above only, so a full disk does not matter here; the lock itself is the flock,
        // which no crash leaves behind.
        const std::string pid = fmt::format("{}\n", ::getpid());
        if (::ftruncate(fd.get(), 0) == 0) (void)!::pwrite(fd.get(), pid.data(), pid.size(), 0);
        return std::make_unique<PosixLock>(std::move(fd));
    }
};

}  // namespace

FileSystem& posix_file_system() {
    static PosixFileSystem files;
    return files;
}

}  // namespace gse::journal
