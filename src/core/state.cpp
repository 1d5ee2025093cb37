#include "core/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/joined.h"
#include "core/entities_archive.h"
#include "core/hand_started.h"

namespace gse::core {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr Slot kExpectAhead = 8;  ///< records that are brought near before their turn comes, where many are looked at
constexpr std::string_view kSessionMark = "/gssess-";
constexpr std::string_view kPlayerPrefix = "psess-";
constexpr std::size_t kSlotDigits = 7;  // 36^7 > 2^32

constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";

std::string slot_text(Slot slot) {
    std::string out(kSlotDigits, '0');
    for (std::size_t i = kSlotDigits; i-- > 0; slot /= 36) out[i] = kDigits[slot % 36];
    return out;
}

/// kNone when `text` does not start with a slot.
Slot read_slot(std::string_view text) {
    if (text.size() < kSlotDigits) return kNone;
    std::uint64_t value = 0;
    for (const char c : text.substr(0, kSlotDigits)) {
        const auto digit = kDigits.find(c);
        if (digit == std::string_view::npos) return kNone;
        value = value * 36 + digit;
    }
    return value < kNone ? static_cast<Slot>(value) : kNone;
}

template <class T>
void erase_value(std::vector<T>& values, const T& value) {
    const auto it = std::find(values.begin(), values.end(), value);
    CHECK(it != values.end());
    values.erase(it);
}

std::string regional(std::string_view region, std::string_view name) {
    return joined(std::array{region, std::string_view{"/"}, name});
}

/// "" when the caller gave no id of their own; what a placement adds to the key is none.
std::string_view custom_part(const GameSession& session) {
    if (session.placement != kNone) return {};
    const std::string_view key = session.key;
    const auto slash = key.find('/');
    return slash == std::string_view::npos ? std::string_view{} : key.substr(slash + 1);
}

Slot lookup(const TextIndex& index, std::string_view key) {
    const auto it = index.find(key);
    return it == index.end() ? kNone : it->second;
}

}  // namespace

std::uint64_t stable_hash(std::string_view text, std::uint64_t seed) {
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
    for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
    return hash;
}

// ------------------------------------------------------------------ Edit, add, remove

template <class T>
Edit<T>::Edit(State& state, Slot slot) : state_(state), slot_(slot), record_(state.tables<T>().at(slot)) {
    CHECK(!state_.tables<T>().set_editing(slot_, true));
    state_.note_before(slot_, record_, true);
    state_.count(slot_, record_, -1);
}

template <class T>
Edit<T>::~Edit() {
    state_.tables<T>().set_editing(slot_, false);
    state_.count(slot_, record_, +1);
    state_.touch<T>(slot_);
}

template <class T>
void State::touch(Slot slot) {
    if (!tables<T>().mark_dirty(slot)) return;
    dirty_.emplace_back(static_cast<std::uint8_t>(table_number<T>()), slot);
}

template <class T>
void State::note_before(Slot slot, const T& record, bool existed) {
    if constexpr (kIsWatched<T>) {
        if (watch_ == WatchLevel::Nothing) [[likely]]
            return;
        if (std::is_same_v<T, PlayerSession> && watch_ != WatchLevel::All) return;
        if (existed && tables<T>().is_dirty(slot)) return;
        if (before_.size() >= kBeforeMax) {
            ++before_left_off_;
            return;
        }
        Before& before = before_.emplace_back(before_of(record));
        before.slot = slot;
        before.existed = existed;
    }
}

template <class T>
Slot State::add(T record) {
    auto& table = tables<T>();
    const Slot slot = table.insert(std::move(record));
    T& added = table.at(slot);
    link(slot, added);
    count(slot, added, +1);
    arm_record(slot, added);
    note_before(slot, added, false);
    touch<T>(slot);
    return slot;
}

template <class T>
void State::remove(Slot slot) {
    T& record = tables<T>().at(slot);
    note_before(slot, record, true);
    count(slot, record, -1);
    unlink(slot, record);
    tables<T>().erase(slot);
    touch<T>(slot);
}

#define GSE_INSTANTIATE(T) \
    template class Edit<T>; \
    template Slot State::add<T>(T record); \
    template void State::remove<T>(Slot slot);
GSE_INSTANTIATE(Meta)
GSE_INSTANTIATE(Asset)
GSE_INSTANTIATE(Alias)
GSE_INSTANTIATE(Host)
GSE_INSTANTIATE(HostCursor)
GSE_INSTANTIATE(Fleet)
GSE_INSTANTIATE(Instance)
GSE_INSTANTIATE(Process)
GSE_INSTANTIATE(GameSession)
GSE_INSTANTIATE(PlayerSession)
GSE_INSTANTIATE(FleetEvent)
GSE_INSTANTIATE(InstanceUsage)
GSE_INSTANTIATE(Queue)
GSE_INSTANTIATE(Placement)
GSE_INSTANTIATE(ScalingRule)
GSE_INSTANTIATE(ScalingTimer)
GSE_INSTANTIATE(Bucket)
GSE_INSTANTIATE(AccessKey)
GSE_INSTANTIATE(HostToken)
#undef GSE_INSTANTIATE

State::State(const Settings& settings)
    : settings_(settings),
      decisions_(settings.retention.decisions),
      metric_tables_(settings),
      metric_history_(settings.metrics.memory_bytes),
      players_(tables<PlayerSession>()) {
    tables<Meta>().insert(Meta{});
}

// ------------------------------------------------------------------ look-ups

