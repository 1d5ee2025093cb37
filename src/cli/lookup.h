/// Names or ids: finds what a person means. An id wins over a name; a name that several bear is refused with their ids.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/api.h"

namespace gse::cli {

// Every page, oldest question first; bounded, so that a server that never ends its list cannot hold us for ever.
Result<std::vector<api::Asset>> all_assets(Api& api);
Result<std::vector<api::FleetAttributes>> all_fleets(Api& api);
Result<std::vector<api::Alias>> all_aliases(Api& api);
Result<std::vector<api::AccessKey>> all_access_keys(Api& api);
Result<std::vector<api::Host>> all_hosts(Api& api);
Result<std::vector<api::HostToken>> all_host_tokens(Api& api);
Result<std::vector<api::Instance>> all_instances(Api& api, const std::string& fleet_id);
/// By fleet, alias or session id, as the request says.
Result<std::vector<api::GameServerSession>> all_sessions(Api& api, api::DescribeGameServerSessionsRequest request);
/// That match a SearchGameServerSessions.
Result<std::vector<api::GameServerSession>> search_sessions(Api& api, api::SearchGameServerSessionsRequest request);
Result<std::vector<api::GameServerSessionQueue>> all_queues(Api& api);
Result<std::vector<api::ServerProcess>> all_processes(Api& api, const std::string& fleet_id,
                                                      const std::string& instance_id = "");
Result<std::vector<api::PlayerSession>> all_players(Api& api, api::DescribePlayerSessionsRequest request);

Result<api::Asset> find_asset(Api& api, const std::string& name_or_id);
Result<api::FleetAttributes> find_fleet(Api& api, const std::string& name_or_id);
Result<api::Alias> find_alias(Api& api, const std::string& name_or_id);
/// By SecretId, or by description.
Result<api::AccessKey> find_access_key(Api& api, const std::string& id_or_description);
Result<api::GameServerSessionQueue> find_queue(Api& api, const std::string& name);
/// Of whatever fleet; instances have no names.
Result<api::Instance> find_instance(Api& api, const std::string& id);
/// A name is looked for among the sessions of every fleet that have not ended.
Result<api::GameServerSession> find_session(Api& api, const std::string& name_or_id);
/// As find_session; with none of that name running, the newest that has ended.
Result<api::GameServerSession> find_session_or_last(Api& api, const std::string& name_or_id);

/// `--property KEY=VALUE`, any number of times; absent when none was given.
/// `KEY=VALUE`.
Result<api::GameProperty> read_property(const std::string& text);
Result<std::optional<std::vector<api::GameProperty>>> read_properties(const std::vector<std::string>& properties);

}  // namespace gse::cli
