#include "config/config.h"

#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>

#include <gmock/gmock.h>

#include "base/temp_folder.h"
#include "config/keys.h"

namespace gse::config {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Result<Config> load_text(const std::string& text, std::vector<std::string> overrides = {}) {
    const TempFolder folder = TempFolder::make("gse-config").value();
    const auto file = folder.path() / "gse.toml";
    std::ofstream{file} << text;
    return load(file, overrides);
}

Result<Config> load_set(std::vector<std::string> overrides) { return load(std::nullopt, overrides); }

TEST(Config, DefaultsWithoutAnyFile) {
    const auto config = load_set({});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->listen, "127.0.0.1:8080");
    EXPECT_EQ(config->settings.timers.reservation, 60s);
    EXPECT_EQ(config->journal.reserve_bytes, 256ULL << 20);
}

TEST(Config, ReadsEveryKindOfValueFromAFile) {
    const auto config = load_text(R"(
        listen = "[::1]:0"
        regions = ["ap-shanghai", "home"]
        insecure_http = true
        instance_types = [{name = "BIG", type_name = "Big one", cpu = 64, memory_gb = 128, network_card = 500}]
        [timers]
        minute = "500ms"
        health_failures = 5
        [limits]
        package_bytes = "64MiB"
        silent_share = 0.5
        [log]
        format = "json"
        [journal]
        segment_bytes = 2097152
        [objects]
        kind = "s3"
        [objects.s3]
        endpoint = "http://127.0.0.1:9000"
        bucket = "gse"
        path_style = false
        part_bytes = "16MiB"
        [hosts]
        port_low = 2000
    )");
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->listen, "[::1]:0");
    EXPECT_EQ(config->settings.regions, (std::vector<std::string>{"ap-shanghai", "home"}));
    EXPECT_TRUE(config->insecure_http);
    ASSERT_EQ(config->settings.instance_types.size(), 1U);
    EXPECT_EQ(config->settings.instance_types[0].cpu, 64U);
    EXPECT_EQ(config->settings.timers.minute, 500ms);
    EXPECT_EQ(config->settings.timers.health_failures, 5U);
    EXPECT_EQ(config->settings.limits.package_bytes, 64ULL << 20);
    EXPECT_DOUBLE_EQ(config->settings.limits.silent_share, 0.5);
    EXPECT_EQ(config->log.format, LogFormat::Json);
    EXPECT_EQ(config->journal.segment_bytes, 2U << 20);
    EXPECT_EQ(config->settings.hosts.port_low, 2000);
    EXPECT_EQ(config->objects.kind, ObjectsKind::S3);
    EXPECT_EQ(config->objects.s3.bucket, "gse");
    EXPECT_FALSE(config->objects.s3.path_style);
    EXPECT_EQ(config->objects.s3.part_bytes, 16ULL << 20);
    EXPECT_EQ(config->objects.s3.region, "us-east-1");
}

struct Override {
    const char* name;
    std::vector<std::string> overrides;
    std::function<bool(const Config&)> holds;
};

TEST(Config, OverridesTakeTomlOrBareText) {
    const Override kCases[] = {
        {"a time without quotes", {"timers.minute=2s"}, [](const Config& c) { return c.settings.timers.minute == 2s; }},
        {"a time in quotes", {"timers.minute=\"2s\""}, [](const Config& c) { return c.settings.timers.minute == 2s; }},
        {"an address", {"listen=0.0.0.0:80"}, [](const Config& c) { return c.listen == "0.0.0.0:80"; }},
        {"text that looks like a number stays text", {"data=2020"}, [](const Config& c) { return c.data == "2020"; }},
        {"a size with a unit",
         {"journal.reserve_bytes=1GiB"},
         [](const Config& c) { return c.journal.reserve_bytes == 1ULL << 30; }},
        {"a size in bytes",
         {"journal.reserve_bytes=1048576"},
         [](const Config& c) { return c.journal.reserve_bytes == 1U << 20; }},
        {"a flag", {"hosts.share=false"}, [](const Config& c) { return !c.settings.hosts.share; }},
        {"a list", {"regions=[\"ap-shanghai\"]"}, [](const Config& c) { return c.settings.regions.size() == 1; }},
        {"a word", {"agent.sandbox=none"}, [](const Config& c) { return c.agent.sandbox == Sandbox::None; }},
        {"a value with an equals sign",
         {"public_address=a=b"},
         [](const Config& c) { return c.public_address == "a=b"; }},
        {"the last one wins",
         {"http.threads=2", "http.threads=3"},
         [](const Config& c) { return c.http.threads == 3; }},
        {"growing waits as it did",
         {"scaling.cooldown=both"},
         [](const Config& c) { return c.settings.scaling.cooldown_delays_scale_out; }},
    };
    for (const auto& c : kCases) {
        const auto config = load_set(c.overrides);
        ASSERT_TRUE(config) << c.name << ": " << config.error().message;
        EXPECT_TRUE(c.holds(*config)) << c.name;
    }
}

