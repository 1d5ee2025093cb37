/// What the benchmarks ask.
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "http_load.h"
#include "signer.h"

namespace gse::bench {

/// A 16-byte PlayerId nobody else has.
[[nodiscard]] std::string player_id(std::uint64_t number);

/// Requests that are signed one after another; an answer is good when it is no refusal.
class SignedTraffic : public Traffic {
public:
    explicit SignedTraffic(const std::string& host);
    bool take(std::uint32_t tag, std::string_view body) override;

protected:
    void ask(std::string& out, std::string_view action, std::string_view body);

private:
    Signer signer_;
};

/// JoinGameServerSession, or the batch of `players` when that is more than one: sessions in turn, each player new.
class JoinTraffic final : public SignedTraffic {
public:
    JoinTraffic(const std::string& host, std::vector<std::string> sessions, std::size_t players);
    std::optional<std::uint32_t> next(std::string& out) override;

private:
    const std::vector<std::string> sessions_;
    const std::size_t players_;
    std::uint64_t turn_ = 0;
    std::uint64_t last_player_ = 0;
    std::string body_;
};

/// CreateGameServerSession by alias.
class CreateTraffic final : public SignedTraffic {
public:
    CreateTraffic(const std::string& host, const std::string& alias);
    std::optional<std::uint32_t> next(std::string& out) override;

private:
    const std::string body_;
};

}  // namespace gse::bench
