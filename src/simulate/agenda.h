/// What is to come, in order of time; things of one moment in the order in which they were noted.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "base/time.h"

namespace gse::simulate {

/// Who is meant by an event is up to whoever noted it.
struct Event {
    EngineTime at;
    std::uint32_t kind = 0;
    std::uint32_t who = 0;
    std::uint64_t what = 0;
    std::uint64_t order = 0;
    friend bool operator>(const Event& a, const Event& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }
};

class Agenda {
public:
    void note(EngineTime at, std::uint32_t kind, std::uint32_t who, std::uint64_t what = 0) {
        events_.push({.at = at, .kind = kind, .who = who, .what = what, .order = next_++});
    }
    [[nodiscard]] EngineTime next() const { return events_.empty() ? kNever : events_.top().at; }
    [[nodiscard]] Event take() {
        const Event event = events_.top();
        events_.pop();
        return event;
    }

private:
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::uint64_t next_ = 0;
};

}  // namespace gse::simulate
