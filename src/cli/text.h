/// What commands print: tables for people, JSON for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gse::cli {

/// Columns as wide as their widest cell, two blanks between, no blanks at line ends. CJK counts two columns. Control
/// characters in cells, which a server or a player may have chosen, are shown as `?`.
class Table {
public:
    explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
    /// As many cells as the head has.
    void add(std::vector<std::string> row);
    [[nodiscard]] std::string text() const;

private:
    std::vector<std::vector<std::string>> rows_;
};

/// Valid JSON as a table: a row a value, with its path (`Alias.RoutingStrategy.Type`, `FleetIds.0`) before it. Texts
/// are shown without quotes, their escapes as they are.
std::string json_rows(std::string_view json);

/// Valid JSON with two blanks of indentation a level, values untouched. Empty objects and lists stay on one line.
std::string pretty_json(std::string_view json);

}  // namespace gse::cli
