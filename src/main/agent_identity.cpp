#include "main/agent_identity.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/rng.h"
#include "link/addresses.h"
#include "link/backoff.h"

namespace gse {
namespace {

constexpr std::size_t kTokenBytesMax = 4096;
constexpr Millis kCallLimit{10'000};
constexpr Millis kEnrolPatience{60'000};
constexpr Millis kTryAgainFirst{1'000};
constexpr Millis kTryAgainLongest{300'000};
/// A clock that is put right is noticed within this.
constexpr Millis kLookAgain{60'000};

std::string machine_name() {
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0) return "";
    return name;
}

}  // namespace

AgentIdentity::AgentIdentity(const config::Config& config, const Clock& clock)
    : config_(config), clock_(clock), folder_(std::filesystem::path(config.data) / "agent"), store_(folder_) {}

AgentIdentity::~AgentIdentity() { stop(); }

link::ClientTls AgentIdentity::tls() const {
    const std::lock_guard lock(mutex_);
    return tls_;
}

Result<void> AgentIdentity::load() {
    auto kept = TRY(store_.load());
    if (!kept) return refuse(ErrorCode::NotFound, "this host has no certificate yet");
    const std::lock_guard lock(mutex_);
    tls_ = {.roots = std::move(kept->roots), .identity = std::move(kept->identity)};
    facts_ = std::move(kept->facts);
    return {};
}

Result<void> AgentIdentity::open(const std::function<bool(Millis)>& told_to_end) {
    if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return refuse_errno("create", folder_);
    const auto known = load();
    if (!known && known.error().code != ErrorCode::NotFound) return known;
    const bool ended = known && clock_.wall() >= facts_.not_after;
    if (known && !ended && !has_new_token()) return {};
    if (!config_.agent.token_file.empty()) {
        const auto enrolled = enrol(told_to_end);
        if (enrolled || !known) return enrolled;
        spdlog::error("{} could not enrol anew: {}. Its games go on", facts_.name, enrolled.error().message);
    }
    if (!known)
        return refuse(
            ErrorCode::MissingParameter,
            "this machine is no host yet: make a token on the server (gse host token) and give it to gse agent "
            "with --token-file");
    if (ended)
        spdlog::error(
            "the certificate of {} ended at {} (this machine's clock says {}): the server refuses it. Make a "
            "token (gse host token) and start this agent with --token-file; its games go on meanwhile",
            facts_.name, format_utc(facts_.not_after), format_utc(clock_.wall()));
    return {};
}

/// Somebody wants this machine to enrol once more: its host was removed, say. What cannot be read is no token, and the
/// one that it came with may lie around.
bool AgentIdentity::has_new_token() const {
    if (config_.agent.token_file.empty()) return false;
    const auto text = read_file(config_.agent.token_file, kTokenBytesMax);
    const auto shown = text ? parse_join_token(*text) : std::unexpected(text.error());
    return shown && read_file(token_note(), kTokenBytesMax).value_or("") != shown->id;
}

Result<void> AgentIdentity::enrol(const std::function<bool(Millis)>& told_to_end) {
    const std::string text = TRY(read_file(config_.agent.token_file, kTokenBytesMax));
    SystemRng rng;
    link::Backoff backoff(kTryAgainFirst, kTryAgainLongest);
    const std::int64_t until = clock_.monotonic_ms() + kEnrolPatience.count();
    for (;;) {
        const auto done = enrol_once(text);
        if (done || done.error().code != ErrorCode::Unavailable || clock_.monotonic_ms() >= until) return done;
        spdlog::warn("cannot enrol yet: {}", done.error().message);
        if (told_to_end(backoff.next(rng))) return done;
    }
}

Result<void> AgentIdentity::enrol_once(const std::string& text) {
    Result<void> done;
    for (const std::string& server : split_addresses(config_.agent.server)) {
        done = enrol_at(server, text);
        if (done || done.error().code != ErrorCode::Unavailable) break;
    }
    return done;
}

Result<void> AgentIdentity::enrol_at(const std::string& server, const std::string& text) {
    const JoinToken token = TRY(parse_join_token(text));
    const std::string name = config_.agent.name.empty() ? machine_name() : config_.agent.name;
    // A host that has been one before proves it with the key of its old certificate.
    const auto known = TRY(store_.load());
    const std::string key = known ? known->identity.private_key : TRY(store_.next_key());
    const std::string request = TRY(pki::make_signing_request(key));
    const std::string roots = TRY(link::fetch_authority(server, token.authority_sha256, kCallLimit));
    const link::Credential made = TRY(link::enrol(server, roots, token, request, name, kCallLimit));
    TRY(store_.keep(key, made.certificate, made.roots));
    TRY(write_file_atomically(token_note(), token.id));
    TRY(load());
    spdlog::info("this machine is host {} now; its certificate is good until {}", made.host_id,
                 format_utc(facts_.not_after));
    return {};
}

/// With a fresh key: what may have leaked is worth nothing once its certificate has ended.
Result<void> AgentIdentity::renew() {
    const std::string key = TRY(store_.next_key());
    const std::string request = TRY(pki::make_signing_request(key));
    Result<link::Credential> answer;
    for (const std::string& server : split_addresses(config_.agent.server)) {
        answer = link::renew(server, tls(), request, kCallLimit);
        if (answer || answer.error().code != ErrorCode::Unavailable) break;
    }
    const link::Credential made = TRY(std::move(answer));
    TRY(store_.keep(key, made.certificate, made.roots));
    TRY(load());
    spdlog::info("the certificate of {} was renewed; it is good until {}", made.host_id, format_utc(facts_.not_after));
    return {};
}

void AgentIdentity::start() {
    thread_ = std::thread([this] { keep_fresh(); });
}

void AgentIdentity::keep_fresh() {
    SystemRng rng;
    link::Backoff backoff(kTryAgainFirst, kTryAgainLongest);
    std::string last_why;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const Millis left = pki::renewal_time(facts_) - clock_.wall();
        if (left > Millis{0}) {
            stopping_changed_.wait_for(lock, std::min(left, kLookAgain), [this] { return stopping_; });
            continue;
        }
        lock.unlock();
        const auto renewed = renew();
        if (renewed)
            backoff.reset();
        else if (std::exchange(last_why, renewed.error().message) != renewed.error().message)
            spdlog::warn("cannot renew the certificate, which ends at {}: {}", format_utc(facts_.not_after), last_why);
        lock.lock();
        stopping_changed_.wait_for(lock, backoff.next(rng), [this] { return stopping_; });
    }
}

void AgentIdentity::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stopping_changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

}  // namespace gse
