// What the provider does to a cluster, against the fake API server, and the same against a real one:
//
//   GSE_TEST_KUBECONFIG=FILE [GSE_TEST_ADMIN_KUBECONFIG=FILE] [GSE_TEST_IMAGE=gse:test] [GSE_TEST_MARK_RUNNING=1]
//
// (real_cluster.sh has all of them.) The provider is the user of the first one, who needs the rights of
// deploy/kubernetes/rbac.yaml in the context's namespace; to look and to play others takes an administrator, who is the
// same where no second file is named. GSE_TEST_MARK_RUNNING is for a bare API server: with neither scheduler nor
// kubelet the test itself binds Pods to a node that it makes, and says that they run. Otherwise nodes must have the
// image, which must hold gse.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>

#include "base/rng.h"
#include "base/temp_folder.h"
#include "hosts/json_path.h"
#include "hosts/kube_client.h"
#include "hosts/kubernetes.h"
#include "kubernetes/fake_api_server.h"
#include "model/join_token.h"

namespace gse::kubernetes {
namespace {

using namespace std::chrono_literals;
using hosts::HostNews;
using hosts::KubeCall;
using hosts::KubernetesHosts;
using hosts::text_at;
using ::testing::HasSubstr;

constexpr const char* kNode = "opengse-test-node";

enum class Where : std::uint8_t { Fake, Real };

/// Wants what the test wants, and keeps what it is told.
class Desk final : public hosts::HostDesk {
public:
    Result<std::optional<Wanted>> look(std::uint64_t since) override {
        const std::lock_guard lock(mutex_);
        if (since == version_) return std::nullopt;
        return Wanted{version_, hosts_};
    }
    Result<void> tell(std::vector<HostNews> news) override {
        const std::lock_guard lock(mutex_);
        for (HostNews& one : news) {
            for (core::ProvidedHost& host : hosts_) {
                if (host.id != one.host) continue;
                if (one.kind == HostNews::Kind::Placed) host.address = one.text, ++version_;
                if (one.kind == HostNews::Kind::Runs) host.runs = true, ++version_;
            }
            if (one.kind == HostNews::Kind::Gone)
                std::erase_if(hosts_, [&](const auto& host) { return host.id == one.host && host.released; }),
                    ++version_;
            news_.push_back(std::move(one));
        }
        changed_.notify_all();
        return {};
    }
    /// One that an agent takes for good, and tries to get in with for as long as it runs.
    [[nodiscard]] std::string token_of(const core::ProvidedHost& host) const override {
        return to_text(
            JoinToken{.id = host.id, .secret = std::string(64, 'a'), .authority_sha256 = std::string(64, 'b')});
    }