TEST(Config, OverridesWinOverTheFile) {
    const auto config = load_text("[timers]\nminute = \"3s\"\nreservation = \"4s\"\n", {"timers.minute=1s"});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->settings.timers.minute, 1s);
    EXPECT_EQ(config->settings.timers.reservation, 4s);
}

TEST(Config, TheOriginalsQuotasAreOneWord) {
    const auto config = load_set({"limits.profile=gse-2019"});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->settings.limits.aliases_per_region, 20U);
    EXPECT_EQ(config->settings.limits.fleets_per_region, 20U);
    EXPECT_EQ(config->settings.limits.assets_per_region, 1'000U);
    EXPECT_EQ(config->settings.limits.instances_per_region, 20U);
    EXPECT_EQ(config->settings.limits.players_per_session, 200U);
}

TEST(Config, ASingleLimitStandsAboveTheProfileWhereverItIsWritten) {
    const auto config = load_text("[limits]\nfleets_per_region = 7\n", {"limits.profile=gse-2019"});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->settings.limits.fleets_per_region, 7U);
    EXPECT_EQ(config->settings.limits.aliases_per_region, 20U);
}

TEST(Config, RatesAreOffUnlessAskedFor) {
    struct Case {
        const char* name;
        std::string file;
        std::vector<std::string> overrides;
        bool documented;
        std::map<std::string, std::uint32_t, std::less<>> actions;
    };
    const Case kCases[] = {
        {"nothing said", "", {}, false, {}},
        {"by the profile", "", {"limits.profile=gse-2019"}, true, {}},
        {"by a word", "", {"limits.rates=gse-2019"}, true, {}},
        {"the profile without them", "", {"limits.profile=gse-2019", "limits.rates=off"}, false, {}},
        {"one action", "", {"limits.rates.CreateAlias=5"}, false, {{"CreateAlias", 5}}},
        {"one action of the profile",
         "[limits]\nprofile = \"gse-2019\"",
         {"limits.rates.CreateAlias=0"},
         true,
         {{"CreateAlias", 0}}},
        {"a table",
         "[limits.rates]\nCreateAlias = 5\nListFleets = 6",
         {"limits.rates.ListFleets=7"},
         false,
         {{"CreateAlias", 5}, {"ListFleets", 7}}},
        {"a table above a profile",
         "limits.rates = {profile = \"gse-2019\", CreateAlias = 5}",
         {},
         true,
         {{"CreateAlias", 5}}},
    };
    for (const Case& c : kCases) {
        const auto config = load_text(c.file, c.overrides);
        ASSERT_TRUE(config) << c.name << ": " << config.error().message;
        EXPECT_EQ(config->settings.limits.rates.documented, c.documented) << c.name;
        EXPECT_EQ(config->settings.limits.rates.actions, c.actions) << c.name;
        const auto again = load_text(describe(*config));
        ASSERT_TRUE(again) << c.name << ": " << again.error().message;
        EXPECT_EQ(again->settings.limits.rates, config->settings.limits.rates) << c.name;
    }
}

struct Refusal {
    const char* name;
    std::string file;
    std::vector<std::string> overrides;
    ErrorCode code;
    const char* says;
};

