/// A `gse dev` started by the demo, with the folder it lives in.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "child.h"
#include "client/api_client.h"

namespace gse::demo {

/// The programs and scripts beside the demo's own executable and in its source tree.
struct Programs {
    std::filesystem::path gse;
    std::filesystem::path chat;
    std::filesystem::path package;  ///< package.sh
};
/// FailedOperation names what was not built.
Result<Programs> find_programs();

/// What `gse dev` is told besides the folder.
struct DeploymentOptions {
    std::string listen = "127.0.0.1:0";
    std::string sdk_listen = "127.0.0.1:0";
    std::vector<std::string> settings;  ///< `key=value`
};

class Deployment {
public:
    /// Waits until everything serves.
    static Result<Deployment> start(const Programs& programs, const std::filesystem::path& data,
                                    const std::filesystem::path& log, const DeploymentOptions& options);

    [[nodiscard]] const std::string& http() const { return http_; }
    [[nodiscard]] const std::string& sdk() const { return sdk_; }
    [[nodiscard]] std::filesystem::path credentials() const { return data_ / "credentials.toml"; }
    /// The address that signs a browser in to the console, once.
    [[nodiscard]] Result<std::string> console_link() const;
    /// How to call its API, with its first key.
    [[nodiscard]] Result<client::ClientOptions> client() const;
    [[nodiscard]] bool running() { return child_.running(); }

    /// Stops it, if it still runs.
    ~Deployment();
    Deployment(Deployment&&) noexcept = default;

    /// SIGTERM, then the orderly end. FailedOperation when it takes longer than `limit` or exits with a code.
    Result<void> stop(Millis limit = kStopTime);
    /// What `gse dev` has for ending its games and itself.
    static constexpr Millis kStopTime{10'000};

private:
    Deployment(Child child, std::filesystem::path data) : child_(std::move(child)), data_(std::move(data)) {}

    Child child_;
    std::filesystem::path data_;
    std::string http_;
    std::string sdk_;
};

/// Whether somebody listens there, or this machine forbids it to us.
[[nodiscard]] bool port_taken(std::uint16_t port);
/// `hosts.port_low=…` and `hosts.port_high=…` of a range for games in which nothing listens now.
[[nodiscard]] std::vector<std::string> free_game_ports();

}  // namespace gse::demo
