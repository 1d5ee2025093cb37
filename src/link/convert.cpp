#include "link/convert.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "agent_link.pb.h"
#include "base/check.h"

namespace gse::link {
namespace {

namespace pb = opengse::link::v1;

// Enums cross the wire by table, so that reordering an enum of the model cannot change the protocol.

constexpr std::pair<PrepareStep, pb::PrepareStep> kPrepareSteps[] = {
    {PrepareStep::Accepted, pb::PREPARE_STEP_ACCEPTED},
    {PrepareStep::Downloaded, pb::PREPARE_STEP_DOWNLOADED},
    {PrepareStep::Extracted, pb::PREPARE_STEP_EXTRACTED},
    {PrepareStep::Installed, pb::PREPARE_STEP_INSTALLED},
    {PrepareStep::PathsValidated, pb::PREPARE_STEP_PATHS_VALIDATED},
};
constexpr std::pair<StartFailure, pb::StartFailure> kStartFailures[] = {
    {StartFailure::InvalidPath, pb::START_FAILURE_INVALID_PATH},
    {StartFailure::CannotExecute, pb::START_FAILURE_CANNOT_EXECUTE},
    {StartFailure::PortBusy, pb::START_FAILURE_PORT_BUSY},
    {StartFailure::HostResources, pb::START_FAILURE_HOST_RESOURCES},
};
constexpr std::pair<MemoryLimit, pb::MemoryLimit> kMemoryLimits[] = {
    {MemoryLimit::Instance, pb::MEMORY_LIMIT_INSTANCE},
    {MemoryLimit::Process, pb::MEMORY_LIMIT_PROCESS},
    {MemoryLimit::Host, pb::MEMORY_LIMIT_HOST},
};
constexpr std::pair<EndReason, pb::EndReason> kEndReasons[] = {
    {EndReason::None, pb::END_REASON_NONE},
    {EndReason::ScaleIn, pb::END_REASON_SCALE_IN},
    {EndReason::Unhealthy, pb::END_REASON_UNHEALTHY},
    {EndReason::EndedByApi, pb::END_REASON_ENDED_BY_API},
    {EndReason::ActivationTimeout, pb::END_REASON_ACTIVATION_TIMEOUT},
    {EndReason::FleetDeleted, pb::END_REASON_FLEET_DELETED},
    {EndReason::Itself, pb::END_REASON_ITSELF},
    {EndReason::ReadyTimeout, pb::END_REASON_READY_TIMEOUT},
    {EndReason::Replaced, pb::END_REASON_REPLACED},
};
constexpr std::pair<InstancePhase, pb::InstancePhase> kPhases[] = {
    {InstancePhase::Run, pb::INSTANCE_PHASE_RUN},
    {InstancePhase::Drain, pb::INSTANCE_PHASE_DRAIN},
    {InstancePhase::Remove, pb::INSTANCE_PHASE_REMOVE},
};
constexpr std::pair<CallStatus, pb::CallStatus> kCallStatuses[] = {
    {CallStatus::Ok, pb::CALL_STATUS_OK},
    {CallStatus::InvalidArgument, pb::CALL_STATUS_INVALID_ARGUMENT},
    {CallStatus::NotFound, pb::CALL_STATUS_NOT_FOUND},
    {CallStatus::FailedPrecondition, pb::CALL_STATUS_FAILED_PRECONDITION},
    {CallStatus::Unavailable, pb::CALL_STATUS_UNAVAILABLE},
    {CallStatus::Internal, pb::CALL_STATUS_INTERNAL},
};
constexpr std::pair<PlayerStatus, pb::PlayerStatus> kPlayerStatuses[] = {
    {PlayerStatus::Reserved, pb::PLAYER_STATUS_RESERVED},
    {PlayerStatus::Active, pb::PLAYER_STATUS_ACTIVE},
    {PlayerStatus::Completed, pb::PLAYER_STATUS_COMPLETED},
    {PlayerStatus::TimedOut, pb::PLAYER_STATUS_TIMED_OUT},
};

template <class Table, class Ours>
auto wire(const Table& table, Ours value) {
    for (const auto& [ours, theirs] : table)
        if (ours == value) return theirs;
    CHECK(!"an enumerator without a number on the wire");
}

/// Collects the first refusal, so that decoding reads as a plain list of fields.
class Reader {
public:
    std::string id(std::string* field, const char* name) { return bounded(field, name, kMaxIdBytes); }
    std::string text(std::string* field, const char* name) { return bounded(field, name, kMaxTextBytes); }
    std::string data(std::string* field, const char* name) { return bounded(field, name, kMaxDataBytes); }

    std::vector<std::string> strings(google::protobuf::RepeatedPtrField<std::string>* field, const char* name,
                                     std::size_t count_max, std::size_t bytes_max) {
        std::vector<std::string> out;
        if (!short_enough(*field, name, count_max)) return out;
        out.reserve(static_cast<std::size_t>(field->size()));
        for (auto& item : *field) out.push_back(bounded(&item, name, bytes_max));
        return out;
    }

    std::uint16_t port(std::uint32_t value, const char* name) {
        if (value > std::numeric_limits<std::uint16_t>::max())
            refuse_field(name, fmt::format("{} is not a port: 0 to 65535", value));
        return static_cast<std::uint16_t>(value);
    }

    PortRange range(const pb::PortRange& value, const char* name) {
        const PortRange out{port(value.low(), name), port(value.high(), name)};
        if (out.low > out.high) refuse_field(name, fmt::format("{} to {} is not a range", out.low, out.high));
        return out;
    }

    Millis millis(std::int64_t value, const char* name) {
        constexpr std::int64_t kDay = 86'400'000;
        if (value < 1 || value > 365 * kDay) refuse_field(name, fmt::format("{} ms: 1 ms to 365 days", value));
        return Millis{value};
    }

