#include "codec/testing.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/model.h"
#include "codec/json_text.h"
#include "codec/storage.h"

namespace gse::api::testing {
namespace {

const Limits kNoLimits{};

const Limits& limits_of(const Field& field) { return field.limits ? *field.limits : kNoLimits; }

std::int64_t between(Rng& rng, std::int64_t low, std::int64_t high) {
    const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    return span == UINT64_MAX ? static_cast<std::int64_t>(rng.next())
                              : static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + rng.below(span + 1));
}

std::string_view format_example(Format format) {
    switch (format) {
        case Format::None: break;
        case Format::DateTime: return "2021-04-10T10:56:38+08:00";
        case Format::Cidr: return "10.0.0.0/8";
        case Format::SizeText: return "40GB";
    }
    return "";
}

std::string random_text(Rng& rng, const Limits& limits) {
    if (!limits.values.empty()) return std::string{limits.values[rng.below(limits.values.size())]};
    if (limits.format != Format::None) return std::string{format_example(limits.format)};
    static constexpr std::string_view kWide[] = {"é", "舰", "🎮", "\xC2\x80", "\xEF\xBF\xBF"};
    const std::size_t most = std::min<std::size_t>(limits.max_length, limits.min_length + rng.below(24));
    std::string out;
    std::size_t length = 0;
    while (length < most) {
        if (!limits.characters.empty()) {
            out.push_back(limits.characters[rng.below(limits.characters.size())]);
            ++length;
        } else if (limits.ascii || rng.below(4) > 0) {
            out.push_back(static_cast<char>(1 + rng.below(127)));
            ++length;
        } else {
            const std::string_view wide = kWide[rng.below(std::size(kWide))];
            const std::size_t cost = limits.length_in_bytes ? wide.size() : 1;
            if (length + cost > most) {
                out.push_back('x');
                ++length;
                continue;
            }
            out += wide;
            length += cost;
        }
    }
    return out;
}

/// Edges are where mistakes live: half of the draws are one.
std::int64_t random_integer(Rng& rng, const Limits& limits, std::int64_t lowest) {
    if (!limits.numbers.empty()) return limits.numbers[rng.below(limits.numbers.size())];
    const std::int64_t low = limits.has_min ? limits.min : lowest;
    // Five items at most carry a sum, see fill_list.
    const std::int64_t high = limits.has_sum ? limits.sum_max / 5 : limits.has_max ? limits.max : INT64_MAX;
    switch (rng.below(4)) {
        case 0: return low;
        case 1: return high;
        default: return between(rng, low, high);
    }
}

template <class T>
T random_scalar(Rng& rng, const Field& field) {
    const Limits& limits = limits_of(field);
    if constexpr (std::is_same_v<T, std::string>) return random_text(rng, limits);
    if constexpr (std::is_same_v<T, bool>) return rng.below(2) == 1;
    if constexpr (std::is_same_v<T, std::int64_t>) return random_integer(rng, limits, INT64_MIN);
    if constexpr (std::is_same_v<T, std::uint64_t>) {
        if (!limits.has_max && limits.numbers.empty() && !limits.has_sum && rng.below(8) == 0) return UINT64_MAX;
        return static_cast<std::uint64_t>(random_integer(rng, limits, 0));
    }
    if constexpr (std::is_same_v<T, double>) {
        static constexpr double kValues[] = {0.0, -0.5, 1024.0, 1e300, -3.25e-9, 0.1, 123456789.125, 1e21};
        return kValues[rng.below(std::size(kValues))];
    }
}

class Filler {
public:
    Filler(Rng& rng, EmptyLists empty_lists) : rng_(rng), empty_lists_(empty_lists) {}

    void fill(const Type& type, void* object) {
        for (const Field& field : type.fields) {
            if (field.optional && rng_.below(3) == 0) continue;
            fill_field(field, object);
        }
        for (const Field& field : type.fields) {
            if (!limits_of(field).required_if_field.empty()) force(field, object);
        }
        if (!type.one_of.empty()) {
            for (const std::string_view name : type.one_of[rng_.below(type.one_of.size())]) {
                force(*find_field(type, name), object);
            }
        }
        obey_rules(type, object);
    }

private:
    /// Present and not empty.
    void force(const Field& field, void* object) {
        fill_field(field, object);
        if (field.kind == Kind::String && !field.list) {
            auto& text = engage<std::string>(field, object);
            if (text.empty()) text = "x";
        }
    }

