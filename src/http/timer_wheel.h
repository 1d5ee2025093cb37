/// Deadlines of very many connections at the cost of a few instructions each. Time is handed in.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace gse::http {

/// Embedded in what has a deadline. Leaves its wheel when destroyed.
class TimerNode {
public:
    TimerNode() = default;
    TimerNode(const TimerNode&) = delete;
    TimerNode& operator=(const TimerNode&) = delete;
    ~TimerNode() { unlink(); }

private:
    friend class TimerWheel;

    void unlink() {
        previous_->next_ = next_;
        next_->previous_ = previous_;
        previous_ = next_ = this;
    }
    void link_before(TimerNode& other) {
        previous_ = other.previous_;
        next_ = &other;
        previous_->next_ = this;
        other.previous_ = this;
    }

    TimerNode* previous_ = this;
    TimerNode* next_ = this;
    std::int64_t deadline_ = INT64_MAX;
    std::int64_t due_tick_ = 0;  // the tick at which the wheel looks at it, while linked
};

/// One thread at a time. A deadline is noticed at the first tick after it, never before.
class TimerWheel {
public:
    TimerWheel(std::int64_t tick_ms, std::int64_t now_ms) : tick_ms_(tick_ms), now_tick_(now_ms / tick_ms) {}

    /// Moving a deadline later is one store: the node stays where it is and is moved when its old slot comes up.
    void set(TimerNode& node, std::int64_t deadline_ms) {
        node.deadline_ = deadline_ms;
        if (deadline_ms == INT64_MAX) return;
        const std::int64_t due = due_tick_of(deadline_ms);
        const bool linked = node.next_ != &node;
        if (linked && node.due_tick_ <= due) return;
        if (linked) node.unlink();
        node.due_tick_ = due;
        node.link_before(slots_[static_cast<std::size_t>(due) % kSlots]);
    }

    void clear(TimerNode& node) { node.deadline_ = INT64_MAX; }

    /// Calls `on_expired(node)` for each whose deadline has come. It may set, clear and destroy that node and others.
    template <class OnExpired>
    void advance(std::int64_t now_ms, OnExpired&& on_expired) {
        const std::int64_t to = now_ms / tick_ms_;
        // After a long pause each slot is looked at once; more turns would find the same.
        if (to - now_tick_ > static_cast<std::int64_t>(kSlots)) now_tick_ = to - static_cast<std::int64_t>(kSlots);
        while (now_tick_ < to) {
            ++now_tick_;
            TimerNode& slot = slots_[static_cast<std::size_t>(now_tick_) % kSlots];
            TimerNode due;
            while (slot.next_ != &slot) {
                TimerNode& node = *slot.next_;
                node.unlink();
                node.link_before(due);
            }
            while (due.next_ != &due) {
                TimerNode& node = *due.next_;
                node.unlink();
                if (node.deadline_ <= now_ms) {
                    node.deadline_ = INT64_MAX;
                    on_expired(node);
                } else if (node.deadline_ != INT64_MAX) {
                    set(node, node.deadline_);
                }
            }
        }
    }

private:
    static constexpr std::size_t kSlots = 512;

    /// The first tick that begins at or after the deadline, at most one turn ahead: what is later is looked at again.
    [[nodiscard]] std::int64_t due_tick_of(std::int64_t deadline_ms) const {
        const std::int64_t tick = (deadline_ms + tick_ms_ - 1) / tick_ms_;
        if (tick <= now_tick_) return now_tick_ + 1;
        return std::min(tick, now_tick_ + static_cast<std::int64_t>(kSlots) - 1);
    }

    std::int64_t tick_ms_;
    std::int64_t now_tick_;
    std::array<TimerNode, kSlots> slots_;
};

}  // namespace gse::http
