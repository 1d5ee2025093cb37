/// All durable state, its indexes, and what a batch changed. The only way to change a record is add(), edit() and
/// remove(): they keep every index, counter and list right, through the same link/count functions that rebuild() uses.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/rng.h"
#include "core/decisions.h"
#include "core/entities.h"
#include "core/metric_history.h"
#include "core/metrics.h"
#include "core/player_index.h"
#include "core/reservation_queue.h"
#include "core/watch.h"
#include "model/settings.h"

namespace gse::core {

class State;
class Writer;

/// Exclusive access to one record. While it lives, the record counts nowhere; when it goes, the record counts again
/// as it now is, and is part of the batch. Two edits of one record at a time are a bug and stop the program.
template <class T>
class [[nodiscard]] Edit {
public:
    Edit(State& state, Slot slot);
    ~Edit();
    Edit(const Edit&) = delete;
    Edit& operator=(const Edit&) = delete;
    T* operator->() { return &record_; }
    T& operator*() { return record_; }

private:
    State& state_;
    Slot slot_;
    T& record_;
};

enum class TimerKind : std::uint8_t {
    Reservation,
    Activation,
    Rest,
    FleetCreation,
    FleetCheck,
    HostAlive,
    DrainGrace,
    Places,
    BusyPorts,
    Placement,
    Sample,
    Settle,
    Calendar,
    HostToken
};

struct Timer {
    EngineTime at;
    TimerKind kind;
    Slot slot;
    friend bool operator>(const Timer& a, const Timer& b) {
        return std::tie(a.at, a.kind, a.slot) > std::tie(b.at, b.kind, b.slot);
    }
};

/// Transparent hashing, so that look-ups by string_view allocate nothing.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using TextIndex = boost::unordered_flat_map<std::string, Slot, TextHash, std::equal_to<>>;

/// 64-bit FNV-1a: stable over restarts, for request digests. Not for secrets.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text, std::uint64_t seed = 0);

/// Hands over what a journal entry or snapshot slice holds: table, slot, and the record's image; nullopt is a
/// tombstone.
using TakeRecord = std::function<Result<void>(std::size_t table, Slot slot, std::optional<std::string_view> image)>;
/// Its time; what `take` refuses; Internal: it is no entry that this version reads.
Result<Now> read_batch(std::string_view batch, const TakeRecord& take);

/// Owned by one thread.
class State {
    // Order matters: a record's links point to earlier tables. Journals name tables by number.
    using Tables = std::tuple<Slab<Meta>, Slab<Asset>, Slab<Alias>, Slab<Host>, Slab<HostCursor>, Slab<Fleet>,
                              Slab<Instance>, Slab<Process>, Slab<GameSession>, Slab<PlayerSession>, Slab<FleetEvent>,
                              Slab<InstanceUsage>, Slab<Queue>, Slab<Placement>, Slab<ScalingRule>, Slab<ScalingTimer>,
                              Slab<Bucket>, Slab<AccessKey>, Slab<HostToken>>;

public:
    /// The number of a table in the journal.
    template <class T>
    [[nodiscard]] static constexpr std::size_t table_number() {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            std::size_t found = 0;
            ((std::is_same_v<std::tuple_element_t<I, Tables>, Slab<T>> ? (found = I, 0) : 0), ...);
            return found;
        }
        (std::make_index_sequence<std::tuple_size_v<Tables>>{});
    }

    explicit State(const Settings& settings);
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // -------------------------------------------------------------- records

    template <class T>
    [[nodiscard]] const Slab<T>& table() const {
        return std::get<Slab<T>>(tables_);
    }
    template <class T>
    [[nodiscard]] const T& at(Slot slot) const {
        return table<T>().at(slot);
    }
    template <class T>
    [[nodiscard]] const T* find(Slot slot) const {
        return table<T>().find(slot);
    }

    template <class T>
    Slot add(T record);
    template <class T>
    void remove(Slot slot);
    template <class T>
    Edit<T> edit(Slot slot) {
        return Edit<T>(*this, slot);
    }

    // -------------------------------------------------------------- look-ups; nullptr or kNone: no such thing

