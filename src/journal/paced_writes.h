/// Work of the background beside the commits of the live segment, which it must not hold up. A disk that flushes a
/// large piece keeps everybody waiting who wants something flushed meanwhile: 64 MiB at once held commits up for 110
/// ms, the same in steps for 3. And steps without a rest between them take a core for themselves.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <functional>

namespace gse::journal {

/// Whatever is no commit is synced each time it has written so much.
inline constexpr std::size_t kSyncStepBytes = 256 << 10;

/// Called after each such step; takes as long as it likes.
using Rest = std::function<void()>;

/// While this lives, what SQLite writes into the database file of the connection is synced step by step: a checkpoint
/// writes all of it before its first sync. The connection's thread only; the connection and
/// `rest` outlive it.
class PacedWrites {
public:
    PacedWrites(sqlite3* db, const Rest& rest);
    ~PacedWrites();
    PacedWrites(const PacedWrites&) = delete;
    PacedWrites& operator=(const PacedWrites&) = delete;

private:
    struct Methods : sqlite3_io_methods {
        const sqlite3_io_methods* real = nullptr;
        const Rest* rest = nullptr;
        std::size_t unsynced = 0;
    };
    static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at);

    sqlite3_file* file_ = nullptr;
    Methods methods_{};
};

}  // namespace gse::journal
