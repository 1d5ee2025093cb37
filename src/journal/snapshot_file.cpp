#include "journal/snapshot_file.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "journal/crc32c.h"
#include "journal/identity.h"
#include "journal/journal.h"
#include "journal/paced_writes.h"

namespace gse::journal {
namespace {

// A frame is kind (1 byte, then 3 zero bytes), payload length (4), checksum (4), payload; integers little-endian.
// The checksum covers the frame's first 8 bytes and its payload, continued from the frame before, so that a frame
// lost, repeated or out of place is seen like a flipped bit.
constexpr std::size_t kFrameHead = 12;
constexpr char kHeader = 'H';
constexpr char kSlice = 'S';
constexpr char kTrailer = 'T';
constexpr std::size_t kReadBytes = 1 << 20;

std::string header_text(std::string_view deployment, std::uint64_t start) {
    return fmt::format("gse-snapshot {} deployment={} start={}", kFormatVersion, deployment, start);
}

std::string trailer_text(const SnapshotName& name, std::uint64_t slices, std::uint64_t bytes) {
    return fmt::format("start={} end={} slices={} bytes={}", name.start, name.end, slices, bytes);
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::uint32_t frame_crc(std::span<const std::byte> head8, std::span<const std::byte> payload, std::uint32_t chain) {
    return crc32c(payload, crc32c(head8, chain));
}

std::optional<std::uint64_t> parse_digits20(std::string_view text) {
    std::uint64_t value = 0;
    if (text.size() != 20) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 20, value);
    if (error != std::errc{} || end != text.data() + 20) return std::nullopt;
    return value;
}

}  // namespace

std::string to_file_name(const SnapshotName& name) {
    return fmt::format("snapshot-{:020}-{:020}.snap", name.start, name.end);
}

std::optional<SnapshotName> parse_snapshot_name(std::string_view file_name) {
    if (file_name.size() != 9 + 20 + 1 + 20 + 5 || !file_name.starts_with("snapshot-")) return std::nullopt;
    const auto start = parse_digits20(file_name.substr(9, 20));
    const auto end = parse_digits20(file_name.substr(30, 20));
    if (!start || !end) return std::nullopt;
    const SnapshotName name{*start, *end};
    if (to_file_name(name) != file_name) return std::nullopt;
    return name;
}

Result<SnapshotFileWriter> SnapshotFileWriter::create(FileSystem& files, const path& dir, std::string_view deployment,
                                                      std::uint64_t start) {
    const path temp = dir / kSnapshotTempName;
    TRY(files.remove(temp));
    SnapshotFileWriter writer(files, dir, start);
    writer.file_ = TRY(files.open(temp, OpenMode::Create));
    TRY(writer.put_frame(kHeader, bytes_of(header_text(deployment, start))));
    return writer;
}

void SnapshotFileWriter::abandon() {
    if (!file_) return;
    file_.reset();
    (void)files_->remove(dir_ / kSnapshotTempName);  // else the next begin or open removes it
}

Result<void> SnapshotFileWriter::write(std::span<const std::byte> slice) {
    ++slices_;
    bytes_ += slice.size();
    return put_frame(kSlice, slice);
}

Result<SnapshotName> SnapshotFileWriter::finish(std::uint64_t end) {
    name_.end = end;
    TRY(put_frame(kTrailer, bytes_of(trailer_text(name_, slices_, bytes_))));
    TRY(flush());
    TRY(file_->sync());
    TRY(files_->rename(dir_ / kSnapshotTempName, dir_ / to_file_name(name_)));
    file_.reset();
    TRY(files_->sync_dir(dir_));
    return name_;
}

Result<void> SnapshotFileWriter::put_frame(char kind, std::span<const std::byte> payload) {
    std::byte head[kFrameHead] = {};
    head[0] = static_cast<std::byte>(kind);
    const auto length = static_cast<std::uint32_t>(payload.size());
    std::memcpy(head + 4, &length, 4);
    chain_ = frame_crc(std::span(head).first(8), payload, chain_);
    std::memcpy(head + 8, &chain_, 4);
    buffer_.insert(buffer_.end(), head, head + kFrameHead);
    if (payload.size() >= kSyncStepBytes) {  // too large to be worth a copy
        TRY(flush());
        TRY(file_->write_at(written_, payload));
        written_ += payload.size();
        unsynced_ += payload.size();
    } else {
        buffer_.insert(buffer_.end(), payload.begin(), payload.end());
    }
    if (buffer_.size() >= kSyncStepBytes) TRY(flush());
    if (unsynced_ >= kSyncStepBytes) {
        TRY(file_->sync());
        unsynced_ = 0;
    }
    return {};
}

Result<void> SnapshotFileWriter::flush() {
    TRY(file_->write_at(written_, buffer_));
    written_ += buffer_.size();
    unsynced_ += buffer_.size();
    buffer_.clear();
    return {};
}

Result<void> read_snapshot(FileSystem& files, const path& dir, const SnapshotName& name, std::string_view deployment,
                           const SliceSink& sink) {
    const path file_name = dir / to_file_name(name);
    const auto damaged = [&](std::string_view what) {
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("the snapshot {} is damaged: {}", file_name.string(), what));
    };
    auto file = TRY(files.open(file_name, OpenMode::Read));
    const std::uint64_t size = TRY(file->size());
    std::uint64_t offset = 0;
    std::uint32_t chain = 0;
    std::uint64_t slices = 0;
    std::uint64_t bytes = 0;
    std::vector<std::byte> buffer;  // what was read ahead; begins at `buffer_at` of the file
    std::uint64_t buffer_at = 0;
    const auto fetch = [&](std::size_t length) -> Result<std::span<const std::byte>> {
        if (offset < buffer_at || offset + length > buffer_at + buffer.size()) {
            buffer.resize(std::min<std::uint64_t>(std::max(length, kReadBytes), size - offset));
            buffer_at = offset;
            if (TRY(file->read_at(offset, buffer)) != buffer.size()) return damaged("it shrank while it was read");
        }
        return std::span<const std::byte>(buffer).subspan(offset - buffer_at, length);
    };

    for (bool first = true;; first = false) {
        if (size - offset < kFrameHead) return damaged("it ends without a trailer");
        std::byte head[kFrameHead];
        std::memcpy(head, TRY(fetch(kFrameHead)).data(), kFrameHead);
        std::uint32_t length = 0;
        std::uint32_t checksum = 0;
        std::memcpy(&length, head + 4, 4);
        std::memcpy(&checksum, head + 8, 4);
        const std::uint64_t frame_at = offset;
        offset += kFrameHead;
        if (length > kMaxBatchBytes || length > size - offset)
            return damaged(fmt::format("the frame at byte {} is longer than the file", frame_at));
        const auto payload = TRY(fetch(length));
        chain = frame_crc(std::span(head).first(8), payload, chain);
        if (chain != checksum) return damaged(fmt::format("wrong checksum in the frame at byte {}", frame_at));
        offset += length;
        const char kind = static_cast<char>(head[0]);
        const std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
        if (first) {
            if (kind != kHeader || text != header_text(deployment, name.start))
                return refuse(
                    ErrorCode::FailedOperation,
                    fmt::format("{} belongs to another deployment or format; move it away", file_name.string()));
        } else if (kind == kSlice) {
            ++slices;
            bytes += payload.size();
            if (sink) TRY(sink(payload));
        } else if (kind == kTrailer) {
            if (text != trailer_text(name, slices, bytes) || offset != size) return damaged("its trailer disagrees");
            return {};
        } else {
            return damaged(fmt::format("unknown frame at byte {}", frame_at));
        }
    }
}

}  // namespace gse::journal
