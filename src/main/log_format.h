/// One line of the log as one JSON object, whatever the message holds.
#pragma once

#include <memory>

#include <spdlog/formatter.h>
#include <spdlog/logger.h>

namespace gse {

/// `{"time":"2026-11-29T07:20:31.123Z","level":"info","message":"…"}`, in UTC.
[[nodiscard]] std::unique_ptr<spdlog::formatter> json_log_formatter();

/// For lines whose message is made of fields: text as it is, or members of the line's object.
[[nodiscard]] std::shared_ptr<spdlog::logger> field_logger(bool json);

}  // namespace gse
