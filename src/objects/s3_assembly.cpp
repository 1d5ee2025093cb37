#include "objects/s3_assembly.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hex.h"
#include "base/url.h"
#include "base/whole_number.h"
#include "objects/s3_answers.h"

namespace gse::objects {
namespace {

constexpr std::uint64_t kPartsMax = 10'000;  // of S3
constexpr std::size_t kPartPagesMax = 100;

bool is_same(const Header& a, const Header& b) {
    return a.bucket == b.bucket && a.key == b.key && a.info.size == b.info.size && a.info.sha256 == b.info.sha256 &&
           a.info.stored_at == b.info.stored_at;
}

/// `bytes 10-19/20` → 20
std::optional<std::uint64_t> total_of(std::string_view content_range) {
    const auto slash = content_range.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    return parse_whole_number(content_range.substr(slash + 1));
}

}  // namespace

Result<S3Found> look_at_object(S3Client& client, const std::string& path) {
    const auto answer = TRY(client.call({.method = "GET",
                                         .key = path,
                                         .fields = {{"range", fmt::format("bytes=-{}", kHeaderBytes)}},
                                         .answer_max = 2 * kHeaderBytes}));
    auto header = decode(answer.body);
    // An empty object is all description, and some stores send a whole object without a range.
    const std::uint64_t total = total_of(answer.content_range).value_or(answer.body.size());
    if (!header || answer.etag.empty() || total != header->info.size + kHeaderBytes)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} in the object store is damaged, or was not stored by OpenGSE; upload the object "
                                  "again",
                                  path));
    return S3Found{*std::move(header), answer.etag};
}

std::uint64_t s3_part_bytes(std::uint64_t wanted, std::uint64_t bytes) {
    // One part less than there may be: the last one carries the description too.
    const std::uint64_t least = bytes / (kPartsMax - 1) + 1;
    constexpr std::uint64_t kBlock = ResumableSha256::kBlockBytes;
    return (std::max(wanted, least) + kBlock - 1) / kBlock * kBlock;
}

S3Assembly::S3Assembly(S3Client& client, std::string path, std::uint64_t part_bytes)
    : client_(&client), path_(std::move(path)) {
    kept_.part_bytes = part_bytes;
}

std::optional<S3Assembly> S3Assembly::resume(S3Client& client, std::string path, const Kept& kept, std::string tail) {
    auto hash = ResumableSha256::resume(kept.hash);
    if (!hash) return std::nullopt;
    S3Assembly out(client, std::move(path), kept.part_bytes);
    out.kept_ = kept;
    out.hash_ = *std::move(hash);
    out.tail_ = std::move(tail);
    return out;
}

S3Assembly::Kept S3Assembly::kept() const {
    Kept out = kept_;
    out.hash = hash_.save();
    return out;
}

Digest256 S3Assembly::digest() const {
    if (tail_.empty()) return hash_.digest();
    // The tail's bytes are of no part yet.
    auto whole = ResumableSha256::resume(hash_.save());
    whole->add(tail_);
    return whole->digest();
}

Result<void> S3Assembly::add(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        if (tail_.size() == kept_.part_bytes) TRY(put_part(tail_));
        const std::size_t take = std::min<std::size_t>(bytes.size(), kept_.part_bytes - tail_.size());
        tail_.append(reinterpret_cast<const char*>(bytes.data()), take);
        bytes = bytes.subspan(take);
    }
    return {};
}

Result<void> S3Assembly::begin_upload() {
    if (!kept_.upload_id.empty()) return {};
    // Asked for twice, one of the two is never gone on with; it is given up a day later.
    const auto answer = TRY(client_->call({.method = "POST", .key = path_, .query = {{"uploads", ""}}}));
    kept_.upload_id = TRY(read_upload_id(answer.body));
    return {};
}

/// A full one, from tail_, which is empty afterwards.
Result<void> S3Assembly::put_part(std::string_view bytes) {
    TRY(begin_upload());
    const auto answer =
        TRY(client_->call({.method = "PUT",
                           .key = path_,
                           .query = {{"partNumber", std::to_string(kept_.parts + 1)}, {"uploadId", kept_.upload_id}},
                           .body = bytes}));
    if (etags_.size() == kept_.parts) etags_.push_back(answer.etag);
    hash_.add(bytes);
    ++kept_.parts;
    tail_.clear();
    return {};
}

