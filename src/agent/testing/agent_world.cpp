#include "agent/testing/agent_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <sstream>

#include <fmt/format.h>

#include "agent/proc.h"
#include "agent/sockets.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/hex.h"

namespace gse::agent::testing {

std::uint64_t FakeServer::report(link::ReportBody body) {
    std::optional<link::SdkReply> reply;
    if (const auto* call = std::get_if<link::SdkCall>(&body)) {
        reply = on_call ? on_call(*call) : std::optional(link::SdkReply{});
        if (reply) reply->call_id = call->call_id;
    }
    std::uint64_t seq = 0;
    {
        const std::lock_guard lock(mutex_);
        reports_.push_back(std::move(body));
        taken_.push_back(false);
        seq = base_ + reports_.size();
        changed_.notify_all();
    }
    if (reply && supervisor) supervisor->on_order(*reply);
    return seq;
}

void FakeServer::clear() {
    const std::lock_guard lock(mutex_);
    base_ += reports_.size();
    reports_.clear();
    taken_.clear();
}

FakeDoor::FakeDoor() : thread_([this] { serve(); }) {}

FakeDoor::~FakeDoor() {
    stop_ = true;
    shutdown(listener_.socket.get(), SHUT_RDWR);
    thread_.join();
    {
        const std::lock_guard lock(mutex_);
        for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
}

std::string FakeDoor::address() const { return fmt::format("127.0.0.1:{}", listener_.port); }

void FakeDoor::set_handler(CallHandler* handler) {
    const std::lock_guard lock(mutex_);
    handler_ = handler;
}

std::size_t FakeDoor::count(const std::string& name) {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
    return ++calls_[name];
}

std::size_t FakeDoor::calls(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return calls_[name];
}

std::uint16_t FakeDoor::port_of(std::int64_t pid) {
    const std::lock_guard lock(mutex_);
    const auto found = ports_.find(pid);
    return found == ports_.end() ? 0 : found->second;
}

bool FakeDoor::wait_calls(const std::string& name, std::size_t n) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return calls_[name] >= n; });
}

void FakeDoor::health_check(std::uint16_t, Millis, std::move_only_function<void(bool)> done) {
    done(healthy);
    count("health");
}

void FakeDoor::start_session(std::uint16_t, const link::StartSession&, Millis,
                             std::move_only_function<void(Result<void>)> done) {
    const bool holds = holds_start;  // before anybody who waits for the count can change it
    const std::size_t nth = count("start");
    if (!holds) return done(on_start(nth));
    const std::lock_guard lock(mutex_);
    held_.push_back([this, nth, done = std::move(done)]() mutable { done(on_start(nth)); });
    changed_.notify_all();
}

void FakeDoor::let_go() {
    std::vector<std::move_only_function<void()>> held;
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [this] { return !held_.empty(); });
        held = std::exchange(held_, {});
    }
    for (auto& answer : held) answer();
}

void FakeDoor::terminate(std::uint16_t port, std::int64_t, Millis, std::move_only_function<void(Result<void>)> done) {
    on_terminate(port);
    done({});
    count("terminate");
}

void FakeDoor::forget(std::uint16_t) { count("forget"); }

void FakeDoor::serve() {
    while (!stop_) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        Fd fd{accept4(listener_.socket.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC)};
        if (!fd) continue;
        const std::lock_guard lock(mutex_);
        open_.push_back(fd.get());
        threads_.emplace_back(
            [this, fd = std::move(fd), port = ntohs(peer.sin_port)]() mutable { talk(std::move(fd), port); });
    }
}

