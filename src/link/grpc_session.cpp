#include "link/grpc_session.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

#include "base/check.h"
#include "base/freed.h"

namespace gse::link {
namespace {

/// What the other end may send on and on while nothing is taken.
constexpr std::int32_t kWindowBytes = 256 << 10;
constexpr std::uint32_t kHeaderListBytes = 16 << 10;
constexpr std::size_t kHeaderBytes = 4 << 10;  // of one that is kept
constexpr std::size_t kPrefixBytes = 5;        // a flag and the length, before each message
/// A frame that leaves. nghttp2 keeps room for the largest one it has made.
constexpr std::size_t kFrameBytes = 4 << 10;
/// Room that a call keeps for its next message.
constexpr std::size_t kRoomKept = 1 << 10;
constexpr std::string_view kContentType = "application/grpc";

using NgCallbacks = std::unique_ptr<nghttp2_session_callbacks, Freed<nghttp2_session_callbacks_del>>;
using NgOption = std::unique_ptr<nghttp2_option, Freed<nghttp2_option_del>>;

/// Its texts outlive the call that it is for: nghttp2 copies.
nghttp2_nv header(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) {
        return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// The other way about. What is no code stays as it is.
std::string decoded(std::string_view text) {
    std::string out;
    const auto digit = [&](std::size_t at) {
        const char c = at < text.size() ? text[at] : 'x';
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                      : -1;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%' || digit(i + 1) < 0 || digit(i + 2) < 0) {
            out += text[i];
            continue;
        }
        out += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
        i += 2;
    }
    return out;
}

/// As gRPC wants a status message: percent-encoded where it is not plain ASCII.
std::string encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c >= ' ' && c <= '~' && c != '%')
            out += c;
        else
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

void check_made(int outcome) { CHECK(outcome == 0); }

}  // namespace

struct GrpcSession::State {
    Call id = 0;
    std::string path, authorization, content_type;
    bool begun = false;         // its headers are complete
    bool known = false;         // to the handler
    bool headers_sent = false;  // those of the answer
    bool sleeps = false;        // nghttp2 asks for bytes again when it is told to
    bool paused = false;
    bool hearing = false;  // hear_messages() is under way, maybe in `input`
    bool input_ended = false;
    bool end_told = false;
    std::string input;       // not yet a whole message, or not yet taken
    std::size_t untold = 0;  // came while it was paused: the other end is not yet told that there is room again
    std::string output;
    std::size_t output_at = 0;
    std::optional<GrpcStatus> status;
    std::string told_code, told_message, http_status;  // at a client, of the answer

    /// Where a header of this name is kept; null: nowhere. A request's trailers say nothing.
    [[nodiscard]] std::string* of_request(std::string_view name) {
        if (begun) return nullptr;
        return name == ":path"           ? &path
               : name == "authorization" ? &authorization
               : name == "content-type"  ? &content_type
                                         : nullptr;
    }
    [[nodiscard]] std::string* of_answer(std::string_view name) {
        return name == "grpc-status"    ? &told_code
               : name == "grpc-message" ? &told_message
               : name == ":status"      ? &http_status
                                        : nullptr;
    }
};

struct GrpcSession::Callbacks {
    static GrpcSession& self(void* user) { return *static_cast<GrpcSession*>(user); }

