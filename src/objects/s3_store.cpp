#include "objects/s3_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/hex.h"
#include "base/rng.h"
#include "objects/s3_answers.h"
#include "objects/s3_assembly.h"
#include "objects/s3_pieces.h"

namespace gse::objects {
namespace {

/// Uploads at once: each holds a part in memory.
constexpr std::size_t kUploadsMax = 64;
/// What a download asks for at once, when it is read from begin to end.
constexpr std::size_t kWindowBytes = 1 << 20;
constexpr std::size_t kListMax = 1'000;
/// The store's clock and ours may differ, and an object may be older there than its description says.
constexpr Millis kClocksApart{3'600'000};

class Count {
public:
    explicit Count(std::atomic<std::size_t>& count) : count_(count) { ++count_; }
    ~Count() { --count_; }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;

private:
    std::atomic<std::size_t>& count_;
};

class S3Upload final : public Upload {
public:
    S3Upload(S3Client& client, NameLocks& names, std::atomic<std::size_t>& count, ObjectName name,
             std::uint64_t max_bytes)
        : count_(count),
          names_(names),
          name_(std::move(name)),
          path_(s3_path_of(client.options(), name_.bucket, name_.key)),
          max_bytes_(max_bytes),
          assembly_(client, path_, s3_part_bytes(client.options().part_bytes, max_bytes)) {}

    ~S3Upload() override { assembly_.give_up(); }

    Result<void> write(std::span<const std::byte> piece) override {
        if (ended_) return refuse(ErrorCode::FailedOperation, "the upload has ended");
        if (piece.size() > max_bytes_ - assembly_.size())
            return refuse(ErrorCode::RequestTooLarge, fmt::format("an object may have {} bytes at most", max_bytes_));
        return assembly_.add(piece);
    }

    Result<ObjectInfo> finish() override {
        if (ended_) return refuse(ErrorCode::FailedOperation, "the upload has ended");
        ended_ = true;
        const auto lock = names_.hold(path_);
        return assembly_.complete(name_.bucket, name_.key, SystemClock{}.wall());
    }

private:
    const Count count_;
    NameLocks& names_;
    const ObjectName name_;
    const std::string path_;
    const std::uint64_t max_bytes_;
    S3Assembly assembly_;
    bool ended_ = false;
};

class S3Download final : public Download {
public:
    S3Download(S3Client& client, std::string path, S3Found found)
        : client_(client), path_(std::move(path)), found_(std::move(found)) {}

    const ObjectInfo& info() const override { return found_.header.info; }
    [[nodiscard]] const std::string& etag() const { return found_.etag; }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> buffer) override {
        if (offset >= info().size || buffer.empty()) return 0;
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), info().size - offset));
        for (std::size_t got = 0; got < wanted;) {
            const std::uint64_t at = offset + got;
            if (at < window_at_ || at >= window_at_ + window_.size()) TRY(fetch(at, wanted - got));
            const std::string_view ready = std::string_view(window_).substr(at - window_at_).substr(0, wanted - got);
            std::memcpy(buffer.data() + got, ready.data(), ready.size());
            got += ready.size();
        }
        TRY(check(offset, buffer.first(wanted)));
        return wanted;
    }

private:
    /// Some bytes from there on, into the window: more than asked for when they follow the last ones.
    Result<void> fetch(std::uint64_t at, std::size_t wanted) {
        const bool follows = !window_.empty() && at == window_at_ + window_.size();
        const std::uint64_t bytes =
            std::min<std::uint64_t>(follows ? std::max(wanted, kWindowBytes) : wanted, info().size - at);
        auto answer = client_.call(
            {.method = "GET",
             .key = path_,
             .fields = {{"if-match", found_.etag}, {"range", fmt::format("bytes={}-{}", at, at + bytes - 1)}},
             .answer_max = static_cast<std::size_t>(bytes)});
        if (!answer && (answer.error().code == ErrorCode::NotFound || answer.error().code == ErrorCode::Unavailable))
            return refuse(ErrorCode::Unavailable,
                          fmt::format("the object {} was replaced or removed while it was read", found_.header.key));
        if (!answer) return std::unexpected(answer.error());
        if (answer->body.size() != bytes)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("the object store sent {} bytes of {}", answer->body.size(), bytes));
        window_ = std::move(answer->body);
        window_at_ = at;
        return {};
    }

    /// Of a reader that goes from the begin to the end.
    Result<void> check(std::uint64_t offset, std::span<const std::byte> bytes) {
        if (offset == 0) {
            hash_ = Sha256();
            hashed_ = 0;
        }
        if (offset != hashed_) return {};
        hash_.add(bytes);
        hashed_ += bytes.size();
        if (hashed_ < info().size || to_hex(hash_.finish()) == info().sha256) return {};
        return refuse_damaged(found_.header.key);
    }

    S3Client& client_;
    const std::string path_;
    const S3Found found_;
    std::string window_;
    std::uint64_t window_at_ = 0;
    Sha256 hash_;
    std::uint64_t hashed_ = 0;
};

