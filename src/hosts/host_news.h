/// What became of a host that was asked for, on its way into the state.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "core/step.h"

namespace gse::hosts {

struct HostNews {
    enum class Kind : std::uint8_t { Placed, Runs, Waits, Ending, Closed, Opened, Gone };
    Kind kind = Kind::Placed;
    std::string host;  ///< id
    std::string text;  ///< Placed: address; Waits: reason; others: why
    std::string more;  ///< Placed, Closed, Opened: node; Waits: in words
    Millis left{0};    ///< Ending
    friend bool operator==(const HostNews&, const HostNews&) = default;
};

/// As core/provided_hosts.h has it.
void apply(core::Step& step, const HostNews& news);

}  // namespace gse::hosts
