/// The command line program as a function of its arguments and of what it may touch outside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "cli/api.h"
#include "cli/connection.h"
#include "config/config.h"

namespace gse::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;  ///< refused by the server, or it could not be done
inline constexpr int kUsage = 2;   ///< the command line makes no sense

/// One thing that `gse doctor` looked at.
struct Finding {
    enum class Grade : std::uint8_t { Good, Doubtful, Bad };
    Grade grade = Grade::Good;
    std::string what;    ///< `disk space`
    std::string found;   ///< in one line
    std::string advice;  ///< what to do; empty when it is good
};

/// Each end is a data folder, or a connection string of PostgreSQL.
struct JournalCopy {
    std::string from;
    std::string to;
    std::string schema = "gse";
};

/// `gse backup`.
struct BackupWish {
    std::filesystem::path data;
    std::filesystem::path to;
    bool logs = true;
};
/// `gse restore`.
struct RestoreWish {
    std::filesystem::path file;
    std::filesystem::path data;  ///< empty: it is only checked
};
/// Shows how far something is: bytes done, and of how many; 0: nobody knows.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// What is done on this machine, not asked of a server; each of the first three returns the exit code.
struct Servers {
    std::function<int(const config::Config&)> dev;
    std::function<int(const config::Config&)> server;
    std::function<int(const config::Config&)> agent;
    /// What `gse doctor` looks at on this machine.
    std::function<std::vector<Finding>(const config::Config&)> examine_host;
    /// `gse journal copy`; says on the stream what it does.
    std::function<Result<void>(const JournalCopy&, std::ostream&)> copy_journal;
    /// What was done, in sentences.
    std::function<Result<std::string>(const BackupWish&, const Progress&)> back_up = {};
    std::function<Result<std::string>(const RestoreWish&, const Progress&)> restore = {};
    /// `gse objects copy`; says on the stream what it does.
    std::function<Result<void>(const config::Config&, bool to_s3, std::ostream&)> copy_objects = {};
};

struct Outside {
    std::ostream& out;
    std::ostream& err;
    std::istream& in;
    Environment environment;
    std::function<Result<std::unique_ptr<Api>>(const Connection&)> connect;
    const Clock& clock;
    std::function<void(Millis)> pause;  ///< between two looks of `fleet wait`
    Servers servers;
    std::function<void()> note_interrupts = [] {};             ///< from now on Ctrl-C is only noted, once
    std::function<bool()> interrupted = [] { return false; };  ///< it was
    bool shows_progress = false;                               ///< `err` is a person's screen
};

/// `arguments` without the program's name. Answers and tables go to `out`, all else to `err`.
int run(std::span<const std::string> arguments, Outside& outside);

}  // namespace gse::cli
