#include "main/log_format.h"

#include <chrono>

#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/time.h"
#include "codec/json_text.h"

namespace gse {
namespace {

class JsonFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        using std::chrono::duration_cast;
        const auto ms = duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch()).count();
        std::string time = format_utc({ms});
        time.pop_back();
        std::string line = fmt::format(R"({{"time":"{}.{:03}Z","level":"{}","message":)", time, ms % 1000,
                                       spdlog::level::to_string_view(message.level));
        api::append_json_string(line, std::string_view(message.payload.data(), message.payload.size()));
        line += "}\n";
        out.append(line.data(), line.data() + line.size());
    }
    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }
};

}  // namespace

std::unique_ptr<spdlog::formatter> json_log_formatter() { return std::make_unique<JsonFormatter>(); }

std::shared_ptr<spdlog::logger> field_logger(bool json) {
    const auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto logger = std::make_shared<spdlog::logger>("requests", sink);
    if (json)
        logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})", spdlog::pattern_time_type::utc);
    else
        logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    return logger;
}

}  // namespace gse
