#include <algorithm>
#include <charconv>
#include <deque>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/addresses.h"
#include "base/match.h"
#include "config/config.h"
#include "config/keys.h"

namespace gse::config {
namespace {

constexpr std::uint64_t kFileBytesMax = 1 << 20;
constexpr std::size_t kListMax = 1'000;
constexpr std::size_t kTextMax = 4'096;
constexpr std::size_t kNameShown = 80;
constexpr std::size_t kLabelsMax = 64;  ///< what the link takes
constexpr std::size_t kValueShown = 200;
constexpr std::size_t kOverridesMax = 1'000;

std::unexpected<Error> wrong(std::string message) {
    return refuse(ErrorCode::InvalidParameterValue, std::move(message));
}

/// How the user wrote it, for messages.
std::string shown(const toml::node& node) {
    if (node.is_array()) return "a list";
    if (node.is_table()) return "a table";
    std::ostringstream out;
    node.visit([&](const auto& value) {
        if constexpr (toml::is_value<decltype(value)>) out << value;
    });
    return out.str().substr(0, kValueShown);
}

Result<std::string> read_text(const toml::node& node) {
    const auto* text = node.as_string();
    if (!text) return wrong("must be text in quotes");
    if (text->get().size() > kTextMax) return wrong(fmt::format("must be at most {} bytes long", kTextMax));
    if (text->get().find('\0') != std::string::npos) return wrong("must not contain a NUL byte");
    return text->get();
}

bool is_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const std::string_view host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
    if (!bracketed && host.find_first_of(":[]/, ") != std::string_view::npos) return false;
    std::uint32_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, status] = std::from_chars(text.data() + colon + 1, end, port);
    return status == std::errc{} && stop == end && port <= 65'535;
}

Result<std::string> read_address(const toml::node& node, const Address& slot) {
    const auto malformed = wrong(fmt::format("must be \"host:port\", for example \"127.0.0.1:8080\" or \"[::1]:0\"{}",
                                             slot.may_be_several ? ", or several of them with commas between" : ""));
    const auto text = read_text(node);
    if (!text) return malformed;
    if (text->empty() && slot.may_be_empty) return *text;
    for (const std::string& one : slot.may_be_several ? split_addresses(*text) : std::vector{*text})
        if (!is_address(one)) return malformed;
    return *text;
}

Result<std::uint64_t> read_whole(const toml::node& node, std::uint64_t min, std::uint64_t max) {
    const auto* number = node.as_integer();
    if (!number || number->get() < 0 || static_cast<std::uint64_t>(number->get()) < min ||
        static_cast<std::uint64_t>(number->get()) > max)
        return wrong(fmt::format("must be a whole number from {} to {}", min, max));
    return static_cast<std::uint64_t>(number->get());
}

