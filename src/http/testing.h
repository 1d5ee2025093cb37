/// What tests of the rim need: a server on loopback with a scripted API behind it, and a raw client.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/temp_folder.h"
#include "http/server.h"

namespace gse::http {

inline constexpr std::string_view kTestSecretId = "AKIDEXAMPLE0001";
inline constexpr std::string_view kTestSecret = "example-secret-key-0001";

class TestKeys final : public KeyStore {
public:
    std::map<std::string, Key, std::less<>> keys{{std::string{kTestSecretId}, Key{std::string{kTestSecret}}}};
    std::optional<Key> find(std::string_view secret_id) const override;
};

/// Moved by the test while the server's threads read it.
class TestClock final : public Clock {
public:
    WallTime wall() const override { return {ms_.load()}; }
    std::int64_t monotonic_ms() const override { return ms_.load(); }
    void advance(Millis by) { ms_ += by.count(); }

private:
    std::atomic<std::int64_t> ms_{1'600'000'000'000};
};

/// Answers at once with what was asked, or keeps the calls until the test answers them from its own thread.
class TestApi final : public engine::ApiPort {
public:
    void call(engine::ApiCall call, std::move_only_function<void(std::string)> done) override;

    void hold() { holding_ = true; }
    /// Waits until that many are held.
    [[nodiscard]] bool wait_for_held(std::size_t count);
    /// Answers the held call at `index` (of those held when it was called) and forgets it.
    void answer(std::size_t index);
    void answer_all();
    [[nodiscard]] std::vector<engine::ApiCall> seen();
    std::function<void()> on_call;  ///< on the loop's thread, before the answer; set before asking

private:
    struct Held {
        engine::ApiCall call;
        std::move_only_function<void(std::string)> done;
    };
    std::atomic<bool> holding_{false};
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Held> held_;
    std::vector<engine::ApiCall> seen_;
};

/// `{"Response":{"Error":{"Code":"<number>" …` – the numbers of ErrorCode, for the real table is not ours.
std::string test_error_body(const Error& error, std::string_view request_id);
std::string code_text(ErrorCode code);

/// One answer, de-chunking nothing: the server never chunks.
struct Answer {
    int status = 0;
    std::map<std::string, std::string> fields;  // names in lower case
    std::string body;
};

/// A socket that waits at most ten seconds for anything.
class RawClient {
public:
    explicit RawClient(std::uint16_t port);
    bool send(std::string_view bytes);
    /// nullopt at the end of the connection. `head_only`: the answer to a HEAD.
    std::optional<Answer> read_answer(bool head_only = false);
    /// True when the server closed and nothing was left to read.
    bool is_closed();
    void shut_down_sending();
    void reset();  ///< away without a word
    [[nodiscard]] int fd() const { return fd_.get(); }

private:
    bool fill();
    Fd fd_;
    std::string buffer_;
};

/// `POST /` signed with TC3.
std::string signed_post(std::string_view action, std::string_view body, WallTime now, std::string_view more_fields = {},
                        std::string_view secret_id = kTestSecretId, std::string_view secret = kTestSecret);
/// `PUT` of an object signed with TC3; `payload` is sent as X-TC-Content-SHA256.
std::string signed_put(std::string_view target, std::string_view body, WallTime now, std::string_view secret_id,
                       std::string_view secret, std::string_view token, std::string_view payload = "UNSIGNED-PAYLOAD");

class ServerWorld {
public:
    explicit ServerWorld(std::function<void(ServerOptions&)> change = {}, EventSource* events = nullptr,
                         Relay* relay = nullptr);
    ~ServerWorld();

    TestKeys keys;
    TestClock clock;
    TestApi api;
    TempFolder folder = TempFolder::make("gse-http").value();
    std::filesystem::path dir = folder.path();
    std::unique_ptr<objects::ObjectStore> store;
    objects::ObjectAuth auth{std::string(32, 's')};
    objects::TemporaryKeys temporary_keys{std::string(32, 's')};
    objects::BucketRules bucket_rules;
    ConsoleSessions console_sessions{std::string(32, 's')};
    ConsoleDoor console_door{.sessions = console_sessions,
                             .about = R"("DefaultRegion":"here")",
                             .put_demo = [](std::string_view region, std::string_view version) -> Result<std::string> {
                                 if (version == "v3") return refuse(ErrorCode::InvalidParameterValue, "there is no v3");
                                 return std::string(region) + "/" + std::string(version) + ".zip";
                             }};
    std::vector<std::string> reasons;  // of /readyz; set before asking
    std::unique_ptr<Server> server;
    std::uint16_t port = 0;

    /// What another port of this server is given.
    Handlers handlers(EventSource* events = nullptr, Relay* relay = nullptr);
    RawClient connect() const { return RawClient{port}; }
    Answer ask(std::string_view request);
    /// A post of `body` on a connection of its own.
    Answer post(std::string_view action, std::string_view body = "{}");
    std::string grant(objects::Access access, std::string_view key = "k", std::string_view bucket = "b");
    /// Waits until the counter reaches the value.
    bool wait_for(const std::function<bool(const ServerStats&)>& condition) const;
    std::size_t files_in_store() const;
};

}  // namespace gse::http
