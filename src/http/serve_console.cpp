// The console: its files, who is signed in, and the calls its pages make.
#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "codec/json_text.h"
#include "http/api_request.h"
#include "http/connection.h"
#include "http/event_request.h"
#include "http/on_worker.h"

namespace gse::http {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kVersion = "2019-11-12";
constexpr std::size_t kFormMax = 16 * 1024;
// Read before anybody knows who sends it; the largest form of the console has some 20 KiB.
constexpr std::size_t kCallMax = 256 * 1024;
constexpr std::string_view kApi = "/console/api/";
/// Nothing but our own files, and no page may frame ours.
constexpr std::string_view kPageFields =
    "Content-Security-Policy: default-src 'self'; object-src 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'\r\n"
    "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n";
constexpr std::string_view kPrivateFields = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
constexpr std::string_view kNoConsole =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>OpenGSE</title>"
    "<h1>OpenGSE is running</h1><p>This build has no console: it was configured without Node.js. "
    "<code>gse --help</code> lists the commands.</p></html>\n";

/// The value of a cookie; "" when it was not sent.
std::string_view cookie_of(const RequestView& request, std::string_view name) {
    std::string_view rest = request.field("cookie");
    while (!rest.empty()) {
        const auto end = rest.find(';');
        std::string_view one = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        while (one.starts_with(' ')) one.remove_prefix(1);
        if (one.starts_with(name) && one.substr(name.size()).starts_with('=')) return one.substr(name.size() + 1);
    }
    return {};
}

/// Whether the request comes from a page of this very server: browsers name the origin of whatever is not a plain GET.
bool is_same_origin(const RequestView& request) {
    const std::string_view origin = request.field("origin");
    const auto scheme = origin.find("://");
    return scheme != std::string_view::npos && equal_ignoring_case(origin.substr(scheme + 3), request.field("host"));
}

/// The texts of a flat JSON object, in the order of `names`; "" for those it lacks.
template <std::size_t N>
Result<std::array<std::string, N>> read_texts(const std::string& body, const std::string_view (&names)[N]) {
    std::array<std::string, N> texts;
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(body).get_object().get(object) != simdjson::SUCCESS)
        return refuse(ErrorCode::InvalidRequest, "send a JSON object");
    for (std::size_t i = 0; i < N; ++i) {
        simdjson::dom::element value;
        std::string_view text;
        if (object[names[i]].get(value) != simdjson::SUCCESS || value.is_null()) continue;
        if (value.get_string().get(text) != simdjson::SUCCESS)
            return refuse(ErrorCode::InvalidRequest, fmt::format("{} must be text", names[i]));
        texts[i] = text;
    }
    return texts;
}

std::string_view code_of(int status) {
    switch (status) {
        case 401: return "AuthFailure";
        case 403: return "AuthFailure.UnauthorizedOperation";
        case 404: return "ResourceNotFound";
        default: return "InvalidRequest";
    }
}

}  // namespace

// No coroutines, and given texts only: see respond().
Awaitable<bool> Connection::respond_json(int status, std::string_view body, std::string_view fields) {
    return respond(status, "application/json", body, fmt::format("{}{}", kPrivateFields, fields));
}

Awaitable<bool> Connection::refuse_console(int status, std::string_view message) {
    std::string body = "{\"Code\":";
    api::append_json_string(body, code_of(status));
    body += ",\"Message\":";
    api::append_json_string(body, message);
    body += "}";
    return respond_json(status, body);
}

std::string Connection::session_cookie(const ConsoleDoor& door, const ConsoleSession& session) const {
    return fmt::format("Set-Cookie: {}={}; Path=/console/; Max-Age={}; HttpOnly; SameSite=Strict{}\r\n",
                       door.sessions.cookie_name(), door.sessions.cookie(session),
                       door.sessions.times().idle.count() / 1000,
                       loop_.shared.options.secure_cookies ? "; Secure" : "");
}

std::string Connection::session_body(const ConsoleDoor& door, const ConsoleSession& session, bool read_only) const {
    std::string body = "{\"SecretId\":";
    api::append_json_string(body, session.secret_id);
    body += fmt::format(R"(,"ReadOnly":{},"CsrfToken":"{}","IdleSeconds":{},{}}})", read_only,
                        door.sessions.csrf_token(session), door.sessions.times().idle.count() / 1000, door.about);
    return body;
}

