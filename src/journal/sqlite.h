/// The embedded journal: a chain of SQLite segment files and snapshot files in one directory of its own.
/// docs/journal-format.md describes the files and the rules of recovery.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "journal/background.h"
#include "journal/file_system.h"
#include "journal/journal.h"

namespace gse::journal {

struct SqliteOptions {
    path dir;
    /// Make the directory and a new journal in it if there is none; otherwise that is an error.
    bool create = false;
    /// The journal must belong to this deployment; empty accepts the one that is there, or draws a new name.
    std::string deployment;
    /// Noted in the identity file of a new journal, for people.
    WallTime created;
    /// A segment is closed when its database and write-ahead log reach this size together, and never exceeds twice
    /// of it plus one batch. The disk holds up to three such segments besides what the log needs.
    std::uint64_t segment_bytes = 64u << 20;
    FileSystem* files = nullptr;  ///< null is the real one
    std::string vfs;              ///< of SQLite; empty is the default one; must show the same files as `files`
    BackgroundMode background = BackgroundMode::Thread;
};

struct OpenedJournal {
    std::unique_ptr<Journal> journal;
    std::string deployment;
    /// For EngineOptions::still_leads, where others might lead; while `journal` lives.
    std::function<bool()> still_leads = {};
};

/// Locks the directory until the journal is destroyed. Errors: InUse (another server has it), NotFound (no journal
/// there and create is false), FailedOperation (damaged, foreign, disk). Nothing that is there is changed on error.
[[nodiscard]] Result<OpenedJournal> open_sqlite_journal(SqliteOptions options);

}  // namespace gse::journal
