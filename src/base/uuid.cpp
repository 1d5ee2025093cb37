#include "base/uuid.h"

#include <array>
#include <cstring>
#include <span>

#include "base/hex.h"

namespace gse {

std::string make_uuid(Rng& rng) {
    std::array<std::byte, 16> bytes;
    const std::uint64_t halves[] = {rng.next(), rng.next()};
    std::memcpy(bytes.data(), halves, sizeof halves);
    bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
    bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
    std::string text(36, '-');
    const std::span all{bytes};
    to_hex(all.subspan(0, 4), text.data());
    to_hex(all.subspan(4, 2), text.data() + 9);
    to_hex(all.subspan(6, 2), text.data() + 14);
    to_hex(all.subspan(8, 2), text.data() + 19);
    to_hex(all.subspan(10, 6), text.data() + 24);
    return text;
}

}  // namespace gse
