/// One snapshot on disk: a chain of checksummed frames, written under a temporary name and renamed when complete.
#pragma once

#include <functional>
#include <optional>

#include "journal/file_system.h"

namespace gse::journal {

struct SnapshotName {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    friend bool operator==(const SnapshotName&, const SnapshotName&) = default;
};

inline constexpr char kSnapshotTempName[] = "snapshot.tmp";

/// `snapshot-<start>-<end>.snap`, both with 20 digits.
[[nodiscard]] std::string to_file_name(const SnapshotName& name);
/// nullopt for every name that to_file_name() would not give.
[[nodiscard]] std::optional<SnapshotName> parse_snapshot_name(std::string_view file_name);

/// Writes dir/snapshot.tmp and removes it again unless finished. One thread at a time.
class SnapshotFileWriter {
public:
    static Result<SnapshotFileWriter> create(FileSystem& files, const path& dir, std::string_view deployment,
                                             std::uint64_t start);
    SnapshotFileWriter(SnapshotFileWriter&&) = default;
    ~SnapshotFileWriter() { abandon(); }
    Result<void> write(std::span<const std::byte> slice);
    /// Durable under its final name when it returns.
    Result<SnapshotName> finish(std::uint64_t end);
    /// Of the slices so far.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    /// Removes the unfinished file; harmless otherwise.
    void abandon();

private:
    SnapshotFileWriter(FileSystem& files, path dir, std::uint64_t start) : files_(&files), dir_(std::move(dir)) {
        name_.start = start;
    }
    Result<void> put_frame(char kind, std::span<const std::byte> payload);
    Result<void> flush();

    FileSystem* files_;
    path dir_;
    SnapshotName name_;
    std::unique_ptr<File> file_;  // null once finished
    std::vector<std::byte> buffer_;
    std::uint64_t written_ = 0;
    std::uint64_t unsynced_ = 0;
    std::uint64_t slices_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint32_t chain_ = 0;
};

using SliceSink = std::function<Result<void>(std::span<const std::byte>)>;

/// Hands every slice to `sink`, in order. An error says what is wrong with the file; slices already handed over
/// are then worthless, so check with an empty sink first.
Result<void> read_snapshot(FileSystem& files, const path& dir, const SnapshotName& name, std::string_view deployment,
                           const SliceSink& sink);

}  // namespace gse::journal
