#include "api/session_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace gse::api {
namespace {

struct Variable {
    std::string_view name;
    SearchField field;
    bool number = false;
};
constexpr std::array kVariables = {
    Variable{"gameServerSessionName", SearchField::Name},
    Variable{"gameServerSessionId", SearchField::Id},
    Variable{"maximumSessions", SearchField::MaxPlayers, true},
    Variable{"creationTimeMillis", SearchField::Created, true},
    Variable{"playerSessionCount", SearchField::Players, true},
    Variable{"hasAvailablePlayerSessions", SearchField::TakesPlayers},
};
constexpr std::string_view kProperties = "gameServerSessionProperties.";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_operator(char c) { return c == '=' || c == '<' || c == '>' || c == '!'; }

bool is_word(std::string_view text, std::string_view upper) {
    return std::equal(text.begin(), text.end(), upper.begin(), upper.end(),
                      [](char c, char u) { return c == u || (c >= 'a' && c <= 'z' && c - 'a' + 'A' == u); });
}
bool is_keyword(std::string_view text) { return is_word(text, "AND") || is_word(text, "OR") || is_word(text, "NOT"); }

/// Reads an expression from the left; positions are told in characters, not bytes.
class Scanner {
public:
    Scanner(std::string_view parameter, std::string_view text) : parameter_(parameter), text_(text) {}

    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    }
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
    [[nodiscard]] std::size_t position() const { return at_; }
    void advance(std::size_t bytes) { at_ += bytes; }
    bool take(char c) {
        if (at_end() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    /// What comes up to a blank, a parenthesis or, before a value, an operator; without taking it.
    [[nodiscard]] std::string_view word(bool ends_at_operator) const {
        std::size_t end = at_;
        while (end < text_.size() && !is_blank(text_[end]) && text_[end] != '(' && text_[end] != ')' &&
               !(ends_at_operator && is_operator(text_[end])))
            ++end;
        return text_.substr(at_, end - at_);
    }

    /// 'text', with '' for a quote inside; stands at the first quote.
    Result<std::string> quoted() {
        const std::size_t start = at_++;
        std::string value;
        for (;;) {
            const std::size_t quote = text_.find('\'', at_);
            if (quote == std::string_view::npos) return refused(start, "the quote that opens here is never closed");
            value += text_.substr(at_, quote - at_);
            at_ = quote + 1;
            if (!take('\'')) return value;
            value += '\'';
        }
    }

    /// `what` is wrong at byte `at`.
    [[nodiscard]] std::unexpected<Error> refused(std::size_t at, std::string_view what) const {
        const auto characters = static_cast<std::size_t>(
            std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at),
                          [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("{}, character {}: {}", parameter_, characters + 1, what));
    }

    /// For messages: `'word'`, or that the text ends there.
    [[nodiscard]] std::string found() const {
        if (at_end()) return "the end of the text";
        const std::string_view here = word(true);
        if (!here.empty()) return shown(here);
        return shown(text_.substr(at_, 1));
    }
    /// Never cuts a character of several bytes in two, and lets no control character through.
    static std::string shown(std::string_view text) {
        std::size_t end = std::min<std::size_t>(text.size(), 40);
        while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
        std::string out = "'";
        for (const char c : text.substr(0, end)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
        return out + (end < text.size() ? "…'" : "'");
    }

private:
    std::string_view parameter_;
    std::string_view text_;
    std::size_t at_ = 0;
};

std::string variable_names() {
    std::string out;
    for (const Variable& variable : kVariables) out += fmt::format("{}, ", variable.name);
    return out + "gameServerSessionProperties.<Key>";
}

}  // namespace

/// Recursive descent; the depth is bounded before each call of itself.
class FilterParser {
public:
    explicit FilterParser(std::string_view text) : in_("FilterExpression", text) {}

    Result<SessionFilter> run() {
        in_.skip_blanks();
        if (in_.at_end()) return std::move(filter_);
        TRY(parse_or(0));
        if (!in_.at_end())
            return in_.refused(in_.position(),
                               in_.peek() == ')'
                                   ? std::string("this parenthesis closes none")
                                   : fmt::format("AND, OR or the end is expected here, not {}", in_.found()));
        return std::move(filter_);
    }

private:
    using Filter = SessionFilter;

    bool take_keyword(std::string_view upper) {
        const std::string_view here = in_.word(true);
        if (!is_word(here, upper)) return false;
        in_.advance(here.size());
        in_.skip_blanks();
        return true;
    }
    void push(Filter::Kind kind) { filter_.steps_.emplace_back().kind = kind; }

    Result<void> parse_or(int depth) {
        TRY(parse_and(depth));
        while (take_keyword("OR")) {
            TRY(parse_and(depth));
            push(Filter::Kind::Or);
        }
        return {};
    }
    Result<void> parse_and(int depth) {
        TRY(parse_factor(depth));
        while (take_keyword("AND")) {
            TRY(parse_factor(depth));
            push(Filter::Kind::And);
        }
        return {};
    }
    Result<void> parse_factor(int depth) {
        const std::size_t start = in_.position();
        if (depth >= Filter::kDepthMax)
            return in_.refused(start, fmt::format("parentheses and NOTs stand more than {} deep inside one another",
                                                  Filter::kDepthMax));
        if (take_keyword("NOT")) {
            TRY(parse_factor(depth + 1));
            push(Filter::Kind::Not);
            return {};
        }
        if (in_.take('(')) {
            in_.skip_blanks();
            TRY(parse_or(depth + 1));
            if (!in_.take(')'))
                return in_.at_end() ? in_.refused(start, "the parenthesis that opens here is never closed")
                                    : in_.refused(in_.position(),
                                                  fmt::format("AND, OR or ) is expected here, not {}", in_.found()));
            in_.skip_blanks();
            return {};
        }
        return parse_comparison();
    }

    Result<void> parse_comparison() {
        Filter::Step step;
        const bool number = TRY(parse_variable(step));
        in_.skip_blanks();
        const std::size_t op_at = in_.position();
        const std::string_view op = TRY(parse_operator(step));
        if (!number && step.op != Filter::Operator::Equal && step.op != Filter::Operator::NotEqual)
            return in_.refused(op_at, fmt::format("text is compared with = and <> only, not with {}", op));
        in_.skip_blanks();
        const std::size_t value_at = in_.position();
        if (in_.peek() == '\'') {
            step.text = TRY(in_.quoted());
        } else {
            const std::string_view bare = in_.word(false);
            if (bare.empty() || is_keyword(bare))
                return in_.refused(
                    value_at, fmt::format("a value is expected here, not {}; put text in single quotes", in_.found()));
            if (bare.find_first_of("'\"") != std::string_view::npos)
                return in_.refused(value_at, fmt::format("{} is no bare value; put text in single quotes, and write a "
                                                         "quote inside it twice",
                                                         Scanner::shown(bare)));
            step.text = bare;
            in_.advance(bare.size());
        }
        if (number) {
            const char* const end = step.text.data() + step.text.size();
            const auto [read, error] = std::from_chars(step.text.data(), end, step.number);
            if (error != std::errc{} || read != end)
                return in_.refused(value_at, fmt::format("{} is no whole number, which this variable is compared with",
                                                         Scanner::shown(step.text)));
            step.text.clear();
        } else if (step.field == SearchField::TakesPlayers && step.text != "true" && step.text != "false") {
            return in_.refused(value_at, fmt::format("hasAvailablePlayerSessions is true or false, not {}",
                                                     Scanner::shown(step.text)));
        }
        filter_.steps_.push_back(std::move(step));
        in_.skip_blanks();
        return {};
    }

    /// Whether it is a number.
    Result<bool> parse_variable(Filter::Step& step) {
        const std::size_t start = in_.position();
        const std::string_view name = in_.word(true);
        if (name.starts_with(kProperties)) {
            step.field = SearchField::Property;
            step.key = name.substr(kProperties.size());
            in_.advance(kProperties.size());
            if (in_.peek() == '\'')
                step.key = TRY(in_.quoted());
            else
                in_.advance(step.key.size());
            if (step.key.empty())
                return in_.refused(start, "the key of the property is missing: gameServerSessionProperties.<Key>");
            return false;
        }
        const auto known = std::find_if(kVariables.begin(), kVariables.end(),
                                        [&](const Variable& variable) { return variable.name == name; });
        if (known == kVariables.end())
            return in_.refused(start, fmt::format("{} is no variable; there are {}", in_.found(), variable_names()));
        step.field = known->field;
        in_.advance(name.size());
        return known->number;
    }

    Result<std::string_view> parse_operator(Filter::Step& step) {
        using enum Filter::Operator;
        struct Word {
            std::string_view text;
            Filter::Operator op;
        };
        // The longer before those that they begin with.
        static constexpr std::array kOperators = {Word{"<>", NotEqual},    Word{">=", GreaterOrEqual},
                                                  Word{"<=", LessOrEqual}, Word{"=", Equal},
                                                  Word{">", Greater},      Word{"<", Less}};
        for (const Word& word : kOperators) {
            Scanner ahead = in_;
            if (!std::all_of(word.text.begin(), word.text.end(), [&](char c) { return ahead.take(c); })) continue;
            in_ = ahead;
            if (is_operator(in_.peek())) break;
            step.op = word.op;
            return word.text;
        }
        return in_.refused(in_.position(),
                           fmt::format("one of =, <>, >, >=, <, <= is expected here, not {}", in_.found()));
    }

    Scanner in_;
    SessionFilter filter_;
};

Result<SessionFilter> SessionFilter::parse(std::string_view text) {
    if (text.size() > kBytesMax)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("FilterExpression has {} bytes; it may have {}", text.size(), kBytesMax));
    return FilterParser(text).run();
}

bool SessionFilter::holds(const Step& step, const SearchedSession& session) {
    const auto text = [&](std::string_view value) { return (value == step.text) == (step.op == Operator::Equal); };
    const auto number = [&](std::int64_t value) {
        switch (step.op) {
            case Operator::Equal: return value == step.number;
            case Operator::NotEqual: return value != step.number;
            case Operator::Greater: return value > step.number;
            case Operator::GreaterOrEqual: return value >= step.number;
            case Operator::Less: return value < step.number;
            case Operator::LessOrEqual: return value <= step.number;
        }
        return false;
    };
    switch (step.field) {
        case SearchField::Name: return text(session.name);
        case SearchField::Id: return text(session.id);
        case SearchField::MaxPlayers: return number(session.max_players);
        case SearchField::Created: return number(session.created_ms);
        case SearchField::Players: return number(session.players);
        case SearchField::TakesPlayers: return text(session.takes_players ? "true" : "false");
        case SearchField::Property: break;
    }
    // A key that the session has not equals nothing, so that <> is the opposite of = here too.
    const bool equal = std::any_of(
        session.properties.begin(), session.properties.end(),
        [&](const core::GameProperty& property) { return property.key == step.key && property.value == step.text; });
    return equal == (step.op == Operator::Equal);
}

bool SessionFilter::matches(const SearchedSession& session) const {
    if (steps_.empty()) return true;
    std::vector<bool> stack;
    for (const Step& step : steps_) {
        if (step.kind == Kind::Comparison) {
            stack.push_back(holds(step, session));
            continue;
        }
        const bool last = stack.back();
        if (step.kind == Kind::Not) {
            stack.back() = !last;
            continue;
        }
        stack.pop_back();
        stack.back() = step.kind == Kind::And ? stack.back() && last : stack.back() || last;
    }
    return stack.back();
}

bool SessionFilter::asks_for_id() const {
    return std::any_of(steps_.begin(), steps_.end(),
                       [](const Step& step) { return step.kind == Kind::Comparison && step.field == SearchField::Id; });
}

Result<SessionSort> SessionSort::parse(std::string_view text) {
    Scanner in("SortExpression", text);
    in.skip_blanks();
    const std::size_t start = in.position();
    const std::string_view name = in.word(false);
    const auto known = std::find_if(kVariables.begin(), kVariables.end(), [&](const Variable& variable) {
        return variable.name == name && variable.field != SearchField::TakesPlayers;
    });
    if (known == kVariables.end())
        return in.refused(start, fmt::format("{} is nothing that sessions are sorted by; there are "
                                             "gameServerSessionName, gameServerSessionId, maximumSessions, "
                                             "creationTimeMillis and playerSessionCount",
                                             in.found()));
    in.advance(name.size());
    in.skip_blanks();
    SessionSort sort{.field = known->field};
    const std::string_view direction = in.word(false);
    sort.descending = is_word(direction, "DESC");
    if (sort.descending || is_word(direction, "ASC")) in.advance(direction.size());
    in.skip_blanks();
    if (!in.at_end())
        return in.refused(in.position(), fmt::format("ASC, DESC or the end is expected here, not {}", in.found()));
    return sort;
}

}  // namespace gse::api
