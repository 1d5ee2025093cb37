#include "ceiling_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <simdjson.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/crypto.h"
#include "base/fd.h"
#include "base/hex.h"
#include "base/low_latency.h"
#include "http/signature.h"
#include "journal/sqlite.h"

namespace gse::bench {
namespace {

constexpr std::chrono::microseconds kCommitSpacing{500};
/// What one join adds to the product's journal: the after-image of a player session.
constexpr std::size_t kRecordBytes = 96;
/// The rest of a player session's JSON besides its two ids.
constexpr std::size_t kAnswerBytesPerPlayer = 330;

class NoReplay final : public journal::Replay {
    Result<void> snapshot_slice(std::span<const std::byte>) override { return {}; }
    Result<void> entry(std::uint64_t, std::span<const std::byte>) override { return {}; }
};

struct Client {
    Fd fd;
    std::string in;
    std::string out;
};

struct Answer {
    std::uint64_t client;
    std::string bytes;
};

struct Batch {
    std::string journal;
    std::vector<Answer> answers;
};

/// Two buffers, one being filled and one being made durable.
class Committer {
public:
    Committer(journal::Journal& journal, int wake) : journal_(journal), wake_(wake), thread_([this] { run(); }) {}
    ~Committer() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }

    void add(std::string_view record, std::vector<Answer>& answers) {
        const std::lock_guard lock(mutex_);
        open_.journal.append(record);
        for (auto& answer : answers) open_.answers.push_back(std::move(answer));
        changed_.notify_one();
    }
    std::vector<Answer> take_durable() {
        const std::lock_guard lock(mutex_);
        return std::exchange(durable_, {});
    }

private:
    void run() {
        prefer_low_latency();
        std::uint64_t seq = 0;
        auto last = std::chrono::steady_clock::time_point{};
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return stopping_ || !open_.answers.empty(); });
            if (stopping_) return;
            // Spaced as the product spaces its commits, and at once when idle.
            changed_.wait_until(lock, last + kCommitSpacing, [this] { return stopping_; });
            Batch batch = std::exchange(open_, {});
            lock.unlock();
            last = std::chrono::steady_clock::now();
            if (!journal_.append(++seq, std::as_bytes(std::span(batch.journal)))) std::abort();
            lock.lock();
            for (auto& answer : batch.answers) durable_.push_back(std::move(answer));
            const std::uint64_t one = 1;
            (void)!::write(wake_, &one, sizeof one);
        }
    }

    journal::Journal& journal_;
    const int wake_;
    std::mutex mutex_;
    std::condition_variable changed_;
    Batch open_;
    std::vector<Answer> durable_;
    bool stopping_ = false;
    std::thread thread_;
};

struct Request {
    std::string_view host, timestamp, date_scope, signature, body;
    std::size_t bytes = 0;
};

std::string_view value_behind(std::string_view text, std::string_view mark, std::string_view end) {
    const auto at = text.find(mark);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + mark.size());
    return text.substr(0, text.find(end));
}

/// nullopt: not complete.
std::optional<Request> scan(std::string_view input) {
    const auto end = input.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view head = input.substr(0, end + 2);
    const auto length = static_cast<std::size_t>(std::atoll(value_behind(head, "Content-Length: ", "\r\n").data()));
    if (input.size() < end + 4 + length) return std::nullopt;
    Request request{.host = value_behind(head, "Host: ", "\r\n"),
                    .timestamp = value_behind(head, "X-TC-Timestamp: ", "\r\n"),
                    .date_scope = value_behind(head, "Credential=", ","),
                    .signature = value_behind(head, "Signature=", "\r\n"),
                    .body = input.substr(end + 4, length),
                    .bytes = end + 4 + length};
    request.date_scope.remove_prefix(std::min(request.date_scope.find('/') + 1, request.date_scope.size()));
    return request;
}

class Ceiling {
public:
    Ceiling(const std::string& secret_key) : secret_key_(secret_key) {}
    int run(const std::filesystem::path& data);

private:
    bool signed_right(const Request& request);
    void answer(std::uint64_t id, const Request& request);
    void read(std::uint64_t id, Client& client);
    void write(Client& client);

    const std::string secret_key_;
    std::string key_scope_;
    std::optional<HmacSha256> key_;
    std::string canonical_, to_sign_, padded_, record_;
    simdjson::ondemand::parser parser_;
    boost::unordered_flat_map<std::string, std::uint64_t> players_;
    std::uint64_t joins_ = 0;
    std::unordered_map<std::uint64_t, Client> clients_;
    std::vector<Answer> answers_;
    std::string input_ = std::string(64 * 1024, '\0');
    std::unique_ptr<Committer> committer_;
};

