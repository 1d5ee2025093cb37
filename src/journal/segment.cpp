#include "journal/segment.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/rng.h"
#include "journal/crc32c.h"
#include "journal/identity.h"
#include "journal/journal.h"
#include "journal/wal_audit.h"

namespace gse::journal {
namespace {

constexpr std::uint32_t kApplicationId = 0x4753454a;  // "GSEJ"

std::uint32_t checksum_of(std::uint64_t seq, std::span<const std::byte> batch) {
    return crc32c(batch, crc32c(std::as_bytes(std::span(&seq, 1))));
}

struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

path with_suffix(path file, const char* suffix) { return file += suffix; }

std::uint32_t big_endian(const std::byte* at) {
    std::uint32_t value;
    std::memcpy(&value, at, 4);
    return __builtin_bswap32(value);
}

/// Looks at the first bytes of the file before SQLite may touch it.
Result<void> check_is_ours(FileSystem& files, const path& file) {
    std::byte head[100] = {};
    auto opened = TRY(files.open(file, OpenMode::Read));
    const std::size_t got = TRY(opened->read_at(0, head));
    if (got < sizeof head || std::memcmp(head, "SQLite format 3", 16) != 0 || big_endian(head + 68) != kApplicationId)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} is damaged or was not written by OpenGSE. Nothing was changed; move it away, or "
                                  "restore the data directory from a copy",
                                  file.string()));
    if (const auto version = big_endian(head + 60); version != kFormatVersion)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} has format {}, this program reads format {}; use the version of OpenGSE that "
                                  "wrote it",
                                  file.string(), version, kFormatVersion));
    return {};
}

/// With a head of its own, so that nothing that is still in it counts.
Result<void> take_spare_wal(const SegmentHome& home, const path& wal) {
    const path spare = home.dir / Segment::kSpareName;
    {
        const auto file = home.files.open(spare, OpenMode::ReadWrite);
        if (!file && file.error().code == ErrorCode::NotFound) return {};
        if (!file) return std::unexpected(file.error());
        TRY((*file)->write_at(0, fresh_wal_head(SystemRng().next())));
        TRY((*file)->sync());
    }
    return home.files.rename(spare, wal);
}

}  // namespace

std::string Segment::file_name(std::uint64_t number) { return fmt::format("log-{:012}.db", number); }

std::optional<std::uint64_t> Segment::parse_file_name(std::string_view name) {
    if (!name.starts_with("log-") || !name.ends_with(".db") || name.size() != 4 + 12 + 3) return std::nullopt;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data() + 4, name.data() + 16, number);
    if (error != std::errc{} || end != name.data() + 16 || number == 0) return std::nullopt;
    return number;
}

Result<void> Segment::create(const SegmentHome& home, std::uint64_t number) {
    const path temp = home.dir / kTempName;
    for (const char* suffix : {"", "-wal", "-journal"}) TRY(home.files.remove(with_suffix(temp, suffix)));
    TRY(home.files.open(temp, OpenMode::Create));  // for the owner only; SQLite's own files follow it
    {
        Segment segment(home, number);
        segment.file_ = temp;
        TRY(segment.connect());
        // Made under a temporary name and synced below, so SQLite's own care is not needed yet.
        TRY(segment.execute(fmt::format("PRAGMA page_size={}; PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"
                                        "PRAGMA application_id={}; PRAGMA user_version={};"
                                        "CREATE TABLE header(deployment TEXT NOT NULL, number INTEGER NOT NULL,"
                                        " opened INTEGER NOT NULL);"
                                        "CREATE TABLE log(seq INTEGER PRIMARY KEY, checksum INTEGER NOT NULL,"
                                        " batch BLOB NOT NULL);"
                                        "INSERT INTO header VALUES('{}', {}, 0);"
                                        "PRAGMA journal_mode=WAL",
                                        kPageBytes, kApplicationId, kFormatVersion, home.deployment, number)
                                .c_str()));
    }
    TRY(home.files.remove(with_suffix(temp, "-wal")));  // empty
    const auto made = TRY(home.files.open(temp, OpenMode::ReadWrite));
    TRY(made->sync());
    const path file = home.dir / file_name(number);
    TRY(home.files.remove(with_suffix(file, "-wal")));  // a stranger's frames must not meet the new database
    TRY(take_spare_wal(home, with_suffix(file, "-wal")));
    TRY(home.files.rename(temp, file));
    return home.files.sync_dir(home.dir);
}

Result<void> Segment::remove(const SegmentHome& home, std::uint64_t number) {
    const path file = home.dir / file_name(number);
    TRY(home.files.remove(file));
    return home.files.remove(with_suffix(file, "-wal"));
}

