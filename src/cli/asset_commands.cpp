#include "cli/commands.h"
#include "cli/lookup.h"
#include "cli/package.h"

namespace gse::cli {
namespace {

std::string state_of(std::int64_t stauts) {
    return stauts == 0 ? "uploading" : stauts == 1 ? "upload failed" : stauts == 2 ? "uploaded" : "-";
}

struct Upload {
    std::string source;
    std::string name;
    std::string version = "1";
    std::string system;
};

Result<void> upload_asset(Session& session, const Upload& options) {
    const Package package = TRY(Package::open(session, options.source));
    const auto made = TRY(upload(session, package,
                                 {.name = options.name.empty() ? package.name() : options.name,
                                  .version = options.version,
                                  .system = options.system}));
    session.show(made, fmt::format("{}\n", made.asset_id));
    return {};
}

struct Nothing {};

Result<void> list(Session& session, const Nothing&) {
    const auto assets = TRY(all_assets(session.api));
    Table table{{"ID", "NAME", "VERSION", "STATE", "SYSTEM", "SIZE", "FLEETS", "CREATED"}};
    for (const api::Asset& a : assets)
        table.add({a.asset_id, a.asset_name, a.asset_version, state_of(a.stauts), a.operate_system, a.size,
                   fmt::format("{}", a.bind_fleet_num), a.create_time});
    session.show(assets, table);
    return {};
}

struct One {
    std::string asset;
};

Result<void> remove(Session& session, const One& options) {
    const auto asset = TRY(find_asset(session.api, options.asset));
    TRY(call(session.api, api::DeleteAssetRequest{.asset_id = asset.asset_id}));
    session.show(asset, fmt::format("deleted {}\n", asset.asset_id));
    return {};
}

}  // namespace

void add_asset_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* asset = app.add_subcommand("asset", "packages of game servers");
    asset->require_subcommand(1);
    add_command<Upload>(
        *asset, chosen,
        {"upload", "Packs a folder (or takes a zip), uploads it and prints the new asset's id.",
         "gse asset upload ./server --name arena --version 1.4"},
        [](CLI::App& c, Upload& o) {
            c.add_option("source", o.source, "folder whose content becomes /local/game, or a zip")->required();
            c.add_option("--name", o.name, "name of the asset; default: the folder's");
            c.add_option("--version", o.version, "version of the asset")->capture_default_str();
            c.add_option("--os", o.system, "an OsVersion of DescribeAssetSystems; default: the first for CentOS");
        },
        upload_asset);
    add_command<Nothing>(
        *asset, chosen, {"list", "Lists the assets of the region.", "gse asset list"}, [](CLI::App&, Nothing&) {},
        list);
    add_command<One>(
        *asset, chosen, {"delete", "Deletes an asset that no fleet uses.", "gse asset delete arena"},
        [](CLI::App& c, One& o) { c.add_option("asset", o.asset, "name or id")->required(); }, remove);
}

}  // namespace gse::cli
