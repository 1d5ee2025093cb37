#include "core/enrolment.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "base/hex.h"
#include "core/id_length.h"
#include "core/provided_hosts.h"

namespace gse::core {
namespace {

constexpr std::size_t kNameMax = 128;

bool is_host_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameMax && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == '_';
    });
}

std::string new_host_id(Step& step) {
    std::string id;
    do id = "host-" + step.rng.text(kIdLength);
    while (step.state.find_host_by_id(id) != kNone);
    return id;
}

void use_up(Step& step, Slot slot, const Enrolment& wish, Slot host) {
    auto edit = step.state.edit<HostToken>(slot);
    edit->key_sha256 = wish.key_sha256;
    edit->host_id = step.state.at<Host>(host).id;
}

}  // namespace

Result<Slot> make_host_token(Step& step, TokenWish wish) {
    State& state = step.state;
    const std::uint64_t count = state.table<HostToken>().size();
    const std::uint64_t limit = step.settings().limits.host_tokens;
    if (count >= limit)
        return refuse(ErrorCode::LimitExceeded,
                      fmt::format("{} enrolment tokens have not expired yet; the limit is {}. Delete one, or raise "
                                  "limits.host_tokens",
                                  count, limit));
    const auto& regions = step.settings().regions;
    if (!wish.region.empty() && std::ranges::find(regions, wish.region) == regions.end())
        return refuse(ErrorCode::UnsupportedRegion,
                      fmt::format("Region '{}' is not one of this server", wish.region.substr(0, 64)));
    HostToken token;
    do token.id = "htok-" + step.rng.text(kIdLength);
    while (state.find_host_token(token.id) != kNone);
    token.secret_sha256 = std::move(wish.secret_sha256);
    token.region = std::move(wish.region);
    token.description = std::move(wish.description);
    token.order = state.next_order();
    token.created = step.now.wall;
    token.expires = step.now.engine + wish.valid;
    token.expires_wall = step.now.wall + wish.valid;
    return state.add(std::move(token));
}

void expire_host_token(Step& step, Slot slot) {
    const HostToken* token = step.state.find<HostToken>(slot);
    if (token && token->expires <= step.now.engine) step.state.remove<HostToken>(slot);
}

namespace {

/// The machine of a host that was asked for shows what that host was given, and is that host. The first key is its key.
Result<Slot> enrol_provided(Step& step, Slot slot, const Enrolment& wish) {
    const Host& host = step.state.at<Host>(slot);
    if (!host.provided || host.join_secret.empty() ||
        !equal_in_constant_time(to_hex(sha256(host.join_secret)), wish.secret_sha256))
        return refuse(ErrorCode::AuthUnauthorized, "the enrolment token is unknown, used or not wanted any more");
    if (host.enrolled() && host.key_sha256 != wish.key_sha256)
        return refuse(ErrorCode::AuthUnauthorized,
                      fmt::format("the enrolment token was used by another machine, which is host {} now", host.id));
    if (!host.enrolled()) step.state.edit<Host>(slot)->key_sha256 = wish.key_sha256;
    // Who enrols runs. It may be gone before anybody else has said so, and nobody can come in its place.
    on_host_runs(step, host.id);
    return slot;
}

}  // namespace

Result<Slot> enrol_host(Step& step, const Enrolment& wish) {
    State& state = step.state;
    if (const Slot provided = state.find_host_by_id(wish.token_id); provided != kNone)
        return enrol_provided(step, provided, wish);
    const Slot slot = state.find_host_token(wish.token_id);
    // One answer to all three, so that guessing teaches nothing.
    if (slot == kNone || state.at<HostToken>(slot).expires <= step.now.engine ||
        !equal_in_constant_time(state.at<HostToken>(slot).secret_sha256, wish.secret_sha256))
        return refuse(ErrorCode::AuthUnauthorized,
                      "the enrolment token is unknown, deleted or expired; make another one: gse host token");
    const HostToken& shown = state.at<HostToken>(slot);
    if (!shown.key_sha256.empty() && shown.key_sha256 != wish.key_sha256)
        return refuse(ErrorCode::AuthUnauthorized,
                      fmt::format("the enrolment token was used by another machine, which is host {} now; make another "
                                  "token, and remove that host if it is not yours",
                                  shown.host_id));
    if (!shown.key_sha256.empty()) return find_enrolled(state, shown.host_id);
    if (!is_host_name(wish.host_name))
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("agent.name must be 1 to {} letters, digits, '.', '-' and '_'", kNameMax));

    if (const Slot known = state.find_host(wish.host_name); known != kNone) {
        const Host& host = state.at<Host>(known);
        const bool its_key = host.key_sha256 == wish.key_sha256 || host.key_before == wish.key_sha256;
        if (host.enrolled() ? !its_key : host.stream != 0)
            return refuse(ErrorCode::InUse,
                          fmt::format("a host named {} exists already; give this machine another agent.name, or remove "
                                      "that host first: gse host remove {}",
                                      wish.host_name, wish.host_name));
        if (!host.enrolled() || (!shown.region.empty() && host.region != shown.region)) {
            auto edit = state.edit<Host>(known);
            edit->key_sha256 = wish.key_sha256;
            if (!shown.region.empty()) edit->region = shown.region;
            edit->region_fixed = !shown.region.empty();
        }
        use_up(step, slot, wish, known);
        return known;
    }
    const std::uint64_t hosts = state.table<Host>().size();
    if (hosts >= step.settings().limits.hosts)
        return refuse(ErrorCode::LimitExceeded,
                      fmt::format("{} hosts are known; the limit is {}. Remove one, or raise limits.hosts", hosts,
                                  step.settings().limits.hosts));
    Host host;
    host.name = wish.host_name;
    host.id = new_host_id(step);
    host.order = state.next_order();
    host.added = step.now.wall;
    host.key_sha256 = wish.key_sha256;
    host.region = shown.region;
    host.region_fixed = !shown.region.empty();
    const Slot made = state.add(std::move(host));
    state.add(HostCursor{.host = made, .boot_id = {}, .acked_seq = 0});
    use_up(step, slot, wish, made);
    return made;
}

Result<Slot> renew_host(Step& step, std::string_view host_id, const std::string& key_sha256) {
    const Slot slot = TRY(find_enrolled(step.state, host_id));
    if (step.state.at<Host>(slot).key_sha256 == key_sha256) return slot;  // asked again: the answer was lost
    auto edit = step.state.edit<Host>(slot);
    edit->key_before = std::exchange(edit->key_sha256, key_sha256);
    return slot;
}

Result<Slot> find_enrolled(const State& state, std::string_view host_id) {
    const Slot slot = state.find_host_by_id(host_id);
    if (slot != kNone && state.at<Host>(slot).enrolled() && !state.at<Host>(slot).released) return slot;
    return refuse(
        ErrorCode::AuthUnauthorized,
        fmt::format("host {} was removed from this deployment, and its certificate is worth nothing any more; "
                    "to let the machine in again, give its agent a new token: gse host token",
                    host_id.substr(0, kNameMax)));
}

}  // namespace gse::core
