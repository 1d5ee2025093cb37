/// Finds the player sessions of a player, among millions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/entities.h"
#include "core/slab.h"

namespace gse::core {

/// A hash table that grows by a bucket at a time (linear hashing), so that no call waits for the others to be moved.
/// Of each player one session stands in it, the first; a bucket's firsts are chained by their `index_link`. The others
/// of the same player hang from the first by `next_same_player`, and their `index_link` leads back. A bucket of eight
/// bytes for each player; it never shrinks. Owned by one thread.
class PlayerIndex {
public:
    explicit PlayerIndex(Slab<PlayerSession>& players) : players_(players) { clear(); }
    PlayerIndex(const PlayerIndex&) = delete;
    PlayerIndex& operator=(const PlayerIndex&) = delete;

    /// The first; kNone: the player has none.
    [[nodiscard]] Slot find(std::string_view player_id) const {
        const std::size_t hash = hash_of(player_id);
        return find_in(bucket(number_of(hash)), hash, player_id);
    }
    void add(Slot slot) {
        PlayerSession& player = players_.at(slot);
        const std::size_t hash = hash_of(player.player_id);
        Bucket& at = bucket(number_of(hash));
        if (const Slot first = find_in(at, hash, player.player_id); first != kNone) return hang(slot, player, first);
        player.next_same_player = kNone;
        push(at, hash, slot, player);
        ++firsts_;
        if (buckets_ < firsts_) split();
    }
    /// One that was added, and still has its id.
    void remove(Slot slot) {
        PlayerSession& player = players_.at(slot);
        Bucket& at = bucket(number_of(hash_of(player.player_id)));
        Slot* link = &at.first;
        while (players_.at(*link).player_id != player.player_id) link = &players_.at(*link).index_link;
        const Slot next = player.next_same_player;
        if (*link != slot) {
            players_.at(player.index_link).next_same_player = next;
            if (next != kNone) players_.at(next).index_link = player.index_link;
        } else if (next != kNone) {
            *link = next;
            players_.at(next).index_link = player.index_link;
        } else {
            *link = player.index_link;
            --firsts_;
            if (at.first == kNone) at.marks = 0;
        }
    }

    /// Have what find(), add() and remove() of this player will read brought near, the bucket first and then the record
    /// in it. Among millions each is far away, and whoever has many to do waits for all at once instead of for one
    /// after the other.
    void expect_bucket(std::string_view player_id) const { __builtin_prefetch(&bucket(number_of(hash_of(player_id)))); }
    void expect_record(std::string_view player_id) const {
        const std::size_t hash = hash_of(player_id);
        const Bucket& at = bucket(number_of(hash));
        if ((at.marks & mark_of(hash)) != 0) players_.expect(at.first);
    }

    void clear() {
        chunks_.clear();
        buckets_ = mask_ = firsts_ = 0;
        add_bucket();
    }

    /// Visits the first of each player.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t number = 0; number < buckets_; ++number)
            for (Slot slot = bucket(number).first; slot != kNone; slot = players_.at(slot).index_link) visit(slot);
    }

private:
    struct Bucket {
        Slot first = kNone;
        /// A bit for each that came in since it was empty: who has none is not in it, and no record is looked at.
        std::uint32_t marks = 0;
    };
    static constexpr std::size_t kChunk = 4'096;
    static constexpr std::size_t kSplitAhead = 8;
    using Chunk = std::array<Bucket, kChunk>;

    static std::size_t hash_of(std::string_view id) { return std::hash<std::string_view>{}(id); }
    /// By the highest bits: the number of the bucket is made of the lowest ones.
    static std::uint32_t mark_of(std::size_t hash) { return std::uint32_t{1} << (hash >> 59); }

    Bucket& bucket(std::size_t number) { return (*chunks_[number / kChunk])[number % kChunk]; }
    [[nodiscard]] const Bucket& bucket(std::size_t number) const {
        return const_cast<PlayerIndex*>(this)->bucket(number);
    }
    /// Those from `buckets_` on are not there yet: what belongs to them is still where it will be split off.
    [[nodiscard]] std::size_t number_of(std::size_t hash) const {
        const std::size_t number = hash & mask_;
        return number < buckets_ ? number : number & (mask_ >> 1);
    }
    [[nodiscard]] Slot find_in(const Bucket& at, std::size_t hash, std::string_view player_id) const {
        if ((at.marks & mark_of(hash)) == 0) return kNone;
        Slot slot = at.first;
        while (slot != kNone && players_.at(slot).player_id != player_id) slot = players_.at(slot).index_link;
        return slot;
    }
    static void push(Bucket& to, std::size_t hash, Slot slot, PlayerSession& first) {
        first.index_link = to.first;
        to.first = slot;
        to.marks |= mark_of(hash);
    }
    /// Behind the first, which stays.
    void hang(Slot slot, PlayerSession& player, Slot first) {
        Slot& next = players_.at(first).next_same_player;
        player.index_link = first;
        player.next_same_player = next;
        if (next != kNone) players_.at(next).index_link = slot;
        next = slot;
    }
    std::size_t add_bucket() {
        const std::size_t number = buckets_++;
        if (number > mask_) mask_ = 2 * mask_ + 1;
        if (number / kChunk == chunks_.size()) chunks_.push_back(std::make_unique<Chunk>());
        return number;
    }
    void split() {
        const std::size_t number = add_bucket();
        const std::size_t half = mask_ >> 1;
        players_.expect(bucket((number + kSplitAhead) & half).first);
        Bucket& kept = bucket(number & half);
        Slot slot = std::exchange(kept, {}).first;
        while (slot != kNone) {
            PlayerSession& first = players_.at(slot);
            const Slot following = first.index_link;
            const std::size_t hash = hash_of(first.player_id);
            push(bucket(number_of(hash)), hash, slot, first);
            slot = following;
        }
    }

    Slab<PlayerSession>& players_;
    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::size_t buckets_ = 0;
    std::size_t mask_ = 0;  ///< of the numbers that there are and will be until they have doubled
    std::size_t firsts_ = 0;
};

}  // namespace gse::core
