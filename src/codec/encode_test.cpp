#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "api/model.h"
#include "codec/codec.h"
#include "codec/json_text.h"

namespace gse::api {
namespace {

template <class T>
std::string encoded(const T& value) {
    std::string out;
    encode(value, out);
    return out;
}

TEST(Encode, WritesFieldsInTheModelsOrderWithNullForAbsent) {
    GameServerSession session{.creation_time = "2020-07-30T03:55:43Z",
                              .current_player_session_count = 1,
                              .fleet_id = "fleet-1",
                              .game_server_session_data = "",
                              .game_server_session_id = "s",
                              .ip_address = "10.0.0.1",
                              .maximum_player_session_count = 10,
                              .port = 7777,
                              .status = "ACTIVE"};
    EXPECT_EQ(
        encoded(CreateGameServerSessionResponse{.game_server_session = session}),
        R"({"GameServerSession":{"CreationTime":"2020-07-30T03:55:43Z","CreatorId":null,"CurrentPlayerSessionCount":1,)"
        R"("DnsName":null,"FleetId":"fleet-1","GameProperties":[],"GameServerSessionData":"","GameServerSessionId":"s",)"
        R"("IpAddress":"10.0.0.1","MatchmakerData":null,"MaximumPlayerSessionCount":10,"Name":null,)"
        R"("PlayerSessionCreationPolicy":null,"Port":7777,"Status":"ACTIVE","StatusReason":null,"TerminationTime":null,)"
        R"("InstanceType":null,"CurrentCustomCount":null,"MaxCustomCount":null,"Weight":null,"AvailabilityStatus":null}})");
}

TEST(Encode, FieldsComeWithoutBracesForTheWireToWrap) {
    std::string out = "{\"Response\":{";
    encode_fields(ResolveAliasResponse{.fleet_id = "f"}, out);
    EXPECT_EQ(out, R"({"Response":{"FleetId":"f")");
    std::string nothing;
    encode_fields(DeleteAliasResponse{}, nothing);
    EXPECT_EQ(nothing, "");
}

TEST(Encode, RequestsLeaveAbsentParametersOut) {
    EXPECT_EQ(encoded(UpdateAliasRequest{.alias_id = "a",
                                         .routing_strategy = RoutingStrategy{.type = "SIMPLE", .fleet_id = "f"}}),
              R"({"AliasId":"a","RoutingStrategy":{"Type":"SIMPLE","FleetId":"f"}})");
    EXPECT_EQ(encoded(DeleteTimerScalingPolicyRequest{}), "{}");
    EXPECT_EQ(encoded(DeleteTimerScalingPolicyRequest{.timer_name = "t"}), R"({"TimerName":"t"})");
}

TEST(Encode, FloatsAlwaysHaveAPoint) {
    EXPECT_EQ(encoded(FleetStatisticFlows{.total_used_flow_mega_bytes = 1024.0}),
              R"({"TotalUsedFlowMegaBytes":1024.0,"BeginTime":null})");
    const std::pair<double, const char*> cases[] = {
        {0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {0.1, "0.1"},
        {-2.5, "-2.5"},
        {1e300, "1.0e+300"},
        {1.5e-9, "1.5e-09"},
        {123456789.0, "123456789.0"},
        {std::numeric_limits<double>::infinity(), "0.0"},
        {std::numeric_limits<double>::quiet_NaN(), "0.0"},
    };
    for (const auto& [value, want] : cases) {
        std::string out;
        append_json_double(out, value);
        EXPECT_EQ(out, want);
    }
}

TEST(Encode, WhatIsNotKnownInAListIsNull) {
    MetricSeries series;
    series.values = {1.5, std::numeric_limits<double>::quiet_NaN(), 0};
    const std::string text = encoded(series);
    EXPECT_NE(text.find(R"("Values":[1.5,null,0.0])"), std::string::npos) << text;
    const auto read = decode_response<DescribeMetricsResponse>(R"({"Metrics":[)" + text + "]}");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->metrics.at(0).values.at(0), 1.5);
    EXPECT_TRUE(std::isnan(read->metrics.at(0).values.at(1)));
}

TEST(Encode, EscapesWhatJsonCannotHold) {
    const std::pair<std::string, std::string> cases[] = {
        {"", R"("")"},
        {"plain", R"("plain")"},
        {"\"\\/", R"("\"\\/")"},
        {"\b\f\n\r\t", R"("\b\f\n\r\t")"},
        {std::string{"\0\x01\x1f", 3}, R"("\u0000\u0001\u001f")"},
        {"\x7f", "\"\x7f\""},
        {"é舰🎮", "\"é舰🎮\""},
        {"a\xFF"
         "b",
         "\"a\xEF\xBF\xBD"
         "b\""},
        {"cut \xE8\x88", "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"surrogate \xED\xA0\x80", "\"surrogate \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    for (const auto& [text, want] : cases) {
        std::string out;
        append_json_string(out, text);
        EXPECT_EQ(out, want);
    }
}

/// The fast path looks at eight bytes at once: every byte at every place among plain ones.
TEST(Encode, EscapesAtEveryPlace) {
    for (int byte = 0; byte < 256; ++byte) {
        for (std::size_t place = 0; place < 20; ++place) {
            std::string text(20, 'x');
            text[place] = static_cast<char>(byte);
            std::string one;
            append_json_string(one, std::string_view{text}.substr(place, 1));
            std::string want =
                "\"" + std::string(place, 'x') + one.substr(1, one.size() - 2) + std::string(19 - place, 'x') + "\"";
            std::string got;
            append_json_string(got, text);
            ASSERT_EQ(got, want) << byte << " at " << place;
        }
    }
}

TEST(Utf8, KnowsItsBorders) {
    EXPECT_TRUE(is_utf8("a é 舰 🎮"));
    for (const char* bad :
         {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xC3", "\xF5"}) {
        EXPECT_FALSE(is_utf8(bad));
    }
    EXPECT_EQ(utf8_length("a é 舰 🎮"), 7u);
    EXPECT_EQ(utf8_prefix("é舰", 4), "é");
    EXPECT_EQ(utf8_prefix("é舰", 5), "é舰");
    EXPECT_EQ(utf8_prefix("é", 1), "");
}

TEST(DecodeResponse, IgnoresWhatItDoesNotKnow) {
    const auto got =
        decode_response<ResolveAliasResponse>(R"({"New":{"a":[1,{"b":"}"}]},"FleetId":"f","RequestId":"r"})");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->fleet_id, "f");
    EXPECT_EQ(decode_response<ResolveAliasResponse>("{}")->fleet_id, std::nullopt);
    EXPECT_EQ(decode_response<DescribeAliasResponse>(R"({"Alias":null})")->alias, std::nullopt);
    EXPECT_EQ(decode_response<ListAliasesResponse>(R"({"Aliases":null,"TotalCount":0})")->aliases.size(), 0u);
}

TEST(DecodeResponse, IsStrictAboutTypes) {
    const auto got = decode_response<ListAliasesResponse>(R"({"TotalCount":"3"})");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().message, R"(TotalCount is the string "3"; it must be an integer.)");
}

TEST(Envelope, OpensAnswersAndErrors) {
    const auto answer = open_envelope(R"({"Response":{"FleetId":"f","RequestId":"r-1"}})");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->request_id, "r-1");
    EXPECT_EQ(answer->error_code, "");
    EXPECT_EQ(decode_response<ResolveAliasResponse>(answer->response)->fleet_id, "f");

    const auto error =
        open_envelope(R"({"Response":{"Error":{"Code":"ResourceNotFound","Message":"no \"x\""},"RequestId":"r-2"}})");
    ASSERT_TRUE(error) << error.error().message;
    EXPECT_EQ(error->error_code, "ResourceNotFound");
    EXPECT_EQ(error->error_message, "no \"x\"");
    EXPECT_EQ(error->request_id, "r-2");
}

TEST(Envelope, RefusesWhatIsNone) {
    for (const char* body : {"", "{}", "[]", "<html>", R"({"Response":1})", R"({"Response":{"Error":1}})",
                             R"({"Response":{"Error":{}}})", R"({"Response":{"RequestId":5}})", R"({"Response":{)"}) {
        const auto got = open_envelope(body);
        ASSERT_FALSE(got) << body;
        EXPECT_EQ(got.error().code, ErrorCode::InvalidParameter) << body;
    }
}

}  // namespace
}  // namespace gse::api