Result<InstanceType> read_instance_type(const toml::table& row) {
    InstanceType type;
    for (const auto& [key, node] : row) {
        const std::string_view name = key.str();
        if (name == "name") {
            type.name = TRY(read_text(node));
        } else if (name == "type_name") {
            type.type_name = TRY(read_text(node));
        } else if (name == "cpu") {
            type.cpu = TRY(read_whole(node, 1, 100'000));
        } else if (name == "memory_gb") {
            type.memory_gb = TRY(read_whole(node, 1, 1'000'000));
        } else if (name == "network_card") {
            type.network_card = TRY(read_whole(node, 0, 1'000'000));
        } else {
            return wrong(
                fmt::format("has no field \"{}\"; the fields are name, type_name, cpu, memory_gb, network_card", name));
        }
    }
    if (type.name.empty() || type.cpu == 0 || type.memory_gb == 0)
        return wrong("needs name, cpu and memory_gb in every entry");
    return type;
}

Result<void> read_rate_profile(const toml::node& node, Rates& rates) {
    const auto word = read_text(node);
    if (!word || std::ranges::count(kRateProfiles, *word) == 0)
        return wrong("must be \"off\", \"gse-2019\", or a table of actions with their calls per second");
    rates.documented = *word == kRateProfiles[1];
    return {};
}

/// Whether there is such an action is known to those who serve them.
Result<void> read_rate(std::string_view action, const toml::node& node, Rates& rates) {
    const bool plain = !action.empty() && action.size() <= kNameShown && std::ranges::all_of(action, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
    if (!plain) return wrong(fmt::format("\"{}\" is no name of an action", action.substr(0, kNameShown)));
    const auto rate = read_whole(node, 0, 1'000'000);
    if (!rate) return wrong(fmt::format("{} {}", action, rate.error().message));
    rates.actions.insert_or_assign(std::string{action}, static_cast<std::uint32_t>(*rate));
    return {};
}

/// Reads `node` into the slot. The error says only what is allowed; the caller adds key and value.
Result<void> read_slot(const Slot& slot, const toml::node& node, Config& config) {
    return std::visit(
        Match{
            [&](const Flag& s) -> Result<void> {
                const auto* flag = node.as_boolean();
                if (!flag) return wrong("must be true or false");
                s.at(config) = flag->get();
                return {};
            },
            [&](const Text& s) -> Result<void> {
                s.at(config) = TRY(read_text(node));
                return {};
            },
            [&](const Address& s) -> Result<void> {
                s.at(config) = TRY(read_address(node, s));
                return {};
            },
            [&](const Duration& s) -> Result<void> {
                const auto range = [&] {
                    return fmt::format("from \"{}\" to \"{}\"", format_duration(s.min), format_duration(s.max));
                };
                const auto* text = node.as_string();
                if (!text)
                    return wrong(
                        fmt::format("must be a time with its unit in quotes, such as \"60s\" or \"5m\", {}", range()));
                const Millis value = TRY(parse_duration(text->get()));
                if (value < s.min || value > s.max) return wrong(fmt::format("must be {}", range()));
                s.at(config) = value;
                return {};
            },
            [&](const Size& s) -> Result<void> {
                const auto range = [&] {
                    return fmt::format("from \"{}\" to \"{}\"", format_size(s.min), format_size(s.max));
                };
                std::uint64_t value = 0;
                if (const auto* number = node.as_integer(); number && number->get() >= 0) {
                    value = static_cast<std::uint64_t>(number->get());
                } else if (const auto* text = node.as_string()) {
                    value = TRY(parse_size(text->get()));
                } else {
                    return wrong(fmt::format("must be a size such as \"64MiB\", {}", range()));
                }
                if (value < s.min || value > s.max) return wrong(fmt::format("must be {}", range()));
                s.at(config) = value;
                return {};
            },
            [&](const Count& s) -> Result<void> {
                const std::uint64_t value = TRY(read_whole(node, s.min, s.max));
                std::visit(
                    [&](const auto at) {
                        auto& member = at(config);
                        member = static_cast<std::remove_reference_t<decltype(member)>>(value);
                    },
                    s.at);
                return {};
            },
            [&](const Share& s) -> Result<void> {
                const auto value = node.value<double>();
                if (!node.is_number() || !value || !(*value >= s.min && *value <= s.max))
                    return wrong(fmt::format("must be a number from {} to {}", s.min, s.max));
                s.at(config) = *value;
                return {};
            },
            [&](const Choice& s) -> Result<void> {
                const auto* text = node.as_string();
                const auto word = text ? std::ranges::find(s.words, text->get()) : s.words.end();
                if (word == s.words.end())
                    return wrong(fmt::format("must be one of \"{}\"", fmt::join(s.words, "\", \"")));
                s.set(config, static_cast<std::size_t>(word - s.words.begin()));
                return {};
            },
            [&](const TextList& s) -> Result<void> {
                const auto* list = node.as_array();
                if (!list || list->size() < s.min || list->size() > kListMax)
                    return wrong(
                        fmt::format("must be a list of {} to {} texts, such as [\"one\", \"two\"]", s.min, kListMax));
                std::vector<std::string> texts;
                for (const toml::node& entry : *list) texts.push_back(TRY(read_text(entry)));
                s.at(config) = std::move(texts);
                return {};
            },
            [&](const InstanceTypes& s) -> Result<void> {
                const auto* list = node.as_array();
                if (!list || list->empty() || list->size() > kListMax)
                    return wrong(fmt::format(
                        "must be a list of 1 to {} tables with name, type_name, cpu, memory_gb, network_card",
                        kListMax));
                std::vector<InstanceType> types;
                for (const toml::node& entry : *list) {
                    const auto* row = entry.as_table();
                    if (!row) return wrong("must hold tables with name, type_name, cpu, memory_gb, network_card");
                    types.push_back(TRY(read_instance_type(*row)));
                    if (std::ranges::count(types, types.back().name, &InstanceType::name) > 1)
                        return wrong(fmt::format("names \"{}\" twice", types.back().name));
                }
                s.at(config) = std::move(types);
                return {};
            },
            [&](const RateTable& s) -> Result<void> {
                Rates& rates = s.at(config);
                const auto* table = node.as_table();
                if (!table) return read_rate_profile(node, rates);
                if (table->size() > kListMax) return wrong(fmt::format("must name at most {} actions", kListMax));
                for (const auto& [name, value] : *table)
                    TRY(name.str() == "profile" ? read_rate_profile(value, rates)
                                                : read_rate(name.str(), value, rates));
                return {};
            },
        },
        slot);
}

const Key* find_key(std::string_view name) {
    const auto key = std::ranges::find(keys(), name, &Key::name);
    return key == keys().end() ? nullptr : &*key;
}

bool is_table_name(std::string_view name) {
    return std::ranges::any_of(keys(), [name](const Key& key) {
        return key.name.size() > name.size() && key.name.starts_with(name) && key.name[name.size()] == '.';
    });
}

std::unexpected<Error> unknown(std::string_view name, std::string_view where) {
    const std::string_view seen = name.substr(0, kNameShown);
    return refuse(ErrorCode::UnknownParameter,
                  fmt::format("{}there is no key \"{}\"; the nearest is \"{}\" (gse config lists all)", where, seen,
                              nearest_key(seen)));
}

/// What is set, by key; a later setting replaces an earlier one. The nodes belong to the documents they came from.
struct Setting {
    const Key* key;
    const toml::node* node;
    std::string where;  ///< "gse.toml line 3: " or "--set: "
};
using SettingsByKey = std::map<std::string_view, Setting>;

Result<toml::table> parse_file(const std::filesystem::path& path) {
    std::error_code failure;
    if (!std::filesystem::is_regular_file(path, failure))
        return refuse(ErrorCode::InvalidParameter,
                      fmt::format("the config file {} does not exist or is no file", path.string()));
    if (std::filesystem::file_size(path, failure) > kFileBytesMax || failure)
        return refuse(ErrorCode::InvalidParameter,
                      fmt::format("the config file {} is larger than {}", path.string(), format_size(kFileBytesMax)));
    std::ifstream file{path};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (!file)
        return refuse(ErrorCode::InvalidParameter, fmt::format("the config file {} cannot be read", path.string()));
    toml::parse_result parsed = toml::parse(text, path.string());
    if (!parsed)
        return refuse(ErrorCode::InvalidParameter,
                      fmt::format("{} line {}: {}", path.string(), parsed.error().source().begin.line,
                                  parsed.error().description()));
    return std::move(parsed).table();
}

Result<void> collect(const toml::table& document, const std::string& path, SettingsByKey& settings) {
    const auto where = [&](const toml::node& node) {
        return fmt::format("{} line {}: ", path, node.source().begin.line);
    };
    const auto set = [&](std::string_view name, const toml::node& node) -> Result<void> {
        const Key* key = find_key(name);
        if (!key) return unknown(name, where(node));
        settings.insert_or_assign(key->name, Setting{key, &node, where(node)});
        return {};
    };
    // `table` is called `prefix`, with a dot at its end.
    const auto walk = [&](const auto& self, const toml::table& table, const std::string& prefix) -> Result<void> {
        for (const auto& [last, node] : table) {
            const std::string name = fmt::format("{}{}", prefix, last.str());
            const auto* inner = node.as_table();
            // A table of none of our names is judged by what stands in it, so that the nearest key is the meant one.
            if (!inner || find_key(name) || (inner->empty() && !is_table_name(name)))
                TRY(set(name, node));
            else
                TRY(self(self, *inner, name + "."));
        }
        return {};
    };
    return walk(walk, document, {});
}

/// True where `--set key=abc` means the text abc.
bool takes_bare_text(const Slot& slot) {
    return std::visit(Match{[](const Text&) { return true; }, [](const Address&) { return true; },
                            [](const Duration&) { return true; }, [](const Size&) { return true; },
                            [](const Choice&) { return true; }, [](const auto&) { return false; }},
                      slot);
}

/// `key=value` as a document `value = …`, so that its node looks like a file's.
Result<toml::table> parse_override(const Key& key, std::string_view value) {
    const bool quoted = value.starts_with('"') || value.starts_with('\'');
    const bool whole = !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
    if (takes_bare_text(key.slot) && !quoted && !(whole && std::holds_alternative<Size>(key.slot)))
        return toml::table{{"value", std::string{value}}};
    if (std::holds_alternative<RateTable>(key.slot) && std::ranges::count(kRateProfiles, value) > 0)
        return toml::table{{"value", std::string{value}}};
    // A line break would start another key.
    if (value.find('\n') == std::string_view::npos) {
        toml::parse_result parsed = toml::parse(fmt::format("value = {}", value));
        if (parsed) return std::move(parsed).table();
    }
    return toml::table{{"value", std::string{value}}};
}

/// What single keys cannot say about each other.
Result<void> check_together(const Config& config) {
    const Settings& s = config.settings;
    const auto ordered = [](std::string_view low, Millis a, std::string_view high, Millis b) -> Result<void> {
        if (a <= b) return {};
        return wrong(fmt::format("{} (\"{}\") must not be longer than {} (\"{}\")", low, format_duration(a), high,
                                 format_duration(b)));
    };
    TRY(ordered("timers.restart_backoff_min", s.timers.restart_backoff_min, "timers.restart_backoff_max",
                s.timers.restart_backoff_max));
    TRY(ordered("timers.heartbeat", s.timers.heartbeat, "timers.host_silent", s.timers.host_silent));
    TRY(ordered("timers.host_silent", s.timers.host_silent, "timers.host_lost", s.timers.host_lost));
    if (s.hosts.provider == HostProvider::Kubernetes && config.kubernetes.server.empty())
        return wrong(
            "hosts.provider is kubernetes: kubernetes.server must say how agents in Pods reach this server's "
            "link_listen, such as gse-server.gse.svc:7070");
    if (s.hosts.port_low > s.hosts.port_high)
        return wrong(fmt::format("hosts.port_low ({}) must not be above hosts.port_high ({})", s.hosts.port_low,
                                 s.hosts.port_high));
    const auto is_region = [&](const std::string& name) {
        return std::ranges::find(s.regions, name) != s.regions.end();
    };
    if (!is_region(s.default_region))
        return wrong(fmt::format("default_region = \"{}\" must be one of regions", s.default_region));
    if (!config.agent.region.empty() && !is_region(config.agent.region))
        return wrong(fmt::format("agent.region = \"{}\" must be one of regions, or empty", config.agent.region));
    for (const std::string& region : s.regions) {
        const bool plain =
            !region.empty() && region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
        if (!plain) return wrong(fmt::format("regions: \"{}\" may hold only a-z, 0-9 and -", region));
        if (std::ranges::count(s.regions, region) > 1)
            return wrong(fmt::format("regions: \"{}\" stands there twice", region));
    }
    if (s.uin.empty() || s.uin.size() > 20 || s.uin.find_first_not_of("0123456789") != std::string::npos)
        return wrong(fmt::format("uin = \"{}\" must be 1 to 20 digits", s.uin));
    if (config.data.empty()) return wrong("data must name a folder");
    if (config.agent.labels.size() > kLabelsMax) return wrong(fmt::format("agent.labels: at most {}", kLabelsMax));
    for (const std::string& label : config.agent.labels)
        if (const auto equals = label.find('=');
            equals == 0 || equals == std::string::npos || label.size() > kNameShown)
            return wrong(fmt::format("agent.labels: \"{}\" must be KEY=VALUE", label.substr(0, kNameShown)));
    if (config.http.tls_cert.empty() != config.http.tls_key.empty())
        return wrong("http.tls_cert and http.tls_key belong together: set both, or neither");
    if (config.journal.kind == JournalKind::Postgres && config.journal.postgres.empty())
        return wrong("journal.kind = \"postgres\" needs journal.postgres, the connection string of the database");
    const std::string& schema = config.journal.schema;
    if (schema.empty() || schema.size() > 40 || (schema[0] >= '0' && schema[0] <= '9') || schema.starts_with("pg_") ||
        schema.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos)
        return wrong(
            fmt::format("journal.schema = \"{}\" must be 1 to 40 of a-z, 0-9 and _, must not begin with a "
                        "digit or pg_",
                        schema.substr(0, kNameShown)));
    if (config.objects.kind == ObjectsKind::S3 &&
        (config.objects.s3.endpoint.empty() || config.objects.s3.bucket.empty()))
        return wrong("objects.kind = \"s3\" needs objects.s3.endpoint and objects.s3.bucket");
    return {};
}

}  // namespace

Result<Config> load(const std::optional<std::filesystem::path>& file, std::span<const std::string> overrides) {
    if (overrides.size() > kOverridesMax) return wrong(fmt::format("at most {} --set are read", kOverridesMax));
    std::deque<toml::table> documents;  // a deque: the nodes stay where they are
    SettingsByKey settings;
    if (file) {
        documents.push_back(TRY(parse_file(*file)));
        TRY(collect(documents.back(), file->string(), settings));
    }
    std::vector<std::pair<std::string, const toml::node*>> rates;  // of single actions
    for (const std::string& text : overrides) {
        const auto equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            return refuse(ErrorCode::InvalidParameter,
                          fmt::format("--set {}: must be key=value", text.substr(0, kNameShown)));
        const std::string_view name = std::string_view{text}.substr(0, equals);
        const bool is_rate = name.starts_with(kRatePrefix);
        const Key* key = find_key(is_rate ? kRatePrefix.substr(0, kRatePrefix.size() - 1) : name);
        if (!key) return unknown(name, "--set: ");
        documents.push_back(TRY(parse_override(*key, std::string_view{text}.substr(equals + 1))));
        if (is_rate)
            rates.emplace_back(name.substr(kRatePrefix.size()), documents.back().get("value"));
        else
            settings.insert_or_assign(key->name, Setting{key, documents.back().get("value"), "--set: "});
    }

    Config config;
    for (const Key& key : keys()) {  // in the table's order, so that a profile comes before what overrides it
        const auto setting = settings.find(key.name);
        if (setting == settings.end()) continue;
        const auto& [_, node, where] = setting->second;
        if (auto read = read_slot(key.slot, *node, config); !read) {
            const auto* text = std::get_if<Text>(&key.slot);
            const std::string value = text && text->secret ? "(hidden)" : shown(*node);
            return refuse(read.error().code,
                          fmt::format("{}{} = {}: {}", where, key.name, value, read.error().message));
        }
    }
    for (const auto& [action, node] : rates)
        if (const auto read = read_rate(action, *node, config.settings.limits.rates); !read)
            return refuse(read.error().code,
                          fmt::format("--set: {}{} = {}: {}", kRatePrefix, action, shown(*node), read.error().message));
    TRY(check_together(config));
    return config;
}

}  // namespace gse::config
