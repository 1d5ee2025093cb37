/// Server side of the link: what the engine hears from streams of agents, and what it can do to them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/link_messages.h"

namespace gse::link {

/// One stream of one agent; never reused while the server runs.
using StreamId = std::uint64_t;

/// Heard by the engine. Called from the link's threads, in order within a stream; must not block.
class HostEvents {
public:
    virtual ~HostEvents() = default;
    /// First message of a stream, from an agent whose token was right. Reports follow only after the welcome.
    virtual void on_hello(StreamId stream, HostHello hello) = 0;
    /// What came together, in its order; may be moved from.
    virtual void on_reports(StreamId stream, std::span<Report> reports) = 0;
    /// Any sign of life.
    virtual void on_alive(StreamId stream) = 0;
    /// What an agent has measured; it came with a sign of life.
    virtual void on_readings(StreamId stream, std::vector<InstanceReading> readings) = 0;
    virtual void on_closed(StreamId stream) = 0;
};

/// Done by the engine. Thread-safe; never blocks (each stream has a bounded out-queue; one that is full is closed).
/// A stream that is gone is ignored.
class HostStreams {
public:
    virtual ~HostStreams() = default;
    virtual void welcome(StreamId stream, Welcome welcome) = 0;
    /// Orders that are ready at the same time travel together.
    virtual void send_all(StreamId stream, std::vector<Order> orders) = 0;
    void send(StreamId stream, Order order) {
        std::vector<Order> one;
        one.push_back(std::move(order));
        send_all(stream, std::move(one));
    }
    virtual void close(StreamId stream, std::string why) = 0;
};

}  // namespace gse::link