class S3Store final : public ObjectStore {
public:
    explicit S3Store(S3Options options) : client_(std::move(options)), pieces_(client_, names_) {}

    Result<std::unique_ptr<Upload>> put(std::string_view bucket, std::string_view key,
                                        std::uint64_t max_bytes) override {
        TRY(check_names(bucket, key));
        if (uploads_ >= kUploadsMax)
            return refuse(ErrorCode::Overloaded, "too many uploads are coming in at once; try again in a moment");
        return std::make_unique<S3Upload>(client_, names_, uploads_, ObjectName{std::string(bucket), std::string(key)},
                                          max_bytes);
    }

    Result<std::unique_ptr<PieceUpload>> put_piece(std::string_view bucket, std::string_view key,
                                                   const Piece& piece) override {
        return pieces_.open(bucket, key, piece);
    }
    Result<std::optional<Unfinished>> unfinished(std::string_view bucket, std::string_view key) override {
        return pieces_.look(bucket, key);
    }
    Result<std::size_t> drop_unfinished(WallTime idle_since) override { return pieces_.drop(idle_since); }

    Result<std::unique_ptr<Download>> get(std::string_view bucket, std::string_view key) override {
        return TRY(open(bucket, key));
    }

    Result<void> remove(std::string_view bucket, std::string_view key) override {
        TRY(check_names(bucket, key));
        return remove_held(path_of(bucket, key));
    }

    Result<ObjectInfo> copy(const ObjectName& from, const ObjectName& to) override {
        TRY(check_names(to.bucket, to.key));
        const auto source = TRY(open(from.bucket, from.key));
        const std::string source_path = path_of(from.bucket, from.key);
        const std::string path = path_of(to.bucket, to.key);
        const ObjectInfo& info = source->info();
        const std::uint64_t part = s3_part_bytes(client_.options().copy_bytes, info.size);
        S3Assembly target(client_, path, part);
        const auto run = [&]() -> Result<ObjectInfo> {
            // All of it is read once, for its SHA-256; full parts are copied by the store itself, and the rest, which
            // may be smaller than S3 wants of a copied part, is sent.
            std::vector<std::byte> buffer(kWindowBytes);
            std::uint64_t offset = 0;
            for (std::uint64_t end = part; end <= info.size; end += part) {
                for (; offset < end;) {
                    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - offset));
                    const auto bytes = std::span(buffer).first(wanted);
                    offset += TRY(source->read(offset, bytes));
                    target.add_known(bytes);
                }
                TRY(target.copy_part(source_path, source->etag(), end - part));
            }
            while (offset < info.size) {
                const std::size_t got = TRY(source->read(offset, buffer));
                TRY(target.add(std::span(buffer).first(got)));
                offset += got;
            }
            if (to_hex(target.digest()) != info.sha256) return refuse_damaged(from.key);
            const auto lock = names_.hold(path);
            return target.complete(to.bucket, to.key, SystemClock{}.wall());
        };
        auto copied = run();
        if (!copied) target.give_up();
        return copied;
    }

    Result<Swept> sweep(SweepCursor& cursor, std::size_t max, WallTime stored_by, const In& in) override {
        Swept swept;
        const S3Listing page = TRY(next_page(cursor, max));
        for (const S3Listed& entry : page.objects) {
            ++swept.looked_at;
            cursor.position = entry.key;
            const auto bucket = s3_bucket_in(client_.options(), entry.key);
            // Asked first, because it costs nothing; what the listing says of the time is only nearly right.
            if (!bucket || entry.modified - kClocksApart > stored_by || !in(*bucket)) continue;
            const auto lock = names_.hold(entry.key);
            const auto found = look_at_object(client_, entry.key);
            if (!found || found->header.info.stored_at > stored_by) continue;
            TRY(remove_path(entry.key));
            ++swept.removed;
            swept.bytes += found->header.info.size + kHeaderBytes;
        }
        swept.complete = page.next.empty();
        if (swept.complete) cursor.position.clear();
        return swept;
    }

    Result<Listed> list(SweepCursor& cursor, std::size_t max) override {
        Listed listed;
        const S3Listing page = TRY(next_page(cursor, max));
        for (const S3Listed& entry : page.objects) {
            cursor.position = entry.key;
            auto found = look_at_object(client_, entry.key);
            if (found)
                listed.objects.push_back({std::move(found->header.bucket), std::move(found->header.key)});
            else if (found.error().code == ErrorCode::FailedOperation)
                listed.damaged.push_back(entry.key);
            else if (found.error().code != ErrorCode::NotFound)
                return std::unexpected(found.error());
        }
        listed.complete = page.next.empty();
        if (listed.complete) cursor.position.clear();
        return listed;
    }

