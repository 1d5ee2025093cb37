/// Several servers on a PostgreSQL of the demo's own, and an agent.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "child.h"
#include "deployment.h"
#include "postgres/cluster.h"
#include "system.h"

namespace gse::demo {

class Several final : public System {
public:
    /// Waits until everything serves. The first server leads then.
    static Result<std::unique_ptr<Several>> start(const Programs& programs, const std::filesystem::path& folder,
                                                  std::size_t servers, const std::vector<std::string>& settings);
    ~Several() override;

    [[nodiscard]] std::string name() const override;
    /// Of the last server, which no kill meets.
    [[nodiscard]] const std::string& http() const override { return servers_.back().http; }
    [[nodiscard]] const std::string& sdk() const override { return sdk_; }
    [[nodiscard]] Result<client::ClientOptions> client() const override;
    [[nodiscard]] bool running() override;
    Result<void> stop() override;

    /// SIGKILL to the one that leads; its number from 1.
    Result<std::size_t> kill_leader();
    /// The number of the one that says so; nullopt: none does.
    [[nodiscard]] std::optional<std::size_t> leader();

private:
    struct Server {
        std::filesystem::path data;
        std::filesystem::path log;
        std::string http;
        std::string link;
        std::optional<Child> child;
    };
    Several(const Programs& programs, std::filesystem::path folder, std::vector<std::string> settings)
        : programs_(programs), folder_(std::move(folder)), settings_(std::move(settings)) {}
    Result<void> begin(std::size_t servers);
    Result<void> begin_server(Server& server);
    Result<void> begin_agent();

    const Programs& programs_;
    const std::filesystem::path folder_;
    std::vector<std::string> settings_;
    std::vector<std::string> shared_;  ///< of the servers only
    std::unique_ptr<pgtest::Cluster> database_;
    std::vector<Server> servers_;
    std::optional<Child> agent_;
    std::string sdk_;
};

}  // namespace gse::demo
