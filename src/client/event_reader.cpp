#include "client/event_reader.h"

#include <utility>

namespace gse::client {

bool EventReader::read(std::string_view bytes, const std::function<bool(const ServerEvent&)>& take) {
    rest_ += bytes;
    std::size_t from = 0;
    bool more = true;
    for (std::size_t end; more && (end = rest_.find('\n', from)) != std::string::npos; from = end + 1) {
        std::string_view text = std::string_view{rest_}.substr(from, end - from);
        if (text.ends_with('\r')) text.remove_suffix(1);
        if (!text.empty()) {
            line(text);
            continue;
        }
        if (!pending_id_.empty()) id_ = std::exchange(pending_id_, {});
        if (!event_.data.empty()) {
            event_.id = id_;
            more = take(event_);
        }
        event_ = {};
    }
    rest_.erase(0, from);
    return more && rest_.size() <= kLineMax && event_.data.size() <= kLineMax;
}

void EventReader::line(std::string_view text) {
    const auto colon = text.find(':');
    const std::string_view field = text.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") {
        event_.name = value;
    } else if (field == "id") {
        pending_id_ = value;
    } else if (field == "data") {
        if (!event_.data.empty()) event_.data += '\n';
        event_.data += value;
    }
}

}  // namespace gse::client
