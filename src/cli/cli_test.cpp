#include <algorithm>
#include <deque>
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>

#include "base/hex.h"
#include "base/secret_file.h"
#include "base/temp_folder.h"
#include "cli/call_line.h"
#include "cli/fleet_life.h"
#include "cli/program.h"

namespace gse::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Call {
    std::string action;
    std::string json;
};

/// A server that answers what it was told to, in order, and remembers what it was asked.
class ScriptedApi final : public Api {
public:
    struct Script {
        std::deque<std::pair<std::string, std::string>> answers;  ///< action, inner object or refused:TEXT
        std::vector<Call> calls;
        std::vector<std::string> uploads;
        /// One connection to /events each: what comes over it. After the last one the server refuses.
        std::deque<std::vector<std::pair<std::string, std::string>>> streams;
        std::vector<EventQuery> follows;
        std::map<std::string, std::string> pages;
        std::int64_t date_s = 0;
    };
    explicit ScriptedApi(Script& script) : script_(script) {}

    Result<std::string> call(std::string_view action, const std::string& json) override {
        script_.calls.push_back({std::string{action}, json});
        if (script_.answers.empty() || script_.answers.front().first != action)
            return refuse(ErrorCode::FailedOperation, "unexpected " + std::string{action});
        const std::string inner = script_.answers.front().second;
        script_.answers.pop_front();
        if (const auto refused = inner.find("refused:"); refused == 0)
            return refuse(ErrorCode::FailedOperation, inner.substr(8));
        return "{" + inner + (inner.empty() ? "" : ",") + "\"RequestId\":\"r-1\"}";
    }
    Result<void> upload(std::string_view bucket, std::string_view key, std::string_view authorization,
                        const std::filesystem::path& file) override {
        script_.uploads.push_back(std::string{bucket} + "|" + std::string{key.substr(0, 4)} + "|" +
                                  std::string{authorization} + "|" +
                                  (std::filesystem::exists(file) ? "file" : "nothing"));
        return {};
    }
    Result<void> follow(EventQuery& query,
                        const std::function<bool(const std::string&, const std::string&)>& take) override {
        script_.follows.push_back(query);
        if (script_.streams.empty()) return refuse(ErrorCode::FailedOperation, "no more");
        const auto stream = script_.streams.front();
        script_.streams.pop_front();
        for (const auto& [name, data] : stream) {
            query.last_event_id = "1-" + std::to_string(++events_);
            if (!take(name, data)) return {};
        }
        return refuse(ErrorCode::Unavailable, "cut");
    }
    Result<void> download(const std::string& url, const std::filesystem::path& file) override {
        std::ofstream{file} << "log of " << url << "\x1b[2J\n";
        return {};
    }
    Result<Page> page(std::string_view path) override {
        const auto found = script_.pages.find(std::string{path});
        if (found == script_.pages.end()) return refuse(ErrorCode::FailedOperation, "closed");
        return Page{found->second, script_.date_s};
    }
    [[nodiscard]] std::string region() const override { return "ap-shanghai"; }

private:
    Script& script_;
    int events_ = 0;
};

class Cli : public testing::Test {
protected:
    int gse(const std::vector<std::string>& arguments) {
        out_.str("");
        err_.str("");
        Outside outside{
            .out = out_,
            .err = err_,
            .in = in_,
            .environment = [](const std::string& name) { return name.starts_with("TENCENTCLOUD_SECRET") ? "x" : ""; },
            .connect = [this](const Connection& connection) -> Result<std::unique_ptr<Api>> {
                connection_ = connection;
                return std::make_unique<ScriptedApi>(script_);
            },
            .clock = clock_,
            .pause = [this](Millis by) { clock_.advance(by); },
            .servers = {.dev = [this](const config::Config& c) { return serve("dev", c); },
                        .server = [this](const config::Config& c) { return serve("server", c); },
                        .agent = [this](const config::Config& c) { return serve("agent", c); },
                        .examine_host = [this](const config::Config&) { return findings_; },
                        .copy_journal = [this](const JournalCopy& copy, std::ostream& said) -> Result<void> {
                            served_ = copy.from + " -> " + copy.to + " in " + copy.schema;
                            if (copy.to == "full") return refuse(ErrorCode::InUse, "holds a journal already");
                            said << "verified\n";
                            return {};
                        },
                        .copy_objects = [this](const config::Config& c, bool to_s3,
                                               std::ostream& said) -> Result<void> {
                            served_ = c.data + (to_s3 ? " to s3" : " to directory");
                            if (c.data == "full") return refuse(ErrorCode::FailedOperation, "no room");
                            said << "copied\n";
                            return {};
                        }},
            .interrupted = [this] { return interrupt_after_ > 0 && calls().size() >= interrupt_after_; }};
        return run(arguments, outside);
    }
    void answer(const std::string& action, const std::string& inner) { script_.answers.emplace_back(action, inner); }
    [[nodiscard]] std::string out() const { return out_.str(); }
    [[nodiscard]] std::string err() const { return err_.str(); }
    [[nodiscard]] const std::vector<Call>& calls() const { return script_.calls; }
    [[nodiscard]] bool all_answered() const { return script_.answers.empty(); }
    void feed(const std::string& text) { in_.str(text); }

    std::string served_;
    config::Config config_;
    Connection connection_;
    ScriptedApi::Script script_;
    std::vector<Finding> findings_;
    std::size_t interrupt_after_ = 0;  ///< calls, and then Ctrl-C
    ManualClock clock_;

private:
    int serve(const std::string& what, const config::Config& config) {
        served_ = what;
        config_ = config;
        return 0;
    }
    std::ostringstream out_;
    std::ostringstream err_;
    std::istringstream in_;
};

const char* const kTwoFleets =
    R"("FleetAttributes":[{"FleetId":"fleet-1","Name":"arena-v1","Status":"ACTIVE","AssetId":"asset-1","CreationTime":"2026-01-01T00:00:00Z"},)"
    R"({"FleetId":"fleet-2","Name":"arena-v2","Status":"NEW","AssetId":"asset-2","CreationTime":"2026-01-01T00:00:00Z"}],"TotalCount":2)";
const char* const kOneAlias =
    R"("Aliases":[{"AliasId":"alias-1","AliasArn":"a","Name":"arena","Description":"","RoutingStrategy":{"Type":"SIMPLE","FleetId":"fleet-1"},)"
    R"("CreationTime":"t","LastUpdatedTime":"t","Tags":[]}],"TotalCount":1)";

