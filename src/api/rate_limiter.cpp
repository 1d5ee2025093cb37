#include "api/rate_limiter.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/edit_distance.h"
#include "codec/describe.h"

namespace gse::api {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

}  // namespace

RateLimiter::RateLimiter(std::vector<std::uint32_t> rates) : rates_(std::move(rates)) {}

Result<std::unique_ptr<RateLimiter>> RateLimiter::make(const Rates& rates) {
    std::vector<std::uint32_t> by_index;
    for (const Action& action : actions()) by_index.push_back(rates.documented ? action.rate : 0);
    for (const auto& [name, rate] : rates.actions) {
        const Action* const action = find_action(name);
        if (!action) {
            const auto nearest = std::ranges::min_element(
                actions(), {}, [&](const Action& a) { return edit_distance(name.substr(0, 80), a.name); });
            return refuse(ErrorCode::InvalidParameterValue,
                          fmt::format("limits.rates.{}: there is no such action; the nearest is {}", name.substr(0, 80),
                                      nearest->name));
        }
        by_index[static_cast<std::size_t>(action - actions().data())] = rate;
    }
    if (std::ranges::all_of(by_index, [](std::uint32_t rate) { return rate == 0; })) return nullptr;
    return std::make_unique<RateLimiter>(std::move(by_index));
}

Result<void> RateLimiter::admit(std::string_view account, std::string_view region, std::size_t action,
                                std::int64_t now_ms) {
    if (rates_[action] == 0) return {};
    std::string row = fmt::format("{}\n{}", account, region);
    {
        const std::shared_lock lock{mutex_};
        if (const auto found = rows_.find(row); found != rows_.end())
            return take(found->second[action], region, action, now_ms * 1'000);
    }
    const std::lock_guard lock{mutex_};
    if (rows_.size() >= kRowsMax && !rows_.contains(row)) rows_.clear();
    Row& made = rows_[std::move(row)];
    if (!made) made = std::make_unique<std::atomic<std::int64_t>[]>(rates_.size());
    return take(made[action], region, action, now_ms * 1'000);
}

Result<void> RateLimiter::take(std::atomic<std::int64_t>& full_at, std::string_view region, std::size_t action,
                               std::int64_t now_us) const {
    const std::int64_t token_us = kSecondUs / rates_[action];
    std::int64_t known = full_at.load(std::memory_order_relaxed);
    std::int64_t from = 0;
    do {
        from = std::max(known, now_us);
        const std::int64_t wait_us = from - now_us - (kSecondUs - token_us);
        if (wait_us > 0)
            return refuse(ErrorCode::Overloaded,
                          fmt::format("{0} may be called {1} times a second with one key in region {2} "
                                      "(limits.rates.{0}); try again in {3} ms",
                                      actions()[action].name, rates_[action], region, wait_us / 1'000 + 1));
    } while (!full_at.compare_exchange_weak(known, from + token_us, std::memory_order_relaxed));
    return {};
}

}  // namespace gse::api