Awaitable<void> Connection::serve_console(RequestView request) {
    const bool whole = co_await read_whole_body(request.path.starts_with(kApi) ? kCallMax : kFormMax);
    if (!open_) co_return;
    if (!whole) {
        co_await respond(413, kPlainText, "no page takes a body of this size\n");
        co_return;
    }
    if (!is_known()) {
        co_await respond_unknown_host();
        co_return;
    }
    const std::string_view path = request.path;
    ConsoleDoor* const door = loop_.shared.handlers.console_door;
    const bool session = path == "/console/session";
    const bool events = path == "/console/events";
    if (!door || !(session || events || path == "/console/demo" || path.starts_with(kApi))) {
        co_await serve_console_file(request);
        co_return;
    }
    const bool reads = (session || events) && request.method == "GET";
    if (!reads && (events || (request.method != "POST" && !(session && request.method == "DELETE")))) {
        const std::string_view allow = session  ? "Allow: GET, POST, DELETE\r\n"
                                       : events ? "Allow: GET\r\n"
                                                : "Allow: POST\r\n";
        co_await respond(405, kPlainText, "this is asked for in another way\n", allow);
        co_return;
    }
    if (!reads && !is_same_origin(request)) {
        co_await refuse_console(403, "this is for pages of this server only");
        co_return;
    }
    if (request.method == "POST" && !is_media_type(request.field("content-type"), "application/json")) {
        co_await refuse_console(400, "send application/json");
        co_return;
    }
    co_await serve_console_session(request, *door);
}

Awaitable<void> Connection::serve_console_session(RequestView request, ConsoleDoor& door) {
    const Handlers& handlers = loop_.shared.handlers;
    const WallTime now = handlers.clock.wall();
    if (request.path == "/console/session" && request.method == "POST") {
        const auto texts = read_texts(reader_->body, {"SecretId", "SecretKey", "LinkToken"});
        if (!texts) {
            co_await refuse_console(400, texts.error().message);
            co_return;
        }
        auto [secret_id, secret_key, link] = *texts;
        if (!link.empty()) {
            const auto linked = door.sessions.take_link(link, now);
            if (!linked) {
                co_await refuse_console(401, "this link was used already or is too old; sign in with a key");
                co_return;
            }
            secret_id = *linked;
        }
        const auto key = handlers.keys.find(secret_id);
        // Compared whatever was found, so that the time tells nothing.
        const bool right = equal_in_constant_time(key ? key->secret : std::string(32, '\0'), secret_key);
        if (!key || key->disabled || !(right || !link.empty())) {
            co_await refuse_console(401, "SecretId and SecretKey do not belong together");
            co_return;
        }
        const ConsoleSession session = door.sessions.open(secret_id, now, loop_.rng);
        const std::string body = session_body(door, session, key->read_only);
        const std::string cookie = session_cookie(door, session);
        co_await respond_json(200, body, cookie);
        co_return;
    }

    auto session = door.sessions.check(cookie_of(request, door.sessions.cookie_name()), now);
    const auto key = session ? handlers.keys.find(session->secret_id) : std::nullopt;
    if (session && (!key || key->disabled))
        session = refuse(ErrorCode::AuthUnauthorized, "the key you signed in with is no longer good");
    if (!session) {
        co_await refuse_console(401, session.error().message);
        co_return;
    }
    if (request.method != "GET" && !door.sessions.is_csrf_token(*session, request.field("x-gse-csrf"))) {
        co_await refuse_console(403, "the X-GSE-Csrf header is missing or another session's");
        co_return;
    }
    handlers.keys.note_use(session->secret_id, now);
    std::string renewal;
    if (door.sessions.is_stale(*session, now)) {
        session->seen = now;
        renewal = session_cookie(door, *session);
    }

    if (request.method == "DELETE") {
        door.sessions.sign_out(*session, now);
        const std::string removal = fmt::format(
            "Set-Cookie: {}=; Path=/console/; Max-Age=0; HttpOnly; SameSite=Strict\r\n", door.sessions.cookie_name());
        co_await respond_json(200, "{}", removal);
    } else if (request.path == "/console/events") {
        auto wish = read_event_wish(request);
        if (!wish || !handlers.events) {
            const std::string why = wish ? "this server has no events" : wish.error().message;
            co_await refuse_console(wish ? 404 : 400, why);
            co_return;
        }
        // Pages connect again by themselves, with the cookie of the day.
        std::function<bool()> may_listen = [&handlers, &door, cookie = door.sessions.cookie(*session)] {
            const auto still = door.sessions.check(cookie, handlers.clock.wall());
            const auto known = still ? handlers.keys.find(still->secret_id) : std::nullopt;
            return known && !known->disabled;
        };
        co_await stream_events(*std::move(wish), std::move(may_listen));
    } else if (request.path == "/console/session") {
        const std::string body = session_body(door, *session, key->read_only);
        co_await respond_json(200, body, renewal);
    } else if (request.path == "/console/demo") {
        const auto texts = read_texts(reader_->body, {"Version"});
        if (!texts || !door.put_demo || key->read_only) {
            const std::string why = !texts           ? texts.error().message
                                    : key->read_only ? "a read-only key uploads nothing"
                                                     : "this installation has no demo game";
            co_await refuse_console(!texts ? 400 : key->read_only ? 403 : 404, why);
            co_return;
        }
        const std::string region{request.field("x-tc-region")};
        const auto stored = co_await on_worker([&] { return door.put_demo(region, texts->front()); });
        if (!open_) co_return;
        if (!stored) {
            co_await refuse_console(400, stored.error().message);
            co_return;
        }
        std::string body = "{\"BucketKey\":";
        api::append_json_string(body, *stored);
        body += "}";
        co_await respond_json(200, body, renewal);
    } else {
        // As a signed call, but for who vouches for the caller.
        loop_.shared.api_requests.fetch_add(1, std::memory_order_relaxed);
        engine::ApiCall call;
        call.action = request.path.substr(kApi.size());
        call.version = kVersion;
        call.region = request.field("x-tc-region");
        call.secret_id = call.account = session->secret_id;
        take_json(call, reader_->body);
        const auto allowed = check_may_call(
            {.secret_id = call.secret_id, .read_only = key->read_only, .account = call.secret_id}, call.action);
        const After after = after_request();
        if (after == After::Close) last_ = true;
        const std::uint64_t ticket = enqueue(after);
        Answer& answer = answers_.back();
        answer.fields = fmt::format("{}{}", kPrivateFields, renewal);
        if (allowed) {
            call.request_id = answer.request_id;
            hand_on(std::move(call), ticket);
        } else {
            complete(ticket, handlers.error_body(allowed.error(), answer.request_id));
        }
    }
}

