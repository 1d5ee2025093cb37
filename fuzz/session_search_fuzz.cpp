// FilterExpression and SortExpression as anybody with a key may send them: refused with a position, or evaluated; and a
// filter's negation finds exactly what the filter does not.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/session_search.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const std::vector<gse::core::GameProperty> properties = {{"K1", "V1"}, {"Key-1", "Value-1"}};
    const gse::api::SearchedSession session{.name = "lobby",
                                            .id = "gssess-1",
                                            .max_players = 10,
                                            .created_ms = 1'600'000'000'000,
                                            .players = 2,
                                            .takes_players = true,
                                            .properties = properties};
    if (const auto filter = gse::api::SessionFilter::parse(text)) {
        const bool found = filter->matches(session);
        const auto opposite = gse::api::SessionFilter::parse("NOT (" + std::string{text} + ")");
        // Two levels deeper it may be too deep or too long; blank text has no opposite.
        if (opposite && opposite->matches(session) == found) std::abort();
    } else if (filter.error().message.empty()) {
        std::abort();
    }
    (void)gse::api::SessionSort::parse(text);
    return 0;
}
