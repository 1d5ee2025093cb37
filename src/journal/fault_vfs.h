/// SQLite on a FaultDisk.
#pragma once

#include <string>

#include "journal/fault_disk.h"

struct sqlite3_vfs;  // NOLINT(readability-identifier-naming): SQLite names it

namespace gse::journal {

/// A VFS of SQLite, registered under name() until destroyed; every connection on it must be closed before.
/// It behaves like the unix one towards the disk: the first sync of a new write-ahead log or rollback journal also
/// syncs the directory. Only exclusive locking mode works: there is no shared memory.
class FaultVfs {
public:
    explicit FaultVfs(FaultDisk& disk);
    ~FaultVfs();
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    std::string name_;
    std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace gse::journal
