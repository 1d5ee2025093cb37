/// The lead of a shared journal, kept up by a thread and a connection of its own. Private to src/journal.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "journal/pg_connection.h"
#include "journal/shared.h"

namespace gse::journal::pg {

/// Milliseconds of CLOCK_BOOTTIME: they pass while the process is stopped and while the machine sleeps.
[[nodiscard]] std::int64_t boot_ms();

/// What wakes followers: a leader that resigns.
[[nodiscard]] std::string channel_of(const std::string& schema);

/// Thread-safe.
class Lease {
public:
    Lease(const ConnectOptions& options, std::chrono::milliseconds time)
        : channel_(channel_of(options.schema)),
          schema_(options.schema),
          name_(options.name),
          time_(time),
          asker_(options) {}
    ~Lease() { stop(); }

    /// Taken in the database for `epoch`, by a transaction that began at `asked_ms` and is durable. Renews from now on.
    void hold(std::uint64_t epoch, std::int64_t asked_ms);
    /// Holds no longer, and does not begin to renew again.
    void let_go();
    /// The same, and waits for a renewal that is under way.
    void stop();
    [[nodiscard]] bool holds() const { return boot_ms() < good_until_.load(std::memory_order_acquire); }

    Result<std::optional<Leader>> look();
    /// Ends the lease of `epoch` in the database.
    Result<void> give_up(std::uint64_t epoch);
    /// Says it in the name of this connection, where all servers, and administrators, see it; 0: no more.
    Result<void> doubt(std::uint64_t epoch);
    Result<bool> is_doubted(std::uint64_t epoch);

private:
    void renew(std::uint64_t epoch);
    [[nodiscard]] std::string doubter(std::uint64_t epoch) const;
    /// Until when a lease that was asked for at `asked_ms` may be relied on.
    [[nodiscard]] std::int64_t good_until(std::int64_t asked_ms) const;

    const std::string channel_;
    const std::string schema_;
    const std::string name_;
    const std::chrono::milliseconds time_;
    std::atomic<std::int64_t> good_until_ = 0;
    Asker asker_;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace gse::journal::pg
