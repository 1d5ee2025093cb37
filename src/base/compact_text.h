/// A text that is kept by the million.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gse {

/// `kBytes` bytes, in which texts of one byte less stand themselves: a std::string takes 32 for 15. Longer ones are on
/// the heap. It stands at any address, so that nothing is lost to alignment. Moves only, so that nobody copies a
/// million by mistake.
template <std::size_t kBytes>
class TextOf {
public:
    static constexpr std::size_t kInPlaceMax = kBytes - 1;

    TextOf() = default;
    explicit TextOf(std::string_view text) { assign(text); }
    TextOf(TextOf&& other) noexcept : bytes_(other.bytes_) { other.bytes_ = {}; }
    TextOf& operator=(TextOf&& other) noexcept {
        if (this == &other) return *this;
        release();
        bytes_ = other.bytes_;
        other.bytes_ = {};
        return *this;
    }
    TextOf& operator=(std::string_view text) {
        *this = TextOf(text);
        return *this;
    }
    ~TextOf() { release(); }

    [[nodiscard]] std::string_view view() const {
        if (bytes_.back() != kOnHeap) return {bytes_.data(), static_cast<std::size_t>(bytes_.back())};
        const Heap heap = on_heap();
        return {heap.text, heap.size};
    }
    operator std::string_view() const { return view(); }
    [[nodiscard]] bool empty() const { return bytes_.back() == 0; }

    friend bool operator==(const TextOf& a, std::string_view b) { return a.view() == b; }
    friend bool operator==(const TextOf& a, const TextOf& b) { return a.view() == b.view(); }

private:
    struct Heap {
        char* text;
        std::size_t size;
    };
    static constexpr char kOnHeap = 127;
    static_assert(sizeof(Heap) <= kInPlaceMax && kInPlaceMax < kOnHeap);

    [[nodiscard]] Heap on_heap() const {
        Heap heap{};
        std::memcpy(&heap, bytes_.data(), sizeof heap);
        return heap;
    }
    void assign(std::string_view text) {
        if (text.size() <= kInPlaceMax) {
            if (!text.empty()) std::memcpy(bytes_.data(), text.data(), text.size());
            bytes_.back() = static_cast<char>(text.size());
            return;
        }
        const Heap heap{new char[text.size()], text.size()};
        std::memcpy(heap.text, text.data(), text.size());
        std::memcpy(bytes_.data(), &heap, sizeof heap);
        bytes_.back() = kOnHeap;
    }
    void release() {
        if (bytes_.back() == kOnHeap) delete[] on_heap().text;
    }

    std::array<char, kBytes> bytes_{};  // the last one: how many stand here, or kOnHeap
};

using CompactText = TextOf<24>;

}  // namespace gse
