#include "core/state.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "core/players.h"
#include "core/sessions.h"
#include "core/step.h"

namespace gse::core {
namespace {

/// Random changes of every kind of record, as State itself allows them; what they mean is not its business.
class Scribbler {
public:
    explicit Scribbler(std::uint64_t seed) : rng_(seed), state_(settings_) {}

    void change() {
        switch (rng_.below(17)) {
            case 0: return add_fleet();
            case 1: return add_host();
            case 2:
            case 3: return add_instance();
            case 4: return add_process();
            case 5: return add_session();
            case 6:
            case 7: return add_player();
            case 8: return edit_process();
            case 9: return edit_instance();
            case 10: return edit_player();
            case 11: return end_usage();
            case 12: return add_queue();
            case 13: return add_placement();
            case 14: return edit_placement();
            case 15: return change_policies();
            default: return remove_something();
        }
    }

    std::string commit() { return state_.take_batch(now()); }
    [[nodiscard]] Now now() {
        return {EngineTime{static_cast<std::int64_t>(++clock_)}, WallTime{1'000 - static_cast<std::int64_t>(clock_)}};
    }
    State& state() { return state_; }
    SeededRng& rng() { return rng_; }
    const Settings& settings() const { return settings_; }

private:
    template <class T>
    Slot pick() {
        std::vector<Slot> slots;
        state_.table<T>().for_each([&](Slot slot, const T&) { slots.push_back(slot); });
        return slots.empty() ? kNone : slots[rng_.below(slots.size())];
    }

    void add_fleet() {
        Fleet fleet;
        fleet.id = "fleet-" + rng_.text(8);
        fleet.region = settings_.default_region;
        fleet.recipes = {{"/local/game/a", "", 2}};
        fleet.max_activations = static_cast<std::uint32_t>(rng_.below(3));
        state_.add(std::move(fleet));
    }
    void add_host() {
        Host host;
        host.name = "host-" + rng_.text(8);
        host.ports = {1'000, 2'000};
        state_.add(std::move(host));
    }
    void add_instance() {
        const Slot fleet = pick<Fleet>(), host = pick<Host>();
        if (fleet == kNone || host == kNone) return;
        Instance instance;
        instance.id = "ins-" + rng_.text(8);
        instance.fleet = fleet;
        instance.host = host;
        instance.status = InstanceStatus::Active;
        InstanceUsage usage;
        usage.fleet = fleet;
        usage.order = state_.next_order();
        usage.instance_id = instance.id;
        usage.began = now().wall;
        instance.usage = state_.add(std::move(usage));
        instance.places = {{.number = 1,
                            .recipe = 0,
                            .client_port = static_cast<std::uint16_t>(1'000 + rng_.below(900)),
                            .grpc_port = 1'950}};
        state_.add(std::move(instance));
    }
    void add_process() {
        const Slot instance = pick<Instance>();
        if (instance == kNone) return;
        Process process;
        process.id = "p-" + rng_.text(8);
        process.instance = instance;
        process.place = 1;
        process.status = ProcessStatus::Active;
        process.client_port = static_cast<std::uint16_t>(1'000 + rng_.below(900));
        state_.add(std::move(process));
    }
    void add_session() {
        const Slot process = pick<Process>();
        if (process == kNone || state_.at<Process>(process).session != kNone) return;
        GameSession session;
        session.key = state_.next_session_key(rng_);
        session.order = state_.next_order();
        session.instance = state_.at<Process>(process).instance;
        session.fleet = state_.at<Instance>(session.instance).fleet;
        session.process = process;
        session.max_players = 4;
        session.wishes.make().idempotency_token = rng_.text(6);
        const Slot slot = state_.add(std::move(session));
        state_.edit<Process>(process)->session = slot;
    }
    void add_player() {
        const Slot session = pick<GameSession>();
        if (session == kNone || !state_.at<GameSession>(session).live()) return;
        PlayerSession player;
        const std::string secret = rng_.text(player.secret.size());
        std::copy(secret.begin(), secret.end(), player.secret.begin());
        player.session = session;
        player.number = state_.at<GameSession>(session).last_number + 1;
        player.player_id = "player-" + std::to_string(rng_.below(5));
        player.created = now().wall;  // a wall clock that runs backwards
        state_.add(std::move(player));
    }
    void edit_process() {
        const Slot slot = pick<Process>();
        if (slot == kNone) return;
        const Slot session = state_.at<Process>(slot).session;
        if (session != kNone && rng_.chance(0.5)) {
            auto edit = state_.edit<GameSession>(session);
            edit->status =
                edit->status == SessionStatus::Activating ? SessionStatus::Active : SessionStatus::Activating;
            return;
        }
        auto edit = state_.edit<Process>(slot);
        if (rng_.chance(0.5))
            edit->healthy = !edit->healthy;
        else
            edit->client_port = static_cast<std::uint16_t>(1'000 + rng_.below(900));
    }
    void edit_instance() {
        const Slot slot = pick<Instance>();
        if (slot == kNone) return;
        auto edit = state_.edit<Instance>(slot);
        if (rng_.chance(0.5))
            edit->weight = static_cast<std::uint32_t>(rng_.below(11));
        else
            edit->status = edit->status == InstanceStatus::Active ? InstanceStatus::Draining : InstanceStatus::Active;
    }
    void end_usage() {
        const Slot slot = pick<InstanceUsage>();
        if (slot == kNone) return;
        if (state_.at<InstanceUsage>(slot).over) return state_.remove<InstanceUsage>(slot);
        auto edit = state_.edit<InstanceUsage>(slot);
        edit->over = true;
        edit->log_keys = {rng_.text(8)};
    }
    void edit_player() {
        const Slot slot = pick<PlayerSession>();
        if (slot == kNone) return;
        auto edit = state_.edit<PlayerSession>(slot);
        edit->status = edit->seated() ? PlayerStatus::Completed : PlayerStatus::Active;
    }
    void add_queue() {
        Alias alias;
        alias.id = "alias-" + rng_.text(8);
        alias.region = settings_.default_region;
        state_.add(std::move(alias));
        Queue queue;
        queue.region = settings_.default_region;
        queue.name = rng_.text(8);
        queue.policies = {{60, 10}, {100, std::nullopt}};
        state_.table<Alias>().for_each([&](Slot, const Alias& known) {
            if (rng_.chance(0.5))
                queue.destinations.push_back(
                    {.arn = "arn of " + known.id, .region = known.region, .alias = true, .id = known.id});
        });
        state_.add(std::move(queue));
    }
    void add_placement() {
        const Slot queue = pick<Queue>();
        if (queue == kNone) return;
        Placement placement;
        placement.id = rng_.text(8);
        placement.region = settings_.default_region;
        placement.queue = queue;
        placement.order = state_.next_order();
        placement.latencies = {{"p1", "ap-shanghai", 1 + rng_.below(200)}, {"p2", "ap-shanghai", 1 + rng_.below(200)}};
        state_.add(std::move(placement));
    }
    void edit_placement() {
        const Slot slot = pick<Placement>();
        if (slot == kNone || state_.at<Placement>(slot).status != PlacementStatus::Pending) return;
        if (rng_.chance(0.3)) {
            // Where it waits is of this run, and leaves no trace in what is rebuilt.
            const Slot fleet = pick<Fleet>();
            if (fleet != kNone && state_.at<Placement>(slot).session == kNone) state_.set_waiting(slot, {fleet}, fleet);
            return;
        }
        auto edit = state_.edit<Placement>(slot);
        if (rng_.chance(0.5))
            edit->session = edit->session == kNone ? pick<GameSession>() : kNone;
        else
            edit->status = PlacementStatus::Fulfilled;
    }
    void change_policies() {
        const Slot fleet = pick<Fleet>();
        if (fleet == kNone) return;
        if (const Slot timer = pick<ScalingTimer>(); timer != kNone && rng_.chance(0.3))
            return state_.remove<ScalingTimer>(timer);
        if (const Slot rule = pick<ScalingRule>(); rule != kNone && rng_.chance(0.3)) {
            if (rng_.chance(0.5)) return state_.remove<ScalingRule>(rule);
            state_.edit<ScalingRule>(rule)->threshold += 0.5;
            return;
        }
        ScalingRule rule;
        rule.fleet = fleet;
        rule.name = rng_.text(4);
        state_.add(std::move(rule));
        ScalingTimer timer;
        timer.id = "timerId-" + rng_.text(8);
        timer.fleet = fleet;
        timer.order = state_.next_order();
        state_.add(std::move(timer));
        const std::string region = settings_.regions[rng_.below(settings_.regions.size())];
        if (const Slot bucket = state_.find_bucket(region); bucket != kNone) return state_.remove<Bucket>(bucket);
        Bucket bucket;
        bucket.region = region;
        state_.add(std::move(bucket));
        if (const Slot key = pick<AccessKey>(); key != kNone && rng_.chance(0.3)) return state_.remove<AccessKey>(key);
        AccessKey key;
        key.id = "AKID" + rng_.text(8);
        key.order = state_.next_order();
        state_.add(std::move(key));
    }
    void remove_something() {
        if (const Slot placement = pick<Placement>();
            placement != kNone && rng_.chance(0.2) &&
            state_.at<Placement>(placement).status != PlacementStatus::Pending)
            return state_.remove<Placement>(placement);
        if (const Slot queue = pick<Queue>();
            queue != kNone && rng_.chance(0.2) && state_.at<Queue>(queue).pending.empty())
            return state_.remove<Queue>(queue);
        if (const Slot alias = pick<Alias>(); alias != kNone && rng_.chance(0.1)) return state_.remove<Alias>(alias);
        if (const Slot player = pick<PlayerSession>(); player != kNone && rng_.chance(0.6)) {
            const PlayerSession& record = state_.at<PlayerSession>(player);
            const bool last = record.number == state_.at<GameSession>(record.session).last_number;
            if (last) state_.edit<GameSession>(record.session)->retired_number = record.number;
            state_.remove<PlayerSession>(player);
            return;
        }
        if (const Slot process = pick<Process>(); process != kNone && state_.at<Process>(process).session == kNone)
            state_.remove<Process>(process);
    }

    Settings settings_;
    SeededRng rng_;
    State state_;
    std::uint64_t clock_ = 0;
};

TEST(State, RebuiltIsWhatWasKeptUpToDate) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Scribbler world(seed);
        std::vector<std::string> log;
        for (int i = 0; i < 600; ++i) {
            world.change();
            if (world.rng().chance(0.3) && world.state().has_changes()) log.push_back(world.commit());
        }
        if (world.state().has_changes()) log.push_back(world.commit());
        ASSERT_GT(world.state().table<PlayerSession>().size(), 5u);

        State loaded(world.settings());
        for (const auto& entry : log) ASSERT_TRUE(loaded.apply(entry));
        loaded.rebuild();
        EXPECT_EQ(loaded.digest(), world.state().digest()) << "seed " << seed;
        EXPECT_EQ(loaded.derived_digest(), world.state().derived_digest()) << "seed " << seed;
    }
}

TEST(State, SnapshotTakenBetweenChangesAndTheLogBehindItAreTheState) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Scribbler world(seed);
        std::vector<std::string> log, slices;
        for (int i = 0; i < 300; ++i) world.change();
        (void)world.commit();  // before the snapshot's start: only the slices have it
        State::SnapshotCursor cursor;
        while (!cursor.at_end()) {
            for (int i = 0; i < 5; ++i) world.change();
            if (world.rng().chance(0.5) && world.state().has_changes()) log.push_back(world.commit());
            slices.push_back(world.state().encode_slice(cursor, 7, world.now()));
        }
        for (int i = 0; i < 50; ++i) world.change();
        log.push_back(world.commit());

        State loaded(world.settings());
        for (const auto& slice : slices) ASSERT_TRUE(loaded.apply(slice));
        for (const auto& entry : log) ASSERT_TRUE(loaded.apply(entry));
        loaded.rebuild();
        EXPECT_EQ(loaded.digest(), world.state().digest()) << "seed " << seed;
        EXPECT_EQ(loaded.derived_digest(), world.state().derived_digest()) << "seed " << seed;
        EXPECT_GT(slices.size(), 5u);
    }
}

TEST(State, DamagedEntriesAreRefused) {
    Scribbler world(3);
    for (int i = 0; i < 100; ++i) world.change();
    const std::string entry = world.commit();
    State other(world.settings());
    EXPECT_FALSE(other.apply(""));
    EXPECT_FALSE(other.apply(std::string(1, '\x02') + entry.substr(1))) << "a format of the future";
    EXPECT_FALSE(other.apply(entry.substr(0, entry.size() - 1))) << "an entry that ends within a record";
}

TEST(State, LookUpsCompareTheWholeId) {
    Scribbler world(5);
    for (int i = 0; i < 400; ++i) world.change();
    const State& state = world.state();
    std::size_t checked = 0;
    state.table<PlayerSession>().for_each([&](Slot slot, const PlayerSession&) {
        std::string id = state.player_session_id(slot);
        EXPECT_EQ(state.find_player_session(id), slot);
        EXPECT_EQ(state.find_player_session(id + "0"), kNone);
        id.back() = id.back() == 'a' ? 'b' : 'a';
        EXPECT_EQ(state.find_player_session(id), kNone) << "one character differs";
        ++checked;
    });
    state.table<GameSession>().for_each([&](Slot slot, const GameSession&) {
        const std::string id = state.session_id(slot);
        EXPECT_EQ(state.find_session(id), slot);
        EXPECT_EQ(state.find_session(id + "/x"), kNone);
        EXPECT_EQ(state.find_session(id.substr(0, id.size() - 1)), kNone);
    });
    EXPECT_GT(checked, 5u);
}

TEST(State, WhatThereAreMillionsOfIsSmall) {
    static_assert(sizeof(PlayerSession) == 96);
    static_assert(sizeof(GameSession) <= 176);
}

TEST(State, APlayersSessionsAreFoundWhicheverOfThemGoesFirst) {
    const Settings settings;
    State state(settings);
    Asset asset;
    Fleet fleet;
    fleet.asset = state.add(std::move(asset));
    GameSession game;
    game.fleet = state.add(std::move(fleet));
    const Slot session = state.add(std::move(game));
    SeededRng rng(3);
    std::map<std::string, std::set<Slot>> expected;
    for (int round = 0; round < 40'000; ++round) {
        const std::string id = fmt::format("player-{}", rng.below(5'000));
        std::set<Slot>& slots = expected[id];
        if (slots.size() > 2 || (!slots.empty() && rng.chance(0.4))) {
            const auto gone = std::next(slots.begin(), static_cast<std::ptrdiff_t>(rng.below(slots.size())));
            state.remove<PlayerSession>(*gone);
            slots.erase(gone);
        } else {
            PlayerSession player;
            player.session = session;
            player.player_id = std::string_view(id);
            slots.insert(state.add(std::move(player)));
        }
        std::set<Slot> found;
        for (Slot slot = state.first_of_player(id); slot != kNone;
             slot = state.at<PlayerSession>(slot).next_same_player)
            EXPECT_TRUE(found.insert(slot).second);
        ASSERT_EQ(found, slots) << id;
    }
    EXPECT_EQ(state.first_of_player("nobody"), kNone);
}

TEST(State, ReservationsComeOutAsTheyWentIn) {
    ReservationQueue queue;
    SeededRng rng(9);
    std::deque<std::pair<EngineTime, Slot>> expected;
    EngineTime at{1};
    for (Slot slot = 0; slot < 5'000; ++slot) {
        if (!expected.empty() && rng.chance(0.48)) {
            ASSERT_EQ(std::pair(queue.first_at(), queue.first()), expected.front());
            queue.pop();
            expected.pop_front();
        }
        // Past, present, soon, and too far away for what an entry holds.
        const EngineTime next = at + Millis{rng.between(-1, 3) * (rng.chance(0.01) ? 60LL * 86'400'000 : 1)};
        const bool takes = expected.empty() || (next >= at && (next - at).count() <= 4'294'967'295LL);
        ASSERT_EQ(queue.takes(next), takes);
        if (!takes) continue;
        queue.push(next, slot);
        expected.emplace_back(next, slot);
        at = next;
    }
    for (; !expected.empty(); expected.pop_front(), queue.pop())
        ASSERT_EQ(std::pair(queue.first_at(), queue.first()), expected.front());
    EXPECT_TRUE(queue.empty());
}

TEST(State, TimersComeDueInTheirOrderWhicheverWayTheyWereArmed) {
    const Settings settings;
    State state(settings);
    SeededRng rng(7);
    std::multiset<std::int64_t> armed;
    EXPECT_EQ(state.next_timer(), kNever);
    const auto arm = [&](TimerKind kind, std::int64_t at) {
        state.arm(EngineTime{at}, kind, static_cast<Slot>(rng.below(100)));
        armed.insert(at);
    };
    state.arm(kNever, TimerKind::Reservation, 1);  // is not armed
    std::int64_t now = 0;
    for (int round = 0; round < 2'000; ++round) {
        now += rng.between(0, 3);
        arm(TimerKind::Reservation, now + 60);                     // in order, as joins arm them
        if (round % 7 == 0) arm(TimerKind::Reservation, now + 1);  // and not
        if (round % 3 == 0) arm(TimerKind::Rest, now + rng.between(0, 200));
        Timer due{};
        std::int64_t last = INT64_MIN;
        while (state.take_due(EngineTime{now}, due)) {
            EXPECT_LE(due.at, EngineTime{now});
            EXPECT_GE(due.at.ms, last);
            last = due.at.ms;
            ASSERT_EQ(due.at.ms, *armed.begin()) << "none is passed over";
            armed.erase(armed.begin());
        }
        ASSERT_EQ(state.next_timer().ms, *armed.begin());
        ASSERT_GT(*armed.begin(), now);
    }
}

}  // namespace
}  // namespace gse::core
