#include <ostream>

#include "cli/commands.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

struct Nothing {};

struct One {
    std::string key;
};

struct Create {
    std::string description;
    bool read_only = false;
};

struct Update {
    std::string key;
    bool enable = false;
    bool disable = false;
    std::optional<std::string> description;
};

std::string pair_text(const api::CreateAccessKeyResponse& made) {
    return fmt::format("SecretId:  {}\nSecretKey: {}\n", made.access_key.secret_id, made.secret_key);
}

constexpr std::string_view kKeepIt = "keep the SecretKey now: it is not shown again\n";

Result<void> create(Session& session, const Create& options) {
    api::CreateAccessKeyRequest request{.read_only = options.read_only};
    if (!options.description.empty()) request.description = options.description;
    const auto made = TRY(call(session.api, request));
    session.show(made, pair_text(made));
    session.outside.err << kKeepIt;
    return {};
}

Result<void> list(Session& session, const Nothing&) {
    const auto keys = TRY(all_access_keys(session.api));
    Table table{{"ID", "STATUS", "MAY", "SOURCE", "CREATED", "LAST USED", "DESCRIPTION"}};
    for (const api::AccessKey& key : keys)
        table.add({key.secret_id, key.status, key.read_only ? "read" : "all", key.source, cell(key.creation_time),
                   cell(key.last_used_time), key.description});
    session.show(keys, table);
    return {};
}

Result<void> update(Session& session, const Update& options) {
    const auto key = TRY(find_access_key(session.api, options.key));
    api::UpdateAccessKeyRequest request{.secret_id = key.secret_id, .description = options.description};
    if (options.enable || options.disable) request.status = options.disable ? "DISABLED" : "ENABLED";
    const auto updated = TRY(call(session.api, request)).access_key;
    session.show(updated, fmt::format("{} is {}\n", updated.secret_id, updated.status));
    return {};
}

/// A key cannot change its secret, so nothing is cut off while its users move to another.
Result<void> rotate(Session& session, const One& options) {
    const auto old = TRY(find_access_key(session.api, options.key));
    api::CreateAccessKeyRequest request{.read_only = old.read_only};
    if (!old.description.empty()) request.description = old.description;
    const auto made = TRY(call(session.api, request));
    session.show(made, pair_text(made));
    session.outside.err << kKeepIt;
    if (old.source == "API") {
        session.outside.err << fmt::format(
            "next:\n"
            "  1. put the new pair wherever {0} is used\n"
            "  2. once gse key list shows that it is used no more: gse key update {0} --disable\n"
            "  3. once nothing misses it: gse key delete {0}\n",
            old.secret_id);
    } else {
        session.outside.err << fmt::format(
            "next:\n"
            "  1. put the new pair wherever {0} is used\n"
            "  2. {0} itself stands in credentials.toml in the server's data directory: write a new secret_id and "
            "secret_key there, and start the server again\n",
            old.secret_id);
    }
    return {};
}

Result<void> remove(Session& session, const One& options) {
    const auto key = TRY(find_access_key(session.api, options.key));
    TRY(call(session.api, api::DeleteAccessKeyRequest{.secret_id = key.secret_id}));
    session.show(key, fmt::format("deleted {}\n", key.secret_id));
    return {};
}

void declare_one(CLI::App& command, One& options) {
    command.add_option("key", options.key, "SecretId or description")->required();
}

}  // namespace

void add_key_commands(CLI::App& app, Chosen& chosen) {
    CLI::App* key = app.add_subcommand("key", "access keys: what requests are signed with");
    key->require_subcommand(1);
    add_command<Create>(
        *key, chosen,
        {"create", "Makes a key and prints it, once.", "gse key create --description dashboard --read-only"},
        [](CLI::App& c, Create& o) {
            c.add_option("--description", o.description, "what it is for");
            c.add_flag("--read-only", o.read_only, "it may only call what changes nothing");
        },
        create);
    add_command<Nothing>(
        *key, chosen, {"list", "Lists the keys, the server's own first; never a secret.", "gse key list"},
        [](CLI::App&, Nothing&) {}, list);
    add_command<Update>(
        *key, chosen,
        {"update", "Enables, disables or describes a key; a disabled one is refused at once.",
         "gse key update dashboard --disable"},
        [](CLI::App& c, Update& o) {
            c.add_option("key", o.key, "SecretId or description")->required();
            auto* change = c.add_option_group("change")->require_option(1, 2);
            auto* enable = change->add_flag("--enable", o.enable, "it may sign requests again");
            change->add_flag("--disable", o.disable, "it may sign no requests")->excludes(enable);
            change->add_option("--description", o.description, "what it is for");
        },
        update);
    add_command<One>(
        *key, chosen,
        {"rotate", "Makes a second key like this one and says how to retire the first.", "gse key rotate dashboard"},
        declare_one, rotate);
    add_command<One>(
        *key, chosen,
        {"delete", "Deletes a key; what is signed with it is refused at once.", "gse key delete dashboard"},
        declare_one, remove);
}

}  // namespace gse::cli
