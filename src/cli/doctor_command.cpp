// gse doctor: is this machine, and the way to the server, as they should be?
#include <cstdlib>
#include <filesystem>

#include "cli/commands.h"
#include "codec/json_text.h"

namespace gse::cli {
namespace {

namespace fs = std::filesystem;
using Grade = Finding::Grade;

constexpr std::int64_t kSkewRefusedS = 300;  ///< the server refuses signatures beyond it
constexpr std::int64_t kSkewDoubtfulS = 30;

struct Doctor {
    ConnectionFlags connection;
    std::string config_file;
    std::vector<std::string> overrides;
    std::string data;
    bool json = false;
};

/// The file with the key, which only its owner may read.
void look_at_credentials(const std::string& file, std::vector<Finding>& findings) {
    if (file.empty()) return;
    std::error_code failure;
    const fs::file_status status = fs::status(file, failure);
    if (failure || !fs::is_regular_file(status)) {
        findings.push_back({Grade::Bad, "credentials file", fmt::format("{} cannot be read", file),
                            "name the server's credentials.toml with --credentials or GSE_CREDENTIALS"});
        return;
    }
    const bool open = (status.permissions() & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none;
    findings.push_back(open
                           ? Finding{Grade::Bad, "credentials file", fmt::format("{} can be read by others", file),
                                     fmt::format("chmod 600 {}", file)}
                           : Finding{Grade::Good, "credentials file", fmt::format("{}, for its owner only", file), ""});
}

void look_at_clock(Outside& outside, std::int64_t server_s, std::vector<Finding>& findings) {
    if (server_s == 0) return;
    const std::int64_t skew = std::abs(outside.clock.wall().ms / 1'000 - server_s);
    const std::string found = fmt::format("{} s between this machine and the server", skew);
    const char* const advice = "set both clocks by NTP: timedatectl set-ntp true. Signatures are refused beyond 300 s";
    if (skew >= kSkewRefusedS)
        findings.push_back({Grade::Bad, "clock", found, advice});
    else if (skew >= kSkewDoubtfulS)
        findings.push_back({Grade::Doubtful, "clock", found, advice});
    else
        findings.push_back({Grade::Good, "clock", found, ""});
}

void look_at_server(Outside& outside, const Doctor& options, std::vector<Finding>& findings) {
    const auto connection = resolve_connection(options.connection, outside.environment);
    if (!connection) {
        findings.push_back({Grade::Bad, "API key", connection.error().message, "see the message"});
        return;
    }
    const auto api = outside.connect(*connection);
    if (!api) {
        findings.push_back({Grade::Bad, "server", api.error().message, "see the message"});
        return;
    }
    const auto alive = (*api)->page("/healthz");
    if (!alive) {
        findings.push_back({Grade::Bad, "server", alive.error().message,
                            "start gse dev or gse server, or name another one with --endpoint or GSE_ENDPOINT"});
        return;
    }
    findings.push_back({Grade::Good, "server", fmt::format("{} answers", connection->endpoint), ""});
    look_at_clock(outside, alive->date_s, findings);
    if (const auto ready = (*api)->page("/readyz"); !ready)
        findings.push_back(
            {Grade::Doubtful, "server ready", ready.error().message, "it is starting or stopping; its log says which"});
    if (const auto called = (*api)->call("DescribeInstanceTypes", "{}"); called)
        findings.push_back({Grade::Good, "signature", fmt::format("accepted, in {}", connection->region), ""});
    else
        findings.push_back({Grade::Bad, "signature", called.error().message,
                            "AuthFailure…: the key is not this server's, or a clock is wrong; UnsupportedRegion: see "
                            "--region"});
    const auto metrics = (*api)->page("/metrics");
    if (!metrics) return;  // closed to other machines, by default
    const std::string text = "\n" + metrics->body;
    if (text.find("\ngse_hosts_connected 0\n") != std::string::npos)
        findings.push_back({Grade::Bad, "hosts", "none is connected to the server",
                            "start gse agent on a host, with the server's link address and its agent token"});
    else
        findings.push_back({Grade::Good, "hosts", "connected", ""});
    if (text.find("\ngse_journal_disk_low 1\n") != std::string::npos)
        findings.push_back({Grade::Bad, "server's disk", "below journal.reserve_bytes: changes are refused",
                            "free disk space below the server's data folder; it goes on by itself"});
}

std::string as_json(const std::vector<Finding>& findings) {
    std::string text = "[";
    for (const Finding& finding : findings) {
        if (text.size() > 1) text += ',';
        text += finding.grade == Grade::Good       ? R"({"Grade":"good","What":)"
                : finding.grade == Grade::Doubtful ? R"({"Grade":"doubtful","What":)"
                                                   : R"({"Grade":"bad","What":)";
        api::append_json_string(text, finding.what);
        text += ",\"Found\":";
        api::append_json_string(text, finding.found);
        text += ",\"Advice\":";
        api::append_json_string(text, finding.advice);
        text += '}';
    }
    return pretty_json(text + "]") + "\n";
}

int run_doctor(Outside& outside, const Doctor& options) {
    std::vector<Finding> findings;
    std::vector<std::string> overrides = options.overrides;
    if (!options.data.empty()) overrides.push_back("data=" + options.data);
    std::optional<fs::path> file;
    if (!options.config_file.empty()) file = options.config_file;
    const auto config = config::load(file, overrides);
    if (!config)
        findings.push_back({Grade::Bad, "configuration", config.error().message, "see the message"});
    else if (outside.servers.examine_host)
        findings = outside.servers.examine_host(*config);
    look_at_credentials(options.connection.credentials.empty() ? outside.environment("GSE_CREDENTIALS")
                                                               : options.connection.credentials,
                        findings);
    look_at_server(outside, options, findings);

    bool bad = false;
    Table table{{"", "CHECK", "FOUND"}};
    std::string advice;
    for (const Finding& finding : findings) {
        bad = bad || finding.grade == Grade::Bad;
        table.add({finding.grade == Grade::Good       ? "ok"
                   : finding.grade == Grade::Doubtful ? "?"
                                                      : "BAD",
                   finding.what, finding.found});
        if (finding.grade != Grade::Good) advice += fmt::format("{}: {}\n", finding.what, finding.advice);
    }
    if (options.json)
        outside.out << as_json(findings);
    else
        outside.out << table.text() << (advice.empty() ? "" : "\n" + advice);
    return bad ? kFailed : kDone;
}

}  // namespace

void add_doctor_command(CLI::App& app, Chosen& chosen) {
    CLI::App* command =
        app.add_subcommand("doctor", "Looks at this machine and the way to the server, and says what to do.");
    const auto options = std::make_shared<Doctor>();
    command->add_option("--endpoint", options->connection.endpoint, "server, as http://HOST:PORT (GSE_ENDPOINT)");
    command->add_option("--region", options->connection.region, "region (TENCENTCLOUD_REGION)");
    command->add_option("--credentials", options->connection.credentials,
                        "the server's credentials.toml (GSE_CREDENTIALS)");
    command->add_option("--profile", options->connection.profile, "a table of ~/.config/gse/profiles.toml");
    command->add_option("--config", options->config_file,
                        "the TOML file that the server or agent here is started with");
    command->add_option("--set", options->overrides, "KEY=VALUE, above the file; may be repeated")
        ->allow_extra_args(false);
    command->add_option("--data", options->data, "data folder of the server or agent here");
    command
        ->add_option_function<std::string>(
            "--output", [options](const std::string& format) { options->json = format == "json"; }, "table or json")
        ->check(CLI::IsMember({"table", "json"}));
    command->footer("\nExample:\n  gse doctor --data /var/lib/gse\n\nExit code 1 when something is wrong.");
    command->callback([&chosen, options] {
        chosen.name = "doctor";
        chosen.plain = [options](Outside& outside) { return run_doctor(outside, *options); };
    });
}

}  // namespace gse::cli
