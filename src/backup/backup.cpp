#include "backup/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <set>

#include "backup/archive.h"
#include "backup/contents.h"
#include "backup/manifest.h"
#include "base/crypto.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/temp_folder.h"
#include "base/version.h"
#include "core/package_scan.h"
#include "journal/live_copy.h"
#include "journal/sqlite.h"
#include "objects/object_file.h"

namespace gse::backup {
namespace {

namespace fs = std::filesystem;

/// The journal is taken again when a package that it names was removed before it was copied.
constexpr int kAttempts = 20;
constexpr std::size_t kSmallFileBytes = 1 << 20;
constexpr std::string_view kLogBucket = "logs";
/// Of the copy while it is checked; what is laid down ahead of a segment is this long.
constexpr std::uint64_t kCheckSegmentBytes = 1 << 20;

/// Names of the files below `folder`, `prefix` before each, sorted. An absent folder has none.
Result<std::vector<std::string>> names_below(const fs::path& folder, const std::string& prefix) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator it{folder, error}, end; !error && it != end; it.increment(error))
        if (it->is_regular_file(error)) names.push_back(prefix + it->path().filename().string());
    if (error && error != std::errc::no_such_file_or_directory)
        return refuse(ErrorCode::FailedOperation, fmt::format("cannot list {}: {}", folder.string(), error.message()));
    std::ranges::sort(names);
    return names;
}

