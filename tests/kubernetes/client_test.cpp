// The client and its mirror against an API server that behaves as the real one does where it matters: pages that are
// forgotten, watches that break, history that is too old, rights that are missing, load, restarts.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/temp_folder.h"
#include "hosts/json_path.h"
#include "hosts/kube_mirror.h"
#include "kubernetes/fake_api_server.h"

namespace gse::kubernetes {
namespace {

using namespace std::chrono_literals;
using hosts::KubeAccess;
using hosts::KubeCall;
using hosts::KubeClient;
using hosts::KubeError;
using hosts::KubeMirror;
using hosts::text_at;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::milliseconds kLimit{20'000};

KubeAccess access_to(const FakeApiServer& server) {
    KubeAccess access;
    access.url = server.url();
    access.token = FakeApiServer::kToken;
    access.source = "a test";
    return access;
}

json::object pod(const std::string& name, const std::string& label = "yes") {
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", json::object{{"name", name}, {"labels", json::object{{"ours", label}}}}},
            {"spec", json::object{{"containers", json::array{json::object{{"name", "agent"}, {"image", "i"}}}}}}};
}

KubeCall call(const std::string& verb, const std::string& name = "", const std::string& body = "") {
    return {.verb = verb, .resource = "pods", .space = FakeApiServer::kSpace, .name = name, .query = {}, .body = body};
}

class ClientTest : public ::testing::Test {
protected:
    FakeApiServer server;
    std::atomic<bool> stop{false};
    KubeClient client{access_to(server), stop};
};

TEST_F(ClientTest, MakesReadsChangesAndDeletes) {
    const auto made = client.send(call("create", "", json::serialize(pod("a"))));
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_NE(text_at(*made, {"metadata", "uid"}), "");
    const auto twice = client.send(call("create", "", json::serialize(pod("a"))));
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().status, 409);
    EXPECT_EQ(twice.error().reason, "AlreadyExists");
    ASSERT_TRUE(client.send(call("patch", "a", R"({"metadata":{"labels":{"more":"x"}}})")));
    const auto read = client.send(call("get", "a"));
    ASSERT_TRUE(read);
    EXPECT_EQ(text_at(*read, {"metadata", "labels", "more"}), "x");
    EXPECT_EQ(text_at(*read, {"metadata", "labels", "ours"}), "yes");

    const auto stale = client.send(call("patch", "a", R"({"metadata":{"resourceVersion":"1","labels":{"more":"y"}}})"));
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().status, 409) << "somebody else has changed it";
    const auto other = client.send(call("delete", "a", R"({"preconditions":{"uid":"another"}})"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().status, 409) << "not that one, but one of its name";
    ASSERT_TRUE(client.send(call("delete", "a", "{}")));
    const auto gone = client.send(call("get", "a"));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().status, 404);
    EXPECT_FALSE(gone.error().may_pass());
}

TEST_F(ClientTest, RefusalsSayWhatToChange) {
    server.forbid("create pods");
    const auto forbidden = client.send(call("create", "", json::serialize(pod("a"))));
    ASSERT_FALSE(forbidden);
    EXPECT_EQ(forbidden.error().status, 403);
    EXPECT_THAT(forbidden.error().message, HasSubstr("lacks the right to create pods in namespace games"));
    EXPECT_THAT(forbidden.error().message, HasSubstr("deploy/kubernetes/rbac.yaml"));
    server.allow("create pods");

    json::object wrong = pod("a");
    wrong["spec"] = json::object{{"containers", json::array()}};
    const auto invalid = client.send(call("create", "", json::serialize(wrong)));
    ASSERT_FALSE(invalid);
    EXPECT_EQ(invalid.error().status, 422);
    EXPECT_THAT(invalid.error().message, HasSubstr("spec.containers: Required value"));
    EXPECT_FALSE(invalid.error().may_pass());

    server.accept_token(FakeApiServer::kToken, false);
    const auto unknown = client.send(call("list"));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().status, 401);
    EXPECT_THAT(unknown.error().message, HasSubstr("does not accept the credentials of a test"));
    EXPECT_THAT(unknown.error().message, Not(HasSubstr(FakeApiServer::kToken)));
}

TEST_F(ClientTest, UnderLoadItIsToldHowLongToWait) {
    server.fail_next(1, 429, 7);
    const auto busy = client.send(call("list"));
    ASSERT_FALSE(busy);
    EXPECT_TRUE(busy.error().may_pass());
    EXPECT_EQ(busy.error().retry_after, 7s);
    server.fail_next(1, 503);
    EXPECT_TRUE(client.send(call("list")).error().may_pass());
    server.stop();
    const auto away = client.send(call("list"));
    ASSERT_FALSE(away);
    EXPECT_EQ(away.error().status, 0);
    EXPECT_TRUE(away.error().may_pass());
    EXPECT_THAT(away.error().message, HasSubstr("the API server " + server.url() + " (from a test) cannot be reached"));
    server.start();
    EXPECT_TRUE(client.send(call("list")));
}

