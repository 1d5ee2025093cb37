/// The words of scaling policies and timers, as the API spells them [API:PutScalingPolicy; 定时变更扩缩容策略].
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace gse {

/// What a rule watches. Formulas: metric table of [API:PutScalingPolicy].
enum class ScalingMetric : std::uint8_t {
    CurrentPlayerSessions,
    AvailableGameServerSessions,
    PercentAvailableGameServerSessions,
    AvailableCustomCount,
    PercentAvailableCustomCount,
    ActiveInstances,
    IdleInstances,
    PercentIdleInstances,
};

/// What a rule's ScalingAdjustment means.
enum class ScalingAdjustment : std::uint8_t { ChangeInCapacity, ExactCapacity, PercentChangeInCapacity };

enum class Comparison : std::uint8_t { Greater, GreaterOrEqual, Less, LessOrEqual };

/// How often a timer fires; the API's numbers, monthly before weekly.
enum class TimerType : std::uint8_t { Undefined = 0, Once = 1, Daily = 2, Monthly = 3, Weekly = 4 };

/// The API's numbers.
enum class TimerStatus : std::uint8_t { Undefined = 0, NotYet = 1, InEffect = 2, Stopped = 3, Expired = 4 };

/// What a timer does to automatic scaling; the API's numbers.
enum class TimerScaling : std::uint8_t { Undefined = 0, Manual = 1, Automatic = 2 };

namespace words {
inline constexpr std::array kMetrics = {
    std::pair{ScalingMetric::CurrentPlayerSessions, std::string_view("CurrentPlayerSessions")},
    std::pair{ScalingMetric::AvailableGameServerSessions, std::string_view("AvailableGameServerSessions")},
    std::pair{ScalingMetric::PercentAvailableGameServerSessions,
              std::string_view("PercentAvailableGameServerSessions")},
    std::pair{ScalingMetric::AvailableCustomCount, std::string_view("AvailableCustomCount")},
    std::pair{ScalingMetric::PercentAvailableCustomCount, std::string_view("PercentAvailableCustomCount")},
    std::pair{ScalingMetric::ActiveInstances, std::string_view("ActiveInstances")},
    std::pair{ScalingMetric::IdleInstances, std::string_view("IdleInstances")},
    std::pair{ScalingMetric::PercentIdleInstances, std::string_view("PercentIdleInstances")},
};
inline constexpr std::array kAdjustments = {
    std::pair{ScalingAdjustment::ChangeInCapacity, std::string_view("ChangeInCapacity")},
    std::pair{ScalingAdjustment::ExactCapacity, std::string_view("ExactCapacity")},
    std::pair{ScalingAdjustment::PercentChangeInCapacity, std::string_view("PercentChangeInCapacity")},
};
inline constexpr std::array kComparisons = {
    std::pair{Comparison::Greater, std::string_view(">")},
    std::pair{Comparison::GreaterOrEqual, std::string_view(">=")},
    std::pair{Comparison::Less, std::string_view("<")},
    std::pair{Comparison::LessOrEqual, std::string_view("<=")},
};

template <class Table, class Value>
constexpr std::string_view word_of(const Table& table, Value value) {
    for (const auto& [known, word] : table)
        if (known == value) return word;
    return "";
}
template <class Table, class Value>
constexpr bool value_of(const Table& table, std::string_view text, Value& out) {
    for (const auto& [known, word] : table) {
        if (word != text) continue;
        out = known;
        return true;
    }
    return false;
}
}  // namespace words

constexpr std::string_view to_text(ScalingMetric v) { return words::word_of(words::kMetrics, v); }
constexpr std::string_view to_text(ScalingAdjustment v) { return words::word_of(words::kAdjustments, v); }
constexpr std::string_view to_text(Comparison v) { return words::word_of(words::kComparisons, v); }

/// False when `text` is none of the API's words; `out` is then untouched.
constexpr bool from_text(std::string_view text, ScalingMetric& out) {
    return words::value_of(words::kMetrics, text, out);
}
constexpr bool from_text(std::string_view text, ScalingAdjustment& out) {
    return words::value_of(words::kAdjustments, text, out);
}
constexpr bool from_text(std::string_view text, Comparison& out) {
    return words::value_of(words::kComparisons, text, out);
}

}  // namespace gse
