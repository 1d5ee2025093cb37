/// A supervisor with real processes, and everything around it played by the test: the server, the door, the objects.
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
#include <thread>
#include <vector>

#include "agent/supervisor.h"
#include "agent/testing/listener.h"
#include "agent/testing/make_zip.h"
#include "agent/testing/object_server.h"
#include "base/fd.h"
#include "base/temp_folder.h"

namespace gse::agent::testing {

/// Collects reports; answers SDK calls as the server would, with Ok unless told otherwise.
class FakeServer final : public link::Reporter {
public:
    std::uint64_t report(link::ReportBody body) override;
    bool connected() const override { return is_connected; }
    std::atomic<bool> is_connected = true;

    /// The first report of type T that fits, waiting up to 20 s; later calls go on behind it.
    template <class T>
    std::optional<T> wait(std::function<bool(const T&)> fits = [](const T&) { return true; }) {
        std::unique_lock lock(mutex_);
        std::optional<T> found;
        changed_.wait_for(lock, std::chrono::seconds(20), [&] {
            for (std::size_t i = 0; i < reports_.size(); ++i) {
                const T* body = std::get_if<T>(&reports_[i]);
                if (!body || taken_[i] || !fits(*body)) continue;
                taken_[i] = true;
                found = *body;
                return true;
            }
            return false;
        });
        return found;
    }
    /// Whether a report of type T that fits came so far.
    template <class T>
    bool heard(const std::function<bool(const T&)>& fits) {
        const std::lock_guard lock(mutex_);
        for (const auto& report : reports_)
            if (const T* body = std::get_if<T>(&report); body && fits(*body)) return true;
        return false;
    }
    /// How many reports of type T that fit came so far.
    template <class T>
    std::size_t count(const std::function<bool(const T&)>& fits = [](const T&) { return true; }) {
        const std::lock_guard lock(mutex_);
        std::size_t n = 0;
        for (const auto& report : reports_)
            if (const T* body = std::get_if<T>(&report)) n += fits(*body);
        return n;
    }
    std::uint64_t last_seq() {
        const std::lock_guard lock(mutex_);
        return reports_.size();
    }
    void clear();

    std::function<std::optional<link::SdkReply>(const link::SdkCall&)> on_call;  ///< nullopt: no answer
    Supervisor* supervisor = nullptr;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<link::ReportBody> reports_;
    std::vector<bool> taken_;
    std::uint64_t base_ = 0;
};

/// A door without games behind it: answers what the test wants, and a line protocol for toy_game in the other
/// direction.
class FakeDoor final : public Door {
public:
    FakeDoor();
    ~FakeDoor() override;
    void health_check(std::uint16_t port, Millis timeout, std::move_only_function<void(bool)> done) override;
    void start_session(std::uint16_t port, const link::StartSession& session, Millis timeout,
                       std::move_only_function<void(Result<void>)> done) override;
    void terminate(std::uint16_t port, std::int64_t time, Millis timeout,
                   std::move_only_function<void(Result<void>)> done) override;
    void forget(std::uint16_t port) override;

    [[nodiscard]] std::string address() const;
    void set_handler(CallHandler* handler);
    /// How often `name` ("health", "start", "terminate", "forget") was called; waits up to 20 s until it is at least
    /// `n`.
    bool wait_calls(const std::string& name, std::size_t n);
    std::size_t calls(const std::string& name);
    /// The port that the process made its last call from; 0: none.
    std::uint16_t port_of(std::int64_t pid);

    std::atomic<bool> healthy = true;
    std::function<Result<void>(std::size_t nth)> on_start = [](std::size_t) -> Result<void> { return {}; };
    /// While true, games take their time with OnStartGameServerSession: until let_go().
    std::atomic<bool> holds_start = false;
    void let_go();
    std::function<void(std::uint16_t port)> on_terminate = [](std::uint16_t) {};

private:
    void serve();
    void talk(Fd fd, std::uint16_t peer_port);
    std::size_t count(const std::string& name);

    Listener listener_ = listen_on_loopback();
    std::atomic<bool> stop_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::size_t> calls_;
    std::vector<std::move_only_function<void()>> held_;
    std::map<std::int64_t, std::uint16_t> ports_;  ///< by pid
    CallHandler* handler_ = nullptr;
    std::vector<std::thread> threads_;
    std::vector<int> open_;
    std::thread thread_;  // last: it serves from here on
};

class AgentWorld {
public:
    AgentWorld();
    ~AgentWorld();

    /// The toy game and what else is to be in the package, as `game.zip`; its SHA-256 goes into specs.
    void package(std::vector<ZipEntry> more = {});
    void raw_package(std::string bytes);
    /// Makes (anew) and starts the supervisor, and welcomes it.
    void start();
    /// As after a crash: the supervisor vanishes, games go on.
    void crash();

    /// A spec of `places` equal places running toy_game with `parameters`.
    [[nodiscard]] link::InstanceSpec spec(const std::string& instance, const std::string& parameters,
                                          std::uint32_t places = 1);
    void order(link::OrderBody body) { supervisor->on_order(std::move(body)); }
    /// Orders the spec and waits for the first process.
    link::ProcessStarted run(const std::string& instance, const std::string& parameters);

    TempFolder temp = TempFolder::make("gse-agent-test").value();
    std::filesystem::path folder = temp.path();
    SupervisorOptions options;
    link::AgentTimers timers;
    std::unique_ptr<Clock> clock = std::make_unique<SystemClock>();
    ObjectServer objects;
    FakeDoor door;
    FakeServer server;
    std::unique_ptr<Supervisor> supervisor;
    std::string sha256;
    std::uint64_t bytes = 0;
    std::uint64_t version = 0;
};

/// A port that nothing has at the moment.
std::uint16_t free_port();
bool is_alive(std::int64_t pid);
/// Within 20 s.
bool wait_until(const std::function<bool()>& condition);

}  // namespace gse::agent::testing
