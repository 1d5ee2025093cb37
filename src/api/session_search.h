/// FilterExpression and SortExpression of SearchGameServerSessions. Source: [API:SearchGameServerSessions].
///
///   filter     = term { OR term }                        AND binds tighter than OR
///   term       = factor { AND factor }
///   factor     = NOT factor | "(" filter ")" | comparison
///   comparison = variable operator value                 blanks around the operator are optional
///   variable   = gameServerSessionName | gameServerSessionId | maximumSessions | creationTimeMillis |
///                playerSessionCount | hasAvailablePlayerSessions | gameServerSessionProperties.<Key>
///   operator   = "=" | "<>"  for text, and besides  ">" | ">=" | "<" | "<="  for numbers
///   value      = bare text up to a blank or parenthesis, or 'quoted text' in which '' stands for one quote
///   sort       = variable (not hasAvailable…, not a property) [ ASC | DESC ]
///
/// AND, OR, NOT, ASC and DESC are read in any capitals, variables only as written here. No exceptions, no recursion
/// deeper than kDepthMax; what is no expression is refused with the position of the first character that does not fit.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/entities.h"

namespace gse::api {

/// What a search may ask of a session. Views live as long as the session does.
struct SearchedSession {
    std::string_view name;
    std::string_view id;
    std::int64_t max_players = 0;
    std::int64_t created_ms = 0;
    std::int64_t players = 0;    ///< RESERVED and ACTIVE
    bool takes_players = false;  ///< has a free seat and accepts players
    std::span<const core::GameProperty> properties;
};

enum class SearchField : std::uint8_t { Name, Id, MaxPlayers, Created, Players, TakesPlayers, Property };

/// A parsed FilterExpression. Default-constructed it matches everything.
class SessionFilter {
public:
    static constexpr std::size_t kBytesMax = 4096;
    static constexpr int kDepthMax = 32;  ///< of parentheses and NOTs inside one another

    /// InvalidParameterValue naming the position, counted in characters from 1. Blank text matches everything.
    static Result<SessionFilter> parse(std::string_view text);

    [[nodiscard]] bool matches(const SearchedSession& session) const;
    /// Without it SearchedSession::id is not looked at.
    [[nodiscard]] bool asks_for_id() const;

private:
    friend class FilterParser;
    enum class Operator : std::uint8_t { Equal, NotEqual, Greater, GreaterOrEqual, Less, LessOrEqual };
    enum class Kind : std::uint8_t { Comparison, And, Or, Not };
    /// In reverse Polish order, so that evaluation needs a stack and no recursion.
    struct Step {
        Kind kind = Kind::Comparison;
        SearchField field = SearchField::Name;
        Operator op = Operator::Equal;
        std::string key;  ///< of a property
        std::string text;
        std::int64_t number = 0;
    };
    static bool holds(const Step& step, const SearchedSession& session);

    std::vector<Step> steps_;
};

struct SessionSort {
    SearchField field = SearchField::Created;
    bool descending = false;

    /// InvalidParameterValue naming the position. ASC unless said otherwise.
    static Result<SessionSort> parse(std::string_view text);
};

}  // namespace gse::api
