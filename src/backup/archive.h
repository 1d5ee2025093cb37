/// A backup as one file: a tar, compressed with zstd, whose entries are plain files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace gse::backup {

/// Fills the buffer from an offset; fewer bytes than asked only at the end.
using ReadAt = std::function<Result<std::size_t>(std::uint64_t offset, std::span<std::byte> buffer)>;
/// Bytes of an entry as they pass.
using Seen = std::function<void(std::span<const std::byte>)>;

class ArchiveWriter {
public:
    /// `file` must not exist; mode 0600.
    static Result<ArchiveWriter> create(const std::filesystem::path& file, std::int64_t unix_s);
    ArchiveWriter(ArchiveWriter&&) noexcept;
    ~ArchiveWriter();

    /// Exactly `bytes` are read; FailedOperation when there are fewer.
    Result<void> add(const std::string& name, std::uint64_t bytes, const ReadAt& read, const Seen& seen);
    /// Complete and synced when it returns; its size.
    Result<std::uint64_t> finish();

private:
    struct Impl;
    explicit ArchiveWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

class ArchiveReader {
public:
    /// FailedOperation: it is no archive of ours, or its beginning is damaged.
    static Result<ArchiveReader> open(const std::filesystem::path& file);
    ArchiveReader(ArchiveReader&&) noexcept;
    ~ArchiveReader();

    /// The next entry's name and size; an empty name: there is none. Refuses what is no plain file.
    struct Entry {
        std::string name;
        std::uint64_t bytes = 0;
    };
    Result<Entry> next();
    using Take = std::function<Result<void>(std::span<const std::byte>)>;
    /// Hands over the content of the entry that next() gave.
    Result<void> read(const Take& take);

private:
    struct Impl;
    explicit ArchiveReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::backup
