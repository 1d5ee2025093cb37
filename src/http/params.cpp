#include "http/params.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <unordered_set>

#include "base/url.h"

namespace gse::http {

Result<codec::FlatParams> decode_form(std::string_view text) {
    codec::FlatParams parameters;
    while (!text.empty()) {
        const auto ampersand = text.find('&');
        const std::string_view pair = text.substr(0, ampersand);
        text = ampersand == std::string_view::npos ? std::string_view{} : text.substr(ampersand + 1);
        if (pair.empty()) continue;
        if (parameters.size() == kParametersMax) {
            return refuse(ErrorCode::RequestTooLarge, fmt::format("a request may have {} parameters", kParametersMax));
        }
        const auto equals = pair.find('=');
        auto name = url_decode(pair.substr(0, equals), UrlPart::Query);
        auto value =
            url_decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), UrlPart::Query);
        if (!name || !value) {
            return refuse(ErrorCode::InvalidParameter,
                          "a % in the parameters is not followed by two hexadecimal digits; write it as %25");
        }
        parameters.emplace_back(*std::move(name), *std::move(value));
    }
    std::unordered_set<std::string_view> seen;
    for (const auto& [name, value] : parameters) {
        if (!seen.insert(name).second) {
            return refuse(ErrorCode::InvalidParameter, fmt::format("the parameter {} is given twice", name));
        }
    }
    return parameters;
}

}  // namespace gse::http
