#include <filesystem>

#include "base/temp_folder.h"
#include "cli/commands.h"
#include "cli/lookup.h"
#include "cli/zip_folder.h"

namespace gse::cli {
namespace {

namespace fs = std::filesystem;

std::string state_of(std::int64_t stauts) {
    return stauts == 0 ? "uploading" : stauts == 1 ? "upload failed" : stauts == 2 ? "uploaded" : "-";
}

struct Upload {
    std::string source;
    std::string name;
    std::string version = "1";
    std::string system;
};

Result<void> upload(Session& session, const Upload& options) {
    std::error_code failure;
    fs::path source = options.source;
    const TempFolder scratch = TRY(TempFolder::make("gse-upload"));
    fs::path zip = source;
    if (fs::is_directory(source, failure)) {
        zip = scratch.path() / "package.zip";
        const ZipSummary summary = TRY(zip_folder(source, zip));
        session.outside.err << fmt::format("packed {} files, {} bytes\n", summary.files, summary.bytes);
    } else if (!fs::is_regular_file(source, failure)) {
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("{} is neither a folder nor a zip", options.source));
    }
    std::string system = options.system;
    if (system.empty()) {
        const auto systems = TRY(call(session.api, api::DescribeAssetSystemsRequest{.os_type = "CentOS"}));
        if (systems.asset_support_sys.empty())
            return refuse(ErrorCode::FailedOperation, "the server names no operating system; use --os");
        system = systems.asset_support_sys.front().os_version;
    }
    if (!source.has_filename()) source = source.parent_path();
    const std::string name = options.name.empty() ? source.stem().string() : options.name;
    // The wall clock keeps keys of one name apart; what an asset holds is pinned by its content, not by its key.
    const std::string key = fmt::format("cli/{}.zip", session.outside.clock.wall().ms);
    const auto grant = TRY(
        call(session.api, api::GetUploadCredentialsRequest{.asset_region = session.api.region(), .bucket_key = key}));
    TRY(session.api.upload(grant.bucket_name, key, grant.bucket_auth, zip));
    const auto made = TRY(call(session.api, api::CreateAssetRequest{.bucket_key = key,
                                                                    .asset_name = name,
                                                                    .asset_version = options.version,
                                                                    .asset_region = session.api.region(),
                                                                    .operate_system = system}));
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
        upload);
    add_command<Nothing>(
        *asset, chosen, {"list", "Lists the assets of the region.", "gse asset list"}, [](CLI::App&, Nothing&) {},
        list);
    add_command<One>(
        *asset, chosen, {"delete", "Deletes an asset that no fleet uses.", "gse asset delete arena"},
        [](CLI::App& c, One& o) { c.add_option("asset", o.asset, "name or id")->required(); }, remove);
}

}  // namespace gse::cli