Result<void> Segment::retire_wal(const SegmentHome& home, std::uint64_t number, bool keep) {
    const path wal = with_suffix(home.dir / file_name(number), "-wal");
    if (!keep) return home.files.remove(wal);
    TRY(home.files.rename(wal, home.dir / kSpareName));
    // Before anything else is written to it: under its old name it would be read with the segment it came from.
    return home.files.sync_dir(home.dir);
}

Segment::Segment(const SegmentHome& home, std::uint64_t number)
    : home_(home), number_(number), file_(home.dir / file_name(number)) {}

Segment::~Segment() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
}

Result<void> Segment::connect() {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
    if (sqlite3_open_v2(file_.c_str(), &db_, flags, home_.vfs.empty() ? nullptr : home_.vfs.c_str()) != SQLITE_OK)
        return error("open");
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    // Replaces the automatic checkpoint: the live segment is only ever appended to.
    sqlite3_wal_hook(
        db_,
        [](void* self, sqlite3*, const char*, int frames) {
            const auto count = static_cast<std::uint64_t>(frames);
            static_cast<Segment*>(self)->wal_bytes_ = kWalHeadBytes + count * kWalFrameBytes;
            return SQLITE_OK;
        },
        this);
    // Exclusive: no shared-memory file; the directory's lock already keeps others out.
    return execute(
        "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
        "PRAGMA cell_size_check=ON; PRAGMA cache_size=-4096");
}

Result<std::unique_ptr<Segment>> Segment::open(const SegmentHome& home, std::uint64_t number) {
    std::unique_ptr<Segment> segment(new Segment(home, number));
    TRY(check_is_ours(home.files, segment->file_));
    const path wal = with_suffix(segment->file_, "-wal");
    TRY(audit_wal(home.files, wal));
    TRY(segment->connect());
    {
        const Statement header(TRY(segment->statement("SELECT deployment, number FROM header")));
        if (sqlite3_step(header.get()) != SQLITE_ROW) return segment->error("read the header of");
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(header.get(), 0));
        segment->deployment_ = text == nullptr ? "" : text;
        const auto stored = static_cast<std::uint64_t>(sqlite3_column_int64(header.get(), 1));
        if (!home.deployment.empty() && segment->deployment_ != home.deployment)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} belongs to deployment {}, this directory to {}. Nothing was changed; move "
                                      "the foreign file away and restore the right one",
                                      segment->file_.string(), segment->deployment_, home.deployment));
        if (stored != number)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} is segment {} under a wrong name; restore the names of the data directory",
                                      segment->file_.string(), stored));
    }
    const Statement range(TRY(segment->statement("SELECT min(seq), max(seq) FROM log")));
    if (sqlite3_step(range.get()) != SQLITE_ROW) return segment->error("read");
    segment->first_seq_ = static_cast<std::uint64_t>(sqlite3_column_int64(range.get(), 0));
    segment->last_seq_ = static_cast<std::uint64_t>(sqlite3_column_int64(range.get(), 1));
    TRY(segment->measure_database());
    const auto wal_file = TRY(home.files.open(wal, OpenMode::Read));
    segment->wal_bytes_ = TRY(wal_file->size());
    return segment;
}

// By SQLite's own count: opening and closing the file once more would drop the locks that SQLite holds on it.
Result<void> Segment::measure_database() {
    const Statement pages(TRY(statement("PRAGMA page_count")));
    if (sqlite3_step(pages.get()) != SQLITE_ROW) return error("measure");
    db_bytes_ = static_cast<std::uint64_t>(sqlite3_column_int64(pages.get(), 0)) * kPageBytes;
    return {};
}

Result<void> Segment::read(std::uint64_t after, const EntrySink& sink) {
    const Statement rows(TRY(statement("SELECT seq, checksum, batch FROM log WHERE seq > ? ORDER BY seq")));
    sqlite3_bind_int64(rows.get(), 1, static_cast<std::int64_t>(after));
    std::uint64_t expected = std::max(after + 1, first_seq_);
    for (;; ++expected) {
        const int code = sqlite3_step(rows.get());
        if (code == SQLITE_DONE) break;
        if (code != SQLITE_ROW) return error("read");
        const auto seq = static_cast<std::uint64_t>(sqlite3_column_int64(rows.get(), 0));
        const auto stored = static_cast<std::uint32_t>(sqlite3_column_int64(rows.get(), 1));
        const void* data = sqlite3_column_blob(rows.get(), 2);
        const std::span batch(static_cast<const std::byte*>(data),
                              static_cast<std::size_t>(sqlite3_column_bytes(rows.get(), 2)));
        if (seq != expected)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} is damaged: batch {} is missing. Nothing was changed; restore the data "
                                      "directory from a copy",
                                      file_.string(), expected));
        if (stored != checksum_of(seq, batch))
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} is damaged: wrong checksum of batch {}. Nothing was changed; restore the "
                                      "data directory from a copy",
                                      file_.string(), seq));
        TRY(sink(seq, batch));
    }
    if (last_seq_ > after && expected != last_seq_ + 1)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} is damaged: batch {} is missing. Nothing was changed; restore the data directory "
                                  "from a copy",
                                  file_.string(), expected));
    return {};
}

