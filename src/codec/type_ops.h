/// TypeOps for a C++ struct. For the generated tables only.
#pragma once

#include <optional>
#include <vector>

#include "codec/describe.h"

namespace gse::api {

template <class T>
inline constexpr TypeOps kMessageOps{
    .create = []() -> void* { return new T; },
    .destroy = [](void* value) { delete static_cast<T*>(value); },
    .equal = [](const void* a, const void* b) { return *static_cast<const T*>(a) == *static_cast<const T*>(b); },
};

template <class T>
inline constexpr TypeOps kObjectOps{
    .create = []() -> void* { return new T; },
    .destroy = [](void* value) { delete static_cast<T*>(value); },
    .equal = [](const void* a, const void* b) { return *static_cast<const T*>(a) == *static_cast<const T*>(b); },
    .emplace = [](void* optional) -> void* { return &static_cast<std::optional<T>*>(optional)->emplace(); },
    .get = [](const void* optional) -> const void* {
        const auto& value = *static_cast<const std::optional<T>*>(optional);
        return value ? &*value : nullptr;
    },
    .append = [](void* list) -> void* { return &static_cast<std::vector<T>*>(list)->emplace_back(); },
    .size = [](const void* list) { return static_cast<const std::vector<T>*>(list)->size(); },
    .at = [](const void* list, std::size_t i) -> const void* {
        return &(*static_cast<const std::vector<T>*>(list))[i];
    },
    .emplace_list = [](void* optional) -> void* {
        return &static_cast<std::optional<std::vector<T>>*>(optional)->emplace();
    },
    .get_list = [](const void* optional) -> const void* {
        const auto& value = *static_cast<const std::optional<std::vector<T>>*>(optional);
        return value ? &*value : nullptr;
    },
};

}  // namespace gse::api
