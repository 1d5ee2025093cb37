/// The load generator: keep-alive connections to one server, as fast as answers come or at a fixed rate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "histogram.h"

namespace gse::bench {

/// A connection to `127.0.0.1:8080`, which blocks.
[[nodiscard]] Result<Fd> connect_to(const std::string& server);

struct LoadShape {
    std::string server;  ///< `127.0.0.1:8080`
    std::size_t connections = 64;
    std::size_t pipeline = 1;  ///< requests under way on each
    double rate = 0;       ///< requests a second, spread evenly; 0: closed loop, each answer brings the next request
    double warm_up_s = 1;  ///< not counted
    double seconds = 5;
};

enum class Outcome : std::uint8_t {
    Good,
    Bad,     ///< not what was hoped for
    Shed,    ///< refused for overload, which is what an overloaded server should do
    Late,    ///< refused, as it should be: what was asked about had ended meanwhile
    GoesOn,  ///< the operation has a further request: go_on() writes it
};

/// What is asked, and what becomes of the answers. Called from the thread of run_load() only.
class Traffic {
public:
    virtual ~Traffic() = default;
    /// Appends the first request of an operation; what the operation is known by. nullopt: nothing can be asked now.
    virtual std::optional<std::uint32_t> next(std::string& out) = 0;
    /// The body of the answer to its last request.
    virtual Outcome take(std::uint32_t tag, std::string_view body) = 0;
    /// Appends its next request. It is sent on the same connection, and the operation lasts on.
    virtual void go_on(std::uint32_t /*tag*/, std::string& /*out*/) {}
};

struct LoadResult {
    std::uint64_t done = 0;    ///< operations that ended well in the counted time
    std::uint64_t errors = 0;  ///< that did not
    std::uint64_t late = 0;
    std::uint64_t shed = 0;
    Histogram shed_latency;  ///< as `latency`
    std::uint64_t least_done =
        0;  ///< operations of the connection that got the fewest done, and of the one with the most
    std::uint64_t most_done = 0;
    double settled_s =
        0;  ///< behind the beginning of the counted time: no answer after it was Shed, or took over 50 ms
    double seconds = 0;
    /// Closed loop: from the moment a request was sent. Fixed rate: from the moment it was due, so that waiting for a
    /// free connection counts (no coordinated omission).
    Histogram latency;
    /// From the moment the generator wrote the first request of an operation: without what it was late itself.
    Histogram sent_latency;
    Histogram shed_sent_latency;
    double own_cpu_s = 0;           ///< of this thread
    std::size_t request_bytes = 0;  ///< of the last request and answer, headers included
    std::size_t answer_bytes = 0;
    std::string first_error;  ///< body of the first bad answer
};

/// `on_window` is called when the counted time begins (true) and when it has ended (false).
[[nodiscard]] Result<LoadResult> run_load(const LoadShape& shape, Traffic& traffic,
                                          const std::function<void(bool begins)>& on_window = {});

/// Takes one whole HTTP answer off the front of `input`; its body. nullopt: it is not complete yet.
[[nodiscard]] std::optional<std::string_view> take_answer(std::string_view& input);

/// Whether an answer of the cloud API is a refusal.
[[nodiscard]] inline bool is_refusal(std::string_view body) { return body.starts_with(R"({"Response":{"Error":)"); }

/// How many of a fixed rate's requests are due `elapsed_ns` after the first one was.
[[nodiscard]] inline std::uint64_t due_by(double rate, std::uint64_t elapsed_ns) {
    return static_cast<std::uint64_t>(rate * static_cast<double>(elapsed_ns) * 1e-9) + 1;
}

}  // namespace gse::bench
