#include "main/leader_probe.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>

namespace gse {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::seconds kPause{1};
constexpr std::chrono::seconds kDialTime{2};

/// "" or why not.
std::string try_to_connect(const http::Leader& leader) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(leader.ip, error);
    if (error) return error.message();
    asio::io_context context;
    tcp::socket socket{context};
    error = asio::error::timed_out;
    socket.async_connect({address, leader.port},
                         [&error](const boost::system::error_code& outcome) { error = outcome; });
    context.run_for(kDialTime);
    return error ? error.message() : "";
}

}  // namespace

LeaderProbe::LeaderProbe(const http::Relay& relay, Millis patience)
    : relay_(relay), patience_(patience), thread_([this] { run(); }) {}

LeaderProbe::~LeaderProbe() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stops_.notify_one();
    thread_.join();
}

std::string LeaderProbe::trouble() const {
    const auto leader = relay_.leader();
    const std::lock_guard lock(mutex_);
    return leader && leader->number == looked_at_ && !relay_.serves() ? trouble_ : "";
}

void LeaderProbe::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_ && !relay_.serves()) {
        lock.unlock();
        if (const auto leader = relay_.leader()) look(*leader);
        lock.lock();
        stops_.wait_for(lock, kPause, [this] { return stopping_; });
    }
}

void LeaderProbe::look(const http::Leader& leader) {
    const auto began = std::chrono::steady_clock::now();
    const std::string why = try_to_connect(leader);
    const std::lock_guard lock(mutex_);
    if (looked_at_ != leader.number) trouble_.clear(), failing_since_.reset();
    looked_at_ = leader.number;
    if (why.empty()) {
        if (!trouble_.empty()) spdlog::info("cluster: the server that leads can be reached again");
        trouble_.clear(), failing_since_.reset();
        return;
    }
    if (!failing_since_) failing_since_ = began;
    if (!trouble_.empty() || std::chrono::steady_clock::now() - *failing_since_ < patience_) return;
    trouble_ =
        fmt::format("the server that leads cannot be reached from here, at {}:{}: {}", leader.ip, leader.port, why);
    spdlog::error("cluster: {}; what needs it is refused", trouble_);
}

}  // namespace gse