    void want(core::ProvidedHost host) {
        const std::lock_guard lock(mutex_);
        hosts_.push_back(std::move(host));
        ++version_;
    }
    void change(const std::string& id, const std::function<void(core::ProvidedHost&)>& edit) {
        const std::lock_guard lock(mutex_);
        for (core::ProvidedHost& host : hosts_)
            if (host.id == id) edit(host);
        ++version_;
    }
    bool told(HostNews::Kind kind, const std::string& text = "", Millis limit = 60s) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [&] {
            return std::ranges::any_of(news_, [&](const HostNews& news) {
                return news.kind == kind && (news.text + ": " + news.more).find(text) != std::string::npos;
            });
        });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<core::ProvidedHost> hosts_;
    std::vector<HostNews> news_;
    std::uint64_t version_ = 1;
};

class Cluster : public ::testing::TestWithParam<Where> {
protected:
    void SetUp() override {
        if (GetParam() == Where::Real) {
            const char* kubeconfig = std::getenv("GSE_TEST_KUBECONFIG");
            if (!kubeconfig)
                GTEST_SKIP() << "GSE_TEST_KUBECONFIG is not set: this ran against the fake API server only";
            const auto access = hosts::read_kubeconfig(kubeconfig, "");
            ASSERT_TRUE(access) << access.error().message;
            access_ = *access;
            const char* admin = std::getenv("GSE_TEST_ADMIN_KUBECONFIG");
            const auto admins = hosts::read_kubeconfig(admin ? admin : kubeconfig, "");
            ASSERT_TRUE(admins) << admins.error().message;
            admins_ = *admins;
            mark_ = std::getenv("GSE_TEST_MARK_RUNNING") != nullptr;
            if (const char* image = std::getenv("GSE_TEST_IMAGE")) image_ = image;
        } else {
            fake_ = std::make_unique<FakeApiServer>();
            access_.url = fake_->url();
            access_.token = FakeApiServer::kToken;
            access_.space = FakeApiServer::kSpace;
            access_.source = "a test";
            admins_ = access_;
        }
        if (access_.space.empty()) access_.space = "default";
        SystemRng rng;
        run_ = rng.text(8);
        admin_ = std::make_unique<hosts::KubeClient>(admins_, stop_);
        if (!mark_) return;
        const json::object node{{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", json::object{{"name", kNode}}}};
        (void)admin_->send({.verb = "create",
                            .resource = "nodes",
                            .space = {},
                            .name = {},
                            .query = {},
                            .body = json::serialize(node)});
        const json::object addresses{
            {"status",
             json::object{{"addresses", json::array{json::object{{"type", "InternalIP"}, {"address", "10.1.2.3"}}}}}}};
        const auto made = admin_->send({.verb = "patch",
                                        .resource = "nodes",
                                        .space = {},
                                        .name = std::string(kNode) + "/status",
                                        .query = {},
                                        .body = json::serialize(addresses)});
        ASSERT_TRUE(made) << made.error().message;
    }
    void TearDown() override {
        provider_.reset();
        if (!admin_) return;
        for (const std::string& name : made_) {
            (void)admin_->send(pods("delete", name, R"({"gracePeriodSeconds":0})"));
            (void)admin_->send({.verb = "delete",
                                .resource = "secrets",
                                .space = access_.space,
                                .name = name,
                                .query = {},
                                .body = {}});
        }
        if (mark_ && GetParam() == Where::Real)
            (void)admin_->send(
                {.verb = "delete", .resource = "nodes", .space = {}, .name = kNode, .query = {}, .body = {}});
    }

    [[nodiscard]] KubeCall pods(const std::string& verb, const std::string& name, const std::string& body = "") const {
        return {.verb = verb, .resource = "pods", .space = access_.space, .name = name, .query = {}, .body = body};
    }
    core::ProvidedHost host(int number) {
        core::ProvidedHost made;
        made.id = fmt::format("host-{}-{}", run_, number);
        made.name = fmt::format("gse-test-{}-{}", run_, number);
        made.secret = "secret";
        made.region = "ap-shanghai";
        made.fleet_id = "fleet-test";
        made.fleet_name = "arena";
        made.instance_id = "ins-test";
        made.instance_type = "S5.LARGE8";
        const auto low = static_cast<std::uint16_t>(25'000 + 8 * number);
        made.ports = {low, static_cast<std::uint16_t>(low + 7)};
        made.open_ports = {{low, true, false}};
        made_.push_back(made.name);
        return made;
    }
    void start() {
        hosts::KubernetesOptions options;
        options.access = access_;
        options.pods = {.deployment = "test-" + run_,
                        .space = access_.space,
                        .server = "127.0.0.1:7070",
                        .image = image_,
                        .grace = 30s,
                        .agent_settings = {}};
        options.templates = templates_.path();
        options.orphan_grace = 500ms;
        options.refused_first = 100ms;
        provider_ = std::make_unique<KubernetesHosts>(std::move(options), desk_, clock_,
                                                      [](bool, const std::string& line) { std::puts(line.c_str()); });
        provider_->start();
    }
    /// Asked for until it is so.
    bool wait(const std::function<bool()>& holds, std::chrono::milliseconds limit = 60s) {
        const auto until = std::chrono::steady_clock::now() + limit;
        std::unique_lock lock(pause_mutex_);
        while (!holds()) {
            if (std::chrono::steady_clock::now() >= until) return false;
            pause_.wait_for(lock, 50ms);
        }
        return true;
    }
    std::optional<json::value> pod(const std::string& name) {
        auto read = admin_->send(pods("get", name));
        return read ? std::optional(std::move(*read)) : std::nullopt;
    }
    bool wait_pod(const std::string& name) {
        return wait([&] { return pod(name).has_value(); });
    }
    /// A scheduler and a kubelet, where there are none.
    void let_run(const std::string& name) {
        if (!mark_) {
            ASSERT_TRUE(wait([&] {
                const auto now = pod(name);
                return now && text_at(*now, {"status", "phase"}) == "Running";
            }));
            return;
        }
        const json::object binding{{"apiVersion", "v1"},
                                   {"kind", "Binding"},
                                   {"metadata", json::object{{"name", name}, {"namespace", access_.space}}},
                                   {"target", json::object{{"apiVersion", "v1"}, {"kind", "Node"}, {"name", kNode}}}};
        const auto bound = admin_->send(pods("create", name + "/binding", json::serialize(binding)));
        ASSERT_TRUE(bound) << bound.error().message;
        say(name, {{"phase", "Running"}, {"hostIP", "10.1.2.3"}});
    }
    void say(const std::string& name, json::object status) {
        const auto said =
            admin_->send(pods("patch", name + "/status", json::serialize(json::object{{"status", std::move(status)}})));
        ASSERT_TRUE(said) << said.error().message;
    }
    /// What a kubelet does when a container has ended.
    void finish(const std::string& name) {
        if (mark_) (void)admin_->send(pods("delete", name, R"({"gracePeriodSeconds":0})"));
    }

    hosts::KubeAccess access_;
    hosts::KubeAccess admins_;
    std::unique_ptr<FakeApiServer> fake_;
    bool mark_ = true;
    std::string image_ = "gse:test";
    std::string run_;
    std::atomic<bool> stop_{false};
    std::unique_ptr<hosts::KubeClient> admin_;
    TempFolder templates_ = TempFolder::make("gse-templates").value();
    SystemClock clock_;
    Desk desk_;
    std::unique_ptr<KubernetesHosts> provider_;
    std::vector<std::string> made_;
    std::mutex pause_mutex_;
    std::condition_variable pause_;
};

TEST_P(Cluster, APodIsMadeMarkedAdoptedAndTakenAway) {
    start();
    const core::ProvidedHost wanted = host(1);
    desk_.want(wanted);
    ASSERT_TRUE(wait_pod(wanted.name));
    const std::string uid = text_at(*pod(wanted.name), {"metadata", "uid"});
    EXPECT_TRUE(wait([&] {
        return admin_
            ->send({.verb = "get",
                    .resource = "secrets",
                    .space = access_.space,
                    .name = wanted.name,
                    .query = {},
                    .body = {}})
            .has_value();
    })) << "its Secret comes with it";
    let_run(wanted.name);
    EXPECT_TRUE(desk_.told(HostNews::Kind::Placed)) << "where players reach it";
    EXPECT_TRUE(desk_.told(HostNews::Kind::Runs));
    desk_.change(wanted.id, [](core::ProvidedHost& host) { host.joined = host.connected = host.busy = true; });
    EXPECT_TRUE(wait([&] {
        const auto now = pod(wanted.name);
        return now && text_at(*now, {"metadata", "labels", hosts::kBusyLabel}) == "true" &&
               text_at(*now, {"metadata", "annotations", hosts::kSafeToEvict}) == "false";
    }));

    provider_.reset();
    start();
    const core::ProvidedHost second = host(2);
    desk_.want(second);
    ASSERT_TRUE(wait_pod(second.name)) << "by then the new run has seen all there is";
    EXPECT_EQ(text_at(*pod(wanted.name), {"metadata", "uid"}), uid) << "and has adopted it";

    desk_.change(wanted.id, [](core::ProvidedHost& host) { host.released = true; });
    desk_.change(wanted.id, [](core::ProvidedHost& host) { host.connected = false; });
    EXPECT_TRUE(wait([&] {
        const auto now = pod(wanted.name);
        return !now || !text_at(*now, {"metadata", "deletionTimestamp"}).empty();
    }));
    finish(wanted.name);
    EXPECT_TRUE(desk_.told(HostNews::Kind::Gone, "its Pod was deleted"));
}

TEST_P(Cluster, WhatOthersEndIsTold) {
    start();
    const core::ProvidedHost wanted = host(1);
    desk_.want(wanted);
    ASSERT_TRUE(wait_pod(wanted.name));
    let_run(wanted.name);
    ASSERT_TRUE(desk_.told(HostNews::Kind::Placed));
    desk_.change(wanted.id, [](core::ProvidedHost& host) { host.joined = true; });
    ASSERT_TRUE(admin_->send(pods("delete", wanted.name, "{}")));
    EXPECT_TRUE(desk_.told(HostNews::Kind::Ending, "its Pod is being deleted"));
    finish(wanted.name);
    EXPECT_TRUE(desk_.told(HostNews::Kind::Gone, "its Pod was deleted"));
}

TEST_P(Cluster, APodThatIsRefusedOrFindsNoRoomIsToldWithTheClustersWords) {
    std::ofstream(templates_.path() / "default.yaml")
        << "spec:\n  nodeSelector: {opengse/no-such-node: x}\n  containers:\n  - name: agent\n"
           "    resources: {requests: {cpu: much}}\n";
    start();
    const core::ProvidedHost wanted = host(1);
    desk_.want(wanted);
    EXPECT_TRUE(desk_.told(HostNews::Kind::Waits, "PodRefused: the API server refuses to create pods"));
    EXPECT_FALSE(pod(wanted.name));
    std::ofstream(templates_.path() / "default.yaml") << "spec:\n  nodeSelector: {opengse/no-such-node: x}\n";
    ASSERT_TRUE(wait_pod(wanted.name));
    if (mark_)
        say(wanted.name,
            {{"conditions", json::array{json::object{{"type", "PodScheduled"},
                                                     {"status", "False"},
                                                     {"reason", "Unschedulable"},
                                                     {"message", "0/1 nodes are available: none matches"}}}}});
    EXPECT_TRUE(desk_.told(HostNews::Kind::Waits, "Unschedulable: 0/"));
}

TEST_P(Cluster, WhatNothingWantsIsRemovedAndWhatIsNotOursIsLeftAlone) {
    const core::ProvidedHost forgotten = host(1), others = host(2);
    hosts::PodOptions options{
        .deployment = "test-" + run_, .space = access_.space, .server = "s:1", .image = image_, .agent_settings = {}};
    const auto make = [&](const core::ProvidedHost& of) {
        return admin_->send(pods("create", "", json::serialize(*hosts::make_pod({}, of, options))));
    };
    ASSERT_TRUE(make(forgotten));
    options.deployment = "another";
    ASSERT_TRUE(make(others));
    start();
    EXPECT_TRUE(wait([&] { return !pod(forgotten.name); }));
    EXPECT_TRUE(pod(others.name));
}

INSTANTIATE_TEST_SUITE_P(On, Cluster, ::testing::Values(Where::Fake, Where::Real), [](const auto& instance) {
    return instance.param == Where::Fake ? "AFakeApiServer" : "ARealCluster";
});

}  // namespace
}  // namespace gse::kubernetes
