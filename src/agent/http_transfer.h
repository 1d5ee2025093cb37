/// Whole files over HTTP: packages come in, logs go out. Blocking; for worker threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace gse::agent {

struct Transfer {
    std::string url;
    std::string authorization;  ///< never logged
    std::uint64_t bytes_max = 0;
    std::string ca_file = {};  ///< PEM; empty: the system's CAs
};

/// Fetches into `file`, going on where an earlier attempt stopped. Unavailable: may work later; anything else will not
/// by trying again. `stop` ends it early (Unavailable).
Result<void> fetch_file(const Transfer& transfer, const std::filesystem::path& file, const std::atomic<bool>& stop);

/// Sends `file`. The same kinds of failure.
Result<void> send_file(const Transfer& transfer, const std::filesystem::path& file, const std::atomic<bool>& stop);

/// `objects_url/bucket/key`, encoded.
[[nodiscard]] std::string object_url(const std::string& objects_url, const std::string& bucket, const std::string& key);

}  // namespace gse::agent
