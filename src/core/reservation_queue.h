/// Deadlines of reservations, which come in their order nearly always: there are millions, and they need no heap.
#pragma once

#include <cstdint>
#include <deque>

#include "base/check.h"
#include "base/time.h"
#include "core/slab.h"

namespace gse::core {

/// First in, first out; 8 bytes each, because only what passes between two of them is kept.
class ReservationQueue {
public:
    /// Whether push() may be called with that time: it is not before the last one, nor 49 days behind it.
    [[nodiscard]] bool takes(EngineTime at) const {
        return waiting_.empty() || (at >= last_ && (at - last_).count() <= INT64_C(0xffffffff));
    }
    void push(EngineTime at, Slot slot) {
        CHECK(takes(at));
        if (waiting_.empty()) first_ = last_ = at;
        waiting_.push_back({static_cast<std::uint32_t>((at - last_).count()), slot});
        last_ = at;
    }

    [[nodiscard]] bool empty() const { return waiting_.empty(); }
    /// Of the first one, which there must be.
    [[nodiscard]] EngineTime first_at() const { return first_; }
    [[nodiscard]] Slot first() const { return waiting_.front().slot; }
    /// Of one of the next, kNone behind the last.
    [[nodiscard]] Slot next(std::size_t behind_first) const {
        return behind_first < waiting_.size() ? waiting_[behind_first].slot : kNone;
    }
    void pop() {
        waiting_.pop_front();
        if (!waiting_.empty()) first_ = first_ + Millis{waiting_.front().after_ms};
    }
    void clear() { waiting_.clear(); }

private:
    struct Waiting {
        std::uint32_t after_ms;  ///< behind the one before it
        Slot slot;
    };
    std::deque<Waiting> waiting_;
    EngineTime first_;
    EngineTime last_;
};

}  // namespace gse::core
