/// Measures the SQLite journal on the disk of a directory: journal_bench [DIR] [SECONDS] [SEGMENT_MIB].
/// Prints its method, then one JSON document. Needs about 3 GB of room; the directory's journal is removed again.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/low_latency.h"
#include "journal/sqlite.h"

namespace gse::journal {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t kRecordBytes = 200;

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

class Ignore final : public Replay {
    Result<void> snapshot_slice(std::span<const std::byte>) override { return {}; }
    Result<void> entry(std::uint64_t, std::span<const std::byte>) override { return {}; }
};

template <class T>
T must(Result<T> result) {
    if (!result) {
        fmt::print(stderr, "{}\n", result.error().message);
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Run {
    std::size_t records_per_batch;
    double seconds;
    bool snapshots;
};

std::string measure(const path& dir, const Run& run, std::uint64_t segment_bytes) {
    std::filesystem::remove_all(dir);
    auto opened = must(open_sqlite_journal({.dir = dir, .create = true, .segment_bytes = segment_bytes}));
    Journal& journal = *opened.journal;
    Ignore ignore;
    must(journal.load(ignore));
    std::vector<std::byte> batch(run.records_per_batch * kRecordBytes);
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i] = static_cast<std::byte>(i * 2654435761u >> 13);

    std::atomic<std::uint64_t> durable = 0;
    std::atomic<bool> stop = false;
    std::uint64_t snapshots = 0;
    std::thread snapshotter;
    if (run.snapshots)
        snapshotter = std::thread([&] {
            const std::vector<std::byte> slice(256 << 10);
            while (!stop) {
                if (journal.bytes_since_snapshot() < 512u << 20) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(5));
                    continue;
                }
                auto writer = must(journal.begin_snapshot(durable));
                for (int i = 0; i < 800; ++i) must(writer->write(slice));  // 200 MiB
                must(writer->finish(durable));
                writer.reset();
                must(journal.trim());
                ++snapshots;
            }
        });

    std::vector<std::uint32_t> latency_us;
    latency_us.reserve(1 << 20);
    const double cpu_before = cpu_seconds();
    const auto begin = Steady::now();
    const auto end = begin + std::chrono::duration<double>(run.seconds);
    auto now = begin;
    for (std::uint64_t seq = 1; now < end; ++seq) {
        must(journal.append(seq, batch));
        durable = seq;
        const auto after = Steady::now();
        latency_us.push_back(
            static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(after - now).count()));
        now = after;
    }
    const double wall = std::chrono::duration<double>(now - begin).count();
    const double cpu = cpu_seconds() - cpu_before;
    stop = true;
    if (snapshotter.joinable()) snapshotter.join();

    const std::size_t commits = latency_us.size();
    std::ranges::sort(latency_us);
    const auto at = [&](double part) { return latency_us[static_cast<std::size_t>(part * (commits - 1))]; };
    const double records = static_cast<double>(commits * run.records_per_batch);
    opened.journal.reset();

    const auto load_begin = Steady::now();
    auto again = must(open_sqlite_journal({.dir = dir}));
    const LoadSummary summary = must(again.journal->load(ignore));
    const double load = std::chrono::duration<double>(Steady::now() - load_begin).count();
    again.journal.reset();
    std::filesystem::remove_all(dir);
    return fmt::format(
        R"({{"records_per_commit":{},"snapshots_and_trims":{},"seconds":{:.2f},"commits":{},"commits_per_s":{:.0f},)"
        R"("records_per_s":{:.0f},"mb":{:.0f},"cpu_us_per_commit":{:.1f},"p50_us":{},"p99_us":{},"p999_us":{},)"
        R"("max_us":{},"reload_entries":{},"reload_s":{:.3f}}})",
        run.records_per_batch, snapshots, wall, commits, static_cast<double>(commits) / wall, records / wall,
        records * kRecordBytes / 1e6, cpu / static_cast<double>(commits) * 1e6, at(0.5), at(0.99), at(0.999), at(1.0),
        summary.entries, load);
}

int run(int argc, char** argv) {
    prefer_low_latency();  // as the server's committer does
    const path dir = path(argc > 1 ? argv[1] : "/tmp") / fmt::format("journal-bench-{}", ::getpid());
    const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
    const std::uint64_t segment_bytes = static_cast<std::uint64_t>(argc > 3 ? std::atoi(argv[3]) : 64) << 20;
    fmt::print(
        "# Method: one thread appends batches of N records of {} bytes as fast as append() returns (each is "
        "then durable); latency is the time of one append();\n"
        "# the last run goes four times as long, with another thread that writes a 200 MiB snapshot and trims "
        "whenever 512 MiB were appended. Segments of {} MiB; reload is open + load, files cached.\n",
        kRecordBytes, segment_bytes >> 20);
    fmt::print("{{\"runs\":[\n");
    for (const std::size_t records : {1, 10, 100, 1000})
        fmt::print("{},\n", measure(dir, {records, seconds, false}, segment_bytes));
    fmt::print("{}\n]}}\n", measure(dir, {1000, 4 * seconds, true}, segment_bytes));
    return 0;
}

}  // namespace
}  // namespace gse::journal

int main(int argc, char** argv) { return gse::journal::run(argc, argv); }
