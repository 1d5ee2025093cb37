/// `./dev run`: the system of the demo, for trying things by hand.
#pragma once

#include <filesystem>

#include "deployment.h"
#include "show.h"

namespace gse::demo {

enum class Ports {
    Usual,  ///< 8080 and 5758 where they are free, so that addresses stay the same
    Any,
};

/// Starts `gse dev` on `data`, makes packages, fleets and alias if they are not there yet, prints where everything is
/// and what to try, and stays until Ctrl-C.
Result<void> stay(const Programs& programs, const std::filesystem::path& data, Ports ports, Show& show);

/// `~/.local/share/opengse/run`, or under $XDG_DATA_HOME.
[[nodiscard]] std::filesystem::path default_data_folder();

}  // namespace gse::demo
