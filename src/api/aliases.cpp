// Aliases: the indirection that makes updates invisible. Source: [创建使用别名; 不停服更新].
#include <fmt/format.h>

#include <algorithm>

#include "api/lookup.h"

namespace gse::api {
namespace {

RoutingStrategy show(const core::Route& route) {
    RoutingStrategy out;
    out.type = to_text(route.type);
    if (!route.fleet_id.empty()) out.fleet_id = route.fleet_id;
    if (!route.message.empty()) out.message = route.message;
    return out;
}

Alias show(const Scope& scope, const core::Alias& alias) {
    Alias out;
    out.alias_id = alias.id;
    out.alias_arn = scope.state().arn(alias.region, "alias", alias.id);
    out.name = alias.name;
    out.description = alias.description;
    out.routing_strategy = show(alias.route());
    out.creation_time = format_utc(alias.created);
    out.last_updated_time = format_utc(alias.updated);
    out.tags = show_tags(alias.tags);
    return out;
}

/// A SIMPLE alias points to an ACTIVE fleet of its own region that does not drain; a TERMINAL one keeps what it is
/// given and ignores the fleet.
Result<void> route(const Scope& scope, const RoutingStrategy& wanted, core::Alias& alias) {
    CHECK(from_text(wanted.type, alias.type));  // the model's enum
    alias.fleet_id = wanted.fleet_id.value_or("");
    alias.message = wanted.message.value_or("");
    if (alias.type == AliasType::Terminal) return {};
    const core::Fleet& fleet = scope.state().at<core::Fleet>(TRY(need_fleet(scope, alias.fleet_id)));
    if (fleet.status != FleetStatus::Active)
        return refuse(ErrorCode::Unavailable, fmt::format("Fleet {} is {}; an alias can point to an ACTIVE fleet only",
                                                          fleet.id, to_text(fleet.status)));
    if (fleet.draining)
        return refuse(ErrorCode::Unavailable,
                      fmt::format("Fleet {} is being drained and takes no new game server sessions; take it back with "
                                  "UndrainFleet before an alias leads there",
                                  fleet.id));
    return {};
}

/// Points an alias elsewhere, and remembers where it led before. The same again is no change.
void point(const Scope& scope, core::Alias& alias, const core::Route& to) {
    const core::Route from = alias.route();
    if (from == to) return;
    const std::uint64_t number = alias.history.empty() ? 1 : alias.history.back().number + 1;
    if (alias.history.size() >= core::Alias::kHistoryMax) alias.history.erase(alias.history.begin());
    alias.history.push_back({.number = number,
                             .time = scope.step.now.wall,
                             .from = from,
                             .secret_id = std::string(scope.secret_id),
                             .request_id = std::string(scope.request_id)});
    alias.type = to.type;
    alias.fleet_id = to.fleet_id;
    alias.message = to.message;
}

/// Of a change of the alias; without a number, of the last.
Result<std::size_t> find_change(const core::Alias& alias, const std::optional<std::uint64_t>& number) {
    const auto& history = alias.history;
    if (history.empty())
        return refuse(
            ErrorCode::FailedOperation,
            fmt::format("Alias '{}' has never been pointed elsewhere; there is nothing to go back to", alias.id));
    if (!number) return history.size() - 1;
    if (*number < history.front().number || *number > history.back().number)
        return refuse(ErrorCode::NotFound,
                      fmt::format("Change {} of alias '{}' is not known; its history has {} to {}", *number, alias.id,
                                  history.front().number, history.back().number));
    return static_cast<std::size_t>(*number - history.front().number);
}

}  // namespace

Result<CreateAliasResponse> handle(Scope& scope, const CreateAliasRequest& request) {
    std::uint64_t count = 0;
    scope.state().table<core::Alias>().for_each(
        [&](core::Slot, const core::Alias& alias) { count += alias.region == scope.region; });
    const std::uint64_t limit = scope.step.settings().limits.aliases_per_region;
    if (count >= limit)
        return refuse(
            ErrorCode::LimitExceeded,
            fmt::format(
                "{} aliases exist in region {}; the limit is {}. Delete one, or raise limits.aliases_per_region", count,
                scope.region, limit));
    core::Alias alias;
    TRY(route(scope, request.routing_strategy, alias));
    do alias.id = fmt::format("alias-{}-{}", scope.step.rng.text(8), scope.step.rng.text(8));
    while (scope.state().find_alias(scope.region, alias.id) != core::kNone);
    alias.region = scope.region;
    alias.name = request.name;
    alias.description = request.description.value_or("");
    alias.created = alias.updated = scope.step.now.wall;
    alias.tags = TRY(store_tags(request.tags));
    const core::Slot slot = scope.state().add(std::move(alias));
    return CreateAliasResponse{.alias = show(scope, scope.state().at<core::Alias>(slot))};
}

Result<DescribeAliasResponse> handle(Scope& scope, const DescribeAliasRequest& request) {
    return DescribeAliasResponse{
        .alias = show(scope, scope.state().at<core::Alias>(TRY(need_alias(scope, request.alias_id))))};
}

Result<ListAliasesResponse> handle(Scope& scope, const ListAliasesRequest& request) {
    const FilterSet filters = TRY(read_filters(request.filters, false));
    std::vector<const core::Alias*> found;
    scope.state().table<core::Alias>().for_each([&](core::Slot, const core::Alias& alias) {
        if (alias.region != scope.region || !filters.matches(alias.name, alias.id, alias.tags)) return;
        if (request.name && alias.name != *request.name) return;
        if (request.routing_strategy_type && to_text(alias.type) != *request.routing_strategy_type) return;
        found.push_back(&alias);
    });
    const bool ascending = request.order_way == "asc";
    std::sort(found.begin(), found.end(), [ascending](const core::Alias* a, const core::Alias* b) {
        return ascending ? std::tie(a->created, a->id) < std::tie(b->created, b->id)
                         : std::tie(b->created, b->id) < std::tie(a->created, a->id);
    });
    ListAliasesResponse response{.total_count = found.size()};
    for (const core::Alias* alias : page(std::move(found), request.offset, request.limit))
        response.aliases.push_back(show(scope, *alias));
    return response;
}

Result<UpdateAliasResponse> handle(Scope& scope, const UpdateAliasRequest& request) {
    const core::Slot slot = TRY(need_alias(scope, request.alias_id));
    core::Alias changed;
    if (request.routing_strategy) TRY(route(scope, *request.routing_strategy, changed));
    {
        auto alias = scope.state().edit<core::Alias>(slot);
        if (request.name) alias->name = *request.name;
        if (request.description) alias->description = *request.description;
        if (request.routing_strategy) point(scope, *alias, changed.route());
        alias->updated = scope.step.now.wall;
    }
    return UpdateAliasResponse{.alias = show(scope, scope.state().at<core::Alias>(slot))};
}

Result<DescribeAliasHistoryResponse> handle(Scope& scope, const DescribeAliasHistoryRequest& request) {
    const core::Alias& alias = scope.state().at<core::Alias>(TRY(need_alias(scope, request.alias_id)));
    std::vector<AliasChange> changes;
    core::Route to = alias.route();
    for (auto it = alias.history.rbegin(); it != alias.history.rend(); ++it) {
        AliasChange& change = changes.emplace_back();
        change.history_id = it->number;
        change.time = format_utc(it->time);
        change.from = show(it->from);
        change.to = show(to);
        if (!it->secret_id.empty()) change.secret_id = it->secret_id;
        change.request_id = it->request_id;
        to = it->from;
    }
    DescribeAliasHistoryResponse response{.total_count = changes.size()};
    response.changes = page(std::move(changes), request.offset, request.limit);
    return response;
}

Result<RollbackAliasResponse> handle(Scope& scope, const RollbackAliasRequest& request) {
    const core::Slot slot = TRY(need_alias(scope, request.alias_id));
    const core::Alias& alias = scope.state().at<core::Alias>(slot);
    const core::Route to = alias.history[TRY(find_change(alias, request.history_id))].from;
    core::Alias checked;
    TRY(route(scope, show(to), checked));
    {
        auto edit = scope.state().edit<core::Alias>(slot);
        point(scope, *edit, to);
        edit->updated = scope.step.now.wall;
    }
    return RollbackAliasResponse{.alias = show(scope, alias)};
}

Result<DeleteAliasResponse> handle(Scope& scope, const DeleteAliasRequest& request) {
    scope.state().remove<core::Alias>(TRY(need_alias(scope, request.alias_id)));
    return DeleteAliasResponse{};
}

Result<ResolveAliasResponse> handle(Scope& scope, const ResolveAliasRequest& request) {
    return ResolveAliasResponse{.fleet_id =
                                    scope.state().at<core::Fleet>(TRY(resolve_alias(scope, request.alias_id))).id};
}

}  // namespace gse::api
