/// Which files of a server's data directory a backup holds.
#pragma once

#include <cstdint>
#include <string_view>

namespace gse::backup {

enum class Belonging : std::uint8_t {
    Saved,    ///< in every backup
    Made,     ///< a start makes it anew, or it means something on this machine only
    Unknown,  ///< nobody has decided: a test fails
};

/// `name` is relative to the data directory, with slashes. Objects and the journal are Saved; which of their files a
/// backup takes is theirs to say.
[[nodiscard]] Belonging belonging(std::string_view name);

/// Whether an entry of that name may be unpacked into a data directory: one that a backup of ours may hold.
[[nodiscard]] bool may_restore(std::string_view name);

inline constexpr std::string_view kManifestName = "MANIFEST";

}  // namespace gse::backup