Slot State::find_asset(std::string_view region, std::string_view id) const {
    const Slot slot = lookup(assets_, id);
    return slot != kNone && at<Asset>(slot).region == region ? slot : kNone;
}
Slot State::find_alias(std::string_view region, std::string_view id) const {
    const Slot slot = lookup(aliases_, id);
    return slot != kNone && at<Alias>(slot).region == region ? slot : kNone;
}
Slot State::find_fleet(std::string_view id) const { return lookup(fleets_, id); }
Slot State::find_fleet(std::string_view region, std::string_view id) const {
    const Slot slot = find_fleet(id);
    return slot != kNone && at<Fleet>(slot).region == region ? slot : kNone;
}
Slot State::find_instance(std::string_view id) const { return lookup(instances_, id); }
Slot State::find_process(std::string_view id) const { return lookup(processes_, id); }
Slot State::find_host(std::string_view name) const { return lookup(hosts_, name); }
Slot State::find_host_by_id(std::string_view id) const { return lookup(host_ids_, id); }
Slot State::find_host_token(std::string_view id) const { return lookup(host_tokens_, id); }
Slot State::find_timer(std::string_view id) const { return lookup(scaling_timers_, id); }
Slot State::find_bucket(std::string_view region) const { return lookup(buckets_, region); }
Slot State::find_access_key(std::string_view id) const { return lookup(access_keys_, id); }

Slot State::find_session(std::string_view id) const {
    // The part after the first mark is ours; a custom id behind it may hold anything.
    const auto mark = id.find(kSessionMark);
    if (mark == std::string_view::npos) return kNone;
    const Slot slot = read_slot(id.substr(mark + kSessionMark.size()));
    const GameSession* session = find<GameSession>(slot);
    return session && is_joined(id, session_id_parts(*session)) ? slot : kNone;
}

Slot State::find_player_session(std::string_view id) const {
    if (!id.starts_with(kPlayerPrefix)) return kNone;
    const Slot slot = read_slot(id.substr(kPlayerPrefix.size()));
    const PlayerSession* player = find<PlayerSession>(slot);
    if (!player) return kNone;
    const std::string_view secret = id.substr(kPlayerPrefix.size() + kSlotDigits);
    if (secret.size() != player->secret.size()) return kNone;
    unsigned difference = 0;  // constant time: the id admits a player
    for (std::size_t i = 0; i < secret.size(); ++i) difference |= static_cast<unsigned>(secret[i] ^ player->secret[i]);
    return difference == 0 ? slot : kNone;
}

Slot State::find_idempotent(std::string_view region, std::string_view token) const {
    return lookup(idempotency_, regional(region, token));
}
Slot State::find_custom_session(std::string_view region, std::string_view custom_id) const {
    return lookup(custom_sessions_, regional(region, custom_id));
}
Slot State::find_queue(std::string_view region, std::string_view name) const {
    return lookup(queues_, regional(region, name));
}
Slot State::find_placement(std::string_view region, std::string_view id) const {
    return lookup(placements_, regional(region, id));
}
Slot State::first_of_player(std::string_view player_id) const { return players_.find(player_id); }

std::uint32_t State::count_created(Slot fleet, std::string_view creator, EngineTime since) {
    const auto it = creators_.find(stable_hash(creator, fleet));
    if (it == creators_.end()) return 0;
    while (!it->second.empty() && it->second.front() < since) it->second.pop_front();
    if (it->second.empty()) {
        creators_.erase(it);
        return 0;
    }
    return static_cast<std::uint32_t>(it->second.size());
}

void State::recount_creators(Slot slot) {
    const Fleet& fleet = at<Fleet>(slot);
    SessionList sessions = fleet.ended_sessions;
    sessions.insert(fleet.live_sessions.begin(), fleet.live_sessions.end());
    const auto each = [&](auto&& act) {
        for (const auto& [order, session] : sessions)
            if (const GameSession& made = at<GameSession>(session); !made.wishes->creator_id.empty())
                act(stable_hash(made.wishes->creator_id, slot), made);
    };
    each([this](std::uint64_t creator, const GameSession&) { creators_.erase(creator); });
    each([this](std::uint64_t creator, const GameSession& made) { creators_[creator].push_back(made.created_at); });
}

// ------------------------------------------------------------------ ids

std::array<std::string_view, 9> State::session_id_parts(const GameSession& session) const {
    const Fleet& fleet = at<Fleet>(session.fleet);
    return {"qcs::gse:", fleet.region, ":uin/",        settings_.uin,     ":gameserversession/",
            fleet.id,    "/",          kSessionPrefix, session.key.view()};
}
std::string State::session_id(const GameSession& session) const { return joined(session_id_parts(session)); }
std::string State::session_id(Slot session) const { return session_id(at<GameSession>(session)); }

std::string State::player_session_id(Slot player) const {
    const auto& secret = at<PlayerSession>(player).secret;
    std::string id(kPlayerPrefix);
    id += slot_text(player);
    id.append(secret.data(), secret.size());
    return id;
}

std::string State::arn(std::string_view region, std::string_view kind, std::string_view id) const {
    return joined(std::array<std::string_view, 8>{"qcs::gse:", region, ":uin/", settings_.uin, ":", kind, "/", id});
}

std::string State::next_session_key(Rng& rng) const {
    const std::string chance = rng.text(9);
    const std::string slot = slot_text(table<GameSession>().next_slot());
    const std::string_view random = chance;
    return joined(std::array<std::string_view, 4>{slot, random.substr(0, 1), "-", random.substr(1)});
}

std::uint64_t State::next_order() { return edit<Meta>(0)->next_order++; }
void State::begin_epoch() {
    ++edit<Meta>(0)->epoch;
    arm(EngineTime{0}, TimerKind::Sample, kNone);
}

// ------------------------------------------------------------------ link

