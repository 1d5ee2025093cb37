/// Packages, fleets and the alias: what `./dev demo` and `./dev run` both set up through the API.
#pragma once

#include <filesystem>
#include <string>

#include "backend.h"
#include "deployment.h"

namespace gse::demo {

inline constexpr std::string_view kRegion = "ap-shanghai";
inline constexpr std::uint64_t kProcessesPerInstance = 10;
inline constexpr std::uint64_t kInstancesMax = 3;
inline constexpr std::uint64_t kBufferPercent = 30;
inline constexpr std::uint64_t kCooldownMinutes = 3;
inline constexpr std::uint64_t kPlayersPerSession = 2;

struct Version {
    std::string title;   ///< on the game's page and in its welcome: `Chat 1.0`
    std::string number;  ///< `1.0`
    std::string fleet;   ///< name of its fleet: `chat-1`
};
inline const Version kVersions[] = {{"Chat 1.0", "1.0", "chat-1"}, {"Chat 2.0", "2.0", "chat-2"}};

/// Packs the version's zip into `folder`. Its path.
Result<std::filesystem::path> make_package(const Programs& programs, const Version& version,
                                           const std::filesystem::path& folder);
/// GetUploadCredentials, PUT, CreateAsset. The asset's id.
Result<std::string> upload_package(Backend& backend, const Version& version, const std::filesystem::path& zip);
/// 10 processes an instance; not ACTIVE yet. The fleet's id.
Result<std::string> create_fleet(Backend& backend, const Version& version, const std::string& asset_id);
/// Range 0–3, cool-down, buffer: for a fleet that is ACTIVE.
Result<void> set_scaling(Backend& backend, const std::string& fleet_id);
/// The alias's id.
Result<std::string> create_alias(Backend& backend, const std::string& name, const std::string& fleet_id);

/// The states a fleet went through, from its events: `NEW → DOWNLOADING → …`
Result<std::string> states_passed(Backend& backend, const std::string& fleet_id);
/// The last events of a fleet, oldest first, a line each.
Result<std::string> recent_events(Backend& backend, const std::string& fleet_id);

}  // namespace gse::demo
