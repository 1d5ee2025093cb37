// Assets: packages uploaded, registered, and pinned to their hash. Source: [创建生成包; API:CreateAsset].
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/lookup.h"

namespace gse::api {
namespace {

/// With a unit, as the original had it: 11M [API:Asset].
std::string size_text(std::uint64_t bytes) {
    constexpr std::string_view kUnits = "BKMGT";
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
    std::string text = value < 9.95 ? fmt::format("{:.1f}", value) : fmt::format("{:.0f}", value);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text + kUnits[unit];
}

/// What a package may be built for. The original's default was CentOS 7.16; ours run on the host's own Linux.
struct System {
    std::string_view image_id, os_type, os_version;
    std::int64_t bits;
    bool offered;  ///< the others are known only to be refused for what they are
};
constexpr std::array kSystems = {
    System{"img-centos71", "CentOS", "CentOS7.16", 64, true},
    System{"img-win2012c", "Windows", "Windows Server 2012 R2 Datacenter 64-bit Chinese", 64, false},
    System{"img-win2012e", "Windows", "Windows Server 2012 R2 Datacenter 64-bit English", 64, false},
};

Asset show(const Scope& scope, const core::Asset& asset) {
    Asset out;
    out.asset_id = asset.id;
    out.asset_name = asset.name;
    out.asset_version = asset.version;
    out.operate_system = asset.operate_system;
    out.stauts = 2;  // a package is registered only once it is stored whole
    out.size = asset.is_image ? asset.image_size : size_text(asset.bytes);
    out.create_time = format_utc_plain(asset.created);
    out.bind_fleet_num = asset.bound_fleets;
    out.asset_arn = scope.state().arn(asset.region, "asset", asset.id);
    out.image_id = asset.image_id;
    out.os_type = asset.os_type;
    out.resource_type = asset.is_image ? "IMAGE" : "ASSET";
    out.sharing_status = asset.is_image ? "SHARED" : "UNKNOWN_SHARED";
    out.tags = show_tags(asset.tags);
    return out;
}

Result<void> check_region(const Scope& scope, std::string_view region) {
    const auto& regions = scope.step.settings().regions;
    if (std::find(regions.begin(), regions.end(), region) != regions.end()) return {};
    return refuse(ErrorCode::InvalidParameterValue, fmt::format("AssetRegion '{}' is not one of this server; it has {}",
                                                                region.substr(0, 100), fmt::join(regions, ", ")));
}

Result<void> check_count(const Scope& scope, std::string_view region) {
    std::uint64_t count = 0;
    scope.state().table<core::Asset>().for_each(
        [&](core::Slot, const core::Asset& asset) { count += asset.region == region; });
    const std::uint64_t limit = scope.step.settings().limits.assets_per_region;
    if (count < limit) return {};
    return refuse(ErrorCode::LimitExceeded, fmt::format("{} assets exist in region {}; the limit is {}. Delete one "
                                                        "that no fleet uses, or raise limits.assets_per_region",
                                                        count, region, limit));
}

Result<void> check_bytes(const Scope& scope, std::string_view region, std::uint64_t bytes) {
    std::uint64_t sum = bytes;
    scope.state().table<core::Asset>().for_each([&](core::Slot, const core::Asset& asset) {
        if (asset.region == region) sum += asset.bytes;
    });
    const std::uint64_t limit = scope.step.settings().limits.asset_bytes_per_region;
    if (sum <= limit) return {};
    return refuse(ErrorCode::LimitExceeded,
                  fmt::format("The assets of region {} would have {} bytes; the limit is {}. Delete one that no fleet "
                              "uses, or raise limits.asset_bytes_per_region",
                              region, sum, limit));
}

/// With an id of its own.
CreateAssetResponse add(Scope& scope, core::Asset asset) {
    do asset.id = fmt::format("asset-{}-{}", scope.step.rng.text(8), scope.step.rng.text(8));
    while (scope.state().find_asset(asset.region, asset.id) != core::kNone);
    asset.created = scope.step.now.wall;
    CreateAssetResponse response{.asset_id = asset.id, .asset_arn = scope.state().arn(asset.region, "asset", asset.id)};
    scope.state().add(std::move(asset));
    return response;
}

}  // namespace

bool is_upload_bucket(const Settings& settings, std::string_view bucket) {
    return std::any_of(settings.regions.begin(), settings.regions.end(),
                       [&](const std::string& region) { return upload_bucket(settings, region) == bucket; });
}

std::string upload_bucket(const Settings& settings, std::string_view region) {
    return fmt::format("gse-{}-{}", settings.uin, region);
}

Result<GetUploadCredentialsResponse> handle(Scope& scope, const GetUploadCredentialsRequest& request) {
    TRY(check_region(scope, request.asset_region));
    const std::string bucket = upload_bucket(scope.step.settings(), request.asset_region);
    return GetUploadCredentialsResponse{
        .bucket_auth = scope.services.object_auth.grant(objects::Access::Write, bucket, request.bucket_key,
                                                        scope.step.now.wall + scope.services.upload_valid),
        .bucket_name = bucket,
        .asset_region = request.asset_region,
    };
}

/// The key may do what the one that asks for it may, but hand out no further ones: else it would never end.
Result<GetUploadFederationTokenResponse> handle(Scope& scope, const GetUploadFederationTokenRequest&) {
    const WallTime expires = scope.step.now.wall + scope.services.upload_valid;
    const objects::TemporaryKey key =
        objects::TemporaryKeys(scope.services.token_secret).issue(scope.secret_id, expires, scope.step.rng);
    return GetUploadFederationTokenResponse{
        .expired_time = static_cast<std::uint64_t>(expires.ms / 1000),
        .asset_credentials = {.tmp_secret_id = key.secret_id, .tmp_secret_key = key.secret_key, .token = key.token}};
}

Result<CreateAssetResponse> handle(Scope& scope, const CreateAssetRequest& request) {
    TRY(check_region(scope, request.asset_region));
    std::string os_type = "CentOS";
    if (request.image_id) {
        const auto system = std::find_if(kSystems.begin(), kSystems.end(),
                                         [&](const System& s) { return s.image_id == *request.image_id; });
        if (system == kSystems.end())
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("ImageId '{}' is unknown; DescribeAssetSystems lists the ones there are",
                                      request.image_id->substr(0, 100)));
        os_type = system->os_type;
    } else if (request.operate_system.find("Windows") != std::string::npos) {
        os_type = "Windows";
    }
    if (os_type == "Windows")
        return refuse(ErrorCode::UnsupportedOperation,
                      "Windows packages cannot run here: the hosts of this server run Linux. Build the game server for "
                      "Linux and upload that.");
    if (!request.image_id && request.operate_system != kSystems[0].os_version)
        return refuse(
            ErrorCode::MissingParameter,
            fmt::format("ImageId is missing; it is required when OperateSystem is not {}.", kSystems[0].os_version));
    if (!scope.package)
        return refuse(
            ErrorCode::NotFound,
            fmt::format("No upload '{}' in bucket {}; PUT it to /objects/{}/<BucketKey> with the BucketAuth of "
                        "GetUploadCredentials first",
                        request.bucket_key.substr(0, 200), upload_bucket(scope.step.settings(), request.asset_region),
                        upload_bucket(scope.step.settings(), request.asset_region)));
    TRY(check_count(scope, request.asset_region));
    TRY(check_bytes(scope, request.asset_region, scope.package->size));

