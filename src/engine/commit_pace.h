/// When the next commit may start. A commit costs a sync, threads that wake, and a message to every host that it
/// concerns and one back, whatever is in it. So under load commits have a distance, and a larger one when much gathers.
#pragma once

#include <chrono>
#include <cstddef>

namespace gse::engine {

class CommitPace {
public:
    using Time = std::chrono::steady_clock::time_point;
    /// So many inputs in the open batch are much: the batch waits for as many again.
    static constexpr std::size_t kMuch = 8;

    /// `least`: between the starts of two commits.
    explicit CommitPace(std::chrono::microseconds least) : least_(least) {}

    /// Of the open batch.
    void decided(std::size_t inputs) { inputs_ += inputs; }
    /// The open batch is closed, and the next one is open. `commits`: it goes to the journal.
    void sealed(Time now, bool commits) {
        if (commits) last_ = now;
        inputs_ = 0;
    }
    [[nodiscard]] Time next() const { return last_ + (inputs_ < kMuch ? least_ : 2 * least_); }

private:
    std::chrono::microseconds least_;
    Time last_{};
    std::size_t inputs_ = 0;
};

}  // namespace gse::engine