    void fill_field(const Field& field, void* object) {
        if (field.kind == Kind::Object) {
            if (!field.list) {
                fill(*field.object, engage_object(field, object));
                return;
            }
            void* list = engage_object_list(field, object);
            for (std::size_t left = count(field); left > 0; --left) {
                fill(*field.object, field.object->ops->append(list));
            }
            return;
        }
        with_scalar(field.kind, [&]<class T>(T) {
            if (!field.list) {
                engage<T>(field, object) = random_scalar<T>(rng_, field);
                return;
            }
            auto& list = engage<std::vector<T>>(field, object);
            list.clear();
            for (std::size_t left = count(field); left > 0; --left) list.push_back(random_scalar<T>(rng_, field));
        });
    }

    std::size_t count(const Field& field) {
        const Limits& limits = limits_of(field);
        const std::size_t least = std::max<std::size_t>(limits.min_items, empty_lists_ == EmptyLists::Never ? 1 : 0);
        const std::size_t most = std::max(least, std::min<std::size_t>(limits.max_items, 5));
        return least + rng_.below(most - least + 1);
    }

    template <class Permission>
    static void order_ports(void* object) {
        auto& permission = *static_cast<Permission*>(object);
        if (permission.from_port > permission.to_port) std::swap(permission.from_port, permission.to_port);
    }
    template <class Request>
    void fit_disks(void* object) {
        auto& request = *static_cast<Request*>(object);
        if (request.system_disk_info) request.system_disk_info->disk_size = 100 + rng_.below(401);
        if (!request.data_disk_info) return;
        for (DiskInfo& disk : *request.data_disk_info) disk.disk_size = 100 + 10 * rng_.below(3191);
    }
    template <class Capacity>
    static void order_sizes(void* object) {
        auto& capacity = *static_cast<Capacity*>(object);
        if (capacity.min_size && capacity.max_size)
            capacity.min_size = std::min(*capacity.min_size, *capacity.max_size);
        if (!capacity.desired_instances) return;
        if (capacity.min_size)
            capacity.desired_instances = capacity.min_size;
        else if (capacity.max_size)
            capacity.desired_instances = capacity.max_size;
    }

    /// What src/codec/rules.cpp asks for beyond the tables.
    void obey_rules(const Type& type, void* object) {
        if (type.name == "InboundPermission") order_ports<InboundPermission>(object);
        if (type.name == "InboundPermissionAuthorization") order_ports<InboundPermissionAuthorization>(object);
        if (type.name == "InboundPermissionRevocations") order_ports<InboundPermissionRevocations>(object);
        if (type.name == "CreateFleetRequest") fit_disks<CreateFleetRequest>(object);
        if (type.name == "CopyFleetRequest") fit_disks<CopyFleetRequest>(object);
        if (type.name == "UpdateFleetCapacityRequest") order_sizes<UpdateFleetCapacityRequest>(object);
        if (type.name == "TimerFleetCapacity") order_sizes<TimerFleetCapacity>(object);
        if (type.name == "JoinGameServerSessionBatchRequest") {
            auto& ids = static_cast<JoinGameServerSessionBatchRequest*>(object)->player_ids;
            for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = fmt::format("{}-player", i);
        }
        if (type.name == "PutScalingPolicyRequest") fit_policy(*static_cast<PutScalingPolicyRequest*>(object));
    }