void State::link(Slot slot, Asset& asset) { assets_.emplace(asset.id, slot); }
void State::unlink(Slot, Asset& asset) { assets_.erase(asset.id); }
void State::link(Slot slot, Alias& alias) { aliases_.emplace(alias.id, slot); }
void State::unlink(Slot, Alias& alias) {
    aliases_.erase(alias.id);
    tell_alias(alias.id);
}
void State::link(Slot slot, Fleet& fleet) { fleets_.emplace(fleet.id, slot); }
void State::unlink(Slot slot, Fleet& fleet) {
    fleets_.erase(fleet.id);
    while (!fleet.waiting.empty()) {
        const Slot waiting = fleet.waiting.begin()->second;
        Placement& placement = tables<Placement>().at(waiting);
        std::erase(placement.waits_at, slot);
        if (placement.grows == slot) placement.grows = kNone;
        fleet.waiting.erase(fleet.waiting.begin());
        queue_placement(waiting);
    }
}

void State::link(Slot slot, Host& host) {
    if (host.id.empty()) host.id = host.name;  // a record older than ids
    hosts_.emplace(host.name, slot);
    host_ids_.emplace(host.id, slot);
}
void State::unlink(Slot, Host& host) {
    hosts_.erase(host.name);
    host_ids_.erase(host.id);
}
void State::link(Slot slot, HostCursor& cursor) { mutable_host(cursor.host).cursor = slot; }
void State::link(Slot slot, HostToken& token) { host_tokens_.emplace(token.id, slot); }
void State::unlink(Slot, HostToken& token) { host_tokens_.erase(token.id); }

/// By the fleet's type, which never changes.
void State::take_room(const Instance& instance, int sign) {
    const Fleet& fleet = at<Fleet>(instance.fleet);
    if (is_hand_started(fleet)) return;
    Host& host = mutable_host(instance.host);
    host.instances_held += static_cast<std::uint32_t>(sign);
    for (const InstanceType& type : settings_.instance_types) {
        if (type.name != fleet.instance_type) continue;
        host.cpus_held += static_cast<std::uint64_t>(sign) * type.cpu;
        host.memory_gb_held += static_cast<std::uint64_t>(sign) * type.memory_gb;
    }
}

void State::link(Slot slot, Instance& instance) {
    instances_.emplace(instance.id, slot);
    tables<Fleet>().at(instance.fleet).instances.push_back(slot);
    mutable_host(instance.host).instances.push_back(slot);
    take_room(instance, +1);
}
void State::unlink(Slot slot, Instance& instance) {
    instances_.erase(instance.id);
    take_room(instance, -1);
    erase_value(tables<Fleet>().at(instance.fleet).instances, slot);
    erase_value(mutable_host(instance.host).instances, slot);
}

void State::link(Slot slot, Process& process) {
    processes_.emplace(process.id, slot);
    tables<Instance>().at(process.instance).processes.push_back(slot);
}
void State::unlink(Slot slot, Process& process) {
    processes_.erase(process.id);
    erase_value(tables<Instance>().at(process.instance).processes, slot);
}

void State::link(Slot slot, GameSession& session) {
    const std::string& region = at<Fleet>(session.fleet).region;
    const SessionWishes& wishes = *session.wishes;
    if (!wishes.idempotency_token.empty()) idempotency_.emplace(regional(region, wishes.idempotency_token), slot);
    if (const auto custom = custom_part(session); !custom.empty())
        custom_sessions_.emplace(regional(region, custom), slot);
    if (!wishes.creator_id.empty() && at<Fleet>(session.fleet).limits_creators())
        creators_[stable_hash(wishes.creator_id, session.fleet)].push_back(session.created_at);
}
void State::unlink(Slot slot, GameSession& session) {
    Fleet& fleet = tables<Fleet>().at(session.fleet);
    if (session.listed_live) fleet.live_sessions.erase(session.order);
    if (session.listed_ended) fleet.ended_sessions.erase(session.order);
    const auto erase_if_mine = [slot](TextIndex& index, const std::string& key) {
        const auto it = index.find(key);
        if (it != index.end() && it->second == slot) index.erase(it);
    };
    if (const std::string& token = session.wishes->idempotency_token; !token.empty())
        erase_if_mine(idempotency_, regional(fleet.region, token));
    if (const auto custom = custom_part(session); !custom.empty())
        erase_if_mine(custom_sessions_, regional(fleet.region, custom));
}

void State::link(Slot slot, PlayerSession& player) {
    GameSession& session = tables<GameSession>().at(player.session);
    auto& players = tables<PlayerSession>();
    player.previous = session.last_player;
    player.next = kNone;
    if (session.last_player != kNone)
        players.at(session.last_player).next = slot;
    else
        session.first_player = slot;
    session.last_player = slot;
    session.last_number = std::max(session.last_number, player.number);
    players_.add(slot);
}
void State::unlink(Slot slot, PlayerSession& player) {
    GameSession& session = tables<GameSession>().at(player.session);
    auto& players = tables<PlayerSession>();
    (player.previous != kNone ? players.at(player.previous).next : session.first_player) = player.next;
    (player.next != kNone ? players.at(player.next).previous : session.last_player) = player.previous;
    players_.remove(slot);
}

void State::link(Slot slot, FleetEvent& event) { tables<Fleet>().at(event.fleet).events.emplace(event.order, slot); }
void State::unlink(Slot, FleetEvent& event) { tables<Fleet>().at(event.fleet).events.erase(event.order); }

void State::link(Slot slot, InstanceUsage& usage) { tables<Fleet>().at(usage.fleet).usages.emplace(usage.order, slot); }
void State::unlink(Slot, InstanceUsage& usage) { tables<Fleet>().at(usage.fleet).usages.erase(usage.order); }
void State::link(Slot slot, Queue& queue) { queues_.emplace(regional(queue.region, queue.name), slot); }
void State::unlink(Slot, Queue& queue) {
    CHECK(queue.pending.empty());
    queues_.erase(regional(queue.region, queue.name));
}

