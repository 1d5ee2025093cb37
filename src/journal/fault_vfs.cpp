#include "journal/fault_vfs.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace gse::journal {
namespace {

struct VfsFile {
    sqlite3_file base;
    FaultDisk* disk;
    FaultFile* file;
    bool sync_names;  // at the next sync
};

VfsFile* self(sqlite3_file* file) { return reinterpret_cast<VfsFile*>(file); }
FaultDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<FaultDisk*>(vfs->pAppData); }

/// What errno is to SQLite's own VFS.
thread_local int last_errno = 0;

int failed(const Error& error, int code) {
    last_errno = error.code == ErrorCode::Insufficient ? ENOSPC : EIO;
    return code;
}
int failed_write(const Error& error, int code) {
    return failed(error, error.code == ErrorCode::Insufficient ? SQLITE_FULL : code);
}

int close_file(sqlite3_file* file) {
    delete self(file)->file;
    self(file)->file = nullptr;
    return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* out, int length, sqlite3_int64 offset) {
    const std::span bytes(static_cast<std::byte*>(out), static_cast<std::size_t>(length));
    const auto got = self(file)->file->read_at(static_cast<std::uint64_t>(offset), bytes);
    if (!got) return SQLITE_IOERR_READ;
    if (*got == bytes.size()) return SQLITE_OK;
    std::memset(bytes.data() + *got, 0, bytes.size() - *got);
    return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* in, int length, sqlite3_int64 offset) {
    const std::span bytes(static_cast<const std::byte*>(in), static_cast<std::size_t>(length));
    const auto done = self(file)->file->write_at(static_cast<std::uint64_t>(offset), bytes);
    return done ? SQLITE_OK : failed_write(done.error(), SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    const auto done = self(file)->file->truncate(static_cast<std::uint64_t>(size));
    return done ? SQLITE_OK : failed(done.error(), SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* file, int) {
    VfsFile* f = self(file);
    if (auto done = f->file->sync(); !done) return failed(done.error(), SQLITE_IOERR_FSYNC);
    if (f->sync_names)
        if (auto done = f->disk->sync_dir({}); !done) return failed(done.error(), SQLITE_IOERR_DIR_FSYNC);
    f->sync_names = false;
    return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* out) {
    const auto size = self(file)->file->size();
    if (!size) return SQLITE_IOERR_FSTAT;
    *out = static_cast<sqlite3_int64>(*size);
    return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; },
    .xCheckReservedLock =
        [](sqlite3_file*, int* out) {
            *out = 0;
            return SQLITE_OK;
        },
    .xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; },
    .xSectorSize = [](sqlite3_file*) { return 4096; },
    .xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; },
};

int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
    VfsFile* f = self(file);
    f->base.pMethods = nullptr;
    if (name == nullptr) return SQLITE_CANTOPEN;  // temporary files live in memory
    FaultDisk& disk = disk_of(vfs);
    auto opened = disk.open(name, OpenMode::ReadWrite);
    if (!opened && opened.error().code == ErrorCode::NotFound && (flags & SQLITE_OPEN_CREATE) != 0)
        opened = disk.open(name, OpenMode::Create);
    if (!opened) return failed(opened.error(), SQLITE_CANTOPEN);
    f->disk = &disk;
    f->file = static_cast<FaultFile*>(opened->release());
    f->sync_names = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    f->base.pMethods = &kMethods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_dir) {
    if (!disk_of(vfs).remove(name)) return SQLITE_IOERR_DELETE;
    if (sync_dir != 0 && !disk_of(vfs).sync_dir({})) return SQLITE_IOERR_DIR_FSYNC;
    return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* out) {
    const auto names = disk_of(vfs).list({});
    if (!names) return SQLITE_IOERR_ACCESS;
    *out = std::ranges::count(*names, path(name).filename().string()) > 0 ? 1 : 0;
    return SQLITE_OK;
}

int full_name(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

}  // namespace

FaultVfs::FaultVfs(FaultDisk& disk) {
    static std::atomic<std::uint64_t> counter = 0;
    name_ = fmt::format("gse-fault-{}", ++counter);
    const sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
    vfs_ = std::make_unique<sqlite3_vfs>();
    vfs_->iVersion = 1;
    vfs_->szOsFile = sizeof(VfsFile);
    vfs_->mxPathname = 512;
    vfs_->zName = name_.c_str();
    vfs_->pAppData = &disk;
    vfs_->xOpen = open_file;
    vfs_->xDelete = delete_file;
    vfs_->xAccess = access_file;
    vfs_->xFullPathname = full_name;
    vfs_->xRandomness = real->xRandomness;
    vfs_->xSleep = real->xSleep;
    vfs_->xCurrentTime = real->xCurrentTime;
    vfs_->xGetLastError = [](sqlite3_vfs*, int, char*) { return last_errno; };
    sqlite3_vfs_register(vfs_.get(), 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(vfs_.get()); }

}  // namespace gse::journal
