#include "tests/world/answer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "base/check.h"

namespace gse::testing {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

void flatten(const simdjson::dom::element& element, const std::string& path, Values& out) {
    const auto below = [&](std::string_view name) {
        return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
    };
    switch (element.type()) {
        case simdjson::dom::element_type::OBJECT:
            for (const auto field : simdjson::dom::object(element)) flatten(field.value, below(field.key), out);
            return;
        case simdjson::dom::element_type::ARRAY: {
            const simdjson::dom::array array = element;
            out[path + "#"] = std::to_string(array.size());
            std::size_t i = 0;
            for (const auto item : array) flatten(item, below(std::to_string(i++)), out);
            return;
        }
        case simdjson::dom::element_type::STRING: out[path] = std::string(std::string_view(element)); return;
        default: out[path] = simdjson::minify(element); return;
    }
}

}  // namespace

Values flatten_json(const std::string& json) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    Values out;
    if (parser.parse(json).get(root) == simdjson::SUCCESS) flatten(root, "", out);
    return out;
}

Answer::Answer(std::string body) : body_(std::move(body)), values_(flatten_json(body_)) {
    CHECK(values_.contains("Response.RequestId"));
}

std::string Answer::operator[](std::string_view path) const {
    const auto it = values_.find(fmt::format("Response.{}", path));
    return it == values_.end() ? "(absent)" : it->second;
}

std::size_t Answer::count(std::string_view list) const {
    const auto it = values_.find(fmt::format("Response.{}#", list));
    return it == values_.end() ? 0 : std::stoul(it->second);
}

std::string Answer::code() const {
    const auto it = values_.find("Response.Error.Code");
    return it == values_.end() ? "" : it->second;
}

std::string Answer::message() const {
    const auto it = values_.find("Response.Error.Message");
    return it == values_.end() ? "" : it->second;
}

}  // namespace gse::testing
