// Whatever valid request comes, in whatever state of things, is answered: with what was asked for, or with a refusal
// that says why. Never with InternalError, never with an answer that its own type cannot hold.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "codec/testing.h"
#include "tests/world/world.h"

namespace gse::testing {
namespace {

using namespace std::chrono_literals;

constexpr int kCalls = 400;
constexpr std::size_t kIdsMax = 40;

/// Which ids a field may hold, by the last part of its name: `NewFleetId` and `FleetIds` take fleets.
constexpr std::string_view kKinds[] = {"FleetId",         "AliasId",   "AssetId",    "GameServerSessionId",
                                       "PlayerSessionId", "PlayerId",  "InstanceId", "PlacementId",
                                       "TimerId",         "QueueName", "PolicyName"};

std::string_view kind_of(std::string_view field) {
    if (field.ends_with("GameServerSessionQueueName") || field == "Name") return "QueueName";
    for (const std::string_view kind : kKinds)
        if (field.ends_with(kind) || (field.ends_with('s') && field.substr(0, field.size() - 1).ends_with(kind)))
            return kind;
    return {};
}

class Crowd {
public:
    explicit Crowd(std::uint64_t seed) : rng_(seed) {
        for (int i = 0; i < 3; ++i)
            fleets_.push_back(
                world_.make_fleet({.name = fmt::format("fleet-{}", i), .processes = 4, .max = 2, .buffer = 30}));
        for (const std::string& fleet : fleets_) {
            know("FleetId", fleet);
            know("AliasId", world_.make_alias(fleet));
            know("GameServerSessionId", world_.make_session(fleet));
        }
    }

    void call() {
        const auto all = api::actions();
        const api::Action& action = all[rng_.below(all.size())];
        // Deleting everything would leave nothing to be surprised by.
        if (action.name.starts_with("Delete") && rng_.below(4) != 0) return;
        const Value request(action.request);
        api::testing::fill_random(rng_, *action.request, request.get());
        use_known_ids(*action.request, request.get());
        std::string json = "{";
        api::encode_fields(*action.request, request.get(), json);
        json += '}';
        SCOPED_TRACE(fmt::format("{} {}", action.name, json));
        const Answer answer = world_.call_json(std::string(action.name), json);
        if (!answer.ok()) {
            ++refused_;
            EXPECT_FALSE(answer.code().starts_with("InternalError")) << answer.body();
            EXPECT_FALSE(answer.message().empty()) << answer.body();
            return;
        }
        ++carried_out_;
        for (const auto& [path, text] : flatten_json(answer.body())) learn(path, text);
    }

    /// Something happens that nobody called for.
    void live() {
        FakeHost& host = world_.host();
        std::vector<std::string> processes;
        for (const auto& [id, game] : host.games()) processes.push_back(id);
        switch (rng_.below(6)) {
            case 0: world_.advance(Millis{static_cast<std::int64_t>(rng_.below(30'000))}); break;
            case 1: world_.advance(5min); break;
            case 2:
                if (!processes.empty()) host.crash(processes[rng_.below(processes.size())]);
                break;
            case 3: world_.restart_server(); break;
            case 4: host.behaviour.activates = rng_.below(4) != 0; break;
            case 5: host.behaviour.becomes_ready = rng_.below(4) != 0; break;
        }
    }

    [[nodiscard]] int refused() const { return refused_; }
    [[nodiscard]] int carried_out() const { return carried_out_; }

private:
    class Value {
    public:
        explicit Value(const api::Type* type) : value_(type->ops->create(), type->ops->destroy) {}
        [[nodiscard]] void* get() const { return value_.get(); }

    private:
        std::unique_ptr<void, void (*)(void*)> value_;
    };

    void know(std::string_view kind, const std::string& id) {
        auto& ids = known_[std::string(kind)];
        if (id.empty()) return;
        if (ids.size() >= kIdsMax) ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(rng_.below(ids.size())));
        ids.push_back(id);
    }

    void learn(const std::string& path, const std::string& text) {
        std::string_view name = path;
        // `Fleets.0.FleetId`, and `FleetIds.0`
        while (!name.empty()) {
            const auto dot = name.rfind('.');
            const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
            if (last.find_first_not_of("0123456789") != std::string_view::npos) {
                if (const auto kind = kind_of(last); !kind.empty()) know(kind, text);
                return;
            }
            if (dot == std::string_view::npos) return;
            name = name.substr(0, dot);
        }
    }

    void use_known_ids(const api::Type& type, void* value) {
        for (const api::Field& field : type.fields) {
            auto* const at = static_cast<char*>(value) + field.offset;
            if (field.kind == api::Kind::Object && !field.list && !field.optional) use_known_ids(*field.object, at);
            if (field.kind != api::Kind::String || field.list) continue;
            const auto ids = known_.find(std::string(kind_of(field.name)));
            if (ids == known_.end() || ids->second.empty() || rng_.below(8) == 0) continue;
            const std::string& id = ids->second[rng_.below(ids->second.size())];
            if (field.optional)
                *reinterpret_cast<std::optional<std::string>*>(at) = id;
            else
                *reinterpret_cast<std::string*>(at) = id;
        }
    }

    World world_;
    SeededRng rng_;
    std::vector<std::string> fleets_;
    std::map<std::string, std::vector<std::string>> known_;
    int refused_ = 0, carried_out_ = 0;
};

TEST(AnyRequest, IsAnsweredWhateverTheState) {
    std::vector<std::uint64_t> seeds{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    seeds.push_back(std::random_device{}());
    int refused = 0, carried_out = 0;
    for (const std::uint64_t seed : seeds) {
        // Also on the screen: a crash prints no trace.
        std::cout << "seed " << seed << std::endl;
        SCOPED_TRACE(fmt::format("seed {}", seed));
        Crowd crowd(seed);
        for (int i = 0; i < kCalls; ++i) {
            crowd.call();
            if (i % 8 == 0) crowd.live();
            if (::testing::Test::HasFailure()) return;
        }
        refused += crowd.refused();
        carried_out += crowd.carried_out();
    }
    EXPECT_GT(refused, 500);
    EXPECT_GT(carried_out, 500);
}

}  // namespace
}  // namespace gse::testing
