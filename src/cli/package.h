/// Packages on their way to the server.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/temp_folder.h"
#include "cli/commands.h"

namespace gse::cli {

/// A folder, packed into a zip for as long as this lives, or a zip as it is.
class Package {
public:
    /// InvalidParameterValue when `source` is neither. Says on stderr what was packed.
    static Result<Package> open(const Session& session, const std::string& source);

    [[nodiscard]] const std::filesystem::path& zip() const { return zip_; }
    /// The folder's or the zip's name without its ending.
    [[nodiscard]] const std::string& name() const { return name_; }
    /// SHA-256 of the zip in hexadecimal digits.
    [[nodiscard]] Result<std::string> digest() const;

private:
    Package(TempFolder scratch, std::filesystem::path zip, std::string name)
        : scratch_(std::move(scratch)), zip_(std::move(zip)), name_(std::move(name)) {}

    TempFolder scratch_;
    std::filesystem::path zip_;
    std::string name_;
};

struct NewAsset {
    std::string name;
    std::string version;
    std::string system;  ///< "": the first that the server names for CentOS
    std::vector<api::Tag> tags;
};

/// Uploads the zip and registers it.
Result<api::CreateAssetResponse> upload(Session& session, const Package& package, const NewAsset& wanted);

}  // namespace gse::cli
