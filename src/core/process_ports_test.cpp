#include "core/process_ports.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/rng.h"

namespace gse::core {
namespace {

/// One host with a few hundred ports, and a fleet whose permissions change.
class Ports {
public:
    explicit Ports(bool beyond) {
        settings_.hosts.ports_beyond = beyond;
        Asset asset;
        asset.id = "asset";
        Fleet fleet;
        fleet.id = "fleet";
        fleet.asset = state_.add(std::move(asset));
        fleet_ = state_.add(std::move(fleet));
        Host host;
        host.name = "host";
        host.ports = {100, 160};
        host_ = state_.add(std::move(host));
    }

    void permit(std::vector<std::pair<std::uint16_t, std::uint16_t>> ranges) {
        auto edit = state_.edit<Fleet>(fleet_);
        edit->inbound.clear();
        for (const auto& [low, high] : ranges) edit->inbound.push_back({low, high, "TCP", "0.0.0.0/0"});
    }
    /// An instance that holds these two ports.
    void hold(std::uint16_t client, std::uint16_t grpc) {
        Instance instance;
        instance.id = "ins-" + std::to_string(client) + "-" + std::to_string(grpc);
        instance.fleet = fleet_;
        instance.host = host_;
        instance.places.push_back({.number = 1, .client_port = client, .grpc_port = grpc});
        held_.push_back(state_.add(std::move(instance)));
    }
    void release(std::size_t which) {
        state_.remove<Instance>(held_[which]);
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
    }
    void rest(std::uint16_t port) { state_.rest_port(host_, port, EngineTime{1'000}); }
    [[nodiscard]] std::size_t held() const { return held_.size(); }
    [[nodiscard]] const Host& host() const { return state_.at<Host>(host_); }
    [[nodiscard]] const Fleet& fleet() const { return state_.at<Fleet>(fleet_); }
    [[nodiscard]] const State& state() const { return state_; }

    std::optional<PortPair> choose(const std::vector<Place>& taken = {}) {
        Step step{state_, {}, rng_, orders_};
        return choose_ports(step, host_, fleet(), taken);
    }
    [[nodiscard]] std::uint32_t count(std::uint32_t enough) const {
        return count_port_pairs(state_, host(), fleet(), enough);
    }

private:
    Settings settings_;
    State state_{settings_};
    SeededRng rng_{1};
    std::vector<HostOrder> orders_;
    Slot fleet_ = kNone, host_ = kNone;
    std::vector<Slot> held_;
};

/// The same, looked for port by port.
struct Search {
    const Ports& world;
    const std::vector<Place>& taken;
    std::uint32_t cursor;

    [[nodiscard]] bool free(std::uint16_t port) const {
        return world.state().port_free(world.host(), port) &&
               std::none_of(taken.begin(), taken.end(),
                            [&](const Place& p) { return p.client_port == port || p.grpc_port == port; });
    }
    std::uint16_t next(auto&& fits, std::uint16_t other) {
        const Host& host = world.host();
        const std::uint32_t span = host.ports.high - host.ports.low + 1u;
        for (std::uint32_t i = 0; i < span; ++i) {
            const auto port = static_cast<std::uint16_t>(host.ports.low + (cursor + i) % span);
            if (port == other || !fits(port) || !free(port)) continue;
            cursor = (cursor + i + 1) % span;
            return port;
        }
        return 0;
    }
    std::optional<PortPair> pair(bool beyond) {
        const auto& inbound = world.fleet().inbound;
        const bool shares = std::any_of(inbound.begin(), inbound.end(), [&](const InboundPermission& p) {
            return p.from_port <= world.host().ports.high && p.to_port >= world.host().ports.low;
        });
        const auto permitted = [&](std::uint16_t port) { return is_permitted(world.fleet(), port); };
        PortPair found;
        if (shares || !beyond) {
            found.client = next(permitted, 0);
        } else {
            for (const auto& p : inbound)
                for (std::uint32_t port = p.from_port; port <= p.to_port && found.client == 0; ++port)
                    if (free(static_cast<std::uint16_t>(port))) found.client = static_cast<std::uint16_t>(port);
        }
        if (found.client == 0) return std::nullopt;
        found.grpc = next([&](std::uint16_t port) { return !permitted(port); }, found.client);
        if (found.grpc == 0) found.grpc = next([](std::uint16_t) { return true; }, found.client);
        if (found.grpc == 0) return std::nullopt;
        return found;
    }
};

TEST(ChoosePorts, FindsWhatASearchPortByPortFinds) {
    for (const bool beyond : {true, false}) {
        Ports world(beyond);
        SeededRng rng(beyond ? 5 : 6);
        int found = 0, none = 0;
        for (int round = 0; round < 4'000; ++round) {
            if (round % 50 == 0) {
                std::vector<std::pair<std::uint16_t, std::uint16_t>> ranges;
                for (auto n = rng.below(4); n > 0; --n) {
                    const auto low = static_cast<std::uint16_t>(rng.between(80, 200));
                    ranges.emplace_back(low, static_cast<std::uint16_t>(low + rng.between(0, 60)));
                }
                if (rng.chance(0.2)) ranges = {{1, 65'535}};
                world.permit(std::move(ranges));
            }
            std::vector<Place> taken;
            if (rng.chance(0.5))
                taken.push_back({.number = 1,
                                 .client_port = static_cast<std::uint16_t>(rng.between(100, 160)),
                                 .grpc_port = static_cast<std::uint16_t>(rng.between(100, 160))});
            Search search{world, taken, world.host().port_cursor};
            const auto expected = search.pair(beyond);
            const auto enough = static_cast<std::uint32_t>(rng.between(1, 40));
            const std::uint32_t pairs = world.count(enough);
            const auto chosen = world.choose(taken);
            ASSERT_EQ(chosen.has_value(), expected.has_value()) << round;
            if (expected) {
                ASSERT_EQ(chosen->client, expected->client) << round;
                ASSERT_EQ(chosen->grpc, expected->grpc) << round;
                ASSERT_EQ(world.host().port_cursor, search.cursor);
                if (taken.empty()) {
                    ASSERT_GE(pairs, 1u);
                }
                world.hold(chosen->client, chosen->grpc);
            }
            ++(expected ? found : none);
            if (rng.chance(0.1)) world.rest(static_cast<std::uint16_t>(rng.between(90, 170)));
            while (world.held() > 0 && rng.chance(expected ? 0.3 : 0.7)) world.release(rng.below(world.held()));
        }
        EXPECT_GT(found, 500);
        EXPECT_GT(none, 100);
    }
}

TEST(ChoosePorts, CountsAsManyPairsAsCanBeGiven) {
    Ports world(true);
    SeededRng rng(8);
    for (int round = 0; round < 300; ++round) {
        const auto low = static_cast<std::uint16_t>(rng.between(90, 150));
        world.permit({{low, static_cast<std::uint16_t>(low + rng.between(0, 40))}, {120, 125}});
        for (auto n = rng.below(25); n > 0; --n)
            if (const auto pair = world.choose()) world.hold(pair->client, pair->grpc);
        const std::uint32_t counted = world.count(1'000);
        for (const std::uint32_t enough : {1u, 5u, 20u}) ASSERT_EQ(world.count(enough), std::min(enough, counted));
        std::size_t given = 0;
        for (; const auto pair = world.choose(); ++given) world.hold(pair->client, pair->grpc);
        ASSERT_GE(given, counted) << "a count that is too high starts an instance that finds no port";
        while (world.held() > 0) world.release(world.held() - 1);
    }
}

}  // namespace
}  // namespace gse::core
