// Fleets whose instances are Pods: a server, a cluster, agents and games, all of them processes of their own but the
// cluster, which is played (fake_api_server.h, fake_nodes.h).
#include <gmock/gmock.h>

#include <cstdio>

#include "hosts/json_path.h"
#include "kubernetes/deployment.h"

namespace gse::kubernetes {
namespace {

using hosts::array_at;
using hosts::text_at;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr Millis kLimit{60'000};

/// `<life> <pid> <session>`: the life is drawn once per process.
std::string life_of(const std::string& who) { return who.substr(0, who.find(' ')); }

std::string label(const json::object& pod, const char* name) { return text_at(pod, {"metadata", "labels", name}); }

TEST(Kubernetes, AFleetGrowsAndShrinksByPodsAndAMatchOutlivesTheServer) {
    Deployment deployment(2);
    ASSERT_TRUE(deployment.start_server()) << deployment.problem();
    FakeApiServer& cluster = deployment.cluster();
    const std::string fleet = deployment.make_fleet("arena", "FullProtection");
    ASSERT_NE(fleet, "") << deployment.problem();
    ASSERT_TRUE(deployment.wait_active(fleet)) << deployment.problem();
    ASSERT_THAT(deployment.pods(), SizeIs(1));
    const std::string first = deployment.pods().front();
    const auto secret = cluster.find("secrets", first);
    ASSERT_TRUE(secret) << "its token goes with the Pod that owns it";
    EXPECT_EQ(text_at(array_at(*secret, {"metadata", "ownerReferences"})->front(), {"uid"}),
              text_at(*cluster.find("pods", first), {"metadata", "uid"}));

    const std::string session = deployment.make_session(fleet);
    ASSERT_NE(session, "") << deployment.problem();
    const std::string life = life_of(deployment.ask(session, "WHO"));
    EXPECT_NE(life, "") << "players reach it at the node's ExternalIP";
    EXPECT_TRUE(cluster.wait(kLimit, [&] {
        const auto pod = cluster.find("pods", first);
        return pod && label(*pod, "opengse/busy") == "true" &&
               text_at(*pod, {"metadata", "annotations", "cluster-autoscaler.kubernetes.io/safe-to-evict"}) == "false";
    })) << "nobody takes a node away under a match";

    ASSERT_TRUE(deployment.scale(fleet, 2));
    ASSERT_TRUE(deployment.wait_instances(fleet, 2)) << deployment.problem();
    ASSERT_TRUE(deployment.wait_pods(2)) << deployment.problem();

    // The server dies at once, and comes back to what is there.
    deployment.kill_server();
    EXPECT_EQ(life_of(deployment.ask(session, "WHO")), "") << "without a server nobody says where it is";
    const int created = cluster.count_requests("create pods");
    ASSERT_TRUE(deployment.start_server()) << deployment.problem();
    ASSERT_TRUE(deployment.wait_instances(fleet, 2)) << deployment.problem();
    EXPECT_EQ(deployment.session_status(session), "ACTIVE");
    EXPECT_EQ(life_of(deployment.ask(session, "WHO")), life) << "the same process all along";
    EXPECT_EQ(cluster.count_requests("create pods"), created) << "Pods are known by their labels";

    ASSERT_TRUE(deployment.scale(fleet, 1));
    ASSERT_TRUE(deployment.wait_pods(1)) << deployment.problem();
    EXPECT_EQ(deployment.pods().front(), first) << "the one with the match stays";
    EXPECT_EQ(deployment.session_status(session), "ACTIVE");

    (void)deployment.ask(session, "END");
    ASSERT_TRUE(deployment.scale(fleet, 0));
    ASSERT_TRUE(deployment.wait_pods(0)) << deployment.problem();
    EXPECT_TRUE(cluster.wait(kLimit, [&] { return cluster.all("secrets").empty(); }));
    e2e::Api api = deployment.api();
    EXPECT_THAT(e2e::event_text(api, fleet), Not(HasSubstr("SERVER_DOWN")));
    EXPECT_TRUE(e2e::wait_until(kLimit, [&] {
        const auto hosts = api.call(api::ListHostsRequest{});
        return hosts && hosts->total_count == 0;
    })) << "and nothing is remembered";
}

/// The commands of docs/kubernetes.md.
TEST(Kubernetes, TheMainJobIsWhatItIsEverywhere) {
    Deployment deployment(2);
    ASSERT_TRUE(deployment.start_server()) << deployment.problem();
    const std::string zip = deployment.game_zip();
    ASSERT_EQ(deployment.gse({"asset", "upload", zip, "--name", "arena", "--version", "1"}), 0) << deployment.problem();
    ASSERT_EQ(deployment.gse({"fleet", "create", "arena-v1", "--asset", "arena", "--launch", "gse-test-game",
                              "--arguments", "--ignore-terminate", "--protection", "full", "--wait"}),
              0)
        << deployment.problem();
    ASSERT_EQ(deployment.gse({"alias", "create", "live", "--fleet", "arena-v1"}), 0) << deployment.problem();
    ASSERT_EQ(deployment.gse({"session", "create", "--alias", "live", "--players", "8"}), 0)
        << "at once, whatever the kubelet has said so far: " << deployment.problem();
    e2e::Api api = deployment.api();
    const auto on_old = e2e::all_sessions(api, deployment.fleet_of("arena-v1"));
    ASSERT_TRUE(on_old && on_old->size() == 1) << deployment.problem();
    const std::string session = on_old->front().game_server_session_id;
    ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return deployment.session_status(session) == "ACTIVE"; }));
    const std::string old_pod = deployment.pods().front();
    const std::string life = life_of(deployment.ask(session, "WHO"));

