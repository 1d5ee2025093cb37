// Bytes as an agent might send them: they are refused with a reason, or become a value that encodes and decodes to
// itself.
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent_link.pb.h"
#include "base/check.h"
#include "link/convert.h"

namespace gse::link {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    opengse::link::v1::AgentMessage message;
    if (!message.ParseFromArray(data, static_cast<int>(size))) return 0;
    const auto value = decode(message);
    if (!value) {
        CHECK(!value.error().message.empty());
        return 0;
    }
    opengse::link::v1::AgentMessage first;
    encode(*value, first);
    const std::string bytes = first.SerializeAsString();
    const auto again = decode(first);
    CHECK(again.has_value());
    opengse::link::v1::AgentMessage second;
    encode(*again, second);
    CHECK(second.SerializeAsString() == bytes);
    return 0;
}

}  // namespace gse::link