    static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // of a server
        auto& call = self(user).calls_.emplace_back(std::make_unique<State>());
        call->id = frame->hd.stream_id;
        return nghttp2_session_set_stream_user_data(session, call->id, call.get());
    }

    static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                         std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                         void* user) {
        auto* const call = static_cast<State*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
        if (call == nullptr) return 0;
        const std::string_view is{reinterpret_cast<const char*>(name), name_size};
        std::string* const kept = self(user).side_ == Side::Server ? call->of_request(is) : call->of_answer(is);
        if (kept == nullptr) return 0;
        if (value_size > kHeaderBytes) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // resets the stream
        kept->assign(reinterpret_cast<const char*>(value), value_size);
        return 0;
    }

    static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
        auto* const call = static_cast<State*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
        if (call == nullptr) return 0;
        if (self(user).side_ == Side::Server && !call->begun) self(user).begin(*call);
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            call->input_ended = true;
            self(user).end_of_input(*call);
        }
        return 0;
    }

    static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                       std::size_t size, void* user) {
        auto* const call = static_cast<State*>(nghttp2_session_get_stream_user_data(session, stream));
        if (call == nullptr) return nghttp2_session_consume(session, stream, size);
        self(user).hear(*call, {reinterpret_cast<const char*>(data), size});
        return 0;
    }

    static int on_stream_close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user) {
        GrpcSession& session = self(user);
        const auto found =
            std::find_if(session.calls_.begin(), session.calls_.end(), [&](const auto& c) { return c->id == stream; });
        if (found == session.calls_.end()) return 0;
        const auto gone = std::move(*found);
        session.calls_.erase(found);
        if (gone->untold > 0) nghttp2_session_consume_connection(session.session_, gone->untold);
        if (gone->known) session.handler_.on_ended(stream, session.last_word(*gone, error));
        return 0;
    }

    /// An answer that ends before its question does: the client need not go on.
    static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        if (self(user).side_ == Side::Client) return 0;
        if (frame->hd.type != NGHTTP2_HEADERS || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
        if (nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) != 0) return 0;
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }

    static ssize_t read_output(nghttp2_session* session, std::int32_t stream, std::uint8_t* to, std::size_t size,
                               std::uint32_t* flags, nghttp2_data_source* source, void* user) {
        State& call = *static_cast<State*>(source->ptr);
        if (call.output_at == call.output.size()) {
            if (call.output.capacity() > kRoomKept) call.output = {};
            call.output.assign(kPrefixBytes, '\0');
            call.output_at = 0;
            if (call.status || !self(user).handler_.next_message(call.id, call.output)) {
                call.output.clear();
                if (!call.status) {
                    call.sleeps = true;
                    return NGHTTP2_ERR_DEFERRED;
                }
                *flags |= NGHTTP2_DATA_FLAG_EOF;
                if (self(user).side_ == Side::Client) return 0;
                *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
                const std::string code = std::to_string(static_cast<int>(call.status->code));
                const std::string message = encoded(call.status->message);
                const nghttp2_nv trailers[] = {header("grpc-status", code), header("grpc-message", message)};
                check_made(nghttp2_submit_trailer(session, stream, trailers, message.empty() ? 1 : 2));
                return 0;
            }
            const std::size_t bytes = call.output.size() - kPrefixBytes;
            for (std::size_t i = 1; i < kPrefixBytes; ++i)
                call.output[i] = static_cast<char>((bytes >> (8 * (kPrefixBytes - 1 - i))) & 0xff);
        }
        const std::size_t part = std::min(size, call.output.size() - call.output_at);
        std::memcpy(to, call.output.data() + call.output_at, part);
        call.output_at += part;
        return static_cast<ssize_t>(part);
    }

    static ssize_t frame_size(nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t session_window,
                              std::int32_t stream_window, std::uint32_t frame_max, void*) {
        return std::min({static_cast<ssize_t>(kFrameBytes), static_cast<ssize_t>(session_window),
                         static_cast<ssize_t>(stream_window), static_cast<ssize_t>(frame_max)});
    }

    static NgCallbacks make() {
        nghttp2_session_callbacks* made = nullptr;
        check_made(nghttp2_session_callbacks_new(&made));
        nghttp2_session_callbacks_set_on_begin_headers_callback(made, &on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(made, &on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(made, &on_frame_recv);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(made, &on_stream_close);
        nghttp2_session_callbacks_set_on_frame_send_callback(made, &on_frame_send);
        nghttp2_session_callbacks_set_data_source_read_length_callback(made, &frame_size);
        return NgCallbacks(made);
    }

    /// Windows open as messages are taken; and who may ask anything gets no tables to fill.
    static NgOption make_option() {
        nghttp2_option* made = nullptr;
        check_made(nghttp2_option_new(&made));
        nghttp2_option_set_no_auto_window_update(made, 1);
        nghttp2_option_set_max_deflate_dynamic_table_size(made, 0);
        // What is not a good token is refused as such, by the handler.
        nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(made, 1);
        return NgOption(made);
    }
};

GrpcSession::GrpcSession(Side side, Handler& handler, Limits limits) : side_(side), handler_(handler), limits_(limits) {
    static const NgCallbacks callbacks = Callbacks::make();
    static const NgOption option = Callbacks::make_option();
    const auto make = side_ == Side::Server ? &nghttp2_session_server_new2 : &nghttp2_session_client_new2;
    check_made(make(&session_, callbacks.get(), this, option.get()));
    const nghttp2_settings_entry settings[] = {
        side_ == Side::Server ? nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.calls}
                              : nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kHeaderListBytes},
        {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0},
    };
    check_made(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings)));
    check_made(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes));
}