void State::link(Slot slot, Placement& placement) {
    placements_.emplace(regional(placement.region, placement.id), slot);
    std::vector<plan::LatencySample> samples;
    samples.reserve(placement.latencies.size());
    for (const auto& latency : placement.latencies) samples.push_back({latency.player_id, latency.region, latency.ms});
    placement.reach = plan::find_reach(samples);
}
void State::unlink(Slot slot, Placement& placement) {
    CHECK(placement.waits_at.empty());
    placement_queue_.erase({placement.order, slot});
    placements_.erase(regional(placement.region, placement.id));
}
void State::link(Slot slot, ScalingRule& rule) { tables<Fleet>().at(rule.fleet).rules.emplace(rule.name, slot); }
void State::unlink(Slot, ScalingRule& rule) { tables<Fleet>().at(rule.fleet).rules.erase(rule.name); }
void State::link(Slot slot, ScalingTimer& timer) {
    scaling_timers_.emplace(timer.id, slot);
    tables<Fleet>().at(timer.fleet).timers.emplace(timer.order, slot);
}
void State::unlink(Slot, ScalingTimer& timer) {
    scaling_timers_.erase(timer.id);
    tables<Fleet>().at(timer.fleet).timers.erase(timer.order);
}
void State::link(Slot slot, Bucket& bucket) { buckets_.emplace(bucket.region, slot); }
void State::unlink(Slot, Bucket& bucket) { buckets_.erase(bucket.region); }
void State::link(Slot slot, AccessKey& key) { access_keys_.emplace(key.id, slot); }
void State::unlink(Slot, AccessKey& key) { access_keys_.erase(key.id); }

// ------------------------------------------------------------------ count

void State::count(Slot, Alias& alias, int sign) {
    if (sign > 0) tell_alias(alias.id);
}

void State::count(Slot, Host& host, int sign) {
    provided_version_ += host.provided;
    // See offer_of().
    if (sign > 0)
        for (const Slot instance : host.instances) refresh_open(instance);
}

void State::count(Slot, Fleet& fleet, int sign) {
    if (fleet.asset != kNone && fleet.status != FleetStatus::Terminated)
        tables<Asset>().at(fleet.asset).bound_fleets += static_cast<std::uint32_t>(sign);
    if (sign < 0) return;
    // See offer_of().
    const std::uint64_t terms = std::uint64_t{fleet.max_activations} << 1 | std::uint64_t{fleet.draining};
    if (std::exchange(fleet.open_terms, terms) != terms)
        for (const Slot instance : fleet.instances) refresh_open(instance);
    tell_waiting(fleet);
}

void State::count(Slot slot, Instance& instance, int sign) {
    Fleet& fleet = tables<Fleet>().at(instance.fleet);
    const auto step = static_cast<std::uint32_t>(sign);
    switch (instance.status) {
        case InstanceStatus::Pending: fleet.instances_pending += step; break;
        case InstanceStatus::Active: fleet.instances_active += step; break;
        case InstanceStatus::Draining:
            fleet.instances_draining += step;
            if (sign > 0)
                fleet.draining_instances.insert(slot);
            else
                fleet.draining_instances.erase(slot);
            break;
        case InstanceStatus::Gone: break;
    }
    if (instance.status != InstanceStatus::Draining) {
        fleet.sessions_on_staying += step * instance.sessions;
        if (instance.leaving) fleet.instances_leaving += step;
    }
    for (const Place& place : instance.places) {
        mark_port(instance.host, place.client_port, sign);
        mark_port(instance.host, place.grpc_port, sign);
    }
    if (sign > 0) {
        refresh_open(slot);
    } else if (instance.open) {
        fleet.open.erase({instance.open_rank, slot});
        instance.open = false;
        instance.open_rank = 0;
    }
}

void State::count(Slot slot, Process& process, int sign) {
    CHECK(!tables<Instance>().editing(process.instance));
    Instance& instance = tables<Instance>().at(process.instance);
    Fleet& fleet = tables<Fleet>().at(instance.fleet);
    const auto step = static_cast<std::uint32_t>(sign);
    mark_own_port(process, instance, sign);
    if (process.status == ProcessStatus::Active) {
        instance.active += step;
        fleet.processes_active += step;
        if (process.healthy) instance.healthy += step;
    }
    if (process.status != ProcessStatus::Ending && (process.custom_current != 0 || process.custom_maximum != 0)) {
        fleet.custom_current += std::int64_t{sign} * process.custom_current;
        fleet.custom_maximum += std::int64_t{sign} * process.custom_maximum;
        tell_rules(instance.fleet);
    }
    const bool idle = process.status == ProcessStatus::Active && process.healthy && process.session == kNone &&
                      process.rests_until == EngineTime{};
    if (idle) fleet.processes_idle += step;
    if (idle && sign > 0) {
        process.idle_position = static_cast<std::uint32_t>(instance.idle.size());
        instance.idle.push_back(slot);
    } else if (idle) {
        const Slot last = instance.idle.back();
        instance.idle[process.idle_position] = last;
        tables<Process>().at(last).idle_position = process.idle_position;
        instance.idle.pop_back();
    }
    refresh_open(process.instance);
}