    core::Asset asset;
    asset.region = request.asset_region;
    asset.name = request.asset_name;
    asset.version = request.asset_version;
    asset.operate_system = request.operate_system;
    asset.image_id = request.image_id.value_or(std::string(kSystems[0].image_id));
    asset.os_type = os_type;
    asset.bucket = kPackageBucket;
    asset.key = scope.package->sha256;
    asset.sha256 = scope.package->sha256;
    asset.bytes = scope.package->size;
    asset.tags = TRY(store_tags(request.tags));
    return add(scope, std::move(asset));
}

/// Noted as it is described: a machine image of a cloud cannot run here, and nothing of it is looked at.
Result<CreateAssetWithImageResponse> handle(Scope& scope, const CreateAssetWithImageRequest& request) {
    TRY(check_region(scope, request.asset_region));
    TRY(check_count(scope, request.asset_region));
    core::Asset asset;
    asset.region = request.asset_region;
    asset.name = request.asset_name;
    asset.version = request.asset_version;
    asset.operate_system = request.image_os;
    asset.image_id = request.image_id;
    asset.os_type = request.os_type;
    asset.is_image = true;
    asset.image_size = request.image_size;
    asset.image_bits = static_cast<std::uint32_t>(request.os_bit);
    const CreateAssetResponse made = add(scope, std::move(asset));
    return CreateAssetWithImageResponse{.asset_id = made.asset_id, .asset_arn = made.asset_arn};
}

