/// Errors are values. Every fallible function returns Result<T>; TRY passes a refusal on in one word.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace gse {

/// Why something was refused, independent of any wire protocol.
/// src/api/error_table.h maps each entry to the cloud API's code; a new entry must be added there.
enum class ErrorCode : std::uint8_t {
    MissingParameter,       ///< a required parameter is absent
    InvalidParameter,       ///< wrong type or malformed
    InvalidParameterValue,  ///< right type, value not allowed
    UnknownParameter,       ///< a parameter the action does not define
    NotFound,               ///< the named resource does not exist
    InUse,                  ///< the resource is in use
    Unavailable,            ///< exists, but cannot be used in its present state
    Insufficient,           ///< nothing free: no process, seat, host, or room on the disk
    LimitExceeded,          ///< a quota would be exceeded
    FleetLimitExceeded,     ///< the fleet quota would be exceeded
    InstanceLimitExceeded,  ///< the instance quota would be exceeded
    UnsupportedOperation,   ///< not supported (in this state)
    CcnAttached,            ///< the fleet is attached to a CCN already
    CcnNotFound,            ///< the fleet is attached to no CCN
    UnsupportedRegion,      ///< no such region here
    InvalidAction,          ///< no such action
    NoSuchVersion,          ///< no such API version
    UnsupportedProtocol,    ///< method other than GET and POST
    InvalidRequest,         ///< the request could not be read at all
    RequestTooLarge,        ///< body or query over the limit
    Overloaded,             ///< shed by overload control or a rate limit; try again
    AuthInvalidAuthorization,
    AuthSecretIdNotFound,
    AuthSignatureExpire,
    AuthSignatureFailure,
    AuthTokenFailure,
    AuthUnauthorized,  ///< known caller, not allowed
    Unauthorized,      ///< the key is not for this action
    FailedOperation,   ///< the world refused (disk full, host unreachable)
    Internal,          ///< our fault
};

/// A refusal: what kind, and an English sentence that says what to change.
struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;

    friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return refuse(ErrorCode::NotFound, "…")` from any function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> refuse(ErrorCode code, std::string message) {
    return std::unexpected(Error{code, std::move(message)});
}

/// The value of `expression`, or return its error from the enclosing function.
/// Not for coroutines.
#define TRY(expression) \
    __extension__({ \
        auto&& gse_try_result = (expression); \
        if (!gse_try_result) [[unlikely]] \
            return std::unexpected(std::move(gse_try_result).error()); \
        *std::move(gse_try_result); \
    })

}  // namespace gse
