/// Texts behind one another.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gse {

/// With one allocation.
inline std::string joined(std::span<const std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    std::string all;
    all.reserve(size);
    for (const std::string_view part : parts) all.append(part);
    return all;
}

/// Whether `text` is what joined() would make of them; allocates nothing.
inline bool is_joined(std::string_view text, std::span<const std::string_view> parts) {
    for (const std::string_view part : parts) {
        if (!text.starts_with(part)) return false;
        text.remove_prefix(part.size());
    }
    return text.empty();
}

}  // namespace gse
