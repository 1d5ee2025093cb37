// Any valid request is understood: it is answered, or refused with a documented code, whatever there is at that moment.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <random>

#include "codec/testing.h"
#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

constexpr int kCalls = 500;
constexpr std::size_t kHosts = 2;

/// A world in which things of every kind come and go, and requests about them as valid as chance makes them.
class Crowd {
public:
    explicit Crowd(std::uint64_t seed) : rng_(seed) {
        world_.add_host({.name = "second", .address = "10.0.0.2"});
        for (std::size_t i = 0; i < kHosts; ++i) world_.host(i).behaviour.may_be_closed = true;
        fleets_.push_back(world_.make_fleet({.name = "a", .processes = 3, .max = 2, .buffer = 30}));
        fleets_.push_back(world_.make_fleet({.name = "b"}));
        const std::string alias = world_.make_alias(fleets_.front());
        world_.call("CreateGameServerSessionQueue",
                    {{"Name", "q"}, {"Destinations.0.DestinationArn", arn("alias/" + alias)}});
        keep(alias);
        known_["Name"] = known_["GameServerSessionQueueName"] = {"q"};
        for (const std::string& fleet : fleets_) keep(fleet), keep(world_.make_session(fleet));
    }

    void step() {
        const auto actions = api::actions();
        const api::Action& action = actions[rng_.below(actions.size())];
        const Answer answer = world_.call(std::string(action.name), request_for(action));
        EXPECT_NE(answer.code(), "InternalError") << action.name << ": " << answer.message();
        EXPECT_NE(answer.code(), "InvalidAction") << action.name;
        EXPECT_NE(answer.code(), "UnknownParameter") << action.name << ": " << answer.message();
        learn(answer);
        // A host that was removed comes back by itself: none of these has a certificate.
        for (std::size_t i = 0; i < kHosts; ++i)
            if (!world_.host(i).closed_because().empty()) world_.host(i).connect();
        if (rng_.below(8) == 0) live();
        if (rng_.below(8) == 0) world_.advance(Millis{static_cast<std::int64_t>(rng_.below(5'000))});
        if (rng_.below(100) == 0) world_.restart_server();
    }

private:
    /// What happens without anybody calling for it.
    void live() {
        FakeHost& host = world_.host();
        switch (rng_.below(3)) {
            case 0: host.behaviour.activates = rng_.below(4) != 0; break;
            case 1: host.behaviour.becomes_ready = rng_.below(4) != 0; break;
            default:
                if (!host.games().empty()) host.crash(host.games().begin()->first);
                break;
        }
    }

    static std::string arn(const std::string& name) { return "qcs::gse:ap-shanghai:uin/100000000001:" + name; }

    /// Ids that answers name are what later requests are about.
    void learn(const Answer& answer) {
        for (const auto& [path, value] : flatten_json(answer.body())) {
            const std::string field = path.substr(path.rfind('.') + 1);
            if (!(field.ends_with("Id") || field.ends_with("Arn")) || value.empty() || value == "null") continue;
            auto& list = known_[field];
            if (list.size() < 20)
                list.push_back(value);
            else
                list[rng_.below(list.size())] = value;
        }
    }
    void keep(const std::string& id) {
        known_[id.starts_with("alias-")   ? "AliasId"
               : id.starts_with("fleet-") ? "FleetId"
                                          : "GameServerSessionId"]
            .push_back(id);
    }

    Params request_for(const api::Action& action) {
        Params params;
        void* const request = action.request->ops->create();
        api::testing::fill_random(rng_, *action.request, request, api::testing::EmptyLists::Never);
        for (auto& [name, value] : api::testing::flatten(*action.request, request)) {
            std::string field = name;
            while (!field.empty() && field.back() >= '0' && field.back() <= '9') field.pop_back();
            if (field.ends_with('.')) field.pop_back();
            field = field.substr(field.rfind('.') + 1);
            if (field == "FleetIds" || field == "AliasIds") field.pop_back();
            if (field == "InstanceIdList") field = "InstanceId";
            if (field == "Resource") field = rng_.below(2) ? "AliasArn" : "FleetArn";
            if (field == "DestinationArn") field = rng_.below(2) ? "AliasArn" : "FleetArn";
            const auto known = known_.find(field);
            if (known != known_.end() && rng_.below(8) != 0) value = known->second[rng_.below(known->second.size())];
            params.emplace_back(name, value);
        }
        action.request->ops->destroy(request);
        return params;
    }

    SeededRng rng_;
    World world_;
    std::vector<std::string> fleets_;
    std::map<std::string, std::vector<std::string>> known_;  ///< by the name of the field
};

void play(std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));  // a crash says it too
    std::fflush(stdout);
    Crowd crowd(seed);
    for (int i = 0; i < kCalls && !::testing::Test::HasFailure(); ++i) crowd.step();
}

TEST(RandomCalls, FixedSeeds) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) play(seed);
}

TEST(RandomCalls, FreshSeeds) {
    std::random_device chance;
    for (int i = 0; i < 4; ++i) play(chance());
}

}  // namespace
}  // namespace gse::testing
