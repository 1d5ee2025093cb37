#include "link/convert.h"

#include <gtest/gtest.h>

#include "agent_link.pb.h"
#include "base/rng.h"

namespace gse::link {
namespace {

namespace pb = opengse::link::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

/// Any field that carries a port or the bound of a range.
bool is_port(const FieldDescriptor& field) {
    const std::string& name = field.name();
    return name == "port" || name.ends_with("_port");
}

std::string random_text(SeededRng& rng, bool any_bytes) {
    std::string text;
    const auto length = rng.between(1, 40);
    for (std::int64_t i = 0; i < length; ++i)
        text += any_bytes ? static_cast<char>(rng.between(0, 255)) : static_cast<char>(rng.between(' ', '~'));
    return text;
}

void fill(Message& message, SeededRng& rng);

void fill_field(Message& message, const FieldDescriptor& field, SeededRng& rng) {
    const auto& reflection = *message.GetReflection();
    if (field.is_repeated()) {
        for (std::int64_t left = rng.between(1, 4); left > 0; --left) {
            if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
                fill(*reflection.AddMessage(&message, &field), rng);
            else
                reflection.AddString(&message, &field, random_text(rng, field.type() == FieldDescriptor::TYPE_BYTES));
        }
        return;
    }
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_STRING:
            return reflection.SetString(&message, &field,
                                        random_text(rng, field.type() == FieldDescriptor::TYPE_BYTES));
        case FieldDescriptor::CPPTYPE_BOOL: return reflection.SetBool(&message, &field, rng.chance(0.5));
        case FieldDescriptor::CPPTYPE_UINT32:
            return reflection.SetUInt32(
                &message, &field, static_cast<std::uint32_t>(rng.between(1, is_port(field) ? 65'535 : UINT32_MAX)));
        case FieldDescriptor::CPPTYPE_UINT64: return reflection.SetUInt64(&message, &field, rng.next());
        case FieldDescriptor::CPPTYPE_INT32:
            return reflection.SetInt32(&message, &field, static_cast<std::int32_t>(rng.between(INT32_MIN, INT32_MAX)));
        case FieldDescriptor::CPPTYPE_INT64: {
            const bool is_timer = message.GetDescriptor()->name() == "AgentTimers";
            return reflection.SetInt64(&message, &field,
                                       is_timer ? rng.between(1, 86'400'000) : static_cast<std::int64_t>(rng.next()));
        }
        case FieldDescriptor::CPPTYPE_ENUM: {
            const auto& type = *field.enum_type();
            return reflection.SetEnum(&message, &field,
                                      type.value(static_cast<int>(rng.between(1, type.value_count() - 1))));
        }
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return reflection.SetDouble(&message, &field, static_cast<double>(rng.between(0, 1'000'000)) / 8);
        case FieldDescriptor::CPPTYPE_MESSAGE: return fill(*reflection.MutableMessage(&message, &field), rng);
        default: FAIL() << field.full_name() << ": the test knows no values of this type";
    }
}

/// Every field of every message gets a value, one field of every oneof.
void fill(Message& message, SeededRng& rng) {
    const auto& type = *message.GetDescriptor();
    if (type.name() == "PortRange") {
        auto& range = dynamic_cast<pb::PortRange&>(message);
        range.set_low(static_cast<std::uint32_t>(rng.between(0, 65'535)));
        range.set_high(static_cast<std::uint32_t>(rng.between(range.low(), 65'535)));
        return;
    }
    // What travels behind a message is a message like it, and decoded by itself.
    // Pieces are put together before anything is decoded.
    for (int i = 0; i < type.field_count(); ++i)
        if (!type.field(i)->containing_oneof() && type.field(i)->message_type() != &type &&
            !type.field(i)->name().starts_with("piece"))
            fill_field(message, *type.field(i), rng);
    for (int i = 0; i < type.oneof_decl_count(); ++i) {
        const auto& choice = *type.oneof_decl(i);
        fill_field(message, *choice.field(static_cast<int>(rng.between(0, choice.field_count() - 1))), rng);
    }
}

// A field that is forgotten in either direction shows: it is set in the original and not in the copy.
template <class Wire>
void expect_round_trips(std::uint64_t seed) {
    SeededRng rng(seed);
    for (int round = 0; round < 3'000; ++round) {
        Wire original;
        fill(original, rng);
        Wire consumed = original;
        const auto value = decode(consumed);
        ASSERT_TRUE(value) << value.error().message << "\n" << original.DebugString();
        Wire copy;
        encode(*value, copy);
        ASSERT_EQ(copy.SerializeAsString(), original.SerializeAsString()) << original.DebugString();
    }
}

TEST(Convert, EveryAgentMessageRoundTrips) { expect_round_trips<pb::AgentMessage>(11); }
TEST(Convert, EveryServerMessageRoundTrips) { expect_round_trips<pb::ServerMessage>(12); }

TEST(Convert, WhatIsPutBehindAnEncodedMessageIsReadAsProtobufWouldHaveWrittenIt) {
    pb::ServerMessage expected, second, third;
    encode(ServerHeartbeat{1}, expected);
    std::string together = expected.SerializeAsString();
    encode(ServerHeartbeat{2}, second);
    encode(Order{1, 2, EndProcess{.process_id = std::string(300, 'p')}}, third);  // its length takes two bytes
    for (const auto& message : {second, third}) {
        *expected.add_behind() = message;
        append_behind(together, message.SerializeAsString());
    }
    EXPECT_EQ(together, expected.SerializeAsString());
}

TEST(Convert, ABodyThatIsMissingOrUnknownIsRefused) {
    pb::AgentMessage empty_agent;
    EXPECT_FALSE(decode(empty_agent));
    pb::ServerMessage empty_server;
    EXPECT_FALSE(decode(empty_server));
    pb::AgentMessage report;
    report.mutable_report()->set_seq(1);
    EXPECT_NE(decode(report).error().message.find("report.body"), std::string::npos);
    pb::AgentMessage call;
    call.mutable_report()->mutable_sdk_call()->set_call_id(1);
    EXPECT_NE(decode(call).error().message.find("sdk_call.call"), std::string::npos);
    pb::ServerMessage order;
    order.mutable_order()->set_seq(1);
    EXPECT_NE(decode(order).error().message.find("order.body"), std::string::npos);
    // From a newer release: a body with a number that we do not know.
    pb::AgentMessage newer;
    ASSERT_TRUE(newer.ParseFromString(std::string("\xfa\x01\x00", 3)));
    EXPECT_FALSE(decode(newer));
}

TEST(Convert, RefusalsNameTheField) {
    struct Case {
        const char* why;
        std::function<void(pb::AgentMessage&)> spoil;
        const char* named;
    };
    const Case cases[] = {
        {"an id is too long",
         [](auto& m) {
             m.mutable_report()->mutable_process_started()->set_process_id(std::string(kMaxIdBytes + 1, 'x'));
         },
         "process_started.process_id: 1025 bytes, at most 1024"},
        {"less than nothing was measured", [](auto& m) { m.mutable_heartbeat()->add_readings()->set_cpu_percent(-1); },
         "reading.cpu_percent"},
        {"a text is too long",
         [](auto& m) {
             m.mutable_report()->mutable_process_exited()->set_last_output(std::string(kMaxTextBytes + 1, 'x'));
         },
         "process_exited.kill_reason"},  // the first refusal wins: the reason is unset
        {"a port is none", [](auto& m) { m.mutable_report()->mutable_process_is_ready()->set_client_port(65'536); },
         "process_is_ready.client_port: 65536"},
        {"an enum is unset", [](auto& m) { m.mutable_report()->mutable_instance_step()->set_ok(true); },
         "instance_step.step"},
        {"an enum is of a newer release",
         [](auto& m) { m.mutable_report()->mutable_instance_step()->set_step(static_cast<pb::PrepareStep>(99)); },
         "instance_step.step: unknown value 99"},
        {"a range is upside down",
         [](auto& m) {
             m.mutable_hello()->mutable_ports()->set_low(2);
             m.mutable_hello()->mutable_ports()->set_high(1);
         },
         "hello.ports"},
        {"a list is too long",
         [](auto& m) {
             for (std::size_t i = 0; i <= kMaxItems; ++i)
                 m.mutable_report()->mutable_process_is_ready()->add_log_paths("x");
         },
         "process_is_ready.log_paths: 10001 elements"},
    };
    for (const auto& [why, spoil, named] : cases) {
        pb::AgentMessage message;
        spoil(message);
        const auto value = decode(message);
        ASSERT_FALSE(value) << why;
        EXPECT_EQ(value.error().code, ErrorCode::InvalidRequest) << why;
        EXPECT_NE(value.error().message.find(named), std::string::npos) << why << ": " << value.error().message;
    }
}

TEST(Convert, TimersThatWouldSpinAreRefused) {
    pb::ServerMessage message;
    encode(Welcome{.epoch = 1, .deployment_id = "d"}, message);
    message.mutable_welcome()->mutable_timers()->set_heartbeat_ms(0);
    const auto value = decode(message);
    ASSERT_FALSE(value);
    EXPECT_NE(value.error().message.find("timers.heartbeat_ms"), std::string::npos);
}

TEST(Convert, OutputThatIsNotUtf8SurvivesTheWire) {
    const std::string output("\xff\xfe caf\xe9", 7);
    pb::AgentMessage message;
    encode(Report{1, ProcessExited{.process_id = "p", .last_output = output}}, message);
    pb::AgentMessage read;
    ASSERT_TRUE(read.ParseFromString(message.SerializeAsString()));
    const auto value = decode(read);
    ASSERT_TRUE(value);
    EXPECT_EQ(std::get<ProcessExited>(std::get<Report>(*value).body).last_output, output);
}

}  // namespace
}  // namespace gse::link
