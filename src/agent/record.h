/// Small files of the agent: `key=value` lines, values percent-encoded. Readable by people, safe for any bytes.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gse::agent {

class Record {
public:
    Record& set(std::string_view key, std::string_view value);
    template <std::integral T>
    Record& set(std::string_view key, T value) {
        return set(key, std::string_view(std::to_string(value)));
    }
    /// Stored as `key.0`, `key.1`, …
    Record& set(std::string_view key, const std::vector<std::string>& values);

    [[nodiscard]] std::string text(std::string_view key) const;  ///< "" when absent
    [[nodiscard]] std::int64_t number(std::string_view key, std::int64_t absent = 0) const;
    [[nodiscard]] std::vector<std::string> list(std::string_view key) const;
    [[nodiscard]] bool has(std::string_view key) const { return values_.contains(std::string(key)); }

    [[nodiscard]] std::string encode() const;
    /// InvalidParameter for a line that is not `key=value`.
    [[nodiscard]] static Result<Record> decode(std::string_view text);

private:
    std::map<std::string, std::string> values_;
};

/// NotFound when there is none.
[[nodiscard]] Result<Record> load_record(const std::filesystem::path& path);
/// Durable when it returns.
Result<void> save_record(const std::filesystem::path& path, const Record& record);

}  // namespace gse::agent