TEST_F(ClientTest, ATokenFileIsReadAgainWhenItWasRotated) {
    const TempFolder folder = TempFolder::make("gse-kube").value();
    const auto write = [&](const std::string& token) { std::ofstream(folder.path() / "token") << token << "\n"; };
    KubeAccess access = access_to(server);
    access.token.clear();
    access.token_file = folder.path() / "token";
    KubeClient rotating(access, stop);
    EXPECT_THAT(rotating.send(call("list")).error().message, HasSubstr("the token cannot be read"));
    write(FakeApiServer::kToken);
    EXPECT_TRUE(rotating.send(call("list")));
    server.accept_token(FakeApiServer::kToken, false);
    server.accept_token("another");
    EXPECT_EQ(rotating.send(call("list")).error().status, 401);
    write("another");
    EXPECT_TRUE(rotating.send(call("list")));
}

TEST(ClientTls, TrustsTheAuthorityThatItWasGivenAndShowsACertificate) {
    FakeApiServer server(FakeApiServer::Scheme::Https);
    std::atomic<bool> stop{false};
    KubeAccess access = access_to(server);
    KubeClient trusts_nobody(access, stop);
    const auto untrusted = trusts_nobody.send(call("list"));
    ASSERT_FALSE(untrusted);
    EXPECT_THAT(untrusted.error().message, HasSubstr("certificate"));
    access.authority = server.authority();
    KubeClient by_token(access, stop);
    EXPECT_TRUE(by_token.send(call("list")));
    access.token.clear();
    KubeClient as_nobody(access, stop);
    EXPECT_EQ(as_nobody.send(call("list")).error().status, 401);
    const http::TestIdentity me = server.issue_client();
    access.certificate = me.certificate;
    access.key = me.key;
    KubeClient by_certificate(access, stop);
    const auto listed = by_certificate.send(call("list"));
    EXPECT_TRUE(listed) << listed.error().message;
}

TEST(ClientTls, SomethingElseAtTheAddressIsFoundOut) {
    std::atomic<bool> stop{false};
    FakeApiServer server(FakeApiServer::Scheme::Https);
    KubeAccess access = access_to(server);
    access.url = "http" + server.url().substr(5);
    KubeClient client(access, stop);
    EXPECT_FALSE(client.send(call("list")));
}

// ------------------------------------------------------------------ list and watch

class MirrorTest : public ::testing::Test {
protected:
    ~MirrorTest() override {
        {
            const std::lock_guard lock(mutex);
            stop = true;
        }
        news.notify_all();
        if (thread.joinable()) thread.join();
    }
    void follow(Millis watch_for = 60s, Millis backoff_min = 1ms, Millis backoff_max = 20ms) {
        thread = std::thread([this, watch_for, backoff_min, backoff_max] {
            const auto change = [this](auto&& edit) {
                const std::lock_guard lock(mutex);
                edit();
                news.notify_all();
            };
            KubeMirror mirror(
                {.access = access_to(server),
                 .resource = "pods",
                 .space = FakeApiServer::kSpace,
                 .selector = "ours=yes",
                 .page = 3,
                 .watch_for = watch_for,
                 .backoff_min = backoff_min,
                 .backoff_max = backoff_max,
                 .lasting = 500ms},
                {.changed =
                     [&](const json::object& object) {
                         change([&] {
                             seen[text_at(object, {"metadata", "name"})] =
                                 text_at(object, {"metadata", "labels", "more"});
                         });
                     },
                 .deleted = [&](const std::string& name) { change([&] { seen.erase(name); }); },
                 .listed =
                     [&](const std::set<std::string>& names) {
                         change([&] {
                             std::erase_if(seen, [&](const auto& e) { return !names.contains(e.first); });
                             ++lists;
                         });
                     },
                 .trouble = [&](const KubeError& why) { change([&] { troubles.push_back(why.message); }); },
                 .going = [&] { change([&] { ++recoveries; }); }},
                stop, [this](Millis time) {
                    std::unique_lock lock(mutex);
                    return news.wait_for(lock, time, [this] { return stop.load(); });
                });
            mirror.run();
        });
    }
    template <class Holds>
    bool wait(Holds&& holds) {
        std::unique_lock lock(mutex);
        return news.wait_for(lock, kLimit, holds);
    }
    bool sees(const std::string& name) {
        return wait([&] { return seen.contains(name); });
    }

    FakeApiServer server;
    std::mutex mutex;
    std::condition_variable news;
    std::atomic<bool> stop{false};
    std::map<std::string, std::string> seen;
    int lists = 0;
    int recoveries = 0;
    std::vector<std::string> troubles;
    std::thread thread;
};

