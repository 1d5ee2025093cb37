/// How the noun-verb commands are made. Private to src/cli: includes the argument parser.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/program.h"
#include "cli/text.h"

namespace gse::cli {

/// What a command that talks to a server works with.
struct Session {
    Api& api;
    Outside& outside;
    bool json = false;        ///< --output json
    std::string server_host;  ///< by which this server is reached, without a port; an IPv6 address in brackets

    /// The answer, once: a table or a sentence for people, or JSON for programs.
    template <class Item>
    void show(const std::vector<Item>& items, const Table& table) const {
        if (!json) return print(table.text());
        std::string text = "[";
        for (const Item& item : items) {
            if (text.size() > 1) text += ',';
            api::encode(item, text);
        }
        print(pretty_json(text + "]") + "\n");
    }
    template <class Item>
    void show(const Item& item, const std::string& sentence) const {
        std::string text;
        api::encode(item, text);
        show_json(text, sentence);
    }
    /// `text`: JSON of what is in no one answer.
    void show_json(const std::string& text, const std::string& sentence) const {
        print(json ? pretty_json(text) + "\n" : sentence);
    }

private:
    void print(const std::string& text) const { outside.out << text; }
};

/// The parsed command line: which command was chosen, and what it does.
struct Chosen {
    std::string name;  ///< `fleet create`
    ConnectionFlags connection;
    bool json = false;
    std::function<int(Outside&)> plain;               ///< commands that need no server, or
    std::function<Result<void>(Session&)> on_server;  ///< those that do
};

struct Spec {
    std::string name;
    std::string about;
    std::string example;  ///< shown below the options
};

/// Adds `parent name`. `declare` binds the options to a structure that lives as long as the command.
template <class Options>
void add_command(CLI::App& parent, Chosen& chosen, const Spec& spec, void (*declare)(CLI::App&, Options&),
                 Result<void> (*body)(Session&, const Options&)) {
    CLI::App* command = parent.add_subcommand(spec.name, spec.about);
    auto options = std::make_shared<Options>();
    declare(*command, *options);
    // The parser takes -1 for the largest number there is.
    for (CLI::Option* option : command->get_options())
        if (option->get_type_name() == "UINT")
            option->check(
                [](const std::string& text) { return text.starts_with('-') ? text + " is negative" : std::string{}; });
    command->add_option("--endpoint", chosen.connection.endpoint,
                        "server, as http://HOST:PORT or https://HOST:PORT (GSE_ENDPOINT)");
    command->add_option("--ca", chosen.connection.ca, "PEM file of the CA that https:// is checked against (GSE_CA)");
    command->add_option("--region", chosen.connection.region, "region (TENCENTCLOUD_REGION)");
    command->add_option("--credentials", chosen.connection.credentials,
                        "the server's credentials.toml (GSE_CREDENTIALS)");
    command->add_option("--profile", chosen.connection.profile, "a table of ~/.config/gse/profiles.toml");
    command
        ->add_option_function<std::string>(
            "--output", [&chosen](const std::string& format) { chosen.json = format == "json"; }, "table or json")
        ->check(CLI::IsMember({"table", "json"}));
    command->footer("\nExample:\n  " + spec.example);
    const std::string name = parent.get_parent() ? parent.get_name() + " " + spec.name : spec.name;
    command->callback([&chosen, options, body, name] {
        chosen.name = name;
        chosen.on_server = [options, body](Session& session) { return body(session, *options); };
    });
}

/// A check of an option's text by the function that reads it, so that a malformed one is told with the usage.
template <class Read>
auto readable_by(Read read) {
    return [read](const std::string& text) {
        const auto done = read(text);
        return done ? std::string() : done.error().message;
    };
}

/// An optional answer field for a table.
template <class T>
std::string cell(const std::optional<T>& value) {
    return value ? fmt::format("{}", *value) : "-";
}

void add_asset_commands(CLI::App& app, Chosen& chosen);
void add_fleet_commands(CLI::App& app, Chosen& chosen);
/// drain, undrain and drain-status. After whoever makes `fleet`.
void add_drain_commands(CLI::App& app, Chosen& chosen);
void add_alias_commands(CLI::App& app, Chosen& chosen);
void add_key_commands(CLI::App& app, Chosen& chosen);
void add_host_commands(CLI::App& app, Chosen& chosen);
void add_session_commands(CLI::App& app, Chosen& chosen);
void add_placement_commands(CLI::App& app, Chosen& chosen);
void add_tag_commands(CLI::App& app, Chosen& chosen);
void add_event_commands(CLI::App& app, Chosen& chosen);
void add_deploy_command(CLI::App& app, Chosen& chosen);
void add_instance_commands(CLI::App& app, Chosen& chosen);
void add_process_commands(CLI::App& app, Chosen& chosen);
void add_queue_commands(CLI::App& app, Chosen& chosen);
/// start, show and stop. After whoever else adds to `placement`.
void add_placement_start_commands(CLI::App& app, Chosen& chosen);
void add_logs_command(CLI::App& app, Chosen& chosen);
void add_metrics_command(CLI::App& app, Chosen& chosen);
void add_status_command(CLI::App& app, Chosen& chosen);
void add_doctor_command(CLI::App& app, Chosen& chosen);
void add_simulate_command(CLI::App& app, Chosen& chosen);
/// backup and restore.
void add_backup_commands(CLI::App& app, Chosen& chosen);

}  // namespace gse::cli
