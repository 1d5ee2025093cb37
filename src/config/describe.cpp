#include <fmt/format.h>

#include "base/match.h"
#include "config/config.h"
#include "config/keys.h"

namespace gse::config {
namespace {

/// A TOML basic string.
std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += fmt::format("\\{}", c);
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out + '"';
}

std::string show(const Slot& slot, Config& config) {
    return std::visit(
        Match{
            [&](const Flag& s) { return std::string{s.at(config) ? "true" : "false"}; },
            [&](const Text& s) { return s.secret ? std::string{"\"\""} : toml_text(s.at(config)); },
            [&](const Address& s) { return toml_text(s.at(config)); },
            [&](const Duration& s) { return toml_text(format_duration(s.at(config))); },
            [&](const Size& s) { return toml_text(format_size(s.at(config))); },
            [&](const Count& s) {
                return std::visit([&](const auto at) { return fmt::format("{}", at(config)); }, s.at);
            },
            [&](const Share& s) { return fmt::format("{}", s.at(config)); },
            [&](const Choice& s) { return toml_text(s.words[s.get(config)]); },
            [&](const TextList& s) {
                std::string out = "[\n";
                for (const std::string& text : s.at(config)) out += fmt::format("    {},\n", toml_text(text));
                return out + "]";
            },
            [&](const InstanceTypes& s) {
                std::string out = "[\n";
                for (const InstanceType& type : s.at(config))
                    out += fmt::format(
                        "    {{name = {}, type_name = {}, cpu = {}, memory_gb = {}, network_card = {}}},\n",
                        toml_text(type.name), toml_text(type.type_name), type.cpu, type.memory_gb, type.network_card);
                return out + "]";
            },
            [&](const RateTable& s) {
                const Rates& rates = s.at(config);
                std::string profile = toml_text(kRateProfiles[rates.documented ? 1 : 0]);
                if (rates.actions.empty()) return profile;
                std::string out = fmt::format("{{profile = {}", profile);
                for (const auto& [action, rate] : rates.actions) out += fmt::format(", {} = {}", action, rate);
                return out + "}";
            },
        },
        slot);
}

/// What may stand there, where the value alone does not tell.
std::string allowed(const Slot& slot) {
    return std::visit(
        Match{
            [](const Duration& s) { return fmt::format("{} to {}", format_duration(s.min), format_duration(s.max)); },
            [](const Size& s) { return fmt::format("{} to {}", format_size(s.min), format_size(s.max)); },
            [](const Count& s) { return fmt::format("{} to {}", s.min, s.max); },
            [](const Share& s) { return fmt::format("{} to {}", s.min, s.max); },
            [](const Choice& s) {
                std::string out;
                for (const std::string_view word : s.words) out += fmt::format("{}{}", out.empty() ? "" : " | ", word);
                return out;
            },
            [](const auto&) { return std::string{}; },
        },
        slot);
}

}  // namespace

std::string describe(const Config& config) {
    Config shown = config;
    Config defaults;
    std::string out = "# Every key of OpenGSE's configuration. A key can be overridden: --set timers.reservation=90s\n";
    std::string_view table;
    for (const Key& key : keys()) {
        const auto dot = key.name.rfind('.');
        if (dot != std::string_view::npos && key.name.substr(0, dot) != table) {
            table = key.name.substr(0, dot);
            out += fmt::format("\n[{}]\n", table);
        }
        const std::string value = show(key.slot, shown);
        const std::string default_value = show(key.slot, defaults);
        const std::string range = allowed(key.slot);
        out += fmt::format("\n# {}", key.meaning);
        if (!range.empty()) out += fmt::format(" ({})", range);
        if (value != default_value && !value.starts_with('[')) out += fmt::format("; default {}", default_value);
        out += fmt::format("\n{} = {}\n", dot == std::string_view::npos ? key.name : key.name.substr(dot + 1), value);
    }
    return out;
}

}  // namespace gse::config
