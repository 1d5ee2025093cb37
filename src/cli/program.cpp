#include "cli/program.h"

#include <iterator>
#include <ostream>

#include <fmt/ranges.h>

#include "base/secret_file.h"
#include "base/version.h"
#include "cli/call_line.h"
#include "cli/commands.h"

namespace gse::cli {
namespace {

constexpr std::size_t kRequestBytesMax = 16 * 1024 * 1024;

int fail(Outside& outside, std::string_view command, const Error& error) {
    outside.err << fmt::format("gse {}: {}\n", command, error.message);
    return kFailed;
}

// ---- gse dev, server, agent, config: one file, one set of overrides

struct ConfigFlags {
    std::string file;
    std::vector<std::string> overrides;  ///< --set, in order
    std::vector<std::string> named;      ///< keys that have a flag of their own; they stand above every --set
};

void declare_config(CLI::App& command, ConfigFlags& flags) {
    command.add_option("--config", flags.file, "TOML file; gse config prints one with every key");
    command.add_option("--set", flags.overrides, "KEY=VALUE, above the file; may be repeated")->allow_extra_args(false);
}

/// A flag that is a key by a shorter name.
void declare_key(CLI::App& command, ConfigFlags& flags, const std::string& flag, const std::string& key,
                 const std::string& about) {
    command.add_option_function<std::string>(
        flag, [&flags, key](const std::string& value) { flags.named.push_back(key + "=" + value); }, about);
}

Result<config::Config> load(const ConfigFlags& flags) {
    std::optional<std::filesystem::path> file;
    if (!flags.file.empty()) file = flags.file;
    std::vector<std::string> overrides = flags.overrides;
    overrides.insert(overrides.end(), flags.named.begin(), flags.named.end());
    return config::load(file, overrides);
}

using Serve = std::function<int(const config::Config&)> Servers::*;

CLI::App& add_server(CLI::App& app, Chosen& chosen, const std::string& name, const std::string& about,
                     const std::string& example, Serve serve, const std::shared_ptr<ConfigFlags>& flags) {
    CLI::App* command = app.add_subcommand(name, about);
    declare_key(*command, *flags, "--data", "data", "folder of everything that lasts");
    declare_key(*command, *flags, "--public-address", "public_address", "address that players are told");
    command->footer("\nExample:\n  " + example);
    command->callback([&chosen, name, serve, flags] {
        chosen.name = name;
        chosen.plain = [name, serve, flags](Outside& outside) {
            const auto config = load(*flags);
            if (!config) return fail(outside, name, config.error());
            const auto& body = outside.servers.*serve;
            return body(*config);
        };
    });
    return *command;
}

void declare_listeners(CLI::App& command, ConfigFlags& flags) {
    declare_key(command, flags, "--listen", "listen", "HTTP address; port 0 lets the kernel choose");
    declare_key(command, flags, "--tls-cert", "http.tls_cert", "PEM file with the certificate chain: speak HTTPS");
    declare_key(command, flags, "--tls-key", "http.tls_key", "PEM file with the certificate's private key");
    command.add_flag_callback(
        "--insecure-http", [&flags] { flags.named.emplace_back("insecure_http=true"); },
        "serve plain HTTP beyond loopback, for use behind a TLS proxy");
}

void add_servers(CLI::App& app, Chosen& chosen) {
    const auto dev_flags = std::make_shared<ConfigFlags>();
    CLI::App& dev = add_server(app, chosen, "dev", "server and agent in one process, to try things on one machine",
                               "gse dev --listen 127.0.0.1:8080 --data ./gse-data --set timers.minute=1s",
                               &Servers::dev, dev_flags);
    declare_listeners(dev, *dev_flags);
    declare_key(dev, *dev_flags, "--sdk-listen", "sdk_listen", "gRPC address that game processes call");
    declare_config(dev, *dev_flags);

    const auto server_flags = std::make_shared<ConfigFlags>();
    CLI::App& server =
        add_server(app, chosen, "server", "the server: cloud API, state and decisions",
                   "gse server --data /var/lib/gse --config /etc/gse.toml", &Servers::server, server_flags);
    declare_listeners(server, *server_flags);
    declare_key(server, *server_flags, "--link-listen", "link_listen", "gRPC address that agents dial");
    declare_config(server, *server_flags);

    const auto agent_flags = std::make_shared<ConfigFlags>();
    CLI::App& agent =
        add_server(app, chosen, "agent", "the host side: supervises game processes",
                   "gse agent --join 10.0.0.5:7070 --token-file /etc/gse/host.token --data /var/lib/gse-agent",
                   &Servers::agent, agent_flags);
    declare_key(agent, *agent_flags, "--join,--server", "agent.server", "the server's link_listen address");
    declare_key(agent, *agent_flags, "--token-file", "agent.token_file",
                "file with an enrolment token (gse host token); needed until this host has its certificate");
    declare_key(agent, *agent_flags, "--capacity", "agent.capacity", "instances this host offers");
    declare_key(agent, *agent_flags, "--name", "agent.name", "of this host; default: the machine's host name");
    declare_key(agent, *agent_flags, "--region", "agent.region", "that this host serves; default: every region");
    declare_key(agent, *agent_flags, "--sdk-listen", "sdk_listen", "gRPC address that game processes call");
    declare_config(agent, *agent_flags);
}

void add_secrets_key(CLI::App& config, Chosen& chosen) {
    CLI::App* command = config.add_subcommand("secrets-key", "makes the key that several servers of a database share");
    const auto file = std::make_shared<std::filesystem::path>();
    command->add_option("file", *file, "where it goes, for secrets.key_file; there must be nothing yet")->required();
    command->footer("\nExample:\n  gse config secrets-key /etc/gse/secrets.key");
    command->callback([&chosen, file] {
        chosen.name = "config secrets-key";
        chosen.plain = [file](Outside& outside) {
            constexpr std::size_t kKeyBytes = 32;
            if (const auto made = write_new_secret_file(*file, random_secret_hex(kKeyBytes)); !made)
                return fail(outside, "config secrets-key", made.error());
            outside.out << fmt::format(
                "Made {0}, which only you may read.\n"
                "1. Copy it to every server of the database, for the user that gse runs as (chown gse, chmod 600).\n"
                "2. On each, set secrets.key_file to where it lies there; in server.toml:\n\n"
                "   [secrets]\n"
                "   key_file = \"{0}\"\n\n"
                "3. Keep a copy in a safe place: without it the secrets in the database are worth nothing.\n",
                std::filesystem::absolute(*file).string());
            return kDone;
        };
    });
}

void add_config(CLI::App& app, Chosen& chosen) {
    CLI::App* command =
        app.add_subcommand("config", "prints every configuration key with default and meaning, as TOML");
    const auto flags = std::make_shared<ConfigFlags>();
    declare_config(*command, *flags);
    command->footer("\nExample:\n  gse config --set limits.profile=gse-2019 > gse.toml");
    add_secrets_key(*command, chosen);
    command->callback([&chosen, command, flags] {
        if (!command->get_subcommands().empty()) return;
        chosen.name = "config";
        chosen.plain = [flags](Outside& outside) {
            const auto config = load(*flags);
            if (!config) return fail(outside, "config", config.error());
            outside.out << config::describe(*config);
            return kDone;
        };
    });
}

void add_journal(CLI::App& app, Chosen& chosen) {
    CLI::App* journal = app.add_subcommand("journal", "the state of a server that is stopped");
    journal->require_subcommand(1);
    CLI::App* copy = journal->add_subcommand("copy", "copies it from a data folder into PostgreSQL, or back");
    const auto ends = std::make_shared<JournalCopy>();
    copy->add_option("--from", ends->from, "data folder, or connection string of PostgreSQL")->required();
    copy->add_option("--to", ends->to, "the same; holds no journal yet")->required();
    copy->add_option("--schema", ends->schema, "of the database: journal.schema");
    copy->footer(
        "\nExample:\n  gse journal copy --from /var/lib/gse --to \"host=/run/postgresql dbname=gse user=gse\"\n\n"
        "A password is better kept in a passfile or in PGPASSWORD: others can read command lines.");
    copy->callback([&chosen, ends] {
        chosen.name = "journal copy";
        chosen.plain = [ends](Outside& outside) {
            const auto copied = outside.servers.copy_journal(*ends, outside.out);
            return copied ? kDone : fail(outside, "journal copy", copied.error());
        };
    });
}

void add_objects(CLI::App& app, Chosen& chosen) {
    CLI::App* objects = app.add_subcommand("objects", "packages and logs of a server that is stopped");
    objects->require_subcommand(1);
    CLI::App* copy = objects->add_subcommand("copy", "copies them from the data folder into objects.s3, or back");
    const auto flags = std::make_shared<ConfigFlags>();
    const auto to = std::make_shared<std::string>();
    declare_config(*copy, *flags);
    declare_key(*copy, *flags, "--data", "data", "folder of everything that lasts");
    copy->add_option("--to", *to, "s3 or directory")->required()->check(CLI::IsMember({"s3", "directory"}));
    copy->footer("\nExample:\n  gse objects copy --config /etc/gse/gse.toml --to s3");
    copy->callback([&chosen, flags, to] {
        chosen.name = "objects copy";
        chosen.plain = [flags, to](Outside& outside) {
            const auto config = load(*flags);
            if (!config) return fail(outside, "objects copy", config.error());
            const auto copied = outside.servers.copy_objects(*config, *to == "s3", outside.out);
            return copied ? kDone : fail(outside, "objects copy", copied.error());
        };
    });
}

void add_version(CLI::App& app, Chosen& chosen) {
    app.add_subcommand("version", "prints the version")->callback([&chosen] {
        chosen.name = "version";
        chosen.plain = [](Outside& outside) {
            outside.out << fmt::format("gse {} ({}, {})\n", version(),
                                       git_commit().empty() ? "commit unknown" : git_commit(), build_type());
            return kDone;
        };
    });
}

// ---- gse call

int call_action(std::span<const std::string> arguments, Outside& outside) {
    auto line = parse_call(arguments);
    if (!line) {
        outside.err << fmt::format("gse call: {}\n", line.error().message);
        return kUsage;
    }
    if (line->help) {
        outside.out << (line->action ? action_help(*line->action) : call_help());
        return kDone;
    }
    if (line->from_stdin) {
        std::string text(kRequestBytesMax + 1, '\0');
        outside.in.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(outside.in.gcount()));
        if (text.size() > kRequestBytesMax)
            return fail(outside, "call", {ErrorCode::RequestTooLarge, "the request on standard input is too long"});
        line->json = std::move(text);
    }
    const auto connection = resolve_connection(line->connection, outside.environment);
    if (!connection) return fail(outside, "call", connection.error());
    const auto api = outside.connect(*connection);
    if (!api) return fail(outside, "call", api.error());
    const auto answer = (*api)->call(line->action->name, line->json);
    if (!answer) return fail(outside, "call", answer.error());
    outside.out << (line->as_table ? json_rows(*answer) : pretty_json(*answer) + '\n');
    return kDone;
}

/// `games.example.com` of `https://games.example.com:8080`.
std::string host_of(std::string_view endpoint) {
    const auto scheme = endpoint.find("://");
    if (scheme != std::string_view::npos) endpoint.remove_prefix(scheme + 3);
    endpoint = endpoint.substr(0, endpoint.find('/'));
    const auto colon = endpoint.rfind(':');
    return std::string(colon == std::string_view::npos || endpoint.ends_with(']') ? endpoint
                                                                                  : endpoint.substr(0, colon));
}

int run_on_server(const Chosen& chosen, Outside& outside) {
    const auto connection = resolve_connection(chosen.connection, outside.environment);
    if (!connection) return fail(outside, chosen.name, connection.error());
    const auto api = outside.connect(*connection);
    if (!api) return fail(outside, chosen.name, api.error());
    Session session{**api, outside, chosen.json, host_of(connection->endpoint)};
    if (const auto done = chosen.on_server(session); !done) return fail(outside, chosen.name, done.error());
    return kDone;
}

/// What is wrong with the command's name; "" when it has one. The parser would only say that one is required.
std::string unknown_command(CLI::App& app, std::span<const std::string> words) {
    CLI::App* at = &app;
    std::string before = "gse";
    for (const std::string& word : words) {
        if (at->get_require_subcommand_min() == 0 || word.starts_with('-')) return "";
        CLI::App* next = nullptr;
        std::vector<std::string> names;
        for (CLI::App* one : at->get_subcommands([](CLI::App*) { return true; })) {
            names.push_back(one->get_name());
            if (one->get_name() == word) next = one;
        }
        if (!next)
            return fmt::format("{}: there is no command \"{}\"; there are {}\n", before, word.substr(0, 80),
                               fmt::join(names, ", "));
        before += " " + word;
        at = next;
    }
    return "";
}

}  // namespace

