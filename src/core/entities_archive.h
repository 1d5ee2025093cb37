/// Which fields of each record are journaled, in which order. Only ever append (see archive.h).
#pragma once

#include "core/archive.h"
#include "core/entities.h"

namespace gse::core {

/// A part as it is written; or made, to be read into. Whoever read it tidies it up.
template <class Ar, class T>
decltype(auto) part(Rare<T>& rare) {
    if constexpr (Ar::kReads)
        return rare.make();
    else
        return *std::as_const(rare);
}

template <class Ar>
void archive(Ar& ar, Tag& r) {
    ar(r.key, r.value);
}
template <class Ar>
void archive(Ar& ar, ProcessRecipe& r) {
    ar(r.launch_path, r.parameters, r.concurrent);
}
template <class Ar>
void archive(Ar& ar, InboundPermission& r) {
    ar(r.from_port, r.to_port, r.protocol, r.ip_range);
}
template <class Ar>
void archive(Ar& ar, Disk& r) {
    ar(r.type, r.gb);
}
template <class Ar>
void archive(Ar& ar, TargetPolicy& r) {
    ar(r.name, r.metric, r.percent);
}
template <class Ar>
void archive(Ar& ar, Place& r) {
    ar(r.number, r.recipe, r.client_port, r.grpc_port, r.retired);
}
template <class Ar>
void archive(Ar& ar, GameProperty& r) {
    ar(r.key, r.value);
}

template <class Ar>
void archive(Ar& ar, Asset& r) {
    ar(r.id, r.region, r.name, r.version, r.operate_system, r.image_id, r.os_type, r.bucket, r.key, r.sha256, r.bytes,
       r.created, r.tags, r.is_image, r.image_size, r.image_bits);
}
template <class Ar>
void archive(Ar& ar, AliasChange& r) {
    ar(r.number, r.time, r.from.type, r.from.fleet_id, r.from.message, r.secret_id, r.request_id);
}
template <class Ar>
void archive(Ar& ar, Alias& r) {
    ar(r.id, r.region, r.name, r.description, r.type, r.fleet_id, r.message, r.created, r.updated, r.tags, r.history);
}
template <class Ar>
void archive(Ar& ar, Fleet& r) {
    ar(r.id, r.region, r.name, r.description, r.asset_id, r.asset, r.instance_type, r.operating_system, r.protection,
       r.protection_minutes, r.creator_limit, r.creator_minutes, r.recipes, r.max_activations, r.activation_timeout_s,
       r.inbound, r.system_disk, r.data_disks, r.bandwidth_mbps, r.tags, r.ccn, r.status, r.was_active, r.created,
       r.terminated, r.terminated_at, r.creation_deadline, r.creation_failures, r.desired, r.min, r.max,
       r.cooldown_minutes, r.auto_scaling, r.target, r.last_scaling, r.waits_for_room, r.ccn_after_creation,
       r.ccn_attached, r.minimum_free, r.keep_one, r.draining, r.drain_denies_joins, r.delete_when_drained,
       r.drain_started, r.drain_deadline, r.drained);
}
template <class Ar>
void archive(Ar& ar, Host& r) {
    ar(r.name, r.region, r.address, r.private_address, r.capacity, r.ports.low, r.ports.high, r.operating_system,
       r.sandbox, r.lost, r.instance_types, r.id, r.order, r.added, r.key_sha256, r.region_fixed, r.availability,
       r.cpus, r.memory_bytes, r.labels, r.key_before, r.provided, r.released, r.join_secret, r.place, r.place_closed,
       r.start_deadline, r.ends_by);
}
template <class Ar>
void archive(Ar& ar, HostToken& r) {
    ar(r.id, r.secret_sha256, r.region, r.description, r.order, r.created, r.expires, r.expires_wall, r.key_sha256,
       r.host_id);
}
template <class Ar>
void archive(Ar& ar, HostCursor& r) {
    ar(r.host, r.boot_id, r.acked_seq);
}
template <class Ar>
void archive(Ar& ar, Instance& r) {
    ar(r.id, r.fleet, r.host, r.status, r.created, r.spec_version, r.next_place, r.places, r.weight, r.reserved,
       r.accepted, r.prepared, r.removing, r.drained_since, r.usage, r.leaving, r.stale_ports);
}
template <class Ar>
void archive(Ar& ar, Process& r) {
    ar(r.id, r.instance, r.place, r.pid, r.status, r.healthy, r.client_port, r.grpc_port, r.log_paths, r.session,
       r.rests_until, r.end_reason, r.end_requested, r.end_delivered, r.custom_current, r.custom_maximum, r.started,
       r.ready);
}
template <class Ar>
void archive(Ar& ar, GameSession& r) {
    std::string key = Ar::kReads ? std::string() : full_key(r);
    auto& wishes = part<Ar>(r.wishes);
    auto& end = part<Ar>(r.end);
    ar(key, r.order, r.fleet, r.instance, r.process, r.status, r.protection, r.accept_all, r.start_delivered,
       r.max_players, r.name, wishes.creator_id, wishes.session_data, wishes.matchmaker_data, end.reason,
       wishes.properties, wishes.idempotency_token, wishes.request_hash, r.created_at, r.created, r.activation_deadline,
       end.at, end.time, r.address, r.port, r.log_state, end.log_paths, end.log_process, end.log_key,
       end.custom_current, end.custom_maximum, r.retired_number, end.log_instance, r.placement, r.stand_in);
    if constexpr (Ar::kReads) {
        r.key = key.starts_with(kSessionPrefix) ? std::string_view(key).substr(kSessionPrefix.size()) : key;
        r.wishes.tidy();
        r.end.tidy();
    }
}
template <class Ar>
void archive(Ar& ar, PlayerSession& r) {
    std::string data = r.data ? *r.data : std::string();
    WallTime created = r.created, ended = r.ended;
    EngineTime deadline = r.deadline(), ended_at = r.ended_at();
    std::uint64_t accept_request = r.accept_request;
    ar(r.secret, r.status, r.session, r.number, r.player_id, data, created, deadline, ended_at, ended, accept_request);
    if constexpr (Ar::kReads) {
        r.data = data.empty() ? nullptr : std::make_unique<std::string>(std::move(data));
        r.created = created, r.ended = ended;
        r.turn = r.seated() ? deadline : ended_at;
        r.accept_request = static_cast<std::uint32_t>(accept_request);
    }
}
template <class Ar>
void archive(Ar& ar, FleetEvent& r) {
    ar(r.id, r.fleet, r.order, r.code, r.message, r.time, r.log_key);
}
template <class Ar>
void archive(Ar& ar, InstanceUsage& r) {
    ar(r.fleet, r.order, r.instance_id, r.address, r.began, r.over, r.ended, r.ended_at, r.log_keys);
}
template <class Ar>
void archive(Ar& ar, QueueDestination& r) {
    ar(r.arn, r.region, r.alias, r.id);
}
template <class Ar>
void archive(Ar& ar, LatencyPolicy& r) {
    ar(r.max_ms, r.seconds);
}
template <class Ar>
void archive(Ar& ar, Queue& r) {
    ar(r.region, r.name, r.order, r.destinations, r.policies, r.timeout_s, r.tags, r.created);
}
template <class Ar>
void archive(Ar& ar, PlayerLatency& r) {
    ar(r.player_id, r.region, r.ms);
}
template <class Ar>
void archive(Ar& ar, DesiredPlayer& r) {
    ar(r.player_id, r.data);
}
template <class Ar>
void archive(Ar& ar, Placement& r) {
    ar(r.id, r.region, r.queue_name, r.queue, r.order, r.request_hash, r.status, r.max_players, r.session_name,
       r.session_data, r.properties, r.players, r.latencies, r.started_at, r.started, r.deadline, r.session, r.ended_at,
       r.ended, r.why, r.session_id, r.session_region, r.address, r.port, r.seats);
}
template <class Ar>
void archive(Ar& ar, ScalingRule& r) {
    ar(r.fleet, r.name, r.metric, r.comparison, r.threshold, r.minutes, r.adjustment_type, r.adjustment);
}
template <class Ar>
void archive(Ar& ar, ScalingTimer& r) {
    ar(r.id, r.fleet, r.order, r.name, r.stopped, r.created, r.last_fired, r.desired, r.min, r.max, r.cooldown_minutes,
       r.scaling, r.target_percent, r.type, r.every_days, r.from_day, r.to_day, r.week_days, r.begin, r.end,
       r.offset_minutes, r.seen_until, r.minimum_free, r.keep_one);
}
template <class Ar>
void archive(Ar& ar, Bucket& r) {
    ar(r.region, r.accelerated, r.has_cors, r.allowed_origins, r.allowed_methods, r.allowed_headers, r.exposed_headers,
       r.max_age_s);
}
template <class Ar>
void archive(Ar& ar, AccessKey& r) {
    ar(r.id, r.secret, r.description, r.disabled, r.read_only, r.order, r.created, r.last_used);
}
template <class Ar>
void archive(Ar& ar, Meta& r) {
    ar(r.epoch, r.next_order, r.restored_at);
}

}  // namespace gse::core
