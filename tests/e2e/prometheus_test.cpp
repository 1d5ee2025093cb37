// What operators watch with: a real Prometheus scrapes a real gse dev by the configuration of deploy/, and every
// expression of the alerts and the dashboard is asked. docs/metrics.md and docs/runbook.md are held against both.
#include <gmock/gmock.h>
#include <signal.h>

#include <regex>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/file.h"
#include "base/url.h"
#include "e2e/deployment.h"
#include "e2e/program.h"
#include "http/testing/certificates.h"
#include "world/answer.h"

namespace gse::e2e {
namespace {

constexpr Millis kLimit{60'000};
using Values = std::map<std::string, std::string, std::less<>>;

std::string source(const std::string& path) { return read_text(std::filesystem::path(GSE_SOURCE_DIR) / path); }

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    EXPECT_NE(text.find(from), std::string::npos) << from << " is not in:\n" << text;
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

/// Every word of `text` that looks like a metric of ours.
std::set<std::string> metrics_in(const std::string& text) {
    static const std::regex kName(R"(\bgse_[a-z0-9_]+\b)");
    std::set<std::string> names;
    for (std::sregex_iterator at(text.begin(), text.end(), kName), end; at != end; ++at) names.insert(at->str());
    return names;
}

/// A body that came in chunks, each behind its length.
std::string unchunked(const std::string& body) {
    if (body.starts_with('{')) return body;
    std::string whole;
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t length = std::stoul(body.substr(at), nullptr, 16);
        const std::size_t begin = body.find("\r\n", at) + 2;
        if (length == 0) break;
        whole += body.substr(begin, length);
        at = begin + length + 2;
    }
    return whole;
}

class Prometheus : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        ASSERT_TRUE(std::filesystem::exists("/usr/bin/prometheus")) << "apt-get install prometheus";
        files_ = std::make_unique<TempFolder>(test_folder("gse-prometheus"));
        start_server();
        if (!server_ || HasFatalFailure()) return;
        play();
        start_prometheus();
    }
    static void TearDownTestSuite() {
        if (prometheus_) {
            prometheus_->signal(SIGTERM);
            EXPECT_EQ(prometheus_->wait(Millis{15'000}), 0) << prometheus_->log();
        }
        if (server_) {
            server_->signal(SIGTERM);
            EXPECT_EQ(server_->wait(Millis{15'000}), 0) << server_->log();
        }
        prometheus_.reset();
        server_.reset();
        end_orphans();
        files_.reset();
    }
    void SetUp() override { ASSERT_FALSE(address_.empty()) << "Prometheus does not run"; }

    static std::filesystem::path file(const char* name) { return files_->path() / name; }

    static void start_server() {
        const http::TestAuthority authority;
        const auto identity = authority.issue("IP:127.0.0.1");
        EXPECT_TRUE(write_file_atomically(file("ca.pem"), authority.root()));
        EXPECT_TRUE(write_file_atomically(file("cert.pem"), identity.certificate));
        EXPECT_TRUE(write_file_atomically(file("key.pem"), identity.key));
        server_ = std::make_unique<Program>(gse_command({"dev",
                                                         "--listen",
                                                         "127.0.0.1:0",
                                                         "--sdk-listen",
                                                         "127.0.0.1:0",
                                                         "--data",
                                                         file("data"),
                                                         "--tls-cert",
                                                         file("cert.pem"),
                                                         "--tls-key",
                                                         file("key.pem"),
                                                         "--set",
                                                         "metrics.instance_labels=true",
                                                         "--set",
                                                         "log.requests=true",
                                                         "--set",
                                                         "log.format=json",
                                                         "--set",
                                                         "timers.end_grace=500ms",
                                                         "--set",
                                                         "timers.heartbeat=500ms"}),
                                            file("dev.log"));
        const auto words = server_->ready(kLimit);
        ASSERT_TRUE(words.contains("https")) << server_->log();
        https_ = words.at("https");
    }

    /// One of everything that has metrics: a fleet, a queue, a placement and a player.
    static void play() {
        Api api(client::ClientOptions{.endpoint = "https://" + https_,
                                      .region = kRegion,
                                      .secret_id = kSecretId,
                                      .secret_key = kSecretKey,
                                      .ca_file = file("ca.pem")});
        write_game_zip(file("game.zip"));
        const auto asset = upload_asset(api, file("game.zip"));
        ASSERT_TRUE(asset) << describe(asset.error());
        const auto fleet = create_fleet(api, {.name = "watched", .asset_id = *asset, .processes = 2});
        ASSERT_TRUE(fleet) << describe(fleet.error());
        ASSERT_TRUE(wait_until(kLimit, [&] { return fleet_status(api, *fleet) == "ACTIVE"; }))
            << event_text(api, *fleet);
        api::CreateGameServerSessionQueueRequest queue{.name = "ranked"};
        queue.destinations = {
            {.destination_arn = fmt::format("qcs::gse:{}:uin/100000000001:fleet/{}", kRegion, *fleet)}};
        const auto made = api.call(queue);
        ASSERT_TRUE(made) << describe(made.error());
        api::StartGameServerSessionPlacementRequest place{
            .placement_id = "match-1", .game_server_session_queue_name = "ranked", .maximum_player_session_count = 4};
        const auto placed = api.call(place);
        ASSERT_TRUE(placed) << describe(placed.error());
        const auto refused = api.call(api::DescribeAliasRequest{.alias_id = "alias-none"});
        EXPECT_FALSE(refused);
    }

    static void start_prometheus() {
        std::string config = source("deploy/prometheus/prometheus.yml");
        config = replaced(config, "127.0.0.1:8080", https_);
        config = replaced(config, "15s", "1s");
        config = replaced(config, "# scheme: https",
                          fmt::format("scheme: https\n    tls_config: {{ca_file: {}}}", file("ca.pem").string()));
        EXPECT_TRUE(write_file_atomically(file("prometheus.yml"), config));
        EXPECT_TRUE(write_file_atomically(file("alerts.yml"), source("deploy/prometheus/alerts.yml")));
        prometheus_ = std::make_unique<Program>(
            std::vector<std::string>{"/usr/bin/prometheus", "--config.file=" + file("prometheus.yml").string(),
                                     "--storage.tsdb.path=" + file("tsdb").string(),
                                     "--web.listen-address=127.0.0.1:0"},
            file("prometheus.log"));
        static const std::regex kListening(R"re(Listening on" address=(127\.0\.0\.1:\d+))re");
        std::smatch found;
        std::string log;
        ASSERT_TRUE(wait_until(kLimit, [&] {
            log = prometheus_->log();
            return std::regex_search(log, found, kListening);
        })) << log;
        address_ = found[1];
        ASSERT_TRUE(wait_until(kLimit, [] { return http_get(address_, "/-/ready").first == 200; }))
            << prometheus_->log();
        ASSERT_TRUE(wait_until(kLimit, [] { return first(R"(up{job="gse"})") == "1"; })) << prometheus_->log();
    }

    static Values ask(const std::string& path) {
        const auto [status, body] = http_get(address_, path);
        EXPECT_EQ(status, 200) << path << ": " << body;
        return gse::testing::flatten_json(unchunked(body));
    }
    static Values query(const std::string& expression) {
        return ask("/api/v1/query?query=" + url_encode(expression, UrlPart::Query));
    }
    /// The value of an expression's first series; "" when it has none.
    static std::string first(const std::string& expression) {
        const Values answer = query(expression);
        const auto found = answer.find("data.result.0.value.1");
        return found == answer.end() ? "" : found->second;
    }
    static bool exists(const std::string& name) { return !first(fmt::format("count({})", name)).empty(); }
    void expect_known(const std::string& expression, const std::string& what) {
        for (const std::string& name : metrics_in(expression))
            EXPECT_TRUE(wait_until(kLimit, [&] { return exists(name); })) << what << " asks for " << name;
    }

    static std::unique_ptr<TempFolder> files_;
    static std::unique_ptr<Program> server_;
    static std::unique_ptr<Program> prometheus_;
    static std::string https_;
    static std::string address_;
};

std::unique_ptr<TempFolder> Prometheus::files_;
std::unique_ptr<Program> Prometheus::server_;
std::unique_ptr<Program> Prometheus::prometheus_;
std::string Prometheus::https_;
std::string Prometheus::address_;

TEST_F(Prometheus, EveryAlertCanBeAskedAndHasItsSectionInTheRunbook) {
    Values rules;
    ASSERT_TRUE(wait_until(kLimit, [&] {
        rules = ask("/api/v1/rules");
        for (const auto& [path, value] : rules)
            if (path.ends_with(".health") && value == "unknown") return false;
        return rules.contains("data.groups.0.rules.0.health");
    }));
    std::set<std::string> alerts;
    for (const auto& [path, value] : rules) {
        if (path.ends_with(".health")) {
            EXPECT_EQ(value, "ok") << path;
        }
        if (path.ends_with(".lastError")) ADD_FAILURE() << value;
        if (path.ends_with(".query")) {
            const std::string name = rules[path.substr(0, path.size() - 5) + "name"];
            alerts.insert(name);
            expect_known(value, name);
        }
    }
    EXPECT_GE(alerts.size(), 15);

    std::set<std::string> sections;
    std::istringstream runbook(source("docs/runbook.md"));
    for (std::string line; std::getline(runbook, line);)
        if (line.starts_with("## ")) sections.insert(line.substr(3));
    EXPECT_EQ(alerts, sections);
}

TEST_F(Prometheus, EveryPanelOfTheDashboardShowsSomethingThatExists) {
    const Values dashboard = gse::testing::flatten_json(source("deploy/grafana/opengse.json"));
    int panels = 0;
    for (const auto& [path, value] : dashboard) {
        if (!path.ends_with(".expr")) continue;
        ++panels;
        std::string expression = value;
        for (const auto& [variable, sample] :
             {std::pair{"$__rate_interval", "1m"}, {"$region", ".+"}, {"$fleet", ".+"}, {"$queue", ".+"}})
            for (std::size_t at = expression.find(variable); at != std::string::npos; at = expression.find(variable))
                expression.replace(at, std::string(variable).size(), sample);
        EXPECT_EQ(query(expression)["status"], "success") << expression;
        expect_known(expression, path);
    }
    EXPECT_GE(panels, 15);
}

TEST_F(Prometheus, TheReferenceListsEveryMetricAndNoOther) {
    ASSERT_TRUE(wait_until(kLimit, [] { return exists("gse_instance_cpu_usage"); }))
        << "the agent measures every ten seconds";
    const Values metadata = ask("/api/v1/metadata");
    Values types;
    for (const auto& [path, value] : metadata)
        if (path.starts_with("data.gse_") && path.ends_with(".0.type"))
            types[path.substr(5, path.size() - 5 - 7)] = value;
    std::set<std::string> listed;
    std::istringstream page(source("docs/metrics.md"));
    for (std::string line; std::getline(page, line);) {
        static const std::regex kRow(R"(^\| `(gse_[a-z0-9_]+)` \| (\w+) \|.*)");
        std::smatch row;
        if (!std::regex_match(line, row, kRow)) continue;
        listed.insert(row[1]);
        EXPECT_EQ(types[row[1]], row[2]) << row[1] << ": its type";
    }
    std::set<std::string> there;
    for (const auto& [name, type] : types)
        if (!type.empty()) there.insert(name);
    EXPECT_EQ(listed, there);
}

TEST_F(Prometheus, CountsWhatHappened) {
    EXPECT_EQ(first(R"(gse_placements_succeeded_total{queue="ranked"})"), "1");
    EXPECT_EQ(first(R"(gse_placement_in_total{queue="ranked",placed_in="ap-shanghai"})"), "1");
    EXPECT_EQ(first(R"(gse_active_game_server_sessions{region="ap-shanghai"})"), "1");
    EXPECT_EQ(first(R"(gse_api_requests_total{action="DescribeAlias",code="ResourceNotFound"})"), "1");
    EXPECT_EQ(first(R"(gse_api_request_seconds_count{action="StartGameServerSessionPlacement"})"), "1");
    EXPECT_EQ(first(R"(gse_placement_wait_seconds_count{queue="ranked"})"), "1");
    EXPECT_EQ(first("gse_ready"), "1");
}

TEST_F(Prometheus, TheLogLeadsFromTheRequestToItsSession) {
    /// The lines with this event and this text, as objects.
    const auto lines = [](const std::string& event, const std::string& part) {
        std::vector<Values> found;
        std::istringstream log(server_->log());
        for (std::string text; std::getline(log, text);) {
            EXPECT_TRUE(text.starts_with('{') && text.ends_with('}')) << text;
            if (text.find(part) == std::string::npos) continue;
            Values line = gse::testing::flatten_json(text);
            if (line["event"] == event) found.push_back(std::move(line));
        }
        return found;
    };
    const auto asked = lines("request", "StartGameServerSessionPlacement");
    ASSERT_EQ(asked.size(), 1) << server_->log();
    const std::string request = asked[0].at("request_id");
    EXPECT_EQ(asked[0].at("outcome"), "OK");
    ASSERT_TRUE(wait_until(kLimit, [&] { return !lines("placement", "FULFILLED").empty(); })) << server_->log();
    EXPECT_EQ(lines("placement", "FULFILLED")[0].at("request_id"), request);
    const auto sessions = lines("session", R"("status":"ACTIVE")");
    ASSERT_EQ(sessions.size(), 1) << server_->log();
    EXPECT_EQ(sessions[0].at("request_id"), request);
    EXPECT_EQ(lines("request", "DescribeAlias").at(0).at("outcome"), "ResourceNotFound");
}

}  // namespace
}  // namespace gse::e2e
