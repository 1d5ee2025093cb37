/// Reads out of the state what a batch has changed.
#pragma once

#include <unordered_map>

#include "core/state.h"
#include "engine/changes.h"

namespace gse::engine {

/// Owned by the owner's thread.
class ChangeReader {
public:
    /// Counters of fleets are compared, and told of, at most this often: a burst of joins is a few events.
    static constexpr Millis kSampling{250};
    /// Of one batch.
    static constexpr std::size_t kChangesMax = 20'000;

    /// What the batch that is about to end has changed. Also turns the state's watching to `wanted` for the batches to
    /// come.
    [[nodiscard]] Changes read(core::State& state, Now now, core::WatchLevel wanted);

    /// When counters should be compared although nothing further happens; kNever: they have been.
    [[nodiscard]] EngineTime next_sample() const { return unsampled_ ? next_sample_ : kNever; }

private:
    void add(Changes& changes, Change change) const;
    void read_one(const core::State& state, const core::Before& before, Changes& changes);
    void sample(const core::State& state, Changes* changes);

    std::unordered_map<core::Slot, FleetNumbers> told_;  ///< by fleet
    bool unsampled_ = false;
    EngineTime next_sample_;
};

}  // namespace gse::engine
