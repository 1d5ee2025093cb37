/// Line graphs as SVG, for people.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace gse::bench {

struct Line {
    std::string name;
    std::vector<std::pair<double, double>> points;  ///< by rising x
};

struct Graph {
    std::string title;
    std::string x;  ///< what it counts, with its unit
    std::string y;
    std::vector<Line> lines;
};

/// Both axes begin at 0.
[[nodiscard]] std::string to_svg(const Graph& graph);
/// Writes `name`.svg into the folder, which is made if it is not there. Does nothing without a folder.
Result<void> draw(const std::filesystem::path& folder, const std::string& name, const Graph& graph);

}  // namespace gse::bench
