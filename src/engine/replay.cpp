#include "engine/replay.h"

#include <fmt/format.h>

namespace gse::engine {

Result<void> ReplayInto::snapshot_slice(std::span<const std::byte> slice) { return apply(slice); }

Result<void> ReplayInto::entry(std::uint64_t seq, std::span<const std::byte> batch) {
    if (auto applied = apply(batch); !applied)
        return refuse(applied.error().code, fmt::format("entry {}: {}", seq, applied.error().message));
    last_seq = seq;
    return {};
}

Result<void> ReplayInto::apply(std::span<const std::byte> bytes) {
    const Now at = TRY(state_.apply({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    if (at.engine >= last.engine) last = at;
    return {};
}

}  // namespace gse::engine