int run(std::span<const std::string> arguments, Outside& outside) {
    // Parameters of actions are not the parser's business: a value may look like a flag or like a command.
    if (!arguments.empty() && arguments.front() == "call") return call_action(arguments.subspan(1), outside);

    CLI::App app{"OpenGSE: game server elastic scaling on machines of your own", "gse"};
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string{version()});
    app.footer(
        "\nFirst steps:\n  gse dev\n  export GSE_CREDENTIALS=gse-data/credentials.toml\n  gse fleet list\n\ngse "
        "COMMAND --help says more.");
    Chosen chosen;
    add_servers(app, chosen);
    add_asset_commands(app, chosen);
    add_fleet_commands(app, chosen);
    add_drain_commands(app, chosen);
    add_alias_commands(app, chosen);
    add_key_commands(app, chosen);
    add_host_commands(app, chosen);
    add_session_commands(app, chosen);
    add_placement_commands(app, chosen);
    add_tag_commands(app, chosen);
    add_event_commands(app, chosen);
    add_deploy_command(app, chosen);
    add_instance_commands(app, chosen);
    add_process_commands(app, chosen);
    add_queue_commands(app, chosen);
    add_logs_command(app, chosen);
    add_metrics_command(app, chosen);
    add_status_command(app, chosen);
    add_doctor_command(app, chosen);
    add_backup_commands(app, chosen);
    add_placement_start_commands(app, chosen);
    add_simulate_command(app, chosen);
    app.add_subcommand("call", "calls any action of the cloud API: gse call --help");
    add_config(app, chosen);
    add_journal(app, chosen);
    add_objects(app, chosen);
    add_version(app, chosen);
    if (const std::string wrong = unknown_command(app, arguments); !wrong.empty()) {
        outside.err << wrong;
        return kUsage;
    }
    try {
        app.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});  // the parser takes them backwards
    } catch (const CLI::ParseError& error) {
        // Help and version come as exceptions too; the parser knows which text goes where.
        return app.exit(error, outside.out, outside.err) == 0 ? kDone : kUsage;
    }
    return chosen.plain ? chosen.plain(outside) : run_on_server(chosen, outside);
}

}  // namespace gse::cli
