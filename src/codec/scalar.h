/// One value from its text, and how refusals speak of values. For the codec's own sources only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/describe.h"

namespace gse::api {

/// `value` as a message shows it: quoted, escaped, at most about 48 bytes.
[[nodiscard]] std::string shown(std::string_view value);
/// "an integer", "a list" …
[[nodiscard]] std::string_view kind_name(const Field& field, bool as_item = false);
/// "The parameter A.Foo is not recognized", with the nearest name that is.
[[nodiscard]] Error unknown_parameter(const Type& type, const Path& parent, std::string_view name);
[[nodiscard]] Error wrong_type(const Field& field, const Path& path, std::string_view got, bool as_item);
[[nodiscard]] Error missing_parameter(std::string path);

/// From the text of a JSON number or of a flat value. InvalidParameter when it is no number of that kind,
/// InvalidParameterValue when it does not fit.
[[nodiscard]] Result<std::int64_t> read_int64(std::string_view text, const Path& path);
[[nodiscard]] Result<std::uint64_t> read_uint64(std::string_view text, const Path& path);
[[nodiscard]] Result<double> read_double(std::string_view text, const Path& path);
/// A word that stands for a number in this field; null when it is none.
[[nodiscard]] const NamedNumber* find_number_name(const Field& field, std::string_view word);

}  // namespace gse::api
