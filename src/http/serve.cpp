// What a connection serves itself: objects and pages.
#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "base/crypto.h"
#include "base/url.h"
#include "base/uuid.h"
#include "http/byte_range.h"
#include "http/connection.h"
#include "http/known_hosts.h"
#include "http/on_worker.h"
#include "http/params.h"

namespace gse::http {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kPageBodyMax = 64 * 1024;
constexpr std::string_view kNoSniff = "X-Content-Type-Options: nosniff\r\n";
constexpr std::string_view kObjectFields =
    "Accept-Ranges: bytes\r\nCache-Control: private, no-cache\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: sandbox\r\n";
struct ObjectName {
    std::string bucket;
    std::string key;
};

/// Of `/objects/<bucket>/<key…>`.
std::optional<ObjectName> object_name(std::string_view path) {
    path.remove_prefix(std::string_view{"/objects/"}.size());
    const auto slash = path.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    auto bucket = url_decode(path.substr(0, slash), UrlPart::Path);
    auto key = url_decode(path.substr(slash + 1), UrlPart::Path);
    if (!bucket || !key || bucket->empty() || key->empty()) return std::nullopt;
    return ObjectName{*std::move(bucket), *std::move(key)};
}

/// The last part of the key, for the browser to save it under.
std::string disposition(std::string_view key) {
    const std::string name = url_encode(key.substr(key.rfind('/') + 1), UrlPart::Query);
    return fmt::format("Content-Disposition: attachment; filename*=UTF-8''{}\r\n", name);
}

std::string etag_of(const objects::ObjectInfo& info) { return fmt::format("\"{}\"", info.sha256); }

}  // namespace

int http_status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::MissingParameter:
        case ErrorCode::InvalidParameter:
        case ErrorCode::InvalidParameterValue:
        case ErrorCode::UnknownParameter:
        case ErrorCode::InvalidRequest: return 400;
        case ErrorCode::AuthInvalidAuthorization: return 401;
        case ErrorCode::AuthSecretIdNotFound:
        case ErrorCode::AuthSignatureExpire:
        case ErrorCode::AuthSignatureFailure:
        case ErrorCode::AuthTokenFailure:
        case ErrorCode::AuthUnauthorized:
        case ErrorCode::Unauthorized: return 403;
        case ErrorCode::NotFound: return 404;
        case ErrorCode::UnsupportedProtocol: return 405;
        case ErrorCode::InUse: return 409;
        case ErrorCode::UnsupportedRegion: return 400;
        case ErrorCode::RequestTooLarge: return 413;
        case ErrorCode::Overloaded: return 503;
        case ErrorCode::FailedOperation: return 507;
        default: return 500;
    }
}

Awaitable<void> Connection::serve() {
    if (needs_leader()) {
        const bool ours = co_await find_leader();
        if (!ours) co_return;
    }
    if (is_api()) {
        co_await say_continue();
        co_return;
    }
    loop_.shared.other_requests.fetch_add(1, std::memory_order_relaxed);
    body_since_ms_ = loop_.now_ms();
    cors_.clear();
    const RequestView request = reader_->view();
    if (request.path == "/capi") {
        co_await serve_local_api(request);
    } else if (request.path == "/events") {
        co_await serve_events(request);
    } else if (request.path.starts_with("/objects/")) {
        co_await serve_object(request);
    } else if (request.path == "/console" || request.path.starts_with("/console/")) {
        co_await serve_console(request);
    } else {
        co_await serve_page(request);
    }
    end_request();  // also of one that was closed meanwhile: what it was charged is given back
}

Awaitable<void> Connection::say_continue() {
    if (reader_->done() || continued_ || !reader_->expects_continue()) co_return;
    continued_ = true;
    if (input_.empty()) co_await send("HTTP/1.1 100 Continue\r\n\r\n");
}

Awaitable<bool> Connection::read_whole_body(std::size_t bytes_max) {
    if (reader_->content_length().value_or(0) > bytes_max) co_return false;
    co_await say_continue();
    while (open_ && !reader_->done()) {
        if (read_body() != 0 || reader_->body.size() > bytes_max || !charge(reader_->body.size())) co_return false;
        keep_input();
        body_bytes_ = reader_->body.size();
        if (reader_->done()) break;
        set_deadline();
        co_await receive();
        if (eof_) close();
    }
    co_return open_;
}

