// What a Pod is made of, what is read from one, and what is done about it.
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>

#include "base/temp_folder.h"
#include "hosts/json_path.h"
#include "hosts/pod_plan.h"
#include "hosts/pod_template.h"

namespace gse::hosts {
namespace {

namespace json = boost::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;

json::object parse(const std::string& text) { return json::parse(text).as_object(); }

core::ProvidedHost wanted_host() {
    core::ProvidedHost host;
    host.id = "host-1";
    host.name = "gse-1";
    host.secret = "s";
    host.region = "ap-shanghai";
    host.instance_id = "ins-1";
    host.instance_type = "S5.LARGE8";
    host.fleet_id = "fleet-1";
    host.fleet_name = "arena";
    host.ports = {10'000, 10'007};
    host.open_ports = {{10'000, true, false}, {10'001, true, true}};
    return host;
}

PodOptions pod_options() {
    return {.deployment = "d",
            .space = "games",
            .server = "gse:7070",
            .image = "gse:1",
            .agent_settings = {"log.level=debug"}};
}

std::vector<std::string> words(const json::value& list) {
    std::vector<std::string> out;
    for (const json::value& word : list.as_array()) out.emplace_back(word.get_string());
    return out;
}

// ------------------------------------------------------------------ made

TEST(PodTemplate, WithoutOneAPodHasAllThatAnAgentNeeds) {
    const auto pod = make_pod({}, wanted_host(), pod_options());
    ASSERT_TRUE(pod) << pod.error().message;
    EXPECT_EQ(text_at(*pod, {"metadata", "name"}), "gse-1");
    EXPECT_EQ(text_at(*pod, {"metadata", "labels", kHostLabel}), "host-1");
    EXPECT_EQ(text_at(*pod, {"metadata", "labels", kDeploymentLabel}), "d");
    EXPECT_EQ(text_at(*pod, {"metadata", "annotations", kSafeToEvict}), "true");
    EXPECT_EQ(text_at(*pod, {"spec", "restartPolicy"}), "Never");
    EXPECT_EQ(number_at(*pod, {"spec", "terminationGracePeriodSeconds"}), 3'600);
    EXPECT_FALSE(bool_at(*pod, {"spec", "automountServiceAccountToken"}));
    const json::value& agent = array_at(*pod, {"spec", "containers"})->at(0);
    EXPECT_EQ(text_at(agent, {"image"}), "gse:1");
    EXPECT_THAT(words(agent.at("args")), IsSupersetOf({"agent", "--join", "gse:7070", "--name", "gse-1", "--capacity",
                                                       "1", "hosts.port_low=10000", "hosts.port_high=10007",
                                                       "agent.drain_on_stop=true", "log.level=debug"}));
    const std::vector<std::string> said = words(agent.at("args"));
    EXPECT_LT(std::ranges::find(said, "agent.type_limits=off"), std::ranges::find(said, "log.level=debug"))
        << "limits are the Pod's, unless kubernetes.agent_settings says otherwise: the later word counts";
    EXPECT_EQ(json::serialize(agent.at("ports")), R"([{"containerPort":10000,"hostPort":10000,"protocol":"TCP"},)"
                                                  R"({"containerPort":10001,"hostPort":10001,"protocol":"TCP"},)"
                                                  R"({"containerPort":10001,"hostPort":10001,"protocol":"UDP"}])");
    const json::object secret = make_secret(wanted_host(), pod_options(), "uid-1", "a token");
    EXPECT_EQ(text_at(secret, {"stringData", "token"}), "a token");
    EXPECT_EQ(text_at(array_at(secret, {"metadata", "ownerReferences"})->at(0), {"uid"}), "uid-1");
}

TEST(PodTemplate, WhatItSaysStandsBesideWhatIsOurs) {
    auto form = parse(R"({"metadata": {"name": "x", "labels": {"team": "arena", "opengse/host": "forged"}},
        "spec": {"nodeSelector": {"pool": "games"}, "restartPolicy": "Always", "terminationGracePeriodSeconds": 60,
                 "hostNetwork": true,
                 "containers": [{"name": "metrics", "image": "m:1"},
                                {"name": "agent", "image": "mine:2", "command": ["/opt/gse"], "args": ["x"],
                                 "env": [{"name": "A", "value": "b"}],
                                 "resources": {"limits": {"cpu": "4"}},
                                 "volumeMounts": [{"name": "fast", "mountPath": "/var/lib/gse-agent"}]}],
                 "volumes": [{"name": "fast", "emptyDir": {"sizeLimit": "10Gi"}}]}})");
    core::ProvidedHost host = wanted_host();
    host.busy = true;
    const auto pod = make_pod(std::move(form), host, pod_options());
    ASSERT_TRUE(pod) << pod.error().message;
    EXPECT_EQ(text_at(*pod, {"metadata", "name"}), "gse-1");
    EXPECT_EQ(text_at(*pod, {"metadata", "labels", "team"}), "arena");
    EXPECT_EQ(text_at(*pod, {"metadata", "labels", kHostLabel}), "host-1");
    EXPECT_EQ(text_at(*pod, {"metadata", "annotations", kSafeToEvict}), "false");
    EXPECT_EQ(text_at(*pod, {"spec", "nodeSelector", "pool"}), "games");
    EXPECT_EQ(text_at(*pod, {"spec", "restartPolicy"}), "Never") << "a container that comes back has lost its games";
    EXPECT_EQ(number_at(*pod, {"spec", "terminationGracePeriodSeconds"}), 60);
    EXPECT_THAT(json::serialize(*value_at(*pod, {"spec", "affinity"})), HasSubstr("kubernetes.io/hostname"))
        << "on the node's own network one Pod a node";
    const json::array& containers = *array_at(*pod, {"spec", "containers"});
    ASSERT_THAT(containers, SizeIs(2));
    EXPECT_EQ(text_at(containers[1], {"image"}), "mine:2");
    EXPECT_EQ(words(containers[1].at("command")), std::vector<std::string>{"/opt/gse"});
    EXPECT_EQ(words(containers[1].at("args")).front(), "agent");
    EXPECT_THAT(containers[1].at("env").as_array(), SizeIs(2));
    EXPECT_THAT(containers[1].at("volumeMounts").as_array(), SizeIs(2)) << "its own place for data, and the token";
    EXPECT_THAT(*array_at(*pod, {"spec", "volumes"}), SizeIs(2));
}

TEST(PodTemplate, WhatCannotBeUsedSaysWhy) {
    const std::pair<const char*, const char*> kCases[] = {
        {R"({"spec": []})", "'spec' must be a mapping"},
        {R"({"spec": {"containers": {}}})", "'containers' must be a list"},
        {R"({"spec": {"containers": ["x"]}})", "a container must be a mapping"},
        {R"({"metadata": {"labels": [1]}})", "'labels' must be a mapping"},
    };
    for (const auto& [form, said] : kCases) {
        const auto refused = make_pod(parse(form), wanted_host(), pod_options());
        ASSERT_FALSE(refused) << form;
        EXPECT_THAT(refused.error().message, HasSubstr(said));
    }
    PodOptions no_image = pod_options();
    no_image.image.clear();
    const auto refused = make_pod({}, wanted_host(), no_image);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("set kubernetes.image"));
}

TEST(PodTemplate, IsFoundByFleetThenTypeThenDefault) {
    const TempFolder folder = TempFolder::make("gse-templates").value();
    const auto write = [&](const std::string& name, const std::string& text) {
        std::ofstream(folder.path() / name) << text;
    };
    const auto found = [&](const std::string& fleet) {
        const auto read = read_template(folder.path(), fleet, "S5.LARGE8");
        return read ? text_at(*read, {"metadata", "from"}) : read.error().message;
    };
    EXPECT_EQ(found("arena"), "");
    write("default.yaml", "metadata: {from: default}");
    EXPECT_EQ(found("arena"), "default");
    write("S5.LARGE8.json", R"({"metadata": {"from": "type"}})");
    EXPECT_EQ(found("arena"), "type");
    write("arena.yml", "kind: Pod\nmetadata: {from: fleet}\n");
    EXPECT_EQ(found("arena"), "fleet");
    EXPECT_EQ(found("../arena"), "type") << "a fleet's name leads nowhere else";
    write("arena.yml", "kind: Deployment\n");
    EXPECT_THAT(found("arena"), HasSubstr("arena.yml: it is a Deployment, and must be a Pod"));
    write("arena.yml", "a: [\n");
    EXPECT_THAT(found("arena"), HasSubstr("arena.yml: line"));
}

// ------------------------------------------------------------------ read

TEST(PodFacts, WhyAPodDoesNotRunOrIsOver) {
    struct Case {
        const char* says;
        const char* status;
        PodPhase phase;
        const char* wait;
        const char* end;
    };
    const Case kCases[] = {
        {"new", R"({"phase": "Pending"})", PodPhase::Pending, "", ""},
        {"no room",
         R"({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]})",
         PodPhase::Pending, "Unschedulable", ""},
        {"starts",
         R"({"phase": "Pending", "containerStatuses": [{"name": "agent", "state": {"waiting": {"reason": "ContainerCreating"}}}]})",
         PodPhase::Pending, "", ""},
        {"no image",
         R"({"phase": "Pending", "containerStatuses": [{"name": "agent", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}]})",
         PodPhase::Pending, "ErrImagePull", ""},
        {"runs",
         R"({"phase": "Running", "containerStatuses": [{"name": "agent", "restartCount": 0, "state": {"running": {}}}]})",
         PodPhase::Running, "", ""},
        {"evicted by its node", R"({"phase": "Failed", "reason": "Evicted", "message": "low on memory"})",
         PodPhase::Over, "", "Evicted: low on memory"},
        {"preempted",
         R"({"phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler", "message": "for a greater one"}]})",
         PodPhase::Over, "", "PreemptionByScheduler: for a greater one"},
        {"ran out of memory",
         R"({"phase": "Failed", "containerStatuses": [{"name": "agent", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]})",
         PodPhase::Over, "", "its agent ended with exit code 137 (OOMKilled)"},
        {"started again",
         R"({"phase": "Running", "containerStatuses": [{"name": "agent", "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]})",
         PodPhase::Running, "", "the agent's container was started again after it had ended with exit code 1 (Error)"},
        {"another container started again",
         R"({"phase": "Running", "containerStatuses": [{"name": "metrics", "restartCount": 7, "state": {"running": {}}}]})",
         PodPhase::Running, "", ""},
        {"the agent has ended, another container runs",
         R"({"phase": "Running", "containerStatuses": [{"name": "agent", "restartCount": 0, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}, {"name": "metrics", "state": {"running": {}}}]})",
         PodPhase::Running, "", "its agent ended with exit code 0 (Completed)"},
        {"nothing is said", R"({"phase": "Succeeded"})", PodPhase::Over, "", "it is over"},
    };
    for (const Case& c : kCases) {
        json::object pod = parse(R"({"metadata": {"name": "p", "uid": "u", "labels": {"opengse/host": "host-1"}}})");
        pod["status"] = json::parse(c.status);
        const PodFacts facts = read_pod(pod);
        EXPECT_EQ(facts.phase, c.phase) << c.says;
        EXPECT_EQ(facts.wait_reason, c.wait) << c.says;
        EXPECT_EQ(facts.end, c.end) << c.says;
        EXPECT_EQ(facts.host, "host-1");
    }
}

