#include "crowd.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <future>
#include <thread>

#include "base/check.h"
#include "transcript.h"

namespace gse::demo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kConnectTime = std::chrono::seconds{15};
constexpr auto kIdleTime = std::chrono::seconds{30};
constexpr auto kLoopTime = std::chrono::seconds{30};
constexpr std::size_t kMessageBytesMax = 64 * 1024;
/// Further messages wait until the network has taken these.
constexpr std::size_t kQueueMax = 64;
constexpr std::string_view kEnd = R"({"type":"end"})";

std::string chat(std::uint64_t n) { return fmt::format(R"({{"type":"chat","text":"{}"}})", numbered(n)); }

}  // namespace

struct Crowd::Room {
    std::vector<std::shared_ptr<Player>> players;
    bool hushed = false;
    bool may_end = false;

    [[nodiscard]] RoomView view() const;
    void talk_if_complete();
};

class Crowd::Player : public std::enable_shared_from_this<Player> {
public:
    Player(asio::io_context& loop, Room& room, Seat seat, milliseconds delay)
        : room_(room), seat_(std::move(seat)), delay_(delay), stream_(loop), timer_(loop) {}

    void connect() {
        error_code error;
        const auto address = asio::ip::make_address(seat_.ip, error);
        if (error) return gone(fmt::format("{} is no address", seat_.ip));
        beast::get_lowest_layer(stream_).expires_after(kConnectTime);
        beast::get_lowest_layer(stream_).async_connect({address, seat_.port},
                                                       [self = shared_from_this()](error_code e) {
                                                           if (e)
                                                               return self->gone("could not connect: " + e.message());
                                                           self->handshake();
                                                       });
    }

    void talk() {
        timer_.expires_after(delay_);
        arm();
    }
    void say_end() { write(std::string{kEnd}); }
    void hang_up() {
        timer_.cancel();
        if (gone_ || !stream_.is_open()) return gone("");
        stream_.async_close(websocket::close_code::normal, [self = shared_from_this()](error_code) { self->gone(""); });
    }
    void drop() {
        timer_.cancel();
        beast::get_lowest_layer(stream_).close();
    }

    [[nodiscard]] bool welcome() const { return welcome_; }
    [[nodiscard]] bool told_end() const { return told_end_; }
    [[nodiscard]] bool is_gone() const { return gone_; }
    [[nodiscard]] const std::string& name() const { return seat_.name; }
    [[nodiscard]] const std::string& title() const { return title_; }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] const Transcript& transcript() const { return transcript_; }
    [[nodiscard]] const std::vector<std::string>& troubles() const { return troubles_; }
    [[nodiscard]] const std::string& disconnect() const { return disconnect_; }
    [[nodiscard]] milliseconds slowest() const { return slowest_; }

private:
    void handshake() {
        beast::get_lowest_layer(stream_).socket().set_option(tcp::no_delay(true));
        beast::get_lowest_layer(stream_).expires_never();
        stream_.set_option(websocket::stream_base::timeout{kConnectTime, kIdleTime, true});
        stream_.read_message_max(kMessageBytesMax);
        stream_.text(true);
        stream_.async_handshake(fmt::format("{}:{}", seat_.ip, seat_.port),
                                fmt::format("/ws?playerSessionId={}&name={}", seat_.player_session_id, seat_.name),
                                [self = shared_from_this()](error_code e) {
                                    if (e) return self->gone("the match did not open its door: " + e.message());
                                    self->read();
                                });
    }

    void read() {
        stream_.async_read(incoming_, [self = shared_from_this()](error_code e, std::size_t) {
            if (e) return self->closed(e);
            const auto data = self->incoming_.cdata();
            self->take({static_cast<const char*>(data.data()), data.size()});
            self->incoming_.consume(self->incoming_.size());
            self->read();
        });
    }

    void take(std::string_view text) {
        simdjson::dom::element message;
        std::string_view type;
        if (parser_.parse(text.data(), text.size(), true).get(message) || message["type"].get(type))
            return complain(fmt::format("heard what is no message: {}", text.substr(0, 100)));
        if (type == "chat") return take_chat(message);
        if (type == "error") return complain(fmt::format("was told: {}", text.substr(0, 300)));
        if (type == "ended") told_end_ = true;
        if (type != "welcome") return;
        std::string_view title;
        std::uint64_t seq = 0;
        if (message["title"].get(title) || message["seq"].get(seq)) return complain("was welcomed without a title");
        title_ = title;
        transcript_.welcome(seq);
        welcome_ = true;
        room_.talk_if_complete();
    }

    void take_chat(const simdjson::dom::element& message) {
        std::string_view from, text;
        std::uint64_t seq = 0;
        if (message["from"].get(from) || message["text"].get(text) || message["seq"].get(seq))
            return complain("heard a chat without from, text or seq");
        transcript_.hear(std::string{from}, text, seq);
        if (from != seat_.name || said_at_.empty()) return;
        slowest_ = std::max(slowest_, std::chrono::duration_cast<milliseconds>(Clock::now() - said_at_.front()));
        said_at_.pop_front();
    }

    void arm() {
        timer_.async_wait([self = shared_from_this()](error_code e) {
            if (e || self->gone_ || self->room_.hushed) return;
            self->say();
            self->timer_.expires_at(std::max(self->timer_.expiry() + kPace, Clock::now()));
            self->arm();
        });
    }

    void say() {
        if (queue_.size() >= kQueueMax) return;
        said_at_.push_back(Clock::now());
        write(chat(++sent_));
    }

    void write(std::string text) {
        queue_.push_back(std::move(text));
        if (queue_.size() == 1) flush();
    }
    void flush() {
        stream_.async_write(asio::buffer(queue_.front()), [self = shared_from_this()](error_code e, std::size_t) {
            if (e) return;  // the reader hears of it too, and with the reason
            self->queue_.pop_front();
            if (!self->queue_.empty()) self->flush();
        });
    }

    void closed(error_code e) {
        if (e != websocket::error::closed) return gone("lost the connection: " + e.message());
        gone(fmt::format("was disconnected with code {} {}", static_cast<int>(stream_.reason().code),
                         std::string_view{stream_.reason().reason.data(), stream_.reason().reason.size()}));
    }

    void gone(std::string why) {
        if (gone_) return;
        gone_ = true;
        timer_.cancel();
        if (!room_.may_end) disconnect_ = std::move(why);
    }

    void complain(std::string trouble) {
        if (troubles_.size() < Transcript::kTroublesMax) troubles_.push_back(std::move(trouble));
    }

    Room& room_;
    const Seat seat_;
    const milliseconds delay_;  ///< before the first message, so that players do not all speak at once
    websocket::stream<beast::tcp_stream> stream_;
    asio::steady_timer timer_;
    beast::flat_buffer incoming_;
    simdjson::dom::parser parser_;
    std::deque<std::string> queue_;          ///< the first one is being written
    std::deque<Clock::time_point> said_at_;  ///< of own messages not yet heard
    Transcript transcript_;
    std::string title_;
    std::string disconnect_;
    std::vector<std::string> troubles_;
    std::uint64_t sent_ = 0;
    milliseconds slowest_{0};
    bool welcome_ = false;
    bool gone_ = false;
    bool told_end_ = false;
};

