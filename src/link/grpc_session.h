/// gRPC on one connection, over nghttp2, either half: bytes in, calls and their messages out, and the way back. No I/O,
/// no time, no thread of its own; one thread at a time.
///
/// gRPC's own library spends 100 KiB on a connection and several wake-ups on a message; see docs/performance.md. Its
/// servers and clients notice no difference: "gRPC over HTTP2" of its documentation, without compression, which nobody
/// may use who was not offered it.
///
/// What is not yet taken by the handler is bounded by HTTP/2's windows; what is not yet sent, by asking for the next
/// message only when the last one is on its way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct nghttp2_session;

namespace gse::link {

/// As gRPC numbers them.
enum class GrpcCode : std::uint8_t {
    Ok = 0,
    Cancelled = 1,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
};

struct GrpcStatus {
    GrpcCode code = GrpcCode::Ok;
    std::string message;
};

class GrpcSession {
public:
    /// A call of this connection; never used again by it.
    using Call = std::int32_t;

    enum class Side : std::uint8_t { Server, Client };

    /// Called from within receive() and resume(), and next_message() from within take(). May call everything but those
    /// three.
    class Handler {
    public:
        virtual ~Handler() = default;
        /// At a server. `path` is `/package.Service/Method`. Neither text outlives the call of this function.
        virtual void on_call(Call call, std::string_view path, std::string_view authorization) = 0;
        /// A whole message, valid during this call.
        virtual void on_message(Call call, std::string_view message) = 0;
        /// At a server: the client says no more.
        virtual void on_half_closed(Call call) = 0;
        /// Nothing more comes of it or goes to it. At a client with the server's word, or what stands for it. Calls
        /// that are open when the session is destroyed end unsaid.
        virtual void on_ended(Call call, GrpcStatus status) = 0;
        /// The next message is appended to `to`; false: there is none, wake() will tell of it.
        virtual bool next_message(Call call, std::string& to) = 0;
    };

    struct Limits {
        std::size_t message_bytes = 128 << 10;  ///< of what comes; more ends the call with ResourceExhausted
        std::uint32_t calls = 8;                ///< open at once
    };

    GrpcSession(Side side, Handler& handler, Limits limits);
    ~GrpcSession();
    GrpcSession(const GrpcSession&) = delete;
    GrpcSession& operator=(const GrpcSession&) = delete;

    /// False: the other end does not speak HTTP/2 as it should. What take() gives is its farewell.
    [[nodiscard]] bool receive(std::string_view bytes);
    /// Appends what is to be sent, at least `enough` bytes where there are so many.
    void take(std::string& to, std::size_t enough);

    /// A client's call; `authorization` "": none. What it says is asked for at once.
    Call open(std::string_view path, std::string_view authority, std::string_view authorization);
    /// There is a message to send.
    void wake(Call call);
    /// Takes no more messages of it, until resume(). At most a window of bytes comes meanwhile.
    void pause(Call call);
    void resume(Call call);
    /// Ends it once the message on its way is out: a server's with this word. Of a client's it ends that side, and what
    /// the server says is still heard; with another word than Ok it is given up. Once; later ones are ignored.
    void finish(Call call, GrpcStatus status);
    /// No more calls are taken; done() once the last has ended and all is taken.
    void say_goodbye();

    [[nodiscard]] std::size_t calls() const { return calls_.size(); }
    /// Nothing is to be read or sent any more.
    [[nodiscard]] bool done() const;

private:
    struct State;
    struct Callbacks;

    [[nodiscard]] State* find(Call call);
    [[nodiscard]] GrpcStatus last_word(const State& call, std::uint32_t error) const;
    void hear(State& call, std::string_view bytes);
    [[nodiscard]] std::size_t hear_messages(State& call, std::string_view bytes);
    void end_of_input(State& call);
    void begin(State& call);
    [[nodiscard]] bool deaf(const State& call) const;
    void drop_input(State& call);
    void tell_room(State& call);

    const Side side_;
    Handler& handler_;
    const Limits limits_;
    nghttp2_session* session_ = nullptr;
    std::vector<std::unique_ptr<State>> calls_;
};

}  // namespace gse::link
