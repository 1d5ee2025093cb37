#include "journal/paced_writes.h"

#include <utility>

namespace gse::journal {

PacedWrites::PacedWrites(sqlite3* db, const Rest& rest) {
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file_) != SQLITE_OK || file_ == nullptr ||
        file_->pMethods == nullptr) {
        file_ = nullptr;  // it is slower for the others then, not wrong
        return;
    }
    methods_.real = file_->pMethods;
    methods_.rest = &rest;
    static_cast<sqlite3_io_methods&>(methods_) = *methods_.real;
    methods_.xWrite = &PacedWrites::write;
    file_->pMethods = &methods_;
}

PacedWrites::~PacedWrites() {
    if (file_ != nullptr) file_->pMethods = methods_.real;
}

int PacedWrites::write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    auto& methods = const_cast<Methods&>(static_cast<const Methods&>(*file->pMethods));
    if (const int code = methods.real->xWrite(file, data, size, at); code != SQLITE_OK) return code;
    methods.unsynced += static_cast<std::size_t>(size);
    if (methods.unsynced < kSyncStepBytes) return SQLITE_OK;
    methods.unsynced = 0;
    const int code = methods.real->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    if (*methods.rest) (*methods.rest)();
    return code;
}

}  // namespace gse::journal
