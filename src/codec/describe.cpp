#include "codec/describe.h"

#include <algorithm>

namespace gse::api {

const Action* find_action(std::string_view name) {
    const std::span<const Action> all = actions();
    const auto found = std::ranges::lower_bound(all, name, {}, &Action::name);
    return found != all.end() && found->name == name ? &*found : nullptr;
}

const Field* find_field(const Type& type, std::string_view name) {
    const auto found = std::ranges::find(type.fields, name, &Field::name);
    return found != type.fields.end() ? &*found : nullptr;
}

std::string Path::text() const {
    if (!parent) return std::string{name};
    std::string out = parent->text();
    if (!out.empty()) out.push_back('.');
    if (name.empty()) {
        out += std::to_string(index);
    } else {
        out += name;
    }
    return out;
}

}  // namespace gse::api
