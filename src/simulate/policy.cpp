#include "simulate/policy.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "simulate/wrong_input.h"

namespace gse::simulate {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::size_t kPoliciesMax = 20;
constexpr std::size_t kListMax = 100;
constexpr std::uint64_t kInstancesMax = 20'000;
constexpr std::uint64_t kProcessesOfHostMax = 10'000;  ///< two ports each
constexpr std::string_view kProtections[] = {"none", "time-limit", "full"};
constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::size_t line_of(const toml::node& node) { return node.source().begin.line; }

Result<std::int64_t> read_whole(const toml::node& node, std::int64_t min, std::int64_t max) {
    const auto* number = node.as_integer();
    if (!number || number->get() < min || number->get() > max)
        return wrong(fmt::format("must be a whole number from {} to {}", min, max));
    return number->get();
}
Result<double> read_number(const toml::node& node, double min, double max) {
    const auto number = node.value<double>();
    if (node.is_boolean() || node.is_string() || !number || !(*number >= min && *number <= max))
        return wrong(fmt::format("must be a number from {} to {}", min, max));
    return *number;
}
Result<bool> read_bool(const toml::node& node) {
    const auto* value = node.as_boolean();
    if (!value) return wrong("must be true or false");
    return value->get();
}
Result<std::string> read_word(const toml::node& node, std::span<const std::string_view> words) {
    const auto* text = node.as_string();
    if (!text || std::ranges::find(words, std::string_view(text->get())) == words.end())
        return wrong(fmt::format("must be one of \"{}\"", fmt::join(words, "\", \"")));
    return text->get();
}

// ------------------------------------------------------------------ the table of keys

using Read = Result<void> (*)(Policy&, const toml::node&);
struct Key {
    std::string_view name;
    std::string_view about;
    Read read;
};

template <auto Member, std::int64_t Min, std::int64_t Max>
Result<void> whole(Policy& policy, const toml::node& node) {
    policy.*Member = static_cast<std::uint64_t>(TRY(read_whole(node, Min, Max)));
    return {};
}
template <auto Member, int Max>
Result<void> seconds(Policy& policy, const toml::node& node) {
    policy.*Member = TRY(read_number(node, 0, Max));
    return {};
}
template <auto Member>
Result<void> yes_or_no(Policy& policy, const toml::node& node) {
    policy.*Member = TRY(read_bool(node));
    return {};
}
Result<void> read_protection(Policy& policy, const toml::node& node) {
    policy.protection = TRY(read_word(node, kProtections));
    return {};
}

constexpr Key kKeys[] = {
    {"processes", "game processes of an instance, each for one session at a time (10)",
     whole<&Policy::processes, 1, 5'000>},
    {"min", "fewest instances (1)", whole<&Policy::min, 0, kInstancesMax>},
    {"max", "most instances (20)", whole<&Policy::max, 1, kInstancesMax>},
    {"desired", "instances at the start (min); all the time with auto = false",
     whole<&Policy::desired, 0, kInstancesMax>},
    {"auto", "true: policies decide; false: desired alone (true)", yes_or_no<&Policy::automatic>},
    {"buffer", "percent of the sessions to keep free, 1 to 99 (no session buffer)", whole<&Policy::buffer, 1, 99>},
    {"free", "sessions that the buffer keeps free at least (0)", whole<&Policy::free, 0, 100'000>},
    {"keep_one", "of the buffer: an instance stays without any session (true)", yes_or_no<&Policy::keep_one>},
    {"cooldown", "minutes after a change before a rule acts or an instance goes, 3 to 30 (10)",
     whole<&Policy::cooldown, 3, 30>},
    {"cooldown_both", "growing waits for the cool-down too, as scaling.cooldown = \"both\" (false)",
     yes_or_no<&Policy::cooldown_both>},
    {"protection", "of sessions on an instance that goes: none, time-limit or full (none)", read_protection},
    {"protection_minutes", "of time-limit (60)", whole<&Policy::protection_minutes, 5, 1'440>},
    {"patience", "seconds that whoever asks waits in a queue, 1 to 600; 0: refused at once, without a queue (60)",
     whole<&Policy::patience, 0, 600>},
    {"players", "player sessions of each session, for rules that watch them (0)", whole<&Policy::players, 0, 1'000>},
    {"instance_start", "seconds until an instance has its package and starts processes (30)",
     seconds<&Policy::instance_start, 3'600>},
    {"process_start", "seconds from a process's launch to ProcessReady (10)", seconds<&Policy::process_start, 290>},
    {"session_start", "seconds from OnStartGameServerSession to ActivateGameServerSession (1)",
     seconds<&Policy::session_start, 290>},
    {"restart_process", "a process ends with its session, and another one is started (false)",
     yes_or_no<&Policy::restart_process>},
    {"drain_grace", "seconds in which an instance that goes can be taken back, timers.drain_grace (0)",
     seconds<&Policy::drain_grace, 86'400>},
    {"hosts", "machines (twice as many as the most instances need)", whole<&Policy::hosts, 1, 20'000>},
    {"host_instances", "instances that a machine offers (10)", whole<&Policy::host_instances, 1, 1'000>},
};

const Key* find_key(std::string_view name) {
    const auto found = std::ranges::find(kKeys, name, &Key::name);
    return found == std::end(kKeys) ? nullptr : found;
}

/// A refusal of a value, with its place.
template <class T>
Result<T> placed(Result<T> result, const toml::node& node, std::string_view name) {
    if (result) return result;
    return wrong(fmt::format("line {}: {} {}", line_of(node), name, result.error().message));
}

// ------------------------------------------------------------------ rules and timers

std::unexpected<Error> unknown(const toml::node& node, std::string_view what, std::string_view name,
                               std::string_view known) {
    return wrong(
        fmt::format("line {}: {} has no key '{}'; there are {}", line_of(node), what, name.substr(0, kShown), known));
}

Result<Rule> read_rule(const toml::table& table) {
    Rule rule{.line = line_of(table)};
    bool has_metric = false, has_comparison = false, has_threshold = false, has_adjustment = false, has_by = false;
    for (const auto& [key, node] : table) {
        const std::string_view name = key.str();
        const auto text = [&](std::string& into, bool& has) -> Result<void> {
            const auto* value = node.as_string();
            if (!value) return wrong(fmt::format("line {}: {} must be text in quotes", line_of(node), name));
            into = value->get();
            has = true;
            return {};
        };
        if (name == "metric") {
            TRY(text(rule.metric, has_metric));
        } else if (name == "operator") {
            TRY(text(rule.comparison, has_comparison));
        } else if (name == "adjustment") {
            TRY(text(rule.adjustment, has_adjustment));
        } else if (name == "threshold") {
            rule.threshold = TRY(placed(read_number(node, -1e9, 1e9), node, name));
            has_threshold = true;
        } else if (name == "minutes") {
            rule.minutes = TRY(placed(read_whole(node, 1, 10'000), node, name));
        } else if (name == "by") {
            rule.by = TRY(placed(read_whole(node, -1'000'000, 1'000'000), node, name));
            has_by = true;
        } else {
            return unknown(node, "a rule", name, "metric, operator, threshold, minutes, adjustment and by");
        }
    }
    if (!has_metric || !has_comparison || !has_threshold || !has_adjustment || !has_by)
        return wrong(fmt::format("line {}: a rule needs metric, operator, threshold, adjustment and by", rule.line));
    if (rule.metric == "AvailableCustomCount" || rule.metric == "PercentAvailableCustomCount")
        return wrong(
            fmt::format("line {}: games that are simulated report no custom data, so that no rule can watch {}",
                        rule.line, rule.metric));
    return rule;
}

Result<std::string> read_time_of_day(const toml::node& node) {
    const auto* text = node.as_string();
    const auto digit = [&](std::size_t i) { return text->get()[i] >= '0' && text->get()[i] <= '9'; };
    const bool good = text && text->get().size() == 5 && digit(0) && digit(1) && text->get()[2] == ':' && digit(3) &&
                      digit(4) && text->get().substr(0, 2) < "24" && text->get().substr(3) < "60";
    if (!good) return wrong("must be a time of day, as \"18:00\"");
    return text->get();
}

Result<std::vector<std::int64_t>> read_days(const toml::node& node) {
    const auto* list = node.as_array();
    const auto refused = wrong(fmt::format("must be a list of days, of \"{}\"", fmt::join(kDays, "\", \"")));
    if (!list || list->empty() || list->size() > std::size(kDays)) return refused;
    std::vector<std::int64_t> days;
    for (const auto& one : *list) {
        const auto* text = one.as_string();
        const auto found = text ? std::ranges::find(kDays, std::string_view(text->get())) : std::end(kDays);
        if (found == std::end(kDays)) return refused;
        days.push_back(found - std::begin(kDays) + 1);
    }
    return days;
}

Result<Timer> read_timer(const toml::table& table) {
    Timer timer{.line = line_of(table)};
    for (const auto& [key, node] : table) {
        const std::string_view name = key.str();
        const auto number = [&](std::optional<std::int64_t>& into, std::int64_t min, std::int64_t max) -> Result<void> {
            into = TRY(placed(read_whole(node, min, max), node, name));
            return {};
        };
        const auto flag = [&](std::optional<bool>& into) -> Result<void> {
            into = TRY(placed(read_bool(node), node, name));
            return {};
        };
        if (name == "at")
            timer.at = TRY(placed(read_time_of_day(node), node, name));
        else if (name == "days")
            timer.days = TRY(placed(read_days(node), node, name));
        else if (name == "min")
            TRY(number(timer.min, 0, kInstancesMax));
        else if (name == "max")
            TRY(number(timer.max, 1, kInstancesMax));
        else if (name == "desired")
            TRY(number(timer.desired, 0, kInstancesMax));
        else if (name == "cooldown")
            TRY(number(timer.cooldown, 1, 30));
        else if (name == "buffer")
            TRY(number(timer.buffer, 1, 99));
        else if (name == "free")
            TRY(number(timer.free, 0, 100'000));
        else if (name == "keep_one")
            TRY(flag(timer.keep_one));
        else if (name == "auto")
            TRY(flag(timer.automatic));
        else
            return unknown(node, "a timer", name,
                           "at, days, min, max, desired, cooldown, auto, buffer, free, keep_one");
    }
    if (timer.at.empty()) return wrong(fmt::format("line {}: a timer needs at, as \"18:00\"", timer.line));
    if (!timer.buffer && (timer.free || timer.keep_one))
        return wrong(fmt::format("line {}: free and keep_one belong to a buffer; add buffer", timer.line));
    return timer;
}

template <class T>
Result<void> read_list(const toml::node& node, std::string_view name, Result<T> (*read)(const toml::table&),
                       std::vector<T>& out) {
    const auto* list = node.as_array();
    if (!list || list->size() > kListMax)
        return wrong(fmt::format("line {}: {} must be a list of at most {} tables", line_of(node), name, kListMax));
    out.clear();
    for (const auto& one : *list) {
        const auto* table = one.as_table();
        if (!table) return wrong(fmt::format("line {}: {} must be a list of tables", line_of(one), name));
        out.push_back(TRY(read(*table)));
    }
    return {};
}

// ------------------------------------------------------------------ files

Result<void> read_into(Policy& policy, const toml::table& table, bool named) {
    for (const auto& [key, node] : table) {
        const std::string_view name = key.str();
        if (named && name == "name") {
            const auto* text = node.as_string();
            if (!text || text->get().empty() || text->get().size() > kShown ||
                std::ranges::any_of(text->get(), [](char c) { return static_cast<unsigned char>(c) < ' '; }))
                return wrong(fmt::format("line {}: name must be text of 1 to {} bytes", line_of(node), kShown));
            policy.name = text->get();
        } else if (name == "rules") {
            TRY(read_list(node, name, &read_rule, policy.rules));
        } else if (name == "timers") {
            TRY(read_list(node, name, &read_timer, policy.timers));
        } else if (const Key* known = find_key(name)) {
            TRY(placed(known->read(policy, node), node, name));
        } else {
            std::vector<std::string_view> names{"rules", "timers"};
            for (const Key& one : kKeys) names.push_back(one.name);
            return unknown(node, named ? "a policy" : "[fleet]", name, fmt::format("{}", fmt::join(names, ", ")));
        }
    }
    return {};
}

}  // namespace

std::uint64_t Policy::most_instances() const {
    std::uint64_t most = max;
    for (const Timer& timer : timers)
        most = std::max(most, static_cast<std::uint64_t>(std::max(timer.max.value_or(0), timer.min.value_or(0))));
    return most;
}

std::uint64_t Policy::host_count() const {
    // As many again: an instance that goes holds its room until its games have ended.
    return hosts > 0 ? hosts : (most_instances() + host_instances - 1) / host_instances * 2;
}

std::span<const PolicyKey> policy_keys() {
    static const std::vector<PolicyKey> keys = [] {
        std::vector<PolicyKey> all;
        for (const Key& key : kKeys)
            all.push_back({key.name, key.about, [&key](Policy& policy, std::string_view value) -> Result<void> {
                               auto parsed = toml::parse(fmt::format("v = {}", value));
                               if (!parsed) parsed = toml::parse(fmt::format("v = \"{}\"", value));
                               if (!parsed || parsed.table().size() != 1)
                                   return wrong(fmt::format("'{}' is no value", value.substr(0, kShown)));
                               return key.read(policy, *parsed.table().get("v"));
                           }});
        return all;
    }();
    return keys;
}

Result<void> check_policy(const Policy& policy) {
    const auto bad = [&](std::string_view what) { return wrong(fmt::format("policy '{}': {}", policy.name, what)); };
    if (policy.min > policy.max) return bad(fmt::format("min {} is above max {}", policy.min, policy.max));
    if (policy.desired && (*policy.desired < policy.min || *policy.desired > policy.max))
        return bad(fmt::format("desired {} is outside of min {} and max {}", *policy.desired, policy.min, policy.max));
    if (!policy.buffer && (policy.free > 0 || !policy.keep_one))
        return bad("free and keep_one belong to the session buffer; add buffer");
    if (policy.processes * policy.host_instances > kProcessesOfHostMax)
        return bad(fmt::format("a machine has ports for {} processes; processes · host_instances is {}",
                               kProcessesOfHostMax, policy.processes * policy.host_instances));
    if (policy.most_instances() * policy.processes > 200'000)
        return bad(
            fmt::format("{} instances of {} processes are more than the 200,000 processes that are simulated; "
                        "divide the curve and the fleet by ten",
                        policy.most_instances(), policy.processes));
    const bool watches_players =
        std::ranges::any_of(policy.rules, [](const Rule& rule) { return rule.metric == "CurrentPlayerSessions"; });
    if (watches_players && policy.players == 0)
        return bad("a rule watches CurrentPlayerSessions; say how many players a session has, with players");
    return {};
}

Result<std::vector<Policy>> read_policies(std::string_view text) {
    if (text.size() > kFileBytesMax) return wrong(fmt::format("it has more than {} bytes", kFileBytesMax));
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed)
        return wrong(fmt::format("line {}: {}", parsed.error().source().begin.line, parsed.error().description()));
    Policy common;
    const toml::array* list = nullptr;
    for (const auto& [key, node] : parsed.table()) {
        if (key.str() == "fleet" && node.is_table()) {
            TRY(read_into(common, *node.as_table(), false));
        } else if (key.str() == "policy" && node.is_array_of_tables()) {
            list = node.as_array();
        } else {
            return unknown(node, "the file", key.str(), "[fleet] and [[policy]]");
        }
    }
    if (!list || list->empty() || list->size() > kPoliciesMax)
        return wrong(fmt::format("there must be 1 to {} tables [[policy]]", kPoliciesMax));
    std::vector<Policy> policies;
    std::set<std::string> names;
    for (const auto& node : *list) {
        Policy policy = common;
        policy.name.clear();
        TRY(read_into(policy, *node.as_table(), true));
        if (policy.name.empty()) return wrong(fmt::format("line {}: a policy needs a name", line_of(node)));
        if (!names.insert(policy.name).second)
            return wrong(fmt::format("line {}: there is another policy '{}'", line_of(node), policy.name));
        policies.push_back(std::move(policy));
    }
    return policies;
}

}  // namespace gse::simulate
