#include "cli/zip_folder.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/file.h"

namespace gse::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEntriesMax = 100'000;

struct Closer {
    void operator()(archive* a) const { archive_write_free(a); }
    void operator()(archive_entry* e) const { archive_entry_free(e); }
};
using Writer = std::unique_ptr<archive, Closer>;
using Entry = std::unique_ptr<archive_entry, Closer>;

std::unexpected<Error> zip_error(archive* writer, const fs::path& path) {
    const char* why = archive_error_string(writer);
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("cannot pack {}: {}", path.string(), why ? why : "unknown reason"));
}

Result<std::vector<fs::path>> entries_of(const fs::path& folder) {
    std::error_code failure;
    std::vector<fs::path> entries;
    for (fs::recursive_directory_iterator it{folder, failure}, end; it != end && !failure; it.increment(failure)) {
        const fs::file_status status = it->symlink_status(failure);
        if (failure) break;
        if (!fs::is_regular_file(status) && !fs::is_directory(status))
            return refuse(
                ErrorCode::InvalidParameterValue,
                fmt::format("{} is neither a file nor a folder; a package holds only those", it->path().string()));
        if (entries.size() == kEntriesMax)
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("{} holds more than {} files and folders", folder.string(), kEntriesMax));
        entries.push_back(it->path());
    }
    if (failure)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("cannot read {}: {}", folder.string(), failure.message()));
    std::ranges::sort(entries);
    return entries;
}

Result<void> add_content(archive* writer, const fs::path& path, int fd, std::uint64_t size) {
    std::array<char, 64 * 1024> buffer;
    std::uint64_t left = size;
    while (left > 0) {
        const ssize_t got = ::read(fd, buffer.data(), std::min<std::uint64_t>(buffer.size(), left));
        if (got < 0) return refuse_errno("read", path);
        if (got == 0)
            return refuse(ErrorCode::FailedOperation, fmt::format("{} shrank while it was packed", path.string()));
        if (archive_write_data(writer, buffer.data(), static_cast<std::size_t>(got)) < 0)
            return zip_error(writer, path);
        left -= static_cast<std::uint64_t>(got);
    }
    return {};
}

Result<ZipSummary> write_zip(const fs::path& folder, const fs::path& zip) {
    const auto entries = TRY(entries_of(folder));
    const Writer writer{archive_write_new()};
    if (archive_write_set_format_zip(writer.get()) != ARCHIVE_OK) return zip_error(writer.get(), zip);
    const Fd out{::open(zip.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (!out) return refuse_errno("create", zip);
    if (archive_write_open_fd(writer.get(), out.get()) != ARCHIVE_OK) return zip_error(writer.get(), zip);
    ZipSummary summary;
    for (const fs::path& path : entries) {
        const Fd in{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        struct stat status{};
        if (!in || ::fstat(in.get(), &status) != 0) return refuse_errno("open", path);
        const bool is_folder = S_ISDIR(status.st_mode);
        const Entry entry{archive_entry_new()};
        archive_entry_set_pathname_utf8(entry.get(),
                                        (path.lexically_relative(folder).string() + (is_folder ? "/" : "")).c_str());
        archive_entry_set_filetype(entry.get(), is_folder ? AE_IFDIR : AE_IFREG);
        archive_entry_set_perm(entry.get(), status.st_mode & 0777);
        archive_entry_set_mtime(entry.get(), status.st_mtime, 0);
        archive_entry_set_size(entry.get(), is_folder ? 0 : status.st_size);
        if (archive_write_header(writer.get(), entry.get()) != ARCHIVE_OK) return zip_error(writer.get(), path);
        if (is_folder) continue;
        TRY(add_content(writer.get(), path, in.get(), static_cast<std::uint64_t>(status.st_size)));
        ++summary.files;
        summary.bytes += static_cast<std::uint64_t>(status.st_size);
    }
    if (archive_write_close(writer.get()) != ARCHIVE_OK) return zip_error(writer.get(), zip);
    return summary;
}

}  // namespace

Result<ZipSummary> zip_folder(const fs::path& folder, const fs::path& zip) {
    auto summary = write_zip(folder, zip);
    if (!summary) {
        std::error_code ignored;
        fs::remove(zip, ignored);
    }
    return summary;
}

}  // namespace gse::cli
