#include "main/demo_package.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "base/file.h"
#include "base/temp_folder.h"
#include "cli/zip_folder.h"

namespace gse {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 1 << 20;
constexpr std::size_t kVersionMax = 20;

Result<void> write_file(const fs::path& path, std::string_view text, fs::perms mode) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    if (!out) return refuse(ErrorCode::FailedOperation, fmt::format("cannot write {}", path.string()));
    std::error_code error;
    fs::permissions(path, mode, error);
    if (error)
        return refuse(ErrorCode::FailedOperation, fmt::format("cannot write {}: {}", path.string(), error.message()));
    return {};
}

}  // namespace

Result<std::string> put_demo_package(objects::ObjectStore& store, std::string_view bucket, std::string_view version,
                                     const fs::path& program_folder, std::uint64_t bytes_max) {
    const bool named =
        !version.empty() && version.size() <= kVersionMax && std::all_of(version.begin(), version.end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.';
        });
    if (!named)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("Version has 1 to {} letters, digits and dots, such as v1", kVersionMax));
    const fs::path game = program_folder / "gse-chat";
    std::error_code error;
    if (!fs::is_regular_file(game, error))
        return refuse(
            ErrorCode::NotFound,
            fmt::format("there is no demo game at {}; install it, or upload a package of your own", game.string()));

    const TempFolder work = TRY(TempFolder::make("gse-demo"));
    const fs::path folder = work.path() / "package", zip = work.path() / "package.zip";
    constexpr fs::perms kProgram = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                                   fs::perms::others_read | fs::perms::others_exec;
    constexpr fs::perms kData =
        fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read;
    fs::create_directory(folder, error);
    fs::copy_file(game, folder / "gse-chat", error);
    if (error)
        return refuse(ErrorCode::FailedOperation, fmt::format("cannot copy {}: {}", game.string(), error.message()));
    TRY(write_file(folder / "version.txt", fmt::format("Chat {}\n", version), kData));
    // The title is the package's own, so that every fleet of this package shows it.
    TRY(write_file(folder / "start.sh",
                   "#!/bin/sh\ncd \"$(dirname \"$0\")\" && exec ./gse-chat --title \"$(cat version.txt)\" \"$@\"\n",
                   kProgram));
    TRY(cli::zip_folder(folder, zip));

    std::string key = fmt::format("demo/chat-{}.zip", version);
    const auto upload = TRY(store.put(bucket, key, bytes_max));
    std::ifstream in(zip, std::ios::binary);
    std::vector<char> piece(kPiece);
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0)
        TRY(upload->write(std::as_bytes(std::span(piece).first(static_cast<std::size_t>(in.gcount())))));
    if (!in.eof()) return refuse(ErrorCode::FailedOperation, fmt::format("cannot read {}", zip.string()));
    TRY(upload->finish());
    return key;
}

}  // namespace gse
