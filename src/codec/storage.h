/// Where a field of a generated struct lies in memory, by its table. For the codec's own sources only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "codec/describe.h"

namespace gse::api {

/// Calls `f` with a value of the C++ type that holds `kind`; never for Kind::Object.
template <class F>
decltype(auto) with_scalar(Kind kind, F&& f) {
    switch (kind) {
        case Kind::String: return f(std::string{});
        case Kind::Int64: return f(std::int64_t{});
        case Kind::UInt64: return f(std::uint64_t{});
        case Kind::Double: return f(double{});
        case Kind::Bool: return f(bool{});
        case Kind::Object: break;
    }
    CHECK(kind != Kind::Object);
    std::unreachable();
}

inline void* slot_of(void* object, const Field& field) { return static_cast<std::byte*>(object) + field.offset; }
inline const void* slot_of(const void* object, const Field& field) {
    return static_cast<const std::byte*>(object) + field.offset;
}

/// The place to write T to (T is the item's type, or the list's), made present.
template <class T>
T& engage(const Field& field, void* object) {
    void* slot = slot_of(object, field);
    return field.optional ? static_cast<std::optional<T>*>(slot)->emplace() : *static_cast<T*>(slot);
}

/// What is there, or null when absent.
template <class T>
const T* present(const Field& field, const void* object) {
    const void* slot = slot_of(object, field);
    if (!field.optional) return static_cast<const T*>(slot);
    const auto& value = *static_cast<const std::optional<T>*>(slot);
    return value ? &*value : nullptr;
}

inline void* engage_object(const Field& field, void* object) {
    void* slot = slot_of(object, field);
    return field.optional ? field.object->ops->emplace(slot) : slot;
}
inline const void* present_object(const Field& field, const void* object) {
    const void* slot = slot_of(object, field);
    return field.optional ? field.object->ops->get(slot) : slot;
}
inline void* engage_object_list(const Field& field, void* object) {
    void* slot = slot_of(object, field);
    return field.optional ? field.object->ops->emplace_list(slot) : slot;
}
inline const void* present_object_list(const Field& field, const void* object) {
    const void* slot = slot_of(object, field);
    return field.optional ? field.object->ops->get_list(slot) : slot;
}

}  // namespace gse::api
