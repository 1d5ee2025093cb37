/// What a benchmark found, and how it is told.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http_load.h"

namespace gse::bench {

struct Figures {
    std::string name;
    std::string unit = "requests";  ///< what per_second counts
    double per_second = 0;
    double p50_ms = 0;
    double p99_ms = 0;
    double p999_ms = 0;
    std::uint64_t errors = 0;
    double cpu_us_per_op = 0;         ///< of the server process and its database, user and system
    std::uint64_t rss_bytes = 0;      ///< of the server process at the end
    bool durable = true;              ///< answered after the sync
    double ratio_to_ceiling = 0;      ///< of per_second; 0: there is nothing to compare with
    double cpu_ratio_to_ceiling = 0;  ///< of what a CPU-second does: does not depend on what else the machine does
    // Not in the JSON.
    double server_cores = 0;    ///< busy, on average, the database's included
    double database_cores = 0;  ///< of these
    double generator_cores = 0;
    std::string method;
    std::string first_error;
    std::uint64_t late = 0;  ///< refused as they should be
    std::uint64_t shed = 0;
    double shed_per_second = 0;
    double shed_p50_ms = 0;
    double shed_p99_ms = 0;
    double sent_p50_ms = 0;  ///< from when they were sent, see LoadResult
    double sent_p99_ms = 0;
    double shed_sent_p50_ms = 0;
    double shed_sent_p99_ms = 0;
    double least_done = 0;  ///< by one connection, and by another; see LoadResult
    double most_done = 0;
    double settled_s = 0;
    double bytes_per_thing = 0;  ///< where memory is what is measured
    std::string note;            ///< one more line for people
};

/// CPU time and memory of a process, from /proc.
[[nodiscard]] double cpu_s_of(pid_t pid);
/// With its children, those that have ended included.
[[nodiscard]] double family_cpu_s_of(pid_t pid);
[[nodiscard]] std::uint64_t rss_bytes_of(pid_t pid);
/// The most it ever was.
[[nodiscard]] std::uint64_t peak_rss_bytes_of(pid_t pid);

/// The value of a series without labels in the text of /metrics; 0: it is not there.
[[nodiscard]] double metric(std::string_view text, std::string_view name);

/// Runs the load against the server process `pid` and reads its clocks around it. `per_request`: what one request
/// counts for, as 25 players of a batch. `database`: a process whose family works for the server and counts with it; 0:
/// there is none.
[[nodiscard]] Result<Figures> measure(std::string name, pid_t pid, const LoadShape& shape, Traffic& traffic,
                                      double per_request = 1, pid_t database = 0);

/// One line of a table for people; header() is the line above.
[[nodiscard]] std::string header();
[[nodiscard]] std::string row(const Figures& figures);
[[nodiscard]] std::string to_json(const Figures& figures);
/// The same as one line of the table in docs/performance.md.
[[nodiscard]] std::string to_markdown(const Figures& figures);
/// The figures with the median per_second, errors of all added up.
[[nodiscard]] Figures median(std::vector<Figures> runs);
/// Behind what is said already.
void add_note(Figures& figures, std::string_view more);
/// Fills in the ratios.
void compare(Figures& figures, const Figures& ceiling);

}  // namespace gse::bench
