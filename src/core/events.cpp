#include "core/events.h"

#include <fmt/format.h>

#include "core/id_length.h"

namespace gse::core {

void add_event(Step& step, Slot fleet, std::string_view code, std::string message, std::string log_key) {
    FleetEvent event;
    event.id = fmt::format("event-{}-{}", step.rng.text(kIdLength), step.rng.text(kIdLength));
    event.fleet = fleet;
    event.order = step.state.next_order();
    event.code = code;
    event.message = std::move(message);
    event.time = step.now.wall;
    event.log_key = std::move(log_key);
    step.state.add(std::move(event));
    const auto& events = step.state.at<Fleet>(fleet).events;
    while (events.size() > step.settings().retention.events_per_fleet)
        step.state.remove<FleetEvent>(events.begin()->second);
}

}  // namespace gse::core
