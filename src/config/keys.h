/// The one table of configuration keys, and how each is read and shown. Private to src/config.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace gse::config {

/// Where a key's value lies in a Config. The kind of the reference decides how the value is read.
template <class T>
using At = T& (*)(Config&);

struct Flag {
    At<bool> at;
};
struct Text {
    At<std::string> at;
    bool secret = false;
};
/// `host:port`, `[v6]:port`.
struct Address {
    At<std::string> at;
    bool may_be_empty = false;
    bool may_be_several = false;  ///< with commas between
};
/// "500ms", "60s", "5m", "24h". Real time, whatever timers.minute says.
struct Duration {
    At<Millis> at;
    Millis min;
    Millis max;
};
/// "64MiB", "2GB", or a number of bytes.
struct Size {
    At<std::uint64_t> at;
    std::uint64_t min;
    std::uint64_t max;
};
struct Count {
    std::variant<At<std::uint64_t>, At<std::uint32_t>, At<std::uint16_t>> at;
    std::uint64_t min;
    std::uint64_t max;
};
struct Share {
    At<double> at;
    double min;
    double max;
};
/// One of a few words.
struct Choice {
    std::vector<std::string_view> words;
    std::size_t (*get)(const Config&);
    void (*set)(Config&, std::size_t);
};
struct TextList {
    At<std::vector<std::string>> at;
    std::size_t min = 1;  ///< texts in the list
};
struct InstanceTypes {
    At<std::vector<InstanceType>> at;
};

/// "off", "gse-2019", or a table {profile = …, Action = N}.
struct RateTable {
    At<Rates> at;
};

using Slot =
    std::variant<Flag, Text, Address, Duration, Size, Count, Share, Choice, TextList, InstanceTypes, RateTable>;

struct Key {
    std::string_view name;  ///< `timers.reservation`, `objects.s3.bucket`
    Slot slot;
    std::string_view meaning;
};

/// Before the name of an action, `--set` takes this: `limits.rates.CreateAlias=5`.
inline constexpr std::string_view kRatePrefix = "limits.rates.";
inline constexpr std::string_view kRateProfiles[] = {"off", "gse-2019"};

/// In the order they are applied and shown. limits.profile stands before the limits it sets.
std::span<const Key> keys();

/// "90s" → 90'000 ms. Units ms, s, m, h, d; whole numbers.
Result<Millis> parse_duration(std::string_view text);
std::string format_duration(Millis value);

/// "64MiB" → bytes. Units B, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (of 1024); whole numbers.
Result<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

/// The key most like `name`, for the message about an unknown one.
std::string_view nearest_key(std::string_view name);

}  // namespace gse::config
