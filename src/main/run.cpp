#include "main/run.h"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <optional>
#include <vector>

#include "base/file.h"
#include "main/agent_identity.h"
#include "main/agent_parts.h"
#include "main/data_dir.h"
#include "main/log_format.h"
#include "main/server_parts.h"
#include "main/shared_state.h"

namespace gse {
namespace {

constexpr int kRestartsMax = 3;
constexpr Millis kLookForGames{200};
constexpr const char* kRestartCount = "GSE_RESTART_COUNT";
constexpr const char* kReplaced = "GSE_REPLACED";
constexpr std::chrono::seconds kTryAgain{1};

void set_up_log(const config::Log& log) {
    auto logger = spdlog::stderr_logger_mt("gse");
    switch (log.level) {
        case config::LogLevel::Trace: logger->set_level(spdlog::level::trace); break;
        case config::LogLevel::Debug: logger->set_level(spdlog::level::debug); break;
        case config::LogLevel::Info: logger->set_level(spdlog::level::info); break;
        case config::LogLevel::Warn: logger->set_level(spdlog::level::warn); break;
        case config::LogLevel::Error: logger->set_level(spdlog::level::err); break;
        case config::LogLevel::Off: logger->set_level(spdlog::level::off); break;
    }
    if (log.format == config::LogFormat::Json)
        logger->set_formatter(json_log_formatter());
    else
        logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    spdlog::set_default_logger(std::move(logger));
}

/// SIGTERM and SIGINT, taken by one thread in order; a failure inside ends the wait as well.
class StopSignal {
public:
    /// `hangup`: SIGHUP asks to read files again, and does not end the process.
    explicit StopSignal(bool hangup = false) {
        sigemptyset(&set_);
        sigaddset(&set_, SIGTERM);
        sigaddset(&set_, SIGINT);
        if (hangup) sigaddset(&set_, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);  // before any thread starts, so that all inherit it
        signal(SIGPIPE, SIG_IGN);
    }
    void fail(const Error& error, spdlog::level::level_enum level = spdlog::level::critical) {
        spdlog::log(level, "{}", error.message);
        failed_ = true;
        kill(getpid(), SIGTERM);
    }
    /// Waits that long; true when it was told to end meanwhile.
    bool wait_for(Millis limit) {
        const int which = next(limit);
        return which == SIGTERM || which == SIGINT;
    }
    /// True after a signal from outside, false after fail().
    bool wait(const std::function<void()>& on_hangup = {}) {
        int which = 0;
        while (sigwait(&set_, &which) == 0 && which == SIGHUP) on_hangup();
        return !failed_;
    }
    /// The same, but wait() hears of it too.
    bool comes(Millis limit) {
        if (!wait_for(limit)) return false;
        kill(getpid(), SIGTERM);
        return true;
    }
    /// True when another signal, or a failure, came within `limit`.
    bool again(Millis limit) { return next(limit) > 0; }

private:
    /// Which came, or -1.
    int next(Millis limit) {
        const timespec time{.tv_sec = limit.count() / 1000, .tv_nsec = limit.count() % 1000 * 1'000'000};
        return sigtimedwait(&set_, nullptr, &time);
    }

