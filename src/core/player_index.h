/// Finds the player sessions of a player, among millions.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "core/entities.h"
#include "core/slab.h"

namespace gse::core {

/// Of each player one session stands in the index, the others hang from it (`next_same_player`). An entry is its slot
/// and a byte of hash, no more: the id is read where it is anyway. Many small tables, so that none takes long to grow.
/// Owned by one thread.
class PlayerIndex {
public:
    explicit PlayerIndex(const Slab<PlayerSession>& players)
        : players_(players), tables_(make_tables(players, std::make_index_sequence<kTables>{})) {}
    PlayerIndex(const PlayerIndex&) = delete;
    PlayerIndex& operator=(const PlayerIndex&) = delete;

    /// The one that stands in the index; kNone: the player has none.
    [[nodiscard]] Slot find(std::string_view player_id) const {
        const Table& table = tables_[table_of(player_id)];
        const auto it = table.find(player_id);
        return it == table.end() ? kNone : *it;
    }
    /// The one that stands in the index now: this one, unless the player has one already.
    Slot insert(Slot slot) { return *tables_[table_of(id_of(slot))].insert(slot).first; }
    /// One that stands in it.
    void erase(Slot slot) { CHECK(tables_[table_of(id_of(slot))].erase(slot) == 1); }
    /// Has the memory that find(), insert() and erase() of this player will read brought near. Among millions each
    /// is far away, and whoever has many to do waits for all at once instead of for one after the other.
    void expect(std::string_view player_id) const { tables_[table_of(player_id)].prefetch(player_id); }
    void clear() {
        for (Table& table : tables_) table.clear();
    }

    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const Table& table : tables_)
            for (const Slot slot : table) visit(slot);
    }

private:
    static constexpr std::size_t kTables = 256;  ///< one for each value of a byte

    static std::size_t hash_of(std::string_view id) { return std::hash<std::string_view>{}(id); }
    /// By bits that the tables themselves make no use of: they go by the lowest ones, some versions by the highest too.
    static std::size_t table_of(std::string_view id) { return hash_of(id) >> 40 & 0xff; }
    [[nodiscard]] std::string_view id_of(Slot slot) const { return players_.at(slot).player_id; }

    /// Slots hash and compare as the ids of their players.
    struct Ids {
        using is_transparent = void;
        const Slab<PlayerSession>* players;

        [[nodiscard]] std::string_view id(Slot slot) const { return players->at(slot).player_id; }
        [[nodiscard]] static std::string_view id(std::string_view id) { return id; }
        template <class T>
        std::size_t operator()(const T& one) const {
            return hash_of(id(one));
        }
        template <class A, class B>
        bool operator()(const A& a, const B& b) const {
            return id(a) == id(b);
        }
    };
    using Table = absl::flat_hash_set<Slot, Ids, Ids>;

    template <std::size_t... I>
    static std::array<Table, kTables> make_tables(const Slab<PlayerSession>& players, std::index_sequence<I...>) {
        return {((void)I, Table(0, Ids{&players}, Ids{&players}))...};
    }

    const Slab<PlayerSession>& players_;
    std::array<Table, kTables> tables_;
};

}  // namespace gse::core