void State::count(Slot slot, GameSession& session, int sign) {
    Fleet& fleet = tables<Fleet>().at(session.fleet);
    const auto step = static_cast<std::uint32_t>(sign);
    if (session.live()) {
        (session.status == SessionStatus::Active ? fleet.sessions_active : fleet.sessions_activating) += step;
        fleet.players_max += static_cast<std::uint64_t>(static_cast<std::int64_t>(sign)) * session.max_players;
    }
    if (session.instance != kNone) {
        CHECK(!tables<Instance>().editing(session.instance));
        Instance& instance = tables<Instance>().at(session.instance);
        if (session.live()) {
            if (instance.sessions + (sign > 0 ? 1u : 0u) == 1) provided_version_ += at<Host>(instance.host).provided;
            instance.sessions += step;
            if (session.status == SessionStatus::Activating) instance.activating += step;
            if (instance.status != InstanceStatus::Draining) fleet.sessions_on_staying += step;
        }
        if (session.log_state == LogState::Pending) instance.logs_pending += step;
        refresh_open(session.instance);
    }
    if (sign > 0) list_session(slot, session);
}

void State::list_session(Slot slot, GameSession& session) {
    Fleet& fleet = tables<Fleet>().at(session.fleet);
    const bool live = session.live();
    if (live != session.listed_live) {
        if (live)
            fleet.live_sessions.emplace(session.order, slot);
        else
            fleet.live_sessions.erase(session.order);
        session.listed_live = live;
    }
    if (!live != session.listed_ended) {
        if (!live)
            fleet.ended_sessions.emplace(session.order, slot);
        else
            fleet.ended_sessions.erase(session.order);
        session.listed_ended = !live;
    }
}

void State::count(Slot, PlayerSession& player, int sign) {
    if (!player.seated()) return;
    GameSession& session = tables<GameSession>().at(player.session);
    session.seats += static_cast<std::uint32_t>(sign);
    tables<Fleet>().at(session.fleet).players += static_cast<std::uint64_t>(static_cast<std::int64_t>(sign));
    tell_rules(session.fleet);
}

/// Rules may watch what nothing else reacts to.
void State::tell_rules(Slot fleet) {
    if (!at<Fleet>(fleet).rules.empty()) queue_reconcile(fleet);
}

void State::count(Slot slot, Queue& queue, int sign) {
    for (const auto& destination : queue.destinations) {
        if (!destination.alias) continue;
        if (sign > 0) {
            alias_queues_[destination.id].push_back(slot);
            continue;
        }
        const auto it = alias_queues_.find(destination.id);
        erase_value(it->second, slot);
        if (it->second.empty()) alias_queues_.erase(it);
    }
    if (sign > 0) queue_placements_of(queue);
}

void State::count(Slot slot, Placement& placement, int sign) {
    if (placement.status == PlacementStatus::Pending) {
        auto& pending = tables<Queue>().at(placement.queue).pending;
        if (sign > 0)
            pending.emplace(placement.order, slot);
        else
            pending.erase({placement.order, slot});
    }
    const bool waits = placement.status == PlacementStatus::Pending && placement.session == kNone;
    if (sign > 0 && !waits) {
        set_waiting(slot, {}, kNone);
        placement_queue_.erase({placement.order, slot});
    }
}

// ------------------------------------------------------------------ placements that wait

void State::tell_alias(const std::string& alias_id) {
    const auto it = alias_queues_.find(alias_id);
    if (it == alias_queues_.end()) return;
    for (const Slot queue : it->second) queue_placements_of(at<Queue>(queue));
}

/// What makes a fleet a destination, or one that can grow, has changed: its placements find out.
void State::tell_waiting(Fleet& fleet) {
    const bool empty = fleet.instances_pending + fleet.instances_active == 0;
    const std::uint64_t seen = std::uint64_t{fleet.max} << 32 | std::uint64_t{empty} << 16 |
                               static_cast<std::uint64_t>(fleet.status) << 3 | std::uint64_t{fleet.draining} << 2 |
                               std::uint64_t{fleet.auto_scaling} << 1 | std::uint64_t{fleet.target.has_value()};
    if (std::exchange(fleet.waiting_saw, seen) == seen) return;
    placement_queue_.insert(fleet.waiting.begin(), fleet.waiting.end());
}

void State::set_waiting(Slot slot, std::vector<Slot> fleets, Slot grows) {
    Placement& placement = tables<Placement>().at(slot);
    const std::pair key(placement.order, slot);
    if (placement.waits_at != fleets) {
        for (const Slot fleet : placement.waits_at) tables<Fleet>().at(fleet).waiting.erase(key);
        for (const Slot fleet : fleets) tables<Fleet>().at(fleet).waiting.insert(key);
        placement.waits_at = std::move(fleets);
    }
    if (placement.grows != grows) {
        for (const Slot fleet : {placement.grows, grows}) {
            if (fleet == kNone) continue;
            tables<Fleet>().at(fleet).demand += fleet == grows ? 1u : UINT32_MAX;
            queue_reconcile(fleet);
        }
        placement.grows = grows;
    }
    for (const Slot fleet : placement.waits_at) queue_serve(fleet);
}

void State::queue_placement(Slot slot) {
    const Placement& placement = at<Placement>(slot);
    if (placement.status == PlacementStatus::Pending && placement.session == kNone)
        placement_queue_.emplace(placement.order, slot);
}

void State::queue_placements_of(const Queue& queue) {
    for (const auto& [order, slot] : queue.pending) queue_placement(slot);
}

Slot State::take_placement() {
    if (placement_queue_.empty()) return kNone;
    const Slot slot = placement_queue_.begin()->second;
    placement_queue_.erase(placement_queue_.begin());
    return slot;
}

void State::queue_serve(Slot slot) {
    Fleet& fleet = tables<Fleet>().at(slot);
    if (fleet.status != FleetStatus::Active || fleet.open.empty() || fleet.waiting.empty()) return;
    if (std::exchange(fleet.serve_queued, true)) return;
    serve_queue_.push_back(slot);
}

std::vector<Slot> State::take_serve_queue() {
    std::erase_if(serve_queue_, [this](Slot slot) { return !find<Fleet>(slot); });
    for (const Slot slot : serve_queue_) tables<Fleet>().at(slot).serve_queued = false;
    return std::exchange(serve_queue_, {});
}

