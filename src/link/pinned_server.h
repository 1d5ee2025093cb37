/// Which deployment an agent belongs to and the highest epoch it was ever greeted with, kept in the agent's data
/// directory: a restored backup or a forgotten old server must not command the processes of the present one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace gse::link {

/// One thread at a time.
class PinnedServer {
public:
    /// Reads `file`; an absent one belongs to no deployment yet. FailedOperation when it is damaged.
    static Result<PinnedServer> load(std::filesystem::path file);

    /// Takes the greeting of a server, durably if it changes anything. AuthUnauthorized: another deployment;
    /// Unavailable: an epoch lower than one before; FailedOperation: could not be kept.
    Result<void> greet(const std::string& deployment_id, std::uint64_t epoch);

    [[nodiscard]] const std::string& deployment_id() const { return deployment_id_; }
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

private:
    explicit PinnedServer(std::filesystem::path file) : file_(std::move(file)) {}

    std::filesystem::path file_;
    std::string deployment_id_;
    std::uint64_t epoch_ = 0;
};

}  // namespace gse::link
