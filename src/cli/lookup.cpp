#include "cli/lookup.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gse::cli {
namespace {

constexpr std::uint64_t kPage = 100;
constexpr std::size_t kItemsMax = 1'000'000;

/// Lists that are asked for by Offset and Limit.
template <class Item, class Request, class ItemsOf>
Result<std::vector<Item>> by_offset(Api& api, Request request, ItemsOf items_of) {
    std::vector<Item> all;
    request.limit = kPage;
    while (all.size() < kItemsMax) {
        request.offset = all.size();
        auto page = TRY(call(api, request));
        std::vector<Item>& items = items_of(page);
        if (items.empty()) break;
        const bool last = items.size() < kPage;
        std::ranges::move(items, std::back_inserter(all));
        if (last) break;
    }
    return all;
}

/// Lists that are asked for by NextToken.
template <class Item, class Request, class ItemsOf>
Result<std::vector<Item>> by_token(Api& api, Request request, ItemsOf items_of) {
    std::vector<Item> all;
    request.limit = kPage;
    while (all.size() < kItemsMax) {
        auto page = TRY(call(api, request));
        std::vector<Item>& items = items_of(page);
        if (items.empty()) break;
        std::ranges::move(items, std::back_inserter(all));
        const std::string next{std::optional<std::string>{page.next_token}.value_or("")};
        if (next.empty()) break;
        request.next_token = next;
    }
    return all;
}

/// The one item with this id or name.
template <class Item, class IdOf, class NameOf>
Result<Item> pick(std::string_view what, const std::string& wanted, std::vector<Item> items, IdOf id_of,
                  NameOf name_of) {
    std::vector<Item*> named;
    for (Item& item : items) {
        if (id_of(item) == wanted) return std::move(item);
        if (name_of(item) == wanted) named.push_back(&item);
    }
    if (named.empty())
        return refuse(ErrorCode::NotFound, fmt::format("there is no {} with the name or id \"{}\"", what, wanted));
    if (named.size() == 1) return std::move(*named.front());
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < named.size() && i < 5; ++i) ids.push_back(id_of(*named[i]));
    return refuse(
        ErrorCode::InvalidParameterValue,
        fmt::format("{} {}{} are called \"{}\"; use the id: {}{}", named.size(), what, what.ends_with('s') ? "es" : "s",
                    wanted, fmt::join(ids, ", "), named.size() > 5 ? ", …" : ""));
}

}  // namespace

Result<std::vector<api::Asset>> all_assets(Api& api) {
    return by_offset<api::Asset>(api, api::DescribeAssetsRequest{.asset_region = api.region()},
                                 [](auto& page) -> auto& { return page.assets; });
}

Result<std::vector<api::FleetAttributes>> all_fleets(Api& api) {
    return by_offset<api::FleetAttributes>(api, api::DescribeFleetAttributesRequest{},
                                           [](auto& page) -> auto& { return page.fleet_attributes; });
}

Result<std::vector<api::Alias>> all_aliases(Api& api) {
    return by_offset<api::Alias>(api, api::ListAliasesRequest{}, [](auto& page) -> auto& { return page.aliases; });
}

Result<std::vector<api::AccessKey>> all_access_keys(Api& api) {
    return by_offset<api::AccessKey>(api, api::ListAccessKeysRequest{},
                                     [](auto& page) -> auto& { return page.access_keys; });
}

Result<std::vector<api::Host>> all_hosts(Api& api) {
    return by_offset<api::Host>(api, api::ListHostsRequest{}, [](auto& page) -> auto& { return page.hosts; });
}

Result<std::vector<api::HostToken>> all_host_tokens(Api& api) {
    return by_offset<api::HostToken>(api, api::ListHostTokensRequest{},
                                     [](auto& page) -> auto& { return page.host_tokens; });
}

Result<std::vector<api::Instance>> all_instances(Api& api, const std::string& fleet_id) {
    return by_offset<api::Instance>(api, api::DescribeInstancesRequest{.fleet_id = fleet_id},
                                    [](auto& page) -> auto& { return page.instances; });
}

Result<std::vector<api::GameServerSession>> all_sessions(Api& api, api::DescribeGameServerSessionsRequest request) {
    return by_token<api::GameServerSession>(api, std::move(request),
                                            [](auto& page) -> auto& { return page.game_server_sessions; });
}

Result<std::vector<api::GameServerSession>> search_sessions(Api& api, api::SearchGameServerSessionsRequest request) {
    return by_token<api::GameServerSession>(api, std::move(request),
                                            [](auto& page) -> auto& { return page.game_server_sessions; });
}

Result<std::vector<api::GameServerSessionQueue>> all_queues(Api& api) {
    return by_offset<api::GameServerSessionQueue>(api, api::DescribeGameServerSessionQueuesRequest{},
                                                  [](auto& page) -> auto& { return page.game_server_session_queues; });
}

