#include "crash/history.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

namespace gse::crash {
namespace {

using Complaints = std::vector<std::string>;

bool live(const SessionSeen& session) { return session.status == "ACTIVE" || session.status == "ACTIVATING"; }
bool taken(const Seat& seat) { return seat.status == "RESERVED" || seat.status == "ACTIVE"; }

/// Where the alias may have pointed between two moments: an update may have acted from when it was sent, until a later
/// one was answered.
std::set<std::string> targets(const History& history, Tick from, Tick to) {
    std::set<std::string> out;
    const auto superseded = [&](std::size_t index) {
        return std::any_of(
            history.alias_updates.begin() + static_cast<std::ptrdiff_t>(index), history.alias_updates.end(),
            [&](const AliasUpdate& later) { return later.outcome == Outcome::Done && later.answered < from; });
    };
    if (!superseded(0)) out.insert(history.first_fleet);
    for (std::size_t i = 0; i < history.alias_updates.size(); ++i) {
        const AliasUpdate& update = history.alias_updates[i];
        if (update.outcome != Outcome::Refused && update.sent < to && !superseded(i + 1)) out.insert(update.fleet);
    }
    return out;
}

void check_alias(const History& history, const Seen& seen, Complaints& out) {
    const auto allowed = targets(history, kNever, kNever);
    if (!allowed.contains(seen.alias_fleet))
        out.push_back(fmt::format("the alias points to {}, but may only point to {}", seen.alias_fleet,
                                  fmt::join(allowed, " or ")));
}

void check_creates(const History& history, const Seen& seen, Complaints& out) {
    std::map<std::string, std::vector<const SessionSeen*>> by_id, by_name;
    for (const SessionSeen& session : seen.sessions) {
        by_id[session.id].push_back(&session);
        by_name[session.name].push_back(&session);
    }
    for (const auto& [id, sessions] : by_id)
        if (sessions.size() > 1) out.push_back(fmt::format("session {} is listed {} times", id, sessions.size()));

    std::set<std::string> names;
    for (const Create& create : history.creates) {
        names.insert(create.name);
        const auto& found = by_name[create.name];
        if (found.size() > 1) out.push_back(fmt::format("{} exists {} times", create.name, found.size()));
        if (create.outcome == Outcome::Refused && !found.empty())
            out.push_back(fmt::format("{} was refused, and exists", create.name));
        const auto allowed = targets(history, create.sent, create.answered);
        for (const CreatedSession& answer : create.answers) {
            if (answer.id != create.answers.front().id)
                out.push_back(fmt::format("{}: token {} named {} first and {} later", create.name, create.token,
                                          create.answers.front().id, answer.id));
            const auto same = by_id.find(answer.id);
            if (same == by_id.end())
                out.push_back(fmt::format("{} was answered with {}, which is lost", create.name, answer.id));
            else if (same->second.front()->name != create.name || same->second.front()->fleet != answer.fleet)
                out.push_back(fmt::format("{} ({}) has become {} of {}", answer.id, create.name,
                                          same->second.front()->name, same->second.front()->fleet));
            if (!allowed.contains(answer.fleet))
                out.push_back(fmt::format("{} went to {} while the alias pointed to {}", create.name, answer.fleet,
                                          fmt::join(allowed, " or ")));
        }
    }
    for (const auto& [name, sessions] : by_name)
        if (!sessions.empty() && !names.contains(name))
            out.push_back(fmt::format("session {} was asked for by nobody", name));
}

void check_ends(const History& history, const Seen& seen, Complaints& out) {
    std::map<std::string, Outcome> ends;  // several tries for one session: any that was answered counts
    for (const End& end : history.ends) {
        const auto [at, fresh] = ends.try_emplace(end.session, end.outcome);
        if (!fresh && (end.outcome == Outcome::Done || at->second == Outcome::Refused)) at->second = end.outcome;
    }
    std::map<std::string, std::string> processes;
    for (const SessionSeen& session : seen.sessions) {
        const auto end = ends.find(session.id);
        const bool may_be_over = end != ends.end() && end->second != Outcome::Refused;
        if (live(session)) {
            if (end != ends.end() && end->second == Outcome::Done)
                out.push_back(fmt::format("{} was ended, and lives", session.id));
            if (const auto [at, fresh] = processes.try_emplace(session.address, session.id); !fresh)
                out.push_back(fmt::format("the process at {} has two sessions: {} and {}", session.address, at->second,
                                          session.id));
        } else if (!may_be_over) {
            out.push_back(fmt::format("{} is {}, and nobody ended it", session.id, session.status));
        }
        if (session.status == "ACTIVATING") out.push_back(fmt::format("{} never became ACTIVE", session.id));
    }
}

void check_seats(const History& history, const Seen& seen, Complaints& out) {
    std::map<std::string, const Seat*> by_id;
    std::map<std::string, std::vector<const Seat*>> by_player;
    std::map<std::string, std::uint64_t> taken_in;
    for (const Seat& seat : seen.seats) {
        if (!by_id.try_emplace(seat.id, &seat).second) out.push_back(fmt::format("seat {} was given twice", seat.id));
        by_player[seat.player].push_back(&seat);
        taken_in[seat.session] += taken(seat);
    }
    for (const SessionSeen& session : seen.sessions) {
        const std::uint64_t count = taken_in[session.id];
        if (count > session.seats_max)
            out.push_back(fmt::format("{} has {} of {} seats taken", session.id, count, session.seats_max));
        if (live(session) && count != session.seats_taken)
            out.push_back(
                fmt::format("{} says {} seats are taken, and lists {}", session.id, session.seats_taken, count));
    }
    std::set<std::string> players;
    for (const Join& join : history.joins) {
        std::size_t seated = 0;
        for (const std::string& player : join.players) {
            players.insert(player);
            const auto& seats = by_player[player];
            seated += !seats.empty();
            if (seats.size() > 1) out.push_back(fmt::format("player {} has {} seats", player, seats.size()));
            for (const Seat* seat : seats)
                if (seat->session != join.session)
                    out.push_back(
                        fmt::format("player {} sits in {} instead of {}", player, seat->session, join.session));
        }
        if (join.outcome == Outcome::Refused && seated > 0)
            out.push_back(fmt::format("{} was refused, and has a seat", join.players.front()));
        if (join.outcome == Outcome::Unknown && seated != 0 && seated != join.players.size())
            out.push_back(fmt::format("{} of the {} players of one batch have seats", seated, join.players.size()));
        if (join.outcome != Outcome::Done) continue;
        if (join.seats.size() != join.players.size())
            out.push_back(
                fmt::format("{} players joined at once and got {} seats", join.players.size(), join.seats.size()));
        for (const Seat& seat : join.seats) {
            const auto found = by_id.find(seat.id);
            if (found == by_id.end())
                out.push_back(fmt::format("seat {} of {} is lost", seat.id, seat.player));
            else if (found->second->player != seat.player || found->second->session != join.session)
                out.push_back(
                    fmt::format("seat {} of {} has become {}'s", seat.id, seat.player, found->second->player));
        }
    }
    for (const auto& [player, seats] : by_player)
        if (!seats.empty() && !players.contains(player))
            out.push_back(fmt::format("player {} never joined, and has a seat", player));
}

}  // namespace

std::vector<std::string> check(const History& history, const Seen& seen) {
    Complaints out;
    check_alias(history, seen, out);
    check_creates(history, seen, out);
    check_ends(history, seen, out);
    check_seats(history, seen, out);
    return out;
}

}  // namespace gse::crash
