/// The answer of a call to the agent: a value, or why there is none.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace gse::sdk {

/// The status codes of gRPC, by number.
enum class Code : std::uint8_t {
    Ok = 0,
    Cancelled = 1,  ///< the GameServer was shut down during the call
    Unknown = 2,
    InvalidArgument = 3,   ///< the request itself is wrong
    DeadlineExceeded = 4,  ///< no answer within Options::call_timeout
    NotFound = 5,          ///< no such session or player session
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,  ///< not in this state: not ready, not activated, reservation run out …
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,  ///< the agent could not be reached, even after retries
    DataLoss = 15,
    Unauthenticated = 16,
};

struct Error {
    Code code = Code::Unknown;
    std::string message;  ///< English, for logs
};

/// Either a T or an Error. Asking for the one that is not there is a bug and throws std::bad_variant_access.
template <class T = void>
class [[nodiscard]] Outcome {
public:
    Outcome(T value) : state_(std::move(value)) {}
    Outcome(Error error) : state_(std::move(error)) {}

    bool ok() const { return std::holds_alternative<T>(state_); }
    explicit operator bool() const { return ok(); }

    const T& value() const { return std::get<T>(state_); }
    const T& operator*() const { return value(); }
    const T* operator->() const { return &value(); }
    const Error& error() const { return std::get<Error>(state_); }
    Code code() const { return ok() ? Code::Ok : error().code; }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Outcome<void> {
public:
    Outcome() = default;
    Outcome(Error error) : state_(std::move(error)) {}

    bool ok() const { return std::holds_alternative<std::monostate>(state_); }
    explicit operator bool() const { return ok(); }

    const Error& error() const { return std::get<Error>(state_); }
    Code code() const { return ok() ? Code::Ok : error().code; }

private:
    std::variant<std::monostate, Error> state_;
};

}  // namespace gse::sdk
