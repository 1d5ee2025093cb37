/// What the processes of instances take of this machine, for monitoring. All of it comes from /proc, which tells the
/// same on every machine; a cgroup would count the page cache as memory of the game.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/resource_limits.h"
#include "model/link_messages.h"

namespace gse::agent {

/// Whose processes are measured.
struct MeteredInstance {
    std::string id;
    std::vector<std::int64_t> roots;  ///< each with all its descendants
    Allowance limit;                  ///< for all of them together
};

/// Not thread-safe. Costs a look at each process and its open files.
class UsageMeter {
public:
    /// `now_ms`: monotonic. What needs two looks is absent at the first. Traffic is the machine's: it is told of an
    /// instance that is the only one.
    [[nodiscard]] std::vector<link::InstanceReading> measure(const std::vector<MeteredInstance>& instances,
                                                             std::int64_t now_ms);

private:
    struct Traffic {
        double bytes_in = 0, bytes_out = 0, packets_in = 0, packets_out = 0;
    };
    [[nodiscard]] static Traffic read_traffic();

    using ProcessKey = std::pair<std::int64_t, std::uint64_t>;  ///< pid, start ticks
    std::map<ProcessKey, std::uint64_t> ticks_;
    Traffic traffic_;
    std::int64_t measured_ms_ = -1;
};

}  // namespace gse::agent
