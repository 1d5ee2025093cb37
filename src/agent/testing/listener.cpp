#include "agent/testing/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/check.h"

namespace gse::agent::testing {

Listener listen_on_loopback() {
    Fd listener{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(listen(listener.get(), 64) == 0);
    CHECK(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return {std::move(listener), ntohs(address.sin_port)};
}

}  // namespace gse::agent::testing
