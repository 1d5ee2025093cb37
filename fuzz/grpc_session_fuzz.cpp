// Bytes as anybody might send them to the link's port: calls begin, messages are heard and answered, and whatever is
// wrong ends a call or the connection. The first byte chooses how the rest is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "link/grpc_session.h"

namespace gse::link {
namespace {

constexpr std::size_t kMessageBytes = 64 << 10;

/// Answers each message, pauses at every third, and hears on at the next bytes.
class Echo final : public GrpcSession::Handler {
public:
    void on_call(GrpcSession::Call call, std::string_view path, std::string_view /*authorization*/) override {
        CHECK(call > 0 && path.size() < kMessageBytes);
    }
    void on_message(GrpcSession::Call call, std::string_view message) override {
        CHECK(message.size() <= kMessageBytes && session != nullptr);
        last = message;
        if (++heard % 3 == 0) session->pause(paused = call);
        if (heard % 5 == 0) session->finish(call, {GrpcCode::Aborted, last});
        session->wake(call);
    }
    void on_half_closed(GrpcSession::Call call) override { session->finish(call, {}); }
    void on_ended(GrpcSession::Call /*call*/, GrpcStatus /*status*/) override {}
    bool next_message(GrpcSession::Call /*call*/, std::string& to) override {
        if (last.empty()) return false;
        to += last;
        last.clear();
        return true;
    }
    GrpcSession* session = nullptr;
    GrpcSession::Call paused = 0;
    std::string last;
    int heard = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = data[0] + 1U;
    std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    Echo echo;
    GrpcSession session(GrpcSession::Side::Server, echo, {.message_bytes = kMessageBytes});
    echo.session = &session;
    std::string sent = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    bool alive = session.receive(sent);
    while (alive && !rest.empty()) {
        if (echo.paused != 0) session.resume(std::exchange(echo.paused, 0));
        alive = session.receive(rest.substr(0, piece));
        rest.remove_prefix(std::min(piece, rest.size()));
        sent.clear();
        session.take(sent, 64 << 10);
    }
    return 0;
}

}  // namespace gse::link
