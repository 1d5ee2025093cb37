/// Whether something failed because the disk is full: what is worth trying again once there is room.
#pragma once

#include <cerrno>

namespace gse::agent {

[[nodiscard]] inline bool no_room(int error) { return error == ENOSPC || error == EDQUOT; }

}  // namespace gse::agent
