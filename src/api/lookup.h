/// From the ids in requests to records, with the right refusal when there is none.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/actions.h"

namespace gse::api {

/// NotFound naming the id. A fleet that was deleted is not found.
Result<core::Slot> need_fleet(const Scope& scope, std::string_view fleet_id);
Result<core::Slot> need_alias(const Scope& scope, std::string_view alias_id);
Result<core::Slot> need_asset(const Scope& scope, std::string_view asset_id);
/// By name.
Result<core::Slot> need_queue(const Scope& scope, std::string_view name);
Result<core::Slot> need_placement(const Scope& scope, std::string_view placement_id);
/// A fleet that may still be changed: Unavailable when it is being deleted.
Result<core::Slot> need_living_fleet(const Scope& scope, std::string_view fleet_id);
/// Of that fleet.
Result<core::Slot> need_instance(const Scope& scope, std::string_view fleet_id, std::string_view instance_id);
/// Of the caller's region.
Result<core::Slot> need_process(const Scope& scope, std::string_view process_id);
/// Of the caller's region.
Result<core::Slot> need_session(const Scope& scope, std::string_view session_id);

/// The fleet an alias stands for now. A terminal alias: Unavailable with its message, verbatim.
Result<core::Slot> resolve_alias(const Scope& scope, std::string_view alias_id);
/// FleetId wins over AliasId; MissingParameter when neither is given.
Result<core::Slot> fleet_or_alias(const Scope& scope, const std::optional<std::string>& fleet_id,
                                  const std::optional<std::string>& alias_id);

/// Filters of list actions: resource:name, resource:resourceId, tag:key, tag:key-value. `with_id` says whether the
/// action knows resource:resourceId, `many_names` whether resource:name takes several. An unknown key is
/// InvalidParameterValue.
struct FilterSet {
    std::vector<std::string> names;
    std::vector<std::string> ids;
    std::vector<std::string> tag_keys;
    bool tagged = false;  ///< bears a tag, whatever its key
    std::vector<std::string> tags;  ///< key:value; both may hold colons

    [[nodiscard]] bool matches(std::string_view name, std::string_view id, std::span<const core::Tag> own) const;
};
Result<FilterSet> read_filters(const std::optional<std::vector<Filter>>& filters, bool with_id,
                               bool many_names = false);

/// Of a timed scaling policy.
std::string new_timer_id(const Scope& scope);

/// InstanceLimitExceeded when the maxima of the region's fleets, `fleet` with `max`, add up to more than its quota.
/// kNone: a fleet that is to come, or several with `max` together.
Result<void> check_instance_quota(const Scope& scope, core::Slot fleet, std::uint64_t max);

/// The part [offset, offset + limit) of a list.
template <class T>
std::vector<T> page(std::vector<T> all, std::uint64_t offset, std::uint64_t limit) {
    if (offset >= all.size()) return {};
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(offset));
    if (all.size() > limit) all.resize(limit);
    return all;
}

/// `ntoken-…`: a position in a list, signed, so that a made-up one is refused. `list` names what is listed.
[[nodiscard]] std::string make_token(const Services& services, std::string_view list, std::uint64_t position);
Result<std::uint64_t> read_token(const Services& services, std::string_view list,
                                 const std::optional<std::string>& token);
/// The same for a list that is sorted by `key`: the position is the last one's key and, among equals, its order.
struct SortedPosition {
    std::uint64_t order = 0;
    std::string key;  ///< at most kSortKeyMax bytes
};
inline constexpr std::size_t kSortKeyMax = 256;
[[nodiscard]] std::string make_token(const Services& services, std::string_view list, const SortedPosition& position);
Result<std::optional<SortedPosition>> read_sorted_token(const Services& services, std::string_view list,
                                                        const std::optional<std::string>& token);

/// `qcs::gse:<region>:uin/<uin>:<kind>/<id>`; views into the text. `wrong` says what is, else it is empty.
struct Arn {
    std::string_view region, kind, id;
    std::string_view wrong;
};
[[nodiscard]] Arn split_arn(const Settings& settings, std::string_view arn);

/// InvalidParameterValue when a key stands there twice.
Result<std::vector<core::Tag>> store_tags(const std::optional<std::vector<Tag>>& tags);
std::vector<Tag> show_tags(std::span<const core::Tag> tags);
std::vector<core::GameProperty> store_properties(const std::optional<std::vector<GameProperty>>& properties);
std::vector<GameProperty> show_properties(std::span<const core::GameProperty> properties);

}  // namespace gse::api