GrpcSession::~GrpcSession() { nghttp2_session_del(session_); }

GrpcSession::State* GrpcSession::find(Call call) {
    for (const auto& one : calls_)
        if (one->id == call) return one.get();
    return nullptr;
}

bool GrpcSession::receive(std::string_view bytes) {
    return nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) >= 0;
}

void GrpcSession::take(std::string& to, std::size_t enough) {
    while (to.size() < enough) {
        const std::uint8_t* bytes = nullptr;
        const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
        if (size <= 0) return;  // below 0: out of memory, and then the connection says nothing more
        to.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
}

void GrpcSession::begin(State& call) {
    call.begun = true;
    if (!call.content_type.starts_with(kContentType)) {
        call.headers_sent = true;
        call.status.emplace();
        const nghttp2_nv headers[] = {header(":status", "415")};
        check_made(nghttp2_submit_response(session_, call.id, headers, std::size(headers), nullptr));
        return;
    }
    call.known = true;
    const std::string path = std::move(call.path), authorization = std::move(call.authorization);
    handler_.on_call(call.id, path, authorization);
}

GrpcSession::Call GrpcSession::open(std::string_view path, std::string_view authority, std::string_view authorization) {
    CHECK(side_ == Side::Client);
    auto& call = calls_.emplace_back(std::make_unique<State>());
    call->known = call->begun = call->headers_sent = true;
    std::vector<nghttp2_nv> headers{header(":method", "POST"), header(":scheme", "http"),
                                    header(":path", path),     header(":authority", authority),
                                    header("te", "trailers"),  header("content-type", kContentType)};
    if (!authorization.empty()) headers.push_back(header("authorization", authorization));
    const nghttp2_data_provider output{.source = {.ptr = call.get()}, .read_callback = &Callbacks::read_output};
    call->id = nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &output, call.get());
    CHECK(call->id > 0);
    return call->id;
}

/// How a call has ended, as far as this end can tell.
GrpcStatus GrpcSession::last_word(const State& call, std::uint32_t error) const {
    if (side_ == Side::Server) return {};
    // What this end could not bear, it says itself.
    if (call.status && call.status->code != GrpcCode::Ok) return *call.status;
    int code = 0;
    const char* const end = call.told_code.data() + call.told_code.size();
    const auto [at, bad] = std::from_chars(call.told_code.data(), end, code);
    if (bad == std::errc{} && at == end) return {static_cast<GrpcCode>(code), decoded(call.told_message)};
    if (!call.http_status.empty() && call.http_status != "200")
        return {GrpcCode::Unavailable, fmt::format("the other end answers with HTTP status {}", call.http_status)};
    return {GrpcCode::Unavailable, fmt::format("the call was ended without a word (HTTP/2 error {})", error)};
}

void GrpcSession::hear(State& call, std::string_view bytes) {
    if (call.paused)
        call.untold += bytes.size();
    else
        nghttp2_session_consume(session_, call.id, bytes.size());
    // Mostly whole messages come, which need not be copied.
    if (!call.paused && !deaf(call) && call.input.empty()) bytes.remove_prefix(hear_messages(call, bytes));
    call.input += bytes;
    if (!call.paused && !deaf(call)) call.input.erase(0, hear_messages(call, call.input));
    if (deaf(call)) return drop_input(call);
    if (call.input.empty()) call.input = {};
}