TEST(Config, RefusalsNameTheKeyAndWhatIsAllowed) {
    using enum ErrorCode;
    const Refusal kCases[] = {
        {"a misspelt key names the nearest",
         "[timers]\nresevation = \"60s\"",
         {},
         UnknownParameter,
         "\"timers.reservation\""},
        {"a misspelt key in a list of overrides", "", {"timers.minutes=60s"}, UnknownParameter, "\"timers.minute\""},
        {"a key in the wrong table", "", {"limits.reservation=60s"}, UnknownParameter, "\"timers.reservation\""},
        {"a key without its table", "", {"host_silent=60s"}, UnknownParameter, "\"timers.host_silent\""},
        {"an unknown table", "[timer]\nminute = \"60s\"", {}, UnknownParameter, "\"timers.minute\""},
        {"an unknown table with nothing in it", "[agnet]", {}, UnknownParameter, "no key \"agnet\""},
        {"a misspelt key of a table in a table",
         "[objects.s3]\nbuckets = \"b\"",
         {},
         UnknownParameter,
         "\"objects.s3.bucket\""},
        {"s3 without a bucket",
         "",
         {"objects.kind=s3", "objects.s3.endpoint=http://h"},
         InvalidParameterValue,
         "needs objects.s3.endpoint and objects.s3.bucket"},
        {"parts that S3 does not take", "", {"objects.s3.part_bytes=1MiB"}, InvalidParameterValue, "from \"5MiB\""},
        {"a store of another kind", "", {"objects.kind=nfs"}, InvalidParameterValue, "\"directory\", \"s3\""},
        {"the line of a file",
         "\n\nlisten = 5",
         {},
         InvalidParameterValue,
         "line 3: listen = 5: must be \"host:port\""},
        {"a time without a unit",
         "",
         {"timers.minute=60"},
         InvalidParameterValue,
         "\"60\" must be a whole number and a unit"},
        {"a time as a number",
         "[timers]\nminute = 60",
         {},
         InvalidParameterValue,
         "timers.minute = 60: must be a time with its unit"},
        {"a negative time", "", {"timers.minute=-5s"}, InvalidParameterValue, "must be a whole number and a unit"},
        {"a time out of range", "", {"timers.minute=2h"}, InvalidParameterValue, "from \"1ms\" to \"1h\""},
        {"a time that overflows", "", {"timers.minute=999999999999999999d"}, InvalidParameterValue, "too large"},
        {"an idempotency under a day", "", {"retention.idempotency=1h"}, InvalidParameterValue, "from \"1d\""},
        {"a size of an unknown unit",
         "",
         {"journal.reserve_bytes=5MiBs"},
         InvalidParameterValue,
         "\"64MiB\" or \"2GB\""},
        {"a journal of an unknown kind", "", {"journal.kind=oracle"}, InvalidParameterValue, "\"postgres\""},
        {"a database without its address",
         "",
         {"journal.kind=postgres"},
         InvalidParameterValue,
         "needs journal.postgres, the connection string"},
        {"a schema that is none", "", {"journal.schema=My-Schema"}, InvalidParameterValue, "must be 1 to 40 of a-z"},
        {"a schema of the database's own", "", {"journal.schema=pg_mine"}, InvalidParameterValue, "pg_"},
        {"a lease that no clock holds", "", {"journal.lease=100ms"}, InvalidParameterValue, "from \"1s\""},
        {"a negative count", "", {"http.threads=-1"}, InvalidParameterValue, "a whole number from 1 to 256"},
        {"a count too large", "", {"hosts.port_high=70000"}, InvalidParameterValue, "from 1025 to 60000"},
        {"a count as text",
         "",
         {"http.threads=many"},
         InvalidParameterValue,
         "http.threads = 'many': must be a whole number"},
        {"a flag as text", "", {"hosts.share=yes"}, InvalidParameterValue, "must be true or false"},
        {"a share above one", "", {"limits.silent_share=1.5"}, InvalidParameterValue, "from 0 to 1"},
        {"a share that is no number", "", {"limits.silent_share=nan"}, InvalidParameterValue, "from 0 to 1"},
        {"a word of none", "", {"log.level=loud"}, InvalidParameterValue, "\"trace\", \"debug\", \"info\""},
        {"a port of none", "", {"listen=127.0.0.1:99999"}, InvalidParameterValue, "\"host:port\""},
        {"an address without port", "", {"listen=localhost"}, InvalidParameterValue, "\"host:port\""},
        {"a v6 address without brackets", "", {"listen=::1:80"}, InvalidParameterValue, "\"[::1]:0\""},
        {"no region at all", "regions = []", {}, InvalidParameterValue, "a list of 1 to"},
        {"a default region that is none", "", {"default_region=mars"}, InvalidParameterValue, "must be one of regions"},
        {"a region twice", "", {R"(regions=["ap-shanghai","ap-shanghai"])"}, InvalidParameterValue, "twice"},
        {"an instance type without name",
         "",
         {"instance_types=[{cpu = 1, memory_gb = 1}]"},
         InvalidParameterValue,
         "needs name, cpu"},
        {"an instance type with an unknown field",
         "",
         {"instance_types=[{name = \"A\", gpu = 1}]"},
         InvalidParameterValue,
         "\"gpu\""},
        {"ports the wrong way round",
         "",
         {"hosts.port_low=30000", "hosts.port_high=20000"},
         InvalidParameterValue,
         "must not be above"},
        {"silence after loss",
         "",
         {"timers.host_silent=1h"},
         InvalidParameterValue,
         "must not be longer than timers.host_lost"},
        {"a table where a value belongs", "[listen]\nport = 5", {}, InvalidParameterValue, "listen = a table"},
        {"a rate that is no number", "", {"limits.rates.CreateAlias=many"}, InvalidParameterValue, "0 to 1000000"},
        {"a rate of nothing", "", {"limits.rates.=5"}, InvalidParameterValue, "no name of an action"},
        {"rates of another profile", "", {"limits.rates=\"fast\""}, InvalidParameterValue, "gse-2019"},
        {"a certificate without its key", "", {"http.tls_cert=c.pem"}, InvalidParameterValue, "belong together"},
        {"an override without a value", "", {"listen"}, InvalidParameter, "must be key=value"},
        {"broken TOML", "listen = \n", {}, InvalidParameter, "line 1"},
        {"an override that would smuggle in a second key",
         "",
         {"http.threads=2\ninsecure_http=true"},
         InvalidParameterValue,
         "whole number"},
    };
    for (const auto& c : kCases) {
        const auto config = load_text(c.file, c.overrides);
        ASSERT_FALSE(config) << c.name;
        EXPECT_EQ(config.error().code, c.code) << c.name << ": " << config.error().message;
        EXPECT_THAT(config.error().message, HasSubstr(c.says)) << c.name;
    }
}

