/// What clients did to a deployment that was killed meanwhile, what it looked like afterwards, and whether the second
/// can follow from the first. Pure: history_test.cpp plants mistakes that check() must find.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gse::crash {

/// Order of the moments at which clients sent something or heard an answer; all clients draw from one counter.
using Tick = std::uint64_t;
inline constexpr Tick kNever = UINT64_MAX;

enum class Outcome : std::uint8_t {
    Done,     ///< answered
    Refused,  ///< answered with an error: nothing may have changed
    Unknown,  ///< no answer: done or not, as a whole
};

struct CreatedSession {
    std::string id;
    std::string fleet;
};

/// One CreateGameServerSession by alias, with its retries under one token. The name is unique to it.
struct Create {
    std::string name;
    std::string token;                    ///< "": none, and not retried
    Outcome outcome = Outcome::Unknown;   ///< of the last try
    std::vector<CreatedSession> answers;  ///< of every try that was answered with a session
    Tick sent = 0;                        ///< first try
    Tick answered = kNever;               ///< last try
};

struct Seat {
    std::string id;
    std::string player;
    std::string session;
    std::string status;  ///< RESERVED, ACTIVE, COMPLETED, TIMEDOUT; unused in answers
};

/// One JoinGameServerSession or …Batch. The players are unique to it.
struct Join {
    std::string session;
    std::vector<std::string> players;
    Outcome outcome = Outcome::Unknown;
    std::vector<Seat> seats;
    Tick answered = kNever;
};

/// One UpdateAlias; there is one writer, which waits for each answer. In order; the first one's version is 1.
struct AliasUpdate {
    std::string fleet;
    Outcome outcome = Outcome::Unknown;
    Tick sent = 0;
    Tick answered = kNever;
};

/// One DescribeAlias that was answered, by whichever server.
struct AliasRead {
    std::size_t version = 0;  ///< whose mark the alias bore; 0: as it was made
    Tick sent = 0;
    Tick answered = 0;
};

/// A session or a seat that was looked at, by whichever server, and answered.
struct Look {
    std::string id;
    std::string status;  ///< "": it was not there
    Tick sent = 0;
    Tick answered = 0;
};

/// One EndGameServerSessionAndProcess.
struct End {
    std::string session;
    Outcome outcome = Outcome::Unknown;
    Tick sent = 0;
    Tick answered = kNever;
};

struct History {
    std::string first_fleet;  ///< of the alias
    std::vector<Create> creates;
    std::vector<Join> joins;
    std::vector<AliasUpdate> alias_updates;
    std::vector<End> ends;
    std::vector<AliasRead> alias_reads;
    std::vector<Look> session_looks;
    std::vector<Look> seat_looks;
};

struct SessionSeen {
    std::string id;
    std::string name;
    std::string fleet;
    std::string status;
    std::string address;  ///< ip:port of its process
    std::uint64_t seats_taken = 0;
    std::uint64_t seats_max = 0;
};

/// What the API says when all is quiet again.
struct Seen {
    std::string alias_fleet;
    std::vector<SessionSeen> sessions;
    std::vector<Seat> seats;
};

/// What cannot be, a line each; empty when all is well.
std::vector<std::string> check(const History& history, const Seen& seen);

}  // namespace gse::crash
