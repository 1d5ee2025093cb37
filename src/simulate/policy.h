/// What is tried: a fleet, its scaling policy, and how its games behave. Read from TOML and from flags by one table of
/// keys; docs/simulate.md explains each.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gse::simulate {

/// As PutScalingPolicy takes it.
struct Rule {
    std::string metric;      ///< `PercentAvailableGameServerSessions`
    std::string comparison;  ///< `<`
    double threshold = 0;
    std::int64_t minutes = 1;
    std::string adjustment;  ///< `ChangeInCapacity`
    std::int64_t by = 0;
    std::size_t line = 0;  ///< of the file
};

/// At a time of day, every day or on some: sets what it names.
struct Timer {
    std::string at;                  ///< `18:00`
    std::vector<std::int64_t> days;  ///< 1 Monday to 7 Sunday; none: every day
    std::optional<std::int64_t> min, max, desired, cooldown, buffer, free;
    std::optional<bool> keep_one, automatic;
    std::size_t line = 0;
};

struct Policy {
    std::string name = "policy";
    // the fleet
    std::uint64_t processes = 10;  ///< of an instance
    std::uint64_t min = 1;
    std::uint64_t max = 20;
    std::optional<std::uint64_t> desired;  ///< at the start; none: `min`, and one at least
    bool automatic = true;
    std::optional<std::uint64_t> buffer;  ///< percent; none: no target-based policy
    std::uint64_t free = 0;               ///< of the buffer: sessions at least
    bool keep_one = true;                 ///< of the buffer
    std::uint64_t cooldown = 10;          ///< minutes
    std::string protection = "none";
    std::uint64_t protection_minutes = 60;
    std::vector<Rule> rules;
    std::vector<Timer> timers;
    // who asks
    std::uint64_t patience = 60;  ///< seconds that a placement waits; 0: created without a queue, or refused at once
    std::uint64_t players = 0;    ///< of each session; they join when it begins
    // games and machines; times in seconds
    double instance_start = 30;
    double process_start = 10;
    double session_start = 1;
    bool restart_process = false;  ///< it ends with its session, and another one is started
    double drain_grace = 0;        ///< timers.drain_grace
    bool cooldown_both = false;    ///< scaling.cooldown = "both"
    std::uint64_t hosts = 0;       ///< 0: twice as many as the most instances need
    std::uint64_t host_instances = 10;

    /// The most instances that the policy and its timers may ever ask for.
    [[nodiscard]] std::uint64_t most_instances() const;
    [[nodiscard]] std::uint64_t host_count() const;
};

/// One key of a policy; the flag of the same name has `-` for `_`.
struct PolicyKey {
    std::string_view name;
    std::string_view about;  ///< with unit and default
    /// The value as TOML writes it (`30`, `true`, `"full"`); of a text the quotes may be left out. The message says
    /// what is allowed.
    std::function<Result<void>(Policy&, std::string_view)> set;
};
[[nodiscard]] std::span<const PolicyKey> policy_keys();

/// `[fleet]` holds for all; each `[[policy]]` has a name and what differs, its own `rules` and `timers` among it. At
/// least one policy, 20 at most, each name once. Messages name the line.
[[nodiscard]] Result<std::vector<Policy>> read_policies(std::string_view toml);

/// What goes together; the server's own checks come when the fleet is made.
[[nodiscard]] Result<void> check_policy(const Policy& policy);

}  // namespace gse::simulate
