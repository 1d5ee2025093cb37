// What holds for every type of the model.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "api/model.h"
#include "codec/codec.h"
#include "codec/testing.h"

namespace gse::api {
namespace {

using testing::EmptyLists;
using testing::random_request;
using testing::random_value;

constexpr int kRounds = 200;

template <class Request>
void check_request() {
    for (std::uint64_t seed = 0; seed < kRounds; ++seed) {
        SCOPED_TRACE(std::string{type_of<Request>().name} + ", seed " + std::to_string(seed));
        SeededRng rng{seed};
        const auto request = random_request<Request>(rng);
        const Result<void> valid = validate(request);
        ASSERT_TRUE(valid) << valid.error().message;

        std::string json;
        encode(request, json);
        const auto decoded = decode_json<Request>(json);
        ASSERT_TRUE(decoded) << decoded.error().message << "\n" << json;
        ASSERT_EQ(*decoded, request) << json;

        json.reserve(json.size() + kJsonPadding);
        const auto padded = decode_json<Request>(json, padding_of(json));
        ASSERT_TRUE(padded);
        ASSERT_EQ(*padded, request);

        const auto full = random_request<Request>(rng, EmptyLists::Never);
        const auto flat = decode_flat<Request>(testing::flatten(type_of<Request>(), &full));
        ASSERT_TRUE(flat) << flat.error().message;
        // An object without a single member cannot be said in flat form; comparing the flat forms ignores those.
        ASSERT_EQ(testing::flatten(type_of<Request>(), &*flat), testing::flatten(type_of<Request>(), &full));
    }
}

template <class Response>
void check_response() {
    for (std::uint64_t seed = 0; seed < kRounds; ++seed) {
        SCOPED_TRACE(std::string{type_of<Response>().name} + ", seed " + std::to_string(seed));
        SeededRng rng{seed};
        const auto response = random_value<Response>(rng);
        std::string json;
        encode(response, json);
        const auto decoded = decode_response<Response>(json);
        ASSERT_TRUE(decoded) << decoded.error().message << "\n" << json;
        ASSERT_EQ(*decoded, response) << json;
    }
}

TEST(EveryRequest, ComesBackFromJsonAndFlatAsItWas){
#define GSE_CHECK(name) check_request<name##Request>();
    GSE_FOR_EACH_ACTION(GSE_CHECK)
#undef GSE_CHECK
}

TEST(EveryResponse, ComesBackFromJsonAsItWas){
#define GSE_CHECK(name) check_response<name##Response>();
    GSE_FOR_EACH_ACTION(GSE_CHECK)
#undef GSE_CHECK
}

TEST(EveryObject, ComesBackFromJsonAsItWas){
#define GSE_CHECK(name) check_response<name>();
    GSE_FOR_EACH_OBJECT(GSE_CHECK)
#undef GSE_CHECK
}

/// A request with random bytes changed is decoded or refused, never anything else.
TEST(EveryRequest, SurvivesDamage) {
    SeededRng rng{7};
    int refused = 0;
    for (const Action& action : actions()) {
        for (int round = 0; round < 50; ++round) {
            const std::unique_ptr<void, void (*)(void*)> value{action.request->ops->create(),
                                                               action.request->ops->destroy};
            testing::fill_random(rng, *action.request, value.get());
            std::string json = "{";
            encode_fields(*action.request, value.get(), json);
            json.push_back('}');
            for (std::uint64_t hits = 1 + rng.below(3); hits > 0; --hits) {
                json[rng.below(json.size())] = static_cast<char>(rng.below(256));
            }
            const std::unique_ptr<void, void (*)(void*)> out{action.request->ops->create(),
                                                             action.request->ops->destroy};
            const Result<void> decoded = decode_json(*action.request, json, out.get());
            if (!decoded) {
                ++refused;
                EXPECT_FALSE(decoded.error().message.empty());
                EXPECT_LT(decoded.error().message.size(), 2000u) << decoded.error().message;
            }
        }
    }
    EXPECT_GT(refused, 1000);
}

TEST(EveryAction, DecodesTheModelsExample) {
    for (const Action& action : actions()) {
        const std::string json = testing::example_json(*action.request);
        const std::unique_ptr<void, void (*)(void*)> out{action.request->ops->create(), action.request->ops->destroy};
        const Result<void> decoded = decode_json(*action.request, json, out.get());
        EXPECT_TRUE(decoded) << action.name << " " << json << ": " << decoded.error().message;
    }
}

std::string model_as_text() {
    std::ostringstream out;
    const auto describe = [&](const Type& type) {
        out << type.name << ":";
        for (const Field& field : type.fields) {
            out << ' ' << field.name << (field.list ? "[]" : "") << (field.required ? "!" : "")
                << (field.optional ? "?" : "");
        }
        out << '\n';
    };
    for (const Type* object : objects()) describe(*object);
    for (const Action& action : actions()) {
        describe(*action.request);
        describe(*action.response);
    }
    return out.str();
}

/// `!` required, `?` stored as std::optional, `[]` a list. UPDATE_GOLDEN=1 rewrites the file.
TEST(Model, HasTheRecordedFieldsInTheRecordedOrder) {
    const std::string path = std::string{GSE_SOURCE_DIR} + "/src/codec/testdata/model_fields.txt";
    const std::string now = model_as_text();
    if (std::getenv("UPDATE_GOLDEN")) {
        std::ofstream{path} << now;
        return;
    }
    std::ifstream file{path};
    std::ostringstream recorded;
    recorded << file.rdbuf();
    EXPECT_EQ(now, recorded.str());
}

TEST(Model, HoldsTheWholeApi) {
    EXPECT_EQ(std::ranges::count(actions(), false, &Action::extension), 74);
    EXPECT_EQ(std::ranges::count(objects(), false, &Type::extension), 51);
    for (const Action& action : actions()) {
        EXPECT_EQ(find_action(action.name), &action);
        EXPECT_EQ(action.request->extension, action.extension) << action.name;
        EXPECT_EQ(action.response->extension, action.extension) << action.name;
        EXPECT_FALSE(action.errors.empty()) << action.name;
        EXPECT_EQ(action.request->role, Role::Request);
        EXPECT_EQ(action.response->role, Role::Response);
        EXPECT_EQ(find_field(*action.response, "RequestId"), nullptr) << "the wire layer adds it";
    }
    EXPECT_EQ(find_action("createalias"), nullptr);
    EXPECT_EQ(find_action(""), nullptr);
    EXPECT_EQ(find_action("ZZZ"), nullptr);
    EXPECT_EQ(ActionTraits<CreateAliasRequest>::name, "CreateAlias");
    static_assert(std::is_same_v<ActionTraits<CreateAliasRequest>::Response, CreateAliasResponse>);
}

TEST(Model, EveryInputTextAndListHasABound) {
    const auto check = [](const auto& self, const Type& type) -> void {
        for (const Field& field : type.fields) {
            const std::string where = std::string{type.name} + "." + std::string{field.name};
            if (field.list) {
                ASSERT_TRUE(field.limits) << where;
                EXPECT_LE(field.limits->max_items, 4000u) << where;
            }
            if (field.kind == Kind::String) {
                ASSERT_TRUE(field.limits) << where;
                EXPECT_TRUE(field.limits->max_length <= 4096 || !field.limits->values.empty()) << where;
            }
            if (field.object) self(self, *field.object);
        }
    };
    for (const Action& action : actions()) check(check, *action.request);
}

}  // namespace
}  // namespace gse::api