    ASSERT_EQ(deployment.gse({"deploy", "live", zip, "--version", "2", "--delete-old", "--no-wait"}), 0)
        << deployment.problem();
    ASSERT_EQ(deployment.gse({"session", "create", "--alias", "live", "--players", "8"}), 0) << deployment.problem();
    const auto on_new = e2e::all_sessions(api, deployment.fleet_of("live-2"));
    ASSERT_TRUE(on_new) << e2e::describe(on_new.error());
    ASSERT_EQ(on_new->size(), 1u);
    EXPECT_NE(deployment.pod_of(on_new->front().game_server_session_id), old_pod);
    EXPECT_EQ(life_of(deployment.ask(session, "WHO")), life) << "whoever plays on the old version plays on";
    (void)deployment.ask(session, "END");
    EXPECT_TRUE(e2e::wait_until(kLimit, [&] { return deployment.gse({"fleet", "delete", "arena-v1"}) == 0; }))
        << "as --delete-old does when the last match has ended: " << deployment.problem();
    EXPECT_TRUE(deployment.cluster().wait(kLimit, [&] { return !deployment.cluster().find("pods", old_pod); }));
}

TEST(Kubernetes, WhatKeepsAPodFromRunningIsToldAndPassesByItself) {
    Deployment deployment(1);
    deployment.put_template("S5.LARGE8.yaml",
                            "metadata:\n  labels: {team: arena}\nspec:\n  containers:\n  - name: agent\n"
                            "    image: gse:missing\n    resources: {requests: {cpu: 100m}}\n");
    ASSERT_TRUE(deployment.start_server()) << deployment.problem();
    FakeNodes& nodes = deployment.nodes();
    nodes.cordon("node-1");
    nodes.break_image("gse:missing");
    const std::string fleet = deployment.make_fleet("arena");
    e2e::Api api = deployment.api();
    EXPECT_TRUE(e2e::wait_event(api, fleet, "GENERIC_EVENT", "Unschedulable: 0/1 nodes are available", kLimit))
        << deployment.problem();
    nodes.cordon("node-1", false);
    EXPECT_TRUE(e2e::wait_event(api, fleet, "GENERIC_EVENT",
                                "ErrImagePull: container agent (gse:missing): failed to pull and unpack image", kLimit))
        << deployment.problem();
    nodes.break_image("gse:missing", false);
    EXPECT_TRUE(deployment.wait_active(fleet)) << deployment.problem();
    EXPECT_EQ(label(*deployment.cluster().find("pods", deployment.pods().front()), "team"), "arena");
    EXPECT_EQ(deployment.cluster().count_requests("create pods"), 1) << "one Pod all along";
}

