/// Packages and logs, by bucket and key. A directory now, a shared store later.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

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
    /// Synced, renamed, folder synced: after it returns the object survives a power cut.
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

/// One object opened for reading; stays readable when the object is replaced or removed meanwhile. One thread at a
/// time.
class Download {
public:
    virtual ~Download() = default;
    [[nodiscard]] virtual const ObjectInfo& info() const = 0;
    /// Fills `buffer` from `offset`; fewer bytes than asked only at the end.
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
    /// Removes those that nobody has gone on with since then; how many.
    virtual Result<std::size_t> drop_unfinished(WallTime idle_since) = 0;

    virtual Result<std::unique_ptr<Download>> get(std::string_view bucket, std::string_view key) = 0;
    /// nullopt when there is none.
    virtual Result<std::optional<ObjectInfo>> stat(std::string_view bucket, std::string_view key) = 0;
    virtual Result<void> remove(std::string_view bucket, std::string_view key) = 0;

    /// Goes on with a walk through all objects and removes those that `gone` names; looks at `max` at most. An object
    /// that is replaced meanwhile stays. What cannot be read is passed over.
    using Gone = std::function<bool(std::string_view bucket, const ObjectInfo& info)>;
    virtual Result<Swept> sweep(SweepCursor& cursor, std::size_t max, const Gone& gone) = 0;
};

}  // namespace gse::objects
