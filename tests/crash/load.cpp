#include "crash/load.h"

#include <algorithm>
#include <set>

#include "base/rng.h"

namespace gse::crash {
namespace {

constexpr Millis kBetweenRequests{2};
constexpr Millis kBetweenMoves{15};
constexpr Millis kAfterFailure{25};
/// Of one request that nobody answers: by then the deployment is up again, or the test has failed.
constexpr int kTriesMax = 2'000;
constexpr Millis kCallTime{10'000};

Outcome outcome_of(const client::ApiError& error) {
    return e2e::unanswered(error) ? Outcome::Unknown : Outcome::Refused;
}

/// This try has changed nothing; the one before it may have.
bool was_not_tried(const client::ApiError& error) { return error.code.starts_with("InternalError"); }

/// One client: it keeps to a server until that does not answer, or says that it can do nothing.
class AnyApi {
public:
    AnyApi(const LoadTarget& target, std::size_t first) {
        apis_.emplace_back(target.http, kCallTime);
        for (const std::string& other : target.others) apis_.emplace_back(other, kCallTime);
        at_ = first % apis_.size();
    }
    template <class Request>
    auto call(const Request& request) {
        auto answer = apis_[at_].call(request);
        if (!answer && (e2e::unanswered(answer.error()) || was_not_tried(answer.error()))) go_on();
        return answer;
    }
    void go_on() { at_ = (at_ + 1) % apis_.size(); }

private:
    std::vector<e2e::Api> apis_;
    std::size_t at_ = 0;
};

bool is_not_there(const client::ApiError& error) { return error.code.starts_with("ResourceNotFound"); }

/// The mark that an update leaves on the alias.
std::string mark_of(std::size_t version) { return fmt::format("version {}", version); }
std::size_t version_of(const std::string& mark) {
    return mark.starts_with("version ") ? std::stoul(mark.substr(8)) : 0;
}

}  // namespace

Load::Load(LoadTarget target, History& history, std::atomic<Tick>& clock, const std::string& tag, std::uint64_t seed)
    : target_(std::move(target)), history_(history), clock_(clock), tag_(tag) {
    start([this, seed] { create(0, seed, true); });
    start([this, seed] { create(1, seed + 1, false); });
    start([this, seed] { join(seed + 2); });
    start([this] { move_alias(); });
    start([this, seed] { end(seed + 3); });
    if (!target_.looks) return;
    start([this, seed] { look(seed + 4); });
    start([this, seed] { look(seed + 5); });
}

Load::~Load() { stop(); }

template <class F>
void Load::start(F run) {
    threads_.emplace_back(std::move(run));
}

void Load::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stop_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

bool Load::rest(Millis moment) {
    std::unique_lock lock(mutex_);
    return !stop_.wait_for(lock, moment, [this] { return stopping_; });
}

void Load::create(int client, std::uint64_t seed, bool with_tokens) {
    AnyApi api(target_, static_cast<std::size_t>(client));
    SeededRng rng(seed);
    for (int number = 0; rest(kBetweenRequests); ++number) {
        Create entry{.name = fmt::format("{}-{}-{}", tag_, client, number)};
        if (with_tokens) entry.token = "token-" + entry.name;
        api::CreateGameServerSessionRequest request{
            .maximum_player_session_count = target_.seats, .alias_id = target_.alias, .name = entry.name};
        if (with_tokens) request.idempotency_token = entry.token;
        entry.sent = ++clock_;
        // A client that heard nothing asks again; now and then also one that did hear.
        for (int tries = 0; tries < kTriesMax; ++tries) {
            const auto answer = api.call(request);
            entry.answered = ++clock_;
            if (answer) {
                ++answered_;
                entry.outcome = Outcome::Done;
                entry.answers.push_back(
                    {answer->game_server_session->game_server_session_id, answer->game_server_session->fleet_id});
                if (with_tokens && entry.answers.size() == 1 && rng.chance(0.3)) continue;
                break;
            }
            if (!entry.answers.empty() && !e2e::unanswered(answer.error())) {
                // A refusal of what was granted before would be found as "refused, and exists".
                entry.outcome = Outcome::Refused;
                break;
            }
            entry.outcome = outcome_of(answer.error());
            if ((entry.outcome == Outcome::Refused && !was_not_tried(answer.error())) || !with_tokens) break;
            (void)rest(kAfterFailure);
        }
        if (entry.outcome == Outcome::Unknown) entry.answered = kNever;
        const bool failed = entry.outcome != Outcome::Done;
        {
            const std::lock_guard lock(mutex_);
            history_.creates.push_back(std::move(entry));
        }
        if (failed && !rest(kAfterFailure)) return;
    }
}

void Load::join(std::uint64_t seed) {
    AnyApi api(target_, 2);
    SeededRng rng(seed);
    for (int number = 0; rest(kBetweenRequests); ++number) {
        Join entry;
        {
            const std::lock_guard lock(mutex_);
            std::vector<std::string> newest;
            for (auto create = history_.creates.rbegin();
                 create != history_.creates.rend() && newest.size() < target_.live_max; ++create)
                if (!create->answers.empty()) newest.push_back(create->answers.front().id);
            if (newest.empty()) continue;
            entry.session = newest[rng.below(newest.size())];
        }
        const std::int64_t players = rng.between(1, 4);
        for (std::int64_t i = 0; i < players; ++i)
            entry.players.push_back(fmt::format("{}-player-{}-{}", tag_, number, i));
        bool doubtful = false;  // some try was not answered
        for (int tries = 0; tries < kTriesMax; ++tries) {
            client::ApiResult<std::vector<api::PlayerSession>> seats;
            if (players == 1) {
                auto answer = api.call(api::JoinGameServerSessionRequest{.game_server_session_id = entry.session,
                                                                         .player_id = entry.players.front()});
                if (answer)
                    seats = std::vector{std::move(*answer->player_session)};
                else
                    seats = std::unexpected(answer.error());
            } else {
                auto answer = api.call(api::JoinGameServerSessionBatchRequest{.game_server_session_id = entry.session,
                                                                              .player_ids = entry.players});
                if (answer)
                    seats = std::move(answer->player_sessions);
                else
                    seats = std::unexpected(answer.error());
            }
            if (seats) {
                ++answered_;
                entry.outcome = Outcome::Done;
                entry.answered = ++clock_;
                for (const auto& seat : *seats)
                    entry.seats.push_back(
                        {seat.player_session_id, seat.player_id.value_or(""), seat.game_server_session_id, ""});
                break;
            }
            entry.outcome = outcome_of(seats.error());
            if (entry.outcome == Outcome::Refused) break;
            doubtful = true;
            if (!rest(kAfterFailure)) break;
        }
        // It may have sat down unheard, and the session have ended before it asked again.
        if (doubtful && entry.outcome == Outcome::Refused) entry.outcome = Outcome::Unknown;
        const std::lock_guard lock(mutex_);
        history_.joins.push_back(std::move(entry));
    }
}

void Load::move_alias() {
    AnyApi api(target_, 0);
    for (std::size_t number = 0; rest(kBetweenMoves); ++number) {
        AliasUpdate entry{.fleet = target_.fleets[number % target_.fleets.size()], .sent = ++clock_};
        std::size_t index = 0;
        {
            const std::lock_guard lock(mutex_);
            index = history_.alias_updates.size();
            history_.alias_updates.push_back(entry);
        }
        const auto answer = api.call(api::UpdateAliasRequest{
            .alias_id = target_.alias,
            .description = mark_of(index + 1),
            .routing_strategy = api::RoutingStrategy{.type = "SIMPLE", .fleet_id = entry.fleet}});
        const std::lock_guard lock(mutex_);
        AliasUpdate& kept = history_.alias_updates[index];
        if (answer) {
            kept.outcome = Outcome::Done;
            kept.answered = ++clock_;
            ++answered_;
        } else {
            kept.outcome = outcome_of(answer.error());
        }
    }
}

void Load::end(std::uint64_t seed) {
    AnyApi api(target_, 1);
    SeededRng rng(seed);
    while (rest(kBetweenRequests)) {
        End entry;
        {
            const std::lock_guard lock(mutex_);
            std::set<std::string> tried, over;
            for (const End& end : history_.ends) {
                // A refusal after a request nobody heard of says that the session is over already.
                if (end.outcome == Outcome::Done || (end.outcome == Outcome::Refused && tried.contains(end.session)))
                    over.insert(end.session);
                if (end.outcome == Outcome::Unknown) tried.insert(end.session);
            }
            std::vector<std::string> live;
            for (const Create& create : history_.creates)
                if (!create.answers.empty() && !over.contains(create.answers.front().id))
                    live.push_back(create.answers.front().id);
            if (live.size() <= target_.live_max) continue;
            entry.session = live[rng.below(live.size() - target_.live_max)];
        }
        entry.sent = ++clock_;
        const auto answer =
            api.call(api::EndGameServerSessionAndProcessRequest{.game_server_session_id = entry.session});
        entry.outcome = answer ? Outcome::Done : outcome_of(answer.error());
        entry.answered = ++clock_;
        answered_ += answer.has_value();
        const bool unheard = entry.outcome != Outcome::Done;
        {
            const std::lock_guard lock(mutex_);
            history_.ends.push_back(std::move(entry));
        }
        if (unheard) (void)rest(kAfterFailure);
    }
}

/// Asks one server after another for the alias, a session and a seat that somebody was told of.
void Load::look(std::uint64_t seed) {
    AnyApi api(target_, seed);
    SeededRng rng(seed);
    while (rest(kBetweenRequests)) {
        api.go_on();
        AliasRead read{.sent = ++clock_};
        if (const auto alias = api.call(api::DescribeAliasRequest{.alias_id = target_.alias})) {
            read.answered = ++clock_;
            read.version = version_of(alias->alias->description.value_or(""));
            const std::lock_guard lock(mutex_);
            history_.alias_reads.push_back(read);
        }
        Look session, seat;
        {
            const std::lock_guard lock(mutex_);
            constexpr std::uint64_t kNewest = 20;
            const auto any_of_the_newest = [&](const auto& all) {
                return all.rbegin() +
                       static_cast<std::ptrdiff_t>(rng.below(std::min<std::uint64_t>(kNewest, all.size())));
            };
            if (!history_.creates.empty())
                if (const auto create = any_of_the_newest(history_.creates); !create->answers.empty())
                    session.id = create->answers.front().id;
            if (!history_.joins.empty())
                if (const auto join = any_of_the_newest(history_.joins); !join->seats.empty())
                    seat.id = join->seats.front().id;
        }
        if (!session.id.empty()) {
            session.sent = ++clock_;
            const auto found = api.call(api::DescribeGameServerSessionsRequest{.game_server_session_id = session.id});
            session.answered = ++clock_;
            const bool known = found && !found->game_server_sessions.empty();
            if (known) session.status = found->game_server_sessions.front().status;
            const std::lock_guard lock(mutex_);
            if (found || is_not_there(found.error())) history_.session_looks.push_back(session);
        }
        if (!seat.id.empty()) {
            seat.sent = ++clock_;
            const auto found = api.call(api::DescribePlayerSessionsRequest{.player_session_id = seat.id});
            seat.answered = ++clock_;
            if (found && !found->player_sessions.empty()) seat.status = found->player_sessions.front().status;
            const std::lock_guard lock(mutex_);
            if (found || is_not_there(found.error())) history_.seat_looks.push_back(seat);
        }
    }
}

}  // namespace gse::crash