    [[nodiscard]] Slot find_asset(std::string_view region, std::string_view id) const;
    [[nodiscard]] Slot find_alias(std::string_view region, std::string_view id) const;
    /// Fleets that are TERMINATED but still queryable are found too.
    [[nodiscard]] Slot find_fleet(std::string_view region, std::string_view id) const;
    [[nodiscard]] Slot find_fleet(std::string_view id) const;
    [[nodiscard]] Slot find_instance(std::string_view id) const;
    [[nodiscard]] Slot find_process(std::string_view id) const;
    [[nodiscard]] Slot find_timer(std::string_view id) const;
    /// The options of a region's upload bucket.
    [[nodiscard]] Slot find_bucket(std::string_view region) const;
    [[nodiscard]] Slot find_host(std::string_view name) const;
    [[nodiscard]] Slot find_host_by_id(std::string_view id) const;
    [[nodiscard]] Slot find_host_token(std::string_view id) const;
    /// By SecretId.
    [[nodiscard]] Slot find_access_key(std::string_view id) const;
    /// By whole id, `qcs::gse:<region>:uin/<uin>:gameserversession/<FleetId>/<key>`.
    [[nodiscard]] Slot find_session(std::string_view id) const;
    /// By whole id; an id that differs in one character is unknown.
    [[nodiscard]] Slot find_player_session(std::string_view id) const;
    [[nodiscard]] Slot find_idempotent(std::string_view region, std::string_view token) const;
    [[nodiscard]] Slot find_custom_session(std::string_view region, std::string_view custom_id) const;
    [[nodiscard]] Slot find_queue(std::string_view region, std::string_view name) const;
    [[nodiscard]] Slot find_placement(std::string_view region, std::string_view id) const;
    /// First player session of a player anywhere; follow next_same_player for the others.
    [[nodiscard]] Slot first_of_player(std::string_view player_id) const;
    /// For who will look for, add or remove many players, see PlayerIndex.
    [[nodiscard]] const PlayerIndex& player_index() const { return players_; }
    /// Sessions that `creator` made on a fleet at or after `since`; forgets older ones.
    [[nodiscard]] std::uint32_t count_created(Slot fleet, std::string_view creator, EngineTime since);
    /// Counts the fleet's sessions by creator anew: only fleets with a creator limit are counted, and it has one now,
    /// or a longer period.
    void recount_creators(Slot fleet);

    // -------------------------------------------------------------- ids

    [[nodiscard]] std::string session_id(Slot session) const;
    [[nodiscard]] std::string session_id(const GameSession& session) const;
    [[nodiscard]] std::string player_session_id(Slot player) const;
    [[nodiscard]] std::string arn(std::string_view region, std::string_view kind, std::string_view id) const;
    /// `<8>-<8>` for the session that the next add<GameSession>() makes: its slot is part of the id.
    [[nodiscard]] std::string next_session_key(Rng& rng) const;
    /// Monotonic, never repeats: what lists in order of creation are sorted by.
    [[nodiscard]] std::uint64_t next_order();
    [[nodiscard]] const Settings& settings() const { return settings_; }
    [[nodiscard]] std::uint64_t epoch() const { return table<Meta>().at(0).epoch; }
    void begin_epoch();

    // -------------------------------------------------------------- this run's view of hosts (not journaled)

