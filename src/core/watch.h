/// What records were before a batch changed them: kept only while somebody listens to events, so that an event can say
/// what moved, from where to where.
#pragma once

#include <cstdint>
#include <string>

#include "core/entities.h"

namespace gse::core {

enum class WatchLevel : std::uint8_t { Nothing, AllButPlayers, All };

enum class Watched : std::uint8_t { Fleet, Alias, Instance, Session, Placement, Player };

/// One entry a record and batch, made by its first change; a record that was removed and whose slot was taken again has
/// a second one.
struct Before {
    Watched kind = Watched::Fleet;
    Slot slot = kNone;
    bool existed = false;     ///< false: the batch added it
    std::uint8_t status = 0;  ///< as it was, of its kind's enum; an alias: AliasType
    // Alias and Instance, which are told of when they are gone too
    std::string id;
    Slot fleet = kNone;
    std::string region;
    std::string name;
    std::string fleet_id;
    std::string message;
};

[[nodiscard]] Before before_of(const Fleet& fleet);
[[nodiscard]] Before before_of(const Alias& alias);
[[nodiscard]] Before before_of(const Instance& instance);
[[nodiscard]] Before before_of(const GameSession& session);
[[nodiscard]] Before before_of(const Placement& placement);
[[nodiscard]] Before before_of(const PlayerSession& player);

template <class T>
inline constexpr bool kIsWatched = requires(const T& record) { before_of(record); };

/// Entries of one batch; of what is beyond, only the number is kept.
inline constexpr std::size_t kBeforeMax = 65'536;

}  // namespace gse::core
