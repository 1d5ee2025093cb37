/// A text that is kept by the million.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gse {

/// 24 bytes, in which texts of up to 23 bytes stand themselves: a std::string takes 32 for 15. Longer ones are on the
/// heap. Moves only, so that nobody copies a million by mistake.
class CompactText {
public:
    static constexpr std::size_t kInPlaceMax = 23;

    CompactText() = default;
    explicit CompactText(std::string_view text) { assign(text); }
    CompactText(CompactText&& other) noexcept : bytes_(other.bytes_) { other.bytes_ = {}; }
    CompactText& operator=(CompactText&& other) noexcept {
        if (this == &other) return *this;
        release();
        bytes_ = other.bytes_;
        other.bytes_ = {};
        return *this;
    }
    CompactText& operator=(std::string_view text) {
        *this = CompactText(text);
        return *this;
    }
    ~CompactText() { release(); }

    [[nodiscard]] std::string_view view() const {
        if (bytes_.back() != kOnHeap) return {bytes_.data(), static_cast<std::size_t>(bytes_.back())};
        const Heap heap = on_heap();
        return {heap.text, heap.size};
    }
    operator std::string_view() const { return view(); }
    [[nodiscard]] bool empty() const { return bytes_.back() == 0; }

    friend bool operator==(const CompactText& a, std::string_view b) { return a.view() == b; }
    friend bool operator==(const CompactText& a, const CompactText& b) { return a.view() == b.view(); }

private:
    struct Heap {
        char* text;
        std::size_t size;
    };
    static constexpr char kOnHeap = 127;

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

    std::array<char, kInPlaceMax + 1> bytes_{};  // the last one: how many stand here, or kOnHeap
};

}  // namespace gse
