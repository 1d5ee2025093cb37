#include "http_load.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <ctime>
#include <deque>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "base/low_latency.h"

namespace gse::bench {
namespace {

constexpr std::size_t kReceiveBytes = 256 * 1024;
constexpr std::uint64_t kSecondNs = 1'000'000'000;
/// Nobody waits longer than this for a single answer.
constexpr std::uint64_t kPatienceNs = 30 * kSecondNs;
/// An answer that takes longer is no quick one (LoadResult::settled_s).
constexpr std::uint64_t kSlowNs = 50'000'000;

/// Asked before answers are looked at again; and on one connection, where it may be, by a generator that is behind: a
/// write for each request is dearer than the request.
constexpr std::uint64_t kDueAtOnce = 1'024;
constexpr std::size_t kDueOfOne = 8;

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

double thread_cpu_s() {
    timespec spent{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

struct Asked {
    std::uint32_t tag;
    std::uint64_t since_ns;  ///< when it was due
    std::uint64_t sent_ns;
};

struct Link {
    Fd fd;
    std::string in;
    std::string out;
    std::deque<Asked> asked;
    std::uint64_t done = 0;
    bool wants_write = false;
};

class Generator {
public:
    Generator(const LoadShape& shape, Traffic& traffic, const std::function<void(bool)>& on_window)
        : shape_(shape), traffic_(traffic), on_window_(on_window), received_(kReceiveBytes, '\0') {}

    Result<LoadResult> run();

private:
    Result<void> connect_all();
    Result<void> serve(Link& link);
    Result<void> receive(Link& link);
    void take_answers(Link& link);
    Result<void> flush(Link& link);
    void fill(Link& link);
    /// Asks once on that connection; false when there is nothing to ask.
    bool ask(Link& link, std::uint64_t since_ns);
    Result<void> ask_what_is_due();
    /// When the next request of a fixed rate is due.
    [[nodiscard]] std::uint64_t next_due_ns() const;
    [[nodiscard]] std::uint64_t until_next_ns() const;

    const LoadShape& shape_;
    Traffic& traffic_;
    const std::function<void(bool)>& on_window_;
    std::string received_;
    Fd epoll_;
    std::vector<std::unique_ptr<Link>> links_;
    std::size_t next_link_ = 0;
    std::uint64_t begun_ns_ = 0;
    std::uint64_t count_from_ = 0;
    std::uint64_t now_ns_ = 0;
    std::uint64_t asked_ = 0;  // at a fixed rate
    std::uint64_t under_way_ = 0;
    bool counting_ = false;
    bool ending_ = false;
    LoadResult result_;
};

Result<void> Generator::connect_all() {
    epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
    for (std::size_t i = 0; i < shape_.connections; ++i) {
        auto link = std::make_unique<Link>();
        link->fd = TRY(connect_to(shape_.server));
        epoll_event event{.events = EPOLLIN, .data = {.ptr = link.get()}};
        epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, link->fd.get(), &event);
        links_.push_back(std::move(link));
    }
    return {};
}

bool Generator::ask(Link& link, std::uint64_t since_ns) {
    const std::size_t before = link.out.size();
    const auto tag = traffic_.next(link.out);
    if (!tag) return false;
    result_.request_bytes = link.out.size() - before;
    link.asked.push_back({*tag, since_ns, now_ns()});
    ++under_way_;
    return true;
}

void Generator::fill(Link& link) {
    while (link.asked.size() < shape_.pipeline && ask(link, now_ns_)) {
    }
}

Result<void> Generator::ask_what_is_due() {
    const std::uint64_t all = due_by(shape_.rate, now_ns_ - begun_ns_);
    const std::uint64_t due = std::min(all, asked_ + kDueAtOnce);
    const std::size_t most_of_one = all > asked_ + links_.size() ? kDueOfOne : 1;
    for (std::size_t full = 0; asked_ < due && full < links_.size();) {
        Link& link = *links_[next_link_++ % links_.size()];
        if (link.asked.size() >= shape_.pipeline) {
            ++full;
            continue;
        }
        full = 0;
        for (std::size_t i = 0; i < most_of_one && asked_ < due && link.asked.size() < shape_.pipeline; ++i) {
            if (!ask(link, next_due_ns())) return flush(link);
            ++asked_;
        }
        TRY(flush(link));
    }
    return {};
}

std::uint64_t Generator::next_due_ns() const {
    return begun_ns_ + static_cast<std::uint64_t>(static_cast<double>(asked_) / shape_.rate * 1e9);
}

std::uint64_t Generator::until_next_ns() const {
    if (shape_.rate <= 0) return 10'000'000;
    const std::uint64_t next = next_due_ns();
    return std::clamp<std::uint64_t>(next > now_ns_ ? next - now_ns_ : 0, 20'000, 10'000'000);
}

Result<void> Generator::flush(Link& link) {
    while (!link.out.empty()) {
        const ssize_t sent = ::send(link.fd.get(), link.out.data(), link.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) break;
        if (sent <= 0)
            return refuse(ErrorCode::FailedOperation, fmt::format("the server hung up: {}", std::strerror(errno)));
        link.out.erase(0, static_cast<std::size_t>(sent));
    }
    if (link.wants_write != !link.out.empty()) {
        link.wants_write = !link.out.empty();
        epoll_event event{.events = EPOLLIN | (link.wants_write ? std::uint32_t{EPOLLOUT} : 0u),
                          .data = {.ptr = &link}};
        epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, link.fd.get(), &event);
    }
    return {};
}

void Generator::take_answers(Link& link) {
    std::string_view rest = link.in;
    while (!link.asked.empty()) {
        const std::size_t before = rest.size();
        const auto body = take_answer(rest);
        if (!body) break;
        result_.answer_bytes = before - rest.size();
        const Asked asked = link.asked.front();
        link.asked.pop_front();
        --under_way_;
        const Outcome outcome = traffic_.take(asked.tag, *body);
        if (outcome == Outcome::GoesOn) {
            traffic_.go_on(asked.tag, link.out);
            link.asked.push_back(asked);
            ++under_way_;
            continue;
        }
        if (!counting_) continue;
        const std::uint64_t took = now_ns_ > asked.since_ns ? now_ns_ - asked.since_ns : 0;
        if (outcome == Outcome::Shed || took > kSlowNs)
            result_.settled_s = static_cast<double>(now_ns_ - count_from_) * 1e-9;
        if (outcome == Outcome::Good) {
            ++result_.done;
            ++link.done;
            result_.latency.record(took);
            result_.sent_latency.record(now_ns_ - asked.sent_ns);
        } else if (outcome == Outcome::Late) {
            ++result_.late;
        } else if (outcome == Outcome::Shed) {
            ++result_.shed;
            result_.shed_latency.record(took);
            result_.shed_sent_latency.record(now_ns_ - asked.sent_ns);
        } else if (result_.errors++ == 0) {
            result_.first_error = std::string(*body);
        }
    }
    link.in.erase(0, link.in.size() - rest.size());
}

Result<void> Generator::receive(Link& link) {
    const ssize_t got = ::recv(link.fd.get(), received_.data(), received_.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got <= 0)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("the server hung up: {}", got < 0 ? std::strerror(errno) : "end of stream"));
    now_ns_ = now_ns();
    link.in.append(received_, 0, static_cast<std::size_t>(got));
    take_answers(link);
    return {};
}

Result<void> Generator::serve(Link& link) {
    TRY(receive(link));
    if (shape_.rate <= 0 && !ending_) fill(link);
    return flush(link);
}

Result<LoadResult> Generator::run() {
    prefer_low_latency();  // what is measured must not be our own place in the queue for a core
    TRY(connect_all());
    std::array<epoll_event, 256> events{};
    begun_ns_ = now_ns_ = now_ns();
    count_from_ = begun_ns_ + static_cast<std::uint64_t>(shape_.warm_up_s * 1e9);
    const auto count_to = count_from_ + static_cast<std::uint64_t>(shape_.seconds * 1e9);
    double cpu_before = 0;
    if (shape_.rate <= 0)
        for (const auto& link : links_) {
            fill(*link);
            TRY(flush(*link));
        }
    for (;;) {
        if (shape_.rate > 0 && !ending_) TRY(ask_what_is_due());
        const std::uint64_t wait = until_next_ns();
        const timespec limit{.tv_sec = 0, .tv_nsec = static_cast<long>(wait)};
        const int got = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &limit, nullptr);
        now_ns_ = now_ns();
        if (!counting_ && !ending_ && now_ns_ >= count_from_) {
            counting_ = true;
            cpu_before = thread_cpu_s();
            if (on_window_) on_window_(true);
        }
        if (counting_ && now_ns_ >= count_to) {
            counting_ = false;
            ending_ = true;
            result_.seconds = static_cast<double>(now_ns_ - count_from_) * 1e-9;
            result_.own_cpu_s = thread_cpu_s() - cpu_before;
            if (on_window_) on_window_(false);
        }
        for (int i = 0; i < got; ++i) TRY(serve(*static_cast<Link*>(events[static_cast<std::size_t>(i)].data.ptr)));
        // Traffic that had nothing to ask may have something now.
        if (shape_.rate <= 0 && !ending_ && got == 0)
            for (const auto& link : links_) {
                fill(*link);
                TRY(flush(*link));
            }
        if (ending_ && (under_way_ == 0 || now_ns_ >= count_to + kPatienceNs)) break;
    }
    if (under_way_ > 0)
        return refuse(ErrorCode::FailedOperation, fmt::format("{} requests were never answered", under_way_));
    const auto fewer = [](const auto& a, const auto& b) { return a->done < b->done; };
    const auto [least, most] = std::minmax_element(links_.begin(), links_.end(), fewer);
    result_.least_done = (*least)->done;
    result_.most_done = (*most)->done;
    return std::move(result_);
}

}  // namespace

