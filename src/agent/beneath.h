/// Opening paths that strangers named: nothing outside `root` is ever reached, whatever links lie on the way.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"

namespace gse::agent {

/// openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS, O_CLOEXEC added. Empty with errno on
/// failure (ELOOP: a symlink; EXDEV: it leads outside).
[[nodiscard]] Fd open_beneath(int root, const std::string& path, int flags, mode_t mode = 0);

}  // namespace gse::agent
