#include "link/test_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <list>
#include <string>
#include <vector>

#include "base/check.h"

namespace gse::link {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

constexpr std::size_t kBufferMax = 64 << 10;

struct Pair {
    Fd ends[2];
    std::string toward[2];  // read from the other end, not yet written to this one
    bool broken = false;
};

void pump(Pair& pair, int side, short events) {
    if (events & POLLIN) {
        std::string& out = pair.toward[1 - side];
        char bytes[16 << 10];
        const auto got = ::recv(pair.ends[side].get(), bytes, sizeof bytes, MSG_DONTWAIT);
        if (got > 0) out.append(bytes, static_cast<std::size_t>(got));
        if (got == 0 || (got < 0 && errno != EAGAIN)) pair.broken = true;
    }
    if (events & POLLOUT) {
        std::string& out = pair.toward[side];
        const auto sent = ::send(pair.ends[side].get(), out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) out.erase(0, static_cast<std::size_t>(sent));
        if (sent < 0 && errno != EAGAIN) pair.broken = true;
    }
    if (events & (POLLERR | POLLHUP)) pair.broken = true;
}

}  // namespace

TestProxy::TestProxy(std::uint16_t target) : target_(target) {
    listener_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    auto address = loopback(0);
    CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    CHECK(::listen(listener_.get(), 512) == 0);
    socklen_t length = sizeof address;
    CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
    wake_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    thread_ = std::thread([this] { run(); });
}

TestProxy::~TestProxy() {
    stopping_ = true;
    ::eventfd_write(wake_.get(), 1);
    thread_.join();
}

void TestProxy::set_mode(Mode mode) {
    mode_ = mode;
    ::eventfd_write(wake_.get(), 1);
}

void TestProxy::run() {
    std::list<Pair> pairs;
    while (!stopping_) {
        const Mode mode = mode_;
        if (mode == Mode::Cut) pairs.clear();
        std::vector<pollfd> polls{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
        std::vector<std::pair<Pair*, int>> who;
        if (mode == Mode::Pass) {
            for (auto& pair : pairs) {
                for (const int side : {0, 1}) {
                    const bool room = pair.toward[1 - side].size() < kBufferMax;
                    const short events =
                        static_cast<short>((room ? POLLIN : 0) | (pair.toward[side].empty() ? 0 : POLLOUT));
                    polls.push_back({pair.ends[side].get(), events, 0});
                    who.emplace_back(&pair, side);
                }
            }
        }
        ::poll(polls.data(), polls.size(), -1);
        eventfd_t ignored = 0;
        ::eventfd_read(wake_.get(), &ignored);
        for (std::size_t i = 0; i < who.size(); ++i) pump(*who[i].first, who[i].second, polls[i + 2].revents);
        std::erase_if(pairs, [](const Pair& pair) { return pair.broken; });
        if (polls[1].revents & POLLIN) {
            Pair pair;
            pair.ends[0] = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            ++accepted_;
            if (mode_ == Mode::Cut || !pair.ends[0]) continue;
            pair.ends[1] = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            auto address = loopback(target_);
            if (::connect(pair.ends[1].get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
                pairs.push_back(std::move(pair));
        }
    }
}

}  // namespace gse::link
