#include "cli/package.h"

#include <array>
#include <fstream>
#include <string_view>

#include "base/crypto.h"
#include "base/hex.h"
#include "cli/zip_folder.h"

namespace gse::cli {

namespace fs = std::filesystem;

namespace {

/// As every zip begins, an empty one too. Anything else would only be found out when a fleet unpacks it.
bool is_zip(const fs::path& file) {
    std::ifstream stream{file, std::ios::binary};
    std::array<char, 4> head{};
    stream.read(head.data(), head.size());
    const std::string_view magic{head.data(), head.size()};
    return magic == "PK\x03\x04" || magic == "PK\x05\x06";
}

}  // namespace

Result<Package> Package::open(const Session& session, const std::string& source_text) {
    std::error_code failure;
    fs::path source = source_text;
    TempFolder scratch = TRY(TempFolder::make("gse-upload"));
    fs::path zip = source;
    if (fs::is_directory(source, failure)) {
        zip = scratch.path() / "package.zip";
        const ZipSummary summary = TRY(zip_folder(source, zip));
        session.outside.err << fmt::format("packed {} files, {} bytes\n", summary.files, summary.bytes);
    } else if (!fs::is_regular_file(source, failure) || !is_zip(source)) {
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("{} is neither a folder nor a zip", source_text));
    }
    if (!source.has_filename()) source = source.parent_path();
    std::string name = source.stem().string();
    return Package{std::move(scratch), std::move(zip), std::move(name)};
}

Result<std::string> Package::digest() const {
    std::ifstream file{zip_, std::ios::binary};
    Sha256 hash;
    std::string piece(1 << 16, '\0');
    while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0)
        hash.add(std::string_view{piece}.substr(0, static_cast<std::size_t>(file.gcount())));
    if (!file.eof()) return refuse(ErrorCode::FailedOperation, fmt::format("cannot read {}", zip_.string()));
    return to_hex(hash.finish());
}

Result<api::CreateAssetResponse> upload(Session& session, const Package& package, const NewAsset& wanted) {
    std::string system = wanted.system;
    if (system.empty()) {
        const auto systems = TRY(call(session.api, api::DescribeAssetSystemsRequest{.os_type = "CentOS"}));
        if (systems.asset_support_sys.empty())
            return refuse(ErrorCode::FailedOperation, "the server names no operating system; use --os");
        system = systems.asset_support_sys.front().os_version;
    }
    // The wall clock keeps keys of one name apart; what an asset holds is pinned by its content, not by its key.
    const std::string key = fmt::format("cli/{}.zip", session.outside.clock.wall().ms);
    const auto grant = TRY(
        call(session.api, api::GetUploadCredentialsRequest{.asset_region = session.api.region(), .bucket_key = key}));
    TRY(session.api.upload(grant.bucket_name, key, grant.bucket_auth, package.zip()));
    api::CreateAssetRequest request{.bucket_key = key,
                                    .asset_name = wanted.name,
                                    .asset_version = wanted.version,
                                    .asset_region = session.api.region(),
                                    .operate_system = system};
    if (!wanted.tags.empty()) request.tags = wanted.tags;
    return call(session.api, request);
}

}  // namespace gse::cli