    void fit_policy(PutScalingPolicyRequest& policy) {
        if (policy.policy_type == "TargetBased") {
            policy.metric_name = "PercentAvailableGameSessions";
            if (!policy.target_configuration) policy.target_configuration = TargetConfiguration{.target_value = 30};
            return;
        }
        policy.metric_name = "IdleInstances";
        if (!policy.name) policy.name = "rule";
        if (!policy.scaling_adjustment_type) policy.scaling_adjustment_type = "ChangeInCapacity";
        policy.scaling_adjustment = static_cast<std::int64_t>(rng_.below(100));
        if (!policy.comparison_operator) policy.comparison_operator = ">=";
        if (!policy.threshold) policy.threshold = 12.5;
        if (!policy.evaluation_periods) policy.evaluation_periods = 3;
    }

    Rng& rng_;
    EmptyLists empty_lists_;
};

std::string simplest(const Field& field) {
    const Limits& limits = limits_of(field);
    std::string out;
    switch (field.kind) {
        case Kind::String:
            if (!limits.values.empty())
                append_json_string(out, limits.values[0]);
            else if (limits.format != Format::None)
                append_json_string(out, format_example(limits.format));
            else
                append_json_string(out, "x");
            return out;
        case Kind::Int64:
        case Kind::UInt64:
            return std::to_string(!limits.numbers.empty() ? limits.numbers[0] : limits.has_min ? limits.min : 1);
        case Kind::Double: return "1.5";
        case Kind::Bool: return "true";
        case Kind::Object: return example_json(*field.object);
    }
    return out;
}

std::string example_value(const Field& field) {
    std::string one;
    if (field.example.empty()) {
        one = simplest(field);
    } else if (field.example.starts_with('[') || field.kind != Kind::String) {
        one = field.example;
    } else {
        append_json_string(one, field.example);
    }
    return field.list && !one.starts_with('[') ? "[" + one + "]" : one;
}

bool has_example(const Field& field) {
    if (field.required || !field.example.empty()) return true;
    return field.object && std::ranges::any_of(field.object->fields, [](const Field& f) { return has_example(f); });
}

void flatten_into(const Type& type, const void* object, const std::string& prefix, codec::FlatParams& out);

void flatten_field(const Field& field, const void* object, const std::string& name, codec::FlatParams& out) {
    if (field.kind == Kind::Object) {
        if (!field.list) {
            if (const void* value = present_object(field, object)) flatten_into(*field.object, value, name + ".", out);
            return;
        }
        const void* list = present_object_list(field, object);
        for (std::size_t i = 0; list && i < field.object->ops->size(list); ++i) {
            flatten_into(*field.object, field.object->ops->at(list, i), fmt::format("{}.{}.", name, i), out);
        }
        return;
    }
    with_scalar(field.kind, [&]<class T>(T) {
        const auto text = [](const auto& value) {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>)
                return value;
            else
                return fmt::format("{}", value);
        };
        if (!field.list) {
            if (const T* value = present<T>(field, object)) out.emplace_back(name, text(*value));
            return;
        }
        const auto* list = present<std::vector<T>>(field, object);
        for (std::size_t i = 0; list && i < list->size(); ++i) {
            const T item = (*list)[i];
            out.emplace_back(fmt::format("{}.{}", name, i), text(item));
        }
    });
}

void flatten_into(const Type& type, const void* object, const std::string& prefix, codec::FlatParams& out) {
    for (const Field& field : type.fields) flatten_field(field, object, prefix + std::string{field.name}, out);
}

}  // namespace

void fill_random(Rng& rng, const Type& type, void* out, EmptyLists empty_lists) {
    Filler{rng, empty_lists}.fill(type, out);
}

std::string example_json(const Type& type) {
    std::string out = "{";
    const auto add = [&](const Field& field) {
        if (out.size() > 1) out.push_back(',');
        out += field.key;
        out += example_value(field);
    };
    for (const Field& field : type.fields) {
        const bool one_of =
            !type.one_of.empty() && std::ranges::find(type.one_of[0], field.name) != type.one_of[0].end();
        const bool condition = !limits_of(field).required_if_field.empty();
        if (one_of || condition || has_example(field)) add(field);
    }
    out.push_back('}');
    return out;
}

codec::FlatParams flatten(const Type& type, const void* value) {
    codec::FlatParams out;
    flatten_into(type, value, "", out);
    return out;
}

}  // namespace gse::api::testing