    double amount(double value, const char* name) {
        if (!std::isfinite(value) || value < 0) refuse_field(name, fmt::format("{} is not an amount", value));
        return value;
    }

    template <class Table, class Theirs>
    auto one_of(const Table& table, Theirs value, const char* name) {
        for (const auto& [ours, theirs] : table)
            if (theirs == value) return ours;
        refuse_field(name, fmt::format("unknown value {}", static_cast<int>(value)));
        return std::begin(table)->first;
    }

    template <class List>
    bool short_enough(const List& list, const char* name, std::size_t count_max) {
        if (static_cast<std::size_t>(list.size()) <= count_max) return true;
        refuse_field(name, fmt::format("{} elements, at most {}", list.size(), count_max));
        return false;
    }

    void refuse_field(const char* name, std::string why) {
        if (!error_) error_ = Error{ErrorCode::InvalidRequest, fmt::format("{}: {}", name, why)};
    }

    template <class T>
    Result<T> finish(T value) {
        if (error_) return std::unexpected(std::move(*error_));
        return value;
    }

private:
    std::string bounded(std::string* field, const char* name, std::size_t bytes_max) {
        if (field->size() > bytes_max)
            refuse_field(name, fmt::format("{} bytes, at most {}", field->size(), bytes_max));
        return std::move(*field);
    }