/// Nobody wants to hear the rest of it.
bool GrpcSession::deaf(const State& call) const {
    return call.status && (side_ == Side::Server || call.status->code != GrpcCode::Ok);
}

void GrpcSession::drop_input(State& call) {
    tell_room(call);
    call.input = {};
}

void GrpcSession::tell_room(State& call) {
    if (call.untold > 0) nghttp2_session_consume(session_, call.id, std::exchange(call.untold, 0));
}

/// How many bytes were whole messages that the handler has taken.
std::size_t GrpcSession::hear_messages(State& call, std::string_view bytes) {
    std::size_t at = 0;
    call.hearing = true;
    while (!call.paused && !deaf(call) && bytes.size() - at >= kPrefixBytes) {
        const auto byte = [&](std::size_t i) {
            return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + i]));
        };
        const std::size_t size = byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
        if (byte(0) != 0) {
            finish(call.id, {GrpcCode::Unimplemented, "compressed messages are not taken"});
            break;
        }
        if (size > limits_.message_bytes) {
            finish(call.id, {GrpcCode::ResourceExhausted,
                             fmt::format("Received message larger than max ({} vs. {})", size, limits_.message_bytes)});
            break;
        }
        if (bytes.size() - at - kPrefixBytes < size) break;
        handler_.on_message(call.id, bytes.substr(at + kPrefixBytes, size));
        at += kPrefixBytes + size;
    }
    call.hearing = false;
    return at;
}

void GrpcSession::end_of_input(State& call) {
    if (side_ == Side::Client || !call.input_ended || call.end_told || call.paused || call.status) return;
    call.end_told = true;
    if (!call.input.empty())
        finish(call.id, {GrpcCode::InvalidArgument, "the last message is not whole"});
    else
        handler_.on_half_closed(call.id);
}

void GrpcSession::wake(Call id) {
    State* const call = find(id);
    if (call == nullptr || call->status) return;
    if (!call->headers_sent) {
        call->headers_sent = true;
        const nghttp2_nv headers[] = {header(":status", "200"), header("content-type", kContentType)};
        nghttp2_data_provider output{.source = {.ptr = call}, .read_callback = &Callbacks::read_output};
        check_made(nghttp2_submit_response(session_, call->id, headers, std::size(headers), &output));
    } else if (call->sleeps) {
        call->sleeps = false;
        check_made(nghttp2_session_resume_data(session_, call->id));
    }
}

void GrpcSession::pause(Call id) {
    if (State* const call = find(id)) call->paused = true;
}

void GrpcSession::resume(Call id) {
    State* const call = find(id);
    if (call == nullptr || !call->paused) return;
    call->paused = false;
    hear(*call, {});
    if (!call->paused) tell_room(*call);
    // The handler may have paused it again; it cannot have ended: that takes bytes.
    end_of_input(*call);
}

void GrpcSession::finish(Call id, GrpcStatus status) {
    State* const call = find(id);
    if (call == nullptr || call->status) return;
    call->status = std::move(status);
    if (!call->hearing && deaf(*call)) drop_input(*call);
    if (side_ == Side::Client && call->status->code != GrpcCode::Ok) {
        check_made(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL));
        return;
    }
    if (call->headers_sent) {
        if (std::exchange(call->sleeps, false)) check_made(nghttp2_session_resume_data(session_, call->id));
        return;
    }
    call->headers_sent = true;
    const std::string code = std::to_string(static_cast<int>(call->status->code));
    const std::string message = encoded(call->status->message);
    const nghttp2_nv headers[] = {header(":status", "200"), header("content-type", kContentType),
                                  header("grpc-status", code), header("grpc-message", message)};
    check_made(nghttp2_submit_response(session_, call->id, headers, message.empty() ? 3 : 4, nullptr));
}

void GrpcSession::say_goodbye() { nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR); }

bool GrpcSession::done() const {
    return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

}  // namespace gse::link
