// gse deploy: the main job in one command. Each step looks first at what is there, so that the same command again goes
// on where it stopped, and every step says how it is undone.
#include <algorithm>

#include "cli/commands.h"
#include "cli/fleet_life.h"
#include "cli/lookup.h"
#include "cli/package.h"

namespace gse::cli {
namespace {

constexpr const char* kDigestTag = "gse-deploy-sha256";      ///< on the asset: what was uploaded as this version
constexpr const char* kReplacesTag = "gse-deploy-replaces";  ///< on the fleet: the fleet it took over from
constexpr std::size_t kNameMax = 50;                         ///< of a fleet [API:CreateFleet]
constexpr Millis kBetweenCounts{2'000};

struct Deploy {
    std::string alias;
    std::string source;
    std::string version;
    bool delete_old = false;
    bool wait_drain = true;
    std::uint64_t seconds = 1'200;
    std::uint64_t drain_seconds = 86'400;
};

std::string tag_of(const std::vector<api::Tag>& tags, std::string_view key) {
    const auto found = std::ranges::find(tags, key, &api::Tag::key);
    return found == tags.end() ? "" : found->value;
}

std::string minutes(std::int64_t ms) {
    return ms < 120'000 ? fmt::format("{} s", (ms + 999) / 1'000) : fmt::format("{} min", (ms + 59'999) / 60'000);
}

class Deployment {
public:
    Deployment(Session& session, const Deploy& options) : session_(session), options_(options) {}

    Result<void> run() {
        session_.outside.note_interrupts();
        auto done = steps();
        if (done) return {};
        return refuse(done.error().code, done.error().message + account());
    }

private:
    Result<void> steps() {
        TRY(find());
        if (old_.fleet_id) TRY(make_fleet());
        TRY(wait_for_status(session_, id_of(new_), "ACTIVE", options_.seconds));
        TRY(take_over());
        TRY(drain());
        session_.show(alias_, fmt::format("{} leads to {} ({})\n", alias_.name, id_of(new_), new_.name));
        return {};
    }

    static std::string id_of(const api::FleetAttributes& fleet) { return fleet.fleet_id.value_or(""); }
    void say(const std::string& text) const { session_.outside.err << text << '\n'; }
    void did(std::string what, std::string undo) {
        say(what);
        done_.push_back(std::move(what));
        if (!undo.empty()) undo_.push_back(std::move(undo));
    }

    /// What a failure leaves behind.
    [[nodiscard]] std::string account() const {
        if (!started_) return "";
        std::string text = "\n\ndone so far:\n";
        for (const std::string& step : done_) text += "  " + step + "\n";
        if (done_.empty()) text += "  nothing\n";
        text += fmt::format("to go on, the same command again:\n  gse deploy {} {} --version {}{}\n", options_.alias,
                            options_.source, options_.version, options_.delete_old ? " --delete-old" : "");
        if (!undo_.empty()) text += "to undo:\n";
        for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) text += "  " + *step + "\n";
        text.pop_back();
        return text;
    }

    /// The alias, the fleet it leads to, and what an earlier run of this command has left.
    Result<void> find() {
        const auto aliases = TRY(all_aliases(session_.api));
        const bool known = std::ranges::any_of(
            aliases, [&](const auto& a) { return a.alias_id == options_.alias || a.name == options_.alias; });
        if (!known)
            return refuse(ErrorCode::NotFound,
                          fmt::format("there is no alias \"{0}\": gse deploy moves an alias from the fleet it leads to "
                                      "to a new one. A first version is made by hand:\n"
                                      "  gse asset upload {1} --name {0} --version {2}\n"
                                      "  gse fleet create {0}-{2} --asset {0} --launch PROGRAM --wait\n"
                                      "  gse alias create {0} --fleet {0}-{2}",
                                      options_.alias, options_.source, options_.version));
        alias_ = TRY(find_alias(session_.api, options_.alias));
        if (alias_.routing_strategy.type == "TERMINAL")
            return refuse(
                ErrorCode::Unavailable,
                fmt::format("the alias {} leads to no fleet that could be copied, but to a message; point it to "
                            "one first: gse alias point {} --fleet FLEET",
                            alias_.name, options_.alias));
        const std::string name = fmt::format("{}-{}", alias_.name, options_.version);
        if (name.size() > kNameMax)
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("the new fleet would be called {}, and a fleet's name has {} characters at most; "
                                      "choose a shorter --version",
                                      name, kNameMax));
        const std::string present = alias_.routing_strategy.fleet_id.value_or("");
        std::vector<api::FleetAttributes> fleets = TRY(all_fleets(session_.api));
        std::vector<const api::FleetAttributes*> same;
        for (const auto& fleet : fleets)
            if (fleet.name == name && fleet.status != "DELETING" && fleet.status != "TERMINATED")
                same.push_back(&fleet);
        if (same.size() > 1)
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("{} fleets are called {}; delete those that are not wanted, or choose another "
                                      "--version",
                                      same.size(), name));
        if (!same.empty()) new_ = *same.front();
        new_.name = name;
        const std::string old = !same.empty() && id_of(new_) == present ? tag_of(new_.tags, kReplacesTag) : present;
        const auto found = std::ranges::find(fleets, std::optional<std::string>{old}, &api::FleetAttributes::fleet_id);
        if (found != fleets.end() && found->status != "DELETING") old_ = *found;
        if (!old_.fleet_id && same.empty())
            return refuse(
                ErrorCode::NotFound,
                fmt::format("the alias {} leads to fleet {}, which does not exist any more; point it to one that "
                            "does first",
                            alias_.name, present));
        if (new_.status == "ERROR")
            return refuse(
                ErrorCode::FailedOperation,
                fmt::format("fleet {} of an earlier try has failed; gse fleet events {} says why. Put it right, "
                            "then\n  gse fleet delete {} --wait\n  gse deploy {} {} --version NEXT",
                            id_of(new_), name, id_of(new_), options_.alias, options_.source));
        started_ = true;
        say(fmt::format("{} leads to {}", alias_.name,
                        present == id_of(new_) ? fmt::format("{} ({}) already", present, name)
                                               : fmt::format("{} ({})", present, old_.name)));
        return {};
    }

