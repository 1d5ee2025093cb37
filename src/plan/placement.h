/// Which idle process gets a session. Source: [产品概述; 查看游戏服务器会话]: an idle, healthy, ready process.
#pragma once

#include <cstdint>

namespace gse::plan {

/// What matters about an instance when a session is to be placed.
struct InstanceOffer {
    bool active = false;                ///< runs processes that reported ready, and is not draining
    bool draining = false;              ///< is being scaled in, or its fleet drains
    bool host_reachable = true;         ///< its host is neither silent nor lost
    std::uint32_t weight = 5;           ///< 0–10 [API:SetServerWeight]; 0 takes no new sessions
    std::uint32_t idle = 0;             ///< processes ACTIVE, healthy, without a session
    std::uint32_t activating = 0;       ///< sessions ACTIVATING on it
    std::uint32_t max_activations = 0;  ///< 0: no limit [API:RuntimeConfiguration]
    bool reserved = false;              ///< faulty and kept for investigation [API:SetServerReserved]
};

/// Why an instance takes no session now.
enum class PlacementRefusal : std::uint8_t {
    None,
    NotActive,
    HostUnreachable,
    WeightZero,
    NoIdleProcess,
    ActivationCap,
    Reserved,
    Draining
};

constexpr PlacementRefusal refuses(const InstanceOffer& offer) {
    if (offer.draining) return PlacementRefusal::Draining;
    if (!offer.active) return PlacementRefusal::NotActive;
    if (!offer.host_reachable) return PlacementRefusal::HostUnreachable;
    if (offer.weight == 0) return PlacementRefusal::WeightZero;
    if (offer.reserved) return PlacementRefusal::Reserved;
    if (offer.idle == 0) return PlacementRefusal::NoIdleProcess;
    if (offer.max_activations != 0 && offer.activating >= offer.max_activations) return PlacementRefusal::ActivationCap;
    return PlacementRefusal::None;
}

/// What matters about a fleet when a session is asked for on it.
struct SessionOffer {
    bool active = false;              ///< the fleet is ACTIVE
    bool draining = false;            ///< the fleet is to run empty
    bool id_taken = false;            ///< another session of the region bears the id that the caller chose
    std::uint32_t made = 0;           ///< sessions of the same creator within the policy's time
    std::uint32_t creator_limit = 0;  ///< 0: no limit [API:ResourceCreationLimitPolicy]
    bool open = false;                ///< some instance of it refuses nothing
};

/// Why a fleet takes no session now.
enum class SessionRefusal : std::uint8_t { None, FleetNotActive, FleetDraining, IdTaken, CreatorLimit, NoProcess };

constexpr SessionRefusal refuses(const SessionOffer& offer) {
    if (!offer.active) return SessionRefusal::FleetNotActive;
    if (offer.draining) return SessionRefusal::FleetDraining;
    if (offer.id_taken) return SessionRefusal::IdTaken;
    if (offer.creator_limit != 0 && offer.made >= offer.creator_limit) return SessionRefusal::CreatorLimit;
    if (!offer.open) return SessionRefusal::NoProcess;
    return SessionRefusal::None;
}

/// The highest rank is taken first: higher weight, then the fuller instance, so that idle ones can be scaled in.
constexpr std::uint64_t placement_rank(std::uint32_t weight, std::uint32_t sessions) {
    return (std::uint64_t{weight} << 32) | sessions;
}

}  // namespace gse::plan
