// Instances as Pods where several servers share a PostgreSQL: whoever leads looks after the Pods, and whoever takes
// over knows of each of them.
#include <gmock/gmock.h>

#include <fstream>

#include "failover/rig.h"
#include "hosts/json_path.h"
#include "kubernetes/fake_nodes.h"

namespace gse::kubernetes {
namespace {

using hosts::text_at;

constexpr Millis kLimit{60'000};

class SeveralServers : public ::testing::Test {
protected:
    void SetUp() override {
        const auto kubeconfig = rig.dir() / "kubeconfig";
        std::ofstream(kubeconfig) << cluster.kubeconfig();
        rig.add_settings(
            {"hosts.provider=kubernetes", "kubernetes.kubeconfig=" + kubeconfig.string(),
             "kubernetes.server=" + rig.links(), "kubernetes.image=gse:test", "kubernetes.orphan_grace=1s",
             // All Pods share this machine's loopback.
             R"(kubernetes.agent_settings=["sdk_listen=127.0.0.1:0", "agent.ping_http=", "agent.ping_udp="])",
             "timers.host_silent=2s", "timers.unprotected_grace=500ms"});
        for (std::size_t i = 0; i < rig.servers(); ++i) ASSERT_TRUE(rig.start_server(i)) << rig.problem();
        e2e::Api api = rig.api(0);
        e2e::write_game_zip(rig.dir() / "game.zip");
        const auto asset = e2e::upload_asset(api, rig.dir() / "game.zip");
        ASSERT_TRUE(asset) << e2e::describe(asset.error());
        const auto made = e2e::create_fleet(
            api,
            {.name = "arena", .asset_id = *asset, .parameters = "--ignore-terminate", .protection = "FullProtection"});
        ASSERT_TRUE(made) << e2e::describe(made.error());
        fleet = *made;
        ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return e2e::fleet_status(api, fleet) == "ACTIVE"; })) << said(api);
    }
    void TearDown() override {
        for (std::size_t i = 0; i < rig.servers(); ++i) rig.kill_server(i);
    }

    static std::optional<api::InstanceCounts> counts(e2e::Api& api, const std::string& fleet) {
        const auto capacity = api.call(api::DescribeFleetCapacityRequest{.fleet_ids = std::vector{fleet}});
        if (!capacity || capacity->fleet_capacity.empty()) return std::nullopt;
        return capacity->fleet_capacity.front().instance_counts;
    }
    bool scale(e2e::Api& api, std::uint64_t instances) {
        return e2e::wait_until(kLimit, [&] {
            return api
                .call(api::UpdateFleetCapacityRequest{.fleet_id = fleet,
                                                      .desired_instances = instances,
                                                      .min_size = instances,
                                                      .max_size = std::max<std::uint64_t>(instances, 1)})
                .has_value();
        });
    }
    /// So many instances, a Pod each, and nothing on its way.
    bool settles(e2e::Api& api, std::uint64_t instances) {
        return e2e::wait_until(kLimit, [&] {
            const auto now = counts(api, fleet);
            return now && now->active == instances && now->pending == 0U && now->terminating == 0U &&
                   cluster.all("pods").size() == instances && cluster.all("secrets").size() == instances;
        });
    }
    std::map<std::string, std::string> uids() {
        std::map<std::string, std::string> out;
        for (const json::object& pod : cluster.all("pods"))
            out[text_at(pod, {"metadata", "name"})] = text_at(pod, {"metadata", "uid"});
        return out;
    }
    std::string said(e2e::Api& api) { return e2e::event_text(api, fleet) + "\n" + rig.logs(); }

    failover::Rig rig{2};
    FakeApiServer cluster{FakeApiServer::Scheme::Http, network::kHere};  // the servers are on machines of their own
    FakeNodes nodes{cluster, 2};
    std::string fleet;
};

TEST_F(SeveralServers, NoPodIsLostOrDoubledWhenTheLeaderDies) {
    auto leader = rig.leader();
    ASSERT_TRUE(leader) << rig.logs();
    std::size_t other = 1 - *leader;
    e2e::Api first = rig.api(other);
    const std::string session = e2e::make_session(first, fleet, kLimit).value_or("");
    const std::string game = e2e::ask_session(first, session, "WHO");
    ASSERT_NE(game, "") << said(first);
    const auto before = uids();
    ASSERT_EQ(before.size(), 1u);

    // It dies while Pods are on their way.
    ASSERT_TRUE(scale(first, 4));
    ASSERT_TRUE(cluster.wait(kLimit, [&] { return cluster.all("pods").size() >= 2; })) << said(first);
    rig.kill_server(*leader);
    ASSERT_EQ(rig.leader(Millis{20'000}, *leader), other) << rig.logs();
    ASSERT_TRUE(settles(first, 4)) << said(first);
    EXPECT_EQ(e2e::ask_session(first, session, "WHO"), game) << "the same process all along";
    auto now = uids();
    for (const auto& [name, uid] : before) EXPECT_EQ(now[name], uid) << "and the same Pod";

    // And while they go; the first one, back in between, takes over.
    ASSERT_TRUE(rig.start_server(*leader)) << rig.problem();
    ASSERT_TRUE(scale(first, 1));
    ASSERT_TRUE(cluster.wait(kLimit, [&] { return cluster.all("pods").size() <= 3; })) << said(first);
    rig.kill_server(other);
    ASSERT_EQ(rig.leader(Millis{20'000}, other), leader) << rig.logs();
    e2e::Api second = rig.api(*leader);
    ASSERT_TRUE(settles(second, 1)) << said(second);
    EXPECT_EQ(uids(), before) << "the one with the match stays";
    EXPECT_EQ(e2e::ask_session(second, session, "WHO"), game);

    (void)e2e::ask_session(second, session, "END");
    ASSERT_TRUE(scale(second, 0));
    ASSERT_TRUE(settles(second, 0)) << said(second);
    EXPECT_EQ(e2e::event_text(second, fleet).find("SERVER_DOWN"), std::string::npos) << said(second);
    EXPECT_TRUE(cluster.wait(kLimit, [&] {
        const auto hosts = second.call(api::ListHostsRequest{});
        return hosts && hosts->total_count == 0;
    })) << "and nothing is remembered";
}

/// It was only asleep, and believes for a moment that it leads still.
TEST_F(SeveralServers, ALeaderThatWakesUpLateTouchesNoPod) {
    const auto leader = rig.leader();
    ASSERT_TRUE(leader) << rig.logs();
    e2e::Api api = rig.api(1 - *leader);
    rig.freeze(*leader, true);
    ASSERT_TRUE(rig.leader(Millis{20'000}, *leader)) << rig.logs();
    ASSERT_TRUE(scale(api, 3));
    ASSERT_TRUE(settles(api, 3)) << said(api);
    const auto before = uids();
    rig.freeze(*leader, false);
    ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return e2e::http_get(rig.http(*leader), "/readyz").first == 200; }))
        << rig.logs();
    ASSERT_TRUE(scale(api, 4));
    ASSERT_TRUE(settles(api, 4)) << said(api);
    auto now = uids();
    for (const auto& [name, uid] : before) EXPECT_EQ(now[name], uid) << "what the new leader made is not taken away";
}

}  // namespace
}  // namespace gse::kubernetes