TEST(PodFacts, OfADeletedPodAndOfNodes) {
    const PodFacts facts = read_pod(parse(
        R"({"metadata": {"name": "p", "deletionTimestamp": "2030-01-01T00:01:00Z", "deletionGracePeriodSeconds": 60},
            "status": {"conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "m"}]}})"));
    ASSERT_TRUE(facts.ends_at);
    EXPECT_EQ(format_utc(*facts.ends_at), "2030-01-01T00:01:00Z");
    EXPECT_EQ(facts.end_grace, Millis{60'000});
    EXPECT_EQ(facts.disruption, "EvictionByEvictionAPI: m");
    EXPECT_EQ(facts.end, "");
    const PodFacts forced = read_pod(parse(
        R"({"metadata": {"name": "p", "deletionTimestamp": "2030-01-01T00:01:00Z", "deletionGracePeriodSeconds": 0},
            "spec": {"terminationGracePeriodSeconds": 3600}})"));
    EXPECT_EQ(format_utc(*forced.ends_at), "2030-01-01T01:01:00Z") << "its agent may run on where its kubelet is away";

    const json::object node = parse(
        R"({"metadata": {"name": "n", "annotations": {"players": "203.0.113.9"}}, "spec": {"unschedulable": true},
            "status": {"addresses": [{"type": "Hostname", "address": "n"}, {"type": "InternalIP", "address": "10.0.0.1"},
                                     {"type": "ExternalIP", "address": "198.51.100.1"}]}})");
    std::map<std::string, NodeFacts> nodes{{"n", read_node(node, "")}};
    EXPECT_TRUE(nodes["n"].cordoned);
    PodFacts pod;
    pod.host_ip = "10.0.0.1";
    EXPECT_EQ(address_of(pod, {}, false), "10.0.0.1") << "nodes may not be read";
    EXPECT_EQ(address_of(pod, nodes, false), "") << "its node is not known yet";
    pod.node = "n";
    EXPECT_EQ(address_of(pod, nodes, false), "198.51.100.1");
    EXPECT_EQ(address_of(pod, nodes, true), "10.0.0.1");
    nodes["n"] = read_node(node, "players");
    EXPECT_EQ(address_of(pod, nodes, true), "203.0.113.9");
}

// ------------------------------------------------------------------ planned

class PodPlan : public ::testing::Test {
protected:
    std::vector<PodAction> plan() {
        return plan_pods({.wanted = wanted,
                          .pods = pods,
                          .nodes = nodes,
                          .orphan_grace = Millis{60'000},
                          .now_ms = now_ms,
                          .wall = {1'000'000}},
                         memory);
    }
    PodFacts& pod() {
        PodFacts& made = pods["gse-1"];
        made.name = "gse-1";
        made.uid = "uid-1";
        made.host = "host-1";
        return made;
    }
    void runs() {
        pod().phase = PodPhase::Running;
        pod().node = "n";
        pod().host_ip = "10.0.0.1";
        wanted[0].runs = wanted[0].joined = wanted[0].connected = true;
        wanted[0].address = "10.0.0.1";
    }
    static HostNews news(HostNews::Kind kind, std::string text, std::string more = "", Millis left = Millis{0}) {
        return {.kind = kind, .host = "host-1", .text = std::move(text), .more = std::move(more), .left = left};
    }

    std::vector<core::ProvidedHost> wanted{wanted_host()};
    std::map<std::string, PodFacts> pods;
    std::map<std::string, NodeFacts> nodes;
    PodMemory memory;
    std::int64_t now_ms = 1'000'000;
};

TEST_F(PodPlan, AHostThatIsAskedForGetsAPodAndItsSecret) {
    EXPECT_THAT(plan(), ElementsAre(PodAction(CreatePod{"host-1"})));
    memory.not_before["host-1"] = now_ms + 1'000;
    EXPECT_THAT(plan(), IsEmpty()) << "it was made a moment ago, and is in no list yet";
    now_ms += 1'000;
    EXPECT_THAT(plan(), ElementsAre(PodAction(CreatePod{"host-1"}))) << "it has vanished before anybody came of it";
    pod();
    EXPECT_THAT(plan(), ElementsAre(PodAction(CreateSecret{"host-1", "uid-1"})));
    memory.secrets.insert("uid-1");
    EXPECT_THAT(plan(), IsEmpty());
    pod().host_ip = "10.0.0.1";
    EXPECT_THAT(plan(), ElementsAre(PodAction(news(HostNews::Kind::Placed, "10.0.0.1"))))
        << "its agent may be quicker than what its kubelet says";
    wanted[0].address = "10.0.0.1";
    pod().phase = PodPhase::Running;
    EXPECT_THAT(plan(), ElementsAre(PodAction(news(HostNews::Kind::Runs, ""))));
    runs();
    EXPECT_THAT(plan(), IsEmpty());
}

TEST_F(PodPlan, WhyItWaitsIsToldWhenItChanges) {
    memory.secrets.insert("uid-1");
    pod().wait_reason = "Unschedulable";
    pod().wait_message = "0/3";
    EXPECT_THAT(plan(), ElementsAre(PodAction(news(HostNews::Kind::Waits, "Unschedulable", "0/3"))));
    EXPECT_THAT(plan(), IsEmpty());
    pod().wait_reason = "ErrImagePull";
    EXPECT_THAT(plan(), ElementsAre(PodAction(news(HostNews::Kind::Waits, "ErrImagePull", "0/3"))));
    for (const char* in_turn : {"ImagePullBackOff", "ErrImagePull", "ImagePullBackOff"}) {
        pod().wait_reason = in_turn;
        EXPECT_THAT(plan(), IsEmpty()) << "the same trouble all along: " << in_turn;
    }
    pod().host = "somebody else's";
    EXPECT_THAT(plan(),
                Contains(PodAction(news(HostNews::Kind::Waits, "NameTaken", "another Pod has the name gse-1"))));
}

TEST_F(PodPlan, BusyPodsAreMarked) {
    runs();
    wanted[0].busy = true;
    EXPECT_THAT(plan(), ElementsAre(PodAction(MarkBusy{"gse-1", true})));
    EXPECT_THAT(plan(), IsEmpty()) << "not twice at once";
    pod().busy = true;
    EXPECT_THAT(plan(), IsEmpty());
    wanted[0].busy = false;
    now_ms += 10'000;
    EXPECT_THAT(plan(), ElementsAre(PodAction(MarkBusy{"gse-1", false})));
}

TEST_F(PodPlan, WhatIsReleasedIsDeletedAndForgottenOnceItIsGone) {
    runs();
    wanted[0].released = true;
    EXPECT_THAT(plan(), ElementsAre(PodAction(DeletePod{"gse-1", "uid-1"})));
    EXPECT_THAT(plan(), IsEmpty());
    now_ms += 60'000;
    EXPECT_THAT(plan(), ElementsAre(PodAction(DeletePod{"gse-1", "uid-1"}))) << "it does not go: once more";
    pods.clear();
    EXPECT_THAT(plan(), ElementsAre(PodAction(ConfirmGone{"host-1", "gse-1"})));
}

TEST_F(PodPlan, APodThatIsOverIsGoneAndOneThatTheListLacksIsAskedFor) {
    runs();
    pod().end = "Evicted: low on memory";
    EXPECT_THAT(plan(), ElementsAre(PodAction(news(HostNews::Kind::Gone, "Evicted: low on memory"))));
    pods.clear();
    EXPECT_THAT(plan(), IsEmpty()) << "deleted by force, and its agent still speaks: it runs";
    wanted[0].connected = false;
    EXPECT_THAT(plan(), ElementsAre(PodAction(ConfirmGone{"host-1", "gse-1"})));
}

TEST_F(PodPlan, EndsAndCordonsAreTold) {
    runs();
    nodes["n"] = {.name = "n", .internal_ip = "10.0.0.1"};
    EXPECT_THAT(plan(), IsEmpty());
    nodes["n"].cordoned = true;
    EXPECT_THAT(plan(), ElementsAre(PodAction(news(HostNews::Kind::Closed, "", "n"))));
    wanted[0].place_closed = true;
    EXPECT_THAT(plan(), IsEmpty());
    nodes["n"].cordoned = false;
    EXPECT_THAT(plan(), ElementsAre(PodAction(news(HostNews::Kind::Opened, "", "n"))));
    wanted[0].place_closed = false;
    pod().ends_at = WallTime{1'000'000 + 90'000};
    pod().end_grace = Millis{120'000};
    EXPECT_THAT(plan(),
                ElementsAre(PodAction(news(HostNews::Kind::Ending, "its Pod is being deleted", "", Millis{90'000}))));
    EXPECT_THAT(plan(), IsEmpty());
    pod().ends_at = WallTime{1'000'000 + 900'000};
    pod().disruption = "PreemptionByScheduler: p";
    EXPECT_THAT(plan(),
                ElementsAre(PodAction(news(HostNews::Kind::Ending, "PreemptionByScheduler: p", "", Millis{120'000}))))
        << "clocks may differ, but there is never more time than it was given";
}

TEST_F(PodPlan, NewsStandsBeforeRequestsWhichMayBeGivenUp) {
    // It is remembered as told: behind a request that fails it would be lost for good.
    runs();
    pod().ends_at = WallTime{1'000'000 + 90'000};
    pod().end_grace = Millis{120'000};
    core::ProvidedHost first = wanted_host();
    first.id = "host-0";
    first.name = "gse-0";
    wanted.insert(wanted.begin(), first);
    EXPECT_THAT(plan(),
                ElementsAre(PodAction(news(HostNews::Kind::Ending, "its Pod is being deleted", "", Millis{90'000})),
                            PodAction(CreatePod{"host-0"})));
}

TEST_F(PodPlan, WhatWasNotEvenTriedIsInTheNextPlan) {
    runs();
    wanted[0].released = true;
    const PodAction removal = DeletePod{"gse-1", "uid-1"};
    EXPECT_THAT(plan(), ElementsAre(removal));
    not_done(removal, memory);
    EXPECT_THAT(plan(), ElementsAre(removal)) << "others of its round came first";
    EXPECT_THAT(plan(), IsEmpty());
    pods.clear();
    const PodAction look = ConfirmGone{"host-1", "gse-1"};
    EXPECT_THAT(plan(), ElementsAre(look));
    not_done(look, memory);
    EXPECT_THAT(plan(), ElementsAre(look));
}

TEST_F(PodPlan, OrphansAreRemovedAfterAWhile) {
    runs();
    wanted.clear();
    EXPECT_THAT(plan(), IsEmpty());
    now_ms += 59'000;
    EXPECT_THAT(plan(), IsEmpty());
    now_ms += 1'000;
    EXPECT_THAT(plan(), ElementsAre(PodAction(DeletePod{"gse-1", "uid-1", true})));
    wanted = {wanted_host()};
    wanted[0].joined = true;
    EXPECT_THAT(plan(), Not(Contains(PodAction(DeletePod{"gse-1", "uid-1", true}))));
}

}  // namespace
}  // namespace gse::hosts
