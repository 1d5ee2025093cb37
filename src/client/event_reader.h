/// Reads server-sent events from bytes as they come.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace gse::client {

struct ServerEvent {
    std::string name;  ///< `fleet`, `alias`, … `dropped`
    std::string data;  ///< JSON
    std::string id;
};

class EventReader {
public:
    static constexpr std::size_t kLineMax = 1 << 20;

    /// `id`: of the last event of an earlier connection, "" for none.
    explicit EventReader(std::string id) : id_(std::move(id)) {}

    /// False when a line is longer than any of ours, or when `take` says that it has enough.
    bool read(std::string_view bytes, const std::function<bool(const ServerEvent&)>& take);
    /// What to send as Last-Event-ID next time.
    [[nodiscard]] const std::string& last_id() const { return id_; }

private:
    void line(std::string_view text);

    std::string rest_;
    std::string pending_id_;
    std::string id_;
    ServerEvent event_;
};

}  // namespace gse::client
