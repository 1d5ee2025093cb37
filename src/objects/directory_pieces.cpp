#include "objects/directory_pieces.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/fd.h"
#include "base/file.h"
#include "base/hex.h"
#include "objects/object_file.h"
#include "objects/piece_rules.h"

namespace gse::objects {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartMagic{"GSEPART\n", 8};
constexpr std::size_t kReadBytes = 1 << 20;

struct PartHeader {
    Unfinished state;
    std::string bucket;
    std::string key;
};

std::string encode_part(const PartHeader& header) {
    std::string text{kPartMagic};
    append_number<std::uint64_t>(text, header.state.total);
    append_number<std::uint64_t>(text, header.state.stored);
    append_number<std::int64_t>(text, header.state.touched_at.ms);
    return seal_header(std::move(text), header.bucket, header.key);
}

std::optional<PartHeader> decode_part(std::string_view text) {
    if (!is_sealed_header(text, kPartMagic)) return std::nullopt;
    text.remove_prefix(kPartMagic.size());
    PartHeader header;
    header.state.total = take_number<std::uint64_t>(text);
    header.state.stored = take_number<std::uint64_t>(text);
    header.state.touched_at.ms = take_number<std::int64_t>(text);
    const auto bucket_size = take_number<std::uint32_t>(text);
    const auto key_size = take_number<std::uint32_t>(text);
    if (bucket_size > kBucketMax || key_size > kKeyMax || header.state.stored > header.state.total) return std::nullopt;
    header.bucket = text.substr(0, bucket_size);
    header.key = text.substr(bucket_size, key_size);
    return header;
}

/// nullopt when the file is damaged or cut: then it counts as not there.
std::optional<PartHeader> read_part(int fd, const fs::path& path) {
    std::string head(kHeaderBytes, '\0');
    const auto got = read_all(fd, std::as_writable_bytes(std::span{head}), 0, path);
    if (!got || *got != head.size()) return std::nullopt;
    auto header = decode_part(head);
    struct stat status{};
    if (!header || ::fstat(fd, &status) != 0) return std::nullopt;
    if (static_cast<std::uint64_t>(status.st_size) < kHeaderBytes + header->state.stored) return std::nullopt;
    return header;
}

}  // namespace

/// Gives the name back when it goes.
class DirectoryPieces::Coming final : public PieceUpload {
public:
    Coming(DirectoryPieces& pieces, std::string name) : pieces_(pieces), name_(std::move(name)) {}

    ~Coming() override {
        // Cut off midway: what came so far is worth keeping, and if it cannot be, less is.
        if (file_ && unsynced_ > 0) (void)keep();
        const std::lock_guard lock(pieces_.mutex_);
        pieces_.coming_.erase(name_);
    }

    Result<void> begin(std::string_view bucket, std::string_view key, const Piece& piece) {
        path_ = pieces_.root_ / "parts" / name_;
        before(UploadStep::Create);
        file_ = Fd{::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
        if (!file_) return refuse_errno("create", path_);
        const auto known = read_part(file_.get(), path_);
        if (piece.offset == 0 || !known) {
            if (piece.offset != 0) {
                ::unlink(path_.c_str());
                file_.reset();
                return refuse_nothing_kept();
            }
            header_ = {{0, piece.total, {}}, std::string{bucket}, std::string{key}};
            if (::ftruncate(file_.get(), 0) != 0) return refuse_errno("empty", path_);
            TRY(write_header());
            return sync_directory(path_.parent_path());
        }
        header_ = *known;
        return check_continues(header_.state, piece);
    }

    Result<void> write(std::span<const std::byte> bytes) override {
        if (!file_) return refuse(ErrorCode::FailedOperation, "the upload has ended");
        const std::uint64_t at = header_.state.stored + unsynced_;
        if (bytes.size() > header_.state.total - at)
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("the piece goes beyond the object's {} bytes", header_.state.total));
        TRY(check_room(file_.get(), bytes.size(), pieces_.options_.reserve_bytes, pieces_.root_));
        before(UploadStep::Write);
        TRY(write_all(file_.get(), bytes, kHeaderBytes + at, path_));
        unsynced_ += bytes.size();
        if (unsynced_ >= kSyncBytes) TRY(keep());
        return {};
    }

    Result<Unfinished> keep() override {
        if (!file_) return refuse(ErrorCode::FailedOperation, "the upload has ended");
        before(UploadStep::SyncFile);
        // The bytes first, so that the header never counts one that a power cut could take.
        if (::fdatasync(file_.get()) != 0) return refuse_errno("sync", path_);
        // The last byte is finish()'s to count: an upload that has all bytes and no name could not be gone on with.
        const std::uint64_t kept =
            std::min(unsynced_, header_.state.total - std::min(header_.state.total, header_.state.stored + 1));
        header_.state.stored += kept;
        unsynced_ -= kept;
        TRY(write_header());
        return header_.state;
    }

