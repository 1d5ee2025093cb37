/// Players on real WebSockets, room by room. A room is the players of one game server session.
///
/// Once all players of a room are welcome each says a numbered message every kPace, and every player checks that he
/// hears every message of everybody, his own too, in order. All of it runs on a thread of its own, so that the chatting
/// goes on while the caller waits for something else.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gse::demo {

struct Seat {
    std::string ip;
    std::uint16_t port = 0;
    std::string player_session_id;
    std::string name;
};

struct RoomView {
    std::size_t seats = 0;
    std::size_t present = 0;  ///< players welcomed and not gone
    std::string title;        ///< what the match calls itself in its welcome
    std::uint64_t sent = 0;   ///< by all players of the room
    std::uint64_t heard = 0;  ///< by all players of the room; each message counts once a listener
    std::uint64_t missed = 0;
    bool settled = false;                  ///< everybody has heard everything that was said
    bool over = false;                     ///< everybody has gone
    std::size_t farewells = 0;             ///< players who were told that the match has ended
    std::vector<std::string> disconnects;  ///< players who lost their connection without having asked for it
    std::vector<std::string> troubles;     ///< what was lost or out of order
    std::chrono::milliseconds slowest{0};  ///< from saying a message to hearing it oneself
};

class Crowd {
public:
    static constexpr std::chrono::milliseconds kPace{300};

    Crowd();
    /// Whoever is still there hangs up.
    ~Crowd();

    /// Seats players: they connect, and chat when all have been welcomed. The number of the room: 0, 1, 2 …
    std::size_t open(std::vector<Seat> seats);
    /// No further messages. Wait until `settled` before ending the match, else words under way would count as lost.
    void hush(std::size_t room);
    /// From now on the players may be disconnected.
    void expect_end(std::size_t room);
    /// A player presses "End game session"; implies expect_end().
    void press_end(std::size_t room);
    /// The players say goodbye and go.
    void leave(std::size_t room);

    [[nodiscard]] RoomView view(std::size_t room) const;
    [[nodiscard]] std::vector<RoomView> views() const;

private:
    class Player;
    struct Room;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::demo
