/// The launch parameters of a server process, as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gse::agent {

/// Splits as a POSIX shell would: blanks part words; '…' and "…" keep them together; a backslash takes the next
/// character as it is (within "…" only before " and \). Nothing is expanded.
/// InvalidParameterValue for a quote that is never closed or a backslash at the end.
[[nodiscard]] Result<std::vector<std::string>> split_parameters(std::string_view text);

/// `{client_port}` and `{grpc_port}` replaced.
[[nodiscard]] std::string fill_ports(std::string text, std::uint16_t client_port, std::uint16_t grpc_port);

}  // namespace gse::agent
