#include "api/lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/base64.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "core/fleets.h"

namespace gse::api {
namespace {

using core::kNone;
using core::Slot;

std::unexpected<Error> not_found(std::string_view what, std::string_view id, std::string_view region) {
    return refuse(ErrorCode::NotFound,
                  fmt::format("{} '{}' does not exist in region {}", what, id.substr(0, 200), region));
}

std::string token_mac(const Services& services, std::string_view list, std::uint64_t position) {
    return to_hex(hmac_sha256(services.token_secret, fmt::format("next-token/{}/{}", list, position))).substr(0, 20);
}
std::string token_mac(const Services& services, std::string_view list, const SortedPosition& position) {
    return to_hex(hmac_sha256(services.token_secret,
                              fmt::format("next-token/sorted/{}/{}/{}", list, position.order, position.key)))
        .substr(0, 20);
}

constexpr std::string_view kTokenPrefix = "ntoken-";

/// Lower-case hexadecimal digits, 1 to 16.
std::optional<std::uint64_t> read_position(std::string_view digits) {
    if (digits.empty() || digits.size() > 16) return std::nullopt;
    std::uint64_t position = 0;
    for (const char c : digits) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return std::nullopt;
        position = position * 16 + static_cast<std::uint64_t>(digit);
    }
    return position;
}

std::unexpected<Error> foreign_token() {
    return refuse(ErrorCode::InvalidParameterValue,
                  "NextToken is not one that this list gave; leave it out to start at the first page");
}

}  // namespace

Result<Slot> need_fleet(const Scope& scope, std::string_view fleet_id) {
    const Slot slot = scope.state().find_fleet(scope.region, fleet_id);
    if (slot == kNone || scope.state().at<core::Fleet>(slot).status == FleetStatus::Terminated)
        return not_found("Fleet", fleet_id, scope.region);
    return slot;
}

Result<Slot> need_living_fleet(const Scope& scope, std::string_view fleet_id) {
    const Slot slot = TRY(need_fleet(scope, fleet_id));
    const core::Fleet& fleet = scope.state().at<core::Fleet>(slot);
    if (fleet.status != FleetStatus::Deleting) return slot;
    return refuse(ErrorCode::Unavailable, fmt::format("Fleet {} is {}; nothing about it can be changed any more",
                                                      fleet.id, to_text(fleet.status)));
}

std::string new_timer_id(const Scope& scope) {
    for (;;) {
        std::string id = fmt::format("timerId-{}", scope.step.rng.text(8));
        if (scope.state().find_timer(id) == kNone) return id;
    }
}

Result<void> check_instance_quota(const Scope& scope, Slot fleet, std::uint64_t max) {
    const std::uint64_t quota = scope.step.settings().limits.instances_per_region;
    const std::uint64_t others = core::sum_of_maxima(scope.state(), scope.region, fleet);
    // Any number may be asked for, also one that overflows the sum.
    const std::uint64_t sum = others + std::min(max, UINT64_MAX - others);
    if (sum <= quota) return {};
    return refuse(ErrorCode::InstanceLimitExceeded,
                  fmt::format("The maxima of all fleets in region {} would add up to {} instances; the quota is {}. "
                              "Lower the MaxSize of another fleet, or raise limits.instances_per_region",
                              scope.region, sum, quota));
}

Result<Slot> need_alias(const Scope& scope, std::string_view alias_id) {
    const Slot slot = scope.state().find_alias(scope.region, alias_id);
    if (slot == kNone) return not_found("Alias", alias_id, scope.region);
    return slot;
}

Result<Slot> need_asset(const Scope& scope, std::string_view asset_id) {
    const Slot slot = scope.state().find_asset(scope.region, asset_id);
    if (slot == kNone) return not_found("Asset", asset_id, scope.region);
    return slot;
}

Result<Slot> need_queue(const Scope& scope, std::string_view name) {
    const Slot slot = scope.state().find_queue(scope.region, name);
    if (slot == kNone) return not_found("Queue", name, scope.region);
    return slot;
}

Result<Slot> need_placement(const Scope& scope, std::string_view placement_id) {
    const Slot slot = scope.state().find_placement(scope.region, placement_id);
    if (slot == kNone) return not_found("Placement", placement_id, scope.region);
    return slot;
}

