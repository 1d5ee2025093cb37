#include "cli/commands.h"

#include <ostream>

namespace gse::cli {
namespace {

/// One line that is written over, in steps of a percent, or of 64 MiB where the end is not known.
Progress progress_line(Outside& outside, std::string_view doing) {
    if (!outside.shows_progress) return [](std::uint64_t, std::uint64_t) {};
    return [&outside, doing, shown = UINT64_MAX](std::uint64_t done, std::uint64_t total) mutable {
        const std::uint64_t step = total > 0 ? done * 100 / total : done >> 26;
        if (std::exchange(shown, step) == step) return;
        outside.err << (total > 0 ? fmt::format("\r{} {:3} % of {} MiB ", doing, step, total >> 20)
                                  : fmt::format("\r{} {} MiB ", doing, done >> 20))
                    << std::flush;
    };
}

int told(Outside& outside, std::string_view command, const Result<std::string>& done) {
    if (outside.shows_progress) outside.err << '\n';
    if (!done) {
        outside.err << fmt::format("gse {}: {}\n", command, done.error().message);
        return kFailed;
    }
    outside.out << *done;
    return kDone;
}

void add_backup(CLI::App& app, Chosen& chosen) {
    CLI::App* command = app.add_subcommand(
        "backup", "everything of a server in one file: journal, packages, keys, authority; it may be running");
    const auto wish = std::make_shared<BackupWish>();
    command->add_option("--data", wish->data, "the server's data folder, on this machine")->required();
    command->add_option("--to", wish->to, "file to write; must not exist")->required();
    command->add_flag_callback("--no-logs", [wish] { wish->logs = false; }, "leave out logs of sessions and instances");
    command->footer("\nExample:\n  gse backup --data /var/lib/gse --to /backup/gse-2026-01-31.tar.zst");
    command->callback([&chosen, wish] {
        chosen.name = "backup";
        chosen.plain = [wish](Outside& outside) {
            return told(outside, "backup", outside.servers.back_up(*wish, progress_line(outside, "copying")));
        };
    });
}

void add_restore(CLI::App& app, Chosen& chosen) {
    CLI::App* command = app.add_subcommand("restore", "makes a data folder of a backup; checks all of it first");
    const auto wish = std::make_shared<RestoreWish>();
    const auto check = std::make_shared<bool>(false);
    command->add_option("file", wish->file, "that gse backup wrote")->required();
    CLI::Option* data = command->add_option("--data", wish->data, "folder to make; must not exist, or be empty");
    CLI::Option* only = command->add_flag("--check", *check, "try everything beside the file, and keep nothing");
    data->excludes(only);
    command->footer("\nExample:\n  gse restore /backup/gse-2026-01-31.tar.zst --data /var/lib/gse");
    command->callback([&chosen, wish, check] {
        if (wish->data.empty() && !*check) throw CLI::RequiredError("--data, or --check");
        chosen.name = "restore";
        chosen.plain = [wish](Outside& outside) {
            return told(outside, "restore", outside.servers.restore(*wish, progress_line(outside, "unpacking")));
        };
    });
}

}  // namespace

void add_backup_commands(CLI::App& app, Chosen& chosen) {
    add_backup(app, chosen);
    add_restore(app, chosen);
}

}  // namespace gse::cli