Result<void> Segment::check() {
    const Statement result(TRY(statement("PRAGMA quick_check(1)")));
    if (sqlite3_step(result.get()) != SQLITE_ROW) return error("check");
    const std::string text = reinterpret_cast<const char*>(sqlite3_column_text(result.get(), 0));
    if (text != "ok")
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} is damaged: {}. Nothing was changed; restore the data directory from a copy",
                                  file_.string(), text));
    return {};
}

Result<void> Segment::settle(const Rest& rest) { return checkpoint(SQLITE_CHECKPOINT_FULL, rest); }

Result<void> Segment::checkpoint(int mode, const Rest& rest) {
    int frames = 0;
    int moved = 0;
    const PacedWrites paced(db_, rest);
    if (sqlite3_wal_checkpoint_v2(db_, nullptr, mode, &frames, &moved) != SQLITE_OK) return error("settle");
    wal_bytes_ = 0;
    return measure_database();
}

Result<void> Segment::prepare(std::uint64_t wal_bytes, const Rest& rest) {
    // Begun again in place, its head could be torn while what is behind it still looks whole.
    if (last_seq_ != 0) TRY(checkpoint(SQLITE_CHECKPOINT_TRUNCATE, rest));
    insert_ = TRY(statement("INSERT INTO log(seq, checksum, batch) VALUES(?, ?, ?)"));
    TRY(execute("UPDATE header SET opened = opened + 1"));
    // The file is SQLite's, but it looks at no byte behind its last frame, nor at the size; and unlike the database
    // it carries no locks that closing a second descriptor would drop.
    auto wal = TRY(home_.files.open(with_suffix(file_, "-wal"), OpenMode::ReadWrite));
    const std::vector<std::byte> zeros(kSyncStepBytes);
    for (std::uint64_t at = TRY(wal->size()); at < wal_bytes; at += zeros.size()) {
        TRY(wal->write_at(at, std::span(zeros).first(std::min<std::uint64_t>(zeros.size(), wal_bytes - at))));
        TRY(wal->sync());
        if (rest) rest();
    }
    return {};
}

Result<void> Segment::append(std::uint64_t seq, std::span<const std::byte> batch) {
    static constexpr std::byte kNothing{};
    sqlite3_bind_int64(insert_, 1, static_cast<std::int64_t>(seq));
    sqlite3_bind_int64(insert_, 2, checksum_of(seq, batch));
    sqlite3_bind_blob64(insert_, 3, batch.empty() ? &kNothing : batch.data(), batch.size(), SQLITE_STATIC);
    const int code = sqlite3_step(insert_);
    if (code != SQLITE_DONE) {
        auto failed = error("append to");
        sqlite3_reset(insert_);
        return failed;
    }
    sqlite3_reset(insert_);
    sqlite3_bind_null(insert_, 3);
    if (first_seq_ == 0) first_seq_ = seq;
    last_seq_ = seq;
    return {};
}

Result<void> Segment::execute(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error("prepare");
    return {};
}

Result<sqlite3_stmt*> Segment::statement(const char* sql) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) != SQLITE_OK) return error("read");
    return made;
}

std::unexpected<Error> Segment::error(std::string_view operation) const {
    const int code = sqlite3_extended_errcode(db_);
    const int number = db_ == nullptr ? 0 : sqlite3_system_errno(db_);
    std::string reason = sqlite3_errmsg(db_);
    if (number != 0) reason += fmt::format(", {}", std::strerror(number));
    const bool damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    const bool full = (code & 0xff) == SQLITE_FULL || number == ENOSPC || number == EDQUOT;
    return refuse(full ? ErrorCode::Insufficient : ErrorCode::FailedOperation,
                  fmt::format("cannot {} {}: {} (SQLite {}){}", operation, file_.string(), reason, code,
                              damaged ? ". Nothing was changed; restore the data directory from a copy" : ""));
}

}  // namespace gse::journal
