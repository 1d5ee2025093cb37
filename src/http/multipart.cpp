#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "http/params.h"
#include "http/request.h"

namespace gse::http {
namespace {

constexpr int kDepthMax = 32;
constexpr std::size_t kPartsMax = 256;
constexpr std::size_t kPartHeaderMax = 4096;

std::unexpected<Error> malformed(std::string_view what) {
    return refuse(ErrorCode::InvalidRequest, fmt::format("the multipart body {}", what));
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

/// `value` of `; name=value` or `; name="value"` behind a header's main value.
std::optional<std::string> attribute(std::string_view header, std::string_view name) {
    auto semicolon = header.find(';');
    while (semicolon != std::string_view::npos) {
        header.remove_prefix(semicolon + 1);
        header = trimmed(header);
        const auto equals = header.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const std::string_view key = trimmed(header.substr(0, equals));
        header.remove_prefix(equals + 1);
        std::string value;
        if (header.starts_with('"')) {
            std::size_t at = 1;
            for (; at < header.size() && header[at] != '"'; ++at) {
                if (header[at] == '\\' && at + 1 < header.size()) ++at;
                value.push_back(header[at]);
            }
            if (at >= header.size()) return std::nullopt;
            header.remove_prefix(at + 1);
        } else {
            value = trimmed(header.substr(0, header.find(';')));
        }
        if (equal_ignoring_case(key, name)) return value;
        semicolon = header.find(';');
    }
    return std::nullopt;
}

Result<void> add(codec::FlatParams& out, const std::string& name, std::string value) {
    if (out.size() == kParametersMax) {
        return refuse(ErrorCode::RequestTooLarge, fmt::format("a request may have {} parameters", kParametersMax));
    }
    out.emplace_back(name, std::move(value));
    return {};
}

Result<void> flatten(codec::FlatParams& out, const std::string& name, simdjson::dom::element value, int depth) {
    if (depth > kDepthMax) return malformed(fmt::format("nests {} deeper than {} levels", name, kDepthMax));
    switch (value.type()) {
        case simdjson::dom::element_type::OBJECT: {
            const simdjson::dom::object members = value.get_object().value_unsafe();
            for (const auto member : members) {
                TRY(flatten(out, fmt::format("{}.{}", name, member.key), member.value, depth + 1));
            }
            return {};
        }
        case simdjson::dom::element_type::ARRAY: {
            std::size_t index = 0;
            const simdjson::dom::array elements = value.get_array().value_unsafe();
            for (const auto element : elements) {
                TRY(flatten(out, fmt::format("{}.{}", name, index++), element, depth + 1));
            }
            return {};
        }
        case simdjson::dom::element_type::STRING: return add(out, name, std::string{value.get_string().value_unsafe()});
        case simdjson::dom::element_type::INT64:
            return add(out, name, std::to_string(value.get_int64().value_unsafe()));
        case simdjson::dom::element_type::UINT64:
            return add(out, name, std::to_string(value.get_uint64().value_unsafe()));
        case simdjson::dom::element_type::DOUBLE:
            return add(out, name, fmt::format("{}", value.get_double().value_unsafe()));
        case simdjson::dom::element_type::BOOL:
            return add(out, name, value.get_bool().value_unsafe() ? "true" : "false");
        case simdjson::dom::element_type::NULL_VALUE: return {};
    }
    return {};
}

struct Part {
    std::string name;
    bool is_json = false;
    std::string_view content;
};

Result<Part> read_part(std::string_view text) {
    const auto end = text.find("\r\n\r\n");
    if (end > kPartHeaderMax)  // or not there at all
        return malformed("has a part without a header of its own");
    Part part{.content = text.substr(end + 4)};
    std::string_view head = text.substr(0, end);
    while (!head.empty()) {
        const auto line_end = head.find("\r\n");
        const std::string_view line = head.substr(0, line_end);
        head = line_end == std::string_view::npos ? std::string_view{} : head.substr(line_end + 2);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return malformed("has a part header without a colon");
        const std::string_view value = trimmed(line.substr(colon + 1));
        if (equal_ignoring_case(line.substr(0, colon), "Content-Disposition")) {
            part.name = attribute(value, "name").value_or("");
        } else if (equal_ignoring_case(line.substr(0, colon), "Content-Type")) {
            part.is_json = is_media_type(value, "application/json");
        }
    }
    if (part.name.empty()) return malformed("has a part without a name in its Content-Disposition");
    return part;
}

}  // namespace

Result<codec::FlatParams> decode_multipart(std::string_view content_type, std::string_view body) {
    const auto boundary = attribute(content_type, "boundary");
    if (!boundary || boundary->empty() || boundary->size() > 70) {
        return malformed("cannot be split: the Content-Type names no boundary of 1 to 70 characters");
    }
    // Every delimiter is a line of its own; the first has no line before it.
    const std::string opening = "--" + *boundary;
    const std::string delimiter = "\r\n" + opening;
    if (!body.starts_with(opening)) return malformed("does not begin with its boundary");
    body.remove_prefix(opening.size());

    codec::FlatParams parameters;
    std::vector<std::string> names;
    while (!body.starts_with("--")) {
        if (!body.starts_with("\r\n")) return malformed("has text behind a boundary");
        body.remove_prefix(2);
        const auto end = body.find(delimiter);
        if (end == std::string_view::npos) return malformed("does not end with its boundary");
        if (names.size() == kPartsMax) return malformed(fmt::format("has more than {} parts", kPartsMax));
        const Part part = TRY(read_part(body.substr(0, end)));
        body.remove_prefix(end + delimiter.size());
        if (std::find(names.begin(), names.end(), part.name) != names.end()) {
            return refuse(ErrorCode::InvalidParameter, fmt::format("the parameter {} is given twice", part.name));
        }
        names.push_back(part.name);
        if (part.is_json) {
            simdjson::dom::parser parser;
            simdjson::dom::element value;
            if (parser.parse(part.content.data(), part.content.size()).get(value) != simdjson::SUCCESS) {
                return malformed(fmt::format("has a part {} that is not JSON, though it says so", part.name));
            }
            TRY(flatten(parameters, part.name, value, 0));
        } else {
            TRY(add(parameters, part.name, std::string{part.content}));
        }
    }
    return parameters;
}

}  // namespace gse::http
