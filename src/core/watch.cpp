#include "core/watch.h"

namespace gse::core {
namespace {

template <class Status>
Before plain(Watched kind, Status status) {
    Before before;
    before.kind = kind;
    before.status = static_cast<std::uint8_t>(status);
    return before;
}

}  // namespace

Before before_of(const Fleet& fleet) { return plain(Watched::Fleet, fleet.status); }
Before before_of(const GameSession& session) { return plain(Watched::Session, session.status); }
Before before_of(const Placement& placement) { return plain(Watched::Placement, placement.status); }
Before before_of(const PlayerSession& player) { return plain(Watched::Player, player.status); }

Before before_of(const Alias& alias) {
    Before before = plain(Watched::Alias, alias.type);
    before.id = alias.id;
    before.region = alias.region;
    before.name = alias.name;
    before.fleet_id = alias.fleet_id;
    before.message = alias.message;
    return before;
}

Before before_of(const Instance& instance) {
    Before before = plain(Watched::Instance, instance.status);
    before.id = instance.id;
    before.fleet = instance.fleet;
    return before;
}

}  // namespace gse::core