// ------------------------------------------------------------------ instances that may take a session

plan::InstanceOffer State::offer_of(const Instance& instance) const {
    const Host& host = at<Host>(instance.host);
    const Fleet& fleet = at<Fleet>(instance.fleet);
    return {.active = instance.status == InstanceStatus::Active,
            .draining = instance.status == InstanceStatus::Draining || fleet.draining,
            // Players must be told where it is, which its agent or whoever supplies it may not know yet.
            .host_reachable = !host.silent && !host.lost && !host.address.empty(),
            .weight = instance.weight,
            .idle = static_cast<std::uint32_t>(instance.idle.size()),
            .activating = instance.activating,
            .max_activations = fleet.max_activations,
            .reserved = instance.reserved};
}

void State::refresh_open(Slot slot) {
    Instance& instance = tables<Instance>().at(slot);
    Fleet& fleet = tables<Fleet>().at(instance.fleet);
    const bool open = plan::refuses(offer_of(instance)) == plan::PlacementRefusal::None;
    const std::uint64_t rank = plan::placement_rank(instance.weight, instance.sessions);
    if (open == instance.open && (!open || rank == instance.open_rank)) return;
    if (instance.open) fleet.open.erase({instance.open_rank, slot});
    if (open) fleet.open.emplace(rank, slot);
    instance.open = open;
    instance.open_rank = open ? rank : 0;
    if (open) queue_serve(instance.fleet);
}

void State::refresh_host(Slot host) {
    provided_version_ += at<Host>(host).provided;
    for (const Slot instance : at<Host>(host).instances) refresh_open(instance);
}

// ------------------------------------------------------------------ ports

void State::mark_port(Slot slot, std::uint16_t port, int sign) {
    Host& host = mutable_host(slot);
    std::uint8_t& holders = host.ports_used[port];
    holders = static_cast<std::uint8_t>(holders + sign);
    if (holders == 0) host.ports_used.erase(port);
}

void State::mark_own_port(Process& process, const Instance& instance, int sign) {
    if (sign > 0) {
        const bool of_place = std::any_of(instance.places.begin(), instance.places.end(), [&](const Place& place) {
            return place.number == process.place && place.client_port == process.client_port;
        });
        process.own_port = of_place ? 0 : process.client_port;
    }
    if (process.own_port != 0) mark_port(instance.host, process.own_port, sign);
}

void State::rest_port(Slot host, std::uint16_t port, EngineTime until) {
    auto& at_rest = mutable_host(host).ports_resting[port];
    at_rest = std::max(at_rest, until);
}

void State::release_rested_ports(Slot host, EngineTime now) {
    std::erase_if(mutable_host(host).ports_resting, [now](const auto& entry) { return entry.second <= now; });
}

bool State::port_free(const Host& host, std::uint16_t port) const {
    return !host.ports_resting.contains(port) && !host.ports_used.contains(port);
}

// ------------------------------------------------------------------ timers and queues

void State::arm_record(Slot slot, const Fleet& fleet) {
    arm(fleet.creation_deadline, TimerKind::FleetCreation, slot);
    // Cool-downs and back-offs are not journaled: after a restart every fleet is looked at once.
    if (fleet.status != FleetStatus::Terminated) arm(EngineTime{0}, TimerKind::FleetCheck, slot);
    if (fleet.status == FleetStatus::Terminated) ended_fleets_.emplace_back(fleet.terminated_at, slot);
}
void State::arm_record(Slot slot, const Host&) { arm(EngineTime{0}, TimerKind::HostAlive, slot); }
void State::arm_record(Slot slot, const HostToken& token) { arm(token.expires, TimerKind::HostToken, slot); }
void State::arm_record(Slot slot, const Instance& instance) {
    if (instance.status == InstanceStatus::Draining)
        arm(instance.drained_since + settings_.timers.drain_grace, TimerKind::DrainGrace, slot);
    const auto held = std::count_if(instance.places.begin(), instance.places.end(),
                                    [](const Place& place) { return !place.retired; });
    if (static_cast<std::uint32_t>(held) < at<Fleet>(instance.fleet).processes_per_instance())
        arm(EngineTime{0}, TimerKind::Places, slot);
}
void State::arm_record(Slot slot, const Process& process) {
    if (process.rests_until != EngineTime{}) arm(process.rests_until, TimerKind::Rest, slot);
}
void State::arm_record(Slot slot, const GameSession& session) {
    if (session.status == SessionStatus::Activating) arm(session.activation_deadline, TimerKind::Activation, slot);
    if (!session.live()) ended_sessions_.emplace_back(session.end->at, slot);
}
void State::arm_record(Slot slot, const PlayerSession& player) {
    if (player.status == PlayerStatus::Reserved) arm(player.turn, TimerKind::Reservation, slot);
    if (!player.seated()) ended_players_.emplace_back(player.turn, slot);
}
void State::arm_record(Slot slot, const InstanceUsage& usage) {
    if (usage.over) ended_usages_.emplace_back(usage.ended_at, slot);
}

void State::arm_record(Slot slot, const Placement& placement) {
    if (placement.status != PlacementStatus::Pending) {
        ended_placements_.emplace_back(placement.ended_at, slot);
        return;
    }
    arm(placement.deadline, TimerKind::Placement, slot);
    queue_placement(slot);
}

void State::arm(EngineTime at, TimerKind kind, Slot slot) {
    if (at == kNever) return;
    if (kind == TimerKind::Reservation && reservations_.takes(at))
        reservations_.push(at, slot);
    else
        timers_.push({at, kind, slot});
}

