// Hosts: machines that run an agent. An extension: the original bought its machines by itself.
#include <fmt/format.h>

#include <algorithm>

#include "api/lookup.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "core/enrolment.h"
#include "core/host_changes.h"
#include "core/provided_hosts.h"
#include "model/join_token.h"

namespace gse::api {
namespace {

using core::kNone;
using core::Slot;

constexpr std::size_t kSecretLength = 32;  // more than 160 bits
constexpr std::uint64_t kMbOfGb = 1024;

std::string_view status_of(const core::Host& host) {
    if (host.released) return "LEAVING";
    if (core::is_starting(host)) return "STARTING";
    if (host.lost) return "LOST";
    if (host.silent) return "SILENT";
    return host.stream != 0 ? "CONNECTED" : "DISCONNECTED";
}

std::optional<std::string> shown_time(WallTime at) { return at.ms == 0 ? std::nullopt : std::optional(format_utc(at)); }

Host show_host(const Scope& scope, Slot slot) {
    const core::Host& host = scope.state().at<core::Host>(slot);
    const core::HostLoad load = core::load_of(scope.state(), slot);
    Host out;
    out.host_id = host.id;
    out.name = host.name;
    out.region = host.region;
    out.status = status_of(host);
    out.availability = to_text(host.availability);
    out.enrolled = host.enrolled();
    out.ip_address = host.address;
    out.private_ip_address = host.private_address;
    out.operating_system = host.operating_system;
    out.sandbox = host.sandbox;
    out.limits = host.limits;
    out.limits_lack = host.limits_lack;
    out.instance_types = host.instance_types;
    for (const auto& [key, value] : host.labels) out.labels.push_back({.key = key, .value = value});
    out.instance_capacity = host.capacity;
    out.instance_count = host.instances_held;
    out.cpus = host.cpus;
    out.cpus_used = host.cpus_held;
    out.memory_mb = host.memory_bytes >> 20;
    out.memory_used_mb = host.memory_gb_held * kMbOfGb;
    out.server_process_count = load.processes;
    out.game_server_session_count = load.sessions;
    out.player_session_count = load.players;
    const bool heard = host.last_alive != EngineTime{};
    out.silent_seconds =
        heard ? static_cast<std::uint64_t>((scope.step.now.engine - host.last_alive).count() / 1000) : 0;
    out.foreign_report_count = host.foreign_reports;
    out.creation_time = shown_time(host.added);
    out.certificate_end_time = shown_time(host.certificate_end);
    return out;
}

HostToken show_token(const core::HostToken& made) {
    HostToken out;
    out.token_id = made.id;
    out.region = made.region;
    out.description = made.description;
    out.status = made.key_sha256.empty() ? "UNUSED" : "USED";
    out.creation_time = format_utc(made.created);
    out.expiration_time = format_utc(made.expires_wall);
    if (!made.host_id.empty()) out.host_id = made.host_id;
    return out;
}

Result<Slot> need_host(const Scope& scope, std::string_view id_or_name) {
    Slot slot = scope.state().find_host_by_id(id_or_name);
    if (slot == kNone) slot = scope.state().find_host(id_or_name);
    if (slot == kNone)
        return refuse(ErrorCode::NotFound,
                      fmt::format("No host has the id or name '{}'; ListHosts lists them", id_or_name.substr(0, 128)));
    return slot;
}

/// All records of a kind, oldest first.
template <class T>
std::vector<Slot> by_age(const core::State& state) {
    std::vector<std::pair<std::uint64_t, Slot>> ordered;
    state.table<T>().for_each([&](Slot slot, const T& record) { ordered.emplace_back(record.order, slot); });
    std::ranges::sort(ordered);
    std::vector<Slot> out;
    out.reserve(ordered.size());
    for (const auto& [order, slot] : ordered) out.push_back(slot);
    return out;
}

}  // namespace

Result<ListHostsResponse> handle(Scope& scope, const ListHostsRequest& request) {
    std::vector<Slot> found;
    if (request.host_id)
        found.push_back(TRY(need_host(scope, *request.host_id)));
    else
        found = by_age<core::Host>(scope.state());
    ListHostsResponse response{.total_count = found.size()};
    for (const Slot slot : page(std::move(found), request.offset, request.limit))
        response.hosts.push_back(show_host(scope, slot));
    return response;
}

Result<UpdateHostResponse> handle(Scope& scope, const UpdateHostRequest& request) {
    const Slot slot = TRY(need_host(scope, request.host_id));
    HostAvailability availability = HostAvailability::Open;
    if (!from_text(request.availability, availability))
        return refuse(ErrorCode::InvalidParameterValue, "Availability must be OPEN, CORDONED or DRAINING");
    core::set_availability(scope.step, slot, availability);
    return UpdateHostResponse{.host = show_host(scope, slot)};
}

Result<RemoveHostResponse> handle(Scope& scope, const RemoveHostRequest& request) {
    const Slot slot = TRY(need_host(scope, request.host_id));
    // To an agent a closed connection without a certificate to show is the end: it would not come back before a
    // restart.
    if (const core::Host& host = scope.state().at<core::Host>(slot);
        scope.services.agent_inside && !host.enrolled() && host.stream != 0)
        return refuse(ErrorCode::UnsupportedOperation,
                      fmt::format("Host {} is the agent inside this server and cannot be removed while both run: "
                                  "UpdateHost with CORDONED gives it no further instances, with DRAINING it is emptied",
                                  host.name));
    const core::HostLoad lost = TRY(core::remove_host(scope.step, slot, request.force));
    return RemoveHostResponse{.instance_count = lost.instances, .game_server_session_count = lost.sessions};
}

Result<CreateHostTokenResponse> handle(Scope& scope, const CreateHostTokenRequest& request) {
    if (scope.services.authority_sha256.empty())
        return refuse(ErrorCode::UnsupportedOperation,
                      "this server has no certificate authority: its link is on loopback, for the agent inside it. Run "
                      "gse server, or give gse dev a link_listen beyond loopback");
    const std::string secret = scope.step.rng.text(kSecretLength);
    const Slot slot = TRY(core::make_host_token(scope.step, {.secret_sha256 = to_hex(sha256(secret)),
                                                             .region = request.region.value_or(""),
                                                             .description = request.description.value_or(""),
                                                             .valid = Millis{request.ttl_seconds * 1000}}));
    const auto& made = scope.state().at<core::HostToken>(slot);
    return CreateHostTokenResponse{
        .host_token = show_token(made),
        .token =
            to_text(JoinToken{.id = made.id, .secret = secret, .authority_sha256 = scope.services.authority_sha256}),
        .link_address = scope.services.link_address ? scope.services.link_address() : ""};
}

Result<ListHostTokensResponse> handle(Scope& scope, const ListHostTokensRequest& request) {
    std::vector<Slot> found = by_age<core::HostToken>(scope.state());
    ListHostTokensResponse response{.total_count = found.size()};
    for (const Slot slot : page(std::move(found), request.offset, request.limit))
        response.host_tokens.push_back(show_token(scope.state().at<core::HostToken>(slot)));
    return response;
}

Result<DeleteHostTokenResponse> handle(Scope& scope, const DeleteHostTokenRequest& request) {
    const Slot slot = scope.state().find_host_token(request.token_id);
    if (slot == kNone)
        return refuse(
            ErrorCode::NotFound,
            fmt::format("No enrolment token has the id '{}'; ListHostTokens lists those that have not expired",
                        request.token_id.substr(0, 64)));
    scope.state().remove<core::HostToken>(slot);
    return DeleteHostTokenResponse{};
}

}  // namespace gse::api
