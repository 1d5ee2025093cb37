#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/time.h"
#include "codec/codec.h"
#include "codec/json_text.h"
#include "codec/scalar.h"
#include "codec/storage.h"

namespace gse::api {
namespace {

std::unexpected<Error> bad_value(const Path& path, std::string_view is, std::string_view must) {
    return refuse(ErrorCode::InvalidParameterValue, fmt::format("{} {}; it must {}.", path.text(), is, must));
}

std::string range_text(bool has_min, auto min, bool has_max, auto max) {
    if (has_min && has_max) return fmt::format("between {} and {}", min, max);
    return has_min ? fmt::format("at least {}", min) : fmt::format("at most {}", max);
}

bool is_cidr(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string address{text.substr(0, slash)};
    unsigned char bytes[16];
    int bits_max = 0;
    if (inet_pton(AF_INET, address.c_str(), bytes) == 1)
        bits_max = 32;
    else if (inet_pton(AF_INET6, address.c_str(), bytes) == 1)
        bits_max = 128;
    else
        return false;
    if (slash == std::string_view::npos) return true;
    const std::string_view bits = text.substr(slash + 1);
    int count = -1;
    const auto [end, status] = std::from_chars(bits.data(), bits.data() + bits.size(), count);
    return status == std::errc{} && end == bits.data() + bits.size() && count >= 0 && count <= bits_max;
}

bool is_size_text(std::string_view text) {
    if (!text.ends_with("KB") && !text.ends_with("MB") && !text.ends_with("GB")) return false;
    text.remove_suffix(2);
    const std::size_t dot = text.find('.');
    const auto all_digits = [](std::string_view part) {
        return !part.empty() && part.size() <= 12 && part.find_first_not_of("0123456789") == std::string_view::npos;
    };
    return all_digits(text.substr(0, dot)) && (dot == std::string_view::npos || all_digits(text.substr(dot + 1)));
}

Result<void> check_format(Format format, const std::string& value, const Path& path) {
    switch (format) {
        case Format::None: return {};
        case Format::DateTime:
            if (parse_time(value)) return {};
            return bad_value(path, "is " + shown(value),
                             "be a time such as 2021-04-10T10:56:38+08:00 or 2021-04-10 02:56:38 (UTC)");
        case Format::Cidr:
            if (is_cidr(value)) return {};
            return bad_value(path, "is " + shown(value), "be a block of addresses such as 10.0.0.0/8");
        case Format::SizeText:
            if (is_size_text(value)) return {};
            return bad_value(path, "is " + shown(value), "be a number and KB, MB or GB, such as 40GB");
    }
    return {};
}

Result<void> check(const Limits& limits, const std::string& value, const Path& path) {
    if (!limits.values.empty() && std::ranges::find(limits.values, value) == limits.values.end()) {
        return bad_value(path, "is " + shown(value),
                         limits.values.size() == 1 ? fmt::format("be {}", limits.values[0])
                                                   : fmt::format("be one of {}", fmt::join(limits.values, ", ")));
    }
    // Bytes bound characters from above: most values need no count.
    const bool fits = value.size() <= limits.max_length && limits.min_length == 0;
    if (!fits) {
        const std::size_t length = limits.length_in_bytes ? value.size() : utf8_length(value);
        if (length < limits.min_length || length > limits.max_length) {
            const std::string_view what = limits.length_in_bytes ? "bytes" : "characters";
            if (length == 0) {
                return refuse(ErrorCode::InvalidParameterValue,
                              fmt::format("{} is empty; give at least {} {}.", path.text(), limits.min_length,
                                          limits.min_length == 1 ? what.substr(0, what.size() - 1) : what));
            }
            return bad_value(path, fmt::format("has {} {} ({})", length, what, shown(value)),
                             "have " + range_text(limits.min_length > 0, limits.min_length,
                                                  limits.max_length != UINT32_MAX, limits.max_length));
        }
    }
    if (limits.ascii && std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
        return bad_value(path, "is " + shown(value), "have ASCII characters only");
    }
    if (!limits.characters.empty() && value.find_first_not_of(limits.characters) != std::string::npos) {
        return bad_value(path, "is " + shown(value), fmt::format("have the characters {} only", limits.characters));
    }
    return check_format(limits.format, value, path);
}

Result<void> check_number(const Limits& limits, bool too_small, bool too_large, bool listed, const std::string& text,
                          const Path& path) {
    if (!listed) return bad_value(path, "is " + text, fmt::format("be one of {}", fmt::join(limits.numbers, ", ")));
    if (too_small || too_large) {
        return bad_value(path, "is " + text,
                         "be " + range_text(limits.has_min, limits.min, limits.has_max, limits.max));
    }
    return {};
}

template <class Number>
Result<void> check(const Limits& limits, Number value, const Path& path) {
    bool listed = limits.numbers.empty();
    bool too_small = false;
    bool too_large = false;
    if constexpr (std::is_same_v<Number, double>) {
        too_small = limits.has_min && value < static_cast<double>(limits.min);
        too_large = limits.has_max && value > static_cast<double>(limits.max);
    } else if constexpr (!std::is_same_v<Number, bool>) {
        for (const std::int64_t number : limits.numbers) listed = listed || std::cmp_equal(number, value);
        too_small = limits.has_min && std::cmp_less(value, limits.min);
        too_large = limits.has_max && std::cmp_greater(value, limits.max);
    }
    if (listed && !too_small && !too_large) [[likely]]
        return {};
    return check_number(limits, too_small, too_large, listed, fmt::format("{}", value), path);
}

template <class T>
Result<void> check_scalar(const Field& field, const T& value, const Path& path) {
    if constexpr (std::is_same_v<T, std::string>) {
        // A NUL ends a path or an argument early wherever the system reads it.
        if (value.find('\0') != std::string::npos) return bad_value(path, "has a NUL character", "be plain text");
    }
    return field.limits ? check(*field.limits, value, path) : Result<void>{};
}

Result<void> check_count(const Field& field, std::size_t size, const Path& path) {
    if (!field.limits) return {};
    const Limits& limits = *field.limits;
    if (size >= limits.min_items && size <= limits.max_items) return {};
    return bad_value(
        path, fmt::format("has {} items", size),
        "have " + range_text(limits.min_items > 0, limits.min_items, limits.max_items != UINT32_MAX, limits.max_items));
}

std::int64_t as_int(const Field& field, const void* object) {
    if (field.kind == Kind::Int64) {
        const auto* value = present<std::int64_t>(field, object);
        return value ? *value : 0;
    }
    const auto* value = present<std::uint64_t>(field, object);
    return value ? static_cast<std::int64_t>(std::min<std::uint64_t>(*value, INT64_MAX)) : 0;
}

/// Fields whose sum over the list is limited. The message names the item that goes too far.
Result<void> check_sums(const Field& list_field, const void* list, const Path& path) {
    const Type& type = *list_field.object;
    for (const Field& field : type.fields) {
        if (!field.limits || !field.limits->has_sum) continue;
        std::int64_t sum = 0;
        const std::size_t size = type.ops->size(list);
        for (std::size_t i = 0; i < size; ++i) {
            const std::int64_t value = as_int(field, type.ops->at(list, i));
            if (value < 0 || value > field.limits->sum_max - sum) {
                const Path item{&path, {}, i};
                return refuse(
                    ErrorCode::InvalidParameterValue,
                    fmt::format("{} is {}{}; the sum over all {} must be between {} and {}.", item.with(field.name),
                                value, i > 0 ? fmt::format(", after {} in the items before it", sum) : "",
                                list_field.name, field.limits->sum_min, field.limits->sum_max));
            }
            sum += value;
        }
        if (sum < field.limits->sum_min) {
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("{} of all {} add up to {}; the sum must be between {} and {}.", field.name,
                                      path.text(), sum, field.limits->sum_min, field.limits->sum_max));
        }
    }
    return {};
}

/// Present and, for a text, not empty: SDKs send "" for what was not set.
bool given(const Field& field, const void* object) {
    if (field.kind == Kind::Object) {
        return (field.list ? present_object_list(field, object) : present_object(field, object)) != nullptr;
    }
    return with_scalar(field.kind, [&]<class T>(T) {
        if (field.list) return present<std::vector<T>>(field, object) != nullptr;
        const T* value = present<T>(field, object);
        if constexpr (std::is_same_v<T, std::string>) return value && !value->empty();
        return value != nullptr;
    });
}

Result<void> check_condition(const Type& type, const Field& field, const void* object, const Path& path) {
    if (!field.limits || field.limits->required_if_field.empty() || given(field, object)) return {};
    const Limits& limits = *field.limits;
    const Field* other = find_field(type, limits.required_if_field);
    CHECK(other && other->kind == Kind::String && !other->list);
    const std::string* value = present<std::string>(*other, object);
    const bool equal = value && *value == limits.required_if_value;
    if (equal == limits.required_if_not) return {};
    return refuse(ErrorCode::MissingParameter,
                  fmt::format("{} is missing; it is required when {} is {}{}.", path.with(field.name),
                              path.with(other->name), limits.required_if_not ? "not " : "", limits.required_if_value));
}

Result<void> check_one_of(const Type& type, const void* object, const Path& path) {
    if (type.one_of.empty()) return {};
    std::string choices;
    for (const std::span<const std::string_view>& group : type.one_of) {
        const auto is_given = [&](std::string_view name) { return given(*find_field(type, name), object); };
        if (std::ranges::all_of(group, is_given)) return {};
        if (!choices.empty()) choices += &group == &type.one_of.back() ? " or " : ", ";
        for (std::size_t i = 0; i < group.size(); ++i) {
            if (i > 0) choices += i + 1 == group.size() ? " together with " : ", ";
            choices += path.with(group[i]);
        }
    }
    return refuse(ErrorCode::MissingParameter, fmt::format("One of these must be given: {}.", choices));
}

Result<void> check_type(const Type& type, const void* object, const Path& path);

Result<void> check_field(const Field& field, const void* object, const Path& path) {
    if (field.kind == Kind::Object) {
        if (!field.list) {
            const void* value = present_object(field, object);
            return value ? check_type(*field.object, value, path) : Result<void>{};
        }
        const void* list = present_object_list(field, object);
        if (!list) return {};
        const std::size_t size = field.object->ops->size(list);
        TRY(check_count(field, size, path));
        for (std::size_t i = 0; i < size; ++i) {
            const void* item = field.object->ops->at(list, i);
            TRY(check_type(*field.object, item, Path{&path, {}, i}));
        }
        return check_sums(field, list, path);
    }
    return with_scalar(field.kind, [&]<class T>(T) -> Result<void> {
        if (!field.list) {
            const T* value = present<T>(field, object);
            return value ? check_scalar(field, *value, path) : Result<void>{};
        }
        const auto* list = present<std::vector<T>>(field, object);
        if (!list) return {};
        TRY(check_count(field, list->size(), path));
        for (std::size_t i = 0; i < list->size(); ++i) {
            const T item = (*list)[i];
            TRY(check_scalar(field, item, Path{&path, {}, i}));
        }
        return {};
    });
}

Result<void> check_type(const Type& type, const void* object, const Path& path) {
    for (const Field& field : type.fields) {
        TRY(check_field(field, object, Path{&path, field.name}));
        TRY(check_condition(type, field, object, path));
    }
    TRY(check_one_of(type, object, path));
    return type.rule ? type.rule(object, path) : Result<void>{};
}

}  // namespace

Result<void> validate(const Type& type, const void* value) { return check_type(type, value, Path{}); }

}  // namespace gse::api
