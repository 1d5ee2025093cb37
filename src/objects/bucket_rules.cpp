#include "objects/bucket_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace gse::objects {
namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// `https://*.example.com` covers `https://a.example.com`.
bool allows_origin(std::string_view pattern, std::string_view origin) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == origin;
    const std::string_view before = pattern.substr(0, star), behind = pattern.substr(star + 1);
    return origin.size() >= before.size() + behind.size() && origin.starts_with(before) && origin.ends_with(behind);
}

bool covers_origin(const CorsRule& rule, std::string_view origin) {
    return !origin.empty() && std::any_of(rule.origins.begin(), rule.origins.end(),
                                          [&](const std::string& pattern) { return allows_origin(pattern, origin); });
}
bool covers_method(const CorsRule& rule, std::string_view method) {
    return std::find(rule.methods.begin(), rule.methods.end(), method) != rule.methods.end();
}
bool covers_header(const CorsRule& rule, std::string_view name) {
    return std::any_of(rule.headers.begin(), rule.headers.end(), [&](const std::string& allowed) {
        return allowed == "*" || equal_ignoring_case(allowed, name);
    });
}

bool covers_headers(const CorsRule& rule, std::string_view list) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        std::string_view name = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        while (name.starts_with(' ')) name.remove_prefix(1);
        while (name.ends_with(' ')) name.remove_suffix(1);
        if (!name.empty() && !covers_header(rule, name)) return false;
    }
    return true;
}

/// The origin itself rather than `*`: it differs from caller to caller, and caches are told so.
std::string origin_fields(std::string_view origin) {
    return fmt::format("Access-Control-Allow-Origin: {}\r\nVary: Origin\r\n", origin);
}

}  // namespace

std::optional<std::string> answer_preflight(const CorsRule& rule, const CorsRequest& request) {
    if (!covers_origin(rule, request.origin) || !covers_method(rule, request.method) ||
        !covers_headers(rule, request.headers))
        return std::nullopt;
    std::string fields = origin_fields(request.origin);
    fields += fmt::format("Access-Control-Allow-Methods: {}\r\n", fmt::join(rule.methods, ", "));
    if (!request.headers.empty()) fields += fmt::format("Access-Control-Allow-Headers: {}\r\n", request.headers);
    if (rule.max_age_s > 0) fields += fmt::format("Access-Control-Max-Age: {}\r\n", rule.max_age_s);
    return fields;
}

std::string answer_fields(const CorsRule& rule, const CorsRequest& request) {
    if (!covers_origin(rule, request.origin) || !covers_method(rule, request.method)) return {};
    std::string fields = origin_fields(request.origin);
    if (!rule.exposed.empty())
        fields += fmt::format("Access-Control-Expose-Headers: {}\r\n", fmt::join(rule.exposed, ", "));
    return fields;
}

void BucketRules::set(BucketRule rule) {
    const std::lock_guard lock(mutex_);
    rules_.insert_or_assign(std::move(rule.bucket), std::move(rule.rule));
}

std::optional<CorsRule> BucketRules::find(std::string_view bucket) const {
    const std::lock_guard lock(mutex_);
    const auto found = rules_.find(bucket);
    return found == rules_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace gse::objects