TEST(Kubernetes, ATemplateThatIsRefusedAndARightThatIsMissingAreToldAndTriedAgain) {
    Deployment deployment(1);
    deployment.put_template("default.yaml",
                            "spec:\n  containers:\n  - name: agent\n    resources: {requests: {cpu: much}}\n");
    ASSERT_TRUE(deployment.start_server()) << deployment.problem();
    deployment.cluster().forbid("create secrets");
    const std::string fleet = deployment.make_fleet("arena");
    e2e::Api api = deployment.api();
    EXPECT_TRUE(
        e2e::wait_event(api, fleet, "GENERIC_EVENT", "PodRefused: the API server refuses to create pods", kLimit))
        << deployment.problem();
    deployment.put_template("default.yaml", "spec: [not, a, Pod\n");
    EXPECT_TRUE(e2e::wait_event(api, fleet, "GENERIC_EVENT", "default.yaml: line 2", kLimit)) << deployment.problem();
    deployment.put_template("default.yaml", "spec: {}\n");
    EXPECT_TRUE(e2e::wait_event(
        api, fleet, "GENERIC_EVENT",
        "SecretRefused: the server's account lacks the right to create secrets in namespace games", kLimit))
        << deployment.problem();
    deployment.cluster().allow("create secrets");
    EXPECT_TRUE(deployment.wait_active(fleet)) << deployment.problem();
}

TEST(Kubernetes, APodThatIsEndedByItsNodeIsReplaced) {
    Deployment deployment(1);
    ASSERT_TRUE(deployment.start_server()) << deployment.problem();
    const std::string fleet = deployment.make_fleet("arena");
    const std::string session = deployment.make_session(fleet);
    ASSERT_NE(session, "") << deployment.problem();
    const std::string pod = deployment.pods().front();
    deployment.nodes().run_short(pod, "The node was low on resource: memory.");
    e2e::Api api = deployment.api();
    EXPECT_TRUE(e2e::wait_event(api, fleet, "SERVER_DOWN", "Evicted: The node was low on resource: memory", kLimit))
        << deployment.problem();
    EXPECT_EQ(deployment.session_status(session), "ERROR");
    EXPECT_NE(deployment.make_session(fleet), "") << deployment.problem();
    EXPECT_TRUE(deployment.wait_pods(1)) << "what is over is cleared away: " << deployment.problem();
    EXPECT_NE(deployment.pods().front(), pod);

    // An agent that dies takes its container along.
    const std::string second = deployment.pods().front();
    deployment.nodes().kill_agent(second);
    EXPECT_TRUE(e2e::wait_event(api, fleet, "SERVER_DOWN", "its agent ended with exit code 137", kLimit))
        << deployment.problem();
    EXPECT_NE(deployment.make_session(fleet), "") << deployment.problem();
}

TEST(Kubernetes, APodThatIsDeletedByOthersPlaysItsMatchToTheEnd) {
    Deployment deployment(2);
    ASSERT_TRUE(deployment.start_server()) << deployment.problem();
    const std::string fleet = deployment.make_fleet("arena", "FullProtection");
    const std::string session = deployment.make_session(fleet);
    ASSERT_NE(session, "") << deployment.problem();
    const std::string life = life_of(deployment.ask(session, "WHO"));
    const std::string pod = deployment.pods().front();
    deployment.cluster().remove_pod(pod);
    e2e::Api api = deployment.api();
    EXPECT_TRUE(e2e::wait_event(api, fleet, "GENERIC_EVENT", "its Pod is being deleted", kLimit))
        << deployment.problem();
    const std::string next = deployment.make_session(fleet);
    ASSERT_NE(next, "") << deployment.problem();
    EXPECT_NE(deployment.pod_of(next), pod) << "new ones begin elsewhere";
    EXPECT_EQ(deployment.session_status(session), "ACTIVE");
    EXPECT_EQ(life_of(deployment.ask(session, "WHO")), life) << "its agent was told to end, and waits";
    (void)deployment.ask(session, "END");
    EXPECT_TRUE(deployment.cluster().wait(kLimit, [&] { return !deployment.cluster().find("pods", pod); }))
        << deployment.problem();
    EXPECT_EQ(deployment.session_status(session), "TERMINATED");
    EXPECT_THAT(e2e::event_text(api, fleet), Not(HasSubstr("SERVER_DOWN")));
}