Result<DescribeAssetResponse> handle(Scope& scope, const DescribeAssetRequest& request) {
    return DescribeAssetResponse{
        .asset = show(scope, scope.state().at<core::Asset>(TRY(need_asset(scope, request.asset_id))))};
}

Result<DescribeAssetsResponse> handle(Scope& scope, const DescribeAssetsRequest& request) {
    TRY(check_region(scope, request.asset_region));
    const FilterSet filters = TRY(read_filters(request.filters, true));
    std::vector<const core::Asset*> found;
    scope.state().table<core::Asset>().for_each([&](core::Slot, const core::Asset& asset) {
        if (asset.region != request.asset_region || !filters.matches(asset.name, asset.id, asset.tags)) return;
        if (request.filter && asset.name.find(*request.filter) == std::string::npos && asset.id != *request.filter)
            return;
        found.push_back(&asset);
    });
    std::sort(found.begin(), found.end(), [](const core::Asset* a, const core::Asset* b) {
        return std::tie(b->created, b->id) < std::tie(a->created, a->id);
    });
    DescribeAssetsResponse response{.total_count = static_cast<std::int64_t>(found.size())};
    for (const core::Asset* asset :
         page(std::move(found), static_cast<std::uint64_t>(request.offset), static_cast<std::uint64_t>(request.limit)))
        response.assets.push_back(show(scope, *asset));
    return response;
}

Result<DescribeAssetSystemsResponse> handle(Scope&, const DescribeAssetSystemsRequest& request) {
    DescribeAssetSystemsResponse response;
    for (const System& system : kSystems) {
        if (!system.offered) continue;
        if (request.os_type && *request.os_type != system.os_type) continue;
        if (request.os_bit && *request.os_bit != system.bits) continue;
        response.asset_support_sys.push_back({.image_id = std::string(system.image_id),
                                              .os_type = std::string(system.os_type),
                                              .os_bit = system.bits,
                                              .os_version = std::string(system.os_version)});
    }
    return response;
}

Result<UpdateAssetResponse> handle(Scope& scope, const UpdateAssetRequest& request) {
    auto asset = scope.state().edit<core::Asset>(TRY(need_asset(scope, request.asset_id)));
    asset->name = request.asset_name;
    asset->version = request.asset_version;
    return UpdateAssetResponse{};
}

Result<DeleteAssetResponse> handle(Scope& scope, const DeleteAssetRequest& request) {
    const core::Slot slot = TRY(need_asset(scope, request.asset_id));
    const core::Asset& asset = scope.state().at<core::Asset>(slot);
    if (asset.bound_fleets > 0)
        return refuse(ErrorCode::InUse, fmt::format("Asset {} is used by {} fleet{}; delete {} first", asset.id,
                                                    asset.bound_fleets, asset.bound_fleets == 1 ? "" : "s",
                                                    asset.bound_fleets == 1 ? "that fleet" : "those fleets"));
    scope.unpinned = asset.sha256;
    scope.state().remove<core::Asset>(slot);
    return DeleteAssetResponse{};
}

}  // namespace gse::api