Result<Slot> need_instance(const Scope& scope, std::string_view fleet_id, std::string_view instance_id) {
    const Slot fleet = TRY(need_fleet(scope, fleet_id));
    const Slot slot = scope.state().find_instance(instance_id);
    if (slot != kNone && scope.state().at<core::Instance>(slot).fleet == fleet) return slot;
    return refuse(ErrorCode::NotFound, fmt::format("Fleet {} has no instance '{}'; DescribeInstances lists them",
                                                   fleet_id.substr(0, 200), instance_id.substr(0, 200)));
}

Result<Slot> need_process(const Scope& scope, std::string_view process_id) {
    const core::State& state = scope.state();
    const Slot slot = state.find_process(process_id);
    if (slot == kNone ||
        state.at<core::Fleet>(state.at<core::Instance>(state.at<core::Process>(slot).instance).fleet).region !=
            scope.region)
        return not_found("Process", process_id, scope.region);
    return slot;
}

Result<Slot> need_session(const Scope& scope, std::string_view session_id) {
    const Slot slot = scope.state().find_session(session_id);
    if (slot == kNone ||
        scope.state().at<core::Fleet>(scope.state().at<core::GameSession>(slot).fleet).region != scope.region)
        return not_found("Game server session", session_id, scope.region);
    return slot;
}

Result<Slot> resolve_alias(const Scope& scope, std::string_view alias_id) {
    const core::Alias& alias = scope.state().at<core::Alias>(TRY(need_alias(scope, alias_id)));
    if (alias.type == AliasType::Terminal) return refuse(ErrorCode::Unavailable, alias.message);
    const Slot fleet = scope.state().find_fleet(scope.region, alias.fleet_id);
    if (fleet == kNone) return not_found("Fleet", alias.fleet_id, scope.region);
    return fleet;
}

Result<Slot> fleet_or_alias(const Scope& scope, const std::optional<std::string>& fleet_id,
                            const std::optional<std::string>& alias_id) {
    if (fleet_id && !fleet_id->empty()) return need_fleet(scope, *fleet_id);
    if (alias_id && !alias_id->empty()) return resolve_alias(scope, *alias_id);
    return refuse(ErrorCode::MissingParameter, "FleetId or AliasId is required");
}

bool FilterSet::matches(std::string_view name, std::string_view id, std::span<const core::Tag> own) const {
    const auto holds = [](const std::vector<std::string>& list, std::string_view value) {
        return std::find(list.begin(), list.end(), value) != list.end();
    };
    if (!names.empty() && !holds(names, name)) return false;
    if (!ids.empty() && !holds(ids, id)) return false;
    if (tagged && own.empty()) return false;
    for (const auto& key : tag_keys)
        if (std::none_of(own.begin(), own.end(), [&](const core::Tag& tag) { return tag.key == key; })) return false;
    return tags.empty() || std::any_of(own.begin(), own.end(),
                                       [&](const core::Tag& tag) { return holds(tags, tag.key + ":" + tag.value); });
}

Result<FilterSet> read_filters(const std::optional<std::vector<Filter>>& filters, bool with_id, bool many_names) {
    FilterSet set;
    if (!filters) return set;
    for (const Filter& filter : *filters) {
        const std::vector<std::string> values = filter.values.value_or(std::vector<std::string>{});
        const auto one_value = [&]() -> Result<std::string> {
            if (values.size() != 1)
                return refuse(ErrorCode::InvalidParameterValue,
                              fmt::format("Filters: {} takes exactly one value", filter.key));
            return values.front();
        };
        if (filter.key == "resource:name" && many_names) {
            set.names.insert(set.names.end(), values.begin(), values.end());
        } else if (filter.key == "resource:name") {
            set.names.push_back(TRY(one_value()));
        } else if (filter.key == "resource:resourceId" && with_id) {
            set.ids.push_back(TRY(one_value()));
        } else if (filter.key == "tag:key-value") {
            for (const auto& value : values) {
                if (!value.contains(':'))
                    return refuse(
                        ErrorCode::InvalidParameterValue,
                        fmt::format("Filters: '{}' is no \"key:value\" text for tag:key-value", value.substr(0, 100)));
                set.tags.push_back(value);
            }
        } else if (filter.key == "tag:key") {
            // The model shows it without values; the key may also come as one.
            set.tagged = true;
            for (const auto& value : values) set.tag_keys.push_back(value);
        } else {
            return refuse(
                ErrorCode::InvalidParameterValue,
                fmt::format(
                    "Filters: '{}' is no filter of this action; it knows resource:name, {}tag:key and tag:key-value",
                    filter.key.substr(0, 100), with_id ? "resource:resourceId, " : ""));
        }
    }
    return set;
}

