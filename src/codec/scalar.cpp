#include "codec/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "codec/json_text.h"

namespace gse::api {
namespace {

constexpr std::size_t kShownBytesMax = 48;

bool digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits(std::string_view text, std::size_t from) {
    std::size_t i = from;
    while (i < text.size() && digit(text[i])) ++i;
    return i - from;
}

/// Length of the JSON integer at the start of `text`, 0 when there is none (RFC 8259, section 6).
std::size_t integer_length(std::string_view text) {
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    const std::size_t count = digits(text, sign);
    if (count == 0 || (count > 1 && text[sign] == '0')) return 0;
    return sign + count;
}

bool is_integer(std::string_view text) {
    const std::size_t length = integer_length(text);
    return length > 0 && length == text.size();
}

bool is_number(std::string_view text) {
    std::size_t i = integer_length(text);
    if (i == 0) return false;
    if (i < text.size() && text[i] == '.') {
        const std::size_t count = digits(text, i + 1);
        if (count == 0) return false;
        i += 1 + count;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
        const std::size_t count = digits(text, i);
        if (count == 0) return false;
        i += count;
    }
    return i == text.size();
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
            row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

}  // namespace

std::string shown(std::string_view value) {
    std::string out;
    append_json_string(out, utf8_prefix(value, kShownBytesMax));
    if (value.size() > kShownBytesMax) out.insert(out.size() - 1, "…");
    return out;
}

std::string_view kind_name(const Field& field, bool as_item) {
    if (field.list && !as_item) return "a list";
    switch (field.kind) {
        case Kind::String: return "a string";
        case Kind::Int64:
        case Kind::UInt64: return "an integer";
        case Kind::Double: return "a number";
        case Kind::Bool: return "true or false";
        case Kind::Object: return "an object";
    }
    return "something else";
}

Error unknown_parameter(const Type& type, const Path& parent, std::string_view name) {
    // The name is the caller's: bounded and escaped before it goes into a message.
    const std::string quoted = shown(name);
    std::string path = parent.text();
    if (!path.empty()) path.push_back('.');
    path += name.empty() ? quoted : quoted.substr(1, quoted.size() - 2);
    std::string message = fmt::format("The parameter {} is not recognized.", path);
    const Field* nearest = nullptr;
    std::size_t least = 3;
    if (name.size() <= 2 * kShownBytesMax) {
        for (const Field& field : type.fields) {
            const std::size_t distance = edit_distance(name, field.name);
            if (distance < least) {
                least = distance;
                nearest = &field;
            }
        }
    }
    if (nearest) message += fmt::format(" Did you mean {}?", parent.with(nearest->name));
    return {ErrorCode::UnknownParameter, std::move(message)};
}

Error wrong_type(const Field& field, const Path& path, std::string_view got, bool as_item) {
    return {ErrorCode::InvalidParameter,
            fmt::format("{} is {}; it must be {}.", path.text(), got, kind_name(field, as_item))};
}

Error missing_parameter(std::string path) {
    path += " is missing; it is required.";
    return {ErrorCode::MissingParameter, std::move(path)};
}

Result<std::int64_t> read_int64(std::string_view text, const Path& path) {
    if (!is_integer(text)) {
        return refuse(ErrorCode::InvalidParameter, fmt::format("{} is {}; it must be an integer.", path.text(),
                                                               is_number(text) ? std::string{text} : shown(text)));
    }
    std::int64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) {
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("{} is {}; it must fit into 64 bits.", path.text(),
                                                                    utf8_prefix(text, kShownBytesMax)));
    }
    return value;
}

Result<std::uint64_t> read_uint64(std::string_view text, const Path& path) {
    if (!is_integer(text)) {
        return refuse(ErrorCode::InvalidParameter, fmt::format("{} is {}; it must be an integer.", path.text(),
                                                               is_number(text) ? std::string{text} : shown(text)));
    }
    if (text == "-0") return 0;
    if (text.starts_with('-')) {
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("{} is {}; it must not be negative.", path.text(),
                                                                    utf8_prefix(text, kShownBytesMax)));
    }
    std::uint64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) {
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("{} is {}; it must fit into 64 bits.", path.text(),
                                                                    utf8_prefix(text, kShownBytesMax)));
    }
    return value;
}

Result<double> read_double(std::string_view text, const Path& path) {
    if (!is_number(text)) {
        return refuse(ErrorCode::InvalidParameter,
                      fmt::format("{} is {}; it must be a number.", path.text(), shown(text)));
    }
    double value = 0;
    const std::errc status = std::from_chars(text.data(), text.data() + text.size(), value).ec;
    if (status != std::errc{} || !std::isfinite(value)) {
        return refuse(ErrorCode::InvalidParameterValue, fmt::format("{} is {}; it must fit into a 64-bit float.",
                                                                    path.text(), utf8_prefix(text, kShownBytesMax)));
    }
    return value;
}

const NamedNumber* find_number_name(const Field& field, std::string_view word) {
    if (!field.limits) return nullptr;
    const auto found = std::ranges::find(field.limits->number_names, word, &NamedNumber::name);
    return found != field.limits->number_names.end() ? &*found : nullptr;
}

}  // namespace gse::api
