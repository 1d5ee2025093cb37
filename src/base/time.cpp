#include "base/time.h"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace gse {
namespace {

std::int64_t read_clock_ms(clockid_t id) {
    timespec ts{};
    clock_gettime(id, &ts);
    return static_cast<std::int64_t>(ts.tv_sec) * 1000 + ts.tv_nsec / 1'000'000;
}

void put_digits(char* at, unsigned value, int digits) {
    while (digits-- > 0) {
        at[digits] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

/// `pattern` with year, month, day and time in the place of its zeros. By hand, because every request asks for the
/// date, and the C library's way there takes a lock.
std::string format_parts(WallTime t, std::string_view pattern) {
    using namespace std::chrono;
    const auto at = sys_time<milliseconds>(milliseconds(t.ms));
    const auto day = floor<days>(at);  // also before 1970
    const year_month_day date(day);
    const hh_mm_ss time(floor<seconds>(at - day));
    std::string out(pattern);
    put_digits(out.data(), static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put_digits(out.data() + 5, static_cast<unsigned>(date.month()), 2);
    put_digits(out.data() + 8, static_cast<unsigned>(date.day()), 2);
    if (out.size() < 19) return out;
    put_digits(out.data() + 11, static_cast<unsigned>(time.hours().count()), 2);
    put_digits(out.data() + 14, static_cast<unsigned>(time.minutes().count()), 2);
    put_digits(out.data() + 17, static_cast<unsigned>(time.seconds().count()), 2);
    return out;
}

/// Reads exactly `digits` decimal digits from the front of `text`; -1 when they are not there.
int take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take_char(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

WallTime SystemClock::wall() const { return {read_clock_ms(CLOCK_REALTIME)}; }
std::int64_t SystemClock::monotonic_ms() const { return read_clock_ms(CLOCK_BOOTTIME); }

std::string format_utc(WallTime t) { return format_parts(t, "0000-00-00T00:00:00Z"); }
std::string format_utc_plain(WallTime t) { return format_parts(t, "0000-00-00 00:00:00"); }
std::string format_utc_date(WallTime t) { return format_parts(t, "0000-00-00"); }

Result<WallTime> parse_time(std::string_view text) {
    const auto malformed = [original = std::string(text)] {
        return refuse(ErrorCode::InvalidParameterValue,
                      "'" + original + "' is not a time; write 2021-04-10T10:56:38+08:00 or 2021-04-10 10:56:38 (UTC)");
    };
    std::tm parts{};
    const int year = take_number(text, 4);
    if (year < 0 || !take_char(text, '-')) return malformed();
    const int month = take_number(text, 2);
    if (month < 1 || month > 12 || !take_char(text, '-')) return malformed();
    const int day = take_number(text, 2);
    if (day < 1 || day > 31) return malformed();
    if (!take_char(text, 'T') && !take_char(text, ' ')) return malformed();
    const int hour = take_number(text, 2);
    if (hour < 0 || hour > 23 || !take_char(text, ':')) return malformed();
    const int minute = take_number(text, 2);
    if (minute < 0 || minute > 59 || !take_char(text, ':')) return malformed();
    const int second = take_number(text, 2);
    if (second < 0 || second > 60) return malformed();
    int millis = 0;
    if (take_char(text, '.')) {
        int scale = 100;
        bool any = false;
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
            millis += (text.front() - '0') * scale;
            scale /= 10;
            any = true;
            text.remove_prefix(1);
        }
        if (!any) return malformed();
    }
    int offset_minutes = 0;
    if (!text.empty() && !take_char(text, 'Z')) {
        const bool minus = text.front() == '-';
        if (!minus && text.front() != '+') return malformed();
        text.remove_prefix(1);
        const int hours = take_number(text, 2);
        take_char(text, ':');
        const int minutes = take_number(text, 2);
        if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return malformed();
        offset_minutes = (hours * 60 + minutes) * (minus ? -1 : 1);
    }
    if (!text.empty()) return malformed();
    parts.tm_year = year - 1900;
    parts.tm_mon = month - 1;
    parts.tm_mday = day;
    parts.tm_hour = hour;
    parts.tm_min = minute;
    parts.tm_sec = second;
    std::tm check = parts;
    const std::time_t seconds = timegm(&check);
    if (check.tm_mday != day) return malformed();  // 31 April
    return WallTime{(static_cast<std::int64_t>(seconds) - offset_minutes * 60) * 1000 + millis};
}

}  // namespace gse
