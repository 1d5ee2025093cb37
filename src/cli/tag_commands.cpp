#include "cli/commands.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

struct Tagged {
    std::string kind;
    std::string name;
    std::vector<std::string> tags;
};

Result<std::string> queue_arn(Api& api, const std::string& name) {
    const auto queues = TRY(call(api, api::DescribeGameServerSessionQueuesRequest{.names = std::vector{name}}));
    if (queues.game_server_session_queues.empty())
        return refuse(ErrorCode::NotFound, fmt::format("there is no queue with the name \"{}\"", name));
    return queues.game_server_session_queues.front().game_server_session_queue_arn;
}

Result<std::string> resource_of(Session& session, const Tagged& options) {
    if (options.kind == "asset") return TRY(find_asset(session.api, options.name)).asset_arn;
    if (options.kind == "alias") return TRY(find_alias(session.api, options.name)).alias_arn;
    if (options.kind == "queue") return queue_arn(session.api, options.name);
    return TRY(find_fleet(session.api, options.name)).fleet_arn.value_or("");
}

void show(Session& session, const std::vector<api::Tag>& tags) {
    Table table{{"KEY", "VALUE"}};
    for (const api::Tag& tag : tags) table.add({tag.key, tag.value});
    session.show(tags, table);
}

Result<api::Tag> read_tag(const std::string& pair) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
        return refuse(ErrorCode::InvalidParameter, fmt::format("\"{}\" is no tag; write KEY=VALUE", pair));
    return api::Tag{.key = pair.substr(0, equals), .value = pair.substr(equals + 1)};
}

Result<void> add(Session& session, const Tagged& options) {
    api::TagResourceRequest request;
    for (const std::string& pair : options.tags) request.tags.push_back(TRY(read_tag(pair)));
    request.resource = TRY(resource_of(session, options));
    show(session, TRY(call(session.api, request)).tags);
    return {};
}

Result<void> remove(Session& session, const Tagged& options) {
    const api::UntagResourceRequest request{.resource = TRY(resource_of(session, options)), .tag_keys = options.tags};
    show(session, TRY(call(session.api, request)).tags);
    return {};
}

CLI::Option* declare(CLI::App& command, Tagged& options, const char* tags) {
    command.add_option("kind", options.kind, "fleet, asset, alias or queue")
        ->required()
        ->check(CLI::IsMember({"fleet", "asset", "alias", "queue"}));
    command.add_option("name", options.name, "name or id")->required();
    return command.add_option("tags", options.tags, tags)->required();
}

}  // namespace

void add_tag_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* tag = app.add_subcommand("tag", "labels of fleets, assets, aliases and queues");
    tag->require_subcommand(1);
    add_command<Tagged>(
        *tag, chosen, {"add", "Adds tags; a key that is there gets the new value.", "gse tag add alias arena env=prod"},
        [](CLI::App& c, Tagged& o) { declare(c, o, "KEY=VALUE, any number")->check(readable_by(read_tag)); }, add);
    add_command<Tagged>(
        *tag, chosen, {"remove", "Takes tags away.", "gse tag remove alias arena env"},
        [](CLI::App& c, Tagged& o) { declare(c, o, "keys, any number"); }, remove);
}

}  // namespace gse::cli
