#include "table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace gse::demo {
namespace {

std::string fleet_cells(const FleetRow& fleet) {
    if (fleet.status.empty()) return fmt::format("{:<11} {:>9} {:>5} {:>5} {:>5}", "–", "", "", "", "");
    std::string instances = fmt::format("{}", fleet.active);
    if (fleet.pending > 0) instances += fmt::format(" +{}", fleet.pending);
    if (fleet.terminating > 0) instances += fmt::format(" -{}", fleet.terminating);
    return fmt::format("{:<11} {:>9} {:>5} {:>5} {:>5}", fleet.status, instances, fleet.processes, fleet.sessions,
                       fleet.players);
}

}  // namespace

ChatRow sum(const std::vector<RoomView>& rooms) {
    ChatRow chat;
    for (const RoomView& room : rooms) {
        chat.present += room.present;
        chat.sent += room.sent;
        chat.heard += room.heard;
        chat.missed += room.missed;
        chat.slowest = std::max(chat.slowest, room.slowest);
    }
    return chat;
}

std::vector<std::string> table_head() {
    return {fmt::format("{:>6} | {:<39} | {:<39} | {}", "", "fleet 1", "fleet 2", "chat"),
            fmt::format("{0:>6} | {1} | {1} | {2:>7} {3:>6} {4:>6} {5:>7}", "s",
                        fmt::format("{:<11} {:>9} {:>5} {:>5} {:>5}", "status", "inst +/-", "proc", "sess", "play"),
                        "players", "heard", "missed", "slowest")};
}

std::string table_line(Millis since_start, const std::vector<FleetRow>& fleets, const ChatRow& chat) {
    std::string line = fmt::format("{:>6.1f} |", static_cast<double>(since_start.count()) / 1000.0);
    for (const FleetRow& fleet : fleets) line += fmt::format(" {} |", fleet_cells(fleet));
    return line +
           fmt::format(" {:>7} {:>6} {:>6} {:>4} ms", chat.present, chat.heard, chat.missed, chat.slowest.count());
}

std::string InstanceHistory::text() const { return fmt::format("{}", fmt::join(counts_, " → ")); }

bool InstanceHistory::runs(const std::vector<std::uint64_t>& counts, std::uint64_t first, std::uint64_t last) {
    if (counts.empty() || counts.front() != first || counts.back() != last) return false;
    return first <= last ? std::ranges::is_sorted(counts) : std::ranges::is_sorted(counts, std::greater<>{});
}

}  // namespace gse::demo
