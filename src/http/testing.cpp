#include "http/testing.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>

#include "base/hex.h"
#include "http/request.h"
#include "http/signature.h"
#include "objects/directory_store.h"

namespace gse::http {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr StaticFile kTestConsole[] = {
    {.path = "index.html", .content_type = "text/html", .content = "<!doctype html>", .gzipped = {}},
    {.path = "assets/app-1234.js", .content_type = "text/javascript", .content = "let a = 1", .gzipped = "packed"}};

}  // namespace

std::optional<Key> TestKeys::find(std::string_view secret_id) const {
    const auto found = keys.find(secret_id);
    return found == keys.end() ? std::nullopt : std::optional{found->second};
}

void TestApi::call(engine::ApiCall call, std::move_only_function<void(std::string)> done) {
    if (on_call) on_call();
    const std::string answer = fmt::format(R"({{"Response":{{"Action":"{}","Bytes":{},"RequestId":"{}"}}}})",
                                           call.action, call.json.size(), call.request_id);
    {
        const std::lock_guard lock{mutex_};
        seen_.push_back(call);
        if (holding_) {
            held_.push_back({std::move(call), std::move(done)});
            arrived_.notify_all();
            return;
        }
    }
    done(answer);
}

bool TestApi::wait_for_held(std::size_t count) {
    std::unique_lock lock{mutex_};
    return arrived_.wait_for(lock, std::chrono::milliseconds{kPatienceMs}, [&] { return held_.size() >= count; });
}

void TestApi::answer(std::size_t index) {
    Held held;
    {
        const std::lock_guard lock{mutex_};
        held = std::move(held_.at(index));
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
    }
    held.done(
        fmt::format(R"({{"Response":{{"Action":"{}","RequestId":"{}"}}}})", held.call.action, held.call.request_id));
}

void TestApi::answer_all() {
    while (true) {
        {
            const std::lock_guard lock{mutex_};
            if (held_.empty()) return;
        }
        answer(0);
    }
}

std::vector<engine::ApiCall> TestApi::seen() {
    const std::lock_guard lock{mutex_};
    return seen_;
}

std::string code_text(ErrorCode code) { return fmt::format("\"Code\":\"{}\"", static_cast<int>(code)); }

std::string test_error_body(const Error& error, std::string_view request_id) {
    return fmt::format(R"({{"Response":{{"Error":{{{},"Message":"{}"}},"RequestId":"{}"}}}})", code_text(error.code),
                       error.message, request_id);
}

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{kPatienceMs / 1000, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

bool RawClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool RawClient::fill() {
    char piece[64 * 1024];
    const ssize_t got = ::recv(fd_.get(), piece, sizeof piece, 0);
    if (got <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(got));
    return true;
}

std::optional<Answer> RawClient::read_answer(bool head_only) {
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
        if (!fill()) return std::nullopt;
    }
    Answer answer;
    std::string_view head = std::string_view{buffer_}.substr(0, end + 2);
    answer.status = std::stoi(std::string{head.substr(9, 3)});
    head.remove_prefix(head.find("\r\n") + 2);
    while (!head.empty()) {
        const auto line_end = head.find("\r\n");
        const auto colon = head.find(": ");
        answer.fields[to_lower(head.substr(0, colon))] = head.substr(colon + 2, line_end - colon - 2);
        head.remove_prefix(line_end + 2);
    }
    buffer_.erase(0, end + 4);
    if (answer.status == 100 || head_only) return answer;
    const std::size_t length =
        answer.fields.contains("content-length") ? std::stoul(answer.fields["content-length"]) : 0;
    while (buffer_.size() < length) {
        if (!fill()) return std::nullopt;
    }
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
}

bool RawClient::is_closed() {
    char byte;
    const ssize_t got = ::recv(fd_.get(), &byte, 1, 0);
    return buffer_.empty() && (got == 0 || (got < 0 && errno == ECONNRESET));
}

void RawClient::shut_down_sending() { ::shutdown(fd_.get(), SHUT_WR); }

void RawClient::reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    fd_.reset();
}

