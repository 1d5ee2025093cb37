// Access keys: what requests are signed with. An extension: the original had them in another product.
#include "api/access_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/lookup.h"

namespace gse::api {
namespace {

constexpr std::string_view kIdPrefix = "AKID";
constexpr std::size_t kRandomLength = 32;  // each more than 160 bits

engine::LiveKey live(const core::AccessKey& key) { return {key.id, key.secret, key.disabled, key.read_only}; }

std::vector<engine::FixedKey> fixed_keys(const Scope& scope) {
    return scope.services.keys ? scope.services.keys->fixed() : std::vector<engine::FixedKey>{};
}

std::string status_text(bool disabled) { return disabled ? "DISABLED" : "ENABLED"; }

std::optional<std::string> shown_time(WallTime at) { return at.ms == 0 ? std::nullopt : std::optional(format_utc(at)); }

/// What this run has seen, which the record may not hold yet.
WallTime seen_use(const Scope& scope, std::string_view secret_id) {
    return scope.services.keys ? scope.services.keys->last_used(secret_id) : WallTime{};
}

AccessKey show(const Scope& scope, const core::AccessKey& key) {
    return {.secret_id = key.id,
            .description = key.description,
            .status = status_text(key.disabled),
            .read_only = key.read_only,
            .source = "API",
            .creation_time = format_utc(key.created),
            .last_used_time = shown_time(std::max(key.last_used, seen_use(scope, key.id)))};
}

AccessKey show(const Scope& scope, const engine::FixedKey& key) {
    return {.secret_id = key.secret_id,
            .description = {},
            .status = status_text(key.disabled),
            .read_only = key.read_only,
            .source = key.root ? "ROOT" : "FILE",
            .creation_time = std::nullopt,
            .last_used_time = shown_time(seen_use(scope, key.secret_id))};
}

/// One that the API made, and may therefore change.
Result<core::Slot> need_key(const Scope& scope, std::string_view secret_id) {
    const auto fixed = fixed_keys(scope);
    if (const auto own = std::ranges::find(fixed, secret_id, &engine::FixedKey::secret_id); own != fixed.end())
        return refuse(ErrorCode::UnsupportedOperation,
                      fmt::format("{} is {} of credentials.toml in the server's data directory; the API cannot change, "
                                  "disable or delete it. Edit the file and start the server again",
                                  secret_id, own->root ? "the root key, the first" : "a key"));
    const core::Slot slot = scope.state().find_access_key(secret_id);
    if (slot == core::kNone)
        return refuse(ErrorCode::NotFound,
                      fmt::format("No access key has the SecretId '{}'; ListAccessKeys lists them", secret_id));
    return slot;
}

bool is_taken(const Scope& scope, const std::string& secret_id) {
    return scope.state().find_access_key(secret_id) != core::kNone ||
           std::ranges::count(fixed_keys(scope), secret_id, &engine::FixedKey::secret_id) > 0;
}

}  // namespace

Result<CreateAccessKeyResponse> handle(Scope& scope, const CreateAccessKeyRequest& request) {
    const std::uint64_t count = scope.state().table<core::AccessKey>().size();
    const std::uint64_t limit = scope.step.settings().limits.access_keys;
    if (count >= limit)
        return refuse(ErrorCode::LimitExceeded,
                      fmt::format("{} access keys exist; the limit is {}. Delete one, or raise limits.access_keys",
                                  count, limit));
    core::AccessKey key;
    do key.id = fmt::format("{}{}", kIdPrefix, scope.step.rng.text(kRandomLength));
    while (is_taken(scope, key.id));
    key.secret = scope.step.rng.text(kRandomLength);
    key.description = request.description.value_or("");
    key.read_only = request.read_only;
    key.order = scope.state().next_order();
    key.created = scope.step.now.wall;
    scope.key_change = KeyChange{.key = live(key)};
    CreateAccessKeyResponse response{.access_key = show(scope, key), .secret_key = key.secret};
    scope.state().add(std::move(key));
    return response;
}

Result<ListAccessKeysResponse> handle(Scope& scope, const ListAccessKeysRequest& request) {
    std::vector<AccessKey> all;
    for (const engine::FixedKey& key : fixed_keys(scope)) all.push_back(show(scope, key));
    std::vector<const core::AccessKey*> made;
    scope.state().table<core::AccessKey>().for_each(
        [&](core::Slot, const core::AccessKey& key) { made.push_back(&key); });
    std::ranges::sort(made, {}, &core::AccessKey::order);
    for (const core::AccessKey* key : made) all.push_back(show(scope, *key));
    const std::uint64_t total = all.size();
    return ListAccessKeysResponse{.access_keys = page(std::move(all), request.offset, request.limit),
                                  .total_count = total};
}

Result<UpdateAccessKeyResponse> handle(Scope& scope, const UpdateAccessKeyRequest& request) {
    const core::Slot slot = TRY(need_key(scope, request.secret_id));
    if (request.status || request.description) {
        auto key = scope.state().edit<core::AccessKey>(slot);
        if (request.status) key->disabled = *request.status == "DISABLED";
        if (request.description) key->description = *request.description;
    }
    const core::AccessKey& key = scope.state().at<core::AccessKey>(slot);
    scope.key_change = KeyChange{.key = live(key)};
    return UpdateAccessKeyResponse{.access_key = show(scope, key)};
}

Result<DeleteAccessKeyResponse> handle(Scope& scope, const DeleteAccessKeyRequest& request) {
    scope.state().remove<core::AccessKey>(TRY(need_key(scope, request.secret_id)));
    scope.key_change = KeyChange{.key = {.secret_id = request.secret_id, .secret = {}}, .removed = true};
    return DeleteAccessKeyResponse{};
}

void publish_access_keys(const core::State& state, engine::KeyBook& keys) {
    state.table<core::AccessKey>().for_each([&](core::Slot, const core::AccessKey& key) { keys.set(live(key)); });
}

void record_uses(core::Step& step, std::span<const engine::KeyUse> uses) {
    for (const engine::KeyUse& use : uses) {
        const core::Slot slot = step.state.find_access_key(use.secret_id);
        if (slot == core::kNone || step.state.at<core::AccessKey>(slot).last_used >= use.minute) continue;
        step.state.edit<core::AccessKey>(slot)->last_used = use.minute;
    }
}

}  // namespace gse::api