// respond and respond_error are no coroutines: g++ 12 destroys the temporaries of some co_await expressions twice, so
// what these are given is used up before anything is awaited, and errors are never written in braces in such an
// expression.
Awaitable<bool> Connection::respond(int status, std::string_view content_type, std::string_view body,
                                    std::string_view fields) {
    // What was not read of a body stands before the next request: no way to go on.
    const bool whole = reader_->done();
    const After after = whole ? after_request() : After::Close;
    if (after == After::Close) last_ = true;
    if (!whole) linger_ = true;
    std::string bytes;
    append_head(bytes, status, loop_.date(), content_type, body.size(), {fields, cors_}, after);
    if (reader_->view().method != "HEAD") bytes += body;
    return send(std::move(bytes));
}

Awaitable<bool> Connection::respond_error(const Error& error) {
    const std::string request_id = make_uuid(loop_.rng);
    return respond(http_status_of(error.code), "application/json", loop_.shared.handlers.error_body(error, request_id),
                   fmt::format("X-TC-RequestId: {}\r\n{}", request_id, kNoSniff));
}

bool Connection::is_known() const {
    const RequestView request = reader_->view();
    const auto& known = loop_.shared.options.known_hosts;
    return is_known_host(request.field("host"), known) && is_known_origin(request.field("origin"), known);
}

Awaitable<bool> Connection::respond_unknown_host() {
    return respond(421, kPlainText,
                   "this server does not know the name it was called by; call it by its IP address, or add the name to "
                   "the setting http.known_hosts\n",
                   kNoSniff);
}

Awaitable<void> Connection::serve_page(RequestView request) {
    const bool whole = co_await read_whole_body(kPageBodyMax);
    if (!open_) co_return;
    if (!whole) {
        co_await respond(413, kPlainText, "no page takes a body of this size\n");
        co_return;
    }
    const Handlers& handlers = loop_.shared.handlers;
    const std::string_view path = request.path;
    const bool reads = request.method == "GET" || request.method == "HEAD";

    // Players' machines measure their way to this host by whatever name it has; the answer tells nothing else.
    if (path == "/v1/ping" && reads) {
        co_await respond(200, kPlainText, "pong\n", "Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n");
        co_return;
    }
    if (path == "/v1/regions" && reads) {
        constexpr std::string_view kAnyPage = "Access-Control-Allow-Origin: *\r\nCache-Control: max-age=2\r\n";
        const std::string text =
            co_await on_worker([&] { return handlers.regions ? handlers.regions() : std::string{}; });
        if (!open_) co_return;
        if (text.empty()) {
            co_await respond(503, kPlainText, "try again in a moment\n", kAnyPage);
        } else {
            co_await respond(200, "application/json", text, kAnyPage);
        }
        co_return;
    }
    if (!is_known()) {
        co_await respond_unknown_host();
        co_return;
    }
    if (!reads && (path == "/healthz" || path == "/readyz" || path == "/metrics" || path == "/v1/ping")) {
        co_await respond(405, kPlainText, "use GET\n", "Allow: GET, HEAD\r\n");
    } else if (path == "/healthz") {
        co_await respond(200, kPlainText, "ok\n", "Cache-Control: no-store\r\n");
    } else if (path == "/readyz") {
        const std::vector<std::string> reasons =
            co_await on_worker([&] { return handlers.not_ready ? handlers.not_ready() : std::vector<std::string>{}; });
        if (!open_) co_return;
        std::string text = reasons.empty() ? "ready\n" : "";
        for (const std::string& reason : reasons) text += reason + "\n";
        co_await respond(reasons.empty() ? 200 : 503, kPlainText, text, "Cache-Control: no-store\r\n");
    } else if (path == "/metrics") {
        const std::string& token = loop_.shared.options.metrics_token;
        const bool allowed = from_loopback_ || (!token.empty() && equal_in_constant_time(request.field("authorization"),
                                                                                         "Bearer " + token));
        if (!allowed) {
            co_await respond(401, kPlainText,
                             "send the token of the setting metrics.token as Authorization: Bearer <token>\n",
                             "WWW-Authenticate: Bearer\r\n");
            co_return;
        }
        const std::string text =
            co_await on_worker([&] { return handlers.metrics ? handlers.metrics() : std::string{}; });
        if (open_) co_await respond(200, "text/plain; version=0.0.4; charset=utf-8", text, kNoSniff);
    } else {
        co_await respond(404, kPlainText, "there is nothing here; the API is at /\n", kNoSniff);
    }
}

