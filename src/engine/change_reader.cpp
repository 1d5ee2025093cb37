#include "engine/change_reader.h"

#include <set>

#include "core/sessions.h"

namespace gse::engine {
namespace {

using core::Before;
using core::kNone;
using core::State;
using core::Watched;
using core::WatchLevel;

FleetNumbers numbers_of(const core::Fleet& fleet) {
    return {.desired = fleet.desired,
            .min = fleet.min,
            .max = fleet.max,
            .instances_pending = fleet.instances_pending,
            .instances_active = fleet.instances_active,
            .instances_draining = fleet.instances_draining,
            .processes_active = fleet.processes_active,
            .sessions_activating = fleet.sessions_activating,
            .sessions_active = fleet.sessions_active,
            .players = fleet.players,
            .players_max = fleet.players_max};
}

FleetChange describe(const core::Fleet& fleet) {
    return {.region = fleet.region,
            .id = fleet.id,
            .name = fleet.name,
            .status = fleet.status,
            .from = {},
            .is_new = false,
            .numbers = numbers_of(fleet)};
}

/// The status before, when it was another one.
template <class Status>
std::optional<Status> moved(const Before& before, Status now) {
    const auto was = static_cast<Status>(before.status);
    return before.existed && was != now ? std::optional(was) : std::nullopt;
}

}  // namespace

void ChangeReader::add(Changes& changes, Change change) const {
    if (changes.list.size() >= kChangesMax)
        ++changes.left_off;
    else
        changes.list.push_back(std::move(change));
}

void ChangeReader::read_one(const State& state, const Before& before, Changes& changes) {
    switch (before.kind) {
        case Watched::Fleet: {
            const auto* fleet = state.find<core::Fleet>(before.slot);
            if (!fleet) return;
            const auto from = moved(before, fleet->status);
            if (before.existed && !from) return;
            FleetChange change = describe(*fleet);
            change.from = from;
            change.is_new = !before.existed;
            told_[before.slot] = change.numbers;
            return add(changes, std::move(change));
        }
        case Watched::Alias: {
            AliasChange change{.region = before.region, .id = before.id, .name = before.name, .from = {}, .to = {}};
            if (before.existed)
                change.from = AliasRouting{static_cast<AliasType>(before.status), before.fleet_id, before.message};
            if (const auto* alias = state.find<core::Alias>(before.slot); alias && alias->id == before.id) {
                change.name = alias->name;
                change.to = AliasRouting{alias->type, alias->fleet_id, alias->message};
            }
            if (change.from != change.to) add(changes, std::move(change));
            return;
        }
        case Watched::Instance: {
            const auto* fleet = state.find<core::Fleet>(before.fleet);
            if (!fleet) return;
            InstanceChange change{.region = fleet->region,
                                  .fleet_id = fleet->id,
                                  .id = before.id,
                                  .address = {},
                                  .status = InstanceStatus::Gone,
                                  .from = {}};
            if (const auto* instance = state.find<core::Instance>(before.slot); instance && instance->id == before.id) {
                change.status = instance->status;
                change.address = state.at<core::Host>(instance->host).address;
            }
            change.from = moved(before, change.status);
            if (before.existed ? !change.from : change.status == InstanceStatus::Gone) return;
            return add(changes, std::move(change));
        }
        case Watched::Session: {
            const auto* session = state.find<core::GameSession>(before.slot);
            if (!session) return;
            const auto from = moved(before, session->status);
            if (before.existed && !from) return;
            const auto& fleet = state.at<core::Fleet>(session->fleet);
            return add(changes, SessionChange{.region = fleet.region,
                                              .fleet_id = fleet.id,
                                              .id = state.session_id(before.slot),
                                              .name = std::string(session->name.view()),
                                              .creator_id = session->wishes->creator_id,
                                              .address = std::string(session->address.view()),
                                              .reason = session->end->reason,
                                              .port = session->port,
                                              .status = session->status,
                                              .from = from,
                                              .players = session->seats,
                                              .players_max = session->max_players,
                                              .accept_all = core::accepts_players(state, *session)});
        }
        case Watched::Placement: {
            const auto* placement = state.find<core::Placement>(before.slot);
            if (!placement) return;
            const auto from = moved(before, placement->status);
            if (before.existed && !from) return;
            PlacementChange change{.region = placement->region,
                                   .id = placement->id,
                                   .queue = placement->queue_name,
                                   .session_id = placement->session_id,
                                   .fleet_id = {},
                                   .session_region = placement->session_region,
                                   .address = placement->address,
                                   .port = placement->port,
                                   .status = placement->status,
                                   .from = from};
            if (const core::Slot slot = state.find_session(placement->session_id); slot != kNone)
                change.fleet_id = state.at<core::Fleet>(state.at<core::GameSession>(slot).fleet).id;
            return add(changes, std::move(change));
        }
        case Watched::Player: {
            const auto* player = state.find<core::PlayerSession>(before.slot);
            if (!player) return;
            const auto from = moved(before, player->status);
            if (before.existed && !from) return;
            const auto& fleet = state.at<core::Fleet>(state.at<core::GameSession>(player->session).fleet);
            return add(changes, PlayerChange{.region = fleet.region,
                                             .fleet_id = fleet.id,
                                             .session_id = state.session_id(player->session),
                                             .player_id = std::string(player->player_id.view()),
                                             .status = player->status,
                                             .from = from});
        }
    }
}

/// Without `changes` the numbers are only noted: what was there before anybody listened is no news.
void ChangeReader::sample(const State& state, Changes* changes) {
    state.table<core::Fleet>().for_each([&](core::Slot slot, const core::Fleet& fleet) {
        const FleetNumbers numbers = numbers_of(fleet);
        FleetNumbers& told = told_[slot];
        if (told == numbers) return;
        told = numbers;
        if (changes) add(*changes, describe(fleet));
    });
}

Changes ChangeReader::read(State& state, Now now, WatchLevel wanted) {
    Changes changes;
    changes.time = now.wall;
    if (state.watched() != WatchLevel::Nothing) {
        const std::vector<Before> entries = state.take_before(changes.left_off);
        // A slot that was emptied and taken again: what was there is not what is there.
        std::set<std::pair<Watched, core::Slot>> fresh;
        for (const Before& before : entries)
            if (!before.existed) fresh.emplace(before.kind, before.slot);
        for (const Before& before : entries) {
            const bool told_gone = before.kind == Watched::Alias || before.kind == Watched::Instance;
            if (before.existed && !told_gone && fresh.contains({before.kind, before.slot})) continue;
            read_one(state, before, changes);
        }
        if (state.has_changes()) unsampled_ = true;
        if (unsampled_ && now.engine >= next_sample_) {
            sample(state, &changes);
            unsampled_ = false;
            next_sample_ = now.engine + kSampling;
        }
    }
    if (wanted != state.watched()) {
        if (wanted == WatchLevel::Nothing) {
            told_.clear();
            unsampled_ = false;
        } else if (state.watched() == WatchLevel::Nothing) {
            sample(state, nullptr);
        }
        state.watch(wanted);
    }
    return changes;
}

}  // namespace gse::engine
