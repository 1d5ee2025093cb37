/// What the benchmarks ask.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "http_load.h"
#include "signer.h"
#include "sim_host.h"

namespace gse::bench {

/// A 16-byte PlayerId nobody else has.
[[nodiscard]] std::string player_id(std::uint64_t number);

/// Requests that are signed one after another; an answer is good when it is no refusal.
class SignedTraffic : public Traffic {
public:
    explicit SignedTraffic(const std::string& host);
    Outcome take(std::uint32_t tag, std::string_view body) override;

protected:
    void ask(std::string& out, std::string_view action, std::string_view body);

private:
    Signer signer_;
};

/// JoinGameServerSession, or the batch of `players` when that is more than one: sessions in turn, each player new: they
/// are numbered from `first_player`.
class JoinTraffic final : public SignedTraffic {
public:
    JoinTraffic(const std::string& host, std::vector<std::string> sessions, std::size_t players,
                std::uint64_t first_player = 1);
    std::optional<std::uint32_t> next(std::string& out) override;

private:
    const std::vector<std::string> sessions_;
    const std::size_t players_;
    std::uint64_t turn_ = 0;
    std::uint64_t last_player_;
    std::string body_;
};

/// The same action again and again, with these bodies in turn.
class RepeatTraffic final : public SignedTraffic {
public:
    RepeatTraffic(const std::string& host, std::string action, std::vector<std::string> bodies);
    std::optional<std::uint32_t> next(std::string& out) override;

private:
    const std::string action_;
    const std::vector<std::string> bodies_;
    std::size_t turn_ = 0;
};

/// That many sessions by alias, and their ids.
class MakeTraffic final : public SignedTraffic {
public:
    MakeTraffic(const std::string& host, std::string body, std::size_t count);
    std::optional<std::uint32_t> next(std::string& out) override;
    Outcome take(std::uint32_t tag, std::string_view body) override;
    [[nodiscard]] const std::vector<std::string>& ids() const { return ids_; }

private:
    const std::string body_;
    std::size_t left_;
    std::vector<std::string> ids_;
};

/// StartGameServerSessionPlacement with two players and their latencies, then WaitGameServerSessionPlacement until it
/// is FULFILLED.
class PlaceTraffic final : public SignedTraffic {
public:
    PlaceTraffic(const std::string& host, std::string queue);
    std::optional<std::uint32_t> next(std::string& out) override;
    Outcome take(std::uint32_t tag, std::string_view body) override;
    void go_on(std::uint32_t tag, std::string& out) override;

private:
    const std::string queue_;
    std::uint32_t last_ = 0;
};

/// A whole match: created by alias, ten players join, come in and leave. Its host ends it some matches later.
class ChurnTraffic final : public SignedTraffic {
public:
    ChurnTraffic(const std::string& host, std::string alias, const std::vector<std::unique_ptr<SimHost>>& hosts);
    std::optional<std::uint32_t> next(std::string& out) override;
    Outcome take(std::uint32_t tag, std::string_view body) override;
    void go_on(std::uint32_t tag, std::string& out) override;

    static constexpr std::size_t kPlayers = 10;

private:
    struct Match {
        std::string session;
        SimHost* host = nullptr;
        std::size_t joined = 0;
    };

    const std::string alias_;
    std::unordered_map<std::string, SimHost*> hosts_;  // by address
    std::vector<Match> matches_;
    std::vector<std::uint32_t> free_;
    std::uint64_t last_player_ = 0;
};

/// The text that `"name":"…"` has first in an answer, taken as it stands; "" when there is none.
[[nodiscard]] std::string_view text_of(std::string_view body, std::string_view name);

}  // namespace gse::bench