Awaitable<void> Connection::serve_console_file(RequestView request) {
    const std::span<const StaticFile> files = loop_.shared.handlers.console;
    const std::string_view path = request.path;
    if (request.method != "GET" && request.method != "HEAD") {
        co_await respond(405, kPlainText, "use GET\n", "Allow: GET, HEAD\r\n");
        co_return;
    }
    if (path == "/console") {
        co_await respond(308, kPlainText, "", "Location: /console/\r\n");
        co_return;
    }
    const std::string_view asked = path.substr(std::string_view{"/console/"}.size());
    if (files.empty() && asked.empty()) {
        co_await respond(200, kHtml, kNoConsole, kPageFields);
        co_return;
    }
    const auto found = std::find_if(files.begin(), files.end(), [&](const StaticFile& file) {
        return file.path == (asked.empty() ? std::string_view{"index.html"} : asked);
    });
    if (found == files.end()) {
        co_await respond(404, kPlainText, "the console has no such file\n", kPrivateFields);
        co_return;
    }
    // Built files carry a hash of their content in their names.
    const bool eternal = found->path.starts_with("assets/");
    const bool zipped =
        !found->gzipped.empty() && request.field("accept-encoding").find("gzip") != std::string_view::npos;
    const std::string fields = fmt::format("{}Cache-Control: {}\r\nVary: Accept-Encoding\r\n{}", kPageFields,
                                           eternal ? "public, max-age=31536000, immutable" : "no-cache",
                                           zipped ? "Content-Encoding: gzip\r\n" : "");
    co_await respond(200, found->content_type, zipped ? found->gzipped : found->content, fields);
}

}  // namespace gse::http
