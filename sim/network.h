/// Streams between agents and the server: in order within a stream, late, sometimes with a message missing or twice,
/// sometimes broken. What was on its way when a stream broke may still arrive, long after its successor opened.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "base/rng.h"
#include "engine/decider.h"
#include "model/link_messages.h"

namespace gse::sim {

struct Alive {};
using ToServer = std::variant<link::HostHello, link::Report, Alive>;
using ToAgent = std::variant<link::Welcome, link::Order>;

/// How bad the network is; drawn from the seed.
struct NetworkFaults {
    double lose = 0;    ///< a message is missing: the receiver sees a gap
    double repeat = 0;  ///< a message comes twice
    double snap = 0;    ///< the stream breaks, a step
    std::int64_t delay_max_ms = 20;
    double linger = 0;  ///< what was under way when a stream broke arrives late instead of never
};

struct Stream {
    std::size_t agent = 0;
    std::uint64_t server_run = 0;  ///< which run of the server it was opened to
    bool open = true;              ///< as the network sees it
    bool agent_knows = false;      ///< the agent has seen the end
    bool server_knows = false;
    std::int64_t ends_seen_at = 0;  ///< when both sides notice
    std::int64_t breaks_at = INT64_MAX;
    struct Up {
        std::int64_t at;
        ToServer message;
    };
    struct Down {
        std::int64_t at;
        ToAgent message;
    };
    std::deque<Up> up;
    std::deque<Down> down;
};

class Network {
public:
    Network(SeededRng& rng, const NetworkFaults& faults) : rng_(rng), faults_(faults) {}

    link::StreamId open(std::size_t agent, std::uint64_t server_run) {
        streams_[next_] = Stream{.agent = agent, .server_run = server_run};
        return next_++;
    }

    /// Both directions end; each side hears of it a little later.
    void snap(link::StreamId id, std::int64_t now) {
        const auto it = streams_.find(id);
        if (it == streams_.end() || !it->second.open) return;
        Stream& stream = it->second;
        stream.open = false;
        stream.ends_seen_at = now + rng_.between(0, faults_.delay_max_ms * 2);
        const bool lingers = rng_.chance(faults_.linger);
        const std::int64_t late = lingers ? rng_.between(0, 20'000) : 0;
        if (!lingers) {
            // A part that was under way still arrives, the rest never does.
            stream.up.resize(rng_.below(stream.up.size() + 1));
            stream.down.resize(rng_.below(stream.down.size() + 1));
        }
        // A greeting that comes after its successor's would be the word of a machine that is no more.
        if (!stream.up.empty() && std::holds_alternative<link::HostHello>(stream.up.front().message)) stream.up.clear();
        for (auto& message : stream.up) message.at += late;
        for (auto& message : stream.down) message.at += late;
    }

    void to_server(link::StreamId id, ToServer message, std::int64_t now) {
        put(id, now, std::move(message), &Stream::up);
    }
    void to_agent(link::StreamId id, ToAgent message, std::int64_t now) {
        put(id, now, std::move(message), &Stream::down);
    }

    [[nodiscard]] std::map<link::StreamId, Stream>& streams() { return streams_; }
    [[nodiscard]] NetworkFaults& faults() { return faults_; }

    void break_due(std::int64_t now) {
        for (const auto& [id, stream] : streams_)
            if (stream.open && stream.breaks_at <= now) snap(id, now);
    }

    void forget_finished() {
        std::erase_if(streams_, [](const auto& entry) {
            const Stream& s = entry.second;
            return !s.open && s.agent_knows && s.server_knows && s.up.empty() && s.down.empty();
        });
    }

private:
    template <class Message, class Queue>
    void put(link::StreamId id, std::int64_t now, Message message, Queue queue) {
        const auto it = streams_.find(id);
        if (it == streams_.end() || !it->second.open) return;
        auto& to = it->second.*queue;
        const bool first = opens(message);
        if (!first && rng_.chance(faults_.lose)) {
            // Whoever gets the next message sees the gap; if there is none, the stream ends some time later.
            it->second.breaks_at = std::min(it->second.breaks_at, now + rng_.between(0, 10'000));
            return;
        }
        // In order within a stream: nothing overtakes.
        std::int64_t at = now + rng_.between(0, faults_.delay_max_ms);
        if (!to.empty()) at = std::max(at, to.back().at);
        const bool twice = !first && rng_.chance(faults_.repeat);
        to.push_back({at, message});
        if (twice) to.push_back({at, std::move(message)});
    }

    static bool opens(const ToServer& message) { return std::holds_alternative<link::HostHello>(message); }
    static bool opens(const ToAgent& message) { return std::holds_alternative<link::Welcome>(message); }

    SeededRng& rng_;
    NetworkFaults faults_;
    link::StreamId next_ = 1;
    std::map<link::StreamId, Stream> streams_;
};

}  // namespace gse::sim