    /// The asset of this version: found if an earlier run uploaded it, else uploaded now.
    Result<std::string> make_asset() {
        const Package package = TRY(Package::open(session_, options_.source));
        const std::string digest = TRY(package.digest());
        for (const api::Asset& asset : TRY(all_assets(session_.api))) {
            if (asset.asset_name != alias_.name || asset.asset_version != options_.version || asset.stauts != 2)
                continue;
            const std::string uploaded = tag_of(asset.tags, kDigestTag);
            if (!uploaded.empty() && uploaded != digest)
                return refuse(
                    ErrorCode::InUse,
                    fmt::format("version {} of {} is there already as {}, with another content than {} has now; "
                                "choose another --version",
                                options_.version, alias_.name, asset.asset_id, options_.source));
            if (uploaded.empty()) continue;
            say(fmt::format("{} {} is uploaded already as {}", alias_.name, options_.version, asset.asset_id));
            undo_.push_back(fmt::format("gse asset delete {}", asset.asset_id));
            return asset.asset_id;
        }
        const auto made = TRY(
            upload(session_, package,
                   {.name = alias_.name, .version = options_.version, .tags = {{.key = kDigestTag, .value = digest}}}));
        did(fmt::format("uploaded {} {} as {}", alias_.name, options_.version, made.asset_id),
            fmt::format("gse asset delete {}", made.asset_id));
        return made.asset_id;
    }

    /// A copy of the old fleet with the new asset; found if an earlier run made it.
    Result<void> make_fleet() {
        if (new_.fleet_id) {
            say(fmt::format("{} is there already as {}", new_.name, id_of(new_)));
            if (id_of(new_) != alias_.routing_strategy.fleet_id)
                undo_.push_back(fmt::format("gse fleet delete {}", id_of(new_)));
            return {};
        }
        const std::string asset = TRY(make_asset());
        TRY(go_on(session_));
        std::vector<api::Tag> tags = old_.tags;
        std::erase_if(tags, [](const api::Tag& tag) { return tag.key == kReplacesTag; });
        tags.push_back({.key = kReplacesTag, .value = id_of(old_)});
        const auto copied =
            TRY(call(session_.api, api::CopyFleetRequest{.fleet_id = id_of(old_),
                                                         .copy_number = 1,
                                                         .asset_id = asset,
                                                         .name = new_.name,
                                                         .selected_scaling_type = "SCALING_SELECTED",
                                                         .selected_ccn_type = "CCN_SELECTED_BEFORE_CREATE",
                                                         .tags = tags,
                                                         .selected_timer_type = "TIMER_SELECTED"}));
        if (copied.fleet_attributes.empty())
            return refuse(ErrorCode::FailedOperation, "the server answered no copy of the fleet");
        new_ = copied.fleet_attributes.front();
        did(fmt::format("copied {} as {} ({}), with its scaling and timers", id_of(old_), id_of(new_), new_.name),
            fmt::format("gse fleet delete {}", id_of(new_)));
        return {};
    }

    /// Capacity first, then the alias.
    Result<void> take_over() {
        if (alias_.routing_strategy.fleet_id == id_of(new_)) return {};
        if (old_.fleet_id) TRY(match_capacity(session_, id_of(old_), id_of(new_), options_.seconds));
        auto updated = TRY(call(session_.api, api::UpdateAliasRequest{.alias_id = alias_.alias_id,
                                                                      .routing_strategy = api::RoutingStrategy{
                                                                          .type = "SIMPLE", .fleet_id = id_of(new_)}}));
        if (updated.alias) alias_ = *updated.alias;
        alias_.routing_strategy.fleet_id = id_of(new_);
        did(fmt::format("{} leads to {} now", alias_.name, id_of(new_)),
            old_.fleet_id ? fmt::format("gse alias point {} --fleet {} --match-capacity", options_.alias, id_of(old_))
                          : "");
        return {};
    }

