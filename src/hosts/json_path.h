/// Looks into JSON that others have made: what is missing, or of another kind, is empty.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace gse::hosts {

using JsonPath = std::initializer_list<std::string_view>;

/// Null when it is not there.
[[nodiscard]] inline const boost::json::value* value_at(const boost::json::object& in, JsonPath path) {
    const boost::json::object* at = &in;
    const boost::json::value* found = nullptr;
    for (const std::string_view name : path) {
        found = at ? at->if_contains(name) : nullptr;
        at = found ? found->if_object() : nullptr;
    }
    return found;
}
[[nodiscard]] inline const boost::json::value* value_at(const boost::json::value& in, JsonPath path) {
    const boost::json::object* object = in.if_object();
    return object ? value_at(*object, path) : nullptr;
}
template <class In>
[[nodiscard]] std::string text_at(const In& in, JsonPath path) {
    const boost::json::value* found = value_at(in, path);
    return found && found->is_string() ? std::string(found->get_string()) : std::string();
}
template <class In>
[[nodiscard]] bool bool_at(const In& in, JsonPath path) {
    const boost::json::value* found = value_at(in, path);
    return found && found->is_bool() && found->get_bool();
}
/// 0 when it is no whole number.
template <class In>
[[nodiscard]] std::int64_t number_at(const In& in, JsonPath path) {
    const boost::json::value* found = value_at(in, path);
    if (!found) return 0;
    return found->is_int64() ? found->get_int64() : 0;
}
template <class In>
[[nodiscard]] const boost::json::array* array_at(const In& in, JsonPath path) {
    const boost::json::value* found = value_at(in, path);
    return found ? found->if_array() : nullptr;
}
template <class In>
[[nodiscard]] const boost::json::object* object_at(const In& in, JsonPath path) {
    const boost::json::value* found = value_at(in, path);
    return found ? found->if_object() : nullptr;
}

}  // namespace gse::hosts
