/// Which Host headers the unsigned paths answer to. A web page whose name was pointed at this machine (DNS rebinding)
/// would otherwise speak with the browser user's rights.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gse::http {

/// True for IP addresses (no name, so nothing to rebind), `localhost` and its subdomains, and `known`; with or without
/// a port.
[[nodiscard]] bool is_known_host(std::string_view host, std::span<const std::string> known);

/// Whether a request may act for the page that sent it: no Origin, or one whose host is known.
[[nodiscard]] bool is_known_origin(std::string_view origin, std::span<const std::string> known);

}  // namespace gse::http