private:
    [[nodiscard]] std::string path_of(std::string_view bucket, std::string_view key) const {
        return s3_path_of(client_.options(), bucket, key);
    }

    Result<S3Listing> next_page(const SweepCursor& cursor, std::size_t max) {
        S3Fields query{{"list-type", "2"},
                       {"prefix", s3_objects_folder(client_.options())},
                       {"max-keys", std::to_string(std::min(max, kListMax))}};
        if (!cursor.position.empty()) query.emplace_back("start-after", cursor.position);
        return read_listing(TRY(client_.call({.method = "GET", .query = std::move(query)})).body);
    }

    Result<void> remove_path(const std::string& path) {
        const auto answer = client_.call({.method = "DELETE", .key = path});
        if (!answer && answer.error().code != ErrorCode::NotFound) return std::unexpected(answer.error());
        return {};
    }
    Result<void> remove_held(const std::string& path) {
        const auto lock = names_.hold(path);
        return remove_path(path);
    }

    Result<std::unique_ptr<S3Download>> open(std::string_view bucket, std::string_view key) {
        TRY(check_names(bucket, key));
        const std::string path = path_of(bucket, key);
        auto found = look_at_object(client_, path);
        if (!found && found.error().code == ErrorCode::NotFound)
            return refuse(ErrorCode::NotFound, fmt::format("there is no object {} in bucket {}", key, bucket));
        if (!found) return std::unexpected(found.error());
        if (found->header.bucket != bucket || found->header.key != key)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} in the object store is of another object than {} of bucket {}; upload the "
                                      "object again",
                                      path, key, bucket));
        return std::make_unique<S3Download>(client_, path, *std::move(found));
    }

    S3Client client_;
    NameLocks names_;
    std::atomic<std::size_t> uploads_{0};
    S3Pieces pieces_;
};

Result<void> check_options(const S3Options& options) {
    TRY(check_s3_endpoint(options));
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_' || c == '/';
    };
    if (options.bucket.empty() || options.bucket.size() > 63 || options.bucket.find('/') != std::string::npos ||
        !std::ranges::all_of(options.bucket, plain))
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("objects.s3.bucket = \"{}\" must name a bucket: 3 to 63 letters, digits, dots and "
                                  "hyphens",
                                  options.bucket));
    const bool folders = options.prefix.empty() || (options.prefix.ends_with('/') && !options.prefix.starts_with('/'));
    if (!folders || options.prefix.size() > 256 || options.prefix.find("//") != std::string::npos ||
        !std::ranges::all_of(options.prefix, plain))
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("objects.s3.prefix = \"{}\" must be empty or end in \"/\", such as \"gse/\": at most "
                                  "256 letters, digits, dots, hyphens and \"/\"",
                                  options.prefix));
    return {};
}

/// Error texts begin with what was tried.
std::unexpected<Error> while_doing(std::string_view what, const Error& error) {
    return refuse(error.code, fmt::format("objects.s3: {}: {}", what, error.message));
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_s3_store(S3Options options) {
    TRY(check_options(options));
    options.part_bytes = s3_part_bytes(options.part_bytes, 0);
    return std::make_unique<S3Store>(std::move(options));
}

Result<void> check_s3_store(const S3Options& options) {
    TRY(check_options(options));
    S3Client client(options);
    const auto listed =
        client.call({.method = "GET", .query = {{"list-type", "2"}, {"prefix", options.prefix}, {"max-keys", "1"}}});
    if (!listed) {
        // 404 without a word that the bucket is missing comes from something that is no S3.
        if (listed.error().code == ErrorCode::NotFound)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("objects.s3: there is no bucket {} at {}; make it, or correct objects.s3.bucket "
                                      "and objects.s3.endpoint",
                                      options.bucket, options.endpoint));
        return while_doing("listing the bucket", listed.error());
    }
    if (const auto read = read_listing(listed->body); !read) return while_doing("listing the bucket", read.error());
    const auto uploads =
        client.call({.method = "GET", .query = {{"uploads", ""}, {"prefix", s3_objects_folder(options)}}});
    if (!uploads) return while_doing("listing unfinished uploads", uploads.error());

    SystemRng rng;
    const std::string key = options.prefix + "check/" + rng.text(20);
    const std::string text = rng.text(64);
    if (const auto put = client.call({.method = "PUT", .key = key, .body = text}); !put)
        return while_doing("writing an object", put.error());
    const auto got = client.call({.method = "GET", .key = key});
    const auto removed = client.call({.method = "DELETE", .key = key});
    if (!got) return while_doing("reading an object that was just written", got.error());
    if (!removed) return while_doing("removing an object", removed.error());
    if (got->body != text)
        return refuse(ErrorCode::FailedOperation,
                      "objects.s3: the store gives back something else than was written; a store that caches cannot be "
                      "used");
    const auto gone = client.call({.method = "GET", .key = key});
    if (gone)
        return refuse(
            ErrorCode::FailedOperation,
            "objects.s3: the store still gives back an object that was removed; a store that caches cannot be "
            "used");
    if (gone.error().code != ErrorCode::NotFound)
        return while_doing(
            "asking for an object that is not there (a store that allows s3:ListBucket on the whole "
            "bucket says that it is not)",
            gone.error());
    return {};
}

}  // namespace gse::objects
