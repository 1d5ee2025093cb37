#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <vector>

#include "codec/codec.h"
#include "codec/json_text.h"
#include "codec/scalar.h"
#include "codec/storage.h"

namespace gse::api {
namespace {

/// No type of the model nests deeper; a longer name is unknown anyway.
constexpr std::size_t kSegmentsMax = 16;
/// Of a list without a bound of its own.
constexpr std::size_t kItemsMax = 10'000;

struct Entry {
    std::vector<std::string_view> segments;
    std::string_view value;
};

using Entries = std::span<const Entry>;

/// Takes the leading entries that share segment `depth` off `entries`.
Entries take_group(Entries& entries, std::size_t depth) {
    const std::string_view name = entries.front().segments[depth];
    std::size_t count = 1;
    while (count < entries.size() && entries[count].segments[depth] == name) ++count;
    const Entries group = entries.first(count);
    entries = entries.subspan(count);
    return group;
}

class FlatReader {
public:
    Result<void> object(const Type& type, Entries entries, std::size_t depth, void* out, const Path& path) {
        std::uint64_t seen = 0;
        while (!entries.empty()) {
            if (entries.front().segments.size() == depth) return refuse_scalar(path, entries.front(), "an object");
            const Entries group = take_group(entries, depth);
            const std::string_view name = group.front().segments[depth];
            const Field* field = find_field(type, name);
            if (!field) return std::unexpected(unknown_parameter(type, path, name));
            seen |= std::uint64_t{1} << (field - type.fields.data());
            TRY(this->field(*field, group, depth + 1, out, Path{&path, field->name}));
        }
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            if (type.fields[i].required && !(seen & (std::uint64_t{1} << i))) {
                return std::unexpected(missing_parameter(path.with(type.fields[i].name)));
            }
        }
        return {};
    }

private:
    static std::unexpected<Error> refuse_scalar(const Path& path, const Entry& entry, std::string_view wanted) {
        return refuse(ErrorCode::InvalidParameter,
                      fmt::format("{} is {}; it must be {}, given as {}.<{}>=value.", path.text(), shown(entry.value),
                                  wanted, path.text(), wanted == "a list" ? "index from 0" : "member"));
    }

    Result<void> field(const Field& field, Entries group, std::size_t depth, void* out, const Path& path) {
        if (field.list) return list(field, group, depth, out, path);
        if (field.kind == Kind::Object) return object(*field.object, group, depth, engage_object(field, out), path);
        return with_scalar(field.kind,
                           [&]<class T>(T) { return scalar(field, group, depth, path, engage<T>(field, out)); });
    }

    Result<void> list(const Field& field, Entries group, std::size_t depth, void* out, const Path& path) {
        std::vector<Entries> items;
        TRY(collect(field, group, depth, path, items));
        if (field.kind == Kind::Object) {
            void* list = engage_object_list(field, out);
            for (std::size_t i = 0; i < items.size(); ++i) {
                TRY(object(*field.object, items[i], depth + 1, field.object->ops->append(list), Path{&path, {}, i}));
            }
            return {};
        }
        return with_scalar(field.kind, [&]<class T>(T) -> Result<void> {
            auto& list = engage<std::vector<T>>(field, out);
            list.clear();  // the default
            for (std::size_t i = 0; i < items.size(); ++i) {
                // Not with TRY: clang loses templates that only a statement expression in a generic lambda names.
                T item{};
                Result<void> done = scalar(field, items[i], depth + 1, Path{&path, {}, i}, item);
                if (!done) return done;
                list.push_back(std::move(item));
            }
            return {};
        });
    }

