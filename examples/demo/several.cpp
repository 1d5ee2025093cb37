#include "several.h"

#include <fmt/format.h>
#include <signal.h>

#include <exception>
#include <iterator>

#include "api/model.h"
#include "backend.h"
#include "base/file.h"
#include "base/secret_file.h"
#include "http/credentials.h"

namespace gse::demo {
namespace {

constexpr Millis kReadyTime{60'000};
constexpr Millis kStopTime{10'000};
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kLogMax = 64U << 20;

/// The words of the ready line; what the program says besides is passed over.
Result<std::string> ready_line(Child& child, const std::filesystem::path& log) {
    for (;;) {
        const Result<std::string> line = child.next_line(kReadyTime);
        if (!line)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} shows no readiness; its end:\n{}", log.string(), tail(log)));
        if (line->starts_with("ready ")) return *line;
    }
}

}  // namespace

Result<std::unique_ptr<Several>> Several::start(const Programs& programs, const std::filesystem::path& folder,
                                                std::size_t servers, const std::vector<std::string>& settings) {
    std::unique_ptr<Several> several(new Several(programs, folder, settings));
    TRY(several->begin(servers));
    return several;
}

Several::~Several() { agent_.reset(), servers_.clear(), database_.reset(); }

std::string Several::name() const { return fmt::format("{} servers on PostgreSQL", servers_.size()); }

Result<void> Several::begin(std::size_t servers) {
    try {
        database_ = pgtest::Cluster::make(pgtest::Cluster::Kind::Durable);
    } catch (const std::exception& e) {
        return refuse(ErrorCode::FailedOperation, e.what());
    }
    TRY(write_new_secret_file(folder_ / "secrets.key", random_secret_hex(kKeyBytes)));
    shared_.insert(shared_.end(),
                   {"journal.kind=postgres", "journal.postgres=" + database_->conninfo(),
                    fmt::format("secrets.key_file={}", (folder_ / "secrets.key").string()),
                    fmt::format("objects.dir={}", (folder_ / "objects").string()), "objects.shared=true"});
    for (std::size_t i = 0; i < servers; ++i) {
        const std::string server = fmt::format("server{}", i + 1);
        servers_.push_back({.data = folder_ / server,
                            .log = folder_ / (server + ".log"),
                            .http = "127.0.0.1:0",
                            .link = "127.0.0.1:0",
                            .child = {}});
        TRY(begin_server(servers_.back()));
    }
    return begin_agent();
}

Result<void> Several::begin_server(Server& server) {
    std::vector<std::string> command{
        programs_.gse, "server",        "--data",    server.data, "--listen",
        server.http,   "--link-listen", server.link, "--set",     "cluster.listen=127.0.0.1:0"};
    for (const std::string& setting : settings_) command.insert(command.end(), {"--set", setting});
    for (const std::string& setting : shared_) command.insert(command.end(), {"--set", setting});
    server.child.emplace(TRY(Child::start(command, server.log)));
    const std::string line = TRY(ready_line(*server.child, server.log));
    server.http = word_after(line, "http");
    server.link = word_after(line, "link");
    return {};
}

Result<void> Several::begin_agent() {
    Backend backend(TRY(client()));
    const auto made = TRY(backend.call(api::CreateHostTokenRequest{}));
    TRY(write_file_atomically(folder_ / "host.token", made.token + "\n"));
    std::string all;
    for (const Server& server : servers_) all += (all.empty() ? "" : ",") + server.link;
    std::vector<std::string> command{programs_.gse,  "agent",      "--data",       folder_ / "agent",
                                     "--join",       all,          "--token-file", folder_ / "host.token",
                                     "--sdk-listen", "127.0.0.1:0"};
    for (const std::string& setting : settings_) command.insert(command.end(), {"--set", setting});
    const std::filesystem::path log = folder_ / "agent.log";
    agent_.emplace(TRY(Child::start(command, log)));
    sdk_ = word_after(TRY(ready_line(*agent_, log)), "sdk");
    return {};
}

Result<client::ClientOptions> Several::client() const {
    const http::FirstKey key = TRY(http::read_credentials(servers_.front().data / "credentials.toml")).first();
    return client::ClientOptions{
        .endpoint = "http://" + http(), .secret_id = key.secret_id, .secret_key = key.secret_key};
}

bool Several::running() { return servers_.back().child && servers_.back().child->running(); }

std::optional<std::size_t> Several::leader() {
    for (std::size_t i = 0; i < servers_.size(); ++i)
        if (servers_[i].child &&
            read_file(servers_[i].log, kLogMax).value_or("").find("this server leads") != std::string::npos)
            return i + 1;
    return std::nullopt;
}

Result<std::size_t> Several::kill_leader() {
    const auto number = leader();
    if (!number || *number == servers_.size())
        return refuse(ErrorCode::FailedOperation, "the first servers lead, and none of them says so");
    servers_[*number - 1].child.reset();
    return *number;
}

Result<void> Several::stop() {
    // The leader last, so that the lead does not go from hand to hand.
    Result<void> all;
    const auto end = [&](std::optional<Child>& child, const std::string& what) {
        if (!child) return;
        child->signal(SIGTERM);
        const Result<int> code = child->wait(kStopTime);
        if (!code || *code != 0)
            all = refuse(ErrorCode::FailedOperation,
                         fmt::format("{} {}", what,
                                     code ? fmt::format("ended with exit code {}", *code) : "did not end in time"));
        child.reset();
    };
    end(agent_, "the agent");
    const std::size_t leads = leader().value_or(0);
    for (std::size_t i = 0; i < servers_.size(); ++i)
        if (i + 1 != leads) end(servers_[i].child, fmt::format("server {}", i + 1));
    if (leads != 0) end(servers_[leads - 1].child, fmt::format("server {}", leads));
    return all;
}

}  // namespace gse::demo