Result<Fd> connect_to(const std::string& server) {
    const auto colon = server.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    std::uint16_t port = 0;
    if (colon == std::string::npos || inet_pton(AF_INET, server.substr(0, colon).c_str(), &to.sin_addr) != 1 ||
        std::from_chars(server.data() + colon + 1, server.data() + server.size(), port).ec != std::errc{})
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("{} is no IPv4 address with a port", server));
    to.sin_port = htons(port);
    Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("cannot connect to {}: {}", server, std::strerror(errno)));
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

std::optional<std::string_view> take_answer(std::string_view& input) {
    constexpr std::string_view kLength = "Content-Length: ";
    const auto head_end = input.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return std::nullopt;
    const std::string_view head = input.substr(0, head_end);
    const auto at = head.find(kLength);
    std::size_t length = 0;
    if (at != std::string_view::npos)
        std::from_chars(head.data() + at + kLength.size(), head.data() + head.size(), length);
    if (input.size() < head_end + 4 + length) return std::nullopt;
    const std::string_view body = input.substr(head_end + 4, length);
    input.remove_prefix(head_end + 4 + length);
    return body;
}

Result<LoadResult> run_load(const LoadShape& shape, Traffic& traffic, const std::function<void(bool)>& on_window) {
    return Generator(shape, traffic, on_window).run();
}

}  // namespace gse::bench
