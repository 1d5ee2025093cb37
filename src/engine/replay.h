/// A journal's content, as a state.
#pragma once

#include "core/state.h"
#include "journal/journal.h"

namespace gse::engine {

/// The state needs State::rebuild() after the load.
class ReplayInto : public journal::Replay {
public:
    explicit ReplayInto(core::State& state) : state_(state) {}
    Result<void> snapshot_slice(std::span<const std::byte> slice) override;
    Result<void> entry(std::uint64_t seq, std::span<const std::byte> batch) override;
    Now last{};                  ///< of the newest batch
    std::uint64_t last_seq = 0;  ///< of the newest entry

private:
    Result<void> apply(std::span<const std::byte> bytes);
    core::State& state_;
};

}  // namespace gse::engine
