/// `/local/game/…`: where a game believes its files are, whatever folder holds its instance's copy.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gse::agent {

inline constexpr std::string_view kGameRoot = "/local/game";

/// The part of `path` below /local/game, normalised, without a leading slash ("" for /local/game itself). A relative
/// path is taken from `folder`, itself below /local/game. InvalidParameterValue when it leads elsewhere.
[[nodiscard]] Result<std::string> below_game_root(std::string_view path, std::string_view folder = kGameRoot);

/// Every `/local/game` in `text` that begins a path replaced by the real folder: for hosts without mount namespaces.
[[nodiscard]] std::string map_game_paths(std::string_view text, const std::filesystem::path& game_dir);

/// The other way round: a path of the real folder as the game would have named it in a mount namespace.
[[nodiscard]] std::string unmap_game_path(std::string_view path, const std::filesystem::path& game_dir);

}  // namespace gse::agent