    Result<std::uint64_t> sessions_left() {
        const auto use = call(session_.api, api::DescribeFleetUtilizationRequest{.fleet_ids = {id_of(old_)}});
        if (!use) return std::unexpected(use.error());
        if (use->fleet_utilization.empty()) return 0;
        const std::uint64_t active = use->fleet_utilization.front().active_game_server_session_count.value_or(0);
        if (active > 0) return active;
        // Matches that were made just before the alias moved count as well.
        const auto starting =
            TRY(all_sessions(session_.api, api::DescribeGameServerSessionsRequest{.fleet_id = id_of(old_),
                                                                                  .status_filter = "ACTIVATING"}));
        return starting.size();
    }

    /// What bounds the drain, if the operator does not want to wait for the players.
    void say_protection() const {
        const std::string policy = old_.new_game_server_session_protection_policy.value_or("NoProtection");
        const std::string sooner =
            policy == "FullProtection" ? std::string("they have full protection: only the game ends them")
            : policy == "TimeLimitProtection"
                ? fmt::format("to end them within {} min: gse fleet scale {} --min 0 --desired 0",
                              old_.game_server_session_protection_time_limit.value_or(60), id_of(old_))
                : fmt::format("to end them within 5 min: gse fleet scale {} --min 0 --desired 0", id_of(old_));
        say(fmt::format("sessions on {} play to their end; {}", id_of(old_), sooner));
    }

    /// Watches the old fleet until its last session has ended.
    Result<void> drain() {
        if (!old_.fleet_id) return {};
        const Clock& clock = session_.outside.clock;
        const std::int64_t start = clock.monotonic_ms();
        const std::int64_t until = start + static_cast<std::int64_t>(options_.drain_seconds) * 1'000;
        const std::uint64_t first = TRY(sessions_left());
        if (first > 0) say_protection();
        if (first > 0 && !options_.wait_drain) {
            say(fmt::format("{} sessions left on {}; --no-wait: gse fleet watch {} shows them go", first, id_of(old_),
                            id_of(old_)));
            return {};
        }
        std::uint64_t seen = first + 1;
        for (std::uint64_t left = first;; left = TRY(sessions_left())) {
            if (left != seen) {
                const std::int64_t took = clock.monotonic_ms() - start;
                const bool rate = left > 0 && left < first && took > 0;
                say(fmt::format(
                    "{} sessions left on {}{}", left, id_of(old_),
                    rate ? fmt::format(", at this rate for {}", minutes(took * static_cast<std::int64_t>(left) /
                                                                        static_cast<std::int64_t>(first - left)))
                         : ""));
            }
            seen = left;
            if (left == 0) break;
            if (clock.monotonic_ms() >= until)
                return refuse(ErrorCode::FailedOperation, fmt::format("{} sessions still run on {} after {} s", left,
                                                                      id_of(old_), options_.drain_seconds));
            session_.outside.pause(kBetweenCounts);
            TRY(go_on(session_));
        }
        if (!options_.delete_old) {
            say(fmt::format("{} is empty; it stays for a way back: gse alias point {} --fleet {}", id_of(old_),
                            options_.alias, id_of(old_)));
            return {};
        }
        TRY(call(session_.api, api::DeleteFleetRequest{.fleet_id = id_of(old_)}));
        did(fmt::format("deleting {} ({})", id_of(old_), old_.name), "");
        return {};
    }

    Session& session_;
    const Deploy& options_;
    api::Alias alias_;
    api::FleetAttributes old_;  ///< without an id: it is gone
    api::FleetAttributes new_;  ///< without an id: not made yet
    bool started_ = false;
    std::vector<std::string> done_;
    std::vector<std::string> undo_;
};

Result<void> deploy(Session& session, const Deploy& options) { return Deployment{session, options}.run(); }

}  // namespace

void add_deploy_command(CLI::App& app, Chosen& chosen) {
    add_command<Deploy>(
        app, chosen,
        {"deploy", "Brings a new version live: uploads it, copies the fleet of an alias, and moves the alias over.",
         "gse deploy arena ./server --version 1.5 --delete-old"},
        [](CLI::App& c, Deploy& o) {
            c.add_option("alias", o.alias, "name or id of the alias that players come through")->required();
            c.add_option("source", o.source, "folder whose content becomes /local/game, or a zip")->required();
            c.add_option("--version", o.version, "of the new asset; the new fleet is called ALIAS-VERSION")->required();
            c.add_flag("--delete-old", o.delete_old, "delete the old fleet when its last session has ended");
            c.add_flag("!--no-wait", o.wait_drain, "do not wait until the old fleet is empty");
            c.add_option("--timeout", o.seconds, "seconds that the new fleet may take to be ACTIVE, and to grow")
                ->capture_default_str()
                ->check(CLI::Range(0, 86'400));
            c.add_option("--drain-timeout", o.drain_seconds, "seconds that the old fleet may take to be empty")
                ->capture_default_str()
                ->check(CLI::Range(0, 604'800));
        },
        deploy);
}

}  // namespace gse::cli
