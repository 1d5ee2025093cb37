/// The answer to GET /v1/regions: where a player's machine can measure its way to each region. Unsigned, so it tells
/// nothing else, and it is made at most once in a while.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/time.h"
#include "core/state.h"

namespace gse {

/// {"Regions":[{"Region":"ap-shanghai","Hosts":[{"Http":"http://203.0.113.5:8888/v1/ping","Udp":"203.0.113.5:8888"}]}]}
/// with at most kPingHostsMax hosts of a region; a host of every region stands in each. Lost and silent hosts are left
/// out. `own` is the server's own /v1/ping: it is named where no host has one.
inline constexpr std::size_t kPingHostsMax = 16;
[[nodiscard]] std::string regions_text(const core::State& state, const std::string& own);

/// Keeps a text for a while. Thread-safe.
class KeptText {
public:
    KeptText(const Clock& clock, Millis keep) : clock_(clock), keep_(keep) {}
    /// The kept one, or what `make` says; "" is not kept.
    template <class Make>
    std::string get(Make&& make) {
        const std::lock_guard lock(mutex_);
        if (!text_.empty() && clock_.monotonic_ms() - made_ms_ < keep_.count()) return text_;
        text_ = make();
        made_ms_ = clock_.monotonic_ms();
        return text_;
    }

private:
    const Clock& clock_;
    const Millis keep_;
    std::mutex mutex_;
    std::string text_;
    std::int64_t made_ms_ = 0;
};

}  // namespace gse
