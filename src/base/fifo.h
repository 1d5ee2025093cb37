/// A queue that costs nothing while it is empty, where there are thousands of them; std::deque keeps 576 bytes each.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace gse {

template <class T>
class Fifo {
public:
    [[nodiscard]] bool empty() const { return at_ == items_.size(); }
    [[nodiscard]] std::size_t size() const { return items_.size() - at_; }
    [[nodiscard]] T& front() { return items_[at_]; }
    void push_back(T item) { items_.push_back(std::move(item)); }
    void pop_front() {
        ++at_;
        if (empty()) {
            items_.clear();
            at_ = 0;
            if (items_.capacity() > kKept) std::vector<T>().swap(items_);
        } else if (at_ > kKept && at_ > items_.size() / 2) {
            items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(at_));
            at_ = 0;
        }
    }
    void clear() {
        std::vector<T>().swap(items_);
        at_ = 0;
    }

private:
    static constexpr std::size_t kKept = 32;

    std::vector<T> items_;
    std::size_t at_ = 0;  // of the first; what is before it has been taken
};

}  // namespace gse
