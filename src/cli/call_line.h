/// `gse call <Action> …`: one command for every action of the API model.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "cli/connection.h"
#include "codec/describe.h"

namespace gse::cli {

struct CallLine {
    const api::Action* action = nullptr;  ///< null with help: the list of actions
    std::string json;                     ///< the request, validated; or, with from_stdin, empty
    bool from_stdin = false;              ///< --json -: the request is read from standard input
    bool help = false;
    bool as_table = false;  ///< --output table: a row a value, instead of JSON
    ConnectionFlags connection;
};

/// Parameters start with a capital letter (`--Name v`, `--Nested.Field v`, `--List.0 v`, `--Flag=true`), flags of the
/// program with a small one (`--endpoint`, `--region`, `--profile`, `--credentials`, `--ca`, `--json TEXT|-`,
/// `--output`). Errors name the parameter or the nearest action.
Result<CallLine> parse_call(std::span<const std::string> arguments);

/// What `gse call --help` and `gse call <Action> --help` print.
std::string call_help();
std::string action_help(const api::Action& action);

}  // namespace gse::cli
