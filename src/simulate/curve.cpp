#include "simulate/curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "simulate/wrong_input.h"

namespace gse::simulate {
namespace {

constexpr std::size_t kRowsMax = 50'000;
constexpr double kMinutesMax = 31.0 * 24 * 60;
constexpr double kRateMax = 1e6;
constexpr double kConcurrentMax = 1e7;
constexpr double kSessionMinutesMax = 7.0 * 24 * 60;
constexpr double kSessionsMax = 5e6;

std::unexpected<Error> wrong_line(std::size_t line, std::string_view message) {
    return wrong(fmt::format("line {}: {}", line, message));
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> cells_of(std::string_view line) {
    std::vector<std::string_view> cells;
    for (std::size_t at = 0; at <= line.size();) {
        const std::size_t end = std::min(line.find(',', at), line.size());
        cells.push_back(trimmed(line.substr(at, end - at)));
        at = end + 1;
    }
    return cells;
}

std::optional<double> number_of(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

/// Minutes, or HH:MM.
std::optional<double> minutes_of(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return number_of(text);
    const auto hours = number_of(text.substr(0, colon)), minutes = number_of(text.substr(colon + 1));
    if (!hours || !minutes || *minutes < 0 || *minutes >= 60 || *hours != std::floor(*hours)) return std::nullopt;
    return *hours * 60 + *minutes;
}

struct Columns {
    static constexpr std::size_t kNone = SIZE_MAX;
    std::size_t time = kNone, rate = kNone, concurrent = kNone, length = kNone;
    std::size_t count = 0;
};

Result<Columns> read_head(std::size_t line, std::string_view text) {
    Columns columns;
    for (const std::string_view name : cells_of(text)) {
        std::size_t* column = name == "time"                  ? &columns.time
                              : name == "sessions_per_minute" ? &columns.rate
                              : name == "concurrent_sessions" ? &columns.concurrent
                              : name == "session_minutes"     ? &columns.length
                                                              : nullptr;
        if (!column)
            return wrong_line(line, fmt::format("there is no column '{}'; the columns are time, sessions_per_minute or "
                                                "concurrent_sessions, and session_minutes",
                                                name.substr(0, kShown)));
        if (*column != Columns::kNone) return wrong_line(line, fmt::format("column '{}' is there twice", name));
        *column = columns.count++;
    }
    if (columns.time == Columns::kNone) return wrong_line(line, "the column 'time' is missing");
    if ((columns.rate == Columns::kNone) == (columns.concurrent == Columns::kNone))
        return wrong_line(line, "there must be one of the columns 'sessions_per_minute' and 'concurrent_sessions'");
    return columns;
}

struct Row {
    std::size_t line = 0;
    double minute = 0;
    double load = 0;  ///< a rate or a number of sessions
    double length = 0;
};

Result<double> read_cell(std::size_t line, std::string_view name, std::string_view text, double min, double max) {
    const auto value = number_of(text);
    if (!value || *value < min || *value > max)
        return wrong_line(
            line, fmt::format("{} is '{}'; it must be a number from {} to {}", name, text.substr(0, kShown), min, max));
    return *value;
}

Result<Row> read_row(std::size_t line, std::string_view text, const Columns& columns, double session_minutes,
                     const Row* before) {
    const auto cells = cells_of(text);
    if (cells.size() != columns.count)
        return wrong_line(line, fmt::format("there are {} values, and {} columns", cells.size(), columns.count));
    Row row{.line = line, .length = session_minutes};
    const std::string_view time = cells[columns.time];
    const auto minute = minutes_of(time);
    if (!minute || *minute < 0 || *minute > kMinutesMax)
        return wrong_line(line,
                          fmt::format("time is '{}'; it must be minutes, or hours and minutes as 18:30, up to 31 days",
                                      time.substr(0, kShown)));
    row.minute = *minute;
    if (!before && row.minute != 0) return wrong_line(line, "the first row's time must be 0");
    if (before && row.minute <= before->minute)
        return wrong_line(line, fmt::format("time {} is not after line {}'s; count on beyond 24:00 for another day",
                                            time.substr(0, kShown), before->line));
    const bool rates = columns.rate != Columns::kNone;
    row.load = rates ? TRY(read_cell(line, "sessions_per_minute", cells[columns.rate], 0, kRateMax))
                     : TRY(read_cell(line, "concurrent_sessions", cells[columns.concurrent], 0, kConcurrentMax));
    if (columns.length != Columns::kNone)
        row.length = TRY(read_cell(line, "session_minutes", cells[columns.length], 0.05, kSessionMinutesMax));
    return row;
}

/// So many go on: as many begin as end, and besides as many as their number grows by.
double rate_of(double concurrent, double slope, double length) { return std::max(0.0, concurrent / length + slope); }

}  // namespace

double Curve::sessions() const {
    double sum = 0;
    for (const Stretch& one : stretches)
        sum += (one.rate_begin + one.rate_end) / 2 * static_cast<double>((one.end - one.begin).count()) / 60'000;
    return sum;
}

Result<Curve> read_curve(std::string_view csv, double session_minutes) {
    if (csv.size() > kCurveBytesMax) return wrong(fmt::format("it has more than {} bytes", kCurveBytesMax));
    if (csv.starts_with("\xEF\xBB\xBF")) csv.remove_prefix(3);
    std::optional<Columns> columns;
    std::vector<Row> rows;
    std::size_t line = 0;
    for (std::size_t at = 0; at < csv.size();) {
        const std::size_t end = std::min(csv.find('\n', at), csv.size());
        const std::string_view text = trimmed(csv.substr(at, end - at));
        at = end + 1;
        ++line;
        if (text.empty() || text.front() == '#') continue;
        if (!columns) {
            columns = TRY(read_head(line, text));
            if (columns->length == Columns::kNone && session_minutes <= 0)
                return wrong_line(line, "the column 'session_minutes' is missing; add it, or say --session-minutes");
            continue;
        }
        if (rows.size() == kRowsMax) return wrong_line(line, fmt::format("there are more than {} rows", kRowsMax));
        rows.push_back(TRY(read_row(line, text, *columns, session_minutes, rows.empty() ? nullptr : &rows.back())));
    }
    if (!columns) return wrong("it is empty; its first line names the columns, as time,sessions_per_minute");
    if (rows.size() < 2)
        return wrong_line(line, "there must be two rows at least: the last one holds as long as the one before");

    const bool rates = columns->rate != Columns::kNone;
    Curve curve;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Row& row = rows[i];
        const bool last = i + 1 == rows.size();
        const double lasts = last ? row.minute - rows[i - 1].minute : rows[i + 1].minute - row.minute;
        Stretch one{.begin = at_minute(row.minute),
                    .end = at_minute(row.minute + lasts),
                    .rate_begin = row.load,
                    .rate_end = row.load,
                    .session_minutes = row.length};
        if (!rates) {
            const double next = last ? row.load : rows[i + 1].load;
            const double slope = (next - row.load) / lasts;
            one.rate_begin = rate_of(row.load, slope, row.length);
            one.rate_end = rate_of(next, slope, row.length);
        }
        curve.stretches.push_back(one);
    }
    if (curve.sessions() < 1) return wrong("it asks for no session at all");
    if (curve.sessions() > kSessionsMax)
        return wrong(
            fmt::format("it asks for {:.0f} sessions; {:.0f} can be simulated. Shorten it, or divide its "
                        "numbers and the fleet's by ten",
                        curve.sessions(), kSessionsMax));
    return curve;
}

}  // namespace gse::simulate
