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

    /// Takes the greeting of a server. The first one is durable when this returns; a higher epoch of the same
    /// deployment holds for this run at least, see kept(). AuthUnauthorized: another deployment; Unavailable: an epoch
    /// lower than one before; FailedOperation: the first one could not be kept.
    Result<void> greet(const std::string& deployment_id, std::uint64_t epoch);

    /// False: the file does not know the present epoch yet, and keep() is to be tried from time to time.
    [[nodiscard]] bool kept() const { return kept_; }
    /// Writes what could not be written before. FailedOperation: still not.
    Result<void> keep();

    [[nodiscard]] const std::string& deployment_id() const { return deployment_id_; }
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

private:
    explicit PinnedServer(std::filesystem::path file) : file_(std::move(file)) {}

    std::filesystem::path file_;
    std::string deployment_id_;
    std::uint64_t epoch_ = 0;
    bool kept_ = true;
};

}  // namespace gse::link
