/// A table of records: the slot number is the record's address, in memory, in the journal and inside ids.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"

namespace gse::core {

using Slot = std::uint32_t;
inline constexpr Slot kNone = UINT32_MAX;

/// Records never move, so references stay valid until their record is erased. Insert and erase are O(1).
/// Not thread-safe.
template <class T>
class Slab {
public:
    Slot insert(T value) {
        Slot slot = limit_;
        if (!free_.empty()) {
            slot = free_.back();
            free_.pop_back();
        }
        place(slot, std::move(value));
        return slot;
    }

    /// Where the next insert() will put its record.
    [[nodiscard]] Slot next_slot() const { return free_.empty() ? limit_ : free_.back(); }

    /// Recovery only: puts a record where the journal says it was, or replaces the one that is there.
    void restore(Slot slot, T value) {
        if (find(slot)) erase_cell(slot);
        place(slot, std::move(value));
    }

    /// Recovery only: after the last restore(), makes the holes usable again.
    void rebuild_free_list() {
        free_.clear();
        for (Slot slot = limit_; slot-- > 0;)
            if (!has(slot, kUsed)) free_.push_back(slot);
    }

    void erase(Slot slot) {
        CHECK(find(slot));
        erase_cell(slot);
        free_.push_back(slot);
    }

    /// Recovery only: like erase(), but tolerates an empty slot and leaves the free list alone.
    void restore_erased(Slot slot) {
        if (find(slot)) erase_cell(slot);
    }

    [[nodiscard]] T* find(Slot slot) { return slot < limit_ && has(slot, kUsed) ? &value(slot) : nullptr; }
    [[nodiscard]] const T* find(Slot slot) const { return const_cast<Slab*>(this)->find(slot); }

    [[nodiscard]] T& at(Slot slot) {
        CHECK(slot < limit_ && has(slot, kUsed));
        return value(slot);
    }
    [[nodiscard]] const T& at(Slot slot) const { return const_cast<Slab*>(this)->at(slot); }

    /// Has a record that will be looked at soon brought near.
    void expect(Slot slot) const {
        if (slot >= limit_) return;
        auto* const self = const_cast<Slab*>(this);
        const char* const bytes = reinterpret_cast<const char*>(&self->value(slot));
        __builtin_prefetch(&self->flags(slot));
        __builtin_prefetch(bytes);
        __builtin_prefetch(bytes + sizeof(T) - 1);
    }

    /// Marks the slot as changed in this batch; true the first time.
    bool mark_dirty(Slot slot) { return !set(slot, kDirty, true); }
    [[nodiscard]] bool is_dirty(Slot slot) { return has(slot, kDirty); }
    void clear_dirty(Slot slot) { set(slot, kDirty, false); }
    /// Guards against two edits of one record at a time.
    bool set_editing(Slot slot, bool on) { return set(slot, kEditing, on); }

    [[nodiscard]] bool editing(Slot slot) { return has(slot, kEditing); }

    [[nodiscard]] std::size_t size() const { return size_; }
    /// One past the highest slot ever used.
    [[nodiscard]] Slot limit() const { return limit_; }

    template <class Visit>
    void for_each(Visit&& visit) {
        for (Slot slot = 0; slot < limit_; ++slot)
            if (has(slot, kUsed)) visit(slot, value(slot));
    }
    template <class Visit>
    void for_each(Visit&& visit) const {
        const_cast<Slab*>(this)->for_each([&](Slot slot, const T& value) { visit(slot, value); });
    }

private:
    static constexpr Slot kChunk = 256;
    static constexpr std::uint8_t kUsed = 1;
    static constexpr std::uint8_t kDirty = 2;
    static constexpr std::uint8_t kEditing = 4;
    /// Flags stand apart: beside each record they would cost its alignment, and behind the records of a chunk the rest
    /// of a page.
    struct Chunk {
        std::unique_ptr<std::array<T, kChunk>> values = std::make_unique<std::array<T, kChunk>>();
        std::unique_ptr<std::array<std::uint8_t, kChunk>> flags = std::make_unique<std::array<std::uint8_t, kChunk>>();
    };

    T& value(Slot slot) { return (*chunks_[slot / kChunk].values)[slot % kChunk]; }
    std::uint8_t& flags(Slot slot) { return (*chunks_[slot / kChunk].flags)[slot % kChunk]; }
    [[nodiscard]] bool has(Slot slot, std::uint8_t flag) { return (flags(slot) & flag) != 0; }
    /// What it was before.
    bool set(Slot slot, std::uint8_t flag, bool on) {
        std::uint8_t& all = flags(slot);
        const bool before = (all & flag) != 0;
        all = static_cast<std::uint8_t>(on ? all | flag : all & ~flag);
        return before;
    }

    void place(Slot slot, T record) {
        CHECK(slot < kNone);
        while (chunks_.size() <= slot / kChunk) chunks_.emplace_back();
        if (slot >= limit_) limit_ = slot + 1;
        CHECK(!set(slot, kUsed, true));
        value(slot) = std::move(record);
        ++size_;
    }

    void erase_cell(Slot slot) {
        value(slot) = T{};
        set(slot, kUsed, false);
        --size_;
    }

    std::vector<Chunk> chunks_;
    std::vector<Slot> free_;
    Slot limit_ = 0;
    std::size_t size_ = 0;
};

}  // namespace gse::core
