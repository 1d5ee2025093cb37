#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>
#include <memory>

#include "codec/codec.h"
#include "codec/json_text.h"
#include "codec/scalar.h"
#include "codec/storage.h"

namespace gse::api {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(kJsonPadding >= simdjson::SIMDJSON_PADDING);

Error malformed(simdjson::error_code code) {
    if (code == simdjson::CAPACITY) {
        return {ErrorCode::RequestTooLarge, fmt::format("The JSON is longer than {} bytes.", kJsonBytesMax)};
    }
    if (code == simdjson::UTF8_ERROR) return {ErrorCode::InvalidParameter, "The body is not valid UTF-8."};
    return {ErrorCode::InvalidParameter, fmt::format("The body is not valid JSON: {}", simdjson::error_message(code))};
}

std::string_view trimmed(std::string_view token) {
    while (!token.empty() &&
           (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t')) {
        token.remove_suffix(1);
    }
    return token;
}

/// What a value is, for messages: the text of a scalar, the kind of anything else.
std::string what_is(ondemand::value& value) {
    ondemand::json_type type{};
    if (value.type().get(type)) return "malformed";
    switch (type) {
        case ondemand::json_type::array: return "a list";
        case ondemand::json_type::object: return "an object";
        case ondemand::json_type::null: return "null";
        case ondemand::json_type::string: {
            std::string_view text;
            return value.get_string().get(text) ? "a string" : "the string " + shown(text);
        }
        default: {
            const std::string_view token = trimmed(value.raw_json_token());
            return std::string{utf8_prefix(token, 48)};
        }
    }
}

/// Walks the text once, straight into the struct. Requests are strict; answers are read leniently.
class Reader {
public:
    enum class Unknown : bool { Refuse, Skip };

    explicit Reader(Unknown unknown) : unknown_(unknown) {}

    bool object(ondemand::object& json, const Type& type, void* out, const Path& path) {
        std::uint64_t seen = 0;
        std::size_t guess = 0;  // clients tend to send members in the model's order
        for (auto entry : json) {
            ondemand::field member;
            if (const auto code = std::move(entry).get(member)) return fail(malformed(code));
            std::string_view name;
            if (const auto code = member.unescaped_key().get(name)) return fail(malformed(code));
            const std::size_t index = find(type, name, guess);
            if (index == type.fields.size()) {
                if (unknown_ == Unknown::Skip) continue;
                return fail(unknown_parameter(type, path, name));
            }
            guess = index + 1;
            const Field& field = type.fields[index];
            const Path here{&path, field.name};
            if (seen & (std::uint64_t{1} << index)) {
                return fail({ErrorCode::InvalidParameter, here.text() + " is given twice."});
            }
            seen |= std::uint64_t{1} << index;
            ondemand::value value = member.value();
            bool absent = false;
            if (!read_null(value, absent)) return false;
            if (absent) {
                if (field.required && unknown_ == Unknown::Refuse) return fail(missing_parameter(here.text()));
                continue;
            }
            if (!this->field(value, field, out, here)) return false;
        }
        if (unknown_ == Unknown::Skip) return true;
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            if (type.fields[i].required && !(seen & (std::uint64_t{1} << i))) {
                return fail(missing_parameter(path.with(type.fields[i].name)));
            }
        }
        return true;
    }

    Error take_error() { return std::move(error_); }
    bool fail(Error error) {
        error_ = std::move(error);
        return false;
    }

private:
    static std::size_t find(const Type& type, std::string_view name, std::size_t guess) {
        const std::size_t count = type.fields.size();
        for (std::size_t i = guess; i < count; ++i) {
            if (type.fields[i].name == name) return i;
        }
        for (std::size_t i = 0; i < guess && i < count; ++i) {
            if (type.fields[i].name == name) return i;
        }
        return count;
    }

    bool read_null(ondemand::value& value, bool& is_null) {
        ondemand::json_type type{};
        if (const auto code = value.type().get(type)) return fail(malformed(code));
        if (type != ondemand::json_type::null) return true;
        if (const auto code = value.is_null().get(is_null)) return fail(malformed(code));
        return is_null || fail(malformed(simdjson::N_ATOM_ERROR));
    }

    bool field(ondemand::value& value, const Field& field, void* out, const Path& path) {
        if (!field.list) {
            if (field.kind == Kind::Object) return nested(value, field, engage_object(field, out), path);
            return with_scalar(field.kind,
                               [&]<class T>(T) { return scalar(value, field, path, engage<T>(field, out), false); });
        }
        ondemand::array items;
        if (const auto code = value.get_array().get(items)) {
            if (code != simdjson::INCORRECT_TYPE) return fail(malformed(code));
            return fail(wrong_type(field, path, what_is(value), false));
        }
        if (field.kind == Kind::Object) {
            void* list = engage_object_list(field, out);
            return each(items, path, [&](ondemand::value& item, const Path& here) {
                return nested(item, field, field.object->ops->append(list), here);
            });
        }
        return with_scalar(field.kind, [&]<class T>(T) {
            auto& list = engage<std::vector<T>>(field, out);
            list.clear();  // the default
            return each(items, path, [&](ondemand::value& item, const Path& here) {
                T one{};
                if (!scalar(item, field, here, one, true)) return false;
                list.push_back(std::move(one));
                return true;
            });
        });
    }

    template <class F>
    bool each(ondemand::array& items, const Path& path, F&& read) {
        std::size_t index = 0;
        for (auto entry : items) {
            ondemand::value item;
            if (const auto code = std::move(entry).get(item)) return fail(malformed(code));
            if (!read(item, Path{&path, {}, index++})) return false;
        }
        return true;
    }

    bool nested(ondemand::value& value, const Field& field, void* out, const Path& path) {
        ondemand::object json;
        if (const auto code = value.get_object().get(json)) {
            if (code != simdjson::INCORRECT_TYPE) return fail(malformed(code));
            return fail(wrong_type(field, path, what_is(value), true));
        }
        return object(json, *field.object, out, path);
    }

    template <class T>
    bool scalar(ondemand::value& value, const Field& field, const Path& path, T& out, bool as_item) {
        ondemand::json_type type{};
        if (const auto code = value.type().get(type)) return fail(malformed(code));
        if constexpr (std::is_same_v<T, std::string>) {
            if (type != ondemand::json_type::string) return fail(wrong_type(field, path, what_is(value), as_item));
            std::string_view text;
            if (const auto code = value.get_string().get(text)) return fail(malformed(code));
            out.assign(text);
            return true;
        } else if constexpr (std::is_same_v<T, bool>) {
            if (type != ondemand::json_type::boolean) return fail(wrong_type(field, path, what_is(value), as_item));
            if (const auto code = value.get_bool().get(out)) return fail(malformed(code));
            return true;
        } else {
            if constexpr (std::is_same_v<T, std::int64_t>) {
                if (type == ondemand::json_type::string && has_names(field)) return named(value, field, path, out);
            }
            if constexpr (std::is_same_v<T, double>) {
                if (as_item && unknown_ == Unknown::Skip && type == ondemand::json_type::null) {
                    out = std::numeric_limits<double>::quiet_NaN();  // see encode
                    return true;
                }
            }
            if (type != ondemand::json_type::number) return fail(wrong_type(field, path, what_is(value), as_item));
            const std::string_view token = trimmed(value.raw_json_token());
            Result<T> number = read<T>(token, path);
            if (!number) return fail(std::move(number).error());
            out = *number;
            return true;
        }
    }

    template <class T>
    static Result<T> read(std::string_view token, const Path& path) {
        if constexpr (std::is_same_v<T, std::int64_t>) return read_int64(token, path);
        if constexpr (std::is_same_v<T, std::uint64_t>) return read_uint64(token, path);
        if constexpr (std::is_same_v<T, double>) return read_double(token, path);
    }

    static bool has_names(const Field& field) { return field.limits && !field.limits->number_names.empty(); }

    bool named(ondemand::value& value, const Field& field, const Path& path, std::int64_t& out) {
        std::string_view word;
        if (const auto code = value.get_string().get(word)) return fail(malformed(code));
        const NamedNumber* found = find_number_name(field, word);
        if (!found) return fail(wrong_type(field, path, "the string " + shown(word), true));
        out = found->number;
        return true;
    }

    Unknown unknown_;
    Error error_;
};

/// One a thread: simdjson keeps its buffers from document to document.
ondemand::parser& parser() {
    thread_local ondemand::parser one{kJsonBytesMax};
    return one;
}

/// Calls `use(object)` with the root object of `json` and refuses whatever follows it.
template <class F>
Result<void> with_root(std::string_view json, Padding padding, F&& use) {
    if (json.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return refuse(ErrorCode::InvalidParameter,
                      "The body is empty; send a JSON object, {} when there are no parameters.");
    }
    if (json.size() > kJsonBytesMax) return std::unexpected(malformed(simdjson::CAPACITY));
    simdjson::padded_string copy;
    if (padding == Padding::Absent) {
        copy = simdjson::padded_string{json};
        json = copy;
    }
    ondemand::document document;
    if (const auto code = parser().iterate(json, json.size() + kJsonPadding).get(document)) {
        return std::unexpected(malformed(code));
    }
    ondemand::object root;
    if (const auto code = document.get_object().get(root)) {
        if (code != simdjson::INCORRECT_TYPE) return std::unexpected(malformed(code));
        return refuse(ErrorCode::InvalidParameter,
                      "The body is not a JSON object; send the parameters as {\"Name\": value}.");
    }
    if (Result<void> done = use(root); !done) return done;
    if (!document.current_location().error()) {
        return refuse(ErrorCode::InvalidParameter, "Something follows the JSON object in the body.");
    }
    return {};
}

Result<void> read_root(const Type& type, std::string_view json, void* out, Padding padding, Reader::Unknown unknown) {
    return with_root(json, padding, [&](ondemand::object& root) -> Result<void> {
        Reader reader{unknown};
        if (!reader.object(root, type, out, Path{})) return std::unexpected(reader.take_error());
        return {};
    });
}

Result<void> read_envelope_member(ondemand::field& member, std::string_view name, std::string& out) {
    std::string_view text;
    if (member.value().get_string().get(text)) {
        return refuse(ErrorCode::InvalidParameter, fmt::format("Response.{} is not a string.", name));
    }
    out.assign(text);
    return {};
}

Result<void> read_inner(ondemand::object& inner, Envelope& envelope, bool is_error) {
    for (auto entry : inner) {
        ondemand::field member;
        if (const auto code = std::move(entry).get(member)) return std::unexpected(malformed(code));
        std::string_view name;
        if (const auto code = member.unescaped_key().get(name)) return std::unexpected(malformed(code));
        if (is_error) {
            if (name == "Code") TRY(read_envelope_member(member, "Error.Code", envelope.error_code));
            if (name == "Message") TRY(read_envelope_member(member, "Error.Message", envelope.error_message));
            continue;
        }
        if (name == "RequestId") TRY(read_envelope_member(member, "RequestId", envelope.request_id));
        if (name == "Error") {
            ondemand::object error;
            if (member.value().get_object().get(error)) {
                return refuse(ErrorCode::InvalidParameter, "Response.Error is not an object.");
            }
            TRY(read_inner(error, envelope, true));
            if (envelope.error_code.empty()) return refuse(ErrorCode::InvalidParameter, "Response.Error has no Code.");
        }
    }
    return {};
}

}  // namespace

