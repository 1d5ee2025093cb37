// Feeds bytes to the JSON and the flat decoder of every action, and to what reads answers. The first byte picks the
// action; in flat form lines are `name=value`. Whatever is accepted must come back the same from its own JSON.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "codec/codec.h"
#include "codec/flat.h"

namespace gse::api {
namespace {

struct Value {
    explicit Value(const Type& t) : type(t), data(t.ops->create()) {}
    Value(const Value&) = delete;
    Value& operator=(const Value&) = delete;
    ~Value() { type.ops->destroy(data); }
    const Type& type;
    void* data;
};

void check_round_trip(const Value& value) {
    std::string json = "{";
    encode_fields(value.type, value.data, json);
    json.push_back('}');
    Value again{value.type};
    CHECK(decode_json(value.type, json, again.data));
    CHECK(value.type.ops->equal(value.data, again.data));
}

codec::FlatParams split_lines(std::string_view text) {
    codec::FlatParams pairs;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const std::size_t equals = std::min(line.size(), line.find('='));
        pairs.emplace_back(line.substr(0, equals), line.substr(std::min(line.size(), equals + 1)));
    }
    return pairs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Action& action = actions()[data[0] % actions().size()];
    const std::string_view text{reinterpret_cast<const char*>(data + 1), size - 1};

    Value from_json{*action.request};
    if (decode_json(*action.request, text, from_json.data)) check_round_trip(from_json);

    Value from_flat{*action.request};
    if (decode_flat(*action.request, split_lines(text), from_flat.data)) check_round_trip(from_flat);

    Value answer{*action.response};
    (void)decode_response(*action.response, text, answer.data);
    (void)open_envelope(text);
    return 0;
}

}  // namespace gse::api
