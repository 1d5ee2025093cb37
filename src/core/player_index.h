/// Finds the player sessions of a player, among millions.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>

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
    /// A player who has none in it.
    void insert(Slot slot) { CHECK(tables_[table_of(id_of(slot))].insert(slot).second); }
    /// One that stands in it.
    void erase(Slot slot) { CHECK(tables_[table_of(id_of(slot))].erase(slot) == 1); }
    void clear() {
        for (Table& table : tables_) table.clear();
    }

    template <class Visit>
    void for_each(Visit&& visit) const {
        for (const Table& table : tables_)
            for (const Slot slot : table) visit(slot);
    }

private:
    static constexpr std::size_t kTables = 256;

    static std::size_t hash_of(std::string_view id) { return std::hash<std::string_view>{}(id); }
    /// By bits that the tables themselves make no use of: they take the lowest ones and the highest.
    static std::size_t table_of(std::string_view id) { return hash_of(id) / 65'536 % kTables; }
    [[nodiscard]] std::string_view id_of(Slot slot) const { return players_.at(slot).player_id; }

    /// Slots hash and compare as the ids of their players.
    struct Ids {
        using is_transparent = void;
        using is_avalanching = void;
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
    using Table = boost::unordered_flat_set<Slot, Ids, Ids>;

    template <std::size_t... I>
    static std::array<Table, kTables> make_tables(const Slab<PlayerSession>& players, std::index_sequence<I...>) {
        return {((void)I, Table(0, Ids{&players}, Ids{&players}))...};
    }

    const Slab<PlayerSession>& players_;
    std::array<Table, kTables> tables_;
};

}  // namespace gse::core
