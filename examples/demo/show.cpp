#include "show.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "stop.h"

namespace gse::demo {
namespace {

constexpr Millis kLineEvery{1'000};
/// Instances and states are news at once; sessions and players may wait a little.
constexpr Millis kChangeEvery{250};
constexpr Millis kPollEvery{50};
constexpr std::size_t kColumns = 2;

auto instances_of(const FleetRow& row) { return std::tuple(row.status, row.active, row.pending, row.terminating); }

void print(std::string_view line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

}  // namespace

std::size_t Show::add_fleet(std::string fleet_id) {
    fleets_.push_back({.id = std::move(fleet_id)});
    return fleets_.size() - 1;
}

std::string Show::dressed(std::string_view text, const char* code) const {
    return colours_ ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string{text};
}

void Show::step(std::string_view text) {
    print("");
    print(dressed(fmt::format("== {}", text), "1;36"));
    head_due_ = true;
}

void Show::say(std::string_view text) { print(fmt::format("   {}", text)); }

void Show::verdict(bool good, std::string_view text) {
    print(fmt::format(" {} {}", dressed(good ? "✓" : "✗", good ? "1;32" : "1;31"), text));
}

Result<void> Show::ask() {
    if (fleets_.empty()) return {};
    // Without FleetIds, so that one that is gone is simply not in the list.
    const auto attributes = TRY(backend_->call(api::DescribeFleetAttributesRequest{.limit = 100}));
    std::vector<std::string> ids;
    for (Fleet& fleet : fleets_) {
        const auto found = std::ranges::find(attributes.fleet_attributes, fleet.id, &api::FleetAttributes::fleet_id);
        if (found == attributes.fleet_attributes.end()) {
            fleet.row = {};
            continue;
        }
        fleet.row.status = found->status.value_or("");
        if (!fleet.may_go) ids.push_back(fleet.id);
    }
    if (ids.empty()) return {};
    const auto capacity = TRY(backend_->call(api::DescribeFleetCapacityRequest{.fleet_ids = ids}));
    const auto use = TRY(backend_->call(api::DescribeFleetUtilizationRequest{.fleet_ids = ids}));
    for (Fleet& fleet : fleets_) {
        for (const auto& c : capacity.fleet_capacity) {
            if (c.fleet_id != fleet.id || !c.instance_counts) continue;
            fleet.row.active = c.instance_counts->active.value_or(0);
            fleet.row.pending = c.instance_counts->pending.value_or(0);
            fleet.row.terminating = c.instance_counts->terminating.value_or(0);
            if (fleet.row.status == "ACTIVE") fleet.history.see(fleet.row.active);
        }
        for (const auto& u : use.fleet_utilization) {
            if (u.fleet_id != fleet.id) continue;
            fleet.row.processes = u.active_server_process_count.value_or(0);
            fleet.row.sessions = u.active_game_server_session_count.value_or(0);
            fleet.row.players = u.current_player_session_count.value_or(0);
        }
    }
    return {};
}

Result<void> Show::refresh() {
    if (!backend_) return {};
    TRY(ask());
    std::vector<FleetRow> rows;
    rows.reserve(std::max(fleets_.size(), kColumns));
    for (const Fleet& fleet : fleets_) rows.push_back(fleet.row);
    rows.resize(std::max(rows.size(), kColumns));
    const bool news = !std::ranges::equal(rows, printed_, {}, instances_of, instances_of);
    const auto pause = rows == printed_ ? kLineEvery : kChangeEvery;
    if (!news && Clock::now() < printed_at_ + pause) return {};
    if (head_due_)
        for (const std::string& line : table_head()) print(dressed(line, "2"));
    head_due_ = false;
    print(table_line(elapsed(), rows, sum(crowd_->views())));
    printed_ = std::move(rows);
    printed_at_ = Clock::now();
    return {};
}

std::string Show::last_seen() const {
    std::string text;
    for (std::size_t i = 0; i < fleets_.size(); ++i) {
        const FleetRow& row = fleets_[i].row;
        text += fmt::format(
            "{}fleet {} {}: {} instances active, {} starting, {} ending, {} processes, {} sessions, {} players",
            i == 0 ? "" : "; ", i + 1, row.status.empty() ? "(not there)" : row.status, row.active, row.pending,
            row.terminating, row.processes, row.sessions, row.players);
    }
    return text;
}

Result<void> Show::wait(std::string_view what, Millis limit, const std::function<Result<bool>()>& done,
                        const std::function<std::string()>& seen) {
    const auto until = Clock::now() + limit;
    for (;;) {
        TRY(refresh());
        if (TRY(done())) return {};
        if (Clock::now() >= until)
            return refuse(ErrorCode::Unavailable, fmt::format("waited {} s for {}; last seen: {}", limit.count() / 1000,
                                                              what, seen ? seen() : last_seen()));
        if (asked_to_stop(kPollEvery)) {
            interrupted_ = true;
            return refuse(ErrorCode::FailedOperation, fmt::format("interrupted while waiting for {}", what));
        }
    }
}

}  // namespace gse::demo
