#include "journal/identity.h"

#include <fmt/format.h>

#include <algorithm>

namespace gse::journal {
namespace {

constexpr char kName[] = "identity.toml";
constexpr char kTempName[] = "identity.tmp";

std::string render(const Identity& identity) {
    return fmt::format(
        "# Written by OpenGSE once; says which deployment this directory belongs to. Do not edit.\n"
        "format = {}\n"
        "deployment = \"{}\"\n"
        "created = \"{}\"\n",
        kFormatVersion, identity.deployment, identity.created);
}

/// The text after `key = ` on a line of its own, without quotes; empty if there is none.
std::string_view value_of(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (!line.starts_with(key) || !line.substr(key.size()).starts_with(" = ")) continue;
        auto value = line.substr(key.size() + 3);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        return value;
    }
    return {};
}

}  // namespace

bool valid_deployment(std::string_view deployment) {
    return !deployment.empty() && deployment.size() <= 64 && std::ranges::all_of(deployment, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
    });
}

Result<std::optional<Identity>> read_identity(FileSystem& files, const path& dir) {
    const path name = dir / kName;
    auto file = files.open(name, OpenMode::Read);
    if (!file) {
        if (file.error().code == ErrorCode::NotFound) return std::nullopt;
        return std::unexpected(std::move(file).error());
    }
    std::string text(4096, '\0');
    text.resize(TRY((*file)->read_at(0, std::as_writable_bytes(std::span(text)))));
    const auto format = value_of(text, "format");
    Identity identity{std::string(value_of(text, "deployment")), std::string(value_of(text, "created"))};
    if (!format.empty() && format != fmt::to_string(kFormatVersion) && valid_deployment(identity.deployment))
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} has format {}, this program reads format {}; use the version of OpenGSE that "
                                  "wrote it",
                                  name.string(), format, kFormatVersion));
    // Ours is reproduced byte for byte; anything else is damaged or somebody else's.
    if (!valid_deployment(identity.deployment) || render(identity) != text)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} was not written by OpenGSE or is damaged; restore it, or use another data "
                                  "directory. Nothing was changed",
                                  name.string()));
    return identity;
}

Result<void> write_identity(FileSystem& files, const path& dir, const Identity& identity) {
    const path temp = dir / kTempName;
    TRY(files.remove(temp));  // left by a power cut
    auto file = TRY(files.open(temp, OpenMode::Create));
    const std::string text = render(identity);
    TRY(file->write_at(0, std::as_bytes(std::span(text))));
    TRY(file->sync());
    TRY(files.rename(temp, dir / kName));
    return files.sync_dir(dir);
}

}  // namespace gse::journal
