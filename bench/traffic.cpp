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

bool SignedTraffic::take(std::uint32_t, std::string_view body) { return !is_refusal(body); }

JoinTraffic::JoinTraffic(const std::string& host, std::vector<std::string> sessions, std::size_t players)
    : SignedTraffic(host), sessions_(std::move(sessions)), players_(players) {}

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

CreateTraffic::CreateTraffic(const std::string& host, const std::string& alias)
    : SignedTraffic(host),
      body_(fmt::format(R"({{"AliasId":"{}","MaximumPlayerSessionCount":8,"Name":"match"}})", alias)) {}

std::optional<std::uint32_t> CreateTraffic::next(std::string& out) {
    ask(out, "CreateGameServerSession", body_);
    return 0;
}

}  // namespace gse::bench
