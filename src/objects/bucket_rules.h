/// What browsers of other origins may do with the objects of a bucket (CORS). Source: [API:UpdateBucketCORSOpt].
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gse::objects {

struct CorsRule {
    std::vector<std::string> origins;  ///< `*`, or `https://example.com` with at most one `*` in it
    std::vector<std::string> methods;  ///< PUT, GET, POST, HEAD
    std::vector<std::string> headers;  ///< of requests, `*` for all
    std::vector<std::string> exposed;  ///< of answers
    std::uint32_t max_age_s = 0;       ///< 0: browsers keep a preflight's answer as long as they like
};

/// A bucket and its rule.
struct BucketRule {
    std::string bucket;
    CorsRule rule;
};

/// What a browser tells of itself. Empty: not said.
struct CorsRequest {
    std::string_view origin;
    std::string_view method;   ///< of the request, or of the one that a preflight asks about
    std::string_view headers;  ///< preflight: `content-type, authorization`
};

/// Header lines (each ending in CRLF) that let the browser go on; nullopt when the rule does not.
[[nodiscard]] std::optional<std::string> answer_preflight(const CorsRule& rule, const CorsRequest& request);
/// Header lines for the answer to the request itself; empty when the rule does not cover it.
[[nodiscard]] std::string answer_fields(const CorsRule& rule, const CorsRequest& request);

/// The rules in force, by bucket. Thread-safe.
class BucketRules {
public:
    void set(BucketRule rule);
    [[nodiscard]] std::optional<CorsRule> find(std::string_view bucket) const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, CorsRule, std::less<>> rules_;
};

}  // namespace gse::objects
