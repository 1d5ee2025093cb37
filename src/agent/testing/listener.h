/// Where the servers that tests play listen.
#pragma once

#include <cstdint>

#include "base/fd.h"

namespace gse::agent::testing {

struct Listener {
    Fd socket;
    std::uint16_t port = 0;
};

/// TCP on 127.0.0.1, on a port of the kernel's choice.
Listener listen_on_loopback();

}  // namespace gse::agent::testing
