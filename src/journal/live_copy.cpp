#include "journal/live_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "journal/identity.h"
#include "journal/segment.h"
#include "journal/snapshot_file.h"
#include "journal/wal_audit.h"

namespace gse::journal {
namespace {

/// Each is spoilt by a trim or by a segment that is settled at that moment, and both are rare.
constexpr int kAttempts = 10;
constexpr std::size_t kStepBytes = 1 << 20;

using WalHead = std::array<std::byte, kWalHeadBytes>;

/// Tells one life of a write-ahead log from the next: its salts are drawn anew whenever it begins again. nullopt: there
/// is none, or none that holds anything.
Result<std::optional<WalHead>> wal_head(FileSystem& files, const path& wal) {
    auto file = files.open(wal, OpenMode::Read);
    if (!file && file.error().code == ErrorCode::NotFound) return std::nullopt;
    if (!file) return std::unexpected(std::move(file).error());
    WalHead head;
    if (TRY((*file)->read_at(0, head)) < head.size()) return std::nullopt;
    return head;
}

/// Bytes [0, limit), or all there are.
Result<void> copy_file(FileSystem& files, const path& from, const path& to, std::uint64_t limit = UINT64_MAX) {
    const auto in = TRY(files.open(from, OpenMode::Read));
    const auto out = TRY(files.open(to, OpenMode::Create));
    std::vector<std::byte> buffer(kStepBytes);
    for (std::uint64_t at = 0; at < limit;) {
        const auto wanted = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), limit - at));
        const std::size_t got = TRY(in->read_at(at, wanted));
        TRY(out->write_at(at, wanted.first(got)));
        at += got;
        if (got < wanted.size()) break;
    }
    return out->sync();
}

/// False: the segment was settled, or begun, meanwhile.
Result<bool> copy_segment(FileSystem& files, const path& from, const path& to) {
    path wal = from, wal_copy = to;
    wal += "-wal";
    wal_copy += "-wal";
    const auto before = TRY(wal_head(files, wal));
    // The write-ahead log first: as long as it lives, a page that is moved into the database meanwhile is in it too.
    if (before) {
        const auto file = TRY(files.open(wal, OpenMode::Read));
        const std::uint64_t committed = TRY(committed_wal_bytes(*file));
        TRY(copy_file(files, wal, wal_copy, committed));
    }
    TRY(copy_file(files, from, to));
    return TRY(wal_head(files, wal)) == before;
}

struct Found {
    std::vector<std::uint64_t> segments;  ///< the run that ends with the highest, newest first
    std::optional<SnapshotName> snapshot;
};

Result<Found> look(FileSystem& files, const path& dir) {
    Found found;
    for (const std::string& name : TRY(files.list(dir))) {
        if (const auto segment = Segment::parse_file_name(name)) found.segments.push_back(*segment);
        const auto snapshot = parse_snapshot_name(name);
        if (snapshot && (!found.snapshot || std::pair(found.snapshot->end, found.snapshot->start) <
                                                std::pair(snapshot->end, snapshot->start)))
            found.snapshot = snapshot;
    }
    std::ranges::sort(found.segments, std::greater<>());
    for (std::size_t i = 1; i < found.segments.size(); ++i)
        if (found.segments[i] + 1 != found.segments[i - 1]) {
            found.segments.resize(i);
            break;
        }
    return found;
}

/// False: what was listed has changed meanwhile.
Result<bool> try_to_copy(FileSystem& files, const path& from, const path& to) {
    const Found found = TRY(look(files, from));
    // Newest first: a segment that follows one that is copied later holds nothing, or that one is complete.
    for (const std::uint64_t number : found.segments)
        if (!TRY(copy_segment(files, from / Segment::file_name(number), to / Segment::file_name(number)))) return false;
    if (found.snapshot) {
        const std::string name = to_file_name(*found.snapshot);
        TRY(copy_file(files, from / name, to / name));
    }
    return true;
}

Result<void> empty(FileSystem& files, const path& dir) {
    const auto names = TRY(files.list(dir));
    for (const std::string& name : names) TRY(files.remove(dir / name));
    return {};
}

}  // namespace

Result<void> copy_live_journal(FileSystem& files, const path& from, const path& to) {
    const auto identity = TRY(read_identity(files, from));
    if (!identity)
        return refuse(
            ErrorCode::NotFound,
            fmt::format("{} holds no journal. Give the data directory of a server whose state is in files; one whose "
                        "journal.kind is postgres is backed up with its database",
                        from.string()));
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const auto copied = try_to_copy(files, from, to);
        if (copied && *copied) {
            TRY(write_identity(files, to, *identity));
            return {};
        }
        // A file that was listed and is gone was trimmed.
        if (!copied && copied.error().code != ErrorCode::NotFound) return std::unexpected(copied.error());
        TRY(empty(files, to));
    }
    return refuse(ErrorCode::Unavailable,
                  fmt::format("{} changed under each of {} attempts to copy it; try again", from.string(), kAttempts));
}

}  // namespace gse::journal