Result<void> Connection::check_object_access(const RequestView& request, std::string_view bucket,
                                             std::string_view key) {
    const Handlers& handlers = loop_.shared.handlers;
    const WallTime now = handlers.clock.wall();
    // In a header, or in a URL that someone may click.
    std::string authorization{request.field("authorization")};
    if (authorization.starts_with("TC3-HMAC-SHA256 ")) {
        if (request.method != "PUT" || !handlers.is_upload_bucket || !handlers.is_upload_bucket(bucket)) {
            return refuse(ErrorCode::AuthUnauthorized,
                          "with a signature of its own a request may only PUT into an upload bucket, as "
                          "GetUploadCredentials names it; use a signed URL or BucketAuth for anything else");
        }
        if (!equal_ignoring_case(request.field("x-tc-content-sha256"), "UNSIGNED-PAYLOAD")) {
            return refuse(ErrorCode::AuthInvalidAuthorization,
                          "sign the upload with X-TC-Content-SHA256: UNSIGNED-PAYLOAD and send that header: the body "
                          "is stored as it comes, and the answer tells its SHA-256");
        }
        const Caller caller = TRY(loop_.signatures.check_tc3(request, now));
        if (!caller.read_only) return {};
        return refuse(ErrorCode::Unauthorized,
                      fmt::format("the key {} may only read; an upload needs a key without ReadOnly", caller.account));
    }
    if (authorization.empty()) {
        const auto query = decode_form(request.query);
        if (query) authorization = parameter(*query, "sign");
    }
    return handlers.object_auth.check(
        authorization, request.method == "PUT" ? objects::Access::Write : objects::Access::Read, bucket, key, now);
}

Awaitable<void> Connection::serve_object(RequestView request) {
    auto name = object_name(request.path);
    const bool writes = request.method == "PUT";
    std::optional<Error> refused;
    std::optional<objects::CorsRule> rule;
    if (name && loop_.shared.handlers.bucket_rules && !request.field("origin").empty())
        rule = loop_.shared.handlers.bucket_rules->find(name->bucket);
    if (name && request.method == "OPTIONS" && !request.field("origin").empty()) {
        // A preflight carries no authorization; it tells what the bucket's rule says, and nothing of any object.
        const auto fields =
            rule ? objects::answer_preflight(*rule, {.origin = request.field("origin"),
                                                     .method = request.field("access-control-request-method"),
                                                     .headers = request.field("access-control-request-headers")})
                 : std::nullopt;
        const std::string lines = fields.value_or("");
        co_await respond(fields ? 200 : 403, kPlainText,
                         fields ? "" : "the bucket's CORS rule does not allow this; see UpdateBucketCORSOpt\n", lines);
        co_return;
    }
    if (rule)
        cors_ =
            objects::answer_fields(*rule, {.origin = request.field("origin"), .method = request.method, .headers = {}});
    if (!name) {
        refused = Error{ErrorCode::InvalidParameter, "an object's path is /objects/<bucket>/<key>, percent-encoded"};
    } else if (!writes && request.method != "GET" && request.method != "HEAD") {
        refused = Error{ErrorCode::UnsupportedProtocol, "use PUT, GET or HEAD for objects"};
    } else {
        const auto allowed = check_object_access(request, name->bucket, name->key);
        if (!allowed) refused = allowed.error();
    }
    if (refused) {
        co_await respond_error(*refused);
    } else if (writes && request.field("content-range").data() != nullptr) {
        std::string range{request.field("content-range")};
        co_await put_piece(std::move(name->bucket), std::move(name->key), std::move(range));
    } else if (writes) {
        co_await put_object(std::move(name->bucket), std::move(name->key));
    } else {
        co_await get_object(request, std::move(name->bucket), std::move(name->key));
    }
}

