// The rules of the API that its model cannot express. api/rules.h declares one for each "rule" of the supplement.
#include "api/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "codec/scalar.h"

namespace gse::api::rules {
namespace {

std::unexpected<Error> bad_value(std::string message) {
    return refuse(ErrorCode::InvalidParameterValue, std::move(message));
}

template <class Permission>
Result<void> check_ports(const Permission& value, const Path& path) {
    if (value.from_port <= value.to_port) return {};
    return bad_value(fmt::format("{} is {} and {} is {}; the first port must not be above the last.",
                                 path.with("FromPort"), value.from_port, path.with("ToPort"), value.to_port));
}

struct DiskRange {
    std::uint64_t premium_min;
    std::uint64_t ssd_min;
    std::uint64_t max;
    std::uint64_t step;
};
// [API:DiskInfo], in GB.
constexpr DiskRange kSystemDisk{50, 100, 500, 1};
constexpr DiskRange kDataDisk{10, 100, 32'000, 10};

Result<void> check_disk(const DiskInfo& disk, const DiskRange& range, const Path& path) {
    const std::uint64_t min = disk.disk_type == "CLOUD_SSD" ? range.ssd_min : range.premium_min;
    if (disk.disk_size < min || disk.disk_size > range.max) {
        return bad_value(fmt::format("{} is {}; with {} {} it must be between {} and {} GB.", path.with("DiskSize"),
                                     disk.disk_size, path.with("DiskType"), disk.disk_type, min, range.max));
    }
    if (disk.disk_size % range.step != 0) {
        return bad_value(fmt::format("{} is {}; it must be a multiple of {} GB.", path.with("DiskSize"), disk.disk_size,
                                     range.step));
    }
    return {};
}

template <class Request>
Result<void> check_disks(const Request& value, const Path& path) {
    if (value.system_disk_info) TRY(check_disk(*value.system_disk_info, kSystemDisk, Path{&path, "SystemDiskInfo"}));
    if (!value.data_disk_info) return {};
    const Path list{&path, "DataDiskInfo"};
    for (std::size_t i = 0; i < value.data_disk_info->size(); ++i) {
        TRY(check_disk((*value.data_disk_info)[i], kDataDisk, Path{&list, {}, i}));
    }
    return {};
}

template <class Capacity>
Result<void> check_capacity(const Capacity& value, const Path& path) {
    if (value.min_size && value.max_size && *value.min_size > *value.max_size) {
        return bad_value(fmt::format("{} is {} and {} is {}; the minimum must not be above the maximum.",
                                     path.with("MinSize"), *value.min_size, path.with("MaxSize"), *value.max_size));
    }
    if (!value.desired_instances) return {};
    if (value.min_size && *value.desired_instances < *value.min_size) {
        return bad_value(fmt::format("{} is {}; it must not be below {}, which is {}.", path.with("DesiredInstances"),
                                     *value.desired_instances, path.with("MinSize"), *value.min_size));
    }
    if (value.max_size && *value.desired_instances > *value.max_size) {
        return bad_value(fmt::format("{} is {}; it must not be above {}, which is {}.", path.with("DesiredInstances"),
                                     *value.desired_instances, path.with("MaxSize"), *value.max_size));
    }
    return {};
}

std::unexpected<Error> missing_for(const Path& path, std::string_view name, std::string_view policy_type) {
    return refuse(ErrorCode::MissingParameter, fmt::format("{} is missing; it is required when {} is {}.",
                                                           path.with(name), path.with("PolicyType"), policy_type));
}

/// The two spellings of the buffer's metric: the first in the parameter's text, the second in its example.
bool is_buffer_metric(std::string_view name) {
    return name == "PercentAvailableGameSessions" || name == "PercentAvailableGameServerSessions";
}

}  // namespace

Result<void> inbound_permission(const InboundPermission& value, const Path& path) { return check_ports(value, path); }
Result<void> inbound_permission_authorization(const InboundPermissionAuthorization& value, const Path& path) {
    return check_ports(value, path);
}
Result<void> inbound_permission_revocations(const InboundPermissionRevocations& value, const Path& path) {
    return check_ports(value, path);
}

Result<void> create_fleet(const CreateFleetRequest& value, const Path& path) { return check_disks(value, path); }
Result<void> copy_fleet(const CopyFleetRequest& value, const Path& path) { return check_disks(value, path); }

Result<void> update_fleet_capacity(const UpdateFleetCapacityRequest& value, const Path& path) {
    return check_capacity(value, path);
}
Result<void> timer_fleet_capacity(const TimerFleetCapacity& value, const Path& path) {
    return check_capacity(value, path);
}

Result<void> join_game_server_session_batch(const JoinGameServerSessionBatchRequest& value, const Path& path) {
    const Path list{&path, "PlayerIds"};
    for (auto id = value.player_ids.begin(); id != value.player_ids.end(); ++id) {
        const auto earlier = std::find(value.player_ids.begin(), id, *id);
        if (earlier == id) continue;
        const Path here{&list, {}, static_cast<std::size_t>(id - value.player_ids.begin())};
        return bad_value(fmt::format("{} is {}, as PlayerIds.{} already is; a player can join once only.", here.text(),
                                     shown(*id), earlier - value.player_ids.begin()));
    }
    return {};
}

/// [API:PutScalingPolicy]: what each of the two kinds of policy needs.
Result<void> put_scaling_policy(const PutScalingPolicyRequest& value, const Path& path) {
    const std::string& type = value.policy_type;
    if (type == "TargetBased") {
        if (!value.target_configuration) return missing_for(path, "TargetConfiguration", type);
        if (!is_buffer_metric(value.metric_name)) {
            return bad_value(fmt::format("{} is {}; a TargetBased policy follows PercentAvailableGameSessions.",
                                         path.with("MetricName"), shown(value.metric_name)));
        }
        return {};
    }
    // Without a name a rule could be neither updated nor deleted by itself.
    if (!value.name) return missing_for(path, "Name", type);
    if (!value.scaling_adjustment_type) return missing_for(path, "ScalingAdjustmentType", type);
    if (!value.scaling_adjustment) return missing_for(path, "ScalingAdjustment", type);
    if (!value.comparison_operator) return missing_for(path, "ComparisonOperator", type);
    if (!value.threshold) return missing_for(path, "Threshold", type);
    if (!value.evaluation_periods) return missing_for(path, "EvaluationPeriods", type);
    if (value.metric_name == "PercentAvailableGameSessions") {
        return bad_value(
            fmt::format("{} is \"PercentAvailableGameSessions\"; a RuleBased policy calls this metric "
                        "PercentAvailableGameServerSessions.",
                        path.with("MetricName")));
    }
    const std::int64_t adjustment = *value.scaling_adjustment;
    if (*value.scaling_adjustment_type == "PercentChangeInCapacity" && (adjustment < -99 || adjustment > 99)) {
        return bad_value(fmt::format("{} is {}; a percentage must be between -99 and 99.",
                                     path.with("ScalingAdjustment"), adjustment));
    }
    if (*value.scaling_adjustment_type == "ExactCapacity" && adjustment < 0) {
        return bad_value(fmt::format("{} is {}; an exact number of instances must not be negative.",
                                     path.with("ScalingAdjustment"), adjustment));
    }
    return {};
}

}  // namespace gse::api::rules
