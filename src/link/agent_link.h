/// Agent side of the link: what the supervisor hears from the server, and how it reports.
#pragma once

#include <string>
#include <vector>

#include "model/link_messages.h"

namespace gse::link {

/// Heard by the supervisor. Called from one thread of the link; must not block.
class ServerEvents {
public:
    virtual ~ServerEvents() = default;
    /// Asked at each (re)connect: the present inventory.
    virtual HostHello hello() = 0;
    virtual void on_welcome(const Welcome& welcome) = 0;
    /// Never a ReportAck: the link keeps those. In order, without gaps or repeats within a stream.
    virtual void on_order(OrderBody order) = 0;
    /// Reports up to here are durable at the server: an acknowledged exit may be forgotten.
    virtual void on_acked(std::uint64_t seq) = 0;
    virtual void on_disconnected() = 0;
    /// Asked before each heartbeat: what was measured since the last time.
    virtual std::vector<InstanceReading> take_readings() = 0;
};

/// Done by the supervisor. Thread-safe. Reports made before the first connection are the backlog of that connection.
class Reporter {
public:
    virtual ~Reporter() = default;
    /// Numbers and queues a report; it is sent, and sent again, until acknowledged. Returns its seq.
    virtual std::uint64_t report(ReportBody body) = 0;
    [[nodiscard]] virtual bool connected() const = 0;
};

}  // namespace gse::link
