/// `gse server` with hosts.provider = "kubernetes" beside a fake cluster whose nodes run real agents and games.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "e2e/deployment.h"
#include "kubernetes/fake_nodes.h"

namespace gse::kubernetes {

class Deployment {
public:
    explicit Deployment(int nodes, std::vector<std::string> settings = {});
    ~Deployment();

    /// Again on the same data, after kill_server(). False: see problem().
    bool start_server();
    void kill_server() { server_.reset(); }
    [[nodiscard]] e2e::Api api() const { return e2e::Api(http_); }
    [[nodiscard]] std::string problem();

    FakeApiServer& cluster() { return cluster_; }
    FakeNodes& nodes() { return *nodes_; }
    void write_kubeconfig(const std::string& text);
    /// Writes a Pod template.
    void put_template(const std::string& name, const std::string& text);

    /// The command line with these words; its exit code, and problem() has what it said.
    int gse(std::vector<std::string> words);
    std::string game_zip();
    /// The id of the fleet of that name, or "".
    std::string fleet_of(const std::string& name);
    /// Its id, or "". The fleet is created, and not waited for.
    std::string make_fleet(const std::string& name, const std::string& protection = "NoProtection");
    bool wait_active(const std::string& fleet);
    bool scale(const std::string& fleet, std::uint64_t instances);
    bool wait_instances(const std::string& fleet, std::uint64_t active);
    /// ACTIVE; "" when it does not come to that.
    std::string make_session(const std::string& fleet);
    /// What its game answers; "" when it does not.
    std::string ask(const std::string& session, const std::string& line);
    std::string session_status(const std::string& session);
    /// Names of Pods that are not being deleted.
    std::vector<std::string> pods();
    /// The Pod that a session runs in.
    std::string pod_of(const std::string& session);
    bool wait_pods(std::size_t count);

private:
    TempFolder dir_ = e2e::test_folder("gse-kubernetes");
    FakeApiServer cluster_;
    std::unique_ptr<FakeNodes> nodes_;
    std::vector<std::string> settings_;
    std::string http_ = "127.0.0.1:0";
    std::uint16_t link_port_ = 0;
    std::string asset_;
    std::string problem_;
    std::unique_ptr<e2e::Program> server_;
};

}  // namespace gse::kubernetes
