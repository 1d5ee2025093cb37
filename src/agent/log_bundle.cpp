#include "agent/log_bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "agent/beneath.h"
#include "agent/game_path.h"
#include "agent/no_room.h"
#include "base/file.h"

namespace gse::agent {
namespace {

struct FreeWriter {
    void operator()(archive* writer) const { archive_write_free(writer); }
};
struct FreeEntry {
    void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
struct CloseDir {
    void operator()(DIR* dir) const { closedir(dir); }
};

constexpr std::size_t kMessageBytesMax = 2'000;
constexpr int kDepthMax = 32;

class Bundler {
public:
    Bundler(archive* writer, int root, const LogRequest& request) : writer_(writer), root_(root), request_(request) {}

    Result<void> add_named(const std::string& named) {
        // Without a mount namespace the game knows the real folder, and names its files by it.
        const std::string path = unmap_game_path(named, request_.game_dir);
        const auto below = below_game_root(path, request_.working_folder);
        if (!below) {
            leave_out(path, "not below /local/game");
            return {};
        }
        return add(below->empty() ? "." : *below, path, 0);
    }

    Result<void> add_file(int fd, const std::string& name, std::uint64_t size) {
        if (!names_.insert(name).second) return {};
        if (left_out_all_) return {};
        if (files_ >= request_.files_max) {
            left_out_all_ = true;
            leave_out(name, fmt::format("more than {} files", request_.files_max));
            return {};
        }
        const std::uint64_t room = request_.bytes_max > taken_ ? request_.bytes_max - taken_ : 0;
        if (room == 0) {
            leave_out(name, fmt::format("the limit of {} bytes is reached", request_.bytes_max));
            return {};
        }
        // A growing file is taken as long as it was when we looked; one that is too long keeps its end, where the news
        // is.
        std::uint64_t offset = 0;
        if (size > room) {
            offset = size - room;
            size = room;
            leave_out(name, fmt::format("its first {} bytes, for the limit of {}", offset, request_.bytes_max));
        }
        const std::unique_ptr<archive_entry, FreeEntry> entry{archive_entry_new()};
        archive_entry_set_pathname(entry.get(), name.c_str());
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
        struct stat info{};
        if (fstat(fd, &info) == 0) archive_entry_set_mtime(entry.get(), info.st_mtime, 0);
        if (archive_write_header(writer_, entry.get()) < ARCHIVE_WARN) return writer_error();
        std::uint64_t done = 0;
        while (done < size) {
            char buffer[64 << 10];
            const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(sizeof buffer, size - done));
            ssize_t n = pread(fd, buffer, wanted, static_cast<off_t>(offset + done));
            if (n <= 0) {  // it became shorter meanwhile: the zip's promise is kept with zeros
                std::memset(buffer, 0, wanted);
                n = static_cast<ssize_t>(wanted);
            }
            if (archive_write_data(writer_, buffer, static_cast<std::size_t>(n)) < 0) return writer_error();
            done += static_cast<std::uint64_t>(n);
        }
        taken_ += size;
        ++files_;
        return {};
    }

    std::uint64_t files() const { return files_; }
    std::string message() const { return message_; }

    std::unexpected<Error> writer_error() const {
        const char* text = archive_error_string(writer_);
        return refuse(no_room(archive_errno(writer_)) ? ErrorCode::Insufficient : ErrorCode::FailedOperation,
                      fmt::format("cannot write the log archive: {}", text ? text : "unknown error"));
    }

private:
    Result<void> add(const std::string& path, const std::string& shown, int depth) {
        // O_PATH first: opening a FIFO or a device for reading may block or do something.
        const Fd look = open_beneath(root_, path, O_PATH | O_NOFOLLOW);
        struct stat info{};
        if (!look || fstat(look.get(), &info) != 0) {
            leave_out(shown, errno == ENOENT                    ? "no such file"
                             : errno == ELOOP || errno == EXDEV ? "a link is on its way"
                                                                : std::strerror(errno));
            return {};
        }
        if (S_ISDIR(info.st_mode)) return add_folder(path, shown, depth);
        if (!S_ISREG(info.st_mode)) {
            leave_out(shown, "not a regular file");
            return {};
        }
        const Fd fd = open_beneath(root_, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        if (!fd || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
            leave_out(shown, "cannot be read");
            return {};
        }
        return add_file(fd.get(), path, static_cast<std::uint64_t>(info.st_size));
    }

    Result<void> add_folder(const std::string& path, const std::string& shown, int depth) {
        if (depth >= kDepthMax) {
            leave_out(shown, fmt::format("more than {} folders deep", kDepthMax));
            return {};
        }
        Fd fd = open_beneath(root_, path, O_RDONLY | O_DIRECTORY);
        if (!fd) {
            leave_out(shown, "cannot be read");
            return {};
        }
        const std::unique_ptr<DIR, CloseDir> dir{fdopendir(fd.release())};
        std::set<std::string> names;  // in order, so that equal folders give equal zips
        while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) {
            if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
            if (names.size() >= request_.files_max) break;
            names.insert(entry->d_name);
        }
        for (const auto& name : names)
            TRY(add(path == "." ? name : path + "/" + name, fmt::format("{}/{}", shown, name), depth + 1));
        return {};
    }

    void leave_out(const std::string& what, const std::string& why) {
        if (message_.size() >= kMessageBytesMax) return;
        message_ += fmt::format("{}left out {}: {}", message_.empty() ? "" : "; ", what.substr(0, 300), why);
        if (message_.size() > kMessageBytesMax) message_.resize(kMessageBytesMax);
    }

    archive* writer_;
    int root_;
    const LogRequest& request_;
    std::set<std::string> names_;
    std::uint64_t files_ = 0;
    std::uint64_t taken_ = 0;
    bool left_out_all_ = false;
    std::string message_;
};

}  // namespace

Result<LogBundle> bundle_logs(const LogRequest& request, const std::filesystem::path& zip) {
    const Fd root{open(request.game_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!root) return refuse_errno("open", request.game_dir);
    const Fd out{open(zip.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!out && no_room(errno))
        return refuse(ErrorCode::Insufficient, fmt::format("cannot create {}: {}", zip.string(), std::strerror(errno)));
    if (!out) return refuse_errno("create", zip);
    const std::unique_ptr<archive, FreeWriter> writer{archive_write_new()};
    archive_write_set_format_zip(writer.get());
    if (archive_write_open_fd(writer.get(), out.get()) != ARCHIVE_OK)
        return refuse(ErrorCode::FailedOperation, "cannot begin the log archive");
    Bundler bundler(writer.get(), root.get(), request);
    if (!request.process_dir.empty()) {
        for (const auto& [file, name] :
             {std::pair{"output.1.log", "process.1.log"}, std::pair{"output.log", "process.log"}}) {
            const Fd fd{open((request.process_dir / file).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
            struct stat info{};
            if (fd && fstat(fd.get(), &info) == 0 && info.st_size > 0)
                TRY(bundler.add_file(fd.get(), name, static_cast<std::uint64_t>(info.st_size)));
        }
    }
    for (const auto& path : request.paths) TRY(bundler.add_named(path));
    if (archive_write_close(writer.get()) != ARCHIVE_OK) return bundler.writer_error();
    struct stat info{};
    fstat(out.get(), &info);
    return LogBundle{bundler.files(), static_cast<std::uint64_t>(info.st_size), bundler.message()};
}

}  // namespace gse::agent
