// A PUT of a part of an object: what came is kept, so that an upload that broke off goes on where it ended.
#include <fmt/core.h>

#include "http/connection.h"
#include "http/content_range.h"
#include "http/on_worker.h"

namespace gse::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kQuestionBodyMax = 1024;

std::string range_field(std::uint64_t stored) {
    return stored == 0 ? std::string() : fmt::format("Range: bytes=0-{}\r\n", stored - 1);
}

}  // namespace

Awaitable<bool> Connection::respond_unfinished(int status, std::uint64_t stored, std::uint64_t total) {
    return respond(status, "application/json", fmt::format("{{\"Stored\":{},\"Total\":{}}}", stored, total),
                   range_field(stored));
}

Awaitable<bool> Connection::respond_stored(const objects::ObjectInfo& info) {
    return respond(200, "application/json", fmt::format("{{\"Size\":{},\"Sha256\":\"{}\"}}", info.size, info.sha256),
                   fmt::format("ETag: \"{}\"\r\n", info.sha256));
}

/// `bytes */total`: how much is kept; the object itself, if it is whole meanwhile.
Awaitable<void> Connection::answer_how_much(std::string bucket, std::string key, std::uint64_t total) {
    const bool whole_body = co_await read_whole_body(kQuestionBodyMax);
    if (!open_) co_return;
    objects::ObjectStore& store = loop_.shared.handlers.objects;
    struct Found {
        Result<std::optional<objects::Unfinished>> unfinished = std::nullopt;
        Result<std::optional<objects::ObjectInfo>> object = std::nullopt;
    };
    const Found found =
        co_await on_worker([&] { return Found{store.unfinished(bucket, key), store.stat(bucket, key)}; });
    if (!open_) co_return;
    if (!whole_body) {
        const Error refused{ErrorCode::InvalidParameterValue, "a PUT that only asks (bytes */TOTAL) has no body"};
        co_await respond_error(refused);
    } else if (!found.unfinished) {
        co_await respond_error(found.unfinished.error());
    } else if (*found.unfinished) {
        const std::uint64_t stored = (*found.unfinished)->total == total ? (*found.unfinished)->stored : 0;
        co_await respond_unfinished(308, stored, total);
    } else if (found.object && *found.object && (*found.object)->size == total) {
        co_await respond_stored(**found.object);
    } else {
        co_await respond_unfinished(308, 0, total);
    }
}

Awaitable<void> Connection::put_piece(std::string bucket, std::string key, std::string content_range) {
    Shared& shared = loop_.shared;
    const auto range = parse_content_range(content_range);
    std::optional<Error> refused;
    if (!range) {
        refused = range.error();
    } else if (range->total > shared.options.object_bytes) {
        refused =
            Error{ErrorCode::RequestTooLarge, fmt::format("an object may have {} bytes", shared.options.object_bytes)};
    } else if (!range->asks && reader_->content_length().value_or(range->length) != range->length) {
        refused =
            Error{ErrorCode::InvalidParameterValue, fmt::format("Content-Range announces {} bytes, Content-Length {}",
                                                                range->length, *reader_->content_length())};
    }
    if (refused) {
        co_await respond_error(*refused);
        co_return;
    }
    if (range->asks) {
        co_await answer_how_much(std::move(bucket), std::move(key), range->total);
        co_return;
    }
    objects::ObjectStore& store = shared.handlers.objects;
    const objects::Piece piece{range->offset, range->total};
    struct Opened {
        Result<std::unique_ptr<objects::PieceUpload>> upload;
        std::uint64_t stored = 0;
    };
    Opened opened = co_await on_worker([&] {
        Opened result{store.put_piece(bucket, key, piece)};
        if (const auto known = store.unfinished(bucket, key); known && *known) result.stored = (*known)->stored;
        return result;
    });
    if (!opened.upload) {
        if (!open_) co_return;
        if (opened.upload.error().code == ErrorCode::InvalidParameterValue) {
            // With where to go on.
            co_await respond_unfinished(416, opened.stored, range->total);
        } else {
            co_await respond_error(opened.upload.error());
        }
        co_return;
    }
    // Keeping what came, whatever happens, is a worker's job.
    struct Keeping {
        Shared& shared;
        std::unique_ptr<objects::PieceUpload> upload;
        void end() {
            if (upload) asio::post(shared.workers, [kept = std::move(upload)] {});
        }
        ~Keeping() { end(); }
    } held{shared, *std::move(opened.upload)};
    objects::PieceUpload& upload = *held.upload;

    if (open_) co_await say_continue();
    std::optional<Error> failed;
    body_since_ms_ = loop_.now_ms();
    std::uint64_t left = range->length;
    while (open_) {
        if (!reader_->done() && read_body() != 0) {
            failed = Error{ErrorCode::InvalidRequest, "the request's body is not well-formed"};
            break;
        }
        keep_input();
        std::string& body = reader_->body;
        if (body.size() > left) {
            failed = Error{ErrorCode::InvalidParameterValue,
                           fmt::format("the body is longer than the {} bytes of Content-Range", range->length)};
            break;
        }
        if (body.size() >= kPieceBytes || (reader_->done() && !body.empty())) {
            body_bytes_ += body.size();
            left -= body.size();
            const auto done = co_await on_worker([&] { return upload.write(std::as_bytes(std::span{body})); });
            if (!open_) co_return;
            if (!done) {
                failed = done.error();
                break;
            }
            body.clear();
            // A piece may be gigabytes long: what counts is that the next bytes come.
            body_since_ms_ = loop_.now_ms();
            body_bytes_ = kPieceBytes;
        }
        if (reader_->done()) break;
        set_deadline();
        co_await receive();
        if (eof_) {
            // What has not been handed to the worker yet is worth keeping too.
            if (!reader_->body.empty() && reader_->body.size() <= left)
                (void)co_await on_worker([&] { return upload.write(std::as_bytes(std::span{reader_->body})); });
            close();
        }
    }
    if (!open_) co_return;
    if (!failed && left != 0)
        failed = Error{ErrorCode::InvalidParameterValue,
                       fmt::format("the body is shorter than the {} bytes of Content-Range", range->length)};
    if (failed) {
        co_await respond_error(*failed);
        co_return;
    }
    if (range->offset + range->length < range->total) {
        const auto kept = co_await on_worker([&] {
            auto result = upload.keep();
            held.upload.reset();  // before the answer, so that the next piece finds the name free
            return result;
        });
        if (!open_) co_return;
        if (kept) {
            co_await respond_unfinished(308, kept->stored, kept->total);
        } else {
            co_await respond_error(kept.error());
        }
        co_return;
    }
    const auto stored = co_await on_worker([&] {
        auto result = upload.finish();
        held.upload.reset();
        return result;
    });
    if (!open_) co_return;
    if (stored) {
        co_await respond_stored(*stored);
    } else {
        co_await respond_error(stored.error());
    }
}

}  // namespace gse::http
