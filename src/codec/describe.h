/// What the API model says, at run time: actions, their fields, types, limits and texts. The codec, the
/// validation, the CLI, the console and the reference pages all read these tables; api/generate.py writes them.
/// Everything here is constant data, so any thread may read it. Names are the wire's, members are snake_case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gse::api {

enum class Kind : std::uint8_t { String, Int64, UInt64, Double, Bool, Object };

/// Texts with a shape of their own.
enum class Format : std::uint8_t {
    None,
    DateTime,  ///< RFC 3339, or `YYYY-MM-DD hh:mm:ss` in UTC
    Cidr,      ///< `10.0.0.0/8`, `2001:db8::/32` or a bare address
    SizeText,  ///< a number and KB, MB or GB
};

struct NamedNumber {
    std::string_view name;
    std::int64_t number;
};

/// What a value may be. The limits of a list field other than the item counts hold for each of its items.
struct Limits {
    bool has_min = false;
    bool has_max = false;
    std::int64_t min = 0;  ///< inclusive
    std::int64_t max = 0;  ///< inclusive
    std::uint32_t min_length = 0;
    std::uint32_t max_length = UINT32_MAX;  ///< characters, or bytes where length_in_bytes
    bool length_in_bytes = false;
    bool ascii = false;
    std::uint32_t min_items = 0;
    std::uint32_t max_items = UINT32_MAX;
    std::span<const std::string_view> values;   ///< the allowed texts; empty: any
    std::span<const std::int64_t> numbers;      ///< the allowed numbers; empty: any
    std::span<const NamedNumber> number_names;  ///< words accepted for a number in requests
    std::string_view characters;                ///< the allowed characters; empty: any
    Format format = Format::None;
    bool has_sum = false;
    std::int64_t sum_min = 0;  ///< of this field over all items of the list it stands in
    std::int64_t sum_max = 0;
    std::string_view required_if_field;  ///< a sibling; the field is required when it is (or is not) the value
    std::string_view required_if_value;
    bool required_if_not = false;
};

struct Type;

struct Field {
    std::string_view name;
    std::string_view key;  ///< `"Name":`
    Kind kind;
    bool list = false;
    bool optional = false;   ///< stored as std::optional: absent can be told from empty
    bool required = false;   ///< in requests: the caller must send it
    bool nullable = false;   ///< in answers: may be null
    bool obsolete = false;   ///< still accepted, without effect
    bool extension = false;  ///< ours, in an action or object of the original
    std::uint32_t offset = 0;
    const Type* object = nullptr;
    const Limits* limits = nullptr;
    std::string_view default_text;  ///< as JSON; empty: none
    std::string_view example;
    std::string_view unit;
    std::string_view text;    ///< one English sentence
    std::string_view source;  ///< of what the supplement says about it
};

/// What the codec needs to build a C++ object that it knows by its table only.
struct TypeOps {
    void* (*create)();
    void (*destroy)(void*);
    bool (*equal)(const void*, const void*);
    void* (*emplace)(void* optional);          ///< optional<T>: engages it, returns the T
    const void* (*get)(const void* optional);  ///< optional<T>: the T or null
    void* (*append)(void* list);               ///< vector<T>: one more T
    std::size_t (*size)(const void* list);
    const void* (*at)(const void* list, std::size_t i);
    void* (*emplace_list)(void* optional_list);          ///< optional<vector<T>>: engages it, returns the vector
    const void* (*get_list)(const void* optional_list);  ///< optional<vector<T>>: the vector or null
};

enum class Role : std::uint8_t { Object, Request, Response };

/// Where a value stands in a request, for messages: `RuntimeConfiguration.ServerProcesses.0.LaunchPath`.
/// Lives on the stack of whoever walks; costs nothing until a message is made.
struct Path {
    const Path* parent = nullptr;
    std::string_view name;
    std::size_t index = 0;  ///< when name is empty

    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string with(std::string_view child) const { return Path{this, child}.text(); }
};

using Rule = Result<void> (*)(const void* value, const Path& path);

struct Type {
    std::string_view name;
    Role role;
    std::span<const Field> fields;
    std::span<const std::span<const std::string_view>> one_of;  ///< at least one of these sets is given whole
    Rule rule = nullptr;                                        ///< hand-written, src/codec/rules.cpp
    const TypeOps* ops = nullptr;
    bool extension = false;  ///< ours, not the original's
};

/// What a call of an action does.
enum class Access : std::uint8_t {
    Read,   ///< changes nothing, and hands out nothing with which something could be changed
    Grant,  ///< changes nothing, but hands out such a thing, or what only owners should see
    Write,  ///< changes something
};

struct Action {
    std::string_view name;
    std::string_view area;
    std::string_view name_zh;
    std::string_view summary;
    const Type* request;
    const Type* response;
    std::span<const std::string_view> errors;  ///< codes the original documents for it
    bool extension = false;                    ///< ours, not the original's
    Access access = Access::Write;             ///< a read-only key may call those that Read
    bool permanent_key = false;                ///< not with a temporary key
    std::uint32_t rate = 0;  ///< calls per second of one account in one region, as documented; 0: no limit
};

/// All actions, sorted by name.
[[nodiscard]] std::span<const Action> actions();
/// All data objects, sorted by name.
[[nodiscard]] std::span<const Type* const> objects();
/// Null when there is no such action. Names are case-sensitive.
[[nodiscard]] const Action* find_action(std::string_view name);
/// Null when the type has no such field.
[[nodiscard]] const Field* find_field(const Type& type, std::string_view name);

/// The table of a generated struct; api/model.h specializes it for each.
template <class T>
[[nodiscard]] const Type& type_of();

/// From a request struct to its response struct and action name; api/model.h specializes it for each.
template <class Request>
struct ActionTraits;

}  // namespace gse::api
