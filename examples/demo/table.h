/// The table that the demo prints while it waits: fleets, instances, sessions, players over time. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "crowd.h"

namespace gse::demo {

/// What the API says about a fleet at one moment.
struct FleetRow {
    std::string status;                                      ///< empty: not there yet, or gone
    std::uint64_t active = 0, pending = 0, terminating = 0;  ///< instances
    std::uint64_t processes = 0;
    std::uint64_t sessions = 0;
    std::uint64_t players = 0;

    friend bool operator==(const FleetRow&, const FleetRow&) = default;
};

/// What the players hear at one moment.
struct ChatRow {
    std::size_t present = 0;
    std::uint64_t sent = 0;
    std::uint64_t heard = 0;
    std::uint64_t missed = 0;
    Millis slowest{0};
};
[[nodiscard]] ChatRow sum(const std::vector<RoomView>& rooms);

[[nodiscard]] std::vector<std::string> table_head();
[[nodiscard]] std::string table_line(Millis since_start, const std::vector<FleetRow>& fleets, const ChatRow& chat);

/// How the number of ACTIVE instances of a fleet went, each change one entry.
class InstanceHistory {
public:
    void see(std::uint64_t active) {
        if (counts_.empty() || counts_.back() != active) counts_.push_back(active);
    }
    [[nodiscard]] const std::vector<std::uint64_t>& counts() const { return counts_; }
    /// `1 → 2 → 3`
    [[nodiscard]] std::string text() const;
    /// Index of the newest entry.
    [[nodiscard]] std::size_t mark() const { return counts_.empty() ? 0 : counts_.size() - 1; }
    /// Starts at `first`, never turns back on its way, ends at `last`.
    [[nodiscard]] static bool runs(const std::vector<std::uint64_t>& counts, std::uint64_t first, std::uint64_t last);

private:
    std::vector<std::uint64_t> counts_;
};

}  // namespace gse::demo
