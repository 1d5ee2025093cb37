/// Packages and logs, by bucket and key: in a directory, or in a bucket of an S3-compatible store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace gse::objects {

struct ObjectInfo {
    std::uint64_t size = 0;
    std::string sha256;  ///< lower-case hex
    WallTime stored_at;
};

/// One upload in progress. Destroyed unfinished, it leaves nothing behind. One thread at a time.
class Upload {
public:
    virtual ~Upload() = default;
    virtual Result<void> write(std::span<const std::byte> piece) = 0;
    /// After it returns the object is whole, under its name, and survives a power cut.
    virtual Result<ObjectInfo> finish() = 0;
};

/// A part of an object: bytes [offset, offset + …) of `total`.
struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t total = 0;  ///< of the whole object, at least 1
};

/// An object of which some bytes, from the first one on, are kept.
struct Unfinished {
    std::uint64_t stored = 0;
    std::uint64_t total = 0;
    WallTime touched_at;  ///< when the last bytes came
    friend bool operator==(const Unfinished&, const Unfinished&) = default;
};

/// One piece coming in. What was written of it is kept, whatever ends it. One thread at a time.
class PieceUpload {
public:
    virtual ~PieceUpload() = default;
    virtual Result<void> write(std::span<const std::byte> bytes) = 0;
    /// Synced: after it returns these bytes survive a power cut, and the next piece goes on behind them.
    virtual Result<Unfinished> keep() = 0;
    /// With the last byte: checksummed and under its name, as Upload::finish() does.
    virtual Result<ObjectInfo> finish() = 0;
};

/// One object opened for reading. When it is replaced or removed meanwhile it stays readable, or reading is refused
/// with Unavailable; bytes of two objects are never mixed. One thread at a time.
class Download {
public:
    virtual ~Download() = default;
    [[nodiscard]] virtual const ObjectInfo& info() const = 0;
    /// Fills `buffer` from `offset`; fewer bytes than asked only at the end. A store whose disks others keep also
    /// refuses the last bytes of an object that is read from its begin to its end and is not what was stored.
    virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> buffer) = 0;
};

/// Where a walk through all objects stands; begins anew once it has come to the end.
struct SweepCursor {
    std::string position;  ///< the store's own
};

struct Swept {
    std::size_t looked_at = 0;
    std::size_t removed = 0;
    std::uint64_t bytes = 0;  ///< of what was removed
    bool complete = false;    ///< the walk came to its end with this call
};

struct ObjectName {
    std::string bucket;
    std::string key;
    friend bool operator==(const ObjectName&, const ObjectName&) = default;
};

struct Listed {
    std::vector<ObjectName> objects;
    std::vector<std::string> damaged;  ///< where something lies that is no whole object
    bool complete = false;             ///< the walk came to its end with this call
};

/// Thread-safe. File names are made from a hash of bucket and key, never from the key itself.
class ObjectStore {
public:
    virtual ~ObjectStore() = default;
    virtual Result<std::unique_ptr<Upload>> put(std::string_view bucket, std::string_view key,
                                                std::uint64_t max_bytes) = 0;

    /// Uploads in pieces: one at a time for a key, kept over restarts until they are whole, begun anew, or dropped.
    /// A piece at offset 0 begins anew. InvalidParameterValue: it does not go on where the last one ended, or names
    /// another total; InUse: another piece of the object is coming in; Overloaded: too many objects are unfinished.
    virtual Result<std::unique_ptr<PieceUpload>> put_piece(std::string_view bucket, std::string_view key,
                                                           const Piece& piece) = 0;
    /// nullopt when nothing of it is kept.
    virtual Result<std::optional<Unfinished>> unfinished(std::string_view bucket, std::string_view key) = 0;
    /// Removes those that nobody has gone on with since then; how many. Also what a crash of an upload left a day ago.
    virtual Result<std::size_t> drop_unfinished(WallTime idle_since) = 0;

    virtual Result<std::unique_ptr<Download>> get(std::string_view bucket, std::string_view key) = 0;
    /// nullopt when there is none.
    Result<std::optional<ObjectInfo>> stat(std::string_view bucket, std::string_view key);
    virtual Result<void> remove(std::string_view bucket, std::string_view key) = 0;

    /// Gives the object a second name, and its description: what that name stood for is replaced. The content is
    /// checked on the way: FailedOperation when it is not what was stored.
    virtual Result<ObjectInfo> copy(const ObjectName& from, const ObjectName& to) = 0;

    /// Goes on with a walk through all objects and removes those of the buckets that `in` names which were stored then
    /// or earlier; looks at `max` at most. An object that is replaced meanwhile stays. What cannot be read is passed
    /// over.
    using In = std::function<bool(std::string_view bucket)>;
    virtual Result<Swept> sweep(SweepCursor& cursor, std::size_t max, WallTime stored_by, const In& in) = 0;

    /// Goes on with a walk through all objects; `max` at most. Unfinished uploads are none.
    virtual Result<Listed> list(SweepCursor& cursor, std::size_t max) = 0;
};

/// Reads all of `from` into `to`, which is not finished yet. FailedOperation when it is shorter than it should be.
Result<void> copy_bytes(Download& from, Upload& to);

}  // namespace gse::objects
