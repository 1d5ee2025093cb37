/// Time is handed in. The core never reads a clock; the engine reads one Clock and passes Now along.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gse {

using Millis = std::chrono::milliseconds;

/// Engine time: monotonic milliseconds since the deployment was created, journaled, resumed after a
/// restart with the wall-clock gap clamped. Every deadline and every time-ordered id uses it.
struct EngineTime {
    std::int64_t ms = 0;
    friend auto operator<=>(const EngineTime&, const EngineTime&) = default;
    friend EngineTime operator+(EngineTime t, Millis d) { return {t.ms + d.count()}; }
    friend EngineTime operator-(EngineTime t, Millis d) { return {t.ms - d.count()}; }
    friend Millis operator-(EngineTime a, EngineTime b) { return Millis{a.ms - b.ms}; }
};
/// "No deadline": later than every real time.
inline constexpr EngineTime kNever{INT64_MAX};

/// Wall time: Unix milliseconds, UTC. For display, signatures and calendar timers only.
struct WallTime {
    std::int64_t ms = 0;
    friend auto operator<=>(const WallTime&, const WallTime&) = default;
    friend WallTime operator+(WallTime t, Millis d) { return {t.ms + d.count()}; }
    friend WallTime operator-(WallTime t, Millis d) { return {t.ms - d.count()}; }
    friend Millis operator-(WallTime a, WallTime b) { return Millis{a.ms - b.ms}; }
};

/// The two times of one batch.
struct Now {
    EngineTime engine;
    WallTime wall;
};

/// What tells the time outside the core. Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime wall() const = 0;
    /// Monotonic milliseconds, includes time asleep (CLOCK_BOOTTIME); only differences mean something.
    [[nodiscard]] virtual std::int64_t monotonic_ms() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] WallTime wall() const override;
    [[nodiscard]] std::int64_t monotonic_ms() const override;
};

/// A clock that tests move by hand.
class ManualClock final : public Clock {
public:
    [[nodiscard]] WallTime wall() const override { return {wall_ms}; }
    [[nodiscard]] std::int64_t monotonic_ms() const override { return mono_ms; }
    void advance(Millis by) {
        wall_ms += by.count();
        mono_ms += by.count();
    }
    std::int64_t wall_ms = 1'600'000'000'000;
    std::int64_t mono_ms = 1'000'000;
};

/// `2020-07-30T03:55:43Z`, as the API answers times.
[[nodiscard]] std::string format_utc(WallTime t);
/// `2020-07-30 03:55:43`, as the API answers asset times.
[[nodiscard]] std::string format_utc_plain(WallTime t);
/// `2020-07-30`, UTC.
[[nodiscard]] std::string format_utc_date(WallTime t);
/// Reads `2020-07-30T03:55:43[.123]Z|+08:00` and `2020-07-30 03:55:43` (UTC).
[[nodiscard]] Result<WallTime> parse_time(std::string_view text);

}  // namespace gse
