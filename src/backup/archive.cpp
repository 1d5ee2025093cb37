#include "backup/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/file.h"

namespace gse::backup {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kStepBytes = 1 << 20;

struct FreeArchive {
    void operator()(archive* a) const { archive_free(a); }
    void operator()(archive_entry* e) const { archive_entry_free(e); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;
using ArchiveEntry = std::unique_ptr<archive_entry, FreeArchive>;

std::unexpected<Error> archive_refusal(std::string_view doing, archive* a, const fs::path& file) {
    const char* why = archive_error_string(a);
    return refuse(ErrorCode::FailedOperation,
                  fmt::format("cannot {} {}: {}", doing, file.string(), why ? why : "unknown reason"));
}

}  // namespace

struct ArchiveWriter::Impl {
    fs::path file;
    std::int64_t unix_s = 0;
    Fd fd;
    Archive writer;
    std::vector<std::byte> buffer = std::vector<std::byte>(kStepBytes);
};

ArchiveWriter::ArchiveWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ArchiveWriter::ArchiveWriter(ArchiveWriter&&) noexcept = default;
ArchiveWriter::~ArchiveWriter() = default;

Result<ArchiveWriter> ArchiveWriter::create(const fs::path& file, std::int64_t unix_s) {
    auto impl = std::make_unique<Impl>();
    impl->file = file;
    impl->unix_s = unix_s;
    impl->fd = Fd{::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!impl->fd) return refuse_errno("create", file);
    impl->writer.reset(archive_write_new());
    archive* const writer = impl->writer.get();
    if (archive_write_set_format_pax_restricted(writer) != ARCHIVE_OK ||
        archive_write_add_filter_zstd(writer) != ARCHIVE_OK ||
        archive_write_set_filter_option(writer, "zstd", "compression-level", "3") != ARCHIVE_OK ||
        archive_write_open_fd(writer, impl->fd.get()) != ARCHIVE_OK)
        return archive_refusal("begin", writer, file);
    return ArchiveWriter(std::move(impl));
}

Result<void> ArchiveWriter::add(const std::string& name, std::uint64_t bytes, const ReadAt& read, const Seen& seen) {
    archive* const writer = impl_->writer.get();
    const ArchiveEntry entry{archive_entry_new()};
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0600);
    archive_entry_set_mtime(entry.get(), impl_->unix_s, 0);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes));
    if (archive_write_header(writer, entry.get()) != ARCHIVE_OK) return archive_refusal("write", writer, impl_->file);
    for (std::uint64_t at = 0; at < bytes;) {
        const auto wanted = std::span(impl_->buffer).first(std::min<std::uint64_t>(impl_->buffer.size(), bytes - at));
        const std::size_t got = TRY(read(at, wanted));
        if (got == 0) return refuse(ErrorCode::FailedOperation, fmt::format("{} shrank while it was read", name));
        const auto piece = wanted.first(got);
        seen(piece);
        if (archive_write_data(writer, piece.data(), piece.size()) != static_cast<la_ssize_t>(piece.size()))
            return archive_refusal("write", writer, impl_->file);
        at += got;
    }
    return {};
}

Result<std::uint64_t> ArchiveWriter::finish() {
    if (archive_write_close(impl_->writer.get()) != ARCHIVE_OK)
        return archive_refusal("complete", impl_->writer.get(), impl_->file);
    struct stat status{};
    if (::fsync(impl_->fd.get()) != 0 || ::fstat(impl_->fd.get(), &status) != 0)
        return refuse_errno("sync", impl_->file);
    return static_cast<std::uint64_t>(status.st_size);
}

struct ArchiveReader::Impl {
    fs::path file;
    Archive reader;

    [[nodiscard]] std::unexpected<Error> damaged() const {
        const char* why = archive_error_string(reader.get());
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} is damaged or is no backup of OpenGSE ({}); nothing was changed. Take another "
                                  "copy of the file, or another backup",
                                  file.string(), why ? why : "it ends too early"));
    }
};

ArchiveReader::ArchiveReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ArchiveReader::ArchiveReader(ArchiveReader&&) noexcept = default;
ArchiveReader::~ArchiveReader() = default;

Result<ArchiveReader> ArchiveReader::open(const fs::path& file) {
    auto impl = std::make_unique<Impl>();
    impl->file = file;
    if (const Fd probe{::open(file.c_str(), O_RDONLY | O_CLOEXEC)}; !probe) return refuse_errno("open", file);
    impl->reader.reset(archive_read_new());
    archive* const reader = impl->reader.get();
    if (archive_read_support_filter_zstd(reader) != ARCHIVE_OK || archive_read_support_format_tar(reader) != ARCHIVE_OK)
        return archive_refusal("read", reader, file);
    if (archive_read_open_filename(reader, file.c_str(), kStepBytes) != ARCHIVE_OK) return impl->damaged();
    return ArchiveReader(std::move(impl));
}

Result<ArchiveReader::Entry> ArchiveReader::next() {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(impl_->reader.get(), &entry);
    if (status == ARCHIVE_EOF) return Entry{};
    if (status != ARCHIVE_OK) return impl_->damaged();
    const char* name = archive_entry_pathname(entry);
    const auto bytes = archive_entry_size(entry);
    if (name == nullptr || *name == '\0' || archive_entry_filetype(entry) != AE_IFREG ||
        archive_entry_hardlink(entry) != nullptr || bytes < 0)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} holds something that is no plain file; it is no backup of OpenGSE. Nothing was "
                                  "changed",
                                  impl_->file.string()));
    return Entry{name, static_cast<std::uint64_t>(bytes)};
}

Result<void> ArchiveReader::read(const Take& take) {
    for (std::uint64_t expected = 0;;) {
        const void* block = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int status = archive_read_data_block(impl_->reader.get(), &block, &size, &offset);
        if (status == ARCHIVE_EOF) return {};
        if (status != ARCHIVE_OK || offset < 0 || static_cast<std::uint64_t>(offset) != expected)
            return impl_->damaged();
        TRY(take({static_cast<const std::byte*>(block), size}));
        expected += size;
    }
}

}  // namespace gse::backup
