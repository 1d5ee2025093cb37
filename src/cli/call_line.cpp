#include "cli/call_line.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/edit_distance.h"
#include "cli/text.h"
#include "codec/codec.h"

namespace gse::cli {
namespace {

std::string kind_of(const api::Field& field) {
    const std::string_view one = [&]() -> std::string_view {
        switch (field.kind) {
            case api::Kind::String: return "text";
            case api::Kind::Int64:
            case api::Kind::UInt64: return "integer";
            case api::Kind::Double: return "number";
            case api::Kind::Bool: return "true|false";
            case api::Kind::Object: return field.object->name;
        }
        return "";
    }();
    return field.list ? fmt::format("list of {}", one) : std::string{one};
}

std::unexpected<Error> usage(std::string message) { return refuse(ErrorCode::InvalidParameter, std::move(message)); }

std::unexpected<Error> no_such_action(std::string_view name) {
    const auto all = api::actions();
    const auto nearest = std::ranges::min_element(
        all, {}, [&](const api::Action& a) { return edit_distance(name.substr(0, 80), a.name); });
    return refuse(ErrorCode::InvalidAction,
                  fmt::format("there is no action \"{}\"; the nearest is {} (gse call --help lists all)",
                              name.substr(0, 80), nearest->name));
}

/// `1 to 100`, `at most 50 characters`, `A | B`; "" when there is nothing to say.
std::string limits_of(const api::Field& field) {
    if (!field.limits) return "";
    const api::Limits& l = *field.limits;
    std::vector<std::string> parts;
    if (!l.values.empty()) parts.push_back(fmt::format("{}", fmt::join(l.values, " | ")));
    if (!l.numbers.empty()) parts.push_back(fmt::format("{}", fmt::join(l.numbers, " | ")));
    if (l.has_min && l.has_max)
        parts.push_back(fmt::format("{} to {}", l.min, l.max));
    else if (l.has_min)
        parts.push_back(fmt::format("at least {}", l.min));
    else if (l.has_max)
        parts.push_back(fmt::format("at most {}", l.max));
    if (l.max_length != UINT32_MAX && l.values.empty())
        parts.push_back(
            fmt::format("{} to {} {}", l.min_length, l.max_length, l.length_in_bytes ? "bytes" : "characters"));
    if (field.list && l.max_items != UINT32_MAX)
        parts.push_back(fmt::format("{} to {} items", l.min_items, l.max_items));
    if (!l.required_if_field.empty())
        parts.push_back(fmt::format("required if {} is {}{}", l.required_if_field, l.required_if_not ? "not " : "",
                                    l.required_if_value));
    return fmt::format("{}", fmt::join(parts, "; "));
}

void describe_fields(const api::Type& type, const std::string& prefix, int depth, Table& table) {
    for (const api::Field& field : type.fields) {
        const std::string name = prefix + std::string{field.name} + (field.list ? ".0" : "");
        std::string limits = limits_of(field);
        if (!field.default_text.empty())
            limits += fmt::format("{}default {}", limits.empty() ? "" : "; ", field.default_text);
        table.add({"  --" + name, kind_of(field), field.required ? "required" : "", limits,
                   fmt::format("{}{}", field.text, field.extension ? " (extension)" : "")});
        if (field.object && depth < 3) describe_fields(*field.object, name + ".", depth + 1, table);
    }
}

}  // namespace

Result<CallLine> parse_call(std::span<const std::string> arguments) {
    CallLine line;
    std::vector<api::FlatPair> pairs;
    std::optional<std::string> json;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument == "-h" || argument == "--help") {
            line.help = true;
            continue;
        }
        if (!argument.starts_with("--")) {
            if (line.action) return usage(fmt::format("\"{}\" belongs to no parameter; write --Name VALUE", argument));
            line.action = api::find_action(argument);
            if (!line.action) return no_such_action(argument);
            continue;
        }
        std::string name = argument.substr(2);
        std::string value;
        if (const auto equals = name.find('='); equals != std::string::npos) {
            value = name.substr(equals + 1);
            name.resize(equals);
        } else if (i + 1 < arguments.size()) {
            value = arguments[++i];
        } else {
            return usage(fmt::format("{} needs a value", argument));
        }
        if (name.empty()) return usage("a parameter needs a name: --Name VALUE");
        if (name[0] >= 'A' && name[0] <= 'Z')
            pairs.emplace_back(std::move(name), std::move(value));
        else if (name == "endpoint")
            line.connection.endpoint = value;
        else if (name == "region")
            line.connection.region = value;
        else if (name == "profile")
            line.connection.profile = value;
        else if (name == "credentials")
            line.connection.credentials = value;
        else if (name == "ca")
            line.connection.ca = value;
        else if (name == "json")
            json = value;
        else if (name == "output" && (value == "json" || value == "table"))
            line.as_table = value == "table";
        else
            return usage(fmt::format("gse call knows no --{} {}; parameters of actions start with a capital letter",
                                     name, value));
    }
    if (line.help) return line;
    if (!line.action) return usage("which action? gse call --help lists all");
    if (json && !pairs.empty()) return usage("give the request either as --json or as parameters, not both");
    if (json == "-")
        line.from_stdin = true;
    else if (json)
        line.json = *json;
    else
        line.json = TRY(api::flat_to_json(*line.action->request, pairs));
    return line;
}

std::string call_help() {
    Table table{{"  action", "area", "what it does"}};
    for (const bool extension : {false, true})
        for (const api::Action& action : api::actions())
            if (action.extension == extension)
                table.add({fmt::format("  {}", action.name), std::string{action.area}, std::string{action.summary}});
    return "usage: gse call ACTION [--Parameter VALUE]… | --json TEXT|-\n\n"
           "Calls any action of the cloud API and prints what it answers as JSON.\n\n"
           "  gse call CreateAlias --Name stable --RoutingStrategy.Type SIMPLE --RoutingStrategy.FleetId fleet-…\n"
           "  gse call DescribeFleetAttributes --FleetIds.0 fleet-… --FleetIds.1 fleet-…\n"
           "  echo '{\"Limit\": 5}' | gse call ListAliases --json -\n"
           "  gse call DescribeUserQuotas --output table\n\n"
           "gse call ACTION --help lists the parameters of an action. Extensions, which the original service never "
           "had, come last.\n\n" +
           table.text();
}

std::string action_help(const api::Action& action) {
    std::string out =
        fmt::format("usage: gse call {} [--Parameter VALUE]… | --json TEXT|-\n\n{}.\n", action.name, action.summary);
    if (action.extension) out += "An extension of OpenGSE: the original service never had it.\n";
    if (action.request->fields.empty()) return out + "\nIt takes no parameters.\n";
    Table table{{"  parameter", "type", "", "range", ""}};
    describe_fields(*action.request, "", 0, table);
    out += "\n" + table.text();
    if (!action.errors.empty()) out += fmt::format("\nIt may answer: {}\n", fmt::join(action.errors, ", "));
    return out;
}

}  // namespace gse::cli
