/// Where the HTTP rim gets the events of /events from.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace gse::http {

struct EventWish {
    std::string region;            ///< "" the default one, "*" all
    std::vector<std::string> ids;  ///< fleets and aliases; empty: all
    bool players = false;
    std::string last_event_id;  ///< "" what happens from now on
};

/// One listener's stream of text; one thread at a time. Gone, nothing is kept for it.
class EventStream {
public:
    virtual ~EventStream() = default;
    /// What there is to send, up to about `bytes`; "" when there is nothing now.
    virtual std::string read(std::size_t bytes) = 0;
    /// What to send at the beginning, and when nothing happened for a while.
    virtual std::string heartbeat() = 0;
};

/// Thread-safe.
class EventSource {
public:
    virtual ~EventSource() = default;
    /// Waits until the stream misses nothing of what is decided from then on. `wake` is called, from any thread, when
    /// read() may have something again, until the stream is gone. UnsupportedRegion; InvalidParameterValue;
    /// Overloaded when too many listen.
    virtual Result<std::unique_ptr<EventStream>> listen(EventWish wish, std::function<void()> wake) = 0;
};

}  // namespace gse::http
