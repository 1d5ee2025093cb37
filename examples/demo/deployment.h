/// A `gse dev` started by the demo, with the folder it lives in.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "child.h"
#include "client/api_client.h"
#include "system.h"

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

/// The value of ` name=` in the line that says that a program is ready.
[[nodiscard]] std::string word_after(const std::string& line, std::string_view name);

class Deployment final : public System {
public:
    /// Waits until everything serves.
    static Result<Deployment> start(const Programs& programs, const std::filesystem::path& data,
                                    const std::filesystem::path& log, const DeploymentOptions& options);

    [[nodiscard]] std::string name() const override { return "gse dev"; }
    [[nodiscard]] const std::string& http() const override { return http_; }
    [[nodiscard]] const std::string& sdk() const override { return sdk_; }
    [[nodiscard]] std::filesystem::path credentials() const { return data_ / "credentials.toml"; }
    /// The address that signs a browser in to the console, once.
    [[nodiscard]] Result<std::string> console_link() const;
    [[nodiscard]] Result<client::ClientOptions> client() const override;
    [[nodiscard]] bool running() override { return child_.running(); }

    /// Stops it, if it still runs.
    ~Deployment() override;
    Deployment(Deployment&&) noexcept = default;

    Result<void> stop() override { return stop(kStopTime); }
    Result<void> stop(Millis limit);
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