    /// Changes fields of a host that belong to this run; placement follows.
    template <class Change>
    void change_host_run(Slot host, Change&& change) {
        change(mutable_host(host));
        refresh_host(host);
    }
    /// The host gave a sign of life; nothing else changes.
    void change_host_clock(Slot host, EngineTime now) { mutable_host(host).last_alive = now; }
    /// Its alive timer; one that fires earlier is left from another host in this slot.
    void arm_host_check(Slot host, EngineTime at) {
        mutable_host(host).next_check = at;
        arm(at, TimerKind::HostAlive, host);
    }
    void count_foreign(Slot host, EngineTime told) {
        ++mutable_host(host).foreign_reports;
        mutable_host(host).foreign_told = told;
    }
    /// Ports handed out never repeat before `rest` has passed.
    void rest_port(Slot host, std::uint16_t port, EngineTime until);
    void release_rested_ports(Slot host, EngineTime now);
    [[nodiscard]] bool port_free(const Host& host, std::uint16_t port) const;
    void set_port_cursor(Slot host, std::uint32_t cursor) { mutable_host(host).port_cursor = cursor; }
    void set_decision(Slot placement, std::uint64_t number) { tables<Placement>().at(placement).decision = number; }
    /// Changes fields of this run, which nothing else depends on.
    template <class T, class Change>
    void change_run(Slot slot, Change&& change) {
        change(tables<T>().at(slot));
    }
    template <class Change>
    void change_fleet_run(Slot fleet, Change&& change) {
        change(tables<Fleet>().at(fleet));
    }
    /// The fleet is looked at again then, at the latest; whoever looks says anew when the next time is.
    void wake_fleet(Slot fleet, EngineTime at);
    /// It is looked at now.
    void fleet_woke(Slot fleet, EngineTime now);
    void set_rule_holds(Slot rule, EngineTime since) { tables<ScalingRule>().at(rule).holds_since = since; }
    /// The calendar timer is looked at then, and not before.
    void wake_calendar(Slot timer, EngineTime at) {
        tables<ScalingTimer>().at(timer).wakes_at = at;
        arm(at, TimerKind::Calendar, timer);
    }

    /// Grows with every change of what list_provided() shows, but for the name and the permissions of its fleet.
    [[nodiscard]] std::uint64_t provided_version() const { return provided_version_; }

    /// The host is no more: whoever has streams must close its own, before anything else is taken from them.
    void tell_removed(Slot host) { removed_hosts_.push_back(host); }
    [[nodiscard]] std::vector<Slot> take_removed_hosts() { return std::exchange(removed_hosts_, {}); }

    // -------------------------------------------------------------- timers and queues of this batch

    void arm(EngineTime at, TimerKind kind, Slot slot);
    /// kNever when nothing is armed.
    [[nodiscard]] EngineTime next_timer() const;
    /// The next timer that is due; false when there is none. Whether it still means anything is for the caller.
    bool take_due(EngineTime now, Timer& out);

    /// The fleet is looked at again before this batch ends.
    void queue_reconcile(Slot fleet);
    [[nodiscard]] bool has_reconcile_queue() const { return !reconcile_queue_.empty(); }
    [[nodiscard]] std::vector<Slot> take_reconcile_queue() { return std::exchange(reconcile_queue_, {}); }
    /// The placement waits at these fleets, the preferred one first, and `grows` grows for it; each fleet that has room
    /// is served before this batch ends.
    void set_waiting(Slot placement, std::vector<Slot> fleets, Slot grows);
    /// The fleet's instances have come or gone: its placements find out. The rest of what they see they see at once.
    void tell_waiting(Slot fleet) { tell_waiting(tables<Fleet>().at(fleet)); }
    /// Where the placement may go must be found out anew.
    void queue_placement(Slot placement);
    void queue_placements_of(const Queue& queue);
    /// The placement of the lowest order that must be looked at; kNone when there is none.
    [[nodiscard]] Slot take_placement();
    /// The fleet has room, and placements that wait for it.
    void queue_serve(Slot fleet);
    [[nodiscard]] std::vector<Slot> take_serve_queue();
    [[nodiscard]] bool has_placement_work() const { return !placement_queue_.empty() || !serve_queue_.empty(); }
    [[nodiscard]] bool has_placement_queue() const { return !placement_queue_.empty(); }

    /// The instance's spec goes out with this batch.
    void queue_spec(Slot instance);
    [[nodiscard]] std::vector<Slot> take_spec_queue();

    /// Placements that this batch ended.
    void tell_ended(Slot placement) { just_ended_.push_back(placement); }
    [[nodiscard]] std::vector<Slot> take_just_ended() { return std::exchange(just_ended_, {}); }

    /// Why recent requests went where they went; of this run.
    [[nodiscard]] DecisionLog& decisions() { return decisions_; }
    [[nodiscard]] const DecisionLog& decisions() const { return decisions_; }
    /// What monitoring has sampled; of this run.
    [[nodiscard]] MetricHistory& metric_history() { return metric_history_; }
    [[nodiscard]] const MetricHistory& metric_history() const { return metric_history_; }
    [[nodiscard]] SamplingWalk& sampling_walk() { return sampling_walk_; }
    [[nodiscard]] const MetricTables& metric_tables() const { return metric_tables_; }
    /// How an instance looks to whoever seeks a process.
    [[nodiscard]] plan::InstanceOffer offer_of(const Instance& instance) const;

