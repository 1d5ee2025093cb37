#include "main/log_format.h"

#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>

namespace gse {
namespace {

TEST(JsonLog, AMessageCannotBreakOutOfItsLine) {
    const std::pair<const char*, const char*> cases[] = {
        {"plain", R"("plain")"},
        {R"(no key "K" in C:\x)", R"("no key \"K\" in C:\\x")"},
        {"two\nlines", R"("two\nlines")"},
        {"\xff", "\"\xEF\xBF\xBD\""},
    };
    for (const auto& [message, shown] : cases) {
        const spdlog::log_clock::time_point at{std::chrono::milliseconds{1'600'000'000'007}};
        spdlog::memory_buf_t out;
        json_log_formatter()->clone()->format({at, {}, "gse", spdlog::level::warn, message}, out);
        EXPECT_EQ(std::string(out.data(), out.size()),
                  std::string(R"({"time":"2020-09-13T12:26:40.007Z","level":"warning","message":)") + shown + "}\n");
    }
}

}  // namespace
}  // namespace gse