bool Ceiling::signed_right(const Request& request) {
    if (key_scope_ != request.date_scope) {
        key_scope_ = request.date_scope;
        const auto slash = request.date_scope.find('/');
        const auto second = request.date_scope.find('/', slash + 1);
        key_.emplace(http::tc3_signing_key(secret_key_, request.date_scope.substr(0, slash),
                                           request.date_scope.substr(slash + 1, second - slash - 1)));
    }
    char hex[64];
    to_hex(sha256(request.body), hex);
    canonical_.assign("POST\n/\n\ncontent-type:application/json\nhost:").append(request.host);
    canonical_.append("\n\ncontent-type;host\n").append(hex, sizeof hex);
    to_hex(sha256(canonical_), hex);
    to_sign_.assign("TC3-HMAC-SHA256\n").append(request.timestamp).append("\n").append(request.date_scope);
    to_sign_.append("\n").append(hex, sizeof hex);
    to_hex(key_->mac(to_sign_), hex);
    return equal_in_constant_time(std::string_view(hex, sizeof hex), request.signature);
}

void Ceiling::answer(std::uint64_t id, const Request& request) {
    std::string body;
    if (!signed_right(request)) {
        body = R"({"Response":{"Error":{"Code":"AuthFailure.SignatureFailure"}}})";
    } else {
        padded_.assign(request.body);
        padded_.reserve(padded_.size() + simdjson::SIMDJSON_PADDING);
        body = R"({"Response":{"PlayerSessions":[)";
        std::string_view session;
        const auto join = [&](std::string_view player) {
            players_.insert_or_assign(std::string(player), ++joins_);
            record_.append(player).append(kRecordBytes - std::min(kRecordBytes, player.size()), 'r');
            body.append(player).append(session).append(kAnswerBytesPerPlayer, 'x');
        };
        auto document = parser_.iterate(padded_.data(), padded_.size(), padded_.capacity());
        for (auto field : document.get_object()) {
            const std::string_view name = field.unescaped_key();
            if (name == "PlayerIds") {
                for (auto player : field.value().get_array()) join(std::string_view(player.get_string()));
            } else if (name == "PlayerId") {
                join(std::string_view(field.value().get_string()));
            } else {
                session = field.value().get_string();
            }
        }
        body.append("]}}");
    }
    Answer answer{id, {}};
    answer.bytes.reserve(body.size() + 128);
    answer.bytes.append(
        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/json\r\n"
        "Content-Length: ");
    answer.bytes.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    answers_.push_back(std::move(answer));
}

void Ceiling::read(std::uint64_t id, Client& client) {
    const ssize_t got = ::recv(client.fd.get(), input_.data(), input_.size(), MSG_DONTWAIT);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) clients_.erase(id);
        return;
    }
    std::string_view input(input_.data(), static_cast<std::size_t>(got));
    if (!client.in.empty()) {
        client.in.append(input);
        input = client.in;
    }
    while (const auto request = scan(input)) {
        answer(id, *request);
        input.remove_prefix(request->bytes);
    }
    std::string rest(input);
    client.in = std::move(rest);
}

void Ceiling::write(Client& client) {
    const ssize_t sent = ::send(client.fd.get(), client.out.data(), client.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) client.out.erase(0, static_cast<std::size_t>(sent));
}

int Ceiling::run(const std::filesystem::path& data) {
    auto opened = journal::open_sqlite_journal({.dir = data / "journal", .create = true});
    if (!opened) return 1;
    NoReplay nothing;
    if (!opened->journal->load(nothing)) return 1;

    const Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    const Fd ending(signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
    committer_ = std::make_unique<Committer>(*opened->journal, wake.get());

    const Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), size) != 0 || listen(listener.get(), 4096) != 0 ||
        getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
        return 1;
    const Fd epoll(epoll_create1(EPOLL_CLOEXEC));
    constexpr std::uint64_t kListener = 0, kWake = 1, kEnding = 2;
    const auto watch = [&](int fd, std::uint64_t id) {
        epoll_event event{.events = EPOLLIN, .data = {.u64 = id}};
        epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event);
    };
    watch(listener.get(), kListener);
    watch(wake.get(), kWake);
    watch(ending.get(), kEnding);
    std::uint64_t last_id = kEnding;
    std::printf("ready http=127.0.0.1:%d\n", ntohs(at.sin_port));
    std::fflush(stdout);

    std::array<epoll_event, 256> events{};
    for (;;) {
        const int got = epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < got; ++i) {
            const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
            if (id == kEnding) {
                committer_.reset();
                return 0;
            }
            if (id == kListener) {
                Fd fd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
                if (!fd) continue;
                const int on = 1;
                setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                watch(fd.get(), ++last_id);
                clients_[last_id].fd = std::move(fd);
            } else if (id == kWake) {
                std::uint64_t count = 0;
                (void)!::read(wake.get(), &count, sizeof count);
                std::vector<Client*> touched;
                for (auto& durable : committer_->take_durable()) {
                    const auto client = clients_.find(durable.client);
                    if (client == clients_.end()) continue;
                    if (client->second.out.empty()) touched.push_back(&client->second);
                    client->second.out.append(durable.bytes);
                }
                for (Client* client : touched) write(*client);
            } else if (const auto client = clients_.find(id); client != clients_.end()) {
                read(id, client->second);
            }
        }
        if (answers_.empty()) continue;
        committer_->add(record_, answers_);
        record_.clear();
        answers_.clear();
    }
}

}  // namespace

int run_ceiling_server(const std::filesystem::path& data, const std::string&, const std::string& secret_key) {
    return Ceiling(secret_key).run(data);
}

}  // namespace gse::bench
