/// The yardstick: what remains of a join when everything that makes it OpenGSE is taken away.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace gse::bench {

/// Serves on a free port of loopback until SIGTERM, printing `ready http=127.0.0.1:PORT` first. One thread with epoll
/// reads requests with a hand-written scanner, checks the TC3 signature (SHA-256 and HMAC by OpenSSL, the day's key
/// kept), parses the body on demand, puts each player into a hash map and answers with a text of the length the real
/// answer has; a second one makes batches durable with the same journal and spacing as the product. No routing, no
/// validation, no rights, no sessions, no limits, no way to read anything back.
int run_ceiling_server(const std::filesystem::path& data, const std::string& secret_id, const std::string& secret_key);

}  // namespace gse::bench
