#include "objects/directory_store.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <vector>

#include "base/crypto.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/time.h"
#include "objects/directory_pieces.h"
#include "objects/object_file.h"

namespace gse::objects {
namespace {

namespace fs = std::filesystem;

class DirectoryUpload final : public Upload {
public:
    DirectoryUpload(const DirectoryStoreOptions& options, std::mutex& names, fs::path root, fs::path temporary,
                    Header header, std::uint64_t max_bytes, Fd file)
        : options_(options),
          names_(names),
          root_(std::move(root)),
          temporary_(std::move(temporary)),
          header_(std::move(header)),
          max_bytes_(max_bytes),
          file_(std::move(file)) {}

    ~DirectoryUpload() override {
        if (file_) ::unlink(temporary_.c_str());
    }

    Result<void> write(std::span<const std::byte> piece) override {
        if (!file_) return refuse(ErrorCode::FailedOperation, "the upload has ended");
        if (piece.size() > max_bytes_ - header_.info.size) {
            return refuse(ErrorCode::RequestTooLarge, fmt::format("an object may have {} bytes at most", max_bytes_));
        }
        TRY(check_room(file_.get(), piece.size(), options_.reserve_bytes, root_));
        before(UploadStep::Write);
        TRY(write_all(file_.get(), piece, kHeaderBytes + header_.info.size, temporary_));
        hash_.add(piece);
        header_.info.size += piece.size();
        return {};
    }

    Result<ObjectInfo> finish() override { return finish_as({}); }

    /// `sha256`: what the content must be; "": whatever came.
    Result<ObjectInfo> finish_as(std::string_view sha256) {
        if (!file_) return refuse(ErrorCode::FailedOperation, "the upload has ended");
        const Digest256 content = hash_.finish();
        header_.info.sha256 = to_hex(content);
        if (!sha256.empty() && header_.info.sha256 != sha256) return refuse_damaged(header_.key);
        header_.info.stored_at = SystemClock{}.wall();
        const std::string header = encode(header_, content);
        const fs::path path = path_of(root_, header_.bucket, header_.key);

        before(UploadStep::WriteHeader);
        TRY(write_all(file_.get(), std::as_bytes(std::span{header}), 0, temporary_));
        before(UploadStep::SyncFile);
        if (::fsync(file_.get()) != 0) return refuse_errno("sync", temporary_);
        before(UploadStep::Rename);
        TRY(make_private_directory(path.parent_path()));
        {
            const std::lock_guard lock(names_);
            if (::rename(temporary_.c_str(), path.c_str()) != 0) return refuse_errno("rename", temporary_);
        }
        file_.reset();
        before(UploadStep::SyncFolder);
        TRY(sync_directory(path.parent_path()));
        return header_.info;
    }

private:
    void before(UploadStep step) const {
        if (options_.before_step) options_.before_step(step);
    }

    const DirectoryStoreOptions& options_;
    std::mutex& names_;
    fs::path root_;
    fs::path temporary_;
    Header header_;
    std::uint64_t max_bytes_;
    Fd file_;  // until the object has its name
    Sha256 hash_;
};

class DirectoryDownload final : public Download {
public:
    DirectoryDownload(Fd file, fs::path path, ObjectInfo info)
        : file_(std::move(file)), path_(std::move(path)), info_(std::move(info)) {}

    const ObjectInfo& info() const override { return info_; }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> buffer) override {
        if (offset >= info_.size) return 0;
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), info_.size - offset));
        const std::size_t got = TRY(read_all(file_.get(), buffer.first(wanted), kHeaderBytes + offset, path_));
        if (got < wanted) {
            return refuse(ErrorCode::FailedOperation, fmt::format("{} became shorter than it was", path_.string()));
        }
        return got;
    }

private:
    Fd file_;
    fs::path path_;
    ObjectInfo info_;
};

class DirectoryStore final : public ObjectStore {
public:
    DirectoryStore(fs::path root, DirectoryStoreOptions options)
        : root_(std::move(root)), options_(std::move(options)), pieces_(root_, options_, names_) {}

