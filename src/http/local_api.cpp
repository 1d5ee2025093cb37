#include "http/local_api.h"

#include <simdjson.h>

#include "codec/json_text.h"
#include "http/api_request.h"
#include "http/connection.h"
#include "http/on_worker.h"

namespace gse::http {
namespace {

constexpr std::size_t kRefusedMax = 4 * 1024;
constexpr std::string_view kVersion = "2019-11-12";
// Room that JSON parsers may read behind the text (codec.h: kJsonPadding).
constexpr std::size_t kPaddingBytes = 64;

}  // namespace

Result<engine::ApiCall> read_local_call(std::string_view body) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(body.data(), body.size()).get(object) != simdjson::SUCCESS)
        return refuse(ErrorCode::InvalidParameter,
                      "send a JSON object: {\"Action\": \"DescribeGameServerSessions\", …parameters…}");
    engine::ApiCall call;
    call.version = kVersion;
    call.local = true;
    call.json = "{";
    for (const auto [name, value] : object) {
        std::string_view text;
        const bool is_text = value.get_string().get(text) == simdjson::SUCCESS;
        if (name == "Action" && is_text) {
            call.action = text;
        } else if (name == "Region" && is_text) {
            call.region = text;
        } else if (name != "Version") {
            if (call.json.size() > 1) call.json += ',';
            api::append_json_string(call.json, name);
            call.json += ':';
            call.json += simdjson::minify(value);
        }
    }
    call.json += '}';
    call.json.reserve(call.json.size() + kPaddingBytes);
    if (call.action.empty())
        return refuse(ErrorCode::MissingParameter, "name an Action in the object: {\"Action\": \"ListFleets\"}");
    return call;
}

Awaitable<void> Connection::serve_local_api(RequestView request) {
    const ServerOptions& options = loop_.shared.options;
    // Whoever is refused anyway need not send much.
    const bool may = options.local_api && from_loopback_;
    const bool whole = co_await read_whole_body(may ? options.body_bytes : kRefusedMax);
    if (!open_) co_return;
    std::string_view refusal;
    int status = 0;
    if (!whole) {
        status = 413, refusal = "the body is too large\n";
    } else if (!options.local_api) {
        status = 404, refusal = "/capi is there in gse dev only; sign your calls and send them to /\n";
    } else if (!from_loopback_) {
        status = 403, refusal = "/capi answers programs on this machine only; sign your calls and send them to /\n";
    } else if (!is_known()) {
        status = 421, refusal = "call /capi by the name localhost or by an IP address, and not from a page elsewhere\n";
    } else if (request.method != "POST") {
        status = 405, refusal = "use POST\n";
    } else if (!is_media_type(request.field("content-type"), "application/json")) {
        status = 415, refusal = "send Content-Type: application/json\n";
    }
    if (status != 0) {
        co_await respond(status, "text/plain; charset=utf-8", refusal, "X-Content-Type-Options: nosniff\r\n");
        co_return;
    }
    // From here on as a call of the API: it has a ticket, and its answer goes out in its turn.
    auto call = read_local_call(reader_->body);
    const After after = after_request();
    if (after == After::Close) last_ = true;
    const std::uint64_t ticket = enqueue(after);
    const std::string request_id = answers_.back().request_id;
    end_request();
    if (!call) {
        complete(ticket, loop_.shared.handlers.error_body(call.error(), request_id));
        flush();
        co_return;
    }
    call->request_id = request_id;
    hand_on(*std::move(call), ticket);
}

}  // namespace gse::http