Awaitable<void> Connection::put_object(std::string bucket, std::string key) {
    Shared& shared = loop_.shared;
    const std::uint64_t bytes_max = shared.options.object_bytes;
    if (reader_->content_length().value_or(0) > bytes_max) {
        const Error refused{ErrorCode::RequestTooLarge, fmt::format("an object may have {} bytes", bytes_max)};
        co_await respond_error(refused);
        co_return;
    }
    auto opened = co_await on_worker([&] { return shared.handlers.objects.put(bucket, key, bytes_max); });
    if (!opened) {
        if (open_) co_await respond_error(opened.error());
        co_return;
    }
    // Whatever happens, removing the file is a worker's job.
    struct Removal {
        Shared& shared;
        std::unique_ptr<objects::Upload> upload;
        ~Removal() {
            asio::post(shared.workers, [doomed = std::move(upload)] {});
        }
    } held{shared, *std::move(opened)};
    objects::Upload& upload = *held.upload;

    if (open_) co_await say_continue();
    std::optional<Error> failed;
    body_since_ms_ = loop_.now_ms();
    while (open_) {
        if (!reader_->done() && read_body() != 0) {
            failed = Error{ErrorCode::InvalidRequest, "the request's body is not well-formed"};
            break;
        }
        keep_input();
        std::string& body = reader_->body;
        if (body.size() >= kPieceBytes || (reader_->done() && !body.empty())) {
            body_bytes_ += body.size();
            const auto done = co_await on_worker([&] { return upload.write(std::as_bytes(std::span{body})); });
            if (!open_) co_return;
            if (!done) {
                failed = done.error();
                break;
            }
            body.clear();
        }
        if (reader_->done()) break;
        set_deadline();
        co_await receive();
        if (eof_) close();  // cut midway: the upload leaves nothing
    }
    if (!open_) co_return;
    if (failed) {
        co_await respond_error(*failed);
        co_return;
    }
    const auto stored = co_await on_worker([&] { return upload.finish(); });
    if (!open_) co_return;
    if (!stored) {
        co_await respond_error(stored.error());
        co_return;
    }
    co_await respond_stored(*stored);
}

Awaitable<void> Connection::get_object(RequestView request, std::string bucket, std::string key) {
    // Copies: the request's text is not ours any more once the connection closes.
    const std::string range_text{request.field("range")};
    const std::string if_range{request.field("if-range")};
    const std::string if_none_match{request.field("if-none-match")};
    const bool head_only = request.method == "HEAD";
    const bool whole_body = co_await read_whole_body(kPageBodyMax);
    if (!open_) co_return;
    if (!whole_body) {
        const Error refused{ErrorCode::RequestTooLarge, "a GET of an object takes no body"};
        co_await respond_error(refused);
        co_return;
    }
    auto found = co_await on_worker([&] { return loop_.shared.handlers.objects.get(bucket, key); });
    if (!open_) co_return;
    if (!found) {
        co_await respond_error(found.error());
        co_return;
    }
    objects::Download& object = **found;
    const std::string etag = etag_of(object.info());
    std::string fields = fmt::format("ETag: {}\r\n{}{}", etag, kObjectFields, disposition(key));
    if (if_none_match == etag || if_none_match == "*") {
        co_await respond(304, {}, {}, fields);
        co_return;
    }
    const bool ranged = !head_only && (if_range.empty() || if_range == etag);
    const auto range = choose_range(ranged ? range_text : std::string{}, object.info().size);
    if (!range) {
        fields += fmt::format("Content-Range: bytes */{}\r\n", object.info().size);
        co_await respond(416, kPlainText, "the object has no such range\n", fields);
        co_return;
    }
    if (range->partial) {
        fields += fmt::format("Content-Range: bytes {}-{}/{}\r\n", range->offset, range->offset + range->length - 1,
                              object.info().size);
    }
    const After after = after_request();
    if (after == After::Close) last_ = true;
    std::string bytes;
    append_head(bytes, range->partial ? 206 : 200, loop_.date(), "application/octet-stream", range->length,
                {fields, cors_}, after);
    co_await send(std::move(bytes));

    std::uint64_t offset = range->offset;
    std::uint64_t left = head_only ? 0 : range->length;
    while (open_ && left > 0) {
        std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(left, kPieceBytes)), '\0');
        const auto got =
            co_await on_worker([&] { return object.read(offset, std::as_writable_bytes(std::span{piece})); });
        if (!open_) co_return;
        if (!got || *got != piece.size()) {
            close();  // the length is promised already; only a cut says that it does not come
            co_return;
        }
        offset += piece.size();
        left -= piece.size();
        co_await send(std::move(piece));
    }
}

}  // namespace gse::http
