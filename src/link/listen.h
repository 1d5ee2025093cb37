/// How a port for agents is opened. Includes Asio: for sources only.
#pragma once

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "base/addresses.h"
#include "base/fd.h"
#include "base/result.h"

namespace gse::link {

/// The port that was bound; 0 in `listen` lets the kernel choose. `listen`: an IP address or localhost, and a port.
template <class Acceptor>
Result<std::uint16_t> listen_for_agents(Acceptor& acceptor, const std::string& listen) {
    namespace ip = boost::asio::ip;
    auto [host, port] = TRY(split_address(listen));
    if (host == "localhost") host = "127.0.0.1";
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    const auto address = ip::make_address(host, error);
    if (error)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("cannot listen on {} for agents: write an IP address and a port", listen));
    const ip::tcp::endpoint endpoint{address, port};
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
