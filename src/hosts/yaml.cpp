#include "hosts/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <string>

namespace gse::hosts {
namespace {

namespace json = boost::json;

constexpr std::size_t kBytesMax = 1 << 20;
constexpr int kDepthMax = 64;
constexpr int kValuesMax = 100'000;

class Parser {
public:
    explicit Parser(std::string_view text) {
        yaml_parser_initialize(&parser_);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    ~Parser() { yaml_parser_delete(&parser_); }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    yaml_parser_t* operator->() { return &parser_; }
    yaml_parser_t* get() { return &parser_; }

private:
    yaml_parser_t parser_{};
};

class Document {
public:
    ~Document() {
        if (loaded) yaml_document_delete(&document);
    }
    Document() = default;
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;
    yaml_document_t document{};
    bool loaded = false;
};

/// What a scalar without quotes means (YAML 1.2, core schema).
json::value plain(std::string_view text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    const std::string_view digits = text.front() == '+' ? text.substr(1) : text;
    std::int64_t whole = 0;
    if (const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
        error == std::errc{} && end == digits.data() + digits.size())
        return whole;
    // `1e3` and `.5`, but neither `inf` nor a version such as `1.2.3`.
    double number = 0;
    const bool numeric = digits.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
    if (const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        numeric && error == std::errc{} && end == digits.data() + digits.size())
        return number;
    return json::string(text);
}

class Reader {
public:
    explicit Reader(yaml_document_t& document) : document_(document) {}

    Result<json::value> read(int index, int depth) {
        const yaml_node_t* node = yaml_document_get_node(&document_, index);
        if (!node) return json::value(nullptr);
        if (depth > kDepthMax || ++values_ > kValuesMax)
            return refuse_at(node, "is nested too deeply, or holds too much");
        switch (node->type) {
            case YAML_SCALAR_NODE: return scalar(node);
            case YAML_SEQUENCE_NODE: {
                json::array out;
                for (const yaml_node_item_t* item = node->data.sequence.items.start;
                     item < node->data.sequence.items.top; ++item)
                    out.push_back(TRY(read(*item, depth + 1)));
                return json::value(std::move(out));
            }
            case YAML_MAPPING_NODE: {
                json::object out;
                for (const yaml_node_pair_t* pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
                     ++pair) {
                    const yaml_node_t* key = yaml_document_get_node(&document_, pair->key);
                    if (!key || key->type != YAML_SCALAR_NODE) return refuse_at(node, "has a key that is no text");
                    const auto inserted = out.emplace(scalar_text(key), TRY(read(pair->value, depth + 1)));
                    if (!inserted.second)
                        return refuse_at(key, fmt::format("has the key '{}' a second time", scalar_text(key)));
                }
                return json::value(std::move(out));
            }
            case YAML_NO_NODE: break;
        }
        return json::value(nullptr);
    }

private:
    static std::string_view scalar_text(const yaml_node_t* node) {
        return {reinterpret_cast<const char*>(node->data.scalar.value), node->data.scalar.length};
    }
    static json::value scalar(const yaml_node_t* node) {
        const bool is_plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        return is_plain ? plain(scalar_text(node)) : json::value(json::string(scalar_text(node)));
    }
    static std::unexpected<Error> refuse_at(const yaml_node_t* node, std::string_view what) {
        return refuse(ErrorCode::InvalidParameter, fmt::format("line {}, column {}: it {}", node->start_mark.line + 1,
                                                               node->start_mark.column + 1, what));
    }

    yaml_document_t& document_;
    int values_ = 0;
};

}  // namespace

Result<json::value> read_yaml(std::string_view text) {
    if (text.size() > kBytesMax) return refuse(ErrorCode::InvalidParameter, "it is larger than 1 MiB");
    Parser parser(text);
    Document read;
    read.loaded = yaml_parser_load(parser.get(), &read.document) == 1;
    if (!read.loaded)
        return refuse(ErrorCode::InvalidParameter, fmt::format("line {}, column {}: {}", parser->problem_mark.line + 1,
                                                               parser->problem_mark.column + 1,
                                                               parser->problem ? parser->problem : "it is no YAML"));
    Document next;
    next.loaded = yaml_parser_load(parser.get(), &next.document) == 1;
    if (next.loaded && yaml_document_get_root_node(&next.document))
        return refuse(ErrorCode::InvalidParameter, "it holds more than one document");
    if (!yaml_document_get_root_node(&read.document)) return json::value(nullptr);
    return Reader(read.document).read(1, 0);
}

}  // namespace gse::hosts
