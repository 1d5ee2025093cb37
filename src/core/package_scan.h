/// Which packages a journal names, found out without holding the rest of the state.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/slab.h"

namespace gse::core {

class PackageScan {
public:
    struct Package {
        std::string asset_id;
        std::string bucket;
        std::string key;
    };

    /// One journal entry or snapshot slice, in the order of the replay.
    Result<void> take(std::string_view batch);

    /// By the asset's slot. Assets without a file of their own are not listed.
    [[nodiscard]] const std::map<Slot, Package>& packages() const { return packages_; }
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

private:
    Result<void> take_record(std::size_t table, Slot slot, std::optional<std::string_view> image);

    std::map<Slot, Package> packages_;
    std::uint64_t epoch_ = 0;
};

}  // namespace gse::core
