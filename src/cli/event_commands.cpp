#include <ostream>

#include <simdjson.h>

#include "cli/commands.h"
#include "cli/lookup.h"

namespace gse::cli {
namespace {

constexpr Millis kReconnectFirst{1'000};
constexpr Millis kReconnectLongest{30'000};

struct Follow {
    std::vector<std::string> fleets;
    std::vector<std::string> aliases;
    bool players = false;
    bool json = false;
    std::uint64_t count = 0;
};

std::string text_of(simdjson::dom::element object, std::string_view member) {
    std::string_view text;
    return object[member].get_string().get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
}

std::string number_of(simdjson::dom::element object, std::string_view member) {
    std::int64_t number = 0;
    return object[member].get_int64().get(number) == simdjson::SUCCESS ? std::to_string(number) : std::string{"?"};
}

/// Where a routing leads, in a word.
std::string route_of(simdjson::dom::element event, std::string_view member) {
    simdjson::dom::element routing;
    if (event[member].get(routing) != simdjson::SUCCESS) return "nothing";
    if (text_of(routing, "Type") == "TERMINAL") return fmt::format("\"{}\"", text_of(routing, "Message"));
    return text_of(routing, "FleetId");
}

/// One line for people. What players and games have named is shown without control characters.
std::string line_of(const std::string& name, const std::string& data) {
    simdjson::dom::parser parser;
    simdjson::dom::element event;
    if (parser.parse(data).get(event) != simdjson::SUCCESS) return name;
    std::string about;
    const std::string from = text_of(event, "FromStatus");
    const std::string status = from.empty() ? text_of(event, "Status") : from + " -> " + text_of(event, "Status");
    if (name == "dropped") {
        about = fmt::format("events are missing ({}); read lists anew", text_of(event, "Reason"));
    } else if (name == "fleet") {
        simdjson::dom::element counts;
        const bool counted = event["InstanceCounts"].get(counts) == simdjson::SUCCESS;
        about = fmt::format(
            "{} {} instances {}/{} sessions {} free {} players {}/{}", text_of(event, "FleetId"), status,
            counted ? number_of(counts, "Active") : "?", counted ? number_of(counts, "Desired") : "?",
            number_of(event, "ActiveGameServerSessionCount"), number_of(event, "AvailableGameServerSessions"),
            number_of(event, "CurrentPlayerSessionCount"), number_of(event, "MaximumPlayerSessionCount"));
    } else if (name == "alias") {
        about = fmt::format("{} ({}) {} -> {}", text_of(event, "AliasId"), text_of(event, "Name"),
                            route_of(event, "FromRoutingStrategy"), route_of(event, "RoutingStrategy"));
    } else if (name == "instance") {
        about = fmt::format("{} of {} {}", text_of(event, "InstanceId"), text_of(event, "FleetId"), status);
    } else if (name == "placement") {
        about = fmt::format("{} {} {}", text_of(event, "PlacementId"), status, text_of(event, "GameServerSessionId"));
    } else if (name == "player-session") {
        about = fmt::format("{} {} in {}", text_of(event, "PlayerId"), status, text_of(event, "GameServerSessionId"));
    } else {
        about = fmt::format("{} {} {}", text_of(event, "GameServerSessionId"), status, text_of(event, "StatusReason"));
    }
    std::string line = fmt::format("{} {} {}", text_of(event, "Time"), name, about);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
    return line;
}

Result<void> follow(Session& session, const Follow& options) {
    Api::EventQuery query{.ids = {}, .players = options.players, .last_event_id = {}};
    for (const std::string& fleet : options.fleets)
        query.ids.push_back(TRY(find_fleet(session.api, fleet)).fleet_id.value_or(""));
    for (const std::string& alias : options.aliases) query.ids.push_back(TRY(find_alias(session.api, alias)).alias_id);
    const bool json = options.json || session.json;
    std::uint64_t seen = 0;
    Millis wait = kReconnectFirst;
    for (;;) {
        const auto done = session.api.follow(query, [&](const std::string& name, const std::string& data) {
            wait = kReconnectFirst;
            session.outside.out << (json ? data : line_of(name, data)) << std::endl;
            return ++seen != options.count && session.outside.out.good();
        });
        if ((options.count != 0 && seen >= options.count) || !session.outside.out.good()) return {};
        // Only a lost connection is worth another try; a refusal stays one.
        if (!done && done.error().code != ErrorCode::Unavailable) return done;
        session.outside.err << fmt::format("connection lost{}; again in {} s\n",
                                           done ? std::string() : " (" + done.error().message + ")",
                                           wait.count() / 1000);
        session.outside.pause(wait);
        wait = std::min(wait * 2, kReconnectLongest);
    }
}

}  // namespace

void add_event_commands(CLI::App& app, Chosen& chosen) {
    add_command<Follow>(
        app, chosen,
        {"events", "Follows what changes, a line an event, until it is interrupted.",
         "gse events --fleet arena --json"},
        [](CLI::App& c, Follow& o) {
            c.add_option("--fleet", o.fleets, "only of this fleet, name or id; may be repeated")
                ->allow_extra_args(false);
            c.add_option("--alias", o.aliases, "only of this alias, name or id; may be repeated")
                ->allow_extra_args(false);
            c.add_flag("--players", o.players, "player sessions too");
            c.add_flag("--json", o.json, "each event as the JSON that the server sent, a line each");
            c.add_option("--count", o.count, "end after this many events; 0: never")->capture_default_str();
        },
        follow);
}

}  // namespace gse::cli
