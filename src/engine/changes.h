/// What a batch changed, as plain values for whoever listens to events. Made only while somebody does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "core/watch.h"
#include "model/statuses.h"

namespace gse::engine {

/// What a fleet has and holds.
struct FleetNumbers {
    std::uint32_t desired = 0;
    std::uint32_t min = 0;
    std::uint32_t max = 0;
    std::uint32_t instances_pending = 0;
    std::uint32_t instances_active = 0;
    std::uint32_t instances_draining = 0;
    std::uint32_t processes_active = 0;
    std::uint32_t sessions_activating = 0;
    std::uint32_t sessions_active = 0;
    std::uint64_t players = 0;
    std::uint64_t players_max = 0;
    friend bool operator==(const FleetNumbers&, const FleetNumbers&) = default;

    /// Processes that could take a session: the buffer.
    [[nodiscard]] std::uint32_t available() const {
        const std::uint32_t busy = sessions_activating + sessions_active;
        return processes_active > busy ? processes_active - busy : 0;
    }
};

struct FleetChange {
    std::string region, id, name;
    FleetStatus status = FleetStatus::New;
    std::optional<FleetStatus> from;  ///< when the status has moved
    bool is_new = false;
    FleetNumbers numbers;
};

struct AliasRouting {
    AliasType type = AliasType::Simple;
    std::string fleet_id;
    std::string message;
    friend bool operator==(const AliasRouting&, const AliasRouting&) = default;
};

struct AliasChange {
    std::string region, id, name;
    std::optional<AliasRouting> from;  ///< absent: the alias is new
    std::optional<AliasRouting> to;    ///< absent: the alias was deleted
};

struct InstanceChange {
    std::string region, fleet_id, id, address;
    InstanceStatus status = InstanceStatus::Pending;
    std::optional<InstanceStatus> from;
};

struct SessionChange {
    std::string region, fleet_id, id, name, creator_id, address, reason;
    std::uint16_t port = 0;
    SessionStatus status = SessionStatus::Activating;
    std::optional<SessionStatus> from;
    std::uint32_t players = 0;
    std::uint32_t players_max = 0;
    bool accept_all = true;
};

struct PlacementChange {
    std::string region, id, queue, session_id, fleet_id, session_region, address;
    std::uint16_t port = 0;
    PlacementStatus status = PlacementStatus::Pending;
    std::optional<PlacementStatus> from;
};

/// Without the id of the player session: it admits a player, and is nobody's but the joining party's.
struct PlayerChange {
    std::string region, fleet_id, session_id, player_id;
    PlayerStatus status = PlayerStatus::Reserved;
    std::optional<PlayerStatus> from;
};

using Change = std::variant<FleetChange, AliasChange, InstanceChange, SessionChange, PlacementChange, PlayerChange>;

struct Changes {
    WallTime time;
    std::vector<Change> list;
    std::uint64_t left_off = 0;  ///< further ones that the batch made
};

/// Who listens.
class ChangeSink {
public:
    virtual ~ChangeSink() = default;
    /// How much is wanted of the batches to come. From the owner's thread, once a batch: a look at a flag.
    [[nodiscard]] virtual core::WatchLevel wanted() const = 0;
    /// From the committer's thread, once the changes are durable; returns at once.
    virtual void take(Changes changes) = 0;
};

}  // namespace gse::engine
