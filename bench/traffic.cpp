#include "traffic.h"

#include <fmt/format.h>

#include <iterator>

#include "e2e/deployment.h"

namespace gse::bench {

std::string player_id(std::uint64_t number) { return fmt::format("p{:015}", number); }

SignedTraffic::SignedTraffic(const std::string& host) : signer_(host, e2e::kSecretId, e2e::kSecretKey) {}

void SignedTraffic::ask(std::string& out, std::string_view action, std::string_view body) {
    signer_.append(out, action, body, std::time(nullptr));
}

Outcome SignedTraffic::take(std::uint32_t, std::string_view body) {
    if (!is_refusal(body)) return Outcome::Good;
    return body.find("RequestLimitExceeded") != std::string_view::npos ? Outcome::Shed : Outcome::Bad;
}

JoinTraffic::JoinTraffic(const std::string& host, std::vector<std::string> sessions, std::size_t players,
                         std::uint64_t first_player)
    : SignedTraffic(host), sessions_(std::move(sessions)), players_(players), last_player_(first_player - 1) {}

std::optional<std::uint32_t> JoinTraffic::next(std::string& out) {
    body_.clear();
    const std::string& session = sessions_[turn_++ % sessions_.size()];
    fmt::format_to(std::back_inserter(body_), R"({{"GameServerSessionId":"{}",)", session);
    if (players_ == 1) {
        fmt::format_to(std::back_inserter(body_), R"("PlayerId":"{}"}})", player_id(++last_player_));
    } else {
        body_ += R"("PlayerIds":[)";
        for (std::size_t i = 0; i < players_; ++i)
            fmt::format_to(std::back_inserter(body_), R"({}"{}")", i == 0 ? "" : ",", player_id(++last_player_));
        body_ += "]}";
    }
    ask(out, players_ == 1 ? "JoinGameServerSession" : "JoinGameServerSessionBatch", body_);
    return 0;
}

RepeatTraffic::RepeatTraffic(const std::string& host, std::string action, std::vector<std::string> bodies)
    : SignedTraffic(host), action_(std::move(action)), bodies_(std::move(bodies)) {}

std::optional<std::uint32_t> RepeatTraffic::next(std::string& out) {
    ask(out, action_, bodies_[turn_++ % bodies_.size()]);
    return 0;
}

MakeTraffic::MakeTraffic(const std::string& host, std::string body, std::size_t count)
    : SignedTraffic(host), body_(std::move(body)), left_(count) {}

std::optional<std::uint32_t> MakeTraffic::next(std::string& out) {
    if (left_ == 0) return std::nullopt;
    --left_;
    ask(out, "CreateGameServerSession", body_);
    return 0;
}

Outcome MakeTraffic::take(std::uint32_t tag, std::string_view body) {
    const Outcome outcome = SignedTraffic::take(tag, body);
    if (outcome == Outcome::Good) ids_.emplace_back(text_of(body, "GameServerSessionId"));
    return outcome;
}

PlaceTraffic::PlaceTraffic(const std::string& host, std::string queue)
    : SignedTraffic(host), queue_(std::move(queue)) {}

std::optional<std::uint32_t> PlaceTraffic::next(std::string& out) {
    const std::uint32_t tag = ++last_;
    ask(out, "StartGameServerSessionPlacement",
        fmt::format(
            R"({{"PlacementId":"place-{}","GameServerSessionQueueName":"{}","MaximumPlayerSessionCount":8,)"
            R"("DesiredPlayerSessions":[{{"PlayerId":"{}","PlayerData":""}},{{"PlayerId":"{}","PlayerData":""}}],)"
            R"("PlayerLatencies":[{{"PlayerId":"{}","RegionIdentifier":"ap-shanghai","LatencyInMilliseconds":20}},)"
            R"({{"PlayerId":"{}","RegionIdentifier":"ap-shanghai","LatencyInMilliseconds":35}}]}})",
            tag, queue_, player_id(2 * tag), player_id(2 * tag + 1), player_id(2 * tag), player_id(2 * tag + 1)));
    return tag;
}

Outcome PlaceTraffic::take(std::uint32_t tag, std::string_view body) {
    if (is_refusal(body)) return SignedTraffic::take(tag, body);
    const std::string_view status = text_of(body, "Status");
    return status == "FULFILLED" ? Outcome::Good : status == "PENDING" ? Outcome::GoesOn : Outcome::Bad;
}

void PlaceTraffic::go_on(std::uint32_t tag, std::string& out) {
    ask(out, "WaitGameServerSessionPlacement", fmt::format(R"({{"PlacementId":"place-{}"}})", tag));
}

ChurnTraffic::ChurnTraffic(const std::string& host, std::string alias,
                           const std::vector<std::unique_ptr<SimHost>>& hosts)
    : SignedTraffic(host), alias_(std::move(alias)) {
    for (const auto& one : hosts) hosts_[one->options().address] = one.get();
}

std::optional<std::uint32_t> ChurnTraffic::next(std::string& out) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(matches_.size()));
        matches_.emplace_back();
    }
    const std::uint32_t tag = free_.back();
    free_.pop_back();
    matches_[tag] = {};
    ask(out, "CreateGameServerSession",
        fmt::format(R"({{"AliasId":"{}","MaximumPlayerSessionCount":{},"Name":"match"}})", alias_, kPlayers));
    return tag;
}

Outcome ChurnTraffic::take(std::uint32_t tag, std::string_view body) {
    Match& match = matches_[tag];
    if (is_refusal(body)) {
        free_.push_back(tag);
        // Its host has ended the match since: this load ends as many as it makes, the oldest first.
        const bool ended = !match.session.empty() && body.find("session is TERMINATED") != std::string_view::npos;
        return ended ? Outcome::Late : SignedTraffic::take(tag, body);
    }
    if (match.session.empty()) {
        match.session = text_of(body, "GameServerSessionId");
        match.host = hosts_.at(std::string(text_of(body, "IpAddress")));
        return Outcome::GoesOn;
    }
    const std::string seat(text_of(body, "PlayerSessionId"));
    match.host->accept_player(match.session, seat);
    match.host->remove_player(match.session, seat);
    if (++match.joined < kPlayers) return Outcome::GoesOn;
    free_.push_back(tag);
    return Outcome::Good;
}

void ChurnTraffic::go_on(std::uint32_t tag, std::string& out) {
    ask(out, "JoinGameServerSession",
        fmt::format(R"({{"GameServerSessionId":"{}","PlayerId":"{}"}})", matches_[tag].session,
                    player_id(++last_player_)));
}

std::string_view text_of(std::string_view body, std::string_view name) {
    const std::string mark = fmt::format(R"("{}":")", name);
    const auto at = body.find(mark);
    if (at == std::string_view::npos) return {};
    body.remove_prefix(at + mark.size());
    return body.substr(0, body.find('"'));
}

}  // namespace gse::bench
