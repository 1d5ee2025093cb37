// gse-demo: starts a real deployment, plays the main job with real players, and checks every step. See docs/demo.md.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "base/temp_folder.h"
#include "script.h"
#include "stay.h"
#include "stop.h"

namespace gse::demo {
namespace {

/// True when everything held.
bool play(const Programs& programs, Show& show, Stage stage, bool keep, bool verbose) {
    auto folder = TempFolder::make("gse-demo");
    if (!folder) {
        show.bad(folder.error().message);
        return false;
    }
    adopt_orphans();  // whatever is left at the end is found
    bool good = false;
    {
        Script script{programs, folder->path(), show, stage};
        const Result<bool> done = script.run(verbose);
        good = done.value_or(false);
        if (!done) show.bad(done.error().message);
        if (!good && !show.interrupted()) script.explain();
    }
    if (keep || !(good || show.interrupted())) {
        folder->keep();
        show.say(fmt::format("everything is kept in {}", folder->path().string()));
    }
    show.step(fmt::format("{} in {:.0f} s",
                          good                 ? "everything held"
                          : show.interrupted() ? "interrupted, all of it stopped"
                                               : "FAILED",
                          static_cast<double>(show.elapsed().count()) / 1000));
    return good;
}

int run(int argc, char** argv) {
    CLI::App app{
        "Update without downtime, with real processes and players: the main job of OpenGSE, watched and checked."};
    bool keep = false, verbose = false, staying = false, any_port = false;
    std::string data, journal = "sqlite";
    Stage stage;
    app.add_flag("--keep", keep, "keep the folder with data and logs, also when everything held");
    app.add_flag("--verbose", verbose, "print every API call");
    auto* stay_flag =
        app.add_flag("--stay", staying, "start the same system, print what to try, and stay until Ctrl-C");
    app.add_option("--data", data, "folder of --stay; default " + default_data_folder().string())->needs(stay_flag);
    app.add_flag("--any-port", any_port, "with --stay: take ports that are free, not 8080 and 5758")->needs(stay_flag);
    auto* journal_option = app.add_option("--journal", journal, "where the state lives: sqlite (gse dev), or postgres")
                               ->check(CLI::IsMember({"sqlite", "postgres"}))
                               ->excludes(stay_flag);
    auto* servers_option =
        app.add_option("--servers", stage.servers, "with --journal postgres: so many servers; default 3")
            ->check(CLI::Range(2, 5))
            ->needs(journal_option);
    app.add_flag("--kill-leader", stage.kill_leader, "with several servers: kill -9 the one that leads in the middle")
        ->needs(journal_option);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }

    if (journal == "postgres" && servers_option->count() == 0) stage.servers = 3;
    if (journal == "sqlite") stage = {};

    hold_stop_signals();
    Show show{isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr};
    const Result<Programs> programs = find_programs();
    if (!programs) {
        show.bad(programs.error().message);
        return 1;
    }
    if (!staying) return play(*programs, show, stage, keep, verbose) ? 0 : 1;
    const Result<void> stayed = stay(*programs, data.empty() ? default_data_folder() : std::filesystem::path{data},
                                     any_port ? Ports::Any : Ports::Usual, show);
    if (!stayed) show.bad(stayed.error().message);
    return stayed ? 0 : 1;
}

}  // namespace
}  // namespace gse::demo

int main(int argc, char** argv) { return gse::demo::run(argc, argv); }
