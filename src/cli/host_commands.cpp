#include <ostream>

#include "cli/commands.h"
#include "cli/lookup.h"
#include "config/keys.h"

namespace gse::cli {
namespace {

struct Nothing {};

struct One {
    std::string host;
};

struct Drain {
    std::string host;
    bool wait = false;
};

struct Remove {
    std::string host;
    bool force = false;
};

struct Token {
    std::string region;
    std::string ttl;
    std::string description;
    std::string revoke;
    bool list = false;
};

constexpr Millis kLookAgain{2'000};

std::string used_of(std::uint64_t used, std::uint64_t total, std::uint64_t divisor = 1) {
    return total == 0 ? "-" : fmt::format("{}/{}", used / divisor, total / divisor);
}

std::string labels_of(const api::Host& host) {
    std::string text;
    for (const auto& label : host.labels)
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", label.key, label.value);
    return text.empty() ? "-" : text;
}

Result<void> list(Session& session, const Nothing&) {
    constexpr std::uint64_t kMbOfGb = 1024;
    const auto hosts = TRY(all_hosts(session.api));
    Table table{{"ID", "NAME", "STATUS", "TAKES", "REGION", "ADDRESS", "INSTANCES", "VCPU", "GIB", "SESSIONS",
                 "PLAYERS", "LABELS"}};
    for (const api::Host& host : hosts)
        table.add({host.host_id, host.name, host.status, host.availability, host.region.empty() ? "all" : host.region,
                   host.ip_address, used_of(host.instance_count, host.instance_capacity),
                   used_of(host.cpus_used, host.cpus), used_of(host.memory_used_mb, host.memory_mb, kMbOfGb),
                   fmt::format("{}", host.game_server_session_count), fmt::format("{}", host.player_session_count),
                   labels_of(host)});
    session.show(hosts, table);
    return {};
}

/// `90s`, `30m`, `12h` or `7d`.
Result<std::uint64_t> read_ttl(const std::string& text) {
    const Millis valid = TRY(config::parse_duration(text));
    return static_cast<std::uint64_t>(valid.count() / 1000);
}

Result<void> token(Session& session, const Token& options) {
    if (options.list) {
        const auto tokens = TRY(all_host_tokens(session.api));
        Table table{{"ID", "STATUS", "EXPIRES", "REGION", "HOST", "DESCRIPTION"}};
        for (const api::HostToken& made : tokens)
            table.add({made.token_id, made.status, made.expiration_time, made.region.empty() ? "any" : made.region,
                       cell(made.host_id), made.description});
        session.show(tokens, table);
        return {};
    }
    if (!options.revoke.empty()) {
        TRY(call(session.api, api::DeleteHostTokenRequest{.token_id = options.revoke}));
        session.outside.out << fmt::format("deleted {}\n", options.revoke);
        return {};
    }
    api::CreateHostTokenRequest request;
    if (!options.region.empty()) request.region = options.region;
    if (!options.description.empty()) request.description = options.description;
    if (!options.ttl.empty()) request.ttl_seconds = TRY(read_ttl(options.ttl));
    const auto made = TRY(call(session.api, request));
    session.show(made, made.token + "\n");
    session.outside.err << fmt::format(
        "It lets one machine in, until {}, and is not shown again. Put it into a file there (mode 0600), and:\n"
        "  gse agent --join {} --token-file FILE --capacity N --data /var/lib/gse-agent\n",
        made.host_token.expiration_time,
        made.link_address.starts_with(':') ? session.server_host + made.link_address : made.link_address);
    return {};
}

Result<void> set(Session& session, const std::string& host, const char* availability, const char* sentence) {
    const auto updated = TRY(call(session.api, api::UpdateHostRequest{.host_id = host, .availability = availability}));
    session.show(updated.host, fmt::format("{} {}: {} instances, {} sessions, {} players there\n", updated.host.name,
                                           sentence, updated.host.instance_count,
                                           updated.host.game_server_session_count, updated.host.player_session_count));
    return {};
}

Result<void> cordon(Session& session, const One& options) {
    return set(session, options.host, "CORDONED", "gets no further instances");
}
Result<void> uncordon(Session& session, const One& options) {
    return set(session, options.host, "OPEN", "takes instances again");
}

Result<void> drain(Session& session, const Drain& options) {
    TRY(set(session, options.host, "DRAINING", "is being drained; matches play on"));
    if (!options.wait) return {};
    session.outside.note_interrupts();
    std::uint64_t last = UINT64_MAX;
    for (;;) {
        const auto seen = TRY(call(session.api, api::ListHostsRequest{.host_id = options.host}));
        if (seen.hosts.empty() || seen.hosts.front().instance_count == 0) break;
        const api::Host& host = seen.hosts.front();
        if (std::exchange(last, host.instance_count * 1'000'000 + host.game_server_session_count) !=
            host.instance_count * 1'000'000 + host.game_server_session_count)
            session.outside.err << fmt::format("{} instances with {} sessions are left\n", host.instance_count,
                                               host.game_server_session_count);
        if (session.outside.interrupted())
            return refuse(ErrorCode::Unavailable,
                          fmt::format("stopped waiting; {} goes on being drained (gse host uncordon {} takes it back)",
                                      host.name, host.name));
        session.outside.pause(kLookAgain);
    }
    session.outside.err << fmt::format("{} is empty\n", options.host);
    return {};
}

Result<void> remove(Session& session, const Remove& options) {
    const auto gone = TRY(call(session.api, api::RemoveHostRequest{.host_id = options.host, .force = options.force}));
    session.show(gone, fmt::format("removed {}; {} instances are replaced elsewhere, {} sessions ended as ERROR\n",
                                   options.host, gone.instance_count, gone.game_server_session_count));
    return {};
}

}  // namespace

void add_host_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* host = app.add_subcommand("host", "machines that run an agent");
    host->require_subcommand(1);
    add_command<Nothing>(
        *host, chosen, {"list", "Lists the hosts, with what they offer and what runs there.", "gse host list"},
        [](CLI::App&, Nothing&) {}, list);
    add_command<Token>(
        *host, chosen,
        {"token", "Makes a token with which one machine can enrol, and prints it, once.",
         "gse host token --ttl 1h > host.token"},
        [](CLI::App& c, Token& o) {
            c.add_option("--for-region", o.region, "region that the host is bound to; default: it says it itself");
            c.add_option("--ttl", o.ttl, "how long it can be used, 1m to 7d; default: 1h")
                ->check(readable_by(read_ttl));
            c.add_option("--description", o.description, "what it is for");
            auto* rest = c.add_option_group("instead")->require_option(0, 1);
            rest->add_flag("--list", o.list, "list the tokens that have not expired");
            rest->add_option("--revoke", o.revoke, "delete the token of this id");
        },
        token);
    const auto declare_one = [](CLI::App& c, One& o) { c.add_option("host", o.host, "name or id")->required(); };
    add_command<One>(*host, chosen,
                     {"cordon", "Gives a host no further instances; those it has go on.", "gse host cordon rack7-3"},
                     declare_one, cordon);
    add_command<One>(*host, chosen,
                     {"uncordon", "Opens a host again, also one that is being drained.", "gse host uncordon rack7-3"},
                     declare_one, uncordon);
    add_command<Drain>(
        *host, chosen,
        {"drain", "Moves instances elsewhere as their matches end; ends no match.", "gse host drain rack7-3 --wait"},
        [](CLI::App& c, Drain& o) {
            c.add_option("host", o.host, "name or id")->required();
            c.add_flag("--wait", o.wait, "until nothing is left there; Ctrl-C stops waiting, not draining");
        },
        drain);
    add_command<Remove>(
        *host, chosen, {"remove", "Forgets a host; its certificate is refused from now on.", "gse host remove rack7-3"},
        [](CLI::App& c, Remove& o) {
            c.add_option("host", o.host, "name or id")->required();
            c.add_flag("--force", o.force, "also while sessions run there, which then end as ERROR");
        },
        remove);
}

}  // namespace gse::cli
