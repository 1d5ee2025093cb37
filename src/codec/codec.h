/// Requests and responses of the API to and from JSON and flat `A.B.0.C=value` pairs, by the tables of describe.h.
///
///   #include "api/model.h"    // the generated structs
///   #include "codec/codec.h"
///   TRY-able:  Result<CreateAliasRequest> request = decode_json<CreateAliasRequest>(body);
///
/// Decoding validates: what it returns obeys the model, defaults filled in. Refusals name the parameter:
///   UnknownParameter       a member the action does not define
///   InvalidParameter       malformed, not UTF-8, the wrong JSON type, or given twice
///   InvalidParameterValue  the right type, but out of range, too long, not among the allowed values …
///   MissingParameter       a required parameter is absent or null
/// null means absent everywhere. All functions are thread-safe; nothing keeps a reference to its input.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "codec/describe.h"

namespace gse::api {

/// Bytes that must be readable (any content) behind the text handed to decode_json with Padding::Present.
inline constexpr std::size_t kJsonPadding = 64;
/// Longer documents are refused with RequestTooLarge. The HTTP rim has a limit of its own below this.
inline constexpr std::size_t kJsonBytesMax = 16 * 1024 * 1024;
/// More pairs than this are refused with RequestTooLarge.
inline constexpr std::size_t kFlatPairsMax = 10'000;

enum class Padding : bool {
    Absent,   ///< the text is copied into a padded buffer first
    Present,  ///< kJsonPadding readable bytes follow the text: nothing is copied
};
/// A string that was reserved with kJsonPadding to spare needs no copy.
[[nodiscard]] inline Padding padding_of(const std::string& json) {
    return json.capacity() - json.size() >= kJsonPadding ? Padding::Present : Padding::Absent;
}

/// `key` and `value` are already percent-decoded; common parameters (Action, Version …) already taken out.
using FlatPair = std::pair<std::string, std::string>;

// By table, for callers that know the type at run time only. `out` is a default-constructed struct of `type`; after a
// refusal its content is unspecified.
[[nodiscard]] Result<void> decode_json(const Type& type, std::string_view json, void* out,
                                       Padding padding = Padding::Absent);
[[nodiscard]] Result<void> decode_flat(const Type& type, std::span<const FlatPair> pairs, void* out);
/// Reads what a server answered: the object inside `Response`. Unknown members are skipped and missing ones keep their
/// default, as clients must; types are strict. Nothing else is validated.
[[nodiscard]] Result<void> decode_response(const Type& type, std::string_view json, void* out);
/// The limits of the model, for a struct that was filled in by hand.
[[nodiscard]] Result<void> validate(const Type& type, const void* value);
/// `"A":1,"B":[]`, in the order of the model, without braces: the wire layer adds RequestId. In responses and objects
/// an absent value is null; in requests it is left out.
void encode_fields(const Type& type, const void* value, std::string& out);

template <class Request>
[[nodiscard]] Result<Request> decode_json(std::string_view json, Padding padding = Padding::Absent) {
    Result<Request> request;
    if (Result<void> done = decode_json(type_of<Request>(), json, &*request, padding); !done) {
        return std::unexpected(std::move(done).error());
    }
    return request;
}

template <class Request>
[[nodiscard]] Result<Request> decode_flat(std::span<const FlatPair> pairs) {
    Result<Request> request;
    if (Result<void> done = decode_flat(type_of<Request>(), pairs, &*request); !done) {
        return std::unexpected(std::move(done).error());
    }
    return request;
}

template <class Response>
[[nodiscard]] Result<Response> decode_response(std::string_view json) {
    Result<Response> response;
    if (Result<void> done = decode_response(type_of<Response>(), json, &*response); !done) {
        return std::unexpected(std::move(done).error());
    }
    return response;
}

template <class T>
[[nodiscard]] Result<void> validate(const T& value) {
    return validate(type_of<T>(), &value);
}

template <class T>
void encode_fields(const T& value, std::string& out) {
    encode_fields(type_of<T>(), &value, out);
}

/// Appends the whole JSON object, braces included.
template <class T>
void encode(const T& value, std::string& out) {
    out.push_back('{');
    encode_fields(type_of<T>(), &value, out);
    out.push_back('}');
}

/// Command-line style parameters as the JSON body of a request, validated.
[[nodiscard]] Result<std::string> flat_to_json(const Type& request, std::span<const FlatPair> pairs);

/// The outermost layer of an answer: `{"Response": {…, "RequestId": "…"}}`.
struct Envelope {
    std::string request_id;
    std::string error_code;     ///< empty: success
    std::string error_message;  ///< of the server, for people
    std::string response;       ///< the inner object as it came, for decode_response
};
/// InvalidParameter when `body` is not such an envelope.
[[nodiscard]] Result<Envelope> open_envelope(std::string_view body);

}  // namespace gse::api
