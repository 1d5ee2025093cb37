/// The newest events, bounded in number and bytes, and how listeners read them. Pure: no thread, no clock.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gse::events {

enum class Kind : std::uint8_t { Fleet, Alias, Instance, GameServerSession, Placement, PlayerSession };

/// As it stands behind `event:`.
[[nodiscard]] std::string_view name_of(Kind kind);

struct Event {
    Kind kind = Kind::Fleet;
    std::string region;
    std::vector<std::string> about;  ///< ids of the fleets and aliases it concerns
    std::string data;                ///< JSON, one line
};

/// What one listener wants.
struct Filter {
    static constexpr std::size_t kIdsMax = 20;

    std::string region;            ///< "" every region
    std::vector<std::string> ids;  ///< fleets and aliases; empty: all
    bool players = false;

    [[nodiscard]] bool passes(const Event& event) const;
};

/// Why a listener has missed events.
enum class Lost : std::uint8_t {
    TooFarBehind,  ///< the ring does not reach back that far, or the listener reads too slowly
    Restarted,     ///< the server was restarted since
    TooMany,       ///< more happened at once than is kept
};

/// Where a listener stands.
struct Cursor {
    std::uint64_t next = 1;     ///< number of the event to read next
    std::optional<Lost> tell;   ///< to be told before the next event
    std::uint64_t told_of = 0;  ///< how many; 0: nobody knows
};

class EventRing {
public:
    struct Limits {
        std::size_t events = 16'384;
        std::size_t bytes = 16U << 20;
    };
    /// `epoch` grows with every start of the server and stands in every id.
    EventRing(std::uint64_t epoch, Limits limits) : epoch_(epoch), limits_(limits) {}

    void push(Event event);
    /// `count` events happened that are not here (0: unknown how many).
    void skip(std::uint64_t count);
    /// Nobody listens any more: what is kept goes, and whoever comes back later is told that something is missing.
    void clear();

    /// Behind the newest event.
    [[nodiscard]] Cursor end() const;
    /// Behind the event of this id (a Last-Event-ID). An id that is none of ours counts as one of another run.
    [[nodiscard]] Cursor resume(std::string_view id) const;

    /// As much as is there, up to about `bytes`, in the form of server-sent events; "" when there is nothing.
    [[nodiscard]] std::string read(Cursor& cursor, const Filter& filter, std::size_t bytes) const;
    [[nodiscard]] std::string id_of(std::uint64_t number) const;
    /// An `id:` line without an event: how far the listener has come although nothing passed its filter.
    [[nodiscard]] std::string mark(const Cursor& cursor) const;

    [[nodiscard]] std::uint64_t next() const { return next_; }
    [[nodiscard]] std::size_t size() const { return events_.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    struct Kept {
        std::uint64_t number = 0;
        std::uint64_t skipped = 0;  ///< events missing right before it; kUnknown: nobody knows how many
        Event event;
    };
    static constexpr std::uint64_t kUnknown = UINT64_MAX;
    void drop_oldest();

    std::uint64_t epoch_;
    Limits limits_;
    std::deque<Kept> events_;
    std::size_t bytes_ = 0;
    std::uint64_t next_ = 1;
    std::uint64_t skipped_ = 0;  ///< missing behind the newest
};

}  // namespace gse::events