    sigset_t set_{};
    std::atomic<bool> failed_{false};
};

int refuse_start(const Error& error) {
    spdlog::error("{}", error.message);
    return 1;
}

enum class Why : std::uint8_t {
    Failure,
    Replaced,  ///< or no longer sure to lead: of several servers that is no failure
};

/// After a failed journal append nobody knows what is durable: only the journal can tell, so begin again from it. Games
/// are not touched. All descriptors are close-on-exec.
int restart(Why why = Why::Failure) {
    const char* text = std::getenv(kRestartCount);
    const int count = text ? std::atoi(text) : 0;
    if (why == Why::Failure && count >= kRestartsMax) {
        spdlog::critical("gave up after {} restarts", count);
        return 1;
    }
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    std::string line((std::istreambuf_iterator<char>(file)), {});
    std::vector<char*> arguments;
    for (std::size_t at = 0; at < line.size(); at = line.find('\0', at) + 1) arguments.push_back(&line[at]);
    arguments.push_back(nullptr);
    if (why == Why::Failure) setenv(kRestartCount, std::to_string(count + 1).c_str(), 1);
    if (why == Why::Replaced) setenv(kReplaced, "1", 1);
    spdlog::warn("restarting from the journal");
    execv("/proc/self/exe", arguments.data());
    return 1;
}

bool speaks_tls(const config::Config& config) { return !config.http.tls_cert.empty(); }

void say_ready(const std::string& line) {
    std::fprintf(stdout, "%s\n", line.c_str());
    std::fflush(stdout);
}

}  // namespace

int run_dev(const config::Config& given) {
    config::Config config = given;
    config.dev = true;
    set_up_log(config.log);
    StopSignal stop(speaks_tls(config));
    const auto fatal = [&stop](const Error& error) { stop.fail(error); };
    ServerParts server(config, fatal, ServerParts::Agent::Inside);
    const auto addresses = server.start();
    if (!addresses) return refuse_start(addresses.error());
    AgentParts agent(
        config,
        {.server = addresses->inner_link, .token = addresses->link_token, .objects_url = addresses->local_objects_url},
        fatal);
    const auto sdk = agent.start();
    if (!sdk) return refuse_start(sdk.error());
    say_ready(fmt::format("ready {}={} sdk={}", addresses->scheme, addresses->http, *sdk));
    const bool orderly = stop.wait([&server] { server.reload(); });
    spdlog::info("stopping");
    agent.stop(orderly);
    server.stop();
    return orderly ? 0 : restart();
}

int run_server(const config::Config& config) {
    set_up_log(config.log);
    // Without a certificate there is nothing to read again, but whoever reloads a service does not mean to end it.
    StopSignal stop(true);
    const OpenShared open_shared = shared_state_of(config);
    std::optional<ServerParts> server;
    Result<ServerAddresses> addresses;
    for (;;) {
        // That another one leads is how several servers are meant to be.
        const auto level = open_shared ? spdlog::level::warn : spdlog::level::critical;
        server.emplace(
            config, [&stop, level](const Error& error) { stop.fail(error, level); }, ServerParts::Agent::Elsewhere,
            open_shared);
        addresses = server->start();
        if (addresses) break;
        // What has served before is set up well: it comes back when its database does.
        if (!open_shared || !std::getenv(kReplaced)) return refuse_start(addresses.error());
        spdlog::warn("cannot start again yet: {}", addresses.error().message);
        server.reset();
        if (stop.wait_for(kTryAgain)) return 0;
    }
    std::string line = fmt::format("ready {}={} link={}", addresses->scheme, addresses->http, addresses->link);
    if (!addresses->peers.empty()) line += " peers=" + addresses->peers;
    say_ready(line);
    const bool orderly = stop.wait([&server] { server->reload(); });
    // Whoever may lead by now must not wait for us, and nothing of ours may leave any more.
    if (!orderly && open_shared) return restart(Why::Replaced);
    spdlog::info("stopping");
    server->stop();
    return orderly ? 0 : restart();
}

int run_agent(const config::Config& config) {
    set_up_log(config.log);
    StopSignal stop;
    if (config.agent.server.empty())
        return refuse_start({ErrorCode::MissingParameter,
                             "agent.server is empty; say which server to join, e.g. --join 10.0.0.1:7070"});
    const auto data = DataDir::open(config.data);
    if (!data) return refuse_start(data.error());
    SystemClock clock;
    AgentIdentity identity(config, clock);
    if (const auto open = identity.open([&stop](Millis time) { return stop.comes(time); }); !open)
        return refuse_start(open.error());
    AgentParts agent(config,
                     {.server = config.agent.server,
                      .tls = [&identity] { return identity.tls(); },
                      .objects_url = config.agent.objects_url},
                     [&stop](const Error& error) { stop.fail(error); });
    const auto sdk = agent.start();
    if (!sdk) return refuse_start(sdk.error());
    identity.start();
    say_ready(fmt::format("ready sdk={}", *sdk));
    const bool orderly = stop.wait();
    if (orderly && config.agent.drain_on_stop && !agent.empty()) {
        spdlog::info(
            "asked to end: it will, once the server has taken the last instance from here. A second signal ends "
            "it now");
        while (!agent.empty() && !stop.again(kLookForGames)) {
        }
    }
    spdlog::info("stopping; games go on, and the next start adopts them");
    agent.stop(false);
    return orderly ? 0 : restart();
}

}  // namespace gse
