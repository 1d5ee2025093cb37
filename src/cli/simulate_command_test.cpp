// gse simulate from its arguments to its output, with the curves and policies that the documentation shows.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "base/temp_folder.h"
#include "cli/program.h"

namespace gse::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class SimulateCommand : public testing::Test {
protected:
    int gse(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "simulate");
        out_.str("");
        err_.str("");
        Outside outside{.out = out_,
                        .err = err_,
                        .in = in_,
                        .environment = [](const std::string&) { return ""; },
                        .connect = [](const Connection&) -> Result<std::unique_ptr<Api>> {
                            return refuse(ErrorCode::Internal, "no server is needed");
                        },
                        .clock = clock_,
                        .pause = [](Millis) {},
                        .servers = {}};
        return run(arguments, outside);
    }
    std::string file(const std::string& name, const std::string& text) {
        const auto path = folder_.path() / name;
        std::ofstream(path) << text;
        return path.string();
    }
    static std::string example(const std::string& name) { return GSE_SOURCE_DIR "/examples/simulate/" + name; }
    [[nodiscard]] std::string out() const { return out_.str(); }
    [[nodiscard]] std::string err() const { return err_.str(); }

    TempFolder folder_ = TempFolder::make("gse-simulate").value();
    const std::string two_hours_ = file("curve.csv", "time,sessions_per_minute,session_minutes\n0,2,10\n60,2,10\n");

private:
    std::ostringstream out_, err_;
    std::istringstream in_;
    ManualClock clock_;
};

TEST_F(SimulateCommand, ComparesBuffersOfOneFleet) {
    ASSERT_EQ(gse({two_hours_, "--buffer", "10,50", "--even", "--process-start", "1"}), kDone) << err();
    EXPECT_THAT(out(), StartsWith("POLICY       ASKED  REFUSED"));
    EXPECT_THAT(out(), HasSubstr("\nbuffer 10 %  240    0 "));
    EXPECT_THAT(out(), HasSubstr("\nbuffer 50 %  240    0 "));
    EXPECT_THAT(out(), HasSubstr("  demand  "));
    const std::string first = out();
    ASSERT_EQ(gse({two_hours_, "--buffer", "10,50", "--even", "--process-start", "1"}), kDone);
    EXPECT_EQ(out(), first) << "the same again";
}

TEST_F(SimulateCommand, WritesPictureAndFiguresForPrograms) {
    const std::string svg = (folder_.path() / "p.svg").string();
    ASSERT_EQ(gse({two_hours_, "--min", "3", "--max", "3", "--even", "--picture", svg, "--output", "csv"}), kDone)
        << err();
    EXPECT_THAT(out(), HasSubstr("\n\"policy\",240,0,"));
    std::stringstream picture;
    picture << std::ifstream(svg).rdbuf();
    EXPECT_THAT(picture.str(), StartsWith("<svg "));
    ASSERT_EQ(gse({two_hours_, "--min", "3", "--max", "3", "--even", "--output", "json"}), kDone) << err();
    EXPECT_THAT(out(), HasSubstr("\"Asked\": 240,"));
    EXPECT_EQ(gse({two_hours_, "--picture", "/no/such/folder/p.svg"}), kFailed);
    EXPECT_THAT(err(), HasSubstr("/no/such/folder/p.svg cannot be written"));
}

TEST_F(SimulateCommand, TheExamplesRun) {
    for (const char* const curve : {"day-night.csv", "launch-day.csv"}) {
        ASSERT_EQ(gse({example(curve), "--policies", example("policies.toml"), "--output", "csv"}), kDone) << err();
        for (const char* const policy : {"buffer 10 %", "buffer 30 %, 20 free", "down to nothing", "rules"})
            EXPECT_THAT(out(), HasSubstr("\n\"" + std::string(policy) + "\",")) << curve;
    }
}

TEST_F(SimulateCommand, SaysWhatIsWrongAndWhere) {
    struct Case {
        std::vector<std::string> arguments;
        int code;
        std::string says;
    };
    const std::string bad_curve = file("bad.csv", "time,sessions_per_minute,session_minutes\n0,2,10\n60,many,10\n");
    const std::string bad_policies = file("bad.toml", "[[policy]]\nname = \"a\"\nmax = 0\n");
    const std::string odd_rule = file("odd.toml",
                                      "[[policy]]\nname = \"a\"\nrules = [\n  { metric = \"Idle\", operator = \"<\", "
                                      "threshold = 1, adjustment = \"ExactCapacity\", by = 3 }]\n");
    const Case cases[] = {
        {{}, kUsage, "curve is required"},
        {{two_hours_, "--first-day", "someday"}, kUsage, "--first-day"},
        {{two_hours_, "--output", "xml"}, kUsage, "--output"},
        {{two_hours_, "--session-minutes", "0"}, kUsage, "--session-minutes"},
        {{"/no/such/curve.csv"}, kFailed, "gse simulate: "},
        {{bad_curve}, kFailed, bad_curve + ": line 3: sessions_per_minute is 'many'; it must be a number from 0"},
        {{two_hours_, "--policies", bad_policies},
         kFailed,
         bad_policies + ": line 3: max must be a whole number from 1"},
        {{two_hours_, "--policies", odd_rule}, kFailed, "policy 'a': line 4: PutScalingPolicy was refused"},
        {{two_hours_, "--max", "lots"}, kFailed, "--max lots: must be a whole number from 1 to"},
        {{two_hours_, "--buffer", "10,100"}, kFailed, "--buffer 100: must be a whole number from 1 to 99"},
        {{two_hours_, "--min", "30"}, kFailed, "policy 'policy': min 30 is above max 20"},
        {{two_hours_, "--buffer", "10,20", "--policies", example("policies.toml")}, kFailed, "several values"},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(gse(one.arguments), one.code) << testing::PrintToString(one.arguments);
        EXPECT_THAT(err(), HasSubstr(one.says)) << testing::PrintToString(one.arguments);
    }
}

}  // namespace
}  // namespace gse::cli