    Result<ObjectInfo> finish() override {
        if (!file_) return refuse(ErrorCode::FailedOperation, "the upload has ended");
        const std::uint64_t size = header_.state.stored + unsynced_;
        if (size != header_.state.total)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} of {} bytes are kept", size, header_.state.total));
        // Read again rather than summed up on the way: pieces may have come to another run of the server.
        Sha256 hash;
        std::vector<std::byte> buffer(kReadBytes);
        for (std::uint64_t offset = 0; offset < size;) {
            const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - offset));
            const std::size_t got =
                TRY(read_all(file_.get(), std::span{buffer}.first(wanted), kHeaderBytes + offset, path_));
            if (got != wanted) return refuse(ErrorCode::FailedOperation, "the pieces became shorter; begin anew");
            hash.add(std::span<const std::byte>{buffer}.first(got));
            offset += got;
        }
        const Digest256 content = hash.finish();
        Header object{{size, to_hex(content), SystemClock{}.wall()}, header_.bucket, header_.key};
        const std::string header = encode(object, content);
        const fs::path path = path_of(pieces_.root_, object.bucket, object.key);
        before(UploadStep::WriteHeader);
        TRY(write_all(file_.get(), std::as_bytes(std::span{header}), 0, path_));
        if (::ftruncate(file_.get(), static_cast<off_t>(kHeaderBytes + size)) != 0) return refuse_errno("cut", path_);
        before(UploadStep::SyncFile);
        if (::fsync(file_.get()) != 0) return refuse_errno("sync", path_);
        before(UploadStep::Rename);
        TRY(make_private_directory(path.parent_path()));
        {
            const std::lock_guard lock(pieces_.names_);
            if (::rename(path_.c_str(), path.c_str()) != 0) return refuse_errno("rename", path_);
        }
        file_.reset();
        unsynced_ = 0;
        before(UploadStep::SyncFolder);
        TRY(sync_directory(path.parent_path()));
        return object.info;
    }

private:
    void before(UploadStep step) const {
        if (pieces_.options_.before_step) pieces_.options_.before_step(step);
    }

    Result<void> write_header() {
        header_.state.touched_at = SystemClock{}.wall();
        const std::string text = encode_part(header_);
        before(UploadStep::WriteHeader);
        TRY(write_all(file_.get(), std::as_bytes(std::span{text}), 0, path_));
        if (::fdatasync(file_.get()) != 0) return refuse_errno("sync", path_);
        return {};
    }

    DirectoryPieces& pieces_;
    const std::string name_;
    fs::path path_;
    Fd file_;  // until the object has its name
    PartHeader header_;
    std::uint64_t unsynced_ = 0;  // written behind header_.state.stored
};

Result<std::size_t> DirectoryPieces::count() const {
    std::size_t files = 0;
    std::error_code error;
    for (fs::directory_iterator it{root_ / "parts", error}, end; !error && it != end; it.increment(error)) ++files;
    if (error)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("cannot list {}: {}", (root_ / "parts").string(), error.message()));
    return files;
}

Result<std::unique_ptr<PieceUpload>> DirectoryPieces::open(std::string_view bucket, std::string_view key,
                                                           const Piece& piece) {
    TRY(check_names(bucket, key));
    TRY(check_piece(piece));
    std::string name = name_of(bucket, key);
    std::unique_ptr<Coming> coming;
    {
        const std::lock_guard lock(mutex_);
        if (coming_.contains(name)) return refuse_being_uploaded();
        std::error_code ignored;
        if (!fs::exists(root_ / "parts" / name, ignored) && TRY(count()) >= kUnfinishedMax)
            return refuse_too_many_unfinished();
        coming_.insert(name);
        coming = std::make_unique<Coming>(*this, std::move(name));
    }
    TRY(coming->begin(bucket, key, piece));
    return coming;
}

Result<std::optional<Unfinished>> DirectoryPieces::look(std::string_view bucket, std::string_view key) {
    TRY(check_names(bucket, key));
    const fs::path path = root_ / "parts" / name_of(bucket, key);
    const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!file && errno == ENOENT) return std::nullopt;
    if (!file) return refuse_errno("open", path);
    const auto header = read_part(file.get(), path);
    return header ? std::optional(header->state) : std::nullopt;
}

Result<std::size_t> DirectoryPieces::drop(WallTime idle_since) {
    std::size_t dropped = 0;
    std::error_code error;
    std::vector<fs::path> paths;
    for (fs::directory_iterator it{root_ / "parts", error}, end; !error && it != end; it.increment(error))
        paths.push_back(it->path());
    for (const fs::path& path : paths) {
        // Nobody begins with it while it is looked at and removed.
        const std::lock_guard lock(mutex_);
        if (coming_.contains(path.filename().string())) continue;
        const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        if (!file) continue;
        const auto header = read_part(file.get(), path);
        if (header && header->state.touched_at > idle_since) continue;
        if (::unlink(path.c_str()) != 0) return refuse_errno("remove", path);
        ++dropped;
    }
    return dropped;
}

}  // namespace gse::objects