/// `<pid> ready <client> <grpc>`, `<pid> activate <session>`, `<pid> ending`: answered `<status> <message>`.
void FakeDoor::talk(Fd fd, std::uint16_t peer_port) {
    std::string line;
    char c = 0;
    while (read(fd.get(), &c, 1) == 1) {
        if (c != '\n') {
            line += c;
            continue;
        }
        std::istringstream words(std::exchange(line, {}));
        std::string verb;
        Caller caller{.peer_address = "127.0.0.1", .peer_port = peer_port, .request_id = "r"};
        words >> caller.claimed_pid >> verb;
        CallBody body = link::CallEnding{};
        if (verb == "ready") {
            link::CallReady ready{.log_paths = {"./logs", "/etc/shadow"}};
            words >> ready.client_port >> ready.grpc_port;
            body = ready;
        } else if (verb == "activate") {
            link::CallActivateSession activate;
            words >> activate.session_id;
            body = activate;
        } else if (verb == "over") {
            link::CallTerminateSession over;
            words >> over.session_id;
            body = over;
        }
        CallHandler* handler = nullptr;
        {
            const std::lock_guard lock(mutex_);
            handler = handler_;
            ports_[caller.claimed_pid] = peer_port;
        }
        std::string answer = "no agent\n";
        if (handler) {
            auto done = std::make_shared<std::promise<link::SdkReply>>();
            auto future = done->get_future();
            handler->on_call(caller, std::move(body),
                             [done](link::SdkReply reply) { done->set_value(std::move(reply)); });
            if (future.wait_for(std::chrono::seconds(20)) == std::future_status::ready) {
                const link::SdkReply reply = future.get();
                answer = fmt::format("{} {}\n", static_cast<int>(reply.status), reply.message);
            }
        }
        count("answered");
        if (write(fd.get(), answer.data(), answer.size()) < 0) break;
    }
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd.get());
}

AgentWorld::AgentWorld() {
    options.data_dir = folder / "data";
    options.host_name = "test-host";
    options.address = "127.0.0.1";
    options.sdk_address = door.address();
    options.download_retry_first = Millis{20};
    options.prepare_retry_first = Millis{50};
    options.session_retry_first = Millis{10};
    options.shutdown_notice = Millis{100};
    options.shutdown_term = Millis{1'000};
    timers.restart_backoff_min = Millis{20};
    timers.restart_backoff_max = Millis{200};
}

AgentWorld::~AgentWorld() {
    door.set_handler(nullptr);
    if (!supervisor) start();  // to end what a crash left running
    supervisor->shutdown(true);
    server.supervisor = nullptr;
    supervisor.reset();
}

void AgentWorld::raw_package(std::string content) {
    sha256 = to_hex(gse::sha256(content));
    bytes = content.size();
    objects.put("packages/game.zip", std::move(content));
}

void AgentWorld::package(std::vector<ZipEntry> more) {
    more.push_back({"toy_game", read_file(GSE_TOY_GAME, 64 << 20).value(), 0100755});
    raw_package(make_zip(more));
}

void AgentWorld::start() {
    supervisor = std::make_unique<Supervisor>(options, door, server, *clock);
    server.supervisor = supervisor.get();
    door.set_handler(supervisor.get());
    const auto started = supervisor->start();
    if (!started) fmt::print(stderr, "{}\n", started.error().message);
    CHECK(started);
    supervisor->on_welcome({.epoch = 1, .objects_url = objects.url(), .timers = timers});
}

void AgentWorld::crash() {
    door.set_handler(nullptr);
    server.supervisor = nullptr;
    supervisor.reset();
    server.clear();
}

link::InstanceSpec AgentWorld::spec(const std::string& instance, const std::string& parameters, std::uint32_t places) {
    link::InstanceSpec out{.instance_id = instance,
                           .fleet_id = "fleet-" + instance,
                           .version = ++version,
                           .package = {"packages", "game.zip", "token"},
                           .package_sha256 = sha256,
                           .package_bytes = bytes,
                           .log_prefix = {"logs", "steps/" + instance + "/", "token"},
                           .client_ports = {{1025, 60000}}};
    for (std::uint32_t i = 0; i < places; ++i)
        out.places.push_back({.number = i + 1,
                              .launch_path = "/local/game/toy_game",
                              .parameters = parameters,
                              .client_port = free_port(),
                              .grpc_port = free_port()});
    return out;
}

link::ProcessStarted AgentWorld::run(const std::string& instance, const std::string& parameters) {
    order(spec(instance, parameters));
    const auto started =
        server.wait<link::ProcessStarted>([&](const auto& report) { return report.instance_id == instance; });
    CHECK(started);
    return *started;
}

std::uint16_t free_port() {
    static std::atomic<unsigned> next = 20'000 + static_cast<unsigned>(getpid()) % 8'000;
    for (;;) {
        const auto port = static_cast<std::uint16_t>(next.fetch_add(1));
        if (check_port_free(port, Protocols::TcpAndUdp)) return port;
    }
}

bool is_alive(std::int64_t pid) {
    const auto stat = read_stat(pid);
    return stat && stat->state != 'Z';
}

bool wait_until(const std::function<bool()>& condition) {
    for (int i = 0; i < 2'000; ++i) {
        if (condition()) return true;
        ::poll(nullptr, 0, 10);  // conditions of other processes have no event to wait for
    }
    return condition();
}

}  // namespace gse::agent::testing