Result<void> decode_json(const Type& type, std::string_view json, void* out, Padding padding) {
    TRY(read_root(type, json, out, padding, Reader::Unknown::Refuse));
    return validate(type, out);
}

Result<void> decode_response(const Type& type, std::string_view json, void* out) {
    return read_root(type, json, out, Padding::Absent, Reader::Unknown::Skip);
}

Result<Envelope> open_envelope(std::string_view body) {
    Envelope envelope;
    bool found = false;
    TRY(with_root(body, Padding::Absent, [&](ondemand::object& root) -> Result<void> {
        for (auto entry : root) {
            ondemand::field member;
            if (const auto code = std::move(entry).get(member)) return std::unexpected(malformed(code));
            std::string_view name;
            if (const auto code = member.unescaped_key().get(name)) return std::unexpected(malformed(code));
            if (name != "Response" || found) continue;
            ondemand::object inner;
            if (member.value().get_object().get(inner)) {
                return refuse(ErrorCode::InvalidParameter, "Response is not an object.");
            }
            std::string_view raw;
            if (const auto code = inner.raw_json().get(raw)) return std::unexpected(malformed(code));
            envelope.response.assign(raw);
            found = true;
        }
        return {};
    }));
    if (!found) return refuse(ErrorCode::InvalidParameter, "The answer has no Response object.");
    TRY(with_root(envelope.response, Padding::Absent,
                  [&](ondemand::object& inner) { return read_inner(inner, envelope, false); }));
    return envelope;
}

}  // namespace gse::api