TEST_F(Cli, UsageErrorsAreExitCodeTwo) {
    const std::vector<std::vector<std::string>> kCases = {
        {},
        {"flet"},
        {"fleet"},
        {"fleet", "lst"},
        {"fleet", "list", "--bogus"},
        {"fleet", "create", "x"},
        {"alias", "create", "x"},
        {"alias", "create", "x", "--fleet", "f", "--terminal", "m"},
        {"key", "update", "k"},
        {"key", "update", "k", "--enable", "--disable"},
        {"session", "create", "--players", "1"},
        {"session", "create", "--players", "1", "--fleet", "a", "--alias", "b"},
        {"fleet", "list", "--output", "xml"},
        {"fleet", "scale", "f", "--min", "-1"},
        {"session", "create", "--players", "-1", "--fleet", "a"},
        {"alias", "update", "a"},
        {"queue", "create", "q", "--to", "arena"},
        {"placement", "start", "q", "--players", "1", "--latency", "ada:ap-tokyo"},
        {"placement", "start", "q", "--players", "1", "--property", "map"},
        {"host", "token", "--ttl", "long"},
        {"call"},
        {"call", "NoSuchAction"},
        {"call", "ListAliases", "--Limit"},
        {"call", "ListAliases", "stray"},
        {"call", "ListAliases", "--bogus", "1"},
        {"call", "ListAliases", "--Bogus", "1"},
        {"call", "ListAliases", "--Limit", "many"},
        {"call", "ListAliases", "--Limit", "5", "--json", "{}"},
    };
    for (const auto& arguments : kCases) {
        EXPECT_EQ(gse(arguments), kUsage) << testing::PrintToString(arguments);
        EXPECT_THAT(out(), IsEmpty()) << testing::PrintToString(arguments);
        EXPECT_THAT(err(), Not(IsEmpty())) << testing::PrintToString(arguments);
    }
    EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(Cli, AnUnknownCommandIsNamedWithThoseThereAre) {
    EXPECT_EQ(gse({"alias", "pint", "arena"}), kUsage);
    EXPECT_THAT(err(), AllOf(HasSubstr("gse alias: there is no command \"pint\""), HasSubstr("point, ")));
    EXPECT_EQ(gse({"flet"}), kUsage);
    EXPECT_THAT(err(), AllOf(HasSubstr("gse: there is no command \"flet\""), HasSubstr("fleet, ")));
}

TEST_F(Cli, WhatIsNoZipIsNotUploaded) {
    const std::string file = testing::TempDir() + "gse-no-zip.txt";
    std::ofstream{file} << "some text";
    EXPECT_EQ(gse({"asset", "upload", file}), kFailed);
    EXPECT_THAT(err(), HasSubstr("is neither a folder nor a zip"));
    EXPECT_THAT(script_.uploads, IsEmpty());
    std::filesystem::remove(file);
}

TEST_F(Cli, AnAliasIsRenamedWithoutBeingMoved) {
    answer("ListAliases", kOneAlias);
    answer("UpdateAlias", R"("Alias":{"AliasId":"alias-1","Name":"ranked"})");
    EXPECT_EQ(gse({"alias", "update", "arena", "--name", "ranked"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"AliasId":"alias-1","Name":"ranked"})");
    EXPECT_EQ(out(), "alias-1 is called ranked\n");
}

TEST_F(Cli, AJournalIsCopiedFromOneEndToTheOther) {
    EXPECT_EQ(gse({"journal", "copy", "--from", "/data", "--to", "host=db dbname=gse"}), kDone) << err();
    EXPECT_EQ(served_, "/data -> host=db dbname=gse in gse");
    EXPECT_EQ(out(), "verified\n");
    EXPECT_EQ(gse({"journal", "copy", "--from", "host=db", "--to", "full", "--schema", "other"}), kFailed);
    EXPECT_EQ(served_, "host=db -> full in other");
    EXPECT_EQ(err(), "gse journal copy: holds a journal already\n");
    EXPECT_EQ(gse({"journal", "copy", "--from", "/data"}), kUsage);
}

TEST_F(Cli, ObjectsAreCopiedEitherWay) {
    EXPECT_EQ(gse({"objects", "copy", "--data", "d", "--to", "s3"}), kDone) << err();
    EXPECT_EQ(served_, "d to s3");
    EXPECT_EQ(out(), "copied\n");
    EXPECT_EQ(gse({"objects", "copy", "--set", "data=full", "--to", "directory"}), kFailed);
    EXPECT_EQ(served_, "full to directory");
    EXPECT_EQ(err(), "gse objects copy: no room\n");
    EXPECT_EQ(gse({"objects", "copy", "--to", "tape"}), kUsage);
    EXPECT_EQ(gse({"objects", "copy"}), kUsage);
}

TEST_F(Cli, EveryCommandTeachesWithAnExample) {
    const std::vector<std::vector<std::string>> kCommands = {{"dev"},
                                                             {"server"},
                                                             {"agent"},
                                                             {"config"},
                                                             {"config", "secrets-key"},
                                                             {"journal", "copy"},
                                                             {"objects", "copy"},
                                                             {"asset", "upload"},
                                                             {"asset", "list"},
                                                             {"asset", "delete"},
                                                             {"fleet", "create"},
                                                             {"fleet", "list"},
                                                             {"fleet", "show"},
                                                             {"fleet", "events"},
                                                             {"fleet", "scale"},
                                                             {"fleet", "wait"},
                                                             {"fleet", "delete"},
                                                             {"host", "list"},
                                                             {"host", "token"},
                                                             {"host", "cordon"},
                                                             {"host", "uncordon"},
                                                             {"host", "drain"},
                                                             {"host", "remove"},
                                                             {"key", "create"},
                                                             {"key", "list"},
                                                             {"key", "update"},
                                                             {"key", "rotate"},
                                                             {"key", "delete"},
                                                             {"alias", "create"},
                                                             {"alias", "list"},
                                                             {"alias", "show"},
                                                             {"alias", "point"},
                                                             {"alias", "update"},
                                                             {"alias", "history"},
                                                             {"alias", "rollback"},
                                                             {"alias", "delete"},
                                                             {"session", "create"},
                                                             {"session", "list"},
                                                             {"session", "end"},
                                                             {"player", "join"},
                                                             {"player", "list"},
                                                             {"instance", "list"},
                                                             {"instance", "weight"},
                                                             {"instance", "reserve"},
                                                             {"fleet", "copy"},
                                                             {"fleet", "watch"},
                                                             {"process", "list"},
                                                             {"process", "kill"},
                                                             {"queue", "list"},
                                                             {"queue", "create"},
                                                             {"queue", "show"},
                                                             {"queue", "update"},
                                                             {"queue", "delete"},
                                                             {"placement", "start"},
                                                             {"placement", "show"},
                                                             {"placement", "stop"},
                                                             {"session", "search"},
                                                             {"deploy"},
                                                             {"logs"},
                                                             {"metrics"},
                                                             {"status"},
                                                             {"doctor"}};
    for (auto command : kCommands) {
        std::string name = "gse";
        for (const auto& word : command) name += " " + word;
        command.push_back("--help");
        EXPECT_EQ(gse(command), kDone) << name;
        EXPECT_THAT(out(), HasSubstr("Example:\n  " + name)) << name;
    }
}

TEST_F(Cli, VersionNamesWhatWasBuilt) {
    EXPECT_EQ(gse({"version"}), kDone);
    EXPECT_THAT(out(), testing::MatchesRegex("gse [0-9]+\\.[0-9]+\\.[0-9]+ \\(.*, .*\\)\n"));
}

TEST_F(Cli, ServersGetTheConfigurationOfFileSetAndFlags) {
    EXPECT_EQ(gse({"dev", "--set", "timers.minute=1s", "--listen", "127.0.0.1:0", "--data", "/tmp/d", "--set",
                   "listen=127.0.0.1:9"}),
              kDone);
    EXPECT_EQ(served_, "dev");
    EXPECT_EQ(config_.listen, "127.0.0.1:0") << "a flag stands above every --set";
    EXPECT_EQ(config_.data, "/tmp/d");
    EXPECT_EQ(config_.settings.timers.minute, Millis{1'000});
    EXPECT_EQ(gse({"agent", "--server", "10.0.0.5:1", "--token-file", "/t"}), kDone);
    EXPECT_EQ(served_, "agent");
    EXPECT_EQ(config_.agent.server, "10.0.0.5:1");
    EXPECT_EQ(gse({"server", "--tls-cert", "/c.pem", "--tls-key", "/k.pem"}), kDone);
    EXPECT_EQ(config_.http.tls_cert, "/c.pem");
    EXPECT_EQ(config_.http.tls_key, "/k.pem");
    EXPECT_EQ(gse({"server", "--insecure-http", "--listen=0.0.0.0:80"}), kDone);
    EXPECT_TRUE(config_.insecure_http);
}

TEST_F(Cli, AMisspeltKeyRefusesToStart) {
    served_.clear();
    EXPECT_EQ(gse({"dev", "--set", "timers.minutes=1s"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("\"timers.minute\""));
    EXPECT_THAT(served_, IsEmpty());
}

TEST_F(Cli, ConfigPrintsWhatWouldHold) {
    EXPECT_EQ(gse({"config", "--set", "timers.minute=1s"}), kDone);
    EXPECT_THAT(out(), HasSubstr("minute = \"1s\""));
    EXPECT_THAT(out(), HasSubstr("default \"1m\""));
}

TEST_F(Cli, AKeyForSeveralServersIsMadeOnceAndSaysWhatComesNext) {
    const TempFolder folder = TempFolder::make("gse-cli").value();
    const std::string file = folder.path() / "secrets.key";
    EXPECT_EQ(gse({"config", "secrets-key", file}), kDone) << err();
    EXPECT_THAT(out(), testing::AllOf(HasSubstr("key_file = \"" + file + "\""), HasSubstr("Copy it to every server"),
                                      Not(HasSubstr("default"))));
    const auto key = read_secret_file(file);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(from_hex(*key).value_or("").size(), 32U);
    EXPECT_THAT(out(), Not(HasSubstr(*key)));

    EXPECT_EQ(gse({"config", "secrets-key", file}), kFailed);
    EXPECT_THAT(err(), HasSubstr("exists already, and stays as it is"));
    EXPECT_EQ(read_secret_file(file).value(), *key);
    EXPECT_EQ(gse({"config", "secrets-key"}), kUsage);
}

TEST_F(Cli, CallSendsNestedAndListedParametersAsTheModelHasThem) {
    answer("CreateAlias", R"("Alias":{"AliasId":"alias-1"})");
    EXPECT_EQ(gse({"call", "CreateAlias", "--Name", "fleet", "--RoutingStrategy.Type", "SIMPLE",
                   "--RoutingStrategy.FleetId=fleet-1", "--Tags.0.Key", "--k", "--Tags.0.Value", "-1", "--region",
                   "ap-tokyo", "--endpoint", "http://h:1"}),
              kDone)
        << err();
    EXPECT_EQ(
        calls()[0].json,
        R"({"Name":"fleet","RoutingStrategy":{"Type":"SIMPLE","FleetId":"fleet-1"},"Tags":[{"Key":"--k","Value":"-1"}]})");
    EXPECT_EQ(out(), "{\n  \"Alias\": {\n    \"AliasId\": \"alias-1\"\n  },\n  \"RequestId\": \"r-1\"\n}\n");
    EXPECT_EQ(connection_.region, "ap-tokyo");
    EXPECT_EQ(connection_.endpoint, "http://h:1");
}

TEST_F(Cli, CallReadsTheRequestFromStandardInput) {
    answer("ListAliases", "");
    feed(R"({"Limit": 5})");
    EXPECT_EQ(gse({"call", "ListAliases", "--json", "-"}), kDone) << err();
    EXPECT_EQ(calls()[0].json, R"({"Limit": 5})");
}

TEST_F(Cli, CallHelpListsActionsAndParameters) {
    EXPECT_EQ(gse({"call", "--help"}), kDone);
    EXPECT_THAT(out(), HasSubstr("CreateGameServerSession"));
    EXPECT_EQ(gse({"call", "CreateFleet", "--help"}), kDone);
    EXPECT_THAT(out(), HasSubstr("--RuntimeConfiguration.ServerProcesses.0.LaunchPath"));
}

TEST_F(Cli, AMisspeltActionNamesTheNearest) {
    EXPECT_EQ(gse({"call", "CreateAlais"}), kUsage);
    EXPECT_THAT(err(), HasSubstr("CreateAlias"));
}

TEST_F(Cli, ARefusalOfTheServerIsExitCodeOneWithItsWords) {
    answer("ListAliases", "refused:AuthFailure.SignatureFailure: wrong key (request r-1)");
    EXPECT_EQ(gse({"call", "ListAliases"}), kFailed);
    EXPECT_THAT(out(), IsEmpty());
    EXPECT_EQ(err(), "gse call: AuthFailure.SignatureFailure: wrong key (request r-1)\n");
}

TEST_F(Cli, PointingAnAliasTakesNames) {
    answer("ListAliases", kOneAlias);
    answer("DescribeFleetAttributes", kTwoFleets);
    answer("UpdateAlias", "");
    EXPECT_EQ(gse({"alias", "point", "arena", "--fleet", "arena-v2"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"AliasId":"alias-1","RoutingStrategy":{"Type":"SIMPLE","FleetId":"fleet-2"}})");
    EXPECT_EQ(out(), "arena leads to fleet-2\n");
    EXPECT_TRUE(all_answered());
}

TEST_F(Cli, AnIdWinsOverAName) {
    answer(
        "DescribeFleetAttributes",
        R"("FleetAttributes":[{"FleetId":"fleet-9","Name":"fleet-1"},{"FleetId":"fleet-1","Name":"b"}],"TotalCount":2)");
    answer("DeleteFleet", "");
    EXPECT_EQ(gse({"fleet", "delete", "fleet-1"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"FleetId":"fleet-1"})");
}

TEST_F(Cli, ANameOfSeveralIsRefusedWithTheirIds) {
    answer("DescribeFleetAttributes",
           R"("FleetAttributes":[{"FleetId":"fleet-1","Name":"a"},{"FleetId":"fleet-2","Name":"a"}],"TotalCount":2)");
    EXPECT_EQ(gse({"fleet", "delete", "a"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("fleet-1, fleet-2"));
    EXPECT_EQ(calls().size(), 1U);
}

TEST_F(Cli, AnUnknownNameIsNamed) {
    answer("DescribeFleetAttributes", kTwoFleets);
    EXPECT_EQ(gse({"fleet", "delete", "nothing"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("\"nothing\""));
}

TEST_F(Cli, ListsReadEveryPage) {
    std::string page = R"("Aliases":[)";
    for (int i = 0; i < 100; ++i)
        page += (i ? "," : "") + std::string{R"({"AliasId":"alias-)"} + std::to_string(i) +
                R"(","Name":"n","RoutingStrategy":{"Type":"SIMPLE"}})";
    answer("ListAliases", page + R"(],"TotalCount":101)");
    answer("ListAliases", kOneAlias);
    EXPECT_EQ(gse({"alias", "list"}), kDone) << err();
    EXPECT_EQ(std::ranges::count(out(), '\n'), 102);
    EXPECT_THAT(calls()[1].json, HasSubstr(R"("Offset":100)"));
}

TEST_F(Cli, ListsCanBeJson) {
    answer("ListAliases", kOneAlias);
    EXPECT_EQ(gse({"alias", "list", "--output", "json"}), kDone) << err();
    EXPECT_THAT(out(), testing::StartsWith("[\n  {\n    \"AliasId\": \"alias-1\""));
}

TEST_F(Cli, FleetListGoesOnWithoutFiguresOfFleetsThatWentAway) {
    answer("DescribeFleetAttributes", kTwoFleets);
    answer(
        "DescribeFleetCapacity",
        R"("FleetCapacity":[{"FleetId":"fleet-1","InstanceCounts":{"Active":1,"Desired":2,"MiniNum":0,"MaxiNum":3}}],"TotalCount":1)");
    answer("DescribeFleetUtilization", "refused:ResourceNotFound: gone");
    EXPECT_EQ(gse({"fleet", "list"}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("1 of 2 (0 to 3)"));
    EXPECT_THAT(out(), HasSubstr("arena-v2"));
}

TEST_F(Cli, CreatingAFleetFillsInWhatWasNotSaid) {
    answer("DescribeAssets", R"("Assets":[{"AssetId":"asset-1","AssetName":"arena"}],"TotalCount":1)");
    answer("CreateFleet", R"("FleetAttributes":{"FleetId":"fleet-1","Name":"arena-v1"})");
    EXPECT_EQ(gse({"fleet", "create", "arena-v1", "--asset", "arena", "--launch", "bin/arena", "--processes", "10",
                   "--ports", "7000-7100/udp", "--protection", "full"}),
              kDone)
        << err();
    EXPECT_EQ(out(), "fleet-1\n");
    const std::string& json = calls().back().json;
    EXPECT_THAT(json, HasSubstr(R"("LaunchPath":"/local/game/bin/arena")"));
    EXPECT_THAT(json, HasSubstr(R"("ConcurrentExecutions":10)"));
    EXPECT_THAT(json, HasSubstr(R"({"FromPort":7000,"IpRange":"0.0.0.0/0","Protocol":"UDP","ToPort":7100})"));
    EXPECT_THAT(json, HasSubstr(R"("NewGameServerSessionProtectionPolicy":"FullProtection")"));
}

TEST_F(Cli, PortsThatMakeNoSenseAreRefused) {
    for (const char* ports : {"7000", "7000/icmp", "80/tcp", "7100-7000/tcp", "7000-70000/udp", "a-b/tcp", "/tcp"}) {
        EXPECT_EQ(gse({"fleet", "create", "x", "--asset", "arena", "--launch", "a", "--ports", ports}), kUsage)
            << ports;
        EXPECT_THAT(err(), HasSubstr("FROM-TO/tcp")) << ports;
    }
}

TEST_F(Cli, WaitingSeesEachStatusOnce) {
    answer("DescribeFleetAttributes", kTwoFleets);
    for (const char* status : {"NEW", "DOWNLOADING", "DOWNLOADING", "ACTIVE"})
        answer("DescribeFleetAttributes", R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-v2","Status":")" +
                                              std::string{status} + R"("}],"TotalCount":1)");
    EXPECT_EQ(gse({"fleet", "wait", "arena-v2"}), kDone) << err();
    EXPECT_EQ(err(), "arena-v2 NEW\narena-v2 DOWNLOADING\narena-v2 ACTIVE\n");
    EXPECT_TRUE(all_answered());
}

TEST_F(Cli, WaitingEndsWithTheReasonWhenTheFleetFails) {
    answer("DescribeFleetAttributes", kTwoFleets);
    answer("DescribeFleetAttributes",
           R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-v2","Status":"ERROR"}],"TotalCount":1)");
    answer(
        "DescribeFleetEvents",
        R"("Events":[{"EventCode":"FLEET_VALIDATION_LAUNCH_PATH_NOT_FOUND","Message":"no /local/game/x"}],"TotalCount":1)");
    EXPECT_EQ(gse({"fleet", "wait", "arena-v2"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("FLEET_VALIDATION_LAUNCH_PATH_NOT_FOUND no /local/game/x"));
}

TEST_F(Cli, WaitingIsBounded) {
    answer("DescribeFleetAttributes", kTwoFleets);
    for (int i = 0; i < 3; ++i)
        answer("DescribeFleetAttributes",
               R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-v2","Status":"NEW"}],"TotalCount":1)");
    EXPECT_EQ(gse({"fleet", "wait", "arena-v2", "--timeout", "1"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("still NEW after 1 s"));
    EXPECT_TRUE(all_answered());
}

TEST_F(Cli, DeletingCanWaitUntilTheFleetIsGone) {
    for (int i = 0; i < 2; ++i) answer("DescribeFleetAttributes", kTwoFleets);
    script_.answers.insert(script_.answers.begin() + 1, {"DeleteFleet", ""});
    answer("DescribeFleetAttributes", R"("FleetAttributes":[],"TotalCount":0)");
    EXPECT_EQ(gse({"fleet", "delete", "arena-v1", "--wait"}), kDone) << err();
    EXPECT_EQ(out(), "deleted fleet-1\n");
    EXPECT_TRUE(all_answered());
}

TEST_F(Cli, WaitingForADeletionIsBounded) {
    for (int i = 0; i < 3; ++i) answer("DescribeFleetAttributes", kTwoFleets);
    script_.answers.insert(script_.answers.begin() + 1, {"DeleteFleet", ""});
    EXPECT_EQ(gse({"fleet", "delete", "arena-v1", "--wait", "--timeout", "0"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("still being deleted after 0 s"));
}

TEST_F(Cli, ScalingChangesOnlyWhatWasSaid) {
    answer("DescribeFleetAttributes", kTwoFleets);
    answer("UpdateFleetCapacity", "");
    answer("DescribeScalingPolicies", R"("ScalingPolicies":[],"TotalCount":0)");
    answer("PutScalingPolicy", "");
    answer(
        "DescribeFleetCapacity",
        R"("FleetCapacity":[{"FleetId":"fleet-1","InstanceCounts":{"Active":1,"Desired":1,"MiniNum":0,"MaxiNum":3}}],"TotalCount":1)");
    EXPECT_EQ(gse({"fleet", "scale", "arena-v1", "--max", "3", "--buffer", "30"}), kDone) << err();
    EXPECT_EQ(calls()[1].json, R"({"FleetId":"fleet-1","MaxSize":3})");
    EXPECT_THAT(calls()[3].json, HasSubstr(R"("TargetConfiguration":{"TargetValue":30})"));
}

TEST_F(Cli, OfABufferTheRestStays) {
    answer("DescribeFleetAttributes", kTwoFleets);
    answer(
        "DescribeScalingPolicies",
        R"("ScalingPolicies":[{"Name":"spare","PolicyType":"TargetBased","TargetConfiguration":{"TargetValue":30,"MinimumFreeSessions":20,"KeepOne":true}}],"TotalCount":1)");
    answer("PutScalingPolicy", "");
    answer(
        "DescribeFleetCapacity",
        R"("FleetCapacity":[{"FleetId":"fleet-1","InstanceCounts":{"Active":1,"Desired":1,"MiniNum":0,"MaxiNum":3}}],"TotalCount":1)");
    EXPECT_EQ(gse({"fleet", "scale", "arena-v1", "--keep-one", "off"}), kDone) << err();
    EXPECT_THAT(calls()[2].json, HasSubstr(R"("Name":"spare")"));
    EXPECT_THAT(calls()[2].json,
                HasSubstr(R"("TargetConfiguration":{"TargetValue":30,"MinimumFreeSessions":20,"KeepOne":false})"));
    answer("DescribeFleetAttributes", kTwoFleets);
    answer("DescribeScalingPolicies", R"("ScalingPolicies":[],"TotalCount":0)");
    EXPECT_EQ(gse({"fleet", "scale", "arena-v1", "--free", "20"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("give --buffer too"));
}

const char* const kDraining =
    R"("FleetDrain":{"FleetId":"fleet-1","Status":"DRAINING","StartTime":"2026-01-01T00:00:00Z","DenyJoins":true,"DeadlineTime":"2026-01-01T02:00:00Z","DeleteWhenEmpty":true,"InstanceCount":1,"GameServerSessionCount":1,"PlayerSessionCount":4,"EstimatedTime":"2026-01-01T00:10:00Z","EstimatedTimeP90":"2026-01-01T00:20:00Z","LatestTime":"2026-01-01T02:00:00Z","SessionLengthP50Seconds":600,"SessionLengthP90Seconds":1200,"SessionLengthSamples":40,"Message":"1 session on 1 instance"})";

TEST_F(Cli, AFleetIsDrainedWatchedAndTakenBack) {
    answer("DescribeFleetAttributes", kTwoFleets);
    answer("DrainFleet", kDraining);
    EXPECT_EQ(gse({"fleet", "drain", "arena-v1", "--deny-joins", "--deadline", "2h", "--delete"}), kDone) << err();
    EXPECT_EQ(calls()[1].json,
              R"({"FleetId":"fleet-1","DenyJoins":true,"DeadlineInSeconds":7200,"DeleteWhenEmpty":true})");
    EXPECT_EQ(out(), "DRAINING: 1 session on 1 instance\nwith 90 % by 2026-01-01T00:20:00Z\n");

    answer("DescribeFleetAttributes", kTwoFleets);
    answer(
        "DescribeFleetDrain",
        std::string(kDraining) +
            R"(,"Instances":[{"InstanceId":"ins-1","Status":"STAYING","GameServerSessionCount":1,"PlayerSessionCount":4,"ProcessesToldToEnd":0,"EstimatedTime":"2026-01-01T00:10:00Z","EstimatedTimeP90":null,"LatestTime":null}],"TotalCount":1)");
    EXPECT_EQ(gse({"fleet", "drain-status", "arena-v1"}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("INSTANCE"));
    EXPECT_THAT(out(), HasSubstr("ins-1     STAYING"));

    answer("DescribeFleetAttributes", kTwoFleets);
    answer("UndrainFleet", kDraining);
    EXPECT_EQ(gse({"fleet", "undrain", "arena-v1"}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("arena-v1 takes sessions again"));

    EXPECT_EQ(gse({"fleet", "drain", "arena-v1", "--deadline", "soon"}), kUsage);
    EXPECT_THAT(err(), HasSubstr("--deadline soon: must be a time like 2h"));
    EXPECT_TRUE(all_answered());
}

TEST_F(Cli, UploadingAZipMakesAnAsset) {
    const std::string zip = testing::TempDir() + "gse-cli-test.zip";
    std::ofstream{zip} << "PK\x03\x04";
    answer("DescribeAssetSystems",
           R"("AssetSupportSys":[{"ImageId":"i","OsType":"CentOS","OsBit":64,"OsVersion":"CentOS7.16"}])");
    answer("GetUploadCredentials", R"("BucketAuth":"auth","BucketName":"bucket","AssetRegion":"ap-shanghai")");
    answer("CreateAsset", R"("AssetId":"asset-1","AssetArn":"arn")");
    EXPECT_EQ(gse({"asset", "upload", zip, "--version", "2"}), kDone) << err();
    EXPECT_EQ(out(), "asset-1\n");
    EXPECT_EQ(script_.uploads, std::vector<std::string>{"bucket|cli/|auth|file"});
    EXPECT_THAT(calls().back().json, HasSubstr(R"("AssetName":"gse-cli-test","AssetVersion":"2")"));
    std::filesystem::remove(zip);
}

TEST_F(Cli, ASessionIsFoundByNameAmongThoseThatRun) {
    answer("DescribeGameServerSessions", "refused:ResourceNotFound: no such session");
    answer("DescribeFleetAttributes", R"("FleetAttributes":[{"FleetId":"fleet-1","Name":"a"}],"TotalCount":1)");
    answer(
        "DescribeGameServerSessions",
        R"("GameServerSessions":[{"GameServerSessionId":"s-1","Name":"friday","Status":"TERMINATED"},{"GameServerSessionId":"s-2","Name":"friday","Status":"ACTIVE"}],"NextToken":"")");
    answer(
        "JoinGameServerSession",
        R"("PlayerSession":{"PlayerSessionId":"p-1","PlayerId":"ada","Status":"RESERVED","IpAddress":"127.0.0.1","Port":7000})");
    EXPECT_EQ(gse({"player", "join", "friday", "--player", "ada"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"GameServerSessionId":"s-2","PlayerId":"ada"})");
    EXPECT_THAT(out(), HasSubstr("127.0.0.1:7000"));
}

const char* const kPending =
    R"("GameServerSessionPlacement":{"PlacementId":"m","Status":"PENDING","PlayerLatencies":[],"GameProperties":[]})";

TEST_F(Cli, WaitingForAPlacementAsksUntilItHasEnded) {
    answer("WaitGameServerSessionPlacement", kPending);
    answer(
        "WaitGameServerSessionPlacement",
        R"("GameServerSessionPlacement":{"PlacementId":"m","Status":"FULFILLED","GameServerSessionId":"s-1","IpAddress":"1.2.3.4","Port":7000})");
    EXPECT_EQ(gse({"placement", "wait", "m"}), kDone) << err();
    EXPECT_EQ(calls().front().json, R"({"PlacementId":"m","TimeoutSeconds":25})");
    EXPECT_EQ(out(), "s-1\n1.2.3.4:7000\n");
}

TEST_F(Cli, WaitingForAPlacementIsBoundedAndSaysHowItEnded) {
    for (int i = 0; i < 3; ++i) answer("WaitGameServerSessionPlacement", kPending);
    EXPECT_EQ(gse({"placement", "wait", "m", "--timeout", "2"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("still PENDING after 2 s"));
    EXPECT_TRUE(all_answered());
    answer("WaitGameServerSessionPlacement",
           R"("GameServerSessionPlacement":{"PlacementId":"m","Status":"TIMED_OUT"})");
    EXPECT_EQ(gse({"placement", "wait", "m"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("placement m is TIMED_OUT; gse placement explain m says why"));
}

TEST_F(Cli, ExplainingAPlacementNamesEveryDestination) {
    answer(
        "DescribePlacementDecision",
        R"("Decision":{"Action":"StartGameServerSessionPlacement","PlacementId":"m","Outcome":"GRANTED","Message":"it got a session","Time":"t","GameServerSessionId":"s-1","Destinations":[)"
        R"({"DestinationArn":"arn-1","Region":"r","FleetId":"fleet-1","Reason":"NO_IDLE_PROCESS","Message":"0 idle","Instances":[{"InstanceId":"ins-1","Reason":"WEIGHT_ZERO","Weight":0}],"OmittedInstances":7},)"
        R"({"DestinationArn":"arn-2","Region":"r","FleetId":"fleet-2","Reason":"CHOSEN","Message":"free","Instances":[]}]})");
    EXPECT_EQ(gse({"placement", "explain", "m"}), kDone) << err();
    EXPECT_EQ(calls().front().json, R"({"PlacementId":"m"})");
    EXPECT_THAT(out(), HasSubstr("1. arn-1 (fleet-1, r)\n   NO_IDLE_PROCESS: 0 idle\n"));
    EXPECT_THAT(out(), HasSubstr("ins-1"));
    EXPECT_THAT(out(), HasSubstr("and 7 more"));
    EXPECT_THAT(out(), HasSubstr("2. arn-2"));
    EXPECT_EQ(gse({"placement", "explain"}), kUsage) << "a placement or a request";
    EXPECT_EQ(gse({"placement", "explain", "m", "--request", "r"}), kUsage);
}

TEST_F(Cli, AnAliasShowsItsHistoryAndGoesBack) {
    answer("ListAliases", kOneAlias);
    answer(
        "DescribeAliasHistory",
        R"("Changes":[{"HistoryId":3,"Time":"t","From":{"Type":"SIMPLE","FleetId":"fleet-1"},"To":{"Type":"TERMINAL","Message":"closed"},"SecretId":"key-1","RequestId":"r-9"}],"TotalCount":1)");
    EXPECT_EQ(gse({"alias", "history", "arena"}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("\"closed\""));
    EXPECT_THAT(out(), HasSubstr("key-1"));
    answer("ListAliases", kOneAlias);
    answer("RollbackAlias",
           R"("Alias":{"AliasId":"alias-1","Name":"arena","RoutingStrategy":{"Type":"SIMPLE","FleetId":"fleet-1"}})");
    EXPECT_EQ(gse({"alias", "rollback", "arena", "--change", "3"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"AliasId":"alias-1","HistoryId":3})");
    EXPECT_EQ(out(), "arena leads to fleet-1\n");
}

TEST_F(Cli, TagsAreAddedAndTakenAway) {
    answer("ListAliases", kOneAlias);
    answer("TagResource", R"("Tags":[{"Key":"env","Value":"a=b"}])");
    EXPECT_EQ(gse({"tag", "add", "alias", "arena", "env=a=b", "team="}), kDone) << err();
    EXPECT_EQ(calls().back().json,
              R"({"Resource":"a","Tags":[{"Key":"env","Value":"a=b"},{"Key":"team","Value":""}]})");
    EXPECT_THAT(out(), HasSubstr("env"));
    answer("DescribeGameServerSessionQueues",
           R"("GameServerSessionQueues":[{"Name":"near","GameServerSessionQueueArn":"arn-q"}],"Total":1)");
    answer("UntagResource", R"("Tags":[])");
    EXPECT_EQ(gse({"tag", "remove", "queue", "near", "env", "team"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"Resource":"arn-q","TagKeys":["env","team"]})");
    EXPECT_EQ(gse({"tag", "add", "alias", "arena", "env"}), kUsage);
    EXPECT_THAT(err(), HasSubstr("KEY=VALUE"));
    EXPECT_EQ(gse({"tag", "add", "world", "arena", "a=b"}), kUsage);
}

const char* const kTwoKeys =
    R"("AccessKeys":[{"SecretId":"AKIDROOT","Description":"","Status":"ENABLED","ReadOnly":false,"Source":"ROOT","CreationTime":null,"LastUsedTime":"2026-01-01T00:00:00Z"},)"
    R"({"SecretId":"AKIDA","Description":"dashboard","Status":"ENABLED","ReadOnly":true,"Source":"API","CreationTime":"2026-01-01T00:00:00Z","LastUsedTime":null}],"TotalCount":2)";
const char* const kNewKey =
    R"("AccessKey":{"SecretId":"AKIDB","Description":"dashboard","Status":"ENABLED","ReadOnly":true,"Source":"API","CreationTime":"2026-01-02T00:00:00Z","LastUsedTime":null},"SecretKey":"hush")";

constexpr const char* kOneHost =
    R"({"HostId":"host-a","Name":"rack7","Region":"","Status":"CONNECTED","Availability":"OPEN","Enrolled":true,)"
    R"("IpAddress":"10.0.0.7","PrivateIpAddress":"10.0.0.7","OperatingSystem":"linux","Sandbox":"bubblewrap",)"
    R"("InstanceTypes":[],"Labels":[{"Key":"row","Value":"3"}],"InstanceCapacity":8,"InstanceCount":$n,"Cpus":16,)"
    R"("CpusUsed":8,"MemoryMb":0,"MemoryUsedMb":8192,"ServerProcessCount":4,"GameServerSessionCount":$n,)"
    R"("PlayerSessionCount":5,"SilentSeconds":0,"ForeignReportCount":0,"CreationTime":null,"CertificateEndTime":null})";

std::string one_host(const std::string& n) {
    std::string text = kOneHost;
    for (std::size_t at = text.find("$n"); at != std::string::npos; at = text.find("$n")) text.replace(at, 2, n);
    return text;
}

TEST_F(Cli, HostsAreListedAndDrained) {
    answer("ListHosts", R"("Hosts":[)" + one_host("2") + R"(],"TotalCount":1)");
    EXPECT_EQ(gse({"host", "list"}), kDone) << err();
    EXPECT_THAT(out(),
                HasSubstr("host-a  rack7  CONNECTED  OPEN   all     10.0.0.7  2/8        8/16  -    2         5"));
    EXPECT_THAT(out(), HasSubstr("row=3"));

    answer("UpdateHost", R"("Host":)" + one_host("1"));
    answer("ListHosts", R"("Hosts":[)" + one_host("1") + R"(],"TotalCount":1)");
    answer("ListHosts", R"("Hosts":[)" + one_host("0") + R"(],"TotalCount":1)");
    EXPECT_EQ(gse({"host", "drain", "rack7", "--wait"}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("rack7 is being drained; matches play on: 1 instances, 1 sessions, 5 players there"));
    EXPECT_THAT(err(), HasSubstr("1 instances with 1 sessions are left\nrack7 is empty"));
    EXPECT_TRUE(all_answered());

    answer("RemoveHost", R"("InstanceCount":1,"GameServerSessionCount":0)");
    EXPECT_EQ(gse({"host", "remove", "rack7"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"HostId":"rack7","Force":false})");
}

TEST_F(Cli, ATokenOfAHostIsPrintedOnceAndAlone) {
    answer("CreateHostToken",
           R"("HostToken":{"TokenId":"htok-a","Region":"","Description":"","Status":"UNUSED",)"
           R"("CreationTime":"2020-09-13T12:26:40Z","ExpirationTime":"2020-09-13T13:26:40Z","HostId":null},)"
           R"("Token":"gse1.htok-a.secret.hash","LinkAddress":":7071")");
    EXPECT_EQ(gse({"host", "token", "--ttl", "2h"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"TtlSeconds":7200})");
    EXPECT_EQ(out(), "gse1.htok-a.secret.hash\n") << "so that > host.token is all that is needed";
    EXPECT_THAT(err(), HasSubstr("not shown again"));
    EXPECT_THAT(err(), HasSubstr("gse agent --join 127.0.0.1:7071 --token-file")) << "the host by which we came here";
}

TEST_F(Cli, AFleetIsShownWhole) {
    const auto answer_all = [&] {
        answer("DescribeFleetAttributes", kTwoFleets);
        answer("DescribeFleetCapacity",
               R"("FleetCapacity":[{"FleetId":"fleet-1","ScalingInterval":10}],"TotalCount":1)");
        answer("DescribeFleetUtilization",
               R"("FleetUtilization":[{"FleetId":"fleet-1","ActiveServerProcessCount":7}],"TotalCount":1)");
        answer("DescribeFleetRelatedResources", R"("Resources":[{"Type":"ALIAS","ResourceId":"alias-1"}])");
    };
    answer_all();
    EXPECT_EQ(gse({"fleet", "show", "arena-v1"}), kDone) << err();
    for (const char* shown : {"fleet-1", "arena-v1", "10 min", "alias-1"}) EXPECT_THAT(out(), HasSubstr(shown));
    answer_all();
    EXPECT_EQ(gse({"fleet", "show", "arena-v1", "--output", "json"}), kDone) << err();
    for (const char* shown : {R"("FleetId": "fleet-1")", R"("ScalingInterval": 10)", R"("ActiveServerProcessCount": 7)",
                              R"("ResourceId": "alias-1")"})
        EXPECT_THAT(out(), HasSubstr(shown)) << "JSON has what the table has";
    EXPECT_TRUE(all_answered());
}

TEST_F(Cli, InstancesShowWhatTheyTakeBesideWhatTheyMay) {
    answer("DescribeFleetAttributes", kTwoFleets);
    answer(
        "DescribeInstances",
        R"("Instances":[{"FleetId":"fleet-1","InstanceId":"ins-1","CpuUsed":0.42,"CpuLimit":4.0,"MemoryUsed":325058560,)"
        R"("MemoryLimit":8589934592},{"FleetId":"fleet-1","InstanceId":"ins-2","CpuUsed":0.5,"CpuLimit":null,)"
        R"("MemoryUsed":1048576,"MemoryLimit":null},{"FleetId":"fleet-1","InstanceId":"ins-3","CpuUsed":null}],"TotalCount":3)");
    EXPECT_EQ(gse({"instance", "list", "--fleet", "arena-v1"}), kDone) << err();
    EXPECT_THAT(out(),
                AllOf(HasSubstr("0.42 of 4  310 MiB of 8 GiB"), HasSubstr("0.50       1 MiB"), HasSubstr("ins-3")));
}

TEST_F(Cli, AKeyIsPrintedOnce) {
    answer("CreateAccessKey", kNewKey);
    EXPECT_EQ(gse({"key", "create", "--description", "dashboard", "--read-only"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"Description":"dashboard","ReadOnly":true})");
    EXPECT_EQ(out(), "SecretId:  AKIDB\nSecretKey: hush\n");
    EXPECT_THAT(err(), HasSubstr("not shown again"));

    answer("ListAccessKeys", kTwoKeys);
    EXPECT_EQ(gse({"key", "list"}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("AKIDROOT  ENABLED  all   ROOT"));
    EXPECT_THAT(out(), HasSubstr("AKIDA     ENABLED  read  API"));
}

TEST_F(Cli, RotatingAKeySaysHowToRetireTheOld) {
    answer("ListAccessKeys", kTwoKeys);
    answer("CreateAccessKey", kNewKey);
    EXPECT_EQ(gse({"key", "rotate", "dashboard"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"Description":"dashboard","ReadOnly":true})") << "as the old one was";
    EXPECT_THAT(out(), HasSubstr("SecretKey: hush"));
    EXPECT_THAT(err(), HasSubstr("gse key update AKIDA --disable"));
    EXPECT_THAT(err(), HasSubstr("gse key delete AKIDA"));
    EXPECT_TRUE(all_answered()) << "the old key is not touched";

    answer("ListAccessKeys", kTwoKeys);
    answer("CreateAccessKey", kNewKey);
    EXPECT_EQ(gse({"key", "rotate", "AKIDROOT"}), kDone) << err();
    EXPECT_THAT(err(), HasSubstr("credentials.toml"));
}

TEST_F(Cli, AKeyIsChangedByItsDescription) {
    answer("ListAccessKeys", kTwoKeys);
    answer("UpdateAccessKey", kNewKey);
    EXPECT_EQ(gse({"key", "update", "dashboard", "--disable", "--description", "old"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"SecretId":"AKIDA","Status":"DISABLED","Description":"old"})");
    answer("ListAccessKeys", kTwoKeys);
    answer("DeleteAccessKey", "");
    EXPECT_EQ(gse({"key", "delete", "AKIDA", "--ca", "/ca.pem"}), kDone) << err();
    EXPECT_EQ(out(), "deleted AKIDA\n");
    EXPECT_EQ(connection_.ca_file, "/ca.pem");
}

TEST(Capacity, CarriesTheSessionsAndTheBuffer) {
    struct Case {
        std::uint64_t sessions, per_instance, buffer, wanted;
        const char* why;
    };
    for (const Case& c : {Case{0, 10, 30, 1, "nothing to carry: one instance all the same"},
                          Case{10, 10, 0, 1, "no buffer: exactly full"}, Case{11, 10, 0, 2, "one more than fits"},
                          Case{7, 10, 30, 1, "seven of ten leave 30 %"}, Case{8, 10, 30, 2, "eight do not"},
                          Case{180, 10, 20, 23, "180 / 8, rounded up"}, Case{3, 0, 0, 3, "an unknown fleet: one each"},
                          Case{1, 1, 100, 100, "a buffer of everything is taken as 99 %"}})
        EXPECT_EQ(instances_for(c.sessions, c.per_instance, c.buffer), c.wanted) << c.why;
}

std::string fleets(const std::string& first_status, const std::string& more = "") {
    return R"("FleetAttributes":[{"FleetId":"fleet-1","Name":"arena-1","Status":")" + first_status +
           R"(","AssetId":"asset-1","Tags":[{"Key":"team","Value":"red"}]})" + more + "]";
}
std::string use(const std::string& fleet, int processes, int sessions) {
    return R"("FleetUtilization":[{"FleetId":")" + fleet + R"(","ActiveServerProcessCount":)" +
           std::to_string(processes) + R"(,"ActiveGameServerSessionCount":)" + std::to_string(sessions) + "}]";
}
const char* const kTenProcesses =
    R"("RuntimeConfiguration":{"ServerProcesses":[{"ConcurrentExecutions":10,"LaunchPath":"/local/game/x"}]})";
const char* const kBuffer20 =
    R"("ScalingPolicies":[{"PolicyType":"TargetBased","TargetConfiguration":{"TargetValue":20}}])";

TEST_F(Cli, PointingAnAliasWarnsOfAShortage) {
    answer("ListAliases", kOneAlias);
    answer("DescribeFleetAttributes", kTwoFleets);
    answer("DescribeFleetUtilization", use("fleet-1", 200, 180));
    answer("DescribeFleetUtilization", use("fleet-2", 10, 0));
    answer("DescribeRuntimeConfiguration", kTenProcesses);
    answer("DescribeScalingPolicies", kBuffer20);
    answer("UpdateAlias", "");
    EXPECT_EQ(gse({"alias", "point", "arena", "--fleet", "arena-v2"}), kDone) << err();
    EXPECT_THAT(err(), HasSubstr("warning: 10 free, 180 in use"));
    EXPECT_TRUE(all_answered());
}

TEST_F(Cli, PointingAnAliasCanGrowTheFleetFirst) {
    answer("ListAliases", kOneAlias);
    answer("DescribeFleetAttributes", kTwoFleets);
    answer("DescribeFleetAttributes",
           R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-v2","Status":"ACTIVE"}])");
    answer("DescribeFleetUtilization", use("fleet-1", 200, 180));
    answer("DescribeFleetUtilization", use("fleet-2", 10, 0));
    answer("DescribeRuntimeConfiguration", kTenProcesses);
    answer("DescribeScalingPolicies", kBuffer20);
    answer("DescribeFleetUtilization", use("fleet-2", 10, 0));
    answer(
        "DescribeFleetCapacity",
        R"("FleetCapacity":[{"FleetId":"fleet-2","InstanceCounts":{"Active":1,"Desired":1,"MiniNum":1,"MaxiNum":5}}])");
    answer("UpdateFleetCapacity", "");
    answer("DescribeFleetUtilization", use("fleet-2", 100, 0));
    answer("DescribeFleetUtilization", use("fleet-2", 180, 0));
    answer("UpdateAlias", "");
    EXPECT_EQ(gse({"alias", "point", "arena", "--fleet", "arena-v2", "--match-capacity"}), kDone) << err();
    EXPECT_EQ(calls()[9].json, R"({"FleetId":"fleet-2","DesiredInstances":23,"MaxSize":23})");
    EXPECT_THAT(err(), HasSubstr("100 of 180 free processes\n180 of 180 free processes\n"));
    EXPECT_TRUE(all_answered());
}

const char* const kNoSessions = R"("GameServerSessions":[],"NextToken":"")";

class Deploying : public Cli {
protected:
    void SetUp() override {
        zip_ = testing::TempDir() + "gse-deploy-test.zip";
        std::ofstream{zip_} << "PK\x03\x04";
    }
    void TearDown() override { std::filesystem::remove(zip_); }
    int deploy(std::vector<std::string> more = {}) {
        std::vector<std::string> words{"deploy", "arena", zip_, "--version", "2"};
        words.insert(words.end(), more.begin(), more.end());
        return gse(words);
    }
    /// From the alias to the uploaded asset.
    void answer_to_asset() {
        answer("ListAliases", kOneAlias);
        answer("ListAliases", kOneAlias);
        answer("DescribeFleetAttributes", fleets("ACTIVE"));
        answer("DescribeAssets", R"("Assets":[],"TotalCount":0)");
        answer("DescribeAssetSystems", R"("AssetSupportSys":[{"OsType":"CentOS","OsVersion":"CentOS7.16"}])");
        answer("GetUploadCredentials", R"("BucketAuth":"auth","BucketName":"bucket")");
        answer("CreateAsset", R"("AssetId":"asset-2","AssetArn":"arn")");
    }
    /// The new fleet is there, takes over, and the old one has `sessions` at first.
    void answer_take_over(int sessions) {
        answer("DescribeFleetAttributes",
               R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-2","Status":"ACTIVE"}])");
        answer("DescribeFleetUtilization", use("fleet-1", 10, sessions));
        answer("DescribeFleetUtilization", use("fleet-2", 10, 0));
        answer("DescribeRuntimeConfiguration", kTenProcesses);
        answer("DescribeScalingPolicies", kBuffer20);
        answer("DescribeFleetUtilization", use("fleet-2", 10, 0));
        answer("DescribeFleetCapacity",
               R"("FleetCapacity":[{"FleetId":"fleet-2","InstanceCounts":{"Active":1,"Desired":1,"MaxiNum":5}}])");
        answer("UpdateAlias", "");
    }

    std::string zip_;
};

TEST_F(Deploying, GoesFromAFolderToAnEmptyOldFleet) {
    answer_to_asset();
    answer("CopyFleet", R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-2","Status":"NEW"}],"TotalCount":1)");
    answer_take_over(3);
    answer("DescribeFleetUtilization", use("fleet-1", 10, 3));
    answer("DescribeFleetUtilization", use("fleet-1", 10, 1));
    answer("DescribeFleetUtilization", use("fleet-1", 10, 0));
    answer("DescribeGameServerSessions", R"("GameServerSessions":[{"GameServerSessionId":"s"}],"NextToken":"")");
    answer("DescribeFleetUtilization", use("fleet-1", 10, 0));
    answer("DescribeGameServerSessions", kNoSessions);
    answer("DeleteFleet", "");
    EXPECT_EQ(deploy({"--delete-old"}), kDone) << err();
    EXPECT_EQ(out(), "arena leads to fleet-2 (arena-2)\n");
    EXPECT_TRUE(all_answered());
    const auto copy = std::ranges::find(calls(), std::string{"CopyFleet"}, &Call::action);
    EXPECT_THAT(copy->json, HasSubstr(R"("AssetId":"asset-2","Name":"arena-2")"));
    EXPECT_THAT(copy->json, HasSubstr(R"("SelectedScalingType":"SCALING_SELECTED")"));
    EXPECT_THAT(copy->json, HasSubstr(R"("SelectedTimerType":"TIMER_SELECTED")"));
    EXPECT_THAT(copy->json,
                HasSubstr(R"([{"Key":"team","Value":"red"},{"Key":"gse-deploy-replaces","Value":"fleet-1"}])"));
    EXPECT_THAT(err(),
                HasSubstr("3 sessions left on fleet-1\n1 sessions left on fleet-1, at this rate for 1 s\n0 sess"));
}

TEST_F(Deploying, WithoutTheAliasSaysHowToMakeAFirstVersion) {
    answer("ListAliases", R"("Aliases":[],"TotalCount":0)");
    EXPECT_EQ(deploy(), kFailed);
    EXPECT_THAT(err(), HasSubstr("gse alias create arena --fleet arena-2"));
    EXPECT_THAT(err(), Not(HasSubstr("done so far")));
}

TEST_F(Deploying, AgainGoesOnWithTheFleetThatIsThere) {
    answer("ListAliases", kOneAlias);
    answer("ListAliases", kOneAlias);
    answer("DescribeFleetAttributes", fleets("ACTIVE", R"(,{"FleetId":"fleet-2","Name":"arena-2","Status":"NEW"})"));
    answer_take_over(0);
    answer("DescribeFleetUtilization", use("fleet-1", 10, 0));
    answer("DescribeGameServerSessions", kNoSessions);
    EXPECT_EQ(deploy(), kDone) << err();
    EXPECT_TRUE(all_answered());
    EXPECT_THAT(script_.uploads, IsEmpty());
}

TEST_F(Deploying, AgainAfterTheAliasMovedOnlyWatchesTheOldFleet) {
    const std::string moved =
        R"("Aliases":[{"AliasId":"alias-1","Name":"arena","RoutingStrategy":{"Type":"SIMPLE","FleetId":"fleet-2"}}])";
    answer("ListAliases", moved);
    answer("ListAliases", moved);
    const std::string both = fleets(
        "ACTIVE",
        R"(,{"FleetId":"fleet-2","Name":"arena-2","Status":"ACTIVE","Tags":[{"Key":"gse-deploy-replaces","Value":"fleet-1"}]})");
    answer("DescribeFleetAttributes", both);
    answer("DescribeFleetAttributes",
           R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-2","Status":"ACTIVE"}])");
    answer("DescribeFleetUtilization", use("fleet-1", 10, 0));
    answer("DescribeGameServerSessions", kNoSessions);
    EXPECT_EQ(deploy(), kDone) << err();
    EXPECT_TRUE(all_answered());
}

TEST_F(Deploying, AFailureSaysWhatWasDoneAndHowToUndoIt) {
    answer_to_asset();
    answer("CopyFleet", R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-2","Status":"NEW"}],"TotalCount":1)");
    answer("DescribeFleetAttributes", R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-2","Status":"ERROR"}])");
    answer("DescribeFleetEvents",
           R"("Events":[{"EventCode":"FLEET_STATE_ERROR"},{"EventCode":"E","Message":"no /local/game/x"}])");
    EXPECT_EQ(deploy(), kFailed);
    EXPECT_THAT(err(), HasSubstr("has failed: E no /local/game/x"));
    EXPECT_THAT(err(), HasSubstr("uploaded arena 2 as asset-2"));
    EXPECT_THAT(err(), HasSubstr("to undo:\n  gse fleet delete fleet-2\n  gse asset delete asset-2\n"));
}

TEST_F(Deploying, CtrlCSaysHowToGoOn) {
    answer_to_asset();
    answer("CopyFleet", R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-2","Status":"NEW"}],"TotalCount":1)");
    answer("DescribeFleetAttributes", R"("FleetAttributes":[{"FleetId":"fleet-2","Name":"arena-2","Status":"NEW"}])");
    interrupt_after_ = 9;
    EXPECT_EQ(deploy({"--delete-old"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("gse deploy: interrupted\n"));
    EXPECT_THAT(err(), HasSubstr("gse deploy arena " + zip_ + " --version 2 --delete-old\n"));
}

TEST_F(Deploying, AnotherContentUnderTheSameVersionIsRefused) {
    answer("ListAliases", kOneAlias);
    answer("ListAliases", kOneAlias);
    answer("DescribeFleetAttributes", fleets("ACTIVE"));
    answer(
        "DescribeAssets",
        R"("Assets":[{"AssetId":"asset-2","AssetName":"arena","AssetVersion":"2","Stauts":2,"Tags":[{"Key":"gse-deploy-sha256","Value":"00"}]}],"TotalCount":1)");
    EXPECT_EQ(deploy(), kFailed);
    EXPECT_THAT(err(), HasSubstr("choose another --version"));
}

TEST_F(Cli, ProcessesAreListedAndKilled) {
    answer("DescribeFleetAttributes", kTwoFleets);
    answer(
        "DescribeServerProcesses",
        R"("ServerProcesses":[{"ProcessId":"p-1","InstanceId":"ins-1","Status":"ACTIVE","Healthy":true,"Pid":7,"IpAddress":"1.2.3.4","Port":7000,"UptimeSeconds":9}],"NextToken":"")");
    EXPECT_EQ(gse({"process", "list", "--fleet", "arena-v1"}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("1.2.3.4:7000"));
    answer("EndServerProcess", R"("ServerProcess":{"ProcessId":"p-1","Status":"ENDING"})");
    EXPECT_EQ(gse({"process", "kill", "p-1", "--force"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"ProcessId":"p-1","Force":true})");
    EXPECT_EQ(out(), "killed p-1\n");
}

TEST_F(Cli, MetricsAreSummedUp) {
    answer("DescribeMetrics",
           R"("Period":300,"Time":"2026-11-29T07:20:31Z","Timestamps":[1,2,3],"Metrics":[{"ResourceId":"ranked",)"
           R"("MetricName":"QueueDepth","Unit":"Count","Statistic":"Average","Values":[null,2.0,5.0],"Latest":4.0},)"
           R"({"ResourceId":"ranked","MetricName":"PlacementsFailed","Unit":"Count","Statistic":"Sum",)"
           R"("Values":[null,null,null],"Latest":null}])");
    EXPECT_EQ(gse({"metrics", "--queue", "ranked", "--period", "300"}), kDone) << err();
    EXPECT_THAT(calls().back().json, HasSubstr(R"("ResourceType":"QUEUE","ResourceIds":["ranked"])"));
    EXPECT_THAT(calls().back().json, HasSubstr(R"("Period":300)"));
    EXPECT_THAT(out(), HasSubstr("QueueDepth        Count  4    2      3.5   5"));
    EXPECT_THAT(out(), HasSubstr("PlacementsFailed  Count  -    -      -     -"));
}

TEST_F(Cli, AnInstanceIsFoundInItsFleet) {
    const char* const found = R"("Instances":[{"FleetId":"fleet-1","InstanceId":"ins-1"}],"TotalCount":1)";
    answer("DescribeInstances", found);
    answer("SetServerWeight", "");
    EXPECT_EQ(gse({"instance", "weight", "ins-1", "0"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"FleetId":"fleet-1","InstanceId":"ins-1","Weight":0})");
    answer("DescribeInstances", found);
    answer("SetServerReserved", "");
    EXPECT_EQ(gse({"instance", "reserve", "ins-1", "on"}), kDone) << err();
    EXPECT_EQ(calls().back().json, R"({"FleetId":"fleet-1","InstanceId":"ins-1","ReserveValue":1})");
}

TEST_F(Cli, AQueueTakesNamesAndPolicies) {
    answer("ListAliases", kOneAlias);
    answer("CreateGameServerSessionQueue", R"("GameServerSessionQueue":{"Name":"ranked","TimeoutInSeconds":60})");
    EXPECT_EQ(gse({"queue", "create", "ranked", "--to", "alias:arena", "--to", "qcs::gse:x", "--latency", "60:10",
                   "--latency", "120", "--timeout", "60"}),
              kDone)
        << err();
    EXPECT_EQ(
        calls().back().json,
        R"({"Name":"ranked","Destinations":[{"DestinationArn":"a"},{"DestinationArn":"qcs::gse:x"}],"PlayerLatencyPolicies":[{"MaximumIndividualPlayerLatencyMilliseconds":60,"PolicyDurationSeconds":10},{"MaximumIndividualPlayerLatencyMilliseconds":120}],"TimeoutInSeconds":60})");
    EXPECT_EQ(gse({"queue", "update", "ranked", "--latency", "soon"}), kUsage);
    EXPECT_THAT(err(), HasSubstr("MILLISECONDS:SECONDS"));
}

TEST_F(Cli, APlacementIsStarted) {
    answer("StartGameServerSessionPlacement",
           R"("GameServerSessionPlacement":{"PlacementId":"m-1","Status":"PENDING"})");
    EXPECT_EQ(gse({"placement", "start", "ranked", "--players", "8", "--id", "m-1", "--player", "ada", "--latency",
                   "ada:ap-shanghai:20"}),
              kDone)
        << err();
    EXPECT_EQ(out(), "m-1\n");
    EXPECT_THAT(calls().back().json,
                HasSubstr(R"({"PlayerId":"ada","RegionIdentifier":"ap-shanghai","LatencyInMilliseconds":20})"));
}

TEST_F(Cli, EndingASessionByForceTakesItsProtectionAwayFirst) {
    answer("DescribeGameServerSessions", R"("GameServerSessions":[{"GameServerSessionId":"s-1","Status":"ACTIVE"}])");
    answer("UpdateGameServerSession", "");
    answer("EndGameServerSessionAndProcess", "");
    EXPECT_EQ(gse({"session", "end", "s-1", "--force"}), kDone) << err();
    EXPECT_EQ(calls()[1].json, R"({"GameServerSessionId":"s-1","ProtectionPolicy":"NoProtection"})");
}

TEST_F(Cli, LogsOfAnEndedSessionAreShownWithoutControlCharacters) {
    answer("DescribeGameServerSessions",
           R"("GameServerSessions":[{"GameServerSessionId":"qcs::s","Status":"TERMINATED"}])");
    answer("DescribeGameServerSessions",
           R"("GameServerSessions":[{"GameServerSessionId":"qcs::s","Status":"TERMINATED"}])");
    answer("GetGameServerSessionLogUrl", R"("PreSignedUrl":"http://x/log")");
    EXPECT_EQ(gse({"logs", "qcs::s"}), kDone) << err();
    EXPECT_EQ(out(), "log of http://x/log?[2J\n");
}

TEST_F(Cli, APlacementThatWaitsShowsNoAddress) {
    answer("DescribeGameServerSessionPlacement",
           R"("GameServerSessionPlacement":{"PlacementId":"m","Status":"PENDING","GameServerSessionId":"",)"
           R"("IpAddress":"","Port":0,"PlacedPlayerSessions":[]})");
    EXPECT_EQ(gse({"placement", "show", "m"}), kDone) << err();
    EXPECT_THAT(out(), AllOf(HasSubstr("PENDING"), Not(HasSubstr("address")), Not(HasSubstr("session"))));
}

TEST_F(Cli, LogsAreFoundByTheNameOfASessionThatHasEnded) {
    answer("DescribeFleetAttributes", kTwoFleets);
    answer("DescribeServerProcesses", "");
    answer("DescribeServerProcesses", "");
    answer("DescribeGameServerSessions", "refused:ResourceNotFound: no such session");
    answer("DescribeFleetAttributes", kTwoFleets);
    answer(
        "DescribeGameServerSessions",
        R"("GameServerSessions":[{"GameServerSessionId":"qcs::1","Name":"friday","Status":"TERMINATED","CreationTime":"2026-01-01T00:00:00Z"},)"
        R"({"GameServerSessionId":"qcs::2","Name":"friday","Status":"ERROR","CreationTime":"2026-01-02T00:00:00Z"}])");
    answer("DescribeGameServerSessions", "");
    answer("DescribeGameServerSessions", R"("GameServerSessions":[{"GameServerSessionId":"qcs::2","Status":"ERROR"}])");
    answer("GetGameServerSessionLogUrl", R"("PreSignedUrl":"http://x/log")");
    EXPECT_EQ(gse({"logs", "friday"}), kDone) << err();
    EXPECT_THAT(calls().back().json, HasSubstr("qcs::2")) << "the newest";
    EXPECT_THAT(out(), HasSubstr("log of http://x/log"));
}

TEST_F(Cli, WhatIsForPeopleOnlyRefusesToBeJson) {
    EXPECT_EQ(gse({"fleet", "watch", "arena", "--output", "json"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("gse events --fleet arena --json"));
    EXPECT_EQ(gse({"logs", "friday", "--output", "json"}), kFailed);
    EXPECT_THAT(out(), IsEmpty());
    EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(Cli, LogsOnTheGamesOwnHostAreReadAsTheyAreWritten) {
    const std::filesystem::path data = testing::TempDir() + "gse-logs-test";
    const auto folder = data / "agent" / "instances" / "ins-1" / "processes" / "ins-1.1.x";
    std::filesystem::create_directories(folder);
    std::ofstream{folder / "output.1.log"} << "first\n";
    std::ofstream{folder / "output.log"} << "second\n";
    EXPECT_EQ(gse({"logs", "ins-1.1.x", "--data", data}), kDone) << err();
    EXPECT_EQ(out(), "first\nsecond\n");
    EXPECT_EQ(gse({"logs", "ins-1", "--data", data}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("ins-1.1.x: second\n"));
    std::filesystem::remove_all(data);
}

TEST_F(Cli, StatusNamesWhatIsWrong) {
    script_.pages["/metrics"] = "gse_hosts_connected 0\ngse_hosts_silent 0\ngse_journal_disk_low 0\n";
    answer("DescribeFleetAttributes", fleets("ERROR"));
    answer("DescribeFleetEvents", R"("Events":[{"EventCode":"E","Message":"why"}],"TotalCount":1)");
    answer("ListAliases", kOneAlias);
    EXPECT_EQ(gse({"status"}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("fleet arena-1 (fleet-1) has failed: E why"));
    EXPECT_THAT(out(), HasSubstr("alias arena leads to fleet-1, which is ERROR"));
    EXPECT_THAT(out(), HasSubstr("no host is connected"));
}

TEST_F(Cli, StatusNamesFleetsThatWaitForRoomOrHaveNoProcess) {
    const auto look = [this](const std::string& status, const std::string& counts) {
        answer("DescribeFleetAttributes", fleets(status));
        answer("DescribeFleetCapacity",
               R"("FleetCapacity":[{"FleetId":"fleet-1","InstanceCounts":)" + counts + R"(}],"TotalCount":1)");
        if (status == "NEW") answer("DescribeFleetEvents", R"("Events":[{"EventCode":"E","Message":"no room"}])");
        answer("DescribeFleetUtilization", use("fleet-1", 0, 0));
        if (status == "ACTIVE") answer("DescribeFleetEvents", R"("Events":[{"EventCode":"E","Message":"no port"}])");
        answer("ListAliases", "");
        EXPECT_EQ(gse({"status"}), kDone) << err();
        EXPECT_TRUE(all_answered());
    };
    look("NEW", R"({"Active":0,"Pending":0,"Desired":1})");
    EXPECT_THAT(out(), HasSubstr("fleet arena-1 has 0 of 1 instances: E no room"));
    look("ACTIVE", R"({"Active":1,"Pending":0,"Desired":1})");
    EXPECT_THAT(out(), HasSubstr("fleet arena-1 has instances, and no process that is ready: E no port"));
}

TEST_F(Cli, TheDoctorSaysWhatToDoAndExitsWithOne) {
    clock_.advance(Millis{1'000'000'000});
    script_.date_s = clock_.wall().ms / 1'000;
    script_.pages = {{"/healthz", "ok"}, {"/readyz", "ok"}, {"/metrics", "gse_hosts_connected 1\n"}};
    answer("DescribeInstanceTypes", "");
    EXPECT_EQ(gse({"doctor"}), kDone) << out() << err();
    EXPECT_THAT(out(), Not(HasSubstr("BAD")));

    script_.date_s += 400;
    findings_ = {{Finding::Grade::Doubtful, "sandbox", "none", "apt-get install bubblewrap"}};
    answer("DescribeInstanceTypes", "refused:AuthFailure.SignatureExpire: old");
    EXPECT_EQ(gse({"doctor"}), kFailed);
    EXPECT_THAT(out(), HasSubstr("sandbox: apt-get install bubblewrap"));
    EXPECT_THAT(out(), HasSubstr("400 s between"));
    EXPECT_THAT(out(), HasSubstr("timedatectl"));
}

TEST_F(Cli, WatchingPrintsWhatChanges) {
    const char* const capacity = R"("FleetCapacity":[{"FleetId":"fleet-1","InstanceCounts":{"Active":1,"Desired":1}}])";
    answer("DescribeFleetAttributes", fleets("ACTIVE"));
    for (int look = 0; look < 2; ++look) {
        answer("DescribeFleetAttributes", fleets("ACTIVE"));
        answer(
            "DescribeFleetEvents",
            look == 0
                ? R"("Events":[{"EventId":"1","EventCode":"OLD"}])"
                : R"("Events":[{"EventId":"2","EventCode":"NEWER","Message":"m"},{"EventId":"1","EventCode":"OLD"}])");
        answer("DescribeFleetCapacity", capacity);
        answer("DescribeFleetUtilization", use("fleet-1", 10, look));
    }
    EXPECT_EQ(gse({"fleet", "watch", "arena-1", "--for", "1"}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("sessions 0"));
    EXPECT_THAT(out(), HasSubstr("NEWER m"));
    EXPECT_THAT(out(), HasSubstr("sessions 1"));
    EXPECT_THAT(out(), Not(HasSubstr("OLD")));
    EXPECT_TRUE(all_answered());
}

TEST_F(Cli, CallCanPrintATable) {
    answer(
        "DescribeAlias",
        R"("Alias":{"AliasId":"a-1","Tags":[],"RoutingStrategy":{"Type":"SIMPLE","FleetId":null}},"L":[1,{"k":"v"}])");
    EXPECT_EQ(gse({"call", "DescribeAlias", "--AliasId", "a-1", "--output", "table"}), kDone) << err();
    EXPECT_THAT(out(), testing::ContainsRegex("Alias.AliasId +a-1\n"));
    EXPECT_THAT(out(), testing::ContainsRegex("Alias.Tags +\\[\\]\n"));
    EXPECT_THAT(out(), HasSubstr("Alias.RoutingStrategy.FleetId"));
    EXPECT_THAT(out(), HasSubstr("L.1.k"));
}

TEST_F(Cli, CallHelpGivesRanges) {
    EXPECT_EQ(gse({"call", "ListAliases", "--help"}), kDone);
    EXPECT_THAT(out(), HasSubstr("1 to 100"));
    EXPECT_THAT(out(), HasSubstr("SIMPLE | TERMINAL"));
}

TEST_F(Cli, ASessionTakesPropertiesAndAnAlias) {
    answer("ListAliases", kOneAlias);
    answer(
        "CreateGameServerSession",
        R"("GameServerSession":{"GameServerSessionId":"s-1","Status":"ACTIVATING","FleetId":"fleet-1","IpAddress":"1.2.3.4","Port":7000})");
    EXPECT_EQ(gse({"session", "create", "--alias", "arena", "--players", "16", "--property", "map=ice", "--property",
                   "mode=a=b"}),
              kDone)
        << err();
    EXPECT_EQ(
        calls().back().json,
        R"({"MaximumPlayerSessionCount":16,"AliasId":"alias-1","GameProperties":[{"Key":"map","Value":"ice"},{"Key":"mode","Value":"a=b"}]})");
}

TEST_F(Cli, EventsAreFollowedOverBrokenConnections) {
    script_.streams = {
        {{"alias", R"({"Time":"t","AliasId":"alias-1","Name":"live\n","RoutingStrategy":{"Type":"SIMPLE",)"
                   R"("FleetId":"fleet-b"},"FromRoutingStrategy":{"Type":"SIMPLE","FleetId":"fleet-a"}})"}},
        {{"dropped", R"({"Reason":"Restarted","Count":null})"},
         {"game-server-session", R"({"Time":"t","GameServerSessionId":"s","Status":"ACTIVE",)"
                                 R"("FromStatus":"ACTIVATING","StatusReason":""})"}}};
    EXPECT_EQ(gse({"events", "--players", "--count", "3"}), kDone) << err();
    EXPECT_EQ(out(),
              "t alias alias-1 (live?) fleet-a -> fleet-b\n"
              " dropped events are missing (Restarted); read lists anew\n"
              "t game-server-session s ACTIVATING -> ACTIVE \n");
    ASSERT_EQ(script_.follows.size(), 2u);
    EXPECT_TRUE(script_.follows[0].players);
    EXPECT_EQ(script_.follows[1].last_event_id, "1-1") << "it goes on where it was";
}

TEST_F(Cli, EventsAsJsonAndRefusalsAreFinal) {
    script_.streams = {{{"fleet", R"({"FleetId":"fleet-a"})"}}};
    EXPECT_EQ(gse({"events", "--json"}), kFailed);
    EXPECT_EQ(out(), "{\"FleetId\":\"fleet-a\"}\n");
    EXPECT_THAT(err(), HasSubstr("gse events: no more"));
}

}  // namespace
}  // namespace gse::cli
