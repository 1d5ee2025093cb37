/// Figures as text, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "simulate/rehearsal.h"

namespace gse::simulate {

/// A policy and how it fared.
struct Outcome {
    std::string policy;
    Figures figures;
};

/// Names of columns, and a row of cells an outcome, as people read them.
[[nodiscard]] std::vector<std::string> report_head();
[[nodiscard]] std::vector<std::string> report_row(const Outcome& outcome);

/// One line with the names, one an outcome; RFC 4180.
[[nodiscard]] std::string to_csv(const std::vector<Outcome>& outcomes);
/// A list of objects; `Samples` has the picture's data.
[[nodiscard]] std::string to_json(const std::vector<Outcome>& outcomes);

/// Demand and ready processes over the time as two lines of `width` characters each, and a third where sessions were
/// refused; all outcomes on one scale.
[[nodiscard]] std::string to_drawing(const std::vector<Outcome>& outcomes, std::size_t width);

}  // namespace gse::simulate
