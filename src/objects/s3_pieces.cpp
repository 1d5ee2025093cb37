#include "objects/s3_pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hex.h"
#include "objects/piece_rules.h"
#include "objects/s3_answers.h"
#include "objects/s3_assembly.h"

namespace gse::objects {
namespace {

constexpr std::string_view kStateMagic{"GSES3UP\n", 8};
constexpr std::size_t kUploadIdMax = 2'048;
constexpr std::size_t kPagesMax = 100;

struct State {
    Unfinished state;
    S3Assembly::Kept kept;
    Digest256 whole{};  // zeros until it is known
    std::string bucket;
    std::string key;
};

std::string encode_state(const State& state) {
    std::string text{kStateMagic};
    append_number<std::uint64_t>(text, state.state.total);
    append_number<std::uint64_t>(text, state.state.stored);
    append_number<std::int64_t>(text, state.state.touched_at.ms);
    append_number<std::uint64_t>(text, state.kept.part_bytes);
    append_number<std::uint32_t>(text, state.kept.parts);
    text += state.kept.hash;
    text += text_of(state.whole);
    append_number(text, static_cast<std::uint32_t>(state.kept.upload_id.size()));
    text += state.kept.upload_id;
    return seal_header(std::move(text), state.bucket, state.key);
}

/// nullopt when it is damaged: then it counts as not there.
std::optional<State> decode_state(std::string_view text) {
    if (!is_sealed_header(text.substr(0, kHeaderBytes), kStateMagic)) return std::nullopt;
    text.remove_prefix(kStateMagic.size());
    State out;
    out.state.total = take_number<std::uint64_t>(text);
    out.state.stored = take_number<std::uint64_t>(text);
    out.state.touched_at.ms = take_number<std::int64_t>(text);
    out.kept.part_bytes = take_number<std::uint64_t>(text);
    out.kept.parts = take_number<std::uint32_t>(text);
    out.kept.hash = text.substr(0, ResumableSha256::kSavedBytes);
    text.remove_prefix(ResumableSha256::kSavedBytes);
    std::memcpy(out.whole.data(), text.data(), out.whole.size());
    text.remove_prefix(out.whole.size());
    const auto id_size = take_number<std::uint32_t>(text);
    if (id_size > kUploadIdMax) return std::nullopt;
    out.kept.upload_id = text.substr(0, id_size);
    text.remove_prefix(id_size);
    const auto bucket_size = take_number<std::uint32_t>(text);
    const auto key_size = take_number<std::uint32_t>(text);
    if (bucket_size > kBucketMax || key_size > kKeyMax || out.state.stored > out.state.total ||
        out.state.stored < out.kept.parts * out.kept.part_bytes)
        return std::nullopt;
    out.bucket = text.substr(0, bucket_size);
    out.key = text.substr(bucket_size, key_size);
    return out;
}

Result<std::optional<State>> read_state(S3Client& client, const std::string& path) {
    const auto answer = client.call({.method = "GET",
                                     .key = path,
                                     .fields = {{"range", fmt::format("bytes=0-{}", kHeaderBytes - 1)}},
                                     .answer_max = kHeaderBytes});
    if (!answer && answer.error().code == ErrorCode::NotFound) return std::nullopt;
    if (!answer) return std::unexpected(answer.error());
    return decode_state(answer->body);
}

Result<void> remove_path(S3Client& client, const std::string& path) {
    const auto answer = client.call({.method = "DELETE", .key = path});
    if (!answer && answer.error().code != ErrorCode::NotFound) return std::unexpected(answer.error());
    return {};
}

Result<void> abort_upload(S3Client& client, const std::string& path, const std::string& id) {
    if (id.empty()) return {};
    const auto answer = client.call({.method = "DELETE", .key = path, .query = {{"uploadId", id}}});
    if (!answer && answer.error().code != ErrorCode::NotFound) return std::unexpected(answer.error());
    return {};
}

/// Letters, digits and `-` stand for themselves, so that paths are plain on every store.
std::string plain_bucket(std::string_view bucket) {
    std::string out;
    for (const char c : bucket) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        out += plain ? std::string(1, c) : fmt::format("_{:02x}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace

std::string s3_objects_folder(const S3Options& options) { return options.prefix + "objects/"; }

std::string s3_path_of(const S3Options& options, std::string_view bucket, std::string_view key) {
    return fmt::format("{}{}/{}", s3_objects_folder(options), plain_bucket(bucket), name_of(bucket, key));
}

std::optional<std::string> s3_bucket_in(const S3Options& options, std::string_view path) {
    const std::string folder = s3_objects_folder(options);
    if (!path.starts_with(folder)) return std::nullopt;
    path.remove_prefix(folder.size());
    const std::string_view plain = path.substr(0, path.find('/'));
    std::string bucket;
    for (std::size_t i = 0; i < plain.size(); ++i) {
        if (plain[i] != '_') {
            bucket += plain[i];
            continue;
        }
        const auto byte = i + 2 < plain.size() ? from_hex(plain.substr(i + 1, 2)) : std::nullopt;
        if (!byte) return std::nullopt;
        bucket += *byte;
        i += 2;
    }
    return bucket;
}

std::string S3Pieces::folder() const { return client_.options().prefix + "unfinished/"; }

S3Pieces::S3Pieces(S3Client& client, NameLocks& names) : client_(client), names_(names) {}
S3Pieces::~S3Pieces() = default;

/// A name that is nobody else's meanwhile.
class S3Pieces::Reserved {
public:
    Reserved(S3Pieces* pieces, std::string name) : pieces_(pieces), name_(std::move(name)) {}
    Reserved(Reserved&& other) noexcept
        : pieces_(std::exchange(other.pieces_, nullptr)), name_(std::move(other.name_)) {}
    Reserved& operator=(Reserved&&) = delete;
    ~Reserved() {
        if (!pieces_) return;
        const std::lock_guard lock(pieces_->mutex_);
        pieces_->coming_.erase(name_);
    }

private:
    S3Pieces* pieces_;
    std::string name_;
};

std::optional<S3Pieces::Reserved> S3Pieces::reserve(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (!coming_.insert(name).second) return std::nullopt;
    return Reserved(this, name);
}

class S3Pieces::Coming final : public PieceUpload {
public:
    Coming(S3Pieces& pieces, Reserved reserved, std::string_view bucket, std::string_view key)
        : pieces_(pieces),
          client_(pieces.client_),
          reserved_(std::move(reserved)),
          path_(s3_path_of(client_.options(), bucket, key)),
          state_path_(pieces.folder() + name_of(bucket, key)) {
        state_.bucket = bucket;
        state_.key = key;
    }

    ~Coming() override {
        // Cut off midway: what came so far is worth keeping, and if it cannot be, less is.
        if (assembly_ && assembly_->size() > written_down_) (void)keep();
    }

    Result<void> begin(const Piece& piece) { return piece.offset == 0 ? begin_anew(piece.total) : go_on(piece); }

    Result<void> write(std::span<const std::byte> bytes) override {
        if (!assembly_) return refuse(ErrorCode::FailedOperation, "the upload has ended");
        if (bytes.size() > state_.state.total - assembly_->size())
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("the piece goes beyond the object's {} bytes", state_.state.total));
        const auto added = assembly_->add(bytes);
        if (!added) return lost(added.error());
        if (assembly_->size() - written_down_ >= kKeepBytes) TRY(keep());
        return {};
    }

    Result<Unfinished> keep() override {
        if (!assembly_) return refuse(ErrorCode::FailedOperation, "the upload has ended");
        TRY(write_down());
        return state_.state;
    }

    Result<ObjectInfo> finish() override {
        if (!assembly_) return refuse(ErrorCode::FailedOperation, "the upload has ended");
        if (assembly_->size() != state_.state.total)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} of {} bytes are kept", assembly_->size(), state_.state.total));
        const auto lock = pieces_.names_.hold(path_);
        state_.whole = assembly_->digest();
        // Whoever reads the description after a crash finds out by it whether the object has its name already.
        auto info = assembly_->complete(state_.bucket, state_.key, SystemClock{}.wall(), [&] { return write_down(); });
        if (!info) return lost(info.error());
        assembly_.reset();
        (void)remove_path(client_, state_path_);  // else look() does
        return info;
    }

private:
    Result<void> begin_anew(std::uint64_t total) {
        const auto known = TRY(read_state(client_, state_path_));
        if (known) {
            TRY(abort_upload(client_, path_, known->kept.upload_id));
        } else {
            TRY(pieces_.check_count());
        }
        state_.state.total = total;
        assembly_.emplace(client_, path_, s3_part_bytes(client_.options().part_bytes, total));
        return write_down();
    }

    Result<void> go_on(const Piece& piece) {
        const auto nothing = refuse_nothing_kept();
        const auto known = TRY(read_state(client_, state_path_));
        if (!known) return nothing;
        TRY(check_continues(known->state, piece));
        const std::uint64_t tail = known->state.stored - known->kept.parts * known->kept.part_bytes;
        auto answer = TRY(client_.call({.method = "GET", .key = state_path_, .answer_max = kHeaderBytes + tail}));
        if (answer.body.size() != kHeaderBytes + tail || decode_state(answer.body)->state != known->state)
            return refuse(ErrorCode::InUse, "another server goes on with this upload; ask again how much is kept");
        answer.body.erase(0, kHeaderBytes);
        assembly_ = S3Assembly::resume(client_, path_, known->kept, std::move(answer.body));
        if (!assembly_) return nothing;
        state_ = *known;
        state_.whole = {};
        written_down_ = assembly_->size();
        return {};
    }

    Result<void> write_down() {
        state_.kept = assembly_->kept();
        // The last byte is finish()'s to count: an upload that has all bytes and no name could not be gone on with.
        state_.state.stored = std::min(assembly_->size(), state_.state.total - 1);
        state_.state.touched_at = SystemClock{}.wall();
        std::string text = encode_state(state_);
        text += std::string_view(assembly_->tail())
                    .substr(0, state_.state.stored - state_.kept.parts * state_.kept.part_bytes);
        TRY(client_.call({.method = "PUT", .key = state_path_, .body = text}));
        written_down_ = assembly_->size();
        return {};
    }

    /// A part of an upload that the store has given up: nothing of it is left to go on with.
    std::unexpected<Error> lost(const Error& error) {
        if (error.code != ErrorCode::NotFound) return std::unexpected(error);
        assembly_.reset();
        (void)remove_path(client_, state_path_);
        return refuse(ErrorCode::FailedOperation,
                      "the object store has given up this upload (does a rule of the bucket end uploads early?); begin "
                      "anew with the first byte");
    }

    S3Pieces& pieces_;
    S3Client& client_;
    const Reserved reserved_;
    const std::string path_;
    const std::string state_path_;
    State state_;
    std::optional<S3Assembly> assembly_;  // until the object has its name
    std::uint64_t written_down_ = 0;
};

Result<void> S3Pieces::each_state(const std::function<Result<bool>(const std::string& path)>& visit) {
    std::string next;
    for (std::size_t page = 0; page < kPagesMax; ++page) {
        S3Fields query{{"list-type", "2"}, {"prefix", folder()}};
        if (!next.empty()) query.emplace_back("continuation-token", next);
        const auto answer = TRY(client_.call({.method = "GET", .query = std::move(query)}));
        const S3Listing listing = TRY(read_listing(answer.body));
        for (const S3Listed& entry : listing.objects) {
            const bool more = TRY(visit(entry.key));
            if (!more) return {};
        }
        next = listing.next;
        if (next.empty()) return {};
    }
    return refuse(ErrorCode::FailedOperation, "the object store's list of unfinished uploads does not end");
}

Result<void> S3Pieces::check_count() {
    std::size_t count = 0;
    const auto visit = [&](const std::string&) -> Result<bool> { return ++count < kUnfinishedMax; };
    TRY(each_state(visit));
    if (count < kUnfinishedMax) return {};
    return refuse_too_many_unfinished();
}

Result<std::unique_ptr<PieceUpload>> S3Pieces::open(std::string_view bucket, std::string_view key, const Piece& piece) {
    TRY(check_names(bucket, key));
    TRY(check_piece(piece));
    {
        const std::lock_guard lock(mutex_);
        if (coming_.size() >= kComingMax)
            return refuse(ErrorCode::Overloaded, "too many uploads are coming in at once; try again in a moment");
    }
    auto reserved = reserve(name_of(bucket, key));
    if (!reserved) return refuse_being_uploaded();
    auto coming = std::make_unique<Coming>(*this, *std::move(reserved), bucket, key);
    TRY(coming->begin(piece));
    return coming;
}

Result<std::optional<Unfinished>> S3Pieces::look(std::string_view bucket, std::string_view key) {
    TRY(check_names(bucket, key));
    const std::string path = folder() + name_of(bucket, key);
    const auto known = TRY(read_state(client_, path));
    if (!known) return std::nullopt;
    if (known->whole != Digest256{}) {
        const auto object = look_at_object(client_, s3_path_of(client_.options(), bucket, key));
        if (object && object->header.info.sha256 == to_hex(known->whole)) {
            if (const auto reserved = reserve(name_of(bucket, key))) TRY(remove_path(client_, path));
            return std::nullopt;
        }
    }
    return known->state;
}

Result<std::size_t> S3Pieces::drop(WallTime idle_since) {
    std::size_t dropped = 0;
    std::set<std::string> known;
    const auto visit = [&](const std::string& path) -> Result<bool> {
        // Nobody begins with it while it is looked at and removed.
        const auto reserved = reserve(path.substr(folder().size()));
        const auto state = TRY(read_state(client_, path));
        if (!reserved || (state && state->state.touched_at > idle_since)) {
            if (state) known.insert(state->kept.upload_id);
            return true;
        }
        if (state)
            TRY(abort_upload(client_, s3_path_of(client_.options(), state->bucket, state->key), state->kept.upload_id));
        TRY(remove_path(client_, path));
        ++dropped;
        return true;
    };
    TRY(each_state(visit));
    TRY(drop_leftovers(known));
    return dropped;
}

Result<void> S3Pieces::drop_leftovers(const std::set<std::string>& known) {
    const WallTime now = client_.options().clock ? client_.options().clock->wall() : SystemClock{}.wall();
    std::string next_key, next_id;
    for (std::size_t page = 0; page < kPagesMax; ++page) {
        S3Fields query{{"uploads", ""}, {"prefix", s3_objects_folder(client_.options())}};
        if (!next_key.empty()) query.emplace_back("key-marker", next_key);
        if (!next_id.empty()) query.emplace_back("upload-id-marker", next_id);
        const auto answer = TRY(client_.call({.method = "GET", .query = std::move(query)}));
        const S3OpenUploads open = TRY(read_open_uploads(answer.body));
        for (const S3OpenUpload& upload : open.uploads)
            if (upload.begun + kLeftAfter <= now && !known.contains(upload.id))
                TRY(abort_upload(client_, upload.key, upload.id));
        next_key = open.next_key;
        next_id = open.next_id;
        if (next_key.empty()) return {};
    }
    return {};  // the next walk goes on
}

}  // namespace gse::objects
