/// The access keys in force: the API changes them, the HTTP rim reads them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace gse::engine {

/// A key that the API made.
struct LiveKey {
    std::string secret_id;
    std::string secret;
    bool disabled = false;
    bool read_only = false;
};

/// A key of the server's own file, which the API cannot change.
struct FixedKey {
    std::string secret_id;
    bool root = false;  ///< the first one
    bool disabled = false;
    bool read_only = false;
};

/// That a key signed a request.
struct KeyUse {
    std::string secret_id;
    WallTime minute;  ///< in which it did
};

/// Thread-safe.
class KeyBook {
public:
    virtual ~KeyBook() = default;

    /// Adds or replaces one; the next request is checked by it. Only once that is durable.
    virtual void set(LiveKey key) = 0;
    virtual void remove(std::string_view secret_id) = 0;

    /// The root key first, then those of the file, in its order.
    [[nodiscard]] virtual std::vector<FixedKey> fixed() const = 0;
    /// Of any key, in this run of the server, to the minute; {}: not yet.
    [[nodiscard]] virtual WallTime last_used(std::string_view secret_id) const = 0;
    /// Keys used in a later minute than the last call told of.
    [[nodiscard]] virtual std::vector<KeyUse> take_uses() = 0;
};

}  // namespace gse::engine