std::string make_token(const Services& services, std::string_view list, std::uint64_t position) {
    return fmt::format("ntoken-{:x}-{}", position, token_mac(services, list, position));
}

Result<std::uint64_t> read_token(const Services& services, std::string_view list,
                                 const std::optional<std::string>& token) {
    if (!token || token->empty()) return 0;
    if (!token->starts_with(kTokenPrefix)) return foreign_token();
    const auto dash = token->find('-', kTokenPrefix.size());
    if (dash == std::string::npos) return foreign_token();
    const auto position =
        read_position(std::string_view(*token).substr(kTokenPrefix.size(), dash - kTokenPrefix.size()));
    if (!position ||
        !equal_in_constant_time(std::string_view(*token).substr(dash + 1), token_mac(services, list, *position)))
        return foreign_token();
    return *position;
}

std::string make_token(const Services& services, std::string_view list, const SortedPosition& position) {
    return fmt::format("{}{:x}.{}.{}", kTokenPrefix, position.order,
                       base64url_encode(std::as_bytes(std::span(position.key))), token_mac(services, list, position));
}

Result<std::optional<SortedPosition>> read_sorted_token(const Services& services, std::string_view list,
                                                        const std::optional<std::string>& token) {
    if (!token || token->empty()) return std::nullopt;
    if (!token->starts_with(kTokenPrefix)) return foreign_token();
    const std::string_view rest = std::string_view(*token).substr(kTokenPrefix.size());
    const auto first = rest.find('.');
    const auto second = first == std::string_view::npos ? first : rest.find('.', first + 1);
    if (second == std::string_view::npos) return foreign_token();
    const auto order = read_position(rest.substr(0, first));
    const auto key = base64url_decode(rest.substr(first + 1, second - first - 1));
    if (!order || !key) return foreign_token();
    SortedPosition position{*order, *key};
    if (!equal_in_constant_time(rest.substr(second + 1), token_mac(services, list, position))) return foreign_token();
    return position;
}

Arn split_arn(const Settings& settings, std::string_view arn) {
    const auto wrong = [](std::string_view what) { return Arn{.region = {}, .kind = {}, .id = {}, .wrong = what}; };
    std::array<std::string_view, 6> parts;
    std::string_view rest = arn;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto colon = i + 1 == parts.size() ? std::string_view::npos : rest.find(':');
        if (colon == std::string_view::npos && i + 1 != parts.size()) return wrong("is incomplete");
        parts[i] = rest.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
    }
    const auto& [qcs, empty, service, region, account, resource] = parts;
    if (qcs != "qcs" || !empty.empty() || service != "gse") return wrong("does not begin with qcs::gse:");
    if (std::find(settings.regions.begin(), settings.regions.end(), region) == settings.regions.end())
        return wrong("names a region that this server does not have");
    if (account != "uin/" + settings.uin) return wrong("names another account");
    const auto slash = std::min(resource.find('/'), resource.size());
    return {.region = region,
            .kind = resource.substr(0, slash),
            .id = resource.substr(std::min(slash + 1, resource.size())),
            .wrong = {}};
}

Result<std::vector<core::Tag>> store_tags(const std::optional<std::vector<Tag>>& tags) {
    std::vector<core::Tag> out;
    std::set<std::string_view> seen;
    if (tags)
        for (const Tag& tag : *tags) {
            if (!seen.insert(tag.key).second)
                return refuse(ErrorCode::InvalidParameterValue,
                              fmt::format("Tags names the key '{}' twice", tag.key.substr(0, 100)));
            out.push_back({tag.key, tag.value});
        }
    return out;
}

std::vector<Tag> show_tags(std::span<const core::Tag> tags) {
    std::vector<Tag> out;
    for (const core::Tag& tag : tags) out.push_back({tag.key, tag.value});
    return out;
}

std::vector<core::GameProperty> store_properties(const std::optional<std::vector<GameProperty>>& properties) {
    std::vector<core::GameProperty> out;
    if (properties)
        for (const GameProperty& property : *properties) out.push_back({property.key, property.value});
    return out;
}

std::vector<GameProperty> show_properties(std::span<const core::GameProperty> properties) {
    std::vector<GameProperty> out;
    for (const core::GameProperty& property : properties) out.push_back({property.key, property.value});
    return out;
}

}  // namespace gse::api
