/// The link's values to protobuf and back. Encoding cannot fail. Decoding is total: whatever the other end sends is
/// either a value within the bounds below or a refusal that names the field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/link_messages.h"

namespace opengse::link::v1 {
class AgentMessage;
class ServerMessage;
}  // namespace opengse::link::v1

namespace gse::link {

/// `order_seq`: highest order seen in this stream.
struct AgentHeartbeat {
    std::uint64_t order_seq = 0;
    std::vector<InstanceReading> readings;
};
/// `order_seq`: last order sent in this stream.
struct ServerHeartbeat {
    std::uint64_t order_seq = 0;
};

using AgentSays = std::variant<HostHello, Report, AgentHeartbeat>;
using ServerSays = std::variant<Welcome, Order, ServerHeartbeat>;

/// Largest message either end takes.
inline constexpr int kMaxMessageBytes = 8 << 20;
/// An agent's messages beyond this travel in pieces, and no server reads more at once than this and what gRPC adds:
/// whoever dials may be anybody.
inline constexpr std::size_t kPieceBytes = 96 << 10;
inline constexpr int kMaxReadBytes = 128 << 10;

/// So many messages, and about so many bytes, travel together at most: a message and those behind it.
inline constexpr int kTogetherMax = 256;
inline constexpr std::size_t kTogetherBytesMax = 256 << 10;  ///< from a server; an agent's pieces are smaller

// Bounds of a decoded value. Bytes, and elements of a list.
inline constexpr std::size_t kMaxIdBytes = 1024;        ///< ids, names, addresses, object keys
inline constexpr std::size_t kMaxTextBytes = 64 << 10;  ///< messages, paths, parameters, authorizations
inline constexpr std::size_t kMaxDataBytes = 2 << 20;   ///< what a backend hands to a game: session and matchmaker data
inline constexpr std::size_t kMaxIds = 100'000;         ///< instances or processes of one host
inline constexpr std::size_t kMaxItems = 10'000;        ///< places, ports, players, properties, paths
inline constexpr std::size_t kMaxLabels = 64;           ///< of a host

/// The argument is overwritten.
void encode(const AgentSays& value, opengse::link::v1::AgentMessage& out);
void encode(const ServerSays& value, opengse::link::v1::ServerMessage& out);

/// Puts an encoded message behind the encoded one in `to`, so that the two travel together.
void append_behind(std::string& to, std::string_view message);

/// Strings are moved out of `in`. What is behind it is left alone.
[[nodiscard]] Result<AgentSays> decode(opengse::link::v1::AgentMessage& in);
[[nodiscard]] Result<ServerSays> decode(opengse::link::v1::ServerMessage& in);

}  // namespace gse::link
