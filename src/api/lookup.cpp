#include "api/lookup.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/hex.h"

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

}  // namespace

Result<Slot> need_fleet(const Scope& scope, std::string_view fleet_id) {
    const Slot slot = scope.state().find_fleet(scope.region, fleet_id);
    if (slot == kNone || scope.state().at<core::Fleet>(slot).status == FleetStatus::Terminated)
        return not_found("Fleet", fleet_id, scope.region);
    return slot;
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
    for (const auto& key : tag_keys)
        if (std::none_of(own.begin(), own.end(), [&](const core::Tag& tag) { return tag.key == key; })) return false;
    return tags.empty() || std::any_of(tags.begin(), tags.end(), [&](const auto& wanted) {
               return std::any_of(own.begin(), own.end(), [&](const core::Tag& tag) {
                   return tag.key == wanted.first && tag.value == wanted.second;
               });
           });
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
                const auto colon = value.find(':');
                if (colon == std::string::npos)
                    return refuse(
                        ErrorCode::InvalidParameterValue,
                        fmt::format("Filters: '{}' is no \"key:value\" text for tag:key-value", value.substr(0, 100)));
                set.tags.emplace_back(value.substr(0, colon), value.substr(colon + 1));
            }
        } else if (filter.key == "tag:key") {
            // The model shows it without values; the key may also come as one.
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
    const auto refused = [] {
        return refuse(ErrorCode::InvalidParameterValue,
                      "NextToken is not one that this list gave; leave it out to start at the first page");
    };
    constexpr std::string_view kPrefix = "ntoken-";
    if (!token->starts_with(kPrefix)) return refused();
    const auto dash = token->find('-', kPrefix.size());
    if (dash == std::string::npos || dash == kPrefix.size() || dash - kPrefix.size() > 16) return refused();
    std::uint64_t position = 0;
    for (const char c : std::string_view(*token).substr(kPrefix.size(), dash - kPrefix.size())) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return refused();
        position = position * 16 + static_cast<std::uint64_t>(digit);
    }
    if (!equal_in_constant_time(std::string_view(*token).substr(dash + 1), token_mac(services, list, position)))
        return refused();
    return position;
}

std::vector<core::Tag> store_tags(const std::optional<std::vector<Tag>>& tags) {
    std::vector<core::Tag> out;
    if (tags)
        for (const Tag& tag : *tags) out.push_back({tag.key, tag.value});
    return out;
}

std::vector<Tag> show_tags(std::span<const core::Tag> tags) {
    std::vector<Tag> out;
    for (const core::Tag& tag : tags) out.push_back({tag.key, tag.value});
    return out;
}

}  // namespace gse::api