    std::optional<Error> error_;
};

// ---------------------------------------------------------------- values → messages
// Structured bindings name every field of a value: one that is added to the model does not compile here until it is
// sent.

void put(const PortRange& value, pb::PortRange& out) {
    const auto& [low, high] = value;
    out.set_low(low);
    out.set_high(high);
}

void put(const HostHello& value, pb::Hello& out) {
    const auto& [host_name, boot_id, region, address, private_address, instance_capacity, ports, operating_system,
                 sandbox, instance_ids, process_ids, access_user, access_key, instance_types, ping_http, ping_udp, cpus,
                 memory_bytes, labels, certified_id, certificate_end, limits, limits_lack] = value;
    // These are for the server's end alone to say.
    static_cast<void>(certified_id), static_cast<void>(certificate_end);
    out.set_host_name(host_name);
    out.set_boot_id(boot_id);
    out.set_region(region);
    out.set_address(address);
    out.set_private_address(private_address);
    out.set_instance_capacity(instance_capacity);
    put(ports, *out.mutable_ports());
    out.set_operating_system(operating_system);
    out.set_sandbox(sandbox);
    out.mutable_instance_ids()->Add(instance_ids.begin(), instance_ids.end());
    out.mutable_process_ids()->Add(process_ids.begin(), process_ids.end());
    out.set_access_user(access_user);
    out.set_access_key(access_key);
    out.mutable_instance_types()->Add(instance_types.begin(), instance_types.end());
    out.set_ping_http(ping_http);
    out.set_ping_udp(ping_udp);
    out.set_cpus(cpus);
    out.set_memory_bytes(memory_bytes);
    out.set_limits(limits);
    out.set_limits_lack(limits_lack);
    for (const auto& [key, value_of] : labels) {
        auto& label = *out.add_labels();
        label.set_key(key);
        label.set_value(value_of);
    }
}

void put(const InstanceReading& value, pb::InstanceReading& out) {
    const auto& [instance_id, measured] = value;
    const auto& [cpu_percent, memory_bytes, memory_percent, connections, load, bytes_in, bytes_out, packets_in,
                 packets_out, bytes_out_total, cpu_cores, cpu_limit, memory_limit] = measured;
    out.set_instance_id(instance_id);
    if (cpu_percent) out.set_cpu_percent(*cpu_percent);
    if (memory_bytes) out.set_memory_bytes(*memory_bytes);
    if (memory_percent) out.set_memory_percent(*memory_percent);
    if (connections) out.set_connections(*connections);
    if (load) out.set_load(*load);
    if (bytes_in) out.set_bytes_in(*bytes_in);
    if (bytes_out) out.set_bytes_out(*bytes_out);
    if (packets_in) out.set_packets_in(*packets_in);
    if (packets_out) out.set_packets_out(*packets_out);
    if (bytes_out_total) out.set_bytes_out_total(*bytes_out_total);
    if (cpu_cores) out.set_cpu_cores(*cpu_cores);
    if (cpu_limit) out.set_cpu_limit(*cpu_limit);
    if (memory_limit) out.set_memory_limit(*memory_limit);
}

void put(const AgentHeartbeat& value, pb::AgentHeartbeat& out) {
    const auto& [order_seq, readings] = value;
    out.set_order_seq_seen(order_seq);
    for (const InstanceReading& reading : readings) put(reading, *out.add_readings());
}

void put(const BacklogDone&, pb::Report& out) { out.mutable_backlog_done(); }

void put(const InstanceStep& value, pb::Report& report) {
    const auto& [instance_id, step, ok, message, log_key] = value;
    auto& out = *report.mutable_instance_step();
    out.set_instance_id(instance_id);
    out.set_step(wire(kPrepareSteps, step));
    out.set_ok(ok);
    out.set_message(message);
    out.set_log_key(log_key);
}

void put(const InstanceRemoved& value, pb::Report& report) {
    const auto& [instance_id] = value;
    report.mutable_instance_removed()->set_instance_id(instance_id);
}

void put(const ProcessStarted& value, pb::Report& report) {
    const auto& [process_id, instance_id, place, pid] = value;
    auto& out = *report.mutable_process_started();
    out.set_process_id(process_id);
    out.set_instance_id(instance_id);
    out.set_place(place);
    out.set_pid(pid);
}

void put(const ProcessStartFailed& value, pb::Report& report) {
    const auto& [instance_id, place, failure, port, message] = value;
    auto& out = *report.mutable_process_start_failed();
    out.set_instance_id(instance_id);
    out.set_place(place);
    out.set_failure(wire(kStartFailures, failure));
    out.set_port(port);
    out.set_message(message);
}

void put(const ProcessIsReady& value, pb::Report& report) {
    const auto& [process_id, client_port, grpc_port, log_paths, session_id] = value;
    auto& out = *report.mutable_process_is_ready();
    if (session_id) out.set_session_id(*session_id);
    out.set_process_id(process_id);
    out.set_client_port(client_port);
    out.set_grpc_port(grpc_port);
    out.mutable_log_paths()->Add(log_paths.begin(), log_paths.end());
}

void put(const ProcessExited& value, pb::Report& report) {
    const auto& [process_id, exit_code, signal, uptime_ms, killed_by_agent, kill_reason, last_output, out_of_memory] =
        value;
    auto& out = *report.mutable_process_exited();
    out.set_process_id(process_id);
    out.set_exit_code(exit_code);
    out.set_signal(signal);
    out.set_uptime_ms(uptime_ms);
    out.set_killed_by_agent(killed_by_agent);
    out.set_kill_reason(wire(kEndReasons, kill_reason));
    out.set_last_output(last_output);
    if (!out_of_memory) return;
    const auto& [limit, used_bytes, limit_bytes] = *out_of_memory;
    auto& memory = *out.mutable_out_of_memory();
    memory.set_limit(wire(kMemoryLimits, limit));
    memory.set_used_bytes(used_bytes);
    memory.set_limit_bytes(limit_bytes);
}

void put(const HealthChanged& value, pb::Report& report) {
    const auto& [process_id, healthy] = value;
    auto& out = *report.mutable_health_changed();
    out.set_process_id(process_id);
    out.set_healthy(healthy);
}

void put(const SessionStartResult& value, pb::Report& report) {
    const auto& [process_id, session_id, ok, message] = value;
    auto& out = *report.mutable_session_start_result();
    out.set_process_id(process_id);
    out.set_session_id(session_id);
    out.set_ok(ok);
    out.set_message(message);
}

void put(const TerminateDelivered& value, pb::Report& report) {
    const auto& [process_id, ok] = value;
    auto& out = *report.mutable_terminate_delivered();
    out.set_process_id(process_id);
    out.set_ok(ok);
}

void put(const LogCollected& value, pb::Report& report) {
    const auto& [session_id, ok, log_key, bytes, message] = value;
    auto& out = *report.mutable_log_collected();
    out.set_session_id(session_id);
    out.set_ok(ok);
    out.set_log_key(log_key);
    out.set_bytes(bytes);
    out.set_message(message);
}

void put(const HostNotice& value, pb::Report& report) {
    const auto& [instance_id, event_code, message] = value;
    auto& out = *report.mutable_host_notice();
    out.set_instance_id(instance_id);
    out.set_event_code(event_code);
    out.set_message(message);
}

void put(const CallReady& value, pb::SdkCall& call) {
    const auto& [client_port, grpc_port, log_paths] = value;
    auto& out = *call.mutable_ready();
    out.set_client_port(client_port);
    out.set_grpc_port(grpc_port);
    out.mutable_log_paths()->Add(log_paths.begin(), log_paths.end());
}

void put(const CallActivateSession& value, pb::SdkCall& call) {
    const auto& [session_id, max_players] = value;
    auto& out = *call.mutable_activate_session();
    out.set_session_id(session_id);
    out.set_max_players(max_players);
}

void put(const CallAcceptPlayer& value, pb::SdkCall& call) {
    const auto& [session_id, player_session_id] = value;
    auto& out = *call.mutable_accept_player();
    out.set_session_id(session_id);
    out.set_player_session_id(player_session_id);
}

void put(const CallRemovePlayer& value, pb::SdkCall& call) {
    const auto& [session_id, player_session_id] = value;
    auto& out = *call.mutable_remove_player();
    out.set_session_id(session_id);
    out.set_player_session_id(player_session_id);
}

void put(const CallDescribePlayers& value, pb::SdkCall& call) {
    const auto& [session_id, player_id, player_session_id, status_filter, next_token, limit] = value;
    auto& out = *call.mutable_describe_players();
    out.set_session_id(session_id);
    out.set_player_id(player_id);
    out.set_player_session_id(player_session_id);
    out.set_status_filter(status_filter);
    out.set_next_token(next_token);
    out.set_limit(limit);
}

void put(const CallUpdatePolicy& value, pb::SdkCall& call) {
    const auto& [session_id, policy] = value;
    auto& out = *call.mutable_update_policy();
    out.set_session_id(session_id);
    out.set_policy(policy);
}

void put(const CallTerminateSession& value, pb::SdkCall& call) {
    const auto& [session_id] = value;
    call.mutable_terminate_session()->set_session_id(session_id);
}

void put(const CallEnding&, pb::SdkCall& call) { call.mutable_ending(); }

void put(const CallCustomData& value, pb::SdkCall& call) {
    const auto& [current, maximum] = value;
    auto& out = *call.mutable_custom_data();
    out.set_current(current);
    out.set_maximum(maximum);
}

void put(const SdkCall& value, pb::Report& report) {
    const auto& [call_id, process_id, request_id, call] = value;
    auto& out = *report.mutable_sdk_call();
    out.set_call_id(call_id);
    out.set_process_id(process_id);
    out.set_request_id(request_id);
    std::visit([&](const auto& one) { put(one, out); }, call);
}

void put(const Report& value, pb::Report& out) {
    const auto& [seq, body] = value;
    out.set_seq(seq);
    std::visit([&](const auto& one) { put(one, out); }, body);
}

void put(const AgentTimers& value, pb::AgentTimers& out) {
    const auto& [heartbeat, process_ready, process_exit, health_interval, health_timeout, health_failures, sdk_call,
                 restart_backoff_min, restart_backoff_max, restart_backoff_reset] = value;
    out.set_heartbeat_ms(heartbeat.count());
    out.set_process_ready_ms(process_ready.count());
    out.set_process_exit_ms(process_exit.count());
    out.set_health_interval_ms(health_interval.count());
    out.set_health_timeout_ms(health_timeout.count());
    out.set_health_failures(health_failures);
    out.set_sdk_call_ms(sdk_call.count());
    out.set_restart_backoff_min_ms(restart_backoff_min.count());
    out.set_restart_backoff_max_ms(restart_backoff_max.count());
    out.set_restart_backoff_reset_ms(restart_backoff_reset.count());
}

void put(const Welcome& value, pb::Welcome& out) {
    const auto& [epoch, deployment_id, acked_seq, objects_url, timers] = value;
    out.set_epoch(epoch);
    out.set_deployment_id(deployment_id);
    out.set_acked_seq(acked_seq);
    out.set_objects_url(objects_url);
    put(timers, *out.mutable_timers());
}

void put(const ReportAck& value, pb::Order& order) {
    const auto& [seq] = value;
    order.mutable_report_ack()->set_seq(seq);
}

void put(const ObjectRef& value, pb::ObjectRef& out) {
    const auto& [bucket, key, authorization] = value;
    out.set_bucket(bucket);
    out.set_key(key);
    out.set_authorization(authorization);
}

void put(const PlaceSpec& value, pb::PlaceSpec& out) {
    const auto& [number, launch_path, parameters, client_port, grpc_port] = value;
    out.set_number(number);
    out.set_launch_path(launch_path);
    out.set_parameters(parameters);
    out.set_client_port(client_port);
    out.set_grpc_port(grpc_port);
}

void put(const InstanceSpec& value, pb::Order& order) {
    const auto& [instance_id, fleet_id, version, phase, package, package_sha256, package_bytes, log_prefix,
                 client_ports, places, instance_type, cpus, memory_bytes] = value;
    auto& out = *order.mutable_instance();
    out.set_instance_id(instance_id);
    out.set_fleet_id(fleet_id);
    out.set_version(version);
    out.set_phase(wire(kPhases, phase));
    put(package, *out.mutable_package());
    out.set_package_sha256(package_sha256);
    out.set_package_bytes(package_bytes);
    put(log_prefix, *out.mutable_log_prefix());
    for (const auto& range : client_ports) put(range, *out.add_client_ports());
    for (const auto& place : places) put(place, *out.add_places());
    out.set_instance_type(instance_type);
    out.set_cpus(cpus);
    out.set_memory_bytes(memory_bytes);
}

void put(const StartSession& value, pb::Order& order) {
    const auto& [process_id, session_id, fleet_id, name, max_players, joinable, properties, port, address, session_data,
                 matchmaker_data, dns_name] = value;
    auto& out = *order.mutable_start_session();
    out.set_process_id(process_id);
    out.set_session_id(session_id);
    out.set_fleet_id(fleet_id);
    out.set_name(name);
    out.set_max_players(max_players);
    out.set_joinable(joinable);
    for (const auto& [key, text] : properties) {
        auto& property = *out.add_properties();
        property.set_key(key);
        property.set_value(text);
    }
    out.set_port(port);
    out.set_address(address);
    out.set_session_data(session_data);
    out.set_matchmaker_data(matchmaker_data);
    out.set_dns_name(dns_name);
}

void put(const EndProcess& value, pb::Order& order) {
    const auto& [process_id, reason, notify, termination_time_unix_s, kill_after_ms] = value;
    auto& out = *order.mutable_end_process();
    out.set_process_id(process_id);
    out.set_reason(wire(kEndReasons, reason));
    out.set_notify(notify);
    out.set_termination_time_unix_s(termination_time_unix_s);
    out.set_kill_after_ms(kill_after_ms);
}

void put(const CollectLogs& value, pb::Order& order) {
    const auto& [session_id, process_id, instance_id, paths, target, max_bytes] = value;
    auto& out = *order.mutable_collect_logs();
    out.set_session_id(session_id);
    out.set_process_id(process_id);
    out.set_instance_id(instance_id);
    out.mutable_paths()->Add(paths.begin(), paths.end());
    put(target, *out.mutable_target());
    out.set_max_bytes(max_bytes);
}

void put(const PlayerView& value, pb::PlayerView& out) {
    const auto& [player_session_id, player_id, session_id, fleet_id, address, status, created, ended, port, player_data,
                 dns_name] = value;
    out.set_player_session_id(player_session_id);
    out.set_player_id(player_id);
    out.set_session_id(session_id);
    out.set_fleet_id(fleet_id);
    out.set_address(address);
    out.set_status(wire(kPlayerStatuses, status));
    out.set_created_unix_ms(created.ms);
    out.set_ended_unix_ms(ended.ms);
    out.set_port(port);
    out.set_player_data(player_data);
    out.set_dns_name(dns_name);
}

void put(const SdkReply& value, pb::Order& order) {
    const auto& [call_id, status, message, players, next_token] = value;
    auto& out = *order.mutable_sdk_reply();
    out.set_call_id(call_id);
    out.set_status(wire(kCallStatuses, status));
    out.set_message(message);
    for (const auto& player : players) put(player, *out.add_players());
    out.set_next_token(next_token);
}

void put(const Order& value, pb::Order& out) {
    const auto& [epoch, seq, body] = value;
    out.set_epoch(epoch);
    out.set_seq(seq);
    std::visit([&](const auto& one) { put(one, out); }, body);
}

// ---------------------------------------------------------------- messages → values

std::vector<std::pair<std::string, std::string>> take_labels(Reader& in, pb::Hello& m) {
    std::vector<std::pair<std::string, std::string>> out;
    if (!in.short_enough(m.labels(), "hello.labels", kMaxLabels)) return out;
    for (auto& label : *m.mutable_labels())
        out.emplace_back(in.id(label.mutable_key(), "hello.labels"), in.id(label.mutable_value(), "hello.labels"));
    return out;
}

HostHello take(Reader& in, pb::Hello& m) {
    return {.host_name = in.id(m.mutable_host_name(), "hello.host_name"),
            .boot_id = in.id(m.mutable_boot_id(), "hello.boot_id"),
            .region = in.id(m.mutable_region(), "hello.region"),
            .address = in.id(m.mutable_address(), "hello.address"),
            .private_address = in.id(m.mutable_private_address(), "hello.private_address"),
            .instance_capacity = m.instance_capacity(),
            .ports = in.range(m.ports(), "hello.ports"),
            .operating_system = in.id(m.mutable_operating_system(), "hello.operating_system"),
            .sandbox = in.id(m.mutable_sandbox(), "hello.sandbox"),
            .instance_ids = in.strings(m.mutable_instance_ids(), "hello.instance_ids", kMaxIds, kMaxIdBytes),
            .process_ids = in.strings(m.mutable_process_ids(), "hello.process_ids", kMaxIds, kMaxIdBytes),
            .access_user = in.id(m.mutable_access_user(), "hello.access_user"),
            .access_key = in.text(m.mutable_access_key(), "hello.access_key"),
            .instance_types = in.strings(m.mutable_instance_types(), "hello.instance_types", kMaxItems, kMaxIdBytes),
            .ping_http = in.id(m.mutable_ping_http(), "hello.ping_http"),
            .ping_udp = in.id(m.mutable_ping_udp(), "hello.ping_udp"),
            .cpus = m.cpus(),
            .memory_bytes = m.memory_bytes(),
            .labels = take_labels(in, m),
            .certified_id = {},
            .certificate_end = {},
            .limits = in.id(m.mutable_limits(), "hello.limits"),
            .limits_lack = in.text(m.mutable_limits_lack(), "hello.limits_lack")};
}

SdkCall take(Reader& in, pb::SdkCall& m) {
    SdkCall out{.call_id = m.call_id(),
                .process_id = in.id(m.mutable_process_id(), "sdk_call.process_id"),
                .request_id = in.id(m.mutable_request_id(), "sdk_call.request_id"),
                .call = CallEnding{}};
    switch (m.call_case()) {
        case pb::SdkCall::kReady: {
            auto& c = *m.mutable_ready();
            out.call =
                CallReady{in.port(c.client_port(), "ready.client_port"), in.port(c.grpc_port(), "ready.grpc_port"),
                          in.strings(c.mutable_log_paths(), "ready.log_paths", kMaxItems, kMaxTextBytes)};
            break;
        }
        case pb::SdkCall::kActivateSession: {
            auto& c = *m.mutable_activate_session();
            out.call =
                CallActivateSession{in.id(c.mutable_session_id(), "activate_session.session_id"), c.max_players()};
            break;
        }
        case pb::SdkCall::kAcceptPlayer: {
            auto& c = *m.mutable_accept_player();
            out.call = CallAcceptPlayer{in.id(c.mutable_session_id(), "accept_player.session_id"),
                                        in.id(c.mutable_player_session_id(), "accept_player.player_session_id")};
            break;
        }
        case pb::SdkCall::kRemovePlayer: {
            auto& c = *m.mutable_remove_player();
            out.call = CallRemovePlayer{in.id(c.mutable_session_id(), "remove_player.session_id"),
                                        in.id(c.mutable_player_session_id(), "remove_player.player_session_id")};
            break;
        }
        case pb::SdkCall::kDescribePlayers: {
            auto& c = *m.mutable_describe_players();
            out.call = CallDescribePlayers{in.id(c.mutable_session_id(), "describe_players.session_id"),
                                           in.id(c.mutable_player_id(), "describe_players.player_id"),
                                           in.id(c.mutable_player_session_id(), "describe_players.player_session_id"),
                                           in.id(c.mutable_status_filter(), "describe_players.status_filter"),
                                           in.id(c.mutable_next_token(), "describe_players.next_token"),
                                           c.limit()};
            break;
        }
        case pb::SdkCall::kUpdatePolicy: {
            auto& c = *m.mutable_update_policy();
            out.call = CallUpdatePolicy{in.id(c.mutable_session_id(), "update_policy.session_id"),
                                        in.id(c.mutable_policy(), "update_policy.policy")};
            break;
        }
        case pb::SdkCall::kTerminateSession:
            out.call = CallTerminateSession{
                in.id(m.mutable_terminate_session()->mutable_session_id(), "terminate_session.session_id")};
            break;
        case pb::SdkCall::kEnding: break;
        case pb::SdkCall::kCustomData:
            out.call = CallCustomData{m.custom_data().current(), m.custom_data().maximum()};
            break;
        case pb::SdkCall::CALL_NOT_SET:
            in.refuse_field("sdk_call.call", "missing or unknown; is the other end of a newer release?");
    }
    return out;
}

ReportBody take_body(Reader& in, pb::Report& report) {
    switch (report.body_case()) {
        case pb::Report::kBacklogDone: return BacklogDone{};
        case pb::Report::kInstanceStep: {
            auto& m = *report.mutable_instance_step();
            return InstanceStep{.instance_id = in.id(m.mutable_instance_id(), "instance_step.instance_id"),
                                .step = in.one_of(kPrepareSteps, m.step(), "instance_step.step"),
                                .ok = m.ok(),
                                .message = in.text(m.mutable_message(), "instance_step.message"),
                                .log_key = in.id(m.mutable_log_key(), "instance_step.log_key")};
        }
        case pb::Report::kInstanceRemoved:
            return InstanceRemoved{
                in.id(report.mutable_instance_removed()->mutable_instance_id(), "instance_removed.instance_id")};
        case pb::Report::kProcessStarted: {
            auto& m = *report.mutable_process_started();
            return ProcessStarted{.process_id = in.id(m.mutable_process_id(), "process_started.process_id"),
                                  .instance_id = in.id(m.mutable_instance_id(), "process_started.instance_id"),
                                  .place = m.place(),
                                  .pid = m.pid()};
        }
        case pb::Report::kProcessStartFailed: {
            auto& m = *report.mutable_process_start_failed();
            return ProcessStartFailed{.instance_id = in.id(m.mutable_instance_id(), "process_start_failed.instance_id"),
                                      .place = m.place(),
                                      .failure = in.one_of(kStartFailures, m.failure(), "process_start_failed.failure"),
                                      .port = in.port(m.port(), "process_start_failed.port"),
                                      .message = in.text(m.mutable_message(), "process_start_failed.message")};
        }
        case pb::Report::kProcessIsReady: {
            auto& m = *report.mutable_process_is_ready();
            return ProcessIsReady{
                .process_id = in.id(m.mutable_process_id(), "process_is_ready.process_id"),
                .client_port = in.port(m.client_port(), "process_is_ready.client_port"),
                .grpc_port = in.port(m.grpc_port(), "process_is_ready.grpc_port"),
                .log_paths = in.strings(m.mutable_log_paths(), "process_is_ready.log_paths", kMaxItems, kMaxTextBytes),
                .session_id = m.has_session_id()
                                  ? std::optional(in.id(m.mutable_session_id(), "process_is_ready.session_id"))
                                  : std::nullopt};
        }
        case pb::Report::kProcessExited: {
            auto& m = *report.mutable_process_exited();
            ProcessExited out{.process_id = in.id(m.mutable_process_id(), "process_exited.process_id"),
                              .exit_code = m.exit_code(),
                              .signal = m.signal(),
                              .uptime_ms = m.uptime_ms(),
                              .killed_by_agent = m.killed_by_agent(),
                              .kill_reason = in.one_of(kEndReasons, m.kill_reason(), "process_exited.kill_reason"),
                              .last_output = in.text(m.mutable_last_output(), "process_exited.last_output"),
                              .out_of_memory = {}};
            if (m.has_out_of_memory())
                out.out_of_memory = {
                    .limit = in.one_of(kMemoryLimits, m.out_of_memory().limit(), "process_exited.out_of_memory"),
                    .used_bytes = m.out_of_memory().used_bytes(),
                    .limit_bytes = m.out_of_memory().limit_bytes()};
            return out;
        }
        case pb::Report::kHealthChanged: {
            auto& m = *report.mutable_health_changed();
            return HealthChanged{in.id(m.mutable_process_id(), "health_changed.process_id"), m.healthy()};
        }
        case pb::Report::kSessionStartResult: {
            auto& m = *report.mutable_session_start_result();
            return SessionStartResult{.process_id = in.id(m.mutable_process_id(), "session_start_result.process_id"),
                                      .session_id = in.id(m.mutable_session_id(), "session_start_result.session_id"),
                                      .ok = m.ok(),
                                      .message = in.text(m.mutable_message(), "session_start_result.message")};
        }
        case pb::Report::kTerminateDelivered: {
            auto& m = *report.mutable_terminate_delivered();
            return TerminateDelivered{in.id(m.mutable_process_id(), "terminate_delivered.process_id"), m.ok()};
        }
        case pb::Report::kLogCollected: {
            auto& m = *report.mutable_log_collected();
            return LogCollected{.session_id = in.id(m.mutable_session_id(), "log_collected.session_id"),
                                .ok = m.ok(),
                                .log_key = in.id(m.mutable_log_key(), "log_collected.log_key"),
                                .bytes = m.bytes(),
                                .message = in.text(m.mutable_message(), "log_collected.message")};
        }
        case pb::Report::kHostNotice: {
            auto& m = *report.mutable_host_notice();
            return HostNotice{.instance_id = in.id(m.mutable_instance_id(), "host_notice.instance_id"),
                              .event_code = in.id(m.mutable_event_code(), "host_notice.event_code"),
                              .message = in.text(m.mutable_message(), "host_notice.message")};
        }
        case pb::Report::kSdkCall: return take(in, *report.mutable_sdk_call());
        case pb::Report::BODY_NOT_SET: break;
    }
    in.refuse_field("report.body", "missing or unknown; is the agent of a newer release than the server?");
    return BacklogDone{};
}

AgentTimers take(Reader& in, const pb::AgentTimers& m) {
    return {.heartbeat = in.millis(m.heartbeat_ms(), "timers.heartbeat_ms"),
            .process_ready = in.millis(m.process_ready_ms(), "timers.process_ready_ms"),
            .process_exit = in.millis(m.process_exit_ms(), "timers.process_exit_ms"),
            .health_interval = in.millis(m.health_interval_ms(), "timers.health_interval_ms"),
            .health_timeout = in.millis(m.health_timeout_ms(), "timers.health_timeout_ms"),
            .health_failures = m.health_failures(),
            .sdk_call = in.millis(m.sdk_call_ms(), "timers.sdk_call_ms"),
            .restart_backoff_min = in.millis(m.restart_backoff_min_ms(), "timers.restart_backoff_min_ms"),
            .restart_backoff_max = in.millis(m.restart_backoff_max_ms(), "timers.restart_backoff_max_ms"),
            .restart_backoff_reset = in.millis(m.restart_backoff_reset_ms(), "timers.restart_backoff_reset_ms")};
}

Welcome take(Reader& in, pb::Welcome& m) {
    return {.epoch = m.epoch(),
            .deployment_id = in.id(m.mutable_deployment_id(), "welcome.deployment_id"),
            .acked_seq = m.acked_seq(),
            .objects_url = in.id(m.mutable_objects_url(), "welcome.objects_url"),
            .timers = take(in, m.timers())};
}

ObjectRef take(Reader& in, pb::ObjectRef& m, const char* name) {
    return {in.id(m.mutable_bucket(), name), in.text(m.mutable_key(), name), in.text(m.mutable_authorization(), name)};
}

InstanceSpec take(Reader& in, pb::InstanceSpec& m) {
    InstanceSpec out{.instance_id = in.id(m.mutable_instance_id(), "instance.instance_id"),
                     .fleet_id = in.id(m.mutable_fleet_id(), "instance.fleet_id"),
                     .version = m.version(),
                     .phase = in.one_of(kPhases, m.phase(), "instance.phase"),
                     .package = take(in, *m.mutable_package(), "instance.package"),
                     .package_sha256 = in.id(m.mutable_package_sha256(), "instance.package_sha256"),
                     .package_bytes = m.package_bytes(),
                     .log_prefix = take(in, *m.mutable_log_prefix(), "instance.log_prefix"),
                     .client_ports = {},
                     .places = {},
                     .instance_type = in.id(m.mutable_instance_type(), "instance.instance_type"),
                     .cpus = m.cpus(),
                     .memory_bytes = m.memory_bytes()};
    if (in.short_enough(m.client_ports(), "instance.client_ports", kMaxItems))
        for (const auto& range : m.client_ports()) out.client_ports.push_back(in.range(range, "instance.client_ports"));
    if (in.short_enough(m.places(), "instance.places", kMaxItems))
        for (auto& place : *m.mutable_places())
            out.places.push_back({.number = place.number(),
                                  .launch_path = in.text(place.mutable_launch_path(), "place.launch_path"),
                                  .parameters = in.text(place.mutable_parameters(), "place.parameters"),
                                  .client_port = in.port(place.client_port(), "place.client_port"),
                                  .grpc_port = in.port(place.grpc_port(), "place.grpc_port")});
    return out;
}

StartSession take(Reader& in, pb::StartSession& m) {
    StartSession out{.process_id = in.id(m.mutable_process_id(), "start_session.process_id"),
                     .session_id = in.id(m.mutable_session_id(), "start_session.session_id"),
                     .fleet_id = in.id(m.mutable_fleet_id(), "start_session.fleet_id"),
                     .name = in.text(m.mutable_name(), "start_session.name"),
                     .max_players = m.max_players(),
                     .joinable = m.joinable(),
                     .properties = {},
                     .port = in.port(m.port(), "start_session.port"),
                     .address = in.id(m.mutable_address(), "start_session.address"),
                     .session_data = in.data(m.mutable_session_data(), "start_session.session_data"),
                     .matchmaker_data = in.data(m.mutable_matchmaker_data(), "start_session.matchmaker_data"),
                     .dns_name = in.id(m.mutable_dns_name(), "start_session.dns_name")};
    if (in.short_enough(m.properties(), "start_session.properties", kMaxItems))
        for (auto& property : *m.mutable_properties())
            out.properties.emplace_back(in.text(property.mutable_key(), "start_session.properties"),
                                        in.text(property.mutable_value(), "start_session.properties"));
    return out;
}

SdkReply take(Reader& in, pb::SdkReply& m) {
    SdkReply out{.call_id = m.call_id(),
                 .status = in.one_of(kCallStatuses, m.status(), "sdk_reply.status"),
                 .message = in.text(m.mutable_message(), "sdk_reply.message"),
                 .players = {},
                 .next_token = in.id(m.mutable_next_token(), "sdk_reply.next_token")};
    if (in.short_enough(m.players(), "sdk_reply.players", kMaxItems))
        for (auto& player : *m.mutable_players())
            out.players.push_back(
                {.player_session_id = in.id(player.mutable_player_session_id(), "player.player_session_id"),
                 .player_id = in.id(player.mutable_player_id(), "player.player_id"),
                 .session_id = in.id(player.mutable_session_id(), "player.session_id"),
                 .fleet_id = in.id(player.mutable_fleet_id(), "player.fleet_id"),
                 .address = in.id(player.mutable_address(), "player.address"),
                 .status = in.one_of(kPlayerStatuses, player.status(), "player.status"),
                 .created = {player.created_unix_ms()},
                 .ended = {player.ended_unix_ms()},
                 .port = in.port(player.port(), "player.port"),
                 .player_data = in.text(player.mutable_player_data(), "player.player_data"),
                 .dns_name = in.id(player.mutable_dns_name(), "player.dns_name")});
    return out;
}

OrderBody take_body(Reader& in, pb::Order& order) {
    switch (order.body_case()) {
        case pb::Order::kReportAck: return ReportAck{order.report_ack().seq()};
        case pb::Order::kInstance: return take(in, *order.mutable_instance());
        case pb::Order::kStartSession: return take(in, *order.mutable_start_session());
        case pb::Order::kEndProcess: {
            auto& m = *order.mutable_end_process();
            return EndProcess{.process_id = in.id(m.mutable_process_id(), "end_process.process_id"),
                              .reason = in.one_of(kEndReasons, m.reason(), "end_process.reason"),
                              .notify = m.notify(),
                              .termination_time_unix_s = m.termination_time_unix_s(),
                              .kill_after_ms = m.kill_after_ms()};
        }
        case pb::Order::kCollectLogs: {
            auto& m = *order.mutable_collect_logs();
            return CollectLogs{.session_id = in.id(m.mutable_session_id(), "collect_logs.session_id"),
                               .process_id = in.id(m.mutable_process_id(), "collect_logs.process_id"),
                               .instance_id = in.id(m.mutable_instance_id(), "collect_logs.instance_id"),
                               .paths = in.strings(m.mutable_paths(), "collect_logs.paths", kMaxItems, kMaxTextBytes),
                               .target = take(in, *m.mutable_target(), "collect_logs.target"),
                               .max_bytes = m.max_bytes()};
        }
        case pb::Order::kSdkReply: return take(in, *order.mutable_sdk_reply());
        case pb::Order::BODY_NOT_SET: break;
    }
    in.refuse_field("order.body", "missing or unknown; is the server of a newer release than the agent?");
    return ReportAck{};
}

Result<AgentSays> take_heartbeat(Reader& in, pb::AgentHeartbeat& m) {
    AgentHeartbeat out{m.order_seq_seen(), {}};
    if (in.short_enough(m.readings(), "heartbeat.readings", kMaxItems))
        for (auto& reading : *m.mutable_readings()) {
            InstanceReading& value = out.readings.emplace_back();
            value.instance_id = in.id(reading.mutable_instance_id(), "reading.instance_id");
            if (reading.has_cpu_percent())
                value.load.cpu_percent = in.amount(reading.cpu_percent(), "reading.cpu_percent");
            if (reading.has_memory_bytes())
                value.load.memory_bytes = in.amount(reading.memory_bytes(), "reading.memory_bytes");
            if (reading.has_memory_percent())
                value.load.memory_percent = in.amount(reading.memory_percent(), "reading.memory_percent");
            if (reading.has_connections())
                value.load.connections = in.amount(reading.connections(), "reading.connections");
            if (reading.has_load()) value.load.load = in.amount(reading.load(), "reading.load");
            if (reading.has_bytes_in()) value.load.bytes_in = in.amount(reading.bytes_in(), "reading.bytes_in");
            if (reading.has_bytes_out()) value.load.bytes_out = in.amount(reading.bytes_out(), "reading.bytes_out");
            if (reading.has_packets_in()) value.load.packets_in = in.amount(reading.packets_in(), "reading.packets_in");
            if (reading.has_packets_out())
                value.load.packets_out = in.amount(reading.packets_out(), "reading.packets_out");
            if (reading.has_bytes_out_total())
                value.load.bytes_out_total = in.amount(reading.bytes_out_total(), "reading.bytes_out_total");
            if (reading.has_cpu_cores()) value.load.cpu_cores = in.amount(reading.cpu_cores(), "reading.cpu_cores");
            if (reading.has_cpu_limit()) value.load.cpu_limit = in.amount(reading.cpu_limit(), "reading.cpu_limit");
            if (reading.has_memory_limit())
                value.load.memory_limit = in.amount(reading.memory_limit(), "reading.memory_limit");
        }
    return in.finish<AgentSays>(std::move(out));
}

}  // namespace

void encode(const AgentSays& value, pb::AgentMessage& out) {
    out.Clear();
    if (const auto* hello = std::get_if<HostHello>(&value)) put(*hello, *out.mutable_hello());
    if (const auto* report = std::get_if<Report>(&value)) put(*report, *out.mutable_report());
    if (const auto* heartbeat = std::get_if<AgentHeartbeat>(&value)) put(*heartbeat, *out.mutable_heartbeat());
}

void encode(const ServerSays& value, pb::ServerMessage& out) {
    out.Clear();
    if (const auto* welcome = std::get_if<Welcome>(&value)) put(*welcome, *out.mutable_welcome());
    if (const auto* order = std::get_if<Order>(&value)) put(*order, *out.mutable_order());
    if (const auto* heartbeat = std::get_if<ServerHeartbeat>(&value))
        out.mutable_heartbeat()->set_order_seq_sent(heartbeat->order_seq);
}

void append_behind(std::string& to, std::string_view message) {
    // As protobuf would encode another element of the field: its number, "so many bytes follow", how many, the bytes.
    static constexpr int kField = pb::AgentMessage::kBehindFieldNumber;
    static_assert(kField == pb::ServerMessage::kBehindFieldNumber && kField < 16);
    std::uint8_t head[6] = {kField << 3 | 2};
    const std::uint8_t* const end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(
        static_cast<std::uint32_t>(message.size()), head + 1);
    to.append(reinterpret_cast<const char*>(head), static_cast<std::size_t>(end - head));
    to += message;
}

Result<AgentSays> decode(pb::AgentMessage& in) {
    Reader reader;
    switch (in.body_case()) {
        case pb::AgentMessage::kHello: return reader.finish<AgentSays>(take(reader, *in.mutable_hello()));
        case pb::AgentMessage::kReport: {
            ReportBody body = take_body(reader, *in.mutable_report());
            return reader.finish<AgentSays>(Report{in.report().seq(), std::move(body)});
        }
        case pb::AgentMessage::kHeartbeat: return take_heartbeat(reader, *in.mutable_heartbeat());
        case pb::AgentMessage::BODY_NOT_SET: break;
    }
    return refuse(ErrorCode::InvalidRequest,
                  "message without a known body; is the agent of a newer release than the server?");
}

Result<ServerSays> decode(pb::ServerMessage& in) {
    Reader reader;
    switch (in.body_case()) {
        case pb::ServerMessage::kWelcome: return reader.finish<ServerSays>(take(reader, *in.mutable_welcome()));
        case pb::ServerMessage::kOrder: {
            OrderBody body = take_body(reader, *in.mutable_order());
            return reader.finish<ServerSays>(Order{in.order().epoch(), in.order().seq(), std::move(body)});
        }
        case pb::ServerMessage::kHeartbeat: return ServerHeartbeat{in.heartbeat().order_seq_sent()};
        case pb::ServerMessage::BODY_NOT_SET: break;
    }
    return refuse(ErrorCode::InvalidRequest,
                  "message without a known body; is the server of a newer release than the agent?");
}

}  // namespace gse::link
