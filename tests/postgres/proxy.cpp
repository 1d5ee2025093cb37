#include "postgres/proxy.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace gse::pgtest {
namespace {

using namespace std::chrono_literals;

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return address;
}

bool send_all(int fd, const char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t sent = ::send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace

Proxy::Proxy(std::filesystem::path target)
    : folder_(TempFolder::make("gse-pgx").value()),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      wakes_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      target_(std::move(target)) {
    const sockaddr_un own = address_of(folder_.path() / ".s.PGSQL.5432");
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
        ::listen(listener_.get(), 64) != 0)
        throw std::runtime_error("the proxy cannot listen");
    thread_ = std::thread([this] { run(); });
}

Proxy::~Proxy() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake();
    thread_.join();
}

void Proxy::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wakes_.get(), &one, sizeof one);
}

void Proxy::lead_to(std::filesystem::path target) {
    const std::lock_guard lock(mutex_);
    target_ = std::move(target);
}

void Proxy::cut_at(Moment moment, std::string word) {
    const std::lock_guard lock(mutex_);
    moment_ = moment;
    word_ = std::string(1, '\0') + word + '\0';
    cut_ = false;
}

bool Proxy::wait_cut() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [this] { return cut_; });
}

void Proxy::swallow(bool on) {
    {
        const std::lock_guard lock(mutex_);
        swallows_ = on;
    }
    wake();
}

void Proxy::refuse(bool on) {
    {
        const std::lock_guard lock(mutex_);
        refuses_ = on;
        if (on) pairs_.clear();
    }
    wake();
}

void Proxy::accept_one() {
    Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    Fd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = address_of(target_);
    if (!client || refuses_ ||
        ::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return;
    pairs_.push_back({std::move(client), std::move(server)});
}

void Proxy::pump(Pair& pair, bool from_client) {
    std::vector<char> buffer(64 << 10);
    const ssize_t got =
        ::recv((from_client ? pair.client : pair.server).get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        pair.over = true;
        return;
    }
    const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
    if (from_client && !word_.empty() && text.find(word_) != std::string_view::npos) {
        word_.clear();
        if (moment_ == Moment::BeforeAnswer) {
            pair.answer_is_cut = true;
        } else {
            pair.over = cut_ = true;
            changed_.notify_all();
            return;
        }
    }
    if (!from_client && pair.answer_is_cut) {
        pair.over = cut_ = true;
        changed_.notify_all();
        return;
    }
    if (!send_all((from_client ? pair.server : pair.client).get(), text.data(), text.size())) pair.over = true;
}

void Proxy::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        std::vector<pollfd> waits{{wakes_.get(), POLLIN, 0}};
        std::vector<Pair*> whose;
        if (!swallows_) {
            waits.push_back({listener_.get(), POLLIN, 0});
            for (Pair& pair : pairs_) {
                whose.push_back(&pair);
                waits.push_back({pair.client.get(), POLLIN, 0});
                waits.push_back({pair.server.get(), POLLIN, 0});
            }
        }
        lock.unlock();
        ::poll(waits.data(), waits.size(), -1);
        std::uint64_t ignored = 0;
        [[maybe_unused]] const ssize_t woken = ::read(wakes_.get(), &ignored, sizeof ignored);
        lock.lock();
        if (stopping_ || swallows_ || waits.size() < 2) continue;
        if (pairs_.size() == whose.size()) {  // else refuse() came between, and these are no more
            for (std::size_t i = 0; i < whose.size(); ++i) {
                if (waits[2 + 2 * i].revents != 0) pump(*whose[i], true);
                if (!whose[i]->over && waits[3 + 2 * i].revents != 0) pump(*whose[i], false);
            }
        }
        if (waits[1].revents != 0) accept_one();
        pairs_.remove_if([](const Pair& pair) { return pair.over; });
    }
}

}  // namespace gse::pgtest