TEST(Config, AMissingFileIsNamed) {
    const auto config = load("/nowhere/gse.toml", {});
    ASSERT_FALSE(config);
    EXPECT_THAT(config.error().message, HasSubstr("/nowhere/gse.toml"));
}

TEST(Config, SecretsAreNeitherShownNorRepeatedInRefusals) {
    const auto config = load_set({"metrics.token=hunter2"});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->metrics_token, "hunter2");
    EXPECT_THAT(describe(*config), testing::Not(HasSubstr("hunter2")));

    const auto refused = load_text("[metrics]\ntoken = 31337");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("31337")));
}

TEST(Describe, IsAFileThatLoadsToTheSame) {
    const auto config =
        load_set({"limits.profile=gse-2019", "timers.minute=1s", "regions=[\"ap-shanghai\"]", R"(data='a "b" \c')"});
    ASSERT_TRUE(config) << config.error().message;
    const std::string text = describe(*config);
    const auto again = load_text(text);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(describe(*again), text);
    EXPECT_EQ(again->data, R"(a "b" \c)");
    EXPECT_EQ(again->settings.limits.fleets_per_region, 20U);
}

TEST(Describe, NamesEveryKeyWithItsMeaning) {
    const std::string text = describe(Config{});
    for (const Key& key : keys()) {
        const auto dot = key.name.rfind('.');
        const std::string_view last = dot == std::string_view::npos ? key.name : key.name.substr(dot + 1);
        EXPECT_THAT(text, HasSubstr("\n" + std::string{last} + " = ")) << key.name;
        EXPECT_THAT(text, HasSubstr(std::string{key.meaning})) << key.name;
    }
}

TEST(Keys, AreUnique) {
    std::set<std::string_view> seen;
    for (const Key& key : keys()) EXPECT_TRUE(seen.insert(key.name).second) << key.name;
}

/// A member added to src/model/settings.h is a key, or this fails.
TEST(Keys, CoverEveryMemberOfTheSettings) {
    std::ifstream header{std::string{GSE_SOURCE_DIR} + "/src/model/settings.h"};
    ASSERT_TRUE(header);
    const std::map<std::string, std::string> kTables{{"Timers", "timers."},
                                                     {"Limits", "limits."},
                                                     {"Retention", "retention."},
                                                     {"ScalingSettings", "scaling."},
                                                     {"HostSettings", "hosts."},
                                                     {"ObjectSettings", "objects."},
                                                     {"Settings", ""}};
    const std::map<std::string, std::string> kElsewhere{{"scaling.cooldown_delays_scale_out", "scaling.cooldown"}};
    const std::regex struct_line{R"(struct (\w+) \{)"};
    const std::regex member_line{R"( {4}[\w:<>]+ (\w+)( =|\{).*)"};
    std::string line;
    std::string owner;
    std::smatch match;
    int members = 0;
    while (std::getline(header, line)) {
        if (std::regex_match(line, match, struct_line)) owner = match[1];
        if (!kTables.contains(owner) || !std::regex_match(line, match, member_line)) continue;
        std::string name = kTables.at(owner) + match[1].str();
        if (const auto renamed = kElsewhere.find(name); renamed != kElsewhere.end()) name = renamed->second;
        EXPECT_TRUE(std::ranges::any_of(keys(), [&](const Key& key) { return key.name == name; }))
            << name << " is no key of src/config/keys.cpp";
        ++members;
    }
    EXPECT_GT(members, 30);
}

TEST(Units, FormatWithTheLargestThatIsWhole) {
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(120s), "2m");
    EXPECT_EQ(format_duration(1'500ms), "1500ms");
    EXPECT_EQ(format_duration(0ms), "0s");
    EXPECT_EQ(format_size(1536), "1536B");
    EXPECT_EQ(format_size(8ULL << 30), "8GiB");
    EXPECT_EQ(format_size(0), "0B");
}

}  // namespace
}  // namespace gse::config