Result<void> S3Assembly::copy_part(const std::string& path, const std::string& etag, std::uint64_t offset) {
    TRY(begin_upload());
    const S3Request request{
        .method = "PUT",
        .key = path_,
        .query = {{"partNumber", std::to_string(kept_.parts + 1)}, {"uploadId", kept_.upload_id}},
        .fields = {{"x-amz-copy-source", "/" + url_encode(client_->options().bucket + "/" + path, UrlPart::Path)},
                   {"x-amz-copy-source-if-match", etag},
                   {"x-amz-copy-source-range", fmt::format("bytes={}-{}", offset, offset + kept_.part_bytes - 1)}}};
    for (int tries = 1;; ++tries) {
        const auto answer = TRY(client_->call(request));
        // Status 200 is sent before the copy is made, and the error behind it.
        auto copied = read_copied_etag(answer.body);
        if (copied) {
            etags_.push_back(*std::move(copied));
            ++kept_.parts;
            return {};
        }
        if (tries == S3Client::kTriesMax) return std::unexpected(copied.error());
        client_->pause(tries);
    }
}

/// Of the parts that another process sent.
Result<void> S3Assembly::find_etags() {
    if (etags_.size() == kept_.parts) return {};
    etags_.clear();
    std::string marker;
    for (std::size_t page = 0; page < kPartPagesMax; ++page) {
        S3Fields query{{"uploadId", kept_.upload_id}};
        if (!marker.empty()) query.emplace_back("part-number-marker", marker);
        const auto answer = TRY(client_->call({.method = "GET", .key = path_, .query = std::move(query)}));
        S3Parts found = TRY(read_parts(answer.body));
        for (S3Part& part : found.parts) {
            if (etags_.size() == kept_.parts) break;
            if (part.number == etags_.size() + 1 && part.size == kept_.part_bytes)
                etags_.push_back(std::move(part.etag));
        }
        if (etags_.size() == kept_.parts) return {};
        if (found.next.empty()) break;
        marker = std::move(found.next);
    }
    return refuse(ErrorCode::FailedOperation, "the object store has lost parts of this upload; begin anew");
}

/// All of its parts become the object.
Result<void> S3Assembly::name_parts(const Header& wanted) {
    const std::string body = write_completion(etags_);
    for (int tries = 1;; ++tries) {
        const auto answer = client_->call({.method = "POST",
                                           .key = path_,
                                           .query = {{"uploadId", kept_.upload_id}},
                                           .body = body,
                                           .repeatable = false});
        const Result<void> done = answer ? read_completed(answer->body) : std::unexpected(answer.error());
        if (done) return {};
        // It may be done all the same, and then there is no such upload any more.
        const auto found = look_at_object(*client_, path_);
        if (found && is_same(found->header, wanted)) return {};
        if (done.error().code == ErrorCode::NotFound)
            return refuse(ErrorCode::FailedOperation, "the object store has given up this upload; begin anew");
        const bool again = answer || done.error().code == ErrorCode::Overloaded;
        if (!again || tries == S3Client::kTriesMax) return done;
        client_->pause(tries);
    }
}

Result<ObjectInfo> S3Assembly::complete(std::string_view bucket, std::string_view key, WallTime now,
                                        const std::function<Result<void>()>& before_name) {
    const Digest256 content = digest();
    const Header header{{size(), to_hex(content), now}, std::string(bucket), std::string(key)};
    const std::size_t tail_bytes = tail_.size();
    tail_ += encode(header, content);
    const auto put = [&]() -> Result<void> {
        if (kept_.upload_id.empty()) {
            if (before_name) TRY(before_name());
            TRY(client_->call({.method = "PUT", .key = path_, .body = tail_}));
            return {};
        }
        const auto answer = TRY(
            client_->call({.method = "PUT",
                           .key = path_,
                           .query = {{"partNumber", std::to_string(kept_.parts + 1)}, {"uploadId", kept_.upload_id}},
                           .body = tail_}));
        TRY(find_etags());
        if (before_name) TRY(before_name());
        etags_.push_back(answer.etag);
        const auto named = name_parts(header);
        etags_.pop_back();
        return named;
    };
    const auto done = put();
    tail_.resize(tail_bytes);
    if (!done) return std::unexpected(done.error());
    const auto found = TRY(look_at_object(*client_, path_));
    if (!is_same(found.header, header))
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} is not what was stored under that name; another server replaced it", key));
    kept_.upload_id.clear();
    return header.info;
}

void S3Assembly::give_up() noexcept {
    if (kept_.upload_id.empty()) return;
    (void)client_->call({.method = "DELETE", .key = path_, .query = {{"uploadId", kept_.upload_id}}});
    kept_.upload_id.clear();
}

}  // namespace gse::objects
