#include "main/backup_words.h"

#include <fmt/format.h>

#include "backup/restore.h"
#include "base/size_text.h"

namespace gse {

Result<std::string> back_up(const cli::BackupWish& wish, const cli::Progress& progress) {
    const auto done = TRY(backup::back_up(
        {.data = wish.data, .to = wish.to, .logs = wish.logs, .now = SystemClock().wall(), .progress = progress}));
    std::string text = fmt::format(
        "{}: deployment {} through batch {}, {} package{}, {} files of {}, packed to {}. It holds the keys: "
        "keep it as safe as the data folder\n",
        wish.to.string(), done.deployment, done.seq, done.packages, done.packages == 1 ? "" : "s", done.files,
        size_text(done.bytes), size_text(done.archive_bytes));
    for (const std::string& warning : done.warnings) text += fmt::format("warning: {}\n", warning);
    return text;
}

Result<std::string> restore(const cli::RestoreWish& wish, const cli::Progress& progress) {
    const auto done =
        TRY(backup::restore({.file = wish.file, .data = wish.data, .now = SystemClock().wall(), .progress = progress}));
    const backup::Manifest& of = done.manifest;
    const std::string what =
        fmt::format("deployment {} as of {}, batch {}, written by gse {}: {} files of {}", of.deployment, of.created,
                    of.seq, of.version, of.files.size(), size_text(done.bytes));
    if (wish.data.empty()) return fmt::format("{} is good: {}\n", wish.file.string(), what);
    return fmt::format("{} holds {}.\nStart the server on it, and see that no other one runs as this deployment\n",
                       wish.data.string(), what);
}

}  // namespace gse
