#include "http/known_hosts.h"

#include <arpa/inet.h>

#include <algorithm>

#include "http/request.h"

namespace gse::http {
namespace {

bool is_address(std::string_view host) {
    unsigned char bytes[sizeof(in6_addr)];
    if (host.starts_with('[') && host.ends_with(']')) {
        return ::inet_pton(AF_INET6, std::string{host.substr(1, host.size() - 2)}.c_str(), bytes) == 1;
    }
    return ::inet_pton(AF_INET, std::string{host}.c_str(), bytes) == 1;
}

}  // namespace

bool is_known_host(std::string_view host, std::span<const std::string> known) {
    if (host.empty()) return false;
    const std::string name = to_lower(without_port(host));
    if (is_address(name) || name == "localhost" || name.ends_with(".localhost")) return true;
    return std::any_of(known.begin(), known.end(), [&](const std::string& candidate) {
        return equal_ignoring_case(name, without_port(candidate));
    });
}

bool is_known_origin(std::string_view origin, std::span<const std::string> known) {
    if (origin.data() == nullptr) return true;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (origin.starts_with(scheme)) return is_known_host(origin.substr(scheme.size()), known);
    }
    return false;
}

}  // namespace gse::http