TEST(Kubernetes, ANodeThatIsDrainedIsEmptyOnceItsMatchHasEnded) {
    Deployment deployment(2);
    ASSERT_TRUE(deployment.start_server()) << deployment.problem();
    FakeApiServer& cluster = deployment.cluster();
    const std::string fleet = deployment.make_fleet("arena", "FullProtection");
    const std::string session = deployment.make_session(fleet);
    ASSERT_NE(session, "") << deployment.problem();
    const std::string pod = deployment.pods().front();
    const std::string node = text_at(*cluster.find("pods", pod), {"spec", "nodeName"});
    ASSERT_TRUE(cluster.wait(kLimit, [&] { return label(*cluster.find("pods", pod), "opengse/busy") == "true"; }));

    // As kubectl drain does it: cordon, then evict until nothing is left.
    deployment.nodes().cordon(node);
    EXPECT_EQ(cluster.evict_pod(pod), 429) << "the budget of busy Pods refuses";
    e2e::Api api = deployment.api();
    EXPECT_TRUE(e2e::wait_event(api, fleet, "GENERIC_EVENT", "Node " + node + " was cordoned", kLimit))
        << deployment.problem();
    EXPECT_TRUE(deployment.wait_pods(2)) << deployment.problem();
    const std::string next = deployment.make_session(fleet);
    ASSERT_NE(next, "") << deployment.problem();
    EXPECT_EQ(deployment.session_status(session), "ACTIVE");
    EXPECT_NE(deployment.ask(session, "WHO"), "");
    (void)deployment.ask(session, "END");
    EXPECT_TRUE(cluster.wait(kLimit, [&] { return !cluster.find("pods", pod); })) << deployment.problem();
    EXPECT_EQ(cluster.evict_pod(pod), 404);
    EXPECT_THAT(e2e::event_text(api, fleet), Not(HasSubstr("SERVER_DOWN")));
}

TEST(Kubernetes, AnApiServerThatIsAwayIsWaitedForAndAWrongKubeconfigIsNot) {
    Deployment deployment(1);
    deployment.cluster().stop();
    ASSERT_TRUE(deployment.start_server()) << deployment.problem();
    const std::string fleet = deployment.make_fleet("arena");
    e2e::Api api = deployment.api();
    EXPECT_TRUE(
        e2e::wait_event(api, fleet, "GENERIC_EVENT", "ApiServer: the API server " + deployment.cluster().url(), kLimit))
        << deployment.problem();
    deployment.cluster().start();
    EXPECT_TRUE(deployment.wait_active(fleet)) << deployment.problem();

    deployment.kill_server();
    deployment.write_kubeconfig("clusters: none\n");
    EXPECT_FALSE(deployment.start_server());
    EXPECT_THAT(deployment.problem(), HasSubstr("it has no current-context; name one with kubernetes.context"));
}

TEST(Kubernetes, APodThatNothingWantsIsRemovedAfterAWhile) {
    Deployment deployment(1, {"kubernetes.orphan_grace=1s"});
    ASSERT_TRUE(deployment.start_server()) << deployment.problem();
    const std::string fleet = deployment.make_fleet("arena");
    ASSERT_TRUE(deployment.wait_active(fleet)) << deployment.problem();
    json::object stray = *deployment.cluster().find("pods", deployment.pods().front());
    json::object& metadata = stray["metadata"].as_object();
    metadata["name"] = "gse-stray";
    metadata.erase("uid");
    metadata["labels"].as_object()["opengse/host"] = "host-stray";
    stray["spec"].as_object().erase("nodeName");
    stray["status"] = json::object{{"phase", "Pending"}};
    deployment.nodes().cordon("node-1");
    json::object others = stray;
    others["metadata"].as_object()["name"] = "another-deployments";
    others["metadata"].as_object()["labels"].as_object()["opengse/deployment"] = "another";
    deployment.cluster().put("pods", stray);
    deployment.cluster().put("pods", others);
    EXPECT_TRUE(deployment.cluster().wait(kLimit, [&] { return !deployment.cluster().find("pods", "gse-stray"); }))
        << deployment.problem();
    EXPECT_TRUE(deployment.cluster().find("pods", "another-deployments")) << "what is not ours is not touched";
}

}  // namespace
}  // namespace gse::kubernetes

int main(int argc, char** argv) {
    gse::e2e::own_orphans();
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
