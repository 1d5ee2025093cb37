/// The last entry of a backup: what it holds, by name, size and SHA-256, and what it is a backup of.
///
///     opengse-backup 1
///     version 0.1.0
///     deployment k3v0…
///     created 2026-01-31T09:00:00Z
///     seq 1234
///     epoch 7
///     <sha256> <bytes> <name>          one a file, in the order of the archive
///     end <sha256 of all lines above>
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gse::backup {

struct ManifestEntry {
    std::string name;
    std::uint64_t bytes = 0;
    std::string sha256;  ///< lower-case hex
    friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};

struct Manifest {
    std::string version;     ///< of OpenGSE, that wrote it
    std::string deployment;  ///< see docs/journal-format.md
    std::string created;     ///< UTC
    std::uint64_t seq = 0;   ///< last batch of the journal in it
    std::uint64_t epoch = 0;
    std::vector<ManifestEntry> files;
    friend bool operator==(const Manifest&, const Manifest&) = default;
};

[[nodiscard]] std::string render(const Manifest& manifest);
/// FailedOperation: it is not one, it is damaged, or a newer program wrote it.
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view text);

}  // namespace gse::backup