EngineTime State::next_timer() const {
    const EngineTime other = timers_.empty() ? kNever : timers_.top().at;
    return reservations_.empty() ? other : std::min(other, reservations_.first_at());
}

bool State::take_due(EngineTime now, Timer& out) {
    if (next_timer() > now) return false;
    if (!reservations_.empty()) {
        out = {reservations_.first_at(), TimerKind::Reservation, reservations_.first()};
        if (timers_.empty() || timers_.top() > out) {
            reservations_.pop();
            table<PlayerSession>().expect(reservations_.next(kExpectAhead));
            return true;
        }
    }
    out = timers_.top();
    timers_.pop();
    return true;
}

void State::wake_fleet(Slot slot, EngineTime at) {
    Fleet& fleet = tables<Fleet>().at(slot);
    if (at >= fleet.wakes_at) return;
    fleet.wakes_at = at;
    arm(at, TimerKind::FleetCheck, slot);
}

void State::fleet_woke(Slot slot, EngineTime now) {
    Fleet& fleet = tables<Fleet>().at(slot);
    if (fleet.wakes_at <= now) fleet.wakes_at = kNever;
    queue_reconcile(slot);
}

void State::queue_reconcile(Slot fleet) {
    Fleet& record = tables<Fleet>().at(fleet);
    if (std::exchange(record.reconcile_queued, true)) return;
    reconcile_queue_.push_back(fleet);
}

void State::queue_spec(Slot slot) {
    Instance& instance = tables<Instance>().at(slot);
    if (std::exchange(instance.spec_changed, true)) return;
    spec_queue_.push_back(slot);
}

std::vector<Slot> State::take_spec_queue() {
    for (const Slot slot : spec_queue_)
        if (find<Instance>(slot)) tables<Instance>().at(slot).spec_changed = false;
    return std::exchange(spec_queue_, {});
}

// ------------------------------------------------------------------ journal

// A batch: format byte, engine time, wall time, then records: table, slot, and the length of the image plus one —
// zero is a tombstone.

template <class T>
void State::encode_record(Writer& writer, Slot slot) const {
    writer.varint(table_number<T>());
    writer.varint(slot);
    if (const T* record = find<T>(slot))
        writer.image(*record);
    else
        writer.varint(0);
}

std::string State::take_batch(Now now) {
    std::string room;
    room.reserve(batch_bytes_ + batch_bytes_ / 8);  // of the last one, and some more
    Writer writer(std::move(room));
    writer(kFormat, now.engine, now.wall);
    for (const auto& [number, slot] : dirty_)
        with_table(number, [&]<class T>(Slab<T>& table) {
            table.clear_dirty(slot);
            encode_record<T>(writer, slot);
        });
    dirty_.clear();
    std::string batch = std::move(writer).take();
    batch_bytes_ = batch.size();
    return batch;
}

std::string State::encode_slice(SnapshotCursor& cursor, std::size_t records, Now now) const {
    Writer writer;
    writer(kFormat, now.engine, now.wall);
    std::size_t left = records;
    const auto walk = [&]<class T>(const Slab<T>& table) {
        if (cursor.table != table_number<T>()) return;
        for (; cursor.slot < table.limit() && left > 0; ++cursor.slot, --left) {
            table.expect(cursor.slot + kExpectAhead);
            if (table.find(cursor.slot)) encode_record<T>(writer, cursor.slot);
        }
        if (cursor.slot >= table.limit()) cursor = {cursor.table + 1, 0};
    };
    std::apply([&](const auto&... table) { (walk(table), ...); }, tables_);
    return std::move(writer).take();
}

Result<Now> read_batch(std::string_view batch, const TakeRecord& take) {
    Reader reader(batch);
    std::uint8_t format = 0;
    Now now;
    reader(format, now.engine, now.wall);
    if (!reader.ok() || format != kFormat)
        return refuse(ErrorCode::Internal,
                      fmt::format("journal entry of format {}; this version reads format {}", format, kFormat));
    while (reader.ok() && !reader.at_end()) {
        const std::uint64_t table = reader.varint();
        const auto slot = static_cast<Slot>(reader.varint());
        const std::uint64_t length = reader.varint();
        std::optional<std::string_view> image;
        if (length > 0) image = reader.raw(length - 1);
        if (!reader.ok()) break;
        TRY(take(table, slot, image));
    }
    if (!reader.ok()) return refuse(ErrorCode::Internal, "journal entry ends within a record");
    return now;
}

Result<Now> State::apply(std::string_view batch) {
    return read_batch(batch,
                      [this](std::size_t number, Slot slot, std::optional<std::string_view> image) -> Result<void> {
                          bool intact = true;
                          const bool known = with_table(number, [&]<class T>(Slab<T>& table) {
                              if (!image) return table.restore_erased(slot);
                              T record;
                              Reader body(*image);
                              archive(body, record);
                              intact = body.ok();
                              if (intact) table.restore(slot, std::move(record));
                          });
                          if (known && intact) return {};
                          return refuse(ErrorCode::Internal,
                                        fmt::format("journal entry holds an unreadable record of table {}", number));
                      });
}