TEST_F(MirrorTest, ListsInPagesThenFollows) {
    for (int i = 0; i < 8; ++i) server.put("pods", pod(fmt::format("p{}", i)));
    server.put("pods", pod("other", "no"));
    follow();
    ASSERT_TRUE(wait([&] { return lists == 1; }));
    EXPECT_EQ(seen.size(), 8u);
    EXPECT_EQ(server.count_requests("list pods"), 3);
    server.put("pods", pod("new"));
    EXPECT_TRUE(sees("new"));
    server.patch("pods", "new", json::object{{"metadata", json::object{{"labels", json::object{{"more", "x"}}}}}});
    EXPECT_TRUE(wait([&] { return seen["new"] == "x"; }));
    server.erase("pods", "p3");
    EXPECT_TRUE(wait([&] { return !seen.contains("p3"); }));
    server.patch("pods", "p4", json::object{{"metadata", json::object{{"labels", json::object{{"ours", "no"}}}}}});
    EXPECT_TRUE(wait([&] { return !seen.contains("p4"); })) << "what does not match any more is gone";
    EXPECT_EQ(lists, 1);
    EXPECT_TRUE(troubles.empty());
}

TEST_F(MirrorTest, PagesThatAreForgottenAreListedAnew) {
    for (int i = 0; i < 5; ++i) server.put("pods", pod(fmt::format("p{}", i)));
    server.forget_pages(1);
    follow();
    ASSERT_TRUE(wait([&] { return lists == 1; }));
    EXPECT_EQ(seen.size(), 5u);
    EXPECT_EQ(server.count_requests("list pods"), 4) << "one, its forgotten second page, and both again";
}

TEST_F(MirrorTest, GoesOnAfterABreakWithoutAnotherList) {
    follow();
    ASSERT_TRUE(wait([&] { return lists == 1; }));
    server.put("pods", pod("a"));
    ASSERT_TRUE(sees("a"));
    server.cut_connections();
    server.put("pods", pod("b"));
    EXPECT_TRUE(sees("b"));
    server.stop();
    server.start();
    server.put("pods", pod("c"));
    EXPECT_TRUE(sees("c"));
    EXPECT_EQ(lists, 1) << "it knows where it was";
}

TEST_F(MirrorTest, HistoryThatIsForgottenIsListedAnew) {
    for (const bool plain : {false, true}) {
        server.set_plain_gone(plain);
        server.put("pods", pod("a"));
        if (!thread.joinable()) follow();
        ASSERT_TRUE(wait([&] { return lists > 0 && seen.contains("a"); }));
        const int before = lists;
        server.stop();
        server.erase("pods", "a");
        server.put("pods", pod("b"));
        server.compact();
        server.start();
        EXPECT_TRUE(wait([&] { return lists == before + 1 && !seen.contains("a") && seen.contains("b"); }))
            << (plain ? "a status of 410" : "200, and then an event of 410");
    }
}

TEST_F(MirrorTest, ABookmarkKeepsItFromFallingBehind) {
    server.put("pods", pod("a"));
    follow();
    ASSERT_TRUE(sees("a"));
    ASSERT_TRUE(wait([&] { return lists == 1; }));
    ASSERT_TRUE(server.wait(kLimit, [&] { return server.count_requests("watch pods") == 1; }));
    // Much happens that is not ours; without a bookmark we would go on from before it, which will be forgotten.
    for (int i = 0; i < 20; ++i) server.put("secrets", {{"metadata", json::object{{"name", fmt::format("s{}", i)}}}});
    server.bookmark();
    server.put("pods", pod("b"));
    ASSERT_TRUE(sees("b"));
    server.cut_connections();
    server.put("pods", pod("c"));
    EXPECT_TRUE(sees("c"));
    EXPECT_EQ(lists, 1);
}

TEST_F(MirrorTest, AWatchThatEndsIsFollowedByTheNextThoughNothingWasSaid) {
    server.put("pods", pod("a"));
    follow(1s, kLimit, kLimit);
    ASSERT_TRUE(sees("a"));
    EXPECT_TRUE(server.wait(kLimit, [&] { return server.count_requests("watch pods") >= 3; }));
    server.put("pods", pod("b"));
    EXPECT_TRUE(sees("b"));
    EXPECT_EQ(lists, 1);
}

TEST_F(MirrorTest, TroubleIsToldAndPasses) {
    server.forbid("list pods");
    server.put("pods", pod("a"));
    follow();
    ASSERT_TRUE(wait([&] { return !troubles.empty(); }));
    EXPECT_THAT(troubles.front(), HasSubstr("lacks the right to list pods"));
    server.allow("list pods");
    EXPECT_TRUE(sees("a"));
    EXPECT_TRUE(wait([&] { return recoveries > 0; }));
    server.fail_next_of("watch pods", 2, 500);
    server.cut_connections();
    server.put("pods", pod("b"));
    EXPECT_TRUE(sees("b"));
    EXPECT_EQ(lists, 1);
    EXPECT_TRUE(wait([&] { return recoveries > 1; })) << "it is known to go on, though nothing may happen for long";
}

}  // namespace
}  // namespace gse::kubernetes