void Crowd::Room::talk_if_complete() {
    if (hushed || !std::ranges::all_of(players, [](const auto& p) { return p->welcome() && !p->is_gone(); })) return;
    for (const auto& player : players) player->talk();
}

RoomView Crowd::Room::view() const {
    RoomView view{.seats = players.size(), .settled = true, .over = true};
    for (const auto& player : players) {
        view.present += player->welcome() && !player->is_gone();
        view.farewells += player->told_end();
        view.over = view.over && player->is_gone();
        if (!player->title().empty()) view.title = player->title();
        view.sent += player->sent();
        view.heard += player->transcript().heard();
        view.missed += player->transcript().missed();
        view.slowest = std::max(view.slowest, player->slowest());
        for (const auto& speaker : players)
            view.settled = view.settled && player->transcript().last_of(speaker->name()) == speaker->sent();
        if (!player->disconnect().empty()) view.disconnects.push_back(player->name() + " " + player->disconnect());
        for (const std::string& trouble : player->troubles()) view.troubles.push_back(player->name() + " " + trouble);
        for (const std::string& trouble : player->transcript().troubles())
            view.troubles.push_back(player->name() + ": " + trouble);
    }
    return view;
}

struct Crowd::Impl {
    asio::io_context loop{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
    std::vector<std::unique_ptr<Room>> rooms;
    std::thread thread{[this] { loop.run(); }};

    /// Everything of rooms and players happens on the loop.
    template <class F>
    auto on_loop(F&& f) {
        auto future = asio::post(loop, std::packaged_task<std::invoke_result_t<F>()>{std::forward<F>(f)});
        CHECK(future.wait_for(kLoopTime) == std::future_status::ready);
        return future.get();
    }
};

Crowd::Crowd() : impl_(std::make_unique<Impl>()) {}

Crowd::~Crowd() {
    impl_->on_loop([this] {
        for (const auto& room : impl_->rooms) {
            room->may_end = true;
            for (const auto& player : room->players) player->drop();
        }
        impl_->loop.stop();  // the sockets' own timers would keep it going
    });
    impl_->thread.join();
}

std::size_t Crowd::open(std::vector<Seat> seats) {
    return impl_->on_loop([&] {
        const std::size_t number = impl_->rooms.size();
        Room& room = *impl_->rooms.emplace_back(std::make_unique<Room>());
        for (Seat& seat : seats) {
            // Spread over the pace by a step that shares no factor with it.
            const milliseconds delay{(number * 97 + room.players.size() * 151) % kPace.count()};
            room.players.push_back(std::make_shared<Player>(impl_->loop, room, std::move(seat), delay));
        }
        for (const auto& player : room.players) player->connect();
        return number;
    });
}

void Crowd::hush(std::size_t room) {
    impl_->on_loop([&] { impl_->rooms.at(room)->hushed = true; });
}

void Crowd::expect_end(std::size_t room) {
    impl_->on_loop([&] { impl_->rooms.at(room)->may_end = true; });
}

void Crowd::press_end(std::size_t room) {
    impl_->on_loop([&] {
        impl_->rooms.at(room)->may_end = true;
        impl_->rooms.at(room)->players.front()->say_end();
    });
}

void Crowd::leave(std::size_t room) {
    impl_->on_loop([&] {
        impl_->rooms.at(room)->may_end = true;
        for (const auto& player : impl_->rooms.at(room)->players) player->hang_up();
    });
}

RoomView Crowd::view(std::size_t room) const {
    return impl_->on_loop([&] { return impl_->rooms.at(room)->view(); });
}

std::vector<RoomView> Crowd::views() const {
    return impl_->on_loop([&] {
        std::vector<RoomView> views;
        for (const auto& room : impl_->rooms) views.push_back(room->view());
        return views;
    });
}

}  // namespace gse::demo
