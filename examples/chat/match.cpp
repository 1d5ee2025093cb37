#include "match.h"

#include <algorithm>
#include <boost/json.hpp>

namespace gse::chat {
namespace {

namespace json = boost::json;

constexpr std::size_t kNameCharacters = 32;
constexpr std::size_t kPlayerSessionIdBytes = 128;

std::int64_t unix_ms(Time t) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
}

/// The list is spelled out because the overloads of json::object's constructors take the compiler minutes to sort.
Message message(std::initializer_list<std::pair<json::string_view, json::value_ref>> fields) {
    return std::make_shared<const std::string>(json::serialize(json::object(fields)));
}

json::array list(const std::vector<std::string>& names) { return json::array(names.begin(), names.end()); }

/// Length of the UTF-8 character at the start of `text`; 0 when there is none.
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    // Over-long forms, surrogates, beyond U+10FFFF.
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) || (first == 0xf0 && byte(1) < 0x90) ||
        (first == 0xf4 && byte(1) > 0x8f))
        return 0;
    return length;
}

bool plausible_player_session(std::string_view id) {
    return !id.empty() && id.size() <= kPlayerSessionIdBytes &&
           std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::string clean_name(std::string_view text) {
    std::string name;
    for (std::size_t count = 0; !text.empty() && count < kNameCharacters; ++count) {
        const std::size_t length = character_length(text);
        if (length == 0) return "";
        const bool control = length == 1 && (static_cast<unsigned char>(text[0]) < 0x20 || text[0] == 0x7f);
        if (control)
            name += ' ';
        else
            name += text.substr(0, length);
        text.remove_prefix(length);
    }
    const auto first = name.find_first_not_of(' ');
    if (first == std::string::npos) return "";
    return name.substr(first, name.find_last_not_of(' ') - first + 1);
}

bool Match::begin(const std::string& session_id, Time now) {
    if (phase_ != Phase::Idle || terminating_) return false;
    phase_ = Phase::Playing;
    session_id_ = session_id;
    empty_since_ = now;
    return true;
}

void Match::abandon(const std::string& session_id) {
    if (phase_ != Phase::Playing || session_id_ != session_id) return;
    for (const auto& [connection, player] : players_)
        stage_.close(connection, CloseCode::TryAgain, "the session could not be started");
    players_.clear();
    used_.clear();
    session_id_.clear();
    phase_ = Phase::Idle;
    if (!terminating_) return;
    phase_ = Phase::Ended;
    stage_.finish();
}

void Match::join(Connection connection, const std::string& player_session_id, std::string_view name, Time now) {
    if (phase_ == Phase::Idle)
        return turn_away(connection, CloseCode::TryAgain, "no_session", "No game session is running here yet.", now);
    if (phase_ == Phase::Ended)
        return turn_away(connection, CloseCode::Refused, "ended", "The game session has ended.", now);
    if (!plausible_player_session(player_session_id))
        return turn_away(connection, CloseCode::Refused, "malformed",
                         "playerSessionId is missing or malformed; it looks like psess-…", now);
    if (used_.contains(player_session_id))
        return turn_away(connection, CloseCode::Refused, "used",
                         "This player session has been used; join again to get a new one.", now);
    if (used_.size() >= rules_.used_max)
        return turn_away(connection, CloseCode::Refused, "full", "This match has seen too many players.", now);
    used_.insert(player_session_id);
    std::string wanted = clean_name(name);
    ++visitors_;
    if (wanted.empty()) wanted = "Player " + std::to_string(visitors_);
    players_[connection] = {player_session_id, unused_name(wanted), false};
    stage_.accept(connection, player_session_id);
}

void Match::admitted(Connection connection, const std::string& player_session_id, Time now) {
    if (phase_ != Phase::Playing) return;
    const auto found = players_.find(connection);
    if (found == players_.end()) return stage_.remove(player_session_id);  // gone before the agent answered
    Player& player = found->second;
    const Message joined = message({{"type", "joined"}, {"from", player.name}, {"seq", seq_}, {"at", unix_ms(now)}});
    broadcast(joined);
    player.admitted = true;
    stage_.send(connection, message({{"type", "welcome"},
                                     {"from", player.name},
                                     {"title", rules_.title},
                                     {"session", session_id_},
                                     {"seq", seq_},
                                     {"at", unix_ms(now)},
                                     {"players", list(names())}}));
    // A deadline may be near already.
    if (warned_)
        stage_.send(connection, message({{"type", "notice"},
                                         {"code", "deadline"},
                                         {"text", "This server is about to end."},
                                         {"until", unix_ms(*deadline_)},
                                         {"at", unix_ms(now)}}));
}

void Match::refused(Connection connection, const std::string& player_session_id, bool final, const std::string& why,
                    Time now) {
    used_.erase(player_session_id);
    if (players_.erase(connection) == 0) return;
    if (players_.empty()) empty_since_ = now;
    turn_away(connection, final ? CloseCode::Refused : CloseCode::TryAgain, final ? "refused" : "unavailable", why,
              now);
}

void Match::receive(Connection from, std::string_view text, Time now) {
    const auto found = players_.find(from);
    if (found == players_.end() || !found->second.admitted) return;
    const auto complain = [&](std::string_view what) {
        stage_.send(from, message({{"type", "error"}, {"code", "message"}, {"text", what}, {"at", unix_ms(now)}}));
    };
    json::error_code error;
    const json::value value = json::parse({text.data(), text.size()}, error);
    const json::object* object = error ? nullptr : value.if_object();
    const json::value* type = object ? object->if_contains("type") : nullptr;
    if (!type || !type->is_string())
        return complain(R"(A message is a JSON object with a type: {"type":"chat","text":"…"} or {"type":"end"}.)");
    if (type->as_string() == "end")
        return end("ended by a player", found->second.name + " ended the game session.", now);
    if (type->as_string() != "chat") return complain("Unknown message type; use chat or end.");
    const json::value* said = object->if_contains("text");
    if (!said || !said->is_string() || said->as_string().empty()) return complain("A chat needs a text.");
    broadcast(message({{"type", "chat"},
                       {"from", found->second.name},
                       {"text", said->as_string()},
                       {"seq", ++seq_},
                       {"at", unix_ms(now)}}));
}

void Match::leave(Connection connection, Time now) {
    const auto found = players_.find(connection);
    if (found == players_.end()) return;
    const Player player = found->second;
    players_.erase(found);
    if (players_.empty()) empty_since_ = now;
    if (!player.admitted) return;  // admitted() finds nobody and gives the seat back
    broadcast(message({{"type", "left"}, {"from", player.name}, {"seq", seq_}, {"at", unix_ms(now)}}));
    stage_.remove(player.session_id);
}

void Match::terminate(std::optional<Time> deadline, Time now) {
    if (phase_ == Phase::Ended) return;
    terminating_ = true;
    if (phase_ == Phase::Idle) {
        phase_ = Phase::Ended;
        return stage_.finish();
    }
    if (deadline != deadline_) warned_ = false;
    deadline_ = deadline;
    tick(now);
}

void Match::interrupt(Time now) {
    terminating_ = true;
    if (phase_ == Phase::Playing) return end("stopped", "This server is being stopped.", now);
    if (phase_ == Phase::Ended) return;
    phase_ = Phase::Ended;
    stage_.finish();
}

void Match::tick(Time now) {
    if (phase_ != Phase::Playing || !terminating_) return;
    if (deadline_ && now >= *deadline_ - rules_.farewell) return end("time is up", "This server has to end now.", now);
    if (players_.empty() && now >= empty_since_ + rules_.reservation)
        return end("nobody is left", "This server is no longer needed.", now);
    if (deadline_ && !warned_ && now >= *deadline_ - rules_.warning) {
        warned_ = true;
        broadcast(message({{"type", "notice"},
                           {"code", "deadline"},
                           {"text", "This server is about to end."},
                           {"until", unix_ms(*deadline_)},
                           {"at", unix_ms(now)}}));
    }
}

std::optional<Time> Match::next_tick() const {
    if (phase_ != Phase::Playing || !terminating_) return std::nullopt;
    std::optional<Time> next;
    if (deadline_) next = *deadline_ - (warned_ ? rules_.farewell : std::max(rules_.warning, rules_.farewell));
    if (players_.empty()) {
        const Time empty = empty_since_ + rules_.reservation;
        next = next ? std::min(*next, empty) : empty;
    }
    return next;
}

std::string Match::status() const {
    const char* state = phase_ == Phase::Idle ? "idle" : phase_ == Phase::Playing ? "playing" : "ended";
    return *message({{"title", rules_.title}, {"state", state}, {"session", session_id_}, {"players", list(names())}});
}

std::vector<std::string> Match::names() const {
    std::vector<std::string> names;
    for (const auto& [connection, player] : players_)
        if (player.admitted) names.push_back(player.name);
    return names;
}

std::string Match::unused_name(std::string_view wanted) const {
    const auto taken = [&](const std::string& name) {
        return std::any_of(players_.begin(), players_.end(), [&](const auto& p) { return p.second.name == name; });
    };
    std::string name(wanted);
    for (std::size_t n = 2; taken(name); ++n) name = std::string(wanted) + " (" + std::to_string(n) + ")";
    return name;
}

void Match::broadcast(const Message& message) {
    for (const auto& [connection, player] : players_)
        if (player.admitted) stage_.send(connection, message);
}

void Match::turn_away(Connection connection, CloseCode code, std::string_view error, std::string_view text, Time now) {
    stage_.send(connection, message({{"type", "error"}, {"code", error}, {"text", text}, {"at", unix_ms(now)}}));
    stage_.close(connection, code, text);
}

void Match::end(std::string_view why, std::string_view text, Time now) {
    phase_ = Phase::Ended;
    broadcast(message({{"type", "ended"}, {"code", why}, {"text", text}, {"seq", seq_}, {"at", unix_ms(now)}}));
    for (const auto& [connection, player] : players_) stage_.close(connection, CloseCode::Ended, why);
    for (const auto& [connection, player] : players_)
        if (player.admitted) stage_.remove(player.session_id);
    players_.clear();
    stage_.terminate_session();
    stage_.finish();
}

}  // namespace gse::chat
