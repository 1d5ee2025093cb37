#include "http/console_sessions.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/base64.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/sealed_text.h"

namespace gse::http {
namespace {

constexpr std::string_view kPurpose = "console-session";
constexpr std::size_t kCookieMax = 1024;
constexpr std::size_t kNonceLength = 24;
constexpr std::size_t kLinkLength = 32;
constexpr Millis kRenewal{60'000};

std::unexpected<Error> refused(std::string_view why) {
    return refuse(ErrorCode::AuthUnauthorized, fmt::format("{}; sign in again", why));
}

/// Written by us under a MAC: what does not read back is a fault of ours.
WallTime read_time(std::string_view text) {
    WallTime time{};
    const auto end = text.data() + text.size();
    CHECK(std::from_chars(text.data(), end, time.ms).ptr == end);
    return time;
}

std::string hash_of(std::string_view token) { return base64url_encode(sha256(token)); }

}  // namespace

ConsoleSessions::ConsoleSessions(std::string secret, ConsoleTimes times)
    : secret_(std::move(secret)),
      times_(times),
      cookie_name_("gse_console_" + base64url_encode(hmac_sha256(secret_, "console-cookie-name")).substr(0, 8)) {
    CHECK(secret_.size() >= 32);
}

ConsoleSession ConsoleSessions::open(std::string secret_id, WallTime now, Rng& rng) const {
    return {.secret_id = std::move(secret_id), .nonce = rng.text(kNonceLength), .began = now, .seen = now};
}

std::string ConsoleSessions::cookie(const ConsoleSession& session) const {
    const std::string began = std::to_string(session.began.ms), seen = std::to_string(session.seen.ms);
    const std::string_view parts[] = {session.secret_id, session.nonce, began, seen};
    return seal(secret_, kPurpose, parts);
}

Result<ConsoleSession> ConsoleSessions::check(std::string_view cookie, WallTime now) const {
    if (cookie.empty()) return refused("you are not signed in");
    auto parts = cookie.size() > kCookieMax ? std::nullopt : unseal(secret_, kPurpose, cookie, 4);
    if (!parts) return refused("this session is none of this server");
    ConsoleSession session{.secret_id = std::move((*parts)[0]),
                           .nonce = std::move((*parts)[1]),
                           .began = read_time((*parts)[2]),
                           .seen = read_time((*parts)[3])};
    if (session.seen + times_.idle <= now) return refused("the session ended because it was not used");
    if (session.began + times_.longest <= now)
        return refused(fmt::format("the session ended after {} hours", times_.longest.count() / 3'600'000));
    const std::lock_guard lock(mutex_);
    if (signed_out_.contains(session.nonce) || session.began < none_before_) return refused("you have signed out");
    return session;
}

bool ConsoleSessions::is_stale(const ConsoleSession& session, WallTime now) const {
    return session.seen + std::min(kRenewal, times_.idle / 4) <= now;
}

std::string ConsoleSessions::csrf_token(const ConsoleSession& session) const {
    return base64url_encode(hmac_sha256(secret_, fmt::format("console-csrf\n{}", session.nonce)));
}

bool ConsoleSessions::is_csrf_token(const ConsoleSession& session, std::string_view token) const {
    return equal_in_constant_time(csrf_token(session), token);
}

void ConsoleSessions::sign_out(const ConsoleSession& session, WallTime now) {
    const std::lock_guard lock(mutex_);
    std::erase_if(signed_out_, [&](const auto& entry) { return entry.second <= now; });
    if (signed_out_.size() >= kSignedOutMax) {
        // Rather sign everybody out than let somebody back in.
        signed_out_.clear();
        none_before_ = now + Millis{1};
        return;
    }
    signed_out_[session.nonce] = session.began + times_.longest;
}

std::string ConsoleSessions::make_link(std::string secret_id, WallTime now, Rng& rng) {
    std::string token = rng.text(kLinkLength);
    const std::lock_guard lock(mutex_);
    if (links_.size() >= kLinksMax) links_.pop_front();
    links_.push_back({.hash = hash_of(token), .secret_id = std::move(secret_id), .expires = now + times_.link});
    return token;
}

std::optional<std::string> ConsoleSessions::take_link(std::string_view token, WallTime now) {
    const std::string hash = hash_of(token);
    const std::lock_guard lock(mutex_);
    std::erase_if(links_, [&](const Link& link) { return link.expires <= now; });
    // By hash: how long the look-up takes tells nothing of the token.
    const auto found = std::find_if(links_.begin(), links_.end(), [&](const Link& link) { return link.hash == hash; });
    if (found == links_.end()) return std::nullopt;
    std::string secret_id = std::move(found->secret_id);
    links_.erase(found);
    return secret_id;
}

}  // namespace gse::http
