// Game server sessions. Source: [创建游戏服务器会话; API:GameServerSession].
#include "core/sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/decisions.h"
#include "api/lookup.h"
#include "api/session_search.h"
#include "codec/codec.h"
#include "core/hand_started.h"
#include "core/processes.h"

namespace gse::api {
namespace {

using core::kNone;
using core::Slot;

constexpr std::string_view kSessionList = "game-server-sessions";
constexpr std::string_view kSearchList = "game-server-session-search";
/// Sessions that one page looks at: a rare status gives short pages with a token instead of a long wait for everybody.
constexpr std::size_t kScanMax = 10'000;
/// What every action takes as a GameServerSessionId, in characters.
constexpr std::size_t kSessionIdMax = 4096;

GameServerSession show_session(const Scope& scope, Slot slot) {
    const core::State& state = scope.state();
    const core::GameSession& session = state.at<core::GameSession>(slot);
    const core::Fleet& fleet = state.at<core::Fleet>(session.fleet);
    GameServerSession out;
    out.creation_time = format_utc(session.created);
    out.creator_id = session.wishes->creator_id;
    out.current_player_session_count = session.seats;
    out.dns_name = "";
    out.fleet_id = fleet.id;
    out.game_properties = show_properties(session.wishes->properties);
    out.game_server_session_data = session.wishes->session_data;
    out.game_server_session_id = state.session_id(slot);
    out.ip_address = std::string(session.address.view());
    out.matchmaker_data = session.wishes->matchmaker_data;
    out.maximum_player_session_count = session.max_players;
    out.name = std::string(session.name.view());
    out.player_session_creation_policy = core::accepts_players(state, session) ? "ACCEPT_ALL" : "DENY_ALL";
    out.port = session.port;
    out.status = to_text(session.status);
    out.status_reason = session.end->reason;
    if (!session.live()) out.termination_time = format_utc(session.end->time);
    out.instance_type = fleet.instance_type;
    out.current_custom_count = session.end->custom_current;
    out.max_custom_count = session.end->custom_maximum;
    out.availability_status = "Disable";  // an ended session is not available either
    if (session.process != kNone) {
        const core::Process& process = state.at<core::Process>(session.process);
        out.current_custom_count = process.custom_current;
        out.max_custom_count = process.custom_maximum;
        const core::Instance& instance = state.at<core::Instance>(session.instance);
        out.weight = instance.weight;
        const bool shielded = instance.status == InstanceStatus::Draining || fleet.draining ||
                              process.status == ProcessStatus::Ending || state.at<core::Host>(instance.host).silent;
        out.availability_status = shielded ? "Disable" : "Enable";
    }
    return out;
}

struct ListQuery {
    const std::optional<std::string>& fleet_id;
    const std::optional<std::string>& alias_id;
    const std::optional<std::string>& session_id;
    const std::optional<std::string>& next_token;
    const std::optional<std::string>& status_filter;
    std::uint64_t limit;
};

struct ListPage {
    std::vector<Slot> sessions;
    std::string next_token;
};

/// Sessions of a fleet in order of creation. The token is the order of the last one given, so that pages neither repeat
/// nor skip what was there all along, whatever comes and goes meanwhile.
Result<ListPage> list(const Scope& scope, const ListQuery& query) {
    const core::State& state = scope.state();
    std::optional<SessionStatus> wanted;
    if (query.status_filter && !query.status_filter->empty()) {
        SessionStatus status{};
        CHECK(from_text(*query.status_filter, status));  // the model's enum
        wanted = status;
    }
    ListPage page;
    if (query.session_id && !query.session_id->empty()) {
        const Slot slot = TRY(need_session(scope, *query.session_id));
        if (!wanted || state.at<core::GameSession>(slot).status == *wanted) page.sessions.push_back(slot);
        return page;
    }
    const bool any = (query.fleet_id && !query.fleet_id->empty()) || (query.alias_id && !query.alias_id->empty());
    if (!any) return refuse(ErrorCode::MissingParameter, "FleetId, AliasId or GameServerSessionId is required");
    const core::Fleet& fleet = state.at<core::Fleet>(TRY(fleet_or_alias(scope, query.fleet_id, query.alias_id)));
    const std::uint64_t after = TRY(read_token(scope.services, kSessionList, query.next_token));

    // Two lists, merged by order; a status that only one of them can hold reads only that one.
    const bool want_live = !wanted || *wanted == SessionStatus::Active || *wanted == SessionStatus::Activating;
    const bool want_ended = !wanted || !want_live;
    auto live = want_live ? fleet.live_sessions.upper_bound(after) : fleet.live_sessions.end();
    auto ended = want_ended ? fleet.ended_sessions.upper_bound(after) : fleet.ended_sessions.end();
    std::uint64_t last = after;
    std::size_t looked_at = 0;
    while (live != fleet.live_sessions.end() || ended != fleet.ended_sessions.end()) {
        const bool take_live =
            ended == fleet.ended_sessions.end() || (live != fleet.live_sessions.end() && live->first < ended->first);
        const auto [order, slot] = take_live ? *live++ : *ended++;
        const bool fits = !wanted || state.at<core::GameSession>(slot).status == *wanted;
        if (++looked_at > kScanMax || (fits && page.sessions.size() == query.limit)) {
            page.next_token = make_token(scope.services, kSessionList, last);
            break;
        }
        if (fits) page.sessions.push_back(slot);
        last = order;
    }
    return page;
}

/// A session as a search sees it. `id` is room for the id, which is long and made only when somebody asks for it.
SearchedSession searched(const core::State& state, Slot slot, bool with_id, std::string& id) {
    const core::GameSession& session = state.at<core::GameSession>(slot);
    if (with_id) id = state.session_id(session);
    return {.name = session.name,
            .id = id,
            .max_players = session.max_players,
            .created_ms = session.created.ms,
            .players = session.seats,
            .takes_players = core::accepts_players(state, session) && session.seats < session.max_players,
            .properties = session.wishes->properties};
}

/// What sessions are sorted by: a number or a text, and the order of creation among equals.
struct SortKey {
    std::int64_t number = 0;
    std::string text;
    std::uint64_t order = 0;
};

SortKey sort_key(const SessionSort& sort, const SearchedSession& session, std::uint64_t order) {
    SortKey key{.order = order};
    switch (sort.field) {
        case SearchField::Name: key.text = session.name.substr(0, kSortKeyMax); break;
        case SearchField::Id: key.text = session.id.substr(0, kSortKeyMax); break;
        case SearchField::MaxPlayers: key.number = session.max_players; break;
        case SearchField::Players: key.number = session.players; break;
        default: key.number = session.created_ms;
    }
    return key;
}

/// Active sessions that match, in order of creation. The token is the order of the last one looked at.
Result<ListPage> search(const Scope& scope, const core::Fleet& fleet, const SessionFilter& filter,
                        const SearchGameServerSessionsRequest& request) {
    const core::State& state = scope.state();
    const std::uint64_t after = TRY(read_token(scope.services, kSearchList, request.next_token));
    ListPage page;
    std::string id;
    std::uint64_t last = after;
    std::size_t looked_at = 0;
    for (auto it = fleet.live_sessions.upper_bound(after); it != fleet.live_sessions.end(); ++it) {
        const bool fits = state.at<core::GameSession>(it->second).status == SessionStatus::Active &&
                          filter.matches(searched(state, it->second, filter.asks_for_id(), id));
        if (++looked_at > kScanMax || (fits && page.sessions.size() == request.limit)) {
            page.next_token = make_token(scope.services, kSearchList, last);
            break;
        }
        if (fits) page.sessions.push_back(it->second);
        last = it->first;
    }
    return page;
}

/// The same, sorted: all live sessions of the fleet are looked at, and the page's own kept in a heap meanwhile. The
/// token is the last one's key, so that what comes, goes or changes elsewhere in the order disturbs no page.
Result<ListPage> search_sorted(const Scope& scope, const core::Fleet& fleet, const SessionFilter& filter,
                               const SearchGameServerSessionsRequest& request) {
    const core::State& state = scope.state();
    const SessionSort sort = TRY(SessionSort::parse(*request.sort_expression));
    const std::string list =
        fmt::format("{}/{}{}", kSearchList, static_cast<int>(sort.field), sort.descending ? "/desc" : "");
    const auto position = TRY(read_sorted_token(scope.services, list, request.next_token));
    const bool is_text = sort.field == SearchField::Name || sort.field == SearchField::Id;
    const auto before = [&](const SortKey& a, const SortKey& b) {
        const auto left = std::tie(a.number, a.text), right = std::tie(b.number, b.text);
        if (left != right) return sort.descending ? right < left : left < right;
        return a.order < b.order;
    };
    std::optional<SortKey> after;
    if (position) {
        after.emplace(SortKey{.order = position->order});
        if (is_text)
            after->text = position->key;
        else
            std::from_chars(position->key.data(), position->key.data() + position->key.size(), after->number);
    }

    struct Found {
        SortKey key;
        Slot slot;
    };
    const auto found_before = [&](const Found& a, const Found& b) { return before(a.key, b.key); };
    std::vector<Found> best;  // a heap with the last on top; one more than the page, to know whether there is another
    std::string id;
    const bool with_id = filter.asks_for_id() || sort.field == SearchField::Id;
    for (const auto& [order, slot] : fleet.live_sessions) {
        if (state.at<core::GameSession>(slot).status != SessionStatus::Active) continue;
        const SearchedSession session = searched(state, slot, with_id, id);
        Found found{sort_key(sort, session, order), slot};
        if (after && !before(*after, found.key)) continue;
        if (best.size() > request.limit && !found_before(found, best.front())) continue;
        if (!filter.matches(session)) continue;
        if (best.size() > request.limit) {
            std::pop_heap(best.begin(), best.end(), found_before);
            best.pop_back();
        }
        best.push_back(std::move(found));
        std::push_heap(best.begin(), best.end(), found_before);
    }
    std::sort_heap(best.begin(), best.end(), found_before);
    ListPage page;
    if (best.size() > request.limit) {
        best.pop_back();
        const SortKey& last = best.back().key;
        page.next_token =
            make_token(scope.services, list, {last.order, is_text ? last.text : fmt::format("{}", last.number)});
    }
    for (const Found& found : best) page.sessions.push_back(found.slot);
    return page;
}

/// The live session on that address, or the process alone.
Result<Slot> process_at(const Scope& scope, std::string_view address, std::int64_t port) {
    const core::State& state = scope.state();
    Slot found = kNone;
    state.table<core::Process>().for_each([&](Slot slot, const core::Process& process) {
        const core::Instance& instance = state.at<core::Instance>(process.instance);
        if (process.client_port == port && state.at<core::Host>(instance.host).address == address &&
            state.at<core::Fleet>(instance.fleet).region == scope.region)
            found = slot;
    });
    if (found == kNone)
        return refuse(ErrorCode::NotFound, fmt::format("No process listens on {}:{} in region {}",
                                                       address.substr(0, 100), port, scope.region));
    return found;
}

std::uint64_t request_hash(const CreateGameServerSessionRequest& request) {
    std::string text;
    encode_fields(request, text);
    return core::stable_hash(text);
}

Result<void> check_players(const Scope& scope, std::uint64_t wanted) {
    const std::uint64_t limit = std::min<std::uint64_t>(scope.step.settings().limits.players_per_session, UINT32_MAX);
    if (wanted <= limit) return {};
    return refuse(
        ErrorCode::LimitExceeded,
        fmt::format(
            "MaximumPlayerSessionCount is {}; a game server session takes {} at most (limits.players_per_session)",
            wanted, limit));
}

/// A custom id ends the session's id, which must be one that the other actions take.
Result<void> check_custom_id(const Scope& scope, Slot fleet, std::string_view custom_id) {
    if (custom_id.empty()) return {};
    core::GameSession session;
    session.fleet = fleet;
    session.key = std::string_view("00000000-00000000/");
    const std::size_t longest = kSessionIdMax - std::min(kSessionIdMax, scope.state().session_id(session).size());
    if (custom_id.size() <= longest) return {};
    return refuse(ErrorCode::InvalidParameterValue,
                  fmt::format("GameServerSessionId has {} characters; on this fleet it takes {} at most, since the id "
                              "that it ends, an ARN, takes {}",
                              custom_id.size(), longest, kSessionIdMax));
}

/// `decision` becomes why.
Result<CreateGameServerSessionResponse> create(Scope& scope, const CreateGameServerSessionRequest& request,
                                               core::Decision& decision) {
    const auto granted = [&](Slot slot) {
        decision.outcome = core::DecisionOutcome::Granted;
        decision.session = slot;
        decision.session_order = scope.state().at<core::GameSession>(slot).order;
        return CreateGameServerSessionResponse{.game_server_session = show_session(scope, slot)};
    };
    const std::string token = request.idempotency_token.value_or("");
    const std::uint64_t hash = token.empty() ? 0 : request_hash(request);
    if (!token.empty()) {
        // Before the alias is looked at: the same request returns the same session even after the alias has moved.
        if (const Slot slot = scope.state().find_idempotent(scope.region, token); slot != kNone) {
            if (scope.state().at<core::GameSession>(slot).wishes->request_hash != hash)
                return refuse(ErrorCode::InvalidParameterValue,
                              "IdempotencyToken was used by a different request; use a new one for each session");
            decision.why = "the same request, under the same IdempotencyToken, had made it before";
            return granted(slot);
        }
    }
    TRY(check_players(scope, request.maximum_player_session_count));
    if (scope.local && request.fleet_id) core::lend_hand_started(scope.step, scope.region, *request.fleet_id);
    const bool by_alias = !request.fleet_id || request.fleet_id->empty();
    const core::QueueDestination destination{.arn = {},
                                             .region = std::string(scope.region),
                                             .alias = by_alias,
                                             .id = (by_alias ? request.alias_id : request.fleet_id).value_or("")};
    core::DestinationFacts& facts = decision.destinations.emplace_back(
        core::facts_of(scope.state(), destination, core::follow(scope.state(), destination)));
    core::NewSession wanted;
    wanted.fleet = TRY(fleet_or_alias(scope, request.fleet_id, request.alias_id));
    TRY(check_custom_id(scope, wanted.fleet, request.game_server_session_id.value_or("")));
    wanted.facts = &facts;
    wanted.max_players = static_cast<std::uint32_t>(request.maximum_player_session_count);
    wanted.name = request.name.value_or("");
    wanted.wishes.creator_id = request.creator_id.value_or("");
    wanted.wishes.session_data = request.game_server_session_data.value_or("");
    wanted.custom_id = request.game_server_session_id.value_or("");
    wanted.wishes.idempotency_token = token;
    wanted.wishes.request_hash = hash;
    wanted.wishes.properties = store_properties(request.game_properties);
    const Slot slot = TRY(core::create_session(scope.step, std::move(wanted)));
    facts.chosen = true;
    return granted(slot);
}

}  // namespace

Result<CreateGameServerSessionResponse> handle(Scope& scope, const CreateGameServerSessionRequest& request) {
    core::Decision decision = begin_decision(scope);
    auto created = create(scope, request, decision);
    if (created)
        scope.state().decisions().add(std::move(decision));
    else
        refuse_decision(scope, std::move(decision), created.error());
    return created;
}

Result<DescribeGameServerSessionsResponse> handle(Scope& scope, const DescribeGameServerSessionsRequest& request) {
    ListPage found = TRY(list(scope, {request.fleet_id, request.alias_id, request.game_server_session_id,
                                      request.next_token, request.status_filter, request.limit}));
    DescribeGameServerSessionsResponse response;
    for (const Slot slot : found.sessions) response.game_server_sessions.push_back(show_session(scope, slot));
    response.next_token = std::move(found.next_token);
    return response;
}

Result<DescribeGameServerSessionDetailsResponse> handle(Scope& scope,
                                                        const DescribeGameServerSessionDetailsRequest& request) {
    ListPage found = TRY(list(scope, {request.fleet_id, request.alias_id, request.game_server_session_id,
                                      request.next_token, request.status_filter, request.limit}));
    DescribeGameServerSessionDetailsResponse response;
    for (const Slot slot : found.sessions)
        response.game_server_session_details.push_back(
            {.game_server_session = show_session(scope, slot),
             .protection_policy = std::string(to_text(scope.state().at<core::GameSession>(slot).protection))});
    response.next_token = std::move(found.next_token);
    return response;
}

/// Sessions that are ACTIVE; one that is ACTIVATING has nobody to join yet.
Result<SearchGameServerSessionsResponse> handle(Scope& scope, const SearchGameServerSessionsRequest& request) {
    const SessionFilter filter = TRY(SessionFilter::parse(request.filter_expression.value_or("")));
    const core::Fleet& fleet =
        scope.state().at<core::Fleet>(TRY(fleet_or_alias(scope, request.fleet_id, request.alias_id)));
    const bool sorted = request.sort_expression && !request.sort_expression->empty();
    ListPage found =
        sorted ? TRY(search_sorted(scope, fleet, filter, request)) : TRY(search(scope, fleet, filter, request));
    SearchGameServerSessionsResponse response;
    for (const Slot slot : found.sessions) response.game_server_sessions.push_back(show_session(scope, slot));
    response.next_token = std::move(found.next_token);
    return response;
}

Result<UpdateGameServerSessionResponse> handle(Scope& scope, const UpdateGameServerSessionRequest& request) {
    const Slot slot = TRY(need_session(scope, request.game_server_session_id));
    const core::GameSession& session = scope.state().at<core::GameSession>(slot);
    if (!session.live())
        return refuse(
            ErrorCode::Unavailable,
            fmt::format("The game server session is {}; only a live one can be changed", to_text(session.status)));
    if (request.maximum_player_session_count) {
        TRY(check_players(scope, *request.maximum_player_session_count));
        if (*request.maximum_player_session_count < session.seats)
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("MaximumPlayerSessionCount is {}, and {} players are in the session",
                                      *request.maximum_player_session_count, session.seats));
    }
    {
        auto edit = scope.state().edit<core::GameSession>(slot);
        if (request.maximum_player_session_count)
            edit->max_players = static_cast<std::uint32_t>(*request.maximum_player_session_count);
        if (request.name) edit->name = std::string_view(*request.name);
        if (request.player_session_creation_policy)
            edit->accept_all = *request.player_session_creation_policy == "ACCEPT_ALL";
        if (request.protection_policy) CHECK(from_text(*request.protection_policy, edit->protection));
    }
    if (request.protection_policy) core::renew_end(scope.step, session.process);
    return UpdateGameServerSessionResponse{.game_server_session = show_session(scope, slot)};
}

