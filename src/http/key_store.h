/// API keys, as the signature check looks them up.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace gse::http {

struct Key {
    std::string secret;
    bool disabled = false;
    bool read_only = false;  ///< may call only actions that change nothing and hand out nothing that changes something
};

/// Thread-safe.
class KeyStore {
public:
    virtual ~KeyStore() = default;
    [[nodiscard]] virtual std::optional<Key> find(std::string_view secret_id) const = 0;
    /// That a request was signed with it, or with a temporary key of it. Cheap enough for every request.
    virtual void note_use(std::string_view /*secret_id*/, WallTime /*now*/) const {}
};

}  // namespace gse::http
