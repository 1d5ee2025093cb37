// gse simulate: a scaling policy tried on a load curve, in virtual time, with the server's own decisions.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/whole_number.h"
#include "cli/commands.h"
#include "simulate/picture.h"
#include "simulate/policy.h"
#include "simulate/rehearsal.h"
#include "simulate/report.h"

namespace gse::cli {
namespace {

constexpr std::size_t kPolicyBytesMax = 1 << 20;
constexpr std::size_t kDrawingWidth = 96;
constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

struct Simulate {
    std::string curve;
    std::string policies;
    std::vector<std::pair<const simulate::PolicyKey*, std::string>> keys;  ///< flags, above the file
    std::vector<std::string> buffers;                                      ///< a policy each
    double session_minutes = 0;
    double warm_up = -1;  ///< minutes
    std::string first_day = "mon";
    std::uint64_t seed = 1;
    bool even = false;
    std::string picture;
    std::string output = "table";
};

std::unexpected<Error> wrong(std::string message) {
    return refuse(ErrorCode::InvalidParameterValue, std::move(message));
}

/// "FILE: " before the message.
template <class T>
Result<T> of_file(const std::string& file, Result<T> read) {
    if (read) return read;
    return refuse(read.error().code, fmt::format("{}: {}", file, read.error().message));
}

std::string flag_of(const simulate::PolicyKey& key) {
    std::string flag = fmt::format("--{}", key.name);
    std::ranges::replace(flag, '_', '-');
    return flag;
}

/// Those of the file, or one; the flags stand above. Several buffers make a policy each.
Result<std::vector<simulate::Policy>> policies_of(const Simulate& options) {
    std::vector<simulate::Policy> policies(1);
    if (!options.policies.empty()) {
        const std::string text = TRY(read_file(options.policies, kPolicyBytesMax));
        policies = TRY(of_file(options.policies, simulate::read_policies(text)));
    }
    const simulate::PolicyKey* buffer = nullptr;
    for (const auto& key : simulate::policy_keys())
        if (key.name == "buffer") buffer = &key;
    if (options.buffers.size() > 1 && !options.policies.empty())
        return wrong("--buffer with several values makes a policy of each; with --policies say one, or none");
    if (options.buffers.size() > 1) policies.resize(options.buffers.size());
    for (std::size_t i = 0; i < policies.size(); ++i) {
        const auto set = [&](const simulate::PolicyKey& key, const std::string& value) -> Result<void> {
            if (auto done = key.set(policies[i], value); !done)
                return wrong(fmt::format("{} {}: {}", flag_of(key), value, done.error().message));
            return {};
        };
        for (const auto& [key, value] : options.keys) TRY(set(*key, value));
        if (options.buffers.empty()) continue;
        const std::string& value = options.buffers.size() > 1 ? options.buffers[i] : options.buffers.front();
        TRY(set(*buffer, value));
        if (options.policies.empty()) policies[i].name = fmt::format("buffer {} %", value);
    }
    return policies;
}

Result<void> write_picture(const std::string& file, const std::string& svg) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << svg;
    out.close();
    if (!out) return refuse(ErrorCode::FailedOperation, fmt::format("{} cannot be written", file));
    return {};
}

Result<void> simulate_policies(Outside& outside, const Simulate& options) {
    const std::string csv = TRY(read_file(options.curve, simulate::kCurveBytesMax));
    const simulate::Curve curve = TRY(of_file(options.curve, simulate::read_curve(csv, options.session_minutes)));
    const std::vector<simulate::Policy> policies = TRY(policies_of(options));
    simulate::RehearsalOptions how{
        .seed = options.seed,
        .chance = options.even ? simulate::Chance::Even : simulate::Chance::Random,
        .first_day =
            static_cast<std::uint32_t>(std::ranges::find(kDays, options.first_day) - std::ranges::begin(kDays)) + 1,
        .warm_up = {}};
    if (options.warm_up >= 0) how.warm_up = Millis{static_cast<std::int64_t>(options.warm_up * 60'000)};
    std::vector<simulate::Outcome> outcomes;
    for (const simulate::Policy& policy : policies) {
        simulate::Figures figures = TRY(simulate::rehearse(curve, policy, how));
        outcomes.push_back({policy.name, std::move(figures)});
    }
    if (!options.picture.empty()) TRY(write_picture(options.picture, simulate::to_svg(outcomes)));
    if (options.output == "json") {
        outside.out << pretty_json(simulate::to_json(outcomes)) << '\n';
    } else if (options.output == "csv") {
        outside.out << simulate::to_csv(outcomes);
    } else {
        Table table{simulate::report_head()};
        for (const auto& outcome : outcomes) table.add(simulate::report_row(outcome));
        outside.out << table.text() << '\n' << simulate::to_drawing(outcomes, kDrawingWidth);
    }
    return {};
}

void declare(CLI::App& command, Simulate& options) {
    command.add_option("curve", options.curve, "CSV file of how many sessions are asked for, over the time")
        ->required()
        ->type_name("CURVE.csv");
    command.add_option("--policies", options.policies, "TOML file with several policies to compare");
    for (const auto& key : simulate::policy_keys()) {
        const std::string about(key.about);
        if (key.name == "buffer")
            command.add_option("--buffer", options.buffers, about + "; several, as 10,30,50: a policy of each")
                ->delimiter(',')
                ->allow_extra_args(false);
        else
            command.add_option_function<std::string>(
                flag_of(key), [&options, &key](const std::string& value) { options.keys.emplace_back(&key, value); },
                about);
    }
    command
        .add_option("--session-minutes", options.session_minutes,
                    "mean length of a session, where the curve has no such column")
        ->check(CLI::Range(0.05, 10'080.0));
    command
        .add_option("--warm-up", options.warm_up,
                    "minutes of the curve's first load before it begins, which do not count (twice a session)")
        ->check(CLI::Range(0.0, 1'440.0));
    command.add_option("--first-day", options.first_day, "of the curve, for timers: mon to sun (mon)")
        ->check(CLI::IsMember(std::vector<std::string>(std::begin(kDays), std::end(kDays))));
    command.add_option("--seed", options.seed, "of chance: the same seed gives the same figures (1)");
    command.add_flag("--even", options.even, "no chance: sessions come evenly spaced and have the mean length");
    command.add_option("--picture", options.picture, "writes demand against capacity there, as SVG");
    command.add_option("--output", options.output, "table, json or csv")
        ->check(CLI::IsMember({"table", "json", "csv"}));
}

}  // namespace

void add_simulate_command(CLI::App& app, Chosen& chosen) {
    CLI::App* command = app.add_subcommand("simulate", "tries scaling policies on a load curve, without a server");
    const auto options = std::make_shared<Simulate>();
    declare(*command, *options);
    command->footer(
        "\nThe curve's first line names its columns: time (minutes, or HH:MM), sessions_per_minute or "
        "concurrent_sessions,\nand session_minutes. The last row holds as long as the one before it.\n\n"
        "What is printed: sessions ASKED for and REFUSED; seconds to WAIT for a session, mean, 95 and 99 of 100, "
        "longest; "
        "sessions\nCUT short because their instance went; INSTANCES in the mean and at the PEAK; HOURS of instances, "
        "of "
        "them IDLE.\n\nExample:\n  printf 'time,sessions_per_minute,session_minutes\\n0,20,15\\n12:00,60,15\\n' > "
        "day.csv\n  gse simulate day.csv --max 100 --buffer 10,30 --picture day.svg\n\nMore: docs/simulate.md.");
    command->callback([&chosen, options] {
        chosen.name = "simulate";
        chosen.plain = [options](Outside& outside) {
            const auto done = simulate_policies(outside, *options);
            if (done) return kDone;
            outside.err << fmt::format("gse simulate: {}\n", done.error().message);
            return kFailed;
        };
    });
}

}  // namespace gse::cli
