#include "backup/restore.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "backup/archive.h"
#include "backup/contents.h"
#include "base/crypto.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/temp_folder.h"
#include "core/restored.h"
#include "engine/replay.h"
#include "journal/sqlite.h"
#include "objects/object_file.h"

namespace gse::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 20'000'000;
constexpr std::uint64_t kManifestBytesMax = 4ULL << 30;
/// Restored time goes on after a gap of this at most, as after a restart.
constexpr Millis kGapMax{24 * 3'600'000LL};
/// So much is laid down ahead; the server does the rest as it is configured.
constexpr std::uint64_t kSegmentBytes = 1 << 20;

std::unexpected<Error> damaged(const RestoreOptions& options, std::string_view what) {
    return refuse(
        ErrorCode::FailedOperation,
        fmt::format("{} is damaged: {}. Nothing was changed; take another copy of the file, or another backup",
                    options.file.string(), what));
}

Result<void> must_be_free(const fs::path& data) {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(data, error))) return {};
    if (fs::is_directory(fs::symlink_status(data, error)) && fs::is_empty(data, error) && !error) return {};
    return refuse(ErrorCode::InUse,
                  fmt::format("{} is not empty, and a restore never replaces anything; give a new folder, or move this "
                              "one away",
                              data.string()));
}

class Unpacker {
public:
    Unpacker(const RestoreOptions& options, const fs::path& root) : options_(options), root_(root) {}

    /// Every file of the archive below `root`, each as its manifest says.
    Result<Manifest> run() {
        ArchiveReader archive = TRY(ArchiveReader::open(options_.file));
        std::vector<ManifestEntry> files;
        std::set<std::string> names;
        std::string manifest_text;
        for (;;) {
            const ArchiveReader::Entry entry = TRY(archive.next());
            if (entry.name.empty()) break;
            if (!manifest_text.empty()) return damaged(options_, "something follows its manifest");
            if (entry.name == kManifestName) {
                TRY(archive.read([&](std::span<const std::byte> piece) -> Result<void> {
                    if (manifest_text.size() + piece.size() > kManifestBytesMax)
                        return damaged(options_, "its manifest is too long");
                    manifest_text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
                    return {};
                }));
                continue;
            }
            if (!may_restore(entry.name) || files.size() == kFilesMax || !names.insert(entry.name).second)
                return damaged(options_, fmt::format("'{}' does not belong in a backup, or is in it twice",
                                                     entry.name.substr(0, 200)));
            files.push_back(TRY(unpack(archive, entry)));
        }
        if (manifest_text.empty()) return damaged(options_, "it ends before its manifest");
        Manifest manifest = TRY(parse_manifest(manifest_text));
        TRY(compare(manifest.files, files));
        return manifest;
    }

    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
    Result<ManifestEntry> unpack(ArchiveReader& archive, const ArchiveReader::Entry& entry) {
        const fs::path path = root_ / entry.name;  // of known shape: no way out of the folder
        TRY(make_folders(path.parent_path()));
        const Fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
        if (!file) return refuse_errno("create", path);
        Sha256 hash;
        std::uint64_t at = 0;
        const ArchiveReader::Take write = [&](std::span<const std::byte> piece) -> Result<void> {
            TRY(objects::write_all(file.get(), piece, at, path));
            hash.add(piece);
            at += piece.size();
            bytes_ += piece.size();
            if (options_.progress) options_.progress(bytes_, 0);
            return {};
        };
        TRY(archive.read(write));
        return ManifestEntry{entry.name, at, to_hex(hash.finish())};
    }

    Result<void> make_folders(const fs::path& folder) {
        if (folder == root_ || made_.contains(folder)) return {};
        TRY(make_folders(folder.parent_path()));
        TRY(objects::make_private_directory(folder));
        made_.insert(folder);
        return {};
    }

    Result<void> compare(const std::vector<ManifestEntry>& promised, const std::vector<ManifestEntry>& found) const {
        const auto [p, f] = std::ranges::mismatch(promised, found);
        if (p == promised.end() && f == found.end()) return {};
        return damaged(options_,
                       fmt::format("{} is not as its manifest says", p != promised.end() ? p->name : f->name));
    }

    const RestoreOptions& options_;
    const fs::path& root_;
    std::set<fs::path> made_;
    std::uint64_t bytes_ = 0;
};

/// Reads all of the journal into a state, as a server does, and writes down that it was restored; its epoch.
Result<std::uint64_t> revive(const fs::path& dir, const Manifest& manifest, WallTime now) {
    auto opened = TRY(journal::open_sqlite_journal({.dir = dir,
                                                    .create = false,
                                                    .deployment = manifest.deployment,
                                                    .created = {},
                                                    .segment_bytes = kSegmentBytes}));
    const Settings settings;  // what limits it has is no matter of what is durable
    core::State state(settings);
    engine::ReplayInto replay(state);
    const journal::LoadSummary loaded = TRY(opened.journal->load(replay));
    if (loaded.last_seq != manifest.seq)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("the backup's journal ends at batch {}, its manifest says {}; nothing was changed. "
                                  "Take another backup",
                                  loaded.last_seq, manifest.seq));
    state.rebuild();
    const Millis gap = std::clamp(now - replay.last.wall, Millis{0}, kGapMax);
    const Now at{replay.last.engine + gap, now};
    core::begin_restored(state, at);
    const std::string batch = state.take_batch(at);
    TRY(opened.journal->append(loaded.last_seq + 1, std::as_bytes(std::span(batch.data(), batch.size()))));
    return state.epoch();
}

}  // namespace

Result<RestoreSummary> restore(const RestoreOptions& options) {
    const bool keep = !options.data.empty();
    if (keep) TRY(must_be_free(options.data));
    TempFolder working = TRY(TempFolder::make_beside(keep ? fs::absolute(options.data) : options.file, "restore"));
    Unpacker unpacker(options, working.path());
    RestoreSummary summary;
    summary.manifest = TRY(unpacker.run());
    summary.bytes = unpacker.bytes();
    summary.epoch = TRY(revive(working.path() / "journal", summary.manifest, options.now));
    if (!keep) return summary;

    std::error_code ignored;
    fs::remove(working.path() / "journal" / "lock", ignored);
    const Fd folder{::open(working.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!folder || ::syncfs(folder.get()) != 0) return refuse_errno("sync", working.path());
    // Over an empty folder or none; whoever put something there meanwhile keeps it.
    fs::path data = fs::absolute(options.data);
    if (!data.has_filename()) data = data.parent_path();
    if (::rename(working.path().c_str(), data.c_str()) != 0) return refuse_errno("put the restored data at", data);
    working.keep();
    TRY(sync_directory(data.parent_path()));
    return summary;
}

}  // namespace gse::backup
