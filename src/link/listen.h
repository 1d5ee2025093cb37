/// How a port for agents is opened. Includes Asio: for sources only.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "base/addresses.h"
#include "base/endpoint.h"
#include "base/fd.h"
#include "base/result.h"

namespace gse::link {

/// After an accept that failed: most likely no file is left to open, and that passes.
inline constexpr std::chrono::milliseconds kAcceptPause{100};

/// The port that was bound; 0 in `listen` lets the kernel choose. `listen`: an IP address or localhost, and a port.
template <class Acceptor>
Result<std::uint16_t> listen_for_agents(Acceptor& acceptor, const std::string& listen) {
    const auto address = numeric_address(listen);
    if (!address)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("cannot listen on {} for agents: write an IP address and a port", listen));
    const auto endpoint = endpoint_of(*address);
    boost::system::error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) close_on_exec(acceptor.native_handle());
    if (!error) acceptor.set_option(typename Acceptor::reuse_address{true}, error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(Acceptor::max_listen_connections, error);
    if (error)
        return refuse(error == boost::asio::error::address_in_use ? ErrorCode::InUse : ErrorCode::InvalidParameterValue,
                      fmt::format("cannot listen on {} for agents: {}; is the address this machine's, and the port "
                                  "free?",
                                  listen, error.message()));
    return acceptor.local_endpoint().port();
}

}  // namespace gse::link