Result<std::vector<api::ServerProcess>> all_processes(Api& api, const std::string& fleet_id,
                                                      const std::string& instance_id) {
    api::DescribeServerProcessesRequest request{.fleet_id = fleet_id};
    if (!instance_id.empty()) request.instance_id = instance_id;
    return by_token<api::ServerProcess>(api, std::move(request),
                                        [](auto& page) -> auto& { return page.server_processes; });
}

Result<std::vector<api::PlayerSession>> all_players(Api& api, api::DescribePlayerSessionsRequest request) {
    return by_token<api::PlayerSession>(api, std::move(request),
                                        [](auto& page) -> auto& { return page.player_sessions; });
}

Result<api::Asset> find_asset(Api& api, const std::string& name_or_id) {
    return pick(
        "asset", name_or_id, TRY(all_assets(api)), [](const auto& a) { return a.asset_id; },
        [](const auto& a) { return a.asset_name; });
}

Result<api::FleetAttributes> find_fleet(Api& api, const std::string& name_or_id) {
    return pick(
        "fleet", name_or_id, TRY(all_fleets(api)), [](const auto& f) { return f.fleet_id.value_or(""); },
        [](const auto& f) { return f.name; });
}

Result<api::Alias> find_alias(Api& api, const std::string& name_or_id) {
    return pick(
        "alias", name_or_id, TRY(all_aliases(api)), [](const auto& a) { return a.alias_id; },
        [](const auto& a) { return a.name; });
}

Result<api::AccessKey> find_access_key(Api& api, const std::string& id_or_description) {
    return pick(
        "key", id_or_description, TRY(all_access_keys(api)), [](const auto& k) { return k.secret_id; },
        [](const auto& k) { return k.description; });
}

Result<api::GameServerSessionQueue> find_queue(Api& api, const std::string& name) {
    const auto name_of = [](const auto& q) { return q.name; };
    return pick("queue", name, TRY(all_queues(api)), name_of, name_of);
}

Result<api::Instance> find_instance(Api& api, const std::string& id) {
    auto found = TRY(call(api, api::DescribeInstancesRequest{.instance_id = id, .limit = 1}));
    if (found.instances.empty())
        return refuse(ErrorCode::NotFound,
                      fmt::format("there is no instance with the id \"{}\"; gse instance list shows all", id));
    return std::move(found.instances.front());
}

namespace {

bool runs(const api::GameServerSession& session) {
    return session.status == "ACTIVE" || session.status == "ACTIVATING";
}

/// The one with this id, or else those with this name, the ended ones too.
Result<std::vector<api::GameServerSession>> sessions_called(Api& api, const std::string& name_or_id) {
    // By id first: that needs no list. A server may answer "not found" or an empty list, and what it says then is the
    // same for a name, so only an answer counts.
    if (auto found = all_sessions(api, {.game_server_session_id = name_or_id}); found && !found->empty()) return found;
    std::vector<api::GameServerSession> called;
    for (const api::FleetAttributes& fleet : TRY(all_fleets(api)))
        for (api::GameServerSession& session : TRY(all_sessions(api, {.fleet_id = fleet.fleet_id})))
            if (session.name == name_or_id) called.push_back(std::move(session));
    return called;
}

Result<api::GameServerSession> pick_running(const std::string& name_or_id, std::vector<api::GameServerSession> called) {
    const auto id_of = [](const auto& s) { return s.game_server_session_id; };
    if (called.size() == 1 && id_of(called.front()) == name_or_id) return std::move(called.front());
    std::erase_if(called, [](const auto& session) { return !runs(session); });
    return pick("running session", name_or_id, std::move(called), id_of,
                [](const auto& s) { return s.name.value_or(""); });
}

}  // namespace

Result<api::GameServerSession> find_session(Api& api, const std::string& name_or_id) {
    return pick_running(name_or_id, TRY(sessions_called(api, name_or_id)));
}

Result<api::GameServerSession> find_session_or_last(Api& api, const std::string& name_or_id) {
    auto called = TRY(sessions_called(api, name_or_id));
    if (called.empty() || std::ranges::any_of(called, runs)) return pick_running(name_or_id, std::move(called));
    return std::move(*std::ranges::max_element(called, {}, &api::GameServerSession::creation_time));
}

Result<api::GameProperty> read_property(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos)
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("--property {}: must be KEY=VALUE", text));
    return api::GameProperty{text.substr(0, equals), text.substr(equals + 1)};
}

Result<std::optional<std::vector<api::GameProperty>>> read_properties(const std::vector<std::string>& properties) {
    std::optional<std::vector<api::GameProperty>> out;
    for (const std::string& property : properties) {
        if (!out) out.emplace();
        out->push_back(TRY(read_property(property)));
    }
    return out;
}

}  // namespace gse::cli