    /// The entries of each index, in order; indexes count from 0 without a gap.
    Result<void> collect(const Field& field, Entries group, std::size_t depth, const Path& path,
                         std::vector<Entries>& items) {
        const std::size_t bound = std::min<std::size_t>(kItemsMax, field.limits ? field.limits->max_items : UINT32_MAX);
        std::vector<std::pair<std::size_t, Entries>> found;
        while (!group.empty()) {
            if (group.front().segments.size() == depth) return refuse_scalar(path, group.front(), "a list");
            const Entries item = take_group(group, depth);
            const std::string_view text = item.front().segments[depth];
            std::size_t index = 0;
            const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), index);
            if (status != std::errc{} || end != text.data() + text.size() || (text.size() > 1 && text[0] == '0')) {
                return refuse(
                    ErrorCode::InvalidParameter,
                    fmt::format("{} is a list; {} is not an index, they count from 0.", path.text(), shown(text)));
            }
            if (index >= bound) {
                return refuse(ErrorCode::InvalidParameterValue,
                              fmt::format("{} has the index {}; at most {} items are allowed, counted from 0.",
                                          path.text(), index, bound));
            }
            found.emplace_back(index, item);
        }
        std::ranges::sort(found, {}, &std::pair<std::size_t, Entries>::first);
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (found[i].first != i) {
                return refuse(
                    ErrorCode::InvalidParameter,
                    fmt::format("{}.{} is missing; the indexes of a list count from 0 without a gap.", path.text(), i));
            }
            items.push_back(found[i].second);
        }
        return {};
    }

    template <class T>
    Result<void> scalar(const Field& field, Entries group, std::size_t depth, const Path& path, T& out) {
        const Entry& entry = group.front();
        if (entry.segments.size() > depth) {
            return refuse(ErrorCode::InvalidParameter, fmt::format("{} has members of its own; it must be {}.",
                                                                   path.text(), kind_name(field, true)));
        }
        // Entries with the same name lie side by side, members of a scalar behind it.
        if (group.size() > 1) {
            if (group[1].segments.size() > depth) {
                return refuse(ErrorCode::InvalidParameter, fmt::format("{} has members of its own; it must be {}.",
                                                                       path.text(), kind_name(field, true)));
            }
            return refuse(ErrorCode::InvalidParameter, path.text() + " is given twice.");
        }
        const std::string_view text = entry.value;
        if constexpr (std::is_same_v<T, std::string>) {
            out.assign(text);
        } else if constexpr (std::is_same_v<T, bool>) {
            out = text == "true" || text == "True" || text == "1";
            if (!out && text != "false" && text != "False" && text != "0") {
                return std::unexpected(wrong_type(field, path, shown(text), true));
            }
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
            const NamedNumber* named = find_number_name(field, text);
            out = named ? named->number : TRY(read_int64(text, path));
        } else if constexpr (std::is_same_v<T, std::uint64_t>) {
            out = TRY(read_uint64(text, path));
        } else {
            out = TRY(read_double(text, path));
        }
        return {};
    }
};

Result<std::vector<Entry>> split(std::span<const FlatPair> pairs) {
    if (pairs.size() > kFlatPairsMax) {
        return refuse(ErrorCode::RequestTooLarge,
                      fmt::format("There are {} parameters; at most {} are allowed.", pairs.size(), kFlatPairsMax));
    }
    std::vector<Entry> entries;
    entries.reserve(pairs.size());
    for (const auto& [key, value] : pairs) {
        if (!is_utf8(key) || !is_utf8(value)) {
            return refuse(ErrorCode::InvalidParameter, fmt::format("The parameter {} is not valid UTF-8.", shown(key)));
        }
        Entry entry{.value = value};
        std::string_view rest = key;
        while (true) {
            const std::size_t dot = rest.find('.');
            entry.segments.push_back(rest.substr(0, dot));
            if (dot == std::string_view::npos) break;
            rest.remove_prefix(dot + 1);
            if (entry.segments.size() == kSegmentsMax) {
                return refuse(ErrorCode::UnknownParameter,
                              fmt::format("The parameter {} is not recognized.", shown(key)));
            }
        }
        entries.push_back(std::move(entry));
    }
    std::ranges::sort(entries, {}, &Entry::segments);
    return entries;
}

}  // namespace

Result<void> decode_flat(const Type& type, std::span<const FlatPair> pairs, void* out) {
    const std::vector<Entry> entries = TRY(split(pairs));
    TRY(FlatReader{}.object(type, entries, 0, out, Path{}));
    return validate(type, out);
}

Result<std::string> flat_to_json(const Type& request, std::span<const FlatPair> pairs) {
    const std::unique_ptr<void, void (*)(void*)> value{request.ops->create(), request.ops->destroy};
    TRY(decode_flat(request, pairs, value.get()));
    std::string json = "{";
    encode_fields(request, value.get(), json);
    json.push_back('}');
    return json;
}

}  // namespace gse::api
