#include "script.h"

#include <algorithm>
#include <array>

namespace gse::demo {
namespace {

constexpr std::size_t kMatchesPerFleet = 15;
constexpr std::string_view kAlias = "chat";

// A match is opened or ended no faster than this, so that people can watch, and the cool-down shows between the ends.
constexpr Millis kOpenEvery{400};
constexpr Millis kEndEvery{700};

constexpr Millis kFleetTime{60'000};
constexpr Millis kScaleTime{60'000};
constexpr Millis kMatchTime{20'000};
constexpr Millis kChatTime{20'000};
/// For what `gse dev` leaves behind, which should be nothing.
constexpr Millis kOrphanTime{500};
/// From the leader's end to an answer of the next.
constexpr Millis kTakeOverTime{5'000};
constexpr int kRepeats = 20;

/// A cool-down of "3 minutes" takes 3 s; a match ended by the API leaves its players half a second for the farewell,
/// which gse-chat begins 3 s before its deadline.
const std::vector<std::string> kSettings{"timers.minute=1s", "timers.end_grace=3500ms"};

constexpr std::array<std::string_view, 30> kNames{
    "Ada", "Bo",   "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ida", "Jun", "Kai", "Lea", "Mio", "Nia", "Oki",
    "Pia", "Quin", "Rui",  "Sam", "Tao", "Uma",  "Vic", "Wen",  "Xia", "Yui", "Zoe", "Ari", "Ben", "Cai", "Dee"};

std::string player_name(std::size_t number) {
    return fmt::format("{}{}", kNames[number % kNames.size()], number / kNames.size() + 1);
}

}  // namespace

Script::~Script() {
    show_.forget();
    crowd_.reset();
    deployment_.reset();
    end_children(kOrphanTime);
}

Result<bool> Script::run(bool print_calls) {
    TRY(start(print_calls));
    TRY(make_fleets());

    show_.step(
        fmt::format("{} sessions by alias \"{}\", {} players each", kMatchesPerFleet, kAlias, kPlayersPerSession));
    TRY(open_matches(0, kMatchesPerFleet));
    TRY(wait_for_instances(0, kInstancesMax));
    check(InstanceHistory::runs(show_.history(0).counts(), 1, kInstancesMax),
          fmt::format("fleet 1 grew with its sessions: {} instances", show_.history(0).text()));

    TRY(switch_alias());
    TRY(end_matches());
    TRY(delete_first_fleet());
    TRY(say_goodbye());
    check_chat();
    TRY(stop());

    show_.step("checks");
    for (const Check& c : checks_) c.holds ? show_.good(c.text) : show_.bad(c.text);
    return std::ranges::all_of(checks_, &Check::holds);
}

Result<void> Script::start(bool print_calls) {
    TRY(start_system());
    client::ClientOptions client = TRY(deployment_->client());
    client.region = kRegion;
    backend_ = std::make_unique<Backend>(std::move(client));
    if (several_) backend_->repeats = kRepeats;
    if (print_calls) backend_->on_call = [this](const std::string& call) { show_.say(call); };
    crowd_ = std::make_unique<Crowd>();
    show_.watch(*backend_, *crowd_);
    show_.say(fmt::format("API at http://{}, games report to {}, data in {}", deployment_->http(), deployment_->sdk(),
                          folder_.string()));
    return {};
}

Result<void> Script::start_system() {
    std::vector<std::string> settings = kSettings;
    std::ranges::copy(free_game_ports(), std::back_inserter(settings));
    if (stage_.servers == 0) {
        show_.step("start a server and an agent: gse dev");
        DeploymentOptions options{.settings = std::move(settings)};
        deployment_ = std::make_unique<Deployment>(
            TRY(Deployment::start(programs_, folder_ / "data", folder_ / "gse.log", options)));
        return {};
    }
    show_.step(fmt::format("start PostgreSQL, {} servers and an agent", stage_.servers));
    auto several = TRY(Several::start(programs_, folder_, stage_.servers, settings));
    several_ = several.get();
    deployment_ = std::move(several);
    show_.say(
        fmt::format("server {} leads, the backend calls server {}", several_->leader().value_or(0), stage_.servers));
    return {};
}

/// kill -9, and how long until somebody answers again.
Result<void> Script::kill_leader() {
    const std::size_t number = TRY(several_->kill_leader());
    const Millis before = show_.elapsed();
    show_.say(fmt::format("kill -9 of server {}, which leads", number));
    TRY(backend_->call(api::DescribeAliasRequest{.alias_id = alias_}));
    const Millis took = show_.elapsed() - before;
    const auto leads = several_->leader();
    check(leads && *leads != number && took < kTakeOverTime,
          fmt::format("server {}, which led, was killed; server {} answered as the leader after {:.1f} s", number,
                      leads.value_or(0), static_cast<double>(took.count()) / 1000));
    return {};
}

Result<void> Script::make_fleets() {
    show_.step("two versions of a game, two fleets, one alias");
    for (const Version& version : kVersions) {
        const auto zip = TRY(make_package(programs_, version, folder_));
        const std::string asset = TRY(upload_package(*backend_, version, zip));
        fleets_.push_back(TRY(create_fleet(*backend_, version, asset)));
        show_.add_fleet(fleets_.back());
        show_.say(fmt::format("{}: {} bytes uploaded, {}, {}", version.title, std::filesystem::file_size(zip), asset,
                              fleets_.back()));
    }
    TRY(show_.wait("both fleets to become ACTIVE", kFleetTime, [this]() -> Result<bool> {
        for (std::size_t i = 0; i < fleets_.size(); ++i)
            if (show_.fleet(i).status == "ERROR")
                return refuse(ErrorCode::FailedOperation,
                              fmt::format("fleet {} is in ERROR; its events say why", i + 1));
        return show_.fleet(0).status == "ACTIVE" && show_.fleet(1).status == "ACTIVE";
    }));
    for (std::size_t i = 0; i < fleets_.size(); ++i) {
        show_.say(fmt::format("fleet {} was {}", i + 1, TRY(states_passed(*backend_, fleets_[i]))));
        TRY(set_scaling(*backend_, fleets_[i]));
    }
    alias_ = TRY(create_alias(*backend_, std::string{kAlias}, fleets_[0]));
    show_.say(
        fmt::format("both: {} processes an instance, 0 to {} instances, buffer {} %, cool-down {} \"minutes\" of 1 s",
                    kProcessesPerInstance, kInstancesMax, kBufferPercent, kCooldownMinutes));
    show_.say(fmt::format("alias \"{}\" = {} → fleet 1", kAlias, alias_));
    return {};
}

Result<void> Script::open_matches(std::size_t expected_fleet, std::size_t count) {
    Millis next{0};
    for (std::size_t i = 0; i < count; ++i) {
        TRY(show_.wait(fmt::format("an idle process for session {} on fleet {}", i + 1, expected_fleet + 1), kScaleTime,
                       [&]() -> Result<bool> {
                           return show_.fleet(expected_fleet).processes > sessions_on(expected_fleet) &&
                                  show_.elapsed() >= next;
                       }));
        next = show_.elapsed() + kOpenEvery;
        if (stage_.kill_leader && expected_fleet == 1 && i == count / 2) TRY(kill_leader());
        matches_.push_back(TRY(open_match(matches_.size())));
    }
    const auto first = matches_.end() - static_cast<std::ptrdiff_t>(count);
    const auto right =
        std::count_if(first, matches_.end(), [&](const Match& m) { return m.fleet_id == fleets_[expected_fleet]; });
    const auto titled = std::count_if(first, matches_.end(), [&](const Match& m) {
        return crowd_->view(m.room).title == kVersions[expected_fleet].title;
    });
    check(right == static_cast<std::ptrdiff_t>(count) && titled == right,
          fmt::format(
              "{}: {} of {} sessions on fleet {}, {} of them seen by their players as \"{}\"",
              expected_fleet == 0 ? "while the alias pointed to fleet 1" : "from the instant UpdateAlias answered",
              right, count, expected_fleet + 1, titled, kVersions[expected_fleet].title));
    return {};
}

Result<Script::Match> Script::open_match(std::size_t number) {
    const auto made =
        TRY(backend_->call(api::CreateGameServerSessionRequest{.maximum_player_session_count = kPlayersPerSession,
                                                               .alias_id = alias_,
                                                               .idempotency_token = fmt::format("match-{}", number + 1),
                                                               .name = fmt::format("match {}", number + 1)}));
    if (!made.game_server_session)
        return refuse(ErrorCode::FailedOperation, "CreateGameServerSession answered no session");
    Match match{.session_id = made.game_server_session->game_server_session_id,
                .fleet_id = made.game_server_session->fleet_id};

    std::string status;
    const auto active = [&]() -> Result<bool> {
        const auto found =
            TRY(backend_->call(api::DescribeGameServerSessionsRequest{.game_server_session_id = match.session_id}));
        if (found.game_server_sessions.size() != 1)
            return refuse(ErrorCode::FailedOperation, fmt::format("session {} is not to be found", match.session_id));
        status = found.game_server_sessions.front().status;
        return status == "ACTIVE";
    };
    TRY(show_.wait(fmt::format("session {} to become ACTIVE", match.session_id), kMatchTime, active,
                   [&] { return status; }));

    api::JoinGameServerSessionBatchRequest join{.game_server_session_id = match.session_id};
    for (std::size_t i = 0; i < kPlayersPerSession; ++i)
        join.player_ids.push_back(player_name(number * kPlayersPerSession + i));
    std::vector<Seat> seats;
    for (const auto& player : TRY(backend_->call(join)).player_sessions)
        seats.push_back({.ip = player.ip_address,
                         .port = static_cast<std::uint16_t>(player.port),
                         .player_session_id = player.player_session_id,
                         .name = player.player_id.value_or("")});
    match.room = crowd_->open(std::move(seats));
    TRY(show_.wait(
        fmt::format("the players of match {} to be welcomed", number + 1), kChatTime,
        [&]() -> Result<bool> {
            const RoomView room = crowd_->view(match.room);
            if (!room.disconnects.empty())
                return refuse(ErrorCode::FailedOperation,
                              fmt::format("match {}: {}", number + 1, room.disconnects.front()));
            return room.present == kPlayersPerSession;
        },
        [&] { return fmt::format("{} of {} welcomed", crowd_->view(match.room).present, kPlayersPerSession); }));
    return match;
}

Result<void> Script::switch_alias() {
    show_.step("UpdateAlias to fleet 2, then 15 more sessions by the same alias");
    TRY(backend_->call(api::UpdateAliasRequest{
        .alias_id = alias_, .routing_strategy = api::RoutingStrategy{.type = "SIMPLE", .fleet_id = fleets_[1]}}));
    show_.say(fmt::format("answered at {:.1f} s: alias \"{}\" → fleet 2",
                          static_cast<double>(show_.elapsed().count()) / 1000, kAlias));
    const std::uint64_t before = heard_in(0, kMatchesPerFleet);
    TRY(open_matches(1, kMatchesPerFleet));
    TRY(wait_for_instances(1, kInstancesMax));
    const std::uint64_t meanwhile = heard_in(0, kMatchesPerFleet) - before;
    const auto rooms = crowd_->views();
    const auto whole = std::count_if(matches_.begin(), matches_.begin() + kMatchesPerFleet,
                                     [&](const Match& m) { return rooms[m.room].present == kPlayersPerSession; });
    check(whole == kMatchesPerFleet && meanwhile > 0,
          fmt::format("meanwhile {} of {} matches on fleet 1 chatted on with all players: {} messages heard", whole,
                      kMatchesPerFleet, meanwhile));
    check(InstanceHistory::runs(show_.history(1).counts(), 1, kInstancesMax),
          fmt::format("fleet 2 grew with its sessions: {} instances", show_.history(1).text()));
    return {};
}

Result<void> Script::end_matches() {
    show_.step("the matches on fleet 1 end one by one, by a player or by the API");
    const std::size_t mark = show_.history(0).mark();
    Millis next{0};
    for (std::size_t i = 0; i < kMatchesPerFleet; ++i) {
        const Match& match = matches_[i];
        TRY(show_.wait("the next match to end", kEndEvery * 10,
                       [&]() -> Result<bool> { return show_.elapsed() >= next; }));
        next = show_.elapsed() + kEndEvery;
        crowd_->hush(match.room);
        TRY(wait_for_room(match.room, "everything said to be heard", &RoomView::settled));
        if (i % 2 == 0) {
            crowd_->press_end(match.room);
        } else {
            crowd_->expect_end(match.room);
            TRY(backend_->call(api::EndGameServerSessionAndProcessRequest{.game_server_session_id = match.session_id}));
        }
        TRY(wait_for_room(match.room, "its players to be sent home", &RoomView::over));
    }
    TRY(show_.wait("the last session of fleet 1 to be over", kMatchTime,
                   [this]() -> Result<bool> { return show_.fleet(0).sessions == 0; }));
    std::size_t told = 0;
    for (std::size_t i = 0; i < kMatchesPerFleet; ++i) told += crowd_->view(matches_[i].room).farewells;
    check(told == kMatchesPerFleet * kPlayersPerSession,
          fmt::format("{} of {} players of fleet 1 heard that their match had ended", told,
                      kMatchesPerFleet * kPlayersPerSession));
    TRY(wait_for_instances(0, 1));
    const auto& all = show_.history(0).counts();
    const std::vector<std::uint64_t> counts(all.begin() + static_cast<std::ptrdiff_t>(mark), all.end());
    check(InstanceHistory::runs(counts, kInstancesMax, 1),
          fmt::format("fleet 1 shrank by itself, and kept one: {} instances", fmt::join(counts, " → ")));
    return {};
}

Result<void> Script::delete_first_fleet() {
    show_.step("DeleteFleet fleet 1: it is empty and its alias has moved");
    show_.expect_gone(0);
    TRY(backend_->call(api::DeleteFleetRequest{.fleet_id = fleets_[0]}));
    TRY(show_.wait("fleet 1 to be gone", kScaleTime,
                   [this]() -> Result<bool> { return show_.fleet(0).status.empty(); }));
    check(true, "fleet 1 was deleted");
    return {};
}

Result<void> Script::say_goodbye() {
    show_.step("the players of fleet 2 say goodbye");
    for (std::size_t i = kMatchesPerFleet; i < matches_.size(); ++i) crowd_->hush(matches_[i].room);
    for (std::size_t i = kMatchesPerFleet; i < matches_.size(); ++i)
        TRY(wait_for_room(matches_[i].room, "everything said to be heard", &RoomView::settled));
    for (std::size_t i = kMatchesPerFleet; i < matches_.size(); ++i) crowd_->leave(matches_[i].room);
    for (std::size_t i = kMatchesPerFleet; i < matches_.size(); ++i)
        TRY(wait_for_room(matches_[i].room, "its players to hang up", &RoomView::over));
    show_.say(fmt::format("{} players left", (matches_.size() - kMatchesPerFleet) * kPlayersPerSession));
    return {};
}

void Script::check_chat() {
    const auto rooms = crowd_->views();
    std::vector<std::string> disconnects, troubles;
    bool settled = true;
    std::size_t players = 0;
    std::uint64_t expected = 0;
    for (const RoomView& room : rooms) {
        players += room.seats;
        expected += room.sent * room.seats;
        settled = settled && room.settled;
        std::ranges::copy(room.disconnects, std::back_inserter(disconnects));
        std::ranges::copy(room.troubles, std::back_inserter(troubles));
    }
    const ChatRow chat = sum(rooms);
    check(disconnects.empty(), fmt::format("{} of {} players were disconnected, other than by the end they asked for",
                                           disconnects.size(), players));
    check(settled && troubles.empty() && chat.heard == expected && chat.sent > 0,
          fmt::format("{} messages said, {} to be heard, {} heard in order, {} missed; the slowest took {} ms",
                      chat.sent, expected, chat.heard, chat.missed, chat.slowest.count()));
    disconnects.insert(disconnects.end(), troubles.begin(), troubles.end());
    constexpr std::size_t kShown = 10;
    for (std::size_t i = 0; i < std::min(kShown, disconnects.size()); ++i) check(false, disconnects[i]);
}

Result<void> Script::stop() {
    show_.step(fmt::format("SIGTERM to {}", deployment_->name()));
    const CallCounts& calls = backend_->counts();
    check(calls.failures.empty(),
          fmt::format("{} of {} API requests failed{}; the slowest was {}, {} ms", calls.failures.size(), calls.calls,
                      several_ ? fmt::format(", {} were sent again", calls.repeated) : "", calls.slowest_action,
                      calls.slowest.count()));
    for (const std::string& failure : calls.failures) check(false, failure);
    show_.forget();
    const Millis before = show_.elapsed();
    const Result<void> stopped = deployment_->stop();
    const Millis took = show_.elapsed() - before;
    if (several_) {
        check(stopped.has_value(),
              fmt::format("the servers and the agent {} in {:.1f} s; games go on without them",
                          stopped ? "ended" : stopped.error().message, static_cast<double>(took.count()) / 1000));
        end_children(kOrphanTime);
        return {};
    }
    const std::size_t left = end_children(kOrphanTime);
    check(stopped.has_value() && left == 0,
          fmt::format("gse dev {} in {:.1f} s; {} processes left",
                      stopped ? "ended its games and itself" : stopped.error().message,
                      static_cast<double>(took.count()) / 1000, left));
    return {};
}

Result<void> Script::wait_for_instances(std::size_t fleet, std::uint64_t count) {
    return show_.wait(fmt::format("fleet {} to have {} instance{}", fleet + 1, count, count == 1 ? "" : "s"),
                      kScaleTime, [&]() -> Result<bool> {
                          const FleetRow& row = show_.fleet(fleet);
                          return row.active == count && row.pending == 0 && row.terminating == 0;
                      });
}

Result<void> Script::wait_for_room(std::size_t room, std::string_view what, bool RoomView::* state) {
    return show_.wait(
        fmt::format("match {}: {}", room + 1, what), kChatTime,
        [&]() -> Result<bool> { return crowd_->view(room).*state; },
        [&] {
            const RoomView view = crowd_->view(room);
            return fmt::format("{} of {} players there, {} messages said, {} heard", view.present, view.seats,
                               view.sent, view.heard);
        });
}

std::size_t Script::sessions_on(std::size_t fleet) const {
    return static_cast<std::size_t>(std::ranges::count(matches_, fleets_[fleet], &Match::fleet_id));
}

std::uint64_t Script::heard_in(std::size_t first, std::size_t count) const {
    std::uint64_t heard = 0;
    for (std::size_t i = first; i < first + count; ++i) heard += crowd_->view(matches_[i].room).heard;
    return heard;
}

void Script::explain() {
    if (crowd_) {
        for (const RoomView& room : crowd_->views()) {
            for (const std::string& what : room.disconnects) show_.bad(what);
            for (const std::string& what : room.troubles) show_.bad(what);
        }
    }
    if (deployment_ && !deployment_->running()) show_.bad(deployment_->name() + " ended");
    if (backend_ && deployment_->running()) {
        for (std::size_t i = 0; i < fleets_.size(); ++i) {
            show_.step(fmt::format("events of fleet {}", i + 1));
            const auto events = recent_events(*backend_, fleets_[i]);
            fmt::print("{}", events ? *events : events.error().message + "\n");
        }
    }
    for (const char* name : {"gse.log", "server1.log", "server2.log", "server3.log", "agent.log"})
        if (const std::string log = tail(folder_ / name); !log.empty()) {
            show_.step(fmt::format("end of {}", name));
            fmt::print("{}\n", log);
        }
}

}  // namespace gse::demo