    /// Makes the directories and removes what cut uploads left.
    Result<void> prepare() {
        std::error_code error;
        fs::create_directories(root_.parent_path(), error);
        TRY(make_private_directory(root_));
        TRY(make_private_directory(root_ / "tmp"));
        TRY(make_private_directory(root_ / "parts"));
        for (fs::directory_iterator it{root_ / "tmp", error}, end; !error && it != end; it.increment(error)) {
            if (!it->path().filename().string().starts_with(options_.owner)) continue;
            if (::unlink(it->path().c_str()) != 0) return refuse_errno("remove", it->path());
        }
        if (error) {
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("cannot list {}: {}", (root_ / "tmp").string(), error.message()));
        }
        return {};
    }

    Result<std::unique_ptr<Upload>> put(std::string_view bucket, std::string_view key,
                                        std::uint64_t max_bytes) override {
        TRY(check_names(bucket, key));
        fs::path temporary = root_ / "tmp" / fmt::format("{}{}", options_.owner, next_upload_.fetch_add(1));
        if (options_.before_step) options_.before_step(UploadStep::Create);
        Fd file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
        if (!file) return refuse_errno("create", temporary);
        return std::make_unique<DirectoryUpload>(options_, names_, root_, std::move(temporary),
                                                 Header{{}, std::string{bucket}, std::string{key}}, max_bytes,
                                                 std::move(file));
    }

    Result<std::unique_ptr<Download>> get(std::string_view bucket, std::string_view key) override {
        return TRY(open(bucket, key));
    }

    Result<void> remove(std::string_view bucket, std::string_view key) override {
        TRY(check_names(bucket, key));
        const fs::path path = path_of(root_, bucket, key);
        if (::unlink(path.c_str()) == 0) return sync_directory(path.parent_path());
        if (errno != ENOENT) return refuse_errno("remove", path);
        return {};
    }

    Result<std::unique_ptr<PieceUpload>> put_piece(std::string_view bucket, std::string_view key,
                                                   const Piece& piece) override {
        return pieces_.open(bucket, key, piece);
    }
    Result<std::optional<Unfinished>> unfinished(std::string_view bucket, std::string_view key) override {
        return pieces_.look(bucket, key);
    }
    Result<std::size_t> drop_unfinished(WallTime idle_since) override { return pieces_.drop(idle_since); }

    Result<ObjectInfo> copy(const ObjectName& from, const ObjectName& to) override {
        const auto source = TRY(get(from.bucket, from.key));
        const auto target = TRY(put(to.bucket, to.key, source->info().size));
        TRY(copy_bytes(*source, *target));
        // Compared before it gets its name.
        return static_cast<DirectoryUpload&>(*target).finish_as(source->info().sha256);
    }

    Result<Swept> sweep(SweepCursor& cursor, std::size_t max, WallTime stored_by, const In& in) override {
        Swept swept;
        const auto visit = [&](const fs::path& path) -> Result<void> {
            ++swept.looked_at;
            const std::uint64_t bytes = TRY(sweep_one(path, stored_by, in));
            swept.removed += bytes > 0;
            swept.bytes += bytes;
            return {};
        };
        swept.complete = TRY(walk(cursor, max, visit));
        return swept;
    }

    Result<Listed> list(SweepCursor& cursor, std::size_t max) override {
        Listed listed;
        const auto visit = [&](const fs::path& path) -> Result<void> {
            const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
            if (!file) return {};  // removed meanwhile
            if (auto header = read_header(file.get(), path))
                listed.objects.push_back({std::move(header->bucket), std::move(header->key)});
            else
                listed.damaged.push_back(path.string());
            return {};
        };
        listed.complete = TRY(walk(cursor, max, visit));
        return listed;
    }

private:
    /// Goes by file name; the position is the last one looked at: `ab/cdef…`. True at the end.
    Result<bool> walk(SweepCursor& cursor, std::size_t max, const std::function<Result<void>(const fs::path&)>& visit) {
        std::size_t visited = 0;
        const std::string start = cursor.position.substr(0, 2);
        for (unsigned folder = start.empty() ? 0 : static_cast<unsigned>(std::stoul(start, nullptr, 16)); folder < 256;
             ++folder) {
            const std::string folder_name = fmt::format("{:02x}", folder);
            const std::string after = folder_name == start ? cursor.position.substr(3) : std::string();
            std::vector<std::string> names;
            std::error_code error;
            for (fs::directory_iterator it{root_ / folder_name, error}, end; !error && it != end; it.increment(error))
                if (std::string name = it->path().filename().string(); name > after) names.push_back(std::move(name));
            std::sort(names.begin(), names.end());
            for (const std::string& name : names) {
                if (visited++ == max) return false;
                cursor.position = fmt::format("{}/{}", folder_name, name);
                TRY(visit(root_ / folder_name / name));
            }
        }
        cursor.position.clear();
        return true;
    }

    static std::optional<Header> read_header(int file, const fs::path& path) {
        std::string head(kHeaderBytes, '\0');
        const auto got = read_all(file, std::as_writable_bytes(std::span{head}), 0, path);
        if (!got) return std::nullopt;
        head.resize(*got);
        return decode(head);
    }

    /// Bytes of the file that was removed; 0: it stays.
    Result<std::uint64_t> sweep_one(const fs::path& path, WallTime stored_by, const In& in) {
        const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        if (!file) return 0;
        const auto header = read_header(file.get(), path);
        if (!header || header->info.stored_at > stored_by || !in(header->bucket)) return 0;
        {
            // What was looked at is what is removed: a newer upload under the same name is another file.
            const std::lock_guard lock(names_);
            struct stat looked{}, named{};
            if (::fstat(file.get(), &looked) != 0 || ::lstat(path.c_str(), &named) != 0 ||
                looked.st_ino != named.st_ino)
                return 0;
            if (::unlink(path.c_str()) != 0) return refuse_errno("remove", path);
        }
        TRY(sync_directory(path.parent_path()));
        return kHeaderBytes + header->info.size;
    }

    Result<std::unique_ptr<DirectoryDownload>> open(std::string_view bucket, std::string_view key) const {
        TRY(check_names(bucket, key));
        const fs::path path = path_of(root_, bucket, key);
        Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        if (!file && errno == ENOENT) {
            return refuse(ErrorCode::NotFound, fmt::format("there is no object {} in bucket {}", key, bucket));
        }
        if (!file) return refuse_errno("open", path);
        const auto header = read_header(file.get(), path);
        struct stat status{};
        if (::fstat(file.get(), &status) != 0) return refuse_errno("look at", path);
        const bool whole = header && static_cast<std::uint64_t>(status.st_size) == kHeaderBytes + header->info.size;
        if (!whole || header->bucket != bucket || header->key != key) {
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} is damaged (object {} in bucket {}); upload the object again", path.string(),
                                      key, bucket));
        }
        return std::make_unique<DirectoryDownload>(std::move(file), path, header->info);
    }

    fs::path root_;
    DirectoryStoreOptions options_;
    std::mutex names_;  // held while a name changes the file it stands for
    std::atomic<std::uint64_t> next_upload_{0};
    DirectoryPieces pieces_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_directory_store(const fs::path& root, DirectoryStoreOptions options) {
    auto store = std::make_unique<DirectoryStore>(fs::absolute(root), std::move(options));
    TRY(store->prepare());
    return store;
}

}  // namespace gse::objects
