/// A shared journal in memory, for tests and simulation: servers on one database, which can be cut off and frozen.
#pragma once

#include <condition_variable>

#include "base/time.h"
#include "journal/memory.h"
#include "journal/shared.h"

namespace gse::journal {

/// What survives. Thread-safe; outlives the journals that are opened on it. Leases run by the given clock, which is the
/// database's and all servers' at once.
class MemoryDatabase {
public:
    explicit MemoryDatabase(const Clock& clock, Millis lease = Millis{3'000}) : clock_(clock), lease_(lease) {}

    /// No word between this server and the database from now on; false heals it.
    void cut(const std::string& server, bool off);
    /// The server's lease is not renewed any more, as if its process had been stopped; false wakes it.
    void freeze(const std::string& server, bool off);

    /// The batches, snapshots and injected faults.
    [[nodiscard]] MemoryDisk& disk() { return disk_; }

private:
    friend class MemorySharedJournal;
    struct Server {
        bool cut = false;
        bool frozen = false;
        std::uint64_t doubts = 0;  // this epoch's leader
    };
    /// Whoever leads and is neither cut off nor frozen has renewed its lease by now. With the lock held.
    void renew();

    const Clock& clock_;
    const Millis lease_;
    MemoryDisk disk_;
    std::mutex mutex_;  // taken before the disk's
    std::condition_variable changed_;
    std::map<std::string, Server> servers_;
    std::uint64_t epoch_ = 0;
    std::string holder_;  // who took the lead last
    bool alive_ = false;  // it exists, and has not resigned
    std::string address_;
    std::int64_t until_ = 0;  // of the clock's monotonic milliseconds
};

/// `server` names this one among the servers; opening it again is its restart.
[[nodiscard]] std::unique_ptr<SharedJournal> open_shared_memory_journal(MemoryDatabase& database, std::string server);

}  // namespace gse::journal
