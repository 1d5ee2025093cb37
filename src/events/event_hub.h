/// Between the engine, which says what batches changed, and those who listen: a thread of its own makes the texts, so
/// that neither the owner of the state nor the committer does. Nobody is waited for: a listener is a position in the
/// one ring, and one that falls behind is told so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "engine/changes.h"
#include "events/event_ring.h"
#include "http/event_source.h"

namespace gse::events {

struct HubOptions {
    std::uint64_t epoch = 0;
    std::string default_region;
    std::vector<std::string> regions;
    EventRing::Limits ring = {};
    std::size_t listeners_max = 64;
    std::size_t waiting_max = 100'000;  ///< changes that the thread has not come to yet; further ones are dropped
    Millis linger{60'000};              ///< without a listener events are kept for this long, for one that comes back
    /// Returns when every batch that was begun before the call is durable; it may fail when the server ends.
    std::function<Result<void>()> barrier = {};
};

/// Outlives the engine and all streams. `clock` outlives it.
class EventHub final : public engine::ChangeSink, public http::EventSource {
public:
    EventHub(HubOptions options, const Clock& clock);
    ~EventHub() override;

    /// The epoch is known only now. Before anybody listens and anything is taken.
    void begin(std::uint64_t epoch);
    [[nodiscard]] core::WatchLevel wanted() const override;
    void take(engine::Changes changes) override;
    Result<std::unique_ptr<http::EventStream>> listen(http::EventWish wish, std::function<void()> wake) override;

    /// Waits until everything taken so far is in the ring: for tests.
    void settle();
    /// Looks at the clock: without listeners for long enough, nothing is wanted any more. The thread does it by itself.
    void look();

private:
    struct Shared;
    class Stream;
    std::shared_ptr<Shared> shared_;
};

}  // namespace gse::events