    /// Oldest first: (when it ended, slot). Entries whose record has gone or changed are stale.
    std::deque<std::pair<EngineTime, Slot>>& ended_sessions() { return ended_sessions_; }
    std::deque<std::pair<EngineTime, Slot>>& ended_players() { return ended_players_; }
    std::deque<std::pair<EngineTime, Slot>>& ended_fleets() { return ended_fleets_; }
    std::deque<std::pair<EngineTime, Slot>>& ended_usages() { return ended_usages_; }
    std::deque<std::pair<EngineTime, Slot>>& ended_placements() { return ended_placements_; }

    // -------------------------------------------------------------- who listens

    /// From now on what records were before a change is kept. Between batches only.
    void watch(WatchLevel level) { watch_ = level; }
    [[nodiscard]] WatchLevel watched() const { return watch_; }
    /// What this batch's records were, and how many more there would have been.
    [[nodiscard]] std::vector<Before> take_before(std::uint64_t& left_off) {
        left_off = std::exchange(before_left_off_, 0);
        return std::exchange(before_, {});
    }

    // -------------------------------------------------------------- journal

    /// True when this batch changed something durable.
    [[nodiscard]] bool has_changes() const { return !dirty_.empty(); }
    /// Number of records this batch changed so far.
    [[nodiscard]] std::size_t changes() const { return dirty_.size(); }
    /// After-images of everything the batch changed, as one journal entry; the batch is then empty.
    [[nodiscard]] std::string take_batch(Now now);
    /// Applies one journal entry or snapshot slice. Recovery only: call rebuild() after the last.
    Result<Now> apply(std::string_view batch);
    /// Rebuilds every index, counter, list and timer from the records.
    void rebuild();

    /// Walks all records for a snapshot, a slice at a time, while the state goes on changing.
    struct SnapshotCursor {
        std::size_t table = 0;
        Slot slot = 0;
        [[nodiscard]] bool at_end() const { return table == std::tuple_size_v<Tables>; }
    };
    /// Up to `records` further records, in the form apply() reads.
    [[nodiscard]] std::string encode_slice(SnapshotCursor& cursor, std::size_t records, Now now) const;

    /// A text of all records, and one of everything derived: tests compare states with them.
    [[nodiscard]] std::string digest() const;
    [[nodiscard]] std::string derived_digest() const;

private:
    template <class T>
    friend class Edit;
    template <class T>
    Slab<T>& tables() {
        return std::get<Slab<T>>(tables_);
    }
    Host& mutable_host(Slot host) { return tables<Host>().at(host); }

    template <class T>
    void touch(Slot slot);
    template <class T>
    void note_before(Slot slot, const T& record, bool existed);

    // link: identity and membership, once per record. count: what depends on fields that change.
    void link(Slot, Meta&) {}
    void link(Slot, Asset&);
    void link(Slot, Alias&);
    void link(Slot, Fleet&);
    void link(Slot, Host&);
    void link(Slot, HostCursor&);
    void link(Slot, Instance&);
    void link(Slot, Process&);
    void link(Slot, GameSession&);
    void link(Slot, PlayerSession&);
    void link(Slot, FleetEvent&);
    void link(Slot, Queue&);
    void link(Slot, Placement&);
    void link(Slot, ScalingRule&);
    void link(Slot, ScalingTimer&);
    void link(Slot, Bucket&);
    void link(Slot, AccessKey&);
    void link(Slot, HostToken&);
    void unlink(Slot, Meta&) {}
    void unlink(Slot, Asset&);
    void unlink(Slot, Alias&);
    void unlink(Slot, Fleet&);
    void unlink(Slot, Host&);
    void unlink(Slot, HostCursor&) {}
    void unlink(Slot, Instance&);
    void unlink(Slot, Process&);
    void unlink(Slot, GameSession&);
    void unlink(Slot, PlayerSession&);
    void unlink(Slot, FleetEvent&);
    void link(Slot, InstanceUsage&);
    void unlink(Slot, InstanceUsage&);
    void unlink(Slot, Queue&);
    void unlink(Slot, Placement&);
    void unlink(Slot, ScalingRule&);
    void unlink(Slot, ScalingTimer&);
    void unlink(Slot, Bucket&);
    void unlink(Slot, AccessKey&);
    void unlink(Slot, HostToken&);

