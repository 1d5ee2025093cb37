/// A server and an agent as two processes, each with a folder of its own, that can be killed and started again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "e2e/deployment.h"
#include "e2e/program.h"

namespace gse::crash {

class Cluster {
public:
    /// `settings`: more `--set` words for both.
    explicit Cluster(std::vector<std::string> settings = {});
    ~Cluster();

    /// Each waits for the ready line; false with what is on stderr in problem(). The ports are those of the first
    /// start.
    bool start_server();
    bool start_agent();
    /// SIGKILL.
    void kill_server() { server_.reset(); }
    void kill_agent() { agent_.reset(); }

    /// The server's and the agent's words, for starts that are to fail.
    [[nodiscard]] std::vector<std::string> server_command(const std::filesystem::path& data) const;
    [[nodiscard]] std::vector<std::string> agent_command() const;

    /// Waits until the agent is connected, both kinds of counts are as wanted and no session is on its way.
    bool settle(const std::vector<std::string>& fleets, std::uint64_t processes, Millis limit = Millis{40'000});

    [[nodiscard]] e2e::Api api() const { return e2e::Api(http_); }
    [[nodiscard]] const std::string& http() const { return http_; }
    [[nodiscard]] std::filesystem::path server_data() const { return dir_.path() / "server"; }
    [[nodiscard]] std::filesystem::path agent_data() const { return dir_.path() / "agent"; }
    [[nodiscard]] const std::filesystem::path& dir() const { return dir_.path(); }
    [[nodiscard]] e2e::Program* server() { return server_.get(); }
    [[nodiscard]] e2e::Program* agent() { return agent_.get(); }
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    TempFolder dir_ = e2e::test_folder("gse-crash");
    std::vector<std::string> settings_;
    std::string http_ = "127.0.0.1:0";
    std::string link_;
    std::string problem_;
    std::unique_ptr<e2e::Program> server_;
    std::unique_ptr<e2e::Program> agent_;
};

}  // namespace gse::crash