void State::rebuild() {
    assets_.clear(), aliases_.clear(), fleets_.clear(), instances_.clear(), processes_.clear(), hosts_.clear();
    idempotency_.clear(), custom_sessions_.clear(), players_.clear(), creators_.clear();
    scaling_timers_.clear(), buckets_.clear(), access_keys_.clear(), host_ids_.clear(), host_tokens_.clear();
    timers_ = {};
    reservations_.clear();
    queues_.clear(), placements_.clear(), alias_queues_.clear();
    reconcile_queue_.clear(), spec_queue_.clear(), placement_queue_.clear(), serve_queue_.clear();
    just_ended_.clear(), removed_hosts_.clear();
    ended_sessions_.clear(), ended_players_.clear(), ended_fleets_.clear(), ended_usages_.clear();
    ended_placements_.clear();

    const auto reset_derived = [](auto& table) {
        table.rebuild_free_list();
        table.for_each([](Slot, auto& record) { clear_derived(record); });
    };
    std::apply([&](auto&... table) { (reset_derived(table), ...); }, tables_);

    // Lists in order of creation must come out as they grew, whatever slots their records sit in.
    const auto add_all = [&]<class T>(Slab<T>& table) {
        std::vector<Slot> slots;
        slots.reserve(table.size());
        table.for_each([&](Slot slot, T&) { slots.push_back(slot); });
        if constexpr (std::is_same_v<T, PlayerSession>)
            std::stable_sort(slots.begin(), slots.end(), [&](Slot a, Slot b) {
                return table.at(a).number < table.at(b).number;  // not by time: the wall clock may have gone back
            });
        if constexpr (std::is_same_v<T, GameSession>)
            std::stable_sort(slots.begin(), slots.end(),
                             [&](Slot a, Slot b) { return table.at(a).order < table.at(b).order; });
        for (const Slot slot : slots) {
            T& record = table.at(slot);
            link(slot, record);
            count(slot, record, +1);
            arm_record(slot, record);
        }
    };
    std::apply([&](auto&... table) { (add_all(table), ...); }, tables_);

    const auto by_time = [](auto& queue) { std::stable_sort(queue.begin(), queue.end()); };
    by_time(ended_sessions_), by_time(ended_players_), by_time(ended_fleets_), by_time(ended_usages_);
    by_time(ended_placements_);
}

// ------------------------------------------------------------------ digests

std::string State::digest() const {
    Writer writer;
    const auto walk = [&]<class T>(const Slab<T>& table) {
        table.for_each([&](Slot slot, const T&) { encode_record<T>(writer, slot); });
    };
    std::apply([&](const auto&... table) { (walk(table), ...); }, tables_);
    return std::move(writer).take();
}

std::string State::derived_digest() const {
    std::string out;
    const auto line = [&](std::string_view name, const auto&... values) {
        out += name;
        ((out += fmt::format(" {}", values)), ...);
        out += '\n';
    };
    const auto sorted = [](std::vector<Slot> slots) {
        std::sort(slots.begin(), slots.end());
        return fmt::format("[{}]", fmt::join(slots, ","));
    };
    const auto map_text = [](const auto& map) {
        std::string text;
        for (const auto& [key, value] : map) text += fmt::format("{}:{},", key, value);
        return text;
    };
    table<Asset>().for_each([&](Slot slot, const Asset& a) { line("asset", slot, a.bound_fleets); });
    table<Fleet>().for_each([&](Slot slot, const Fleet& f) {
        line("fleet", slot, sorted(f.instances), map_text(f.open), f.instances_pending, f.instances_active,
             f.instances_draining, f.instances_leaving, map_text(f.live_sessions), map_text(f.ended_sessions),
             map_text(f.events), map_text(f.usages), map_text(f.rules), map_text(f.timers), f.sessions_activating,
             f.sessions_active, f.sessions_on_staying, f.players, f.players_max, f.processes_active, f.processes_idle,
             f.custom_current, f.custom_maximum);
    });
    table<Host>().for_each([&](Slot slot, const Host& h) {
        std::string ports;
        for (const auto& [port, holders] : std::map(h.ports_used.begin(), h.ports_used.end()))
            ports += fmt::format("{}x{},", port, holders);
        line("host", slot, sorted(h.instances), h.instances_held, h.cpus_held, h.memory_gb_held, ports);
    });
    table<Instance>().for_each([&](Slot slot, const Instance& i) {
        line("instance", slot, sorted(i.processes), sorted(i.idle), i.active, i.healthy, i.sessions, i.activating,
             i.logs_pending, i.open, i.open_rank);
    });
    table<GameSession>().for_each([&](Slot slot, const GameSession& s) {
        std::string players;
        for (Slot p = s.first_player; p != kNone; p = at<PlayerSession>(p).next) players += fmt::format("{},", p);
        line("session", slot, s.listed_live, s.listed_ended, players, s.seats, s.last_number);
    });
    table<Queue>().for_each([&](Slot slot, const Queue& q) { line("queue", slot, map_text(q.pending)); });
    table<Placement>().for_each([&](Slot slot, const Placement& p) {
        std::string reach;
        for (const auto& region : p.reach)
            reach += fmt::format("{}:{}:{},", region.region, region.worst_ms, region.sum_ms);
        line("placement", slot, reach);
    });
    {
        std::map<std::string, std::vector<Slot>> ordered(alias_queues_.begin(), alias_queues_.end());
        for (const auto& [alias, queues] : ordered) line("alias-queues", alias, sorted(queues));
    }
    const auto index_text = [](const TextIndex& index) {
        std::map<std::string, Slot> ordered(index.begin(), index.end());
        std::string text;
        for (const auto& [key, slot] : ordered) text += fmt::format("{}={},", key, slot);
        return text;
    };
    for (const TextIndex* index :
         {&assets_, &aliases_, &fleets_, &instances_, &processes_, &hosts_, &idempotency_, &custom_sessions_, &queues_,
          &placements_, &scaling_timers_, &buckets_, &access_keys_, &host_ids_, &host_tokens_})
        line("index", index_text(*index));
    std::map<std::string_view, std::vector<Slot>> players;
    players_.for_each([&](Slot first) {
        for (Slot p = first; p != kNone; p = at<PlayerSession>(p).next_same_player)
            players[at<PlayerSession>(p).player_id].push_back(p);
    });
    for (auto& [id, slots] : players) line("player", id, sorted(slots));
    return out;
}

}  // namespace gse::core
