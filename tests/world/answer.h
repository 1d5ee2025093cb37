/// An answer of the API, read by path: `answer["Alias.RoutingStrategy.FleetId"]`.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace gse::testing {

/// Values as text: strings plainly, numbers as written, `true`, `null`; the length of a list under its path and `#`.
class Answer {
public:
    explicit Answer(std::string body);

    /// Of a value inside Response; "(absent)" when there is none.
    [[nodiscard]] std::string operator[](std::string_view path) const;
    [[nodiscard]] std::size_t count(std::string_view list) const;
    [[nodiscard]] bool ok() const { return code().empty(); }
    /// "" on success.
    [[nodiscard]] std::string code() const;
    [[nodiscard]] std::string message() const;
    [[nodiscard]] const std::string& body() const { return body_; }

private:
    std::string body_;
    std::map<std::string, std::string, std::less<>> values_;
};

/// Every value of a JSON document by path, as Answer gives them.
std::map<std::string, std::string, std::less<>> flatten_json(const std::string& json);

}  // namespace gse::testing