    template <class T>
    void count(Slot, T&, int) {}  // records without counted fields
    void count(Slot, Alias&, int sign);
    void count(Slot, Host& host, int sign);
    void count(Slot, Fleet&, int sign);
    void count(Slot, Instance&, int sign);
    void count(Slot, Process&, int sign);
    void count(Slot, GameSession&, int sign);
    void count(Slot, PlayerSession&, int sign);
    void count(Slot, Queue&, int sign);
    void count(Slot, Placement&, int sign);

    /// Arms what a record's own deadlines say; used by add() and rebuild().
    template <class T>
    void arm_record(Slot, const T&) {}
    void arm_record(Slot, const Fleet&);
    void arm_record(Slot, const Host&);
    void arm_record(Slot, const Instance&);
    void arm_record(Slot, const Process&);
    void arm_record(Slot, const GameSession&);
    void arm_record(Slot, const PlayerSession&);
    void arm_record(Slot, const InstanceUsage&);
    void arm_record(Slot, const Placement&);
    void arm_record(Slot slot, const ScalingTimer&) { arm(EngineTime{0}, TimerKind::Calendar, slot); }
    void arm_record(Slot, const HostToken&);

    void refresh_open(Slot instance);
    void tell_waiting(Fleet& fleet);
    void tell_rules(Slot fleet);
    void tell_alias(const std::string& alias_id);
    void refresh_host(Slot host);
    void take_room(const Instance& instance, int sign);
    void list_session(Slot slot, GameSession& session);
    void mark_port(Slot host, std::uint16_t port, int sign);
    void mark_own_port(Process& process, const Instance& instance, int sign);
    [[nodiscard]] std::array<std::string_view, 9> session_id_parts(const GameSession& session) const;
    template <class T>
    void encode_record(Writer& writer, Slot slot) const;
    /// False: there is no table of that number.
    template <class Use>
    bool with_table(std::size_t number, Use&& use) {
        return std::apply([&](auto&... table) { return ((number-- == 0 && (use(table), true)) || ...); }, tables_);
    }

    const Settings& settings_;
    Tables tables_;

    TextIndex assets_, aliases_, fleets_, instances_, processes_, hosts_, idempotency_, custom_sessions_, queues_,
        placements_, scaling_timers_, buckets_, access_keys_, host_ids_, host_tokens_;
    boost::unordered_flat_map<std::string, std::vector<Slot>, TextHash, std::equal_to<>>
        alias_queues_;  ///< alias id → queues that name it
    boost::unordered_flat_map<std::uint64_t, std::deque<EngineTime>> creators_;

    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
    ReservationQueue reservations_;  ///< those that were armed in their order, as nearly all are
    std::vector<Slot> reconcile_queue_;
    std::vector<Slot> spec_queue_;
    std::set<std::pair<std::uint64_t, Slot>> placement_queue_;
    std::vector<Slot> serve_queue_;
    std::deque<std::pair<EngineTime, Slot>> ended_sessions_, ended_players_, ended_fleets_, ended_usages_,
        ended_placements_;
    std::vector<std::pair<std::uint8_t, Slot>> dirty_;
    std::size_t batch_bytes_ = 0;  ///< of the last batch: the next one is about as large
    std::vector<Slot> just_ended_;
    std::vector<Slot> removed_hosts_;
    DecisionLog decisions_;
    MetricTables metric_tables_;
    MetricHistory metric_history_;
    SamplingWalk sampling_walk_;
    PlayerIndex players_;
    WatchLevel watch_ = WatchLevel::Nothing;
    std::vector<Before> before_;
    std::uint64_t before_left_off_ = 0;
    std::uint64_t provided_version_ = 0;
};

}  // namespace gse::core
