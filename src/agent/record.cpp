#include "agent/record.h"

#include <charconv>

#include "base/file.h"
#include "base/url.h"

namespace gse::agent {
namespace {
constexpr std::size_t kRecordBytesMax = 1 << 20;
}

Record& Record::set(std::string_view key, std::string_view value) {
    values_[std::string(key)] = std::string(value);
    return *this;
}

Record& Record::set(std::string_view key, const std::vector<std::string>& values) {
    for (std::size_t i = 0; i < values.size(); ++i)
        set(std::string(key) + "." + std::to_string(i), std::string_view(values[i]));
    return *this;
}

std::string Record::text(std::string_view key) const {
    const auto found = values_.find(std::string(key));
    return found == values_.end() ? std::string() : found->second;
}

std::int64_t Record::number(std::string_view key, std::int64_t absent) const {
    const auto found = values_.find(std::string(key));
    if (found == values_.end()) return absent;
    std::int64_t value = absent;
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
    return value;
}

std::vector<std::string> Record::list(std::string_view key) const {
    std::vector<std::string> values;
    for (std::size_t i = 0;; ++i) {
        const auto found = values_.find(std::string(key) + "." + std::to_string(i));
        if (found == values_.end()) return values;
        values.push_back(found->second);
    }
}

std::string Record::encode() const {
    std::string out;
    for (const auto& [key, value] : values_) out += key + "=" + url_encode(value, UrlPart::Query) + "\n";
    return out;
}

Result<Record> Record::decode(std::string_view text) {
    Record record;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (line.empty()) continue;
        const std::size_t equals = line.find('=');
        const auto value =
            equals == std::string_view::npos ? std::nullopt : url_decode(line.substr(equals + 1), UrlPart::Query);
        if (!value)
            return refuse(ErrorCode::InvalidParameter, "not a key=value line: " + std::string(line.substr(0, 80)));
        record.values_[std::string(line.substr(0, equals))] = *value;
    }
    return record;
}

Result<Record> load_record(const std::filesystem::path& path) {
    const std::string text = TRY(read_file(path, kRecordBytesMax));
    return Record::decode(text);
}

Result<void> save_record(const std::filesystem::path& path, const Record& record) {
    return write_file_atomically(path, record.encode());
}

}  // namespace gse::agent