std::string signed_post(std::string_view action, std::string_view body, WallTime now, std::string_view more_fields,
                        std::string_view secret_id, std::string_view secret) {
    const std::string timestamp = std::to_string(now.ms / 1000);
    const std::string date = format_utc_date(now);
    const std::string scope = date + "/gse/tc3_request";
    const Field fields[] = {{"Host", "127.0.0.1"}, {"Content-Type", "application/json"}};
    const RequestView view{"POST", "/", "", fields, body};
    const std::string canonical = canonical_request(view, "content-type;host", payload_hash(view), {}).value();
    const std::string to_sign = fmt::format("TC3-HMAC-SHA256\n{}\n{}\n{}", timestamp, scope, to_hex(sha256(canonical)));
    const std::string signature = to_hex(hmac_sha256(tc3_signing_key(secret, date, "gse"), to_sign));
    return fmt::format(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-TC-Action: {}\r\nX-TC-Version: "
        "2019-11-12\r\nX-TC-Timestamp: {}\r\nAuthorization: TC3-HMAC-SHA256 Credential={}/{}, "
        "SignedHeaders=content-type;"
        "host, Signature={}\r\nContent-Length: {}\r\n{}\r\n{}",
        action, timestamp, secret_id, scope, signature, body.size(), more_fields, body);
}

std::string signed_put(std::string_view target, std::string_view body, WallTime now, std::string_view secret_id,
                       std::string_view secret, std::string_view token, std::string_view payload) {
    const std::string timestamp = std::to_string(now.ms / 1000);
    const std::string date = format_utc_date(now);
    const std::string scope = date + "/gse/tc3_request";
    const Field fields[] = {
        {"Host", "127.0.0.1"}, {"Content-Type", "application/zip"}, {"X-TC-Content-SHA256", payload}};
    const RequestView view{"PUT", target, "", fields, ""};
    const std::string canonical = canonical_request(view, "content-type;host", payload_hash(view), {}).value();
    const std::string to_sign = fmt::format("TC3-HMAC-SHA256\n{}\n{}\n{}", timestamp, scope, to_hex(sha256(canonical)));
    const std::string signature = to_hex(hmac_sha256(tc3_signing_key(secret, date, "gse"), to_sign));
    return fmt::format(
        "PUT {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/zip\r\nX-TC-Timestamp: {}\r\nX-TC-Token: "
        "{}\r\nX-TC-Content-SHA256: {}\r\nAuthorization: TC3-HMAC-SHA256 Credential={}/{}, "
        "SignedHeaders=content-type;host, Signature={}\r\nContent-Length: {}\r\n\r\n{}",
        target, timestamp, token, payload, secret_id, scope, signature, body.size(), body);
}

Handlers ServerWorld::handlers(EventSource* events, Relay* relay) {
    return {.api = api,
            .error_body = test_error_body,
            .keys = keys,
            .objects = *store,
            .object_auth = auth,
            .clock = clock,
            .metrics = [] { return std::string{"gse_up 1\n"}; },
            .not_ready = [this] { return reasons; },
            .console = kTestConsole,
            .console_door = &console_door,
            .temporary_keys = &temporary_keys,
            .bucket_rules = &bucket_rules,
            .is_upload_bucket = [](std::string_view bucket) { return bucket == "uploads"; },
            .events = events,
            .relay = relay};
}

ServerWorld::ServerWorld(std::function<void(ServerOptions&)> change, EventSource* events, Relay* relay) {
    store = objects::open_directory_store(dir / "objects").value();
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.metrics_token = "metrics-token";
    if (change) change(options);
    server = std::make_unique<Server>(options, handlers(events, relay));
    const auto bound = server->start();
    EXPECT_TRUE(bound) << bound.error().message;
    port = bound.value_or(0);
}

ServerWorld::~ServerWorld() {
    api.answer_all();
    server.reset();
}

Answer ServerWorld::ask(std::string_view request) {
    RawClient client = connect();
    EXPECT_TRUE(client.send(request));
    return client.read_answer(request.starts_with("HEAD ")).value_or(Answer{});
}

Answer ServerWorld::post(std::string_view action, std::string_view body) {
    return ask(signed_post(action, body, clock.wall()));
}

std::string ServerWorld::grant(objects::Access access, std::string_view key, std::string_view bucket) {
    return auth.grant(access, bucket, key, clock.wall() + std::chrono::minutes{10});
}

bool ServerWorld::wait_for(const std::function<bool(const ServerStats&)>& condition) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{kPatienceMs};
    while (!condition(server->stats())) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

std::size_t ServerWorld::files_in_store() const {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{dir}) files += entry.is_regular_file();
    return files;
}

}  // namespace gse::http
