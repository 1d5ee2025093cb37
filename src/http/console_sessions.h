/// Who is signed in to the console. A session is a cookie that the server sealed, so nothing is kept for it and it
/// lives through a restart; each use renews it, and without use it ends. One-time links sign in without typing a key.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/rng.h"
#include "base/time.h"

namespace gse::http {

struct ConsoleTimes {
    Millis idle = std::chrono::minutes{30};   ///< without a request; a session ends
    Millis longest = std::chrono::hours{12};  ///< of a session, used or not
    Millis link = std::chrono::hours{1};      ///< in which a one-time link is good
};

struct ConsoleSession {
    std::string secret_id;  ///< the key that signed in; whether it may do what is asked, the key store says each time
    std::string nonce;
    WallTime began;
    WallTime seen;
};

/// Thread-safe.
class ConsoleSessions {
public:
    /// `secret`: ≥ 32 bytes, of this deployment.
    explicit ConsoleSessions(std::string secret, ConsoleTimes times = {});

    [[nodiscard]] const ConsoleTimes& times() const { return times_; }
    /// Of the cookie; differs between deployments, so that two on one machine do not sign each other out.
    [[nodiscard]] const std::string& cookie_name() const { return cookie_name_; }

    [[nodiscard]] ConsoleSession open(std::string secret_id, WallTime now, Rng& rng) const;
    /// A cookie's value.
    [[nodiscard]] std::string cookie(const ConsoleSession& session) const;
    /// AuthUnauthorized when the cookie is none of ours, idle for too long, too old, or signed out.
    [[nodiscard]] Result<ConsoleSession> check(std::string_view cookie, WallTime now) const;
    /// Whether the browser should get a new cookie: not at every request.
    [[nodiscard]] bool is_stale(const ConsoleSession& session, WallTime now) const;

    /// What a page must send with everything that may change something: a page of another site cannot know it.
    [[nodiscard]] std::string csrf_token(const ConsoleSession& session) const;
    [[nodiscard]] bool is_csrf_token(const ConsoleSession& session, std::string_view token) const;

    void sign_out(const ConsoleSession& session, WallTime now);

    /// A token that signs in with the key, once.
    [[nodiscard]] std::string make_link(std::string secret_id, WallTime now, Rng& rng);
    /// The key of a link that was neither used nor is late.
    [[nodiscard]] std::optional<std::string> take_link(std::string_view token, WallTime now);

    static constexpr std::size_t kSignedOutMax = 10'000;
    static constexpr std::size_t kLinksMax = 100;

private:
    struct Link {
        std::string hash;
        std::string secret_id;
        WallTime expires;
    };

    const std::string secret_;
    const ConsoleTimes times_;
    const std::string cookie_name_;

    mutable std::mutex mutex_;
    std::map<std::string, WallTime, std::less<>> signed_out_;  // nonce → may be forgotten at
    WallTime none_before_{INT64_MIN};  // sessions begun before are over: set when there were too many to remember
    std::deque<Link> links_;
};

}  // namespace gse::http