Result<EndGameServerSessionAndProcessResponse> handle(Scope& scope,
                                                      const EndGameServerSessionAndProcessRequest& request) {
    core::State& state = scope.state();
    Slot process = kNone;
    Slot session = kNone;
    if (request.game_server_session_id && !request.game_server_session_id->empty()) {
        session = TRY(need_session(scope, *request.game_server_session_id));
        if (!state.at<core::GameSession>(session).live())
            return refuse(ErrorCode::Unavailable, fmt::format("The game server session is {} already",
                                                              to_text(state.at<core::GameSession>(session).status)));
        process = state.at<core::GameSession>(session).process;
    } else if (request.ip_address && request.port) {
        process = TRY(process_at(scope, *request.ip_address, *request.port));
        session = state.at<core::Process>(process).session;
    } else {
        return refuse(ErrorCode::MissingParameter, "GameServerSessionId, or IpAddress together with Port, is required");
    }
    if (session != kNone && state.at<core::GameSession>(session).protection == ProtectionPolicy::FullProtection)
        return refuse(ErrorCode::UnsupportedOperation,
                      "The game server session has FullProtection; change it with UpdateGameServerSession first, or "
                      "let the game end it");
    // The end is decided here and now; the process only has to follow.
    if (session != kNone)
        core::end_session(scope.step, session, SessionStatus::Terminated, "ended by EndGameServerSessionAndProcess");
    core::request_end(scope.step, process, EndReason::EndedByApi);
    return EndGameServerSessionAndProcessResponse{};
}

}  // namespace gse::api
