/// Objects as files below one directory of this machine.
#pragma once

#include <filesystem>
#include <functional>

#include "objects/object_store.h"

namespace gse::objects {

/// What an upload does to the disk, in this order. A crash may fall before any of them.
enum class UploadStep : std::uint8_t { Create, Write, WriteHeader, SyncFile, Rename, SyncFolder };

struct DirectoryStoreOptions {
    /// An upload that would leave less free space is refused. Bytes.
    std::uint64_t reserve_bytes = 0;
    /// Names this process's unfinished files where others use the folder too; only its own are removed at the start.
    std::string owner;
    /// Called before each step, on the uploading thread. Tests end the world there.
    std::function<void(UploadStep)> before_step;
};

/// `root` is made (mode 0700) if absent; what cut uploads left is removed. One process at a time, or several with an
/// `owner` each of which one serves clients at a time. Bucket names are 1–128 bytes, keys 1–1024.
Result<std::unique_ptr<ObjectStore>> open_directory_store(const std::filesystem::path& root,
                                                          DirectoryStoreOptions options = {});

}  // namespace gse::objects
