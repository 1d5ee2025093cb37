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

/// The reads of the alias must fit into one order with its updates, in which what ended before something else began
/// stands before it. Every update leaves a mark of its own, so that two facts decide (Gibbons and Korach, 1997): for
/// each version, what lies between the first end and the last begin of all that has to do with it. If some of that
/// time there is no other version may have such a time within it; an unanswered update counts from when it was read.
void check_alias_reads(const History& history, Complaints& out) {
    struct Zone {
        bool there = false;
        Tick first_end = kNever;
        Tick last_begin = 0;
    };
    std::vector<Zone> zones(history.alias_updates.size() + 1);
    const auto add = [&](std::size_t version, Tick sent, Tick answered) {
        Zone& zone = zones[version];
        zone.there = true;
        zone.first_end = std::min(zone.first_end, answered);
        zone.last_begin = std::max(zone.last_begin, sent);
    };
    add(0, 0, 0);
    for (std::size_t i = 0; i < history.alias_updates.size(); ++i) {
        const AliasUpdate& update = history.alias_updates[i];
        if (update.outcome == Outcome::Done) add(i + 1, update.sent, update.answered);
    }
    for (const AliasRead& read : history.alias_reads) {
        if (read.version >= zones.size()) {
            out.push_back(fmt::format("the alias was read with version {}, which nobody wrote", read.version));
            continue;
        }
        if (read.version > 0) {
            const AliasUpdate& update = history.alias_updates[read.version - 1];
            if (update.outcome == Outcome::Refused)
                out.push_back(fmt::format("the alias was read with version {}, which was refused", read.version));
            if (read.answered < update.sent)
                out.push_back(fmt::format("the alias was read with version {} before it was sent", read.version));
            if (update.outcome == Outcome::Unknown) add(read.version, update.sent, kNever);
        }
        add(read.version, read.sent, read.answered);
    }
    for (std::size_t a = 0; a < zones.size(); ++a) {
        if (!zones[a].there || zones[a].first_end >= zones[a].last_begin) continue;
        for (std::size_t b = 0; b < zones.size(); ++b) {
            if (a == b || !zones[b].there) continue;
            const bool both = zones[b].first_end < zones[b].last_begin;
            if (both && b < a) continue;  // said once
            if (zones[a].first_end < zones[b].last_begin && zones[b].first_end < zones[a].last_begin)
                out.push_back(fmt::format("reads of the alias went back: versions {} and {} fit into no one order",
                                          std::min(a, b), std::max(a, b)));
        }
    }
}

int rank_of(const std::string& status) {
    if (status.empty()) return 0;
    if (status == "ACTIVATING" || status == "RESERVED") return 1;
    if (status == "ACTIVE") return 2;
    return 3;  // over
}

/// One session's or seat's looks, by when they were sent: what a later one saw lies not before what an earlier one had
/// seen when it was answered. `known_at`: it was there from then on; `over_at`: it was over from then on.
void check_looks(const std::vector<Look>& looks, const std::map<std::string, Tick>& known_at,
                 const std::map<std::string, Tick>& over_at, const char* what, Complaints& out) {
    std::map<std::string, std::vector<const Look*>> by_id;
    for (const Look& look : looks) by_id[look.id].push_back(&look);
    for (auto& [id, all] : by_id) {
        std::vector<const Look*> by_end = all;
        std::ranges::sort(all, {}, [](const Look* look) { return look->sent; });
        std::ranges::sort(by_end, {}, [](const Look* look) { return look->answered; });
        int before = 0;
        std::size_t ended = 0;
        for (const Look* look : all) {
            for (; ended < by_end.size() && by_end[ended]->answered < look->sent; ++ended)
                before = std::max(before, rank_of(by_end[ended]->status));
            if (const auto known = known_at.find(id); known != known_at.end() && known->second < look->sent)
                before = std::max(before, 1);
            if (const auto over = over_at.find(id); over != over_at.end() && over->second < look->sent) before = 3;
            if (rank_of(look->status) < before)
                out.push_back(fmt::format("{} {} went back: seen {} after it was further", what, id,
                                          look->status.empty() ? "nowhere" : look->status));
        }
    }
}

void check_all_looks(const History& history, Complaints& out) {
    std::map<std::string, Tick> sessions, ended, seats;
    const auto earliest = [](std::map<std::string, Tick>& at, const std::string& id, Tick tick) {
        const auto [entry, fresh] = at.try_emplace(id, tick);
        if (!fresh) entry->second = std::min(entry->second, tick);
    };
    for (const Create& create : history.creates)
        if (create.outcome == Outcome::Done && !create.answers.empty())
            earliest(sessions, create.answers.front().id, create.answered);
    for (const Join& join : history.joins)
        if (join.outcome == Outcome::Done)
            for (const Seat& seat : join.seats) earliest(seats, seat.id, join.answered);
    for (const End& end : history.ends)
        if (end.outcome == Outcome::Done) earliest(ended, end.session, end.answered);
    check_looks(history.session_looks, sessions, ended, "session", out);
    check_looks(history.seat_looks, seats, {}, "seat", out);
}

}  // namespace

std::vector<std::string> check(const History& history, const Seen& seen) {
    Complaints out;
    check_alias_reads(history, out);
    check_all_looks(history, out);
    check_alias(history, seen, out);
    check_creates(history, seen, out);
    check_ends(history, seen, out);
    check_seats(history, seen, out);
    return out;
}

}  // namespace gse::crash
