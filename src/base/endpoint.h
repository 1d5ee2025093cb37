/// Where Asio is to listen. Includes Asio: for sources only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstring>

#include "base/addresses.h"

namespace gse {

[[nodiscard]] inline boost::asio::ip::tcp::endpoint endpoint_of(const SocketAddress& address) {
    boost::asio::ip::tcp::endpoint endpoint;
    endpoint.resize(address.size);
    std::memcpy(endpoint.data(), address.get(), address.size);
    return endpoint;
}

}  // namespace gse
