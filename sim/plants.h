/// Planted bugs: ways to break the harness on purpose, to show that the checks would notice.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gse::sim {

enum class Plant : std::uint8_t {
    None,
    AnswerBeforeCommit,   ///< outputs leave when they are decided, not when they are durable
    NoFence,              ///< agents obey old epochs and streams; the server listens to streams that were replaced
    ReportTwice,          ///< a report that comes again is applied again
    TimersBeforeBacklog,  ///< after a restart hosts count as synced before they delivered their backlog
};

struct PlantName {
    Plant plant;
    std::string_view name;
};
inline constexpr std::array kPlants = {
    PlantName{Plant::AnswerBeforeCommit, "answer-before-commit"},
    PlantName{Plant::NoFence, "no-fence"},
    PlantName{Plant::ReportTwice, "report-twice"},
    PlantName{Plant::TimersBeforeBacklog, "timers-before-backlog"},
};

constexpr std::optional<Plant> find_plant(std::string_view name) {
    for (const auto& [plant, known] : kPlants)
        if (known == name) return plant;
    return std::nullopt;
}

}  // namespace gse::sim
