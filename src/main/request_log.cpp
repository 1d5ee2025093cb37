#include "main/request_log.h"

#include <algorithm>

#include <fmt/format.h>

#include "codec/json_text.h"
#include "model/statuses.h"

namespace gse {
namespace {

/// A text of an answer of ours, by the key before it; "" when it is not there.
std::string text_after(std::string_view body, std::string_view key) {
    const std::string start = fmt::format(R"("{}":")", key);
    const std::size_t at = body.find(start);
    if (at == std::string_view::npos) return {};
    const std::size_t begin = at + start.size();
    return std::string(body.substr(begin, body.find('"', begin) - begin));
}

bool only_reads(std::string_view action) {
    for (const std::string_view verb : {"Describe", "List", "Get", "Search", "Resolve", "Wait"})
        if (action.starts_with(verb)) return true;
    return false;
}

/// Of the two-byte sequence that begins at `at`: U+0080 to U+009F, which some terminals obey as they do escapes.
bool is_c1(std::string_view text, std::size_t at) {
    return text[at] == '\xC2' && at + 1 < text.size() && static_cast<std::uint8_t>(text[at + 1]) < 0xA0;
}

bool is_plain(std::string_view value) {
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto c = static_cast<std::uint8_t>(value[i]);
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7F || is_c1(value, i)) return false;
    }
    return true;
}

/// In quotes as in JSON, and without a character that a terminal would obey.
void append_quoted(std::string& out, std::string_view value) {
    std::string quoted;
    api::append_json_string(quoted, value);
    for (std::size_t i = 0; i < quoted.size(); ++i) {
        if (quoted[i] == 0x7F)
            out += "\\u007f";
        else if (is_c1(quoted, i))
            out += fmt::format("\\u00{:02x}", static_cast<std::uint8_t>(quoted[++i]));
        else
            out += quoted[i];
    }
}

std::string placement_key(std::string_view region, std::string_view id) { return fmt::format("{}/{}", region, id); }

}  // namespace

std::string fields_as_text(const LogFields& fields) {
    std::string out;
    for (const auto& [name, value] : fields) {
        if (!out.empty()) out += ' ';
        out += name;
        out += '=';
        if (is_plain(value))
            out += value;
        else
            append_quoted(out, value);
    }
    return out;
}

std::string fields_as_json(const LogFields& fields) {
    std::string out;
    for (const auto& [name, value] : fields) {
        if (!out.empty()) out += ',';
        api::append_json_string(out, name);
        out += ':';
        api::append_json_string(out, value);
    }
    return out;
}

RequestLog::RequestLog(engine::ApiPort& api, engine::ChangeSink& next, const Clock& clock, Write write,
                       RequestLogOptions options)
    : api_(api), next_(next), clock_(clock), write_(std::move(write)), options_(options) {}

void RequestLog::call(engine::ApiCall call, std::move_only_function<void(std::string body)> done) {
    auto answered = [this, action = call.action.substr(0, 100), request_id = call.request_id,
                     region = call.region.substr(0, 100), began_ms = clock_.monotonic_ms(),
                     done = std::move(done)](std::string body) mutable {
        on_answer(action, request_id, region, began_ms, body);
        done(std::move(body));
    };
    api_.call(std::move(call), std::move(answered));
}

/// Before the changes of the same batch, which the engine tells of after its answers.
void RequestLog::on_answer(const std::string& action, const std::string& request_id, const std::string& region,
                           std::int64_t began_ms, const std::string& body) {
    const bool refused = body.starts_with(R"({"Response":{"Error":)");
    if (!refused && only_reads(action)) return;
    LogFields fields{{"event", "request"},
                     {"request_id", request_id},
                     {"action", action},
                     {"region", region},
                     {"outcome", refused ? text_after(body, "Code") : "OK"},
                     {"ms", fmt::format("{}", clock_.monotonic_ms() - began_ms)}};
    const std::lock_guard lock(mutex_);
    if (!refused && action == "StartGameServerSessionPlacement") {
        const std::string placement = text_after(body, "PlacementId");
        fields.emplace_back("placement", placement);
        remember(placement_key(region, placement), request_id);
    }
    if (!refused && action == "CreateGameServerSession") {
        const std::string session = text_after(body, "GameServerSessionId");
        fields.emplace_back("session", session);
        remember(session, request_id);
    }
    write(fields);
}

void RequestLog::take(engine::Changes changes) {
    {
        const std::lock_guard lock(mutex_);
        for (const engine::Change& change : changes.list) std::visit([this](const auto& c) { log(c); }, change);
    }
    const core::WatchLevel wanted = next_.wanted();
    if (wanted == core::WatchLevel::Nothing) return;
    if (wanted != core::WatchLevel::All)
        std::erase_if(changes.list, [](const engine::Change& change) {
            return std::holds_alternative<engine::PlayerChange>(change);
        });
    if (!changes.list.empty() || changes.left_off > 0) next_.take(std::move(changes));
}

void RequestLog::log(const engine::PlacementChange& change) {
    // A request that named no region meant the default one, which only the change knows.
    std::string request = request_of(placement_key(change.region, change.id));
    if (request.empty()) request = request_of(placement_key("", change.id));
    LogFields fields{{"event", "placement"},
                     {"request_id", request},
                     {"placement", change.id},
                     {"queue", change.queue},
                     {"status", std::string(to_text(change.status))}};
    if (!change.session_id.empty()) {
        fields.emplace_back("session", change.session_id);
        remember(change.session_id, request);
    }
    write(fields);
    if (change.status == PlacementStatus::Pending) return;
    requests_.erase(placement_key(change.region, change.id));
    requests_.erase(placement_key("", change.id));
}

void RequestLog::log(const engine::SessionChange& change) {
    std::string request = request_of(change.id);
    if (request.empty()) {
        // A session that a placement made bears its id behind its own.
        const std::string placement = change.id.substr(change.id.rfind('/') + 1);
        request = request_of(placement_key(change.region, placement));
        if (request.empty()) request = request_of(placement_key("", placement));
        if (!request.empty()) remember(change.id, request);
    }
    write({{"event", "session"},
           {"request_id", request},
           {"session", change.id},
           {"fleet", change.fleet_id},
           {"status", std::string(to_text(change.status))},
           {"reason", change.reason}});
    if (change.status == SessionStatus::Terminated || change.status == SessionStatus::Error) requests_.erase(change.id);
}

void RequestLog::log(const engine::PlayerChange& change) {
    write({{"event", "player"},
           {"request_id", request_of(change.session_id)},
           {"session", change.session_id},
           {"player", change.player_id},
           {"status", std::string(to_text(change.status))}});
}

void RequestLog::write(const LogFields& fields) {
    const std::int64_t second = clock_.monotonic_ms() / 1000;
    if (std::exchange(second_, second) != second) {
        lines_ = 0;
        if (const std::uint64_t missing = std::exchange(left_off_, 0); missing > 0)
            write_({{"event", "left_off"}, {"lines", fmt::format("{}", missing)}});
    }
    if (++lines_ > options_.lines_per_second)
        ++left_off_;
    else
        write_(fields);
}

void RequestLog::remember(const std::string& what, const std::string& request_id) {
    if (request_id.empty() || what.empty() || requests_.size() >= options_.known_max) return;
    requests_.insert_or_assign(what, request_id);
}

std::string RequestLog::request_of(const std::string& what) const {
    const auto found = requests_.find(what);
    return found == requests_.end() ? std::string() : found->second;
}

}  // namespace gse
