/// One segment of the log: a SQLite database `log-<number>.db` and its write-ahead log.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "journal/file_system.h"
#include "journal/paced_writes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace gse::journal {

/// Where segments live and whose they are.
struct SegmentHome {
    FileSystem& files;
    path dir;
    std::string vfs;  ///< of SQLite; empty is the default one
    std::string deployment;
};

using EntrySink = std::function<Result<void>(std::uint64_t, std::span<const std::byte>)>;

/// Closing never checkpoints: what is not settled is recovered from the write-ahead log.
/// One thread at a time, any thread.
class Segment {
public:
    /// `log-<number>.db`, 12 digits.
    [[nodiscard]] static std::string file_name(std::uint64_t number);
    /// nullopt for every name that file_name() would not give.
    [[nodiscard]] static std::optional<std::uint64_t> parse_file_name(std::string_view name);
    static constexpr char kTempName[] = "segment.tmp";
    /// The write-ahead log of a segment that was settled, for the next one to overwrite: its blocks exist already.
    static constexpr char kSpareName[] = "spare.wal";

    /// An empty segment, durable under its name when it returns. Takes the spare write-ahead log, if there is one.
    static Result<void> create(const SegmentHome& home, std::uint64_t number);
    /// Refuses, without writing to it, a file that is damaged, not ours, or of another deployment.
    /// An empty home.deployment accepts every deployment.
    static Result<std::unique_ptr<Segment>> open(const SegmentHome& home, std::uint64_t number);
    static Result<void> remove(const SegmentHome& home, std::uint64_t number);
    /// The write-ahead log of a segment that was settled and closed goes, or becomes the spare one.
    static Result<void> retire_wal(const SegmentHome& home, std::uint64_t number, bool keep);

    ~Segment();
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;

    [[nodiscard]] const std::string& deployment() const { return deployment_; }
    /// Both 0 if the segment holds nothing.
    [[nodiscard]] std::uint64_t first_seq() const { return first_seq_; }
    [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }
    [[nodiscard]] std::uint64_t number() const { return number_; }
    /// Bytes of database and write-ahead log; what was laid down ahead counts only until the first append.
    [[nodiscard]] std::uint64_t bytes() const { return db_bytes_ + wal_bytes_; }
    /// Whether the write-ahead log may hold what settle() would move.
    [[nodiscard]] bool has_wal() const { return wal_bytes_ > 0; }

    /// Entries after `after`, ascending. Every seq must be there and every checksum right.
    Result<void> read(std::uint64_t after, const EntrySink& sink);
    /// A structural check of the whole file; finds what would make rows disappear.
    Result<void> check();
    /// Moves everything from the write-ahead log into the database, durably; the last thing that is done to it.
    Result<void> settle(const Rest& rest = {});
    /// Empties the write-ahead log, then makes the first append as cheap as the others: commits once, so that the
    /// write-ahead log exists durably, and lays down zeros to `wal_bytes`, so that commits overwrite instead of growing
    /// the file.
    Result<void> prepare(std::uint64_t wal_bytes, const Rest& rest = {});
    /// Durable when it returns.
    Result<void> append(std::uint64_t seq, std::span<const std::byte> batch);

private:
    Segment(const SegmentHome& home, std::uint64_t number);
    Result<void> connect();
    Result<void> execute(const char* sql);
    Result<void> checkpoint(int mode, const Rest& rest);
    Result<void> measure_database();
    [[nodiscard]] std::unexpected<Error> error(std::string_view operation) const;
    Result<sqlite3_stmt*> statement(const char* sql);

    const SegmentHome& home_;
    std::uint64_t number_;
    path file_;
    std::string deployment_;
    sqlite3* db_ = nullptr;
    sqlite3_stmt* insert_ = nullptr;
    std::uint64_t first_seq_ = 0;
    std::uint64_t last_seq_ = 0;
    std::uint64_t db_bytes_ = 0;
    std::uint64_t wal_bytes_ = 0;
};

}  // namespace gse::journal
