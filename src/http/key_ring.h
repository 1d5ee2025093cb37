/// The keys that requests are checked by: those of the server's file, and those that the API made.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "engine/key_book.h"
#include "http/credentials.h"
#include "http/key_store.h"

namespace gse::http {

/// Looking a key up takes no lock: each thread holds the map it saw last, and asks for the new one only when there is
/// one. A key of the file wins over one of the API with its SecretId.
class KeyRing final : public KeyStore, public engine::KeyBook {
public:
    explicit KeyRing(const FileKeyStore& file);

    [[nodiscard]] std::optional<Key> find(std::string_view secret_id) const override;
    void note_use(std::string_view secret_id, WallTime now) const override;

    void set(engine::LiveKey key) override;
    void remove(std::string_view secret_id) override;
    [[nodiscard]] std::vector<engine::FixedKey> fixed() const override { return fixed_; }
    [[nodiscard]] WallTime last_used(std::string_view secret_id) const override;
    [[nodiscard]] std::vector<engine::KeyUse> take_uses() override;

private:
    /// Outlives the entries of one key, so that changing the key forgets no use.
    struct Use {
        std::atomic<std::int64_t> minute{0};
        std::int64_t told = 0;  // guarded by mutex_
    };
    struct Entry {
        Key key;
        bool fixed = false;
        std::shared_ptr<Use> use = std::make_shared<Use>();
    };
    using Entries = std::map<std::string, Entry, std::less<>>;

    [[nodiscard]] const Entries& entries() const;
    void publish(std::shared_ptr<const Entries> changed);

    std::vector<engine::FixedKey> fixed_;
    std::atomic<std::uint64_t> version_{0};  // no two maps of this process have the same
    mutable std::mutex mutex_;
    std::shared_ptr<const Entries> entries_;
};

}  // namespace gse::http
