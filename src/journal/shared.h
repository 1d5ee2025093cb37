/// A journal that several servers share: one leads and appends, the others read along and take over.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "journal/journal.h"

namespace gse::journal {

/// Who leads, as the journal's database says.
struct Leader {
    std::uint64_t epoch = 0;  ///< grows with every take-over; commits of a lower one are refused by the database
    std::string address;      ///< what it gave to take_over()
    std::chrono::milliseconds left{};  ///< of its lease, by the database's clock; <= 0: it is over
};

/// Life of a follower: load(), then tail() again and again; load() once more, into empty state, when tail() says so.
/// Life of a leader: take_over(), tail() until it brings nothing new, then append() as in any journal; resign() before
/// an orderly end. Destroyed without, the lease runs out by itself, as after a crash.
///
/// The database fences: an append of a server that another one has replaced fails, whatever either of them believes.
/// An append of a leader whose lease has run out, but which nobody replaced, still succeeds.
///
/// load(), tail(), take_over(), append() and resign(): one at a time, from any thread. begin_snapshot(), its writer and
/// trim(): one other thread, only by a leader. leader(), leads() and the counts: any thread.
/// Errors of tail(), leader(), take_over() and resign() mean that the database could not be asked; try again.
class SharedJournal : public Journal {
public:
    /// Applies what was committed since load() or the last tail(), and waits up to `patience` for something new if
    /// there is nothing. The newest sequence number applied; nullopt: what was applied so far is not what the log goes
    /// on from (it was trimmed meanwhile, or a fail-over of the database lost it): begin again with load() into empty
    /// state. What was committed is durable, except that the last batch may yet be lost with the database's primary: a
    /// follower shows only what the leader, or its own take-over, vouches for.
    virtual Result<std::optional<std::uint64_t>> tail(Replay& replay, std::chrono::milliseconds patience) = 0;
    /// nullopt: nobody has ever led.
    virtual Result<std::optional<Leader>> leader() = 0;
    /// Takes the lead when no lease holds, that of this server's earlier life aside; false: another one leads.
    /// `address` is for the others, see Leader. Needs a load() before it.
    virtual Result<bool> take_over(const std::string& address) = 0;
    /// Gives the lease up, so that another may take over at once: followers that wait in tail() are woken. Afterwards
    /// this is a follower. Harmless when it does not lead.
    virtual Result<void> resign() = 0;
    /// As a follower, that the leader of `epoch` is out of reach though hosts look for it here; 0 takes it back. It is
    /// forgotten with the connection to the database: say it again now and then. Any thread.
    virtual Result<void> doubt(std::uint64_t epoch) = 0;
    /// As the leader: whether a follower says so of it. Any thread.
    virtual Result<bool> is_doubted() = 0;
    /// Ends the lease, so that another may take over at once, while appends may be under way: those succeed until it
    /// has. This server leads no more, whatever becomes of it. Any thread.
    virtual Result<void> give_way() = 0;
    /// The lease holds now: it was confirmed, and less than its time has passed since that was asked for, with a
    /// margin, by a clock that goes on while the machine or the process sleeps. Cheap. A leader that is told false lets
    /// nothing out, reads neither, until it is told true again.
    [[nodiscard]] virtual bool leads() const = 0;
    /// Of this server's lead; 0: it never led.
    [[nodiscard]] virtual std::uint64_t epoch() const = 0;
};

/// What free_disk_bytes() answers where nobody can know.
inline constexpr std::uint64_t kRoomUnknown = UINT64_MAX;

}  // namespace gse::journal