class Scan final : public journal::Replay {
public:
    Result<void> snapshot_slice(std::span<const std::byte> slice) override { return take(slice); }
    Result<void> entry(std::uint64_t, std::span<const std::byte> batch) override { return take(batch); }
    core::PackageScan packages;

private:
    Result<void> take(std::span<const std::byte> bytes) {
        return packages.take({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
};

class Backup {
public:
    Backup(const BackupOptions& options, const fs::path& working, ArchiveWriter writer)
        : options_(options), working_(working), writer_(std::move(writer)) {}

    Result<BackupSummary> run() {
        TRY(add_keys());
        // Packages are many bytes and change little, the journal the other way round. What is uploaded while they are
        // copied, and named, follows.
        for (unsigned folder = 0; folder < 256; ++folder) {
            const std::string name = fmt::format("{:02x}/", folder);
            const auto objects = TRY(names_below(options_.data / "objects" / name, name));
            for (const std::string& object : objects) TRY(add_object(object));
        }
        const fs::path journal = TRY(settle_journal());
        const auto names = TRY(names_below(journal, ""));
        for (const std::string& name : names)
            if (may_restore("journal/" + name)) TRY(add_file("journal/" + name, journal / name));
        return finish();
    }

private:
    /// As small as they are, all of one moment: the authority's are renewed as a family.
    Result<std::map<std::string, std::string>> read_keys() const {
        std::map<std::string, std::string> keys;
        std::vector<std::string> names = TRY(names_below(options_.data / "pki", "pki/"));
        const auto others = TRY(names_below(options_.data, ""));
        names.insert(names.end(), others.begin(), others.end());
        names.emplace_back("agent/host");
        for (const std::string& name : names) {
            if (belonging(name) != Belonging::Saved || !may_restore(name)) continue;
            auto content = read_file(options_.data / name, kSmallFileBytes);
            if (!content && content.error().code == ErrorCode::NotFound) continue;
            if (!content) return std::unexpected(std::move(content).error());
            keys.emplace(name, std::move(*content));
        }
        return keys;
    }

    Result<void> add_keys() {
        auto keys = TRY(read_keys());
        for (int attempt = 1;; ++attempt) {
            auto again = TRY(read_keys());
            if (again == keys) break;
            if (attempt == kAttempts)
                return refuse(ErrorCode::Unavailable, "the server's keys change all the time; try again");
            keys = std::move(again);
        }
        for (const auto& [name, content] : keys) {
            const ReadAt read = [&content](std::uint64_t at, std::span<std::byte> buffer) -> Result<std::size_t> {
                const std::size_t got = std::min(buffer.size(), content.size() - at);
                std::copy_n(std::as_bytes(std::span(content)).begin() + static_cast<std::ptrdiff_t>(at), got,
                            buffer.begin());
                return got;
            };
            TRY(add(name, content.size(), read, {}));
        }
        return {};
    }

    Result<void> add_file(const std::string& name, const fs::path& path) {
        const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        struct stat status{};
        if (!file || ::fstat(file.get(), &status) != 0) return refuse_errno("read", path);
        return add(name, static_cast<std::uint64_t>(status.st_size), reader(file.get(), path), {});
    }

    /// Nothing when it is not there (any more), or is a log and those are not wanted.
    Result<void> add_object(const std::string& name) {
        const fs::path path = options_.data / "objects" / name;
        const std::string entry = "objects/" + name;
        if (!may_restore(entry)) return {};  // not one of ours
        const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        if (!file && errno == ENOENT) return {};
        struct stat status{};
        if (!file || ::fstat(file.get(), &status) != 0) return refuse_errno("read", path);
        std::string head(objects::kHeaderBytes, '\0');
        head.resize(TRY(objects::read_all(file.get(), std::as_writable_bytes(std::span{head}), 0, path)));
        const auto header = objects::decode(head);
        if (header && header->bucket == kLogBucket && !options_.logs) return {};
        // An object is never changed under its name, only replaced: this one stays as it is while it is open.
        Sha256 content;
        std::uint64_t seen = 0;
        const Seen look = [&](std::span<const std::byte> piece) {
            const std::uint64_t skip =
                std::min<std::uint64_t>(piece.size(), seen < objects::kHeaderBytes ? objects::kHeaderBytes - seen : 0);
            content.add(piece.subspan(skip));
            seen += piece.size();
        };
        TRY(add(entry, static_cast<std::uint64_t>(status.st_size), reader(file.get(), path), look));
        objects_.insert(name);
        if (!header || header->info.sha256 != to_hex(content.finish()))
            warn(fmt::format("{} is damaged{}; it is in the backup as it is. Upload it again", path.string(),
                             header ? fmt::format(" (object {} in bucket {})", header->key, header->bucket) : ""));
        return {};
    }

    /// A copy of the journal, checked, all of whose packages are in the archive.
    Result<fs::path> settle_journal() {
        for (int attempt = 1;; ++attempt) {
            const fs::path copy = working_ / fmt::format("journal-{}", attempt);
            std::error_code error;
            fs::create_directory(copy, error);
            if (error)
                return refuse(ErrorCode::FailedOperation,
                              fmt::format("cannot create {}: {}", copy.string(), error.message()));
            TRY(journal::copy_live_journal(journal::posix_file_system(), options_.data / "journal", copy));
            Scan scan;
            TRY(check_journal(copy, scan));
            std::vector<std::string> missing;
            for (const auto& [slot, package] : scan.packages.packages()) {
                const std::string name = objects::path_of("", package.bucket, package.key).string();
                if (!objects_.contains(name)) TRY(add_object(name));
                if (!objects_.contains(name)) missing.push_back(package.asset_id);
            }
            if (missing.empty() || attempt == kAttempts || missing == missing_before_) {
                for (const std::string& asset : missing)
                    warn(
                        fmt::format("the package of asset {} is not in {}; fleets of it cannot start anywhere new. "
                                    "Upload it again",
                                    asset, (options_.data / "objects").string()));
                summary_.packages = scan.packages.packages().size() - missing.size();
                manifest_.epoch = scan.packages.epoch();
                return copy;
            }
            // Deleted since this copy was taken, unless the next one says the same.
            missing_before_ = std::move(missing);
            fs::remove_all(copy, error);
        }
    }

    Result<void> check_journal(const fs::path& copy, Scan& scan) {
        auto opened = TRY(journal::open_sqlite_journal(
            {.dir = copy, .create = false, .deployment = {}, .created = {}, .segment_bytes = kCheckSegmentBytes}));
        const journal::LoadSummary loaded = TRY(opened.journal->load(scan));
        for (const std::string& warning : loaded.warnings) warn(warning);
        manifest_.deployment = opened.deployment;
        manifest_.seq = loaded.last_seq;
        return {};
    }

    [[nodiscard]] static ReadAt reader(int fd, const fs::path& path) {
        return [fd, path](std::uint64_t at, std::span<std::byte> buffer) {
            return objects::read_all(fd, buffer, at, path);
        };
    }

    Result<void> add(const std::string& name, std::uint64_t bytes, const ReadAt& read, const Seen& look) {
        if (options_.before_each_file) options_.before_each_file();
        Sha256 hash;
        const Seen seen = [&](std::span<const std::byte> piece) {
            hash.add(piece);
            if (look) look(piece);
            summary_.bytes += piece.size();
            if (options_.progress) options_.progress(summary_.bytes, 0);
        };
        TRY(writer_.add(name, bytes, read, seen));
        manifest_.files.push_back({name, bytes, to_hex(hash.finish())});
        ++summary_.files;
        return {};
    }

    Result<BackupSummary> finish() {
        manifest_.version = version();
        manifest_.created = format_utc(options_.now);
        const std::string text = render(manifest_);
        const ReadAt read = [&text](std::uint64_t at, std::span<std::byte> buffer) -> Result<std::size_t> {
            const std::size_t got = std::min(buffer.size(), text.size() - at);
            std::copy_n(std::as_bytes(std::span(text)).begin() + static_cast<std::ptrdiff_t>(at), got, buffer.begin());
            return got;
        };
        TRY(writer_.add(std::string(kManifestName), text.size(), read, [](std::span<const std::byte>) {}));
        summary_.archive_bytes = TRY(writer_.finish());
        summary_.deployment = manifest_.deployment;
        summary_.seq = manifest_.seq;
        return std::move(summary_);
    }

    void warn(std::string text) { summary_.warnings.push_back(std::move(text)); }

    const BackupOptions& options_;
    const fs::path& working_;
    ArchiveWriter writer_;
    Manifest manifest_;
    BackupSummary summary_;
    std::set<std::string, std::less<>> objects_;  ///< that are in the archive
    std::vector<std::string> missing_before_;
};

}  // namespace

Result<BackupSummary> back_up(const BackupOptions& options) {
    struct stat status{};
    if (::lstat(options.to.c_str(), &status) == 0)
        return refuse(
            ErrorCode::InUse,
            fmt::format("{} exists, and a backup never replaces anything; give another name", options.to.string()));
    // A journal that lies there all the same has been overtaken.
    if (::lstat((options.data / "deployment").c_str(), &status) == 0)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("the state of {} is in a database; back that up, and this folder besides",
                                  options.data.string()));
    const TempFolder working = TRY(TempFolder::make_beside(options.to, "partial"));
    const fs::path archive = working.path() / "archive";
    Backup backup(options, working.path(), TRY(ArchiveWriter::create(archive, options.now.ms / 1000)));
    BackupSummary summary = TRY(backup.run());
    if (::renameat2(AT_FDCWD, archive.c_str(), AT_FDCWD, options.to.c_str(), RENAME_NOREPLACE) != 0)
        return refuse_errno("rename the complete backup to", options.to);
    TRY(sync_directory(options.to.parent_path().empty() ? fs::path(".") : options.to.parent_path()));
    return summary;
}

}  // namespace gse::backup
