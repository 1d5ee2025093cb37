// gse-bench: measures a real server on this machine. See docs/performance.md.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "cases.h"
#include "ceiling_server.h"
#include "e2e/deployment.h"
#include "table.h"

namespace gse::bench {
namespace {

constexpr std::size_t kPageBytesMax = 4 << 20;

std::string machine() {
    std::ifstream info("/proc/cpuinfo");
    std::string model = "unknown processor";
    for (std::string line; std::getline(info, line);)
        if (line.starts_with("model name")) {
            model = line.substr(line.find(':') + 2);
            break;
        }
    std::ifstream load("/proc/loadavg");
    std::string average;
    load >> average;
    return fmt::format("{} x {}, load average {} before the start; server, load generator and simulated hosts share it",
                       std::thread::hardware_concurrency(), model, average);
}

int run(int argc, char** argv) {
    CLI::App app{"Benchmarks of OpenGSE against a real server with the settings users run."};
    Options options;
    options.self = std::filesystem::read_symlink("/proc/self/exe");
    std::vector<std::string> names;
    std::string json, table, ceiling_data;
    std::string list;
    for (const Case& one : cases()) list += fmt::format("\n  {:<12} {}", one.name, one.about);
    app.add_option("names", names, "which ones; without a name all but soak and growth:" + list);
    app.add_option("--json", json, "write the figures there, as a JSON array");
    app.add_option("--seconds", options.seconds, "of each counted run");
    app.add_option("--warm-up", options.warm_up_s, "seconds before it");
    app.add_option("--rounds", options.rounds, "runs, taking turns with the yardstick; the median counts");
    app.add_option("--connections", options.connections, "of the load generator; else what the case names");
    app.add_option("--pipeline", options.pipeline, "requests under way on each connection");
    app.add_option("--rate", options.rate, "requests a second; else as fast as answers come");
    app.add_option("--processes", options.processes, "simulated game processes, where the case has many");
    app.add_option("--set", options.settings, "key=value of the server's configuration, to try it out");
    app.add_option("--players", options.players, "player sessions of hold and restart");
    app.add_option("--hosts", options.hosts, "agents of agents");
    std::string journal = "sqlite";
    app.add_option("--journal", journal,
                   "postgres: join, join-batch and create also with the journal in a PostgreSQL that is started for "
                   "them, taking turns")
        ->check(CLI::IsMember({"sqlite", "postgres"}));
    app.add_option("--minutes", options.minutes, "that soak lasts");
    app.add_option("--graphs", options.graphs, "folder that soak and growth draw their graphs into, as SVG");
    app.add_option("--table", table, "page whose table of figures gets these, such as docs/performance.md");
    app.add_option("--ceiling-server", ceiling_data, "serve as the yardstick, with data in this folder")->group("");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    spdlog::set_level(spdlog::level::err);  // the hosts' links come and go
    options.postgres = journal == "postgres";
    if (!ceiling_data.empty()) return run_ceiling_server(ceiling_data, e2e::kSecretId, e2e::kSecretKey);

    for (const std::string& name : names)
        if (std::none_of(cases().begin(), cases().end(), [&](const Case& one) { return one.name == name; })) {
            std::fprintf(stderr, "there is no benchmark '%s'; these are:%s\n", name.c_str(), list.c_str());
            return 2;
        }
    std::printf("%s\n", machine().c_str());
    if (!options.settings.empty())
        std::printf("not the defaults: %s\n", fmt::format("{}", fmt::join(options.settings, " ")).c_str());
    std::vector<std::string> objects;
    std::vector<std::pair<std::string, std::string>> rows;
    bool good = true;
    for (const Case& one : cases()) {
        if (names.empty() && !one.by_default) continue;
        if (!names.empty() && std::find(names.begin(), names.end(), one.name) == names.end()) continue;
        auto found = one.run(options);
        if (!found) {
            std::fprintf(stderr, "%s: %s\n", std::string(one.name).c_str(), found.error().message.c_str());
            good = false;
            continue;
        }
        // What was asked for otherwise than the case does it is another figure.
        for (Figures& figures : *found) {
            if (options.rate > 0) figures.name += fmt::format(", {:.0f}/s", options.rate);
            if (options.pipeline > 1) figures.name += fmt::format(", {} under way", options.pipeline);
        }
        std::printf("\n%s: %s\n%s\n", std::string(one.name).c_str(), std::string(one.about).c_str(), header().c_str());
        for (const Figures& figures : *found) {
            std::printf("%s\n", row(figures).c_str());
            objects.push_back(to_json(figures));
            rows.emplace_back(figures.name, to_markdown(figures));
        }
        for (const Figures& figures : *found) {
            std::printf("  %s: %s\n", figures.name.c_str(), figures.method.c_str());
            if (!figures.note.empty()) std::printf("  %s\n", figures.note.c_str());
            if (!figures.first_error.empty())
                std::printf("  first error: %s\n", figures.first_error.substr(0, 400).c_str());
            std::printf("%s\n", to_json(figures).c_str());
            good = good && figures.errors == 0;
        }
        std::fflush(stdout);
    }
    if (!table.empty()) {
        const auto page = read_file(table, kPageBytesMax);
        const auto filled = page ? with_rows(*page, rows) : page;
        if (!filled || !(std::ofstream(table) << *filled << std::flush)) {
            std::fprintf(stderr, "%s: %s\n", table.c_str(),
                         filled ? "cannot be written" : filled.error().message.c_str());
            good = false;
        }
    }
    if (!json.empty()) std::ofstream(json) << fmt::format("[{}]\n", fmt::join(objects, ",\n "));
    return good ? 0 : 1;
}

}  // namespace
}  // namespace gse::bench

int main(int argc, char** argv) { return gse::bench::run(argc, argv); }
