/// A part that few of very many records have.
#pragma once

#include <memory>

namespace gse {

/// 8 bytes while the part is not there; it reads as a default T then. T compares with ==. Moves only.
template <class T>
class Rare {
public:
    const T& operator*() const {
        static const T kNone{};
        return part_ ? *part_ : kNone;
    }
    const T* operator->() const { return &**this; }

    /// For changing it: it is there from now on.
    T& make() {
        if (!part_) part_ = std::make_unique<T>();
        return *part_;
    }
    /// Gives the memory back when nothing in it differs from a part that is not there.
    void tidy() {
        if (part_ && *part_ == T{}) part_.reset();
    }
    [[nodiscard]] bool there() const { return part_ != nullptr; }

private:
    std::unique_ptr<T> part_;
};

}  // namespace gse
