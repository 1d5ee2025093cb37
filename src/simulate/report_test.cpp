#include "simulate/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulate/picture.h"

namespace gse::simulate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Outcome made_up() {
    Figures f;
    f.asked = 200;
    f.refused = 3;
    f.wait_mean = 1.25;
    f.wait_p95 = 2;
    f.wait_p99 = 3.5;
    f.wait_max = 60;
    f.cut = 1;
    f.peak_instances = 4;
    f.mean_instances = 2.5;
    f.instance_hours = 5;
    f.idle_instance_hours = 1;
    f.sample_length = Millis{60'000};
    f.samples = {{.demand = 8, .ready = 10, .capacity = 20}, {.demand = 4, .ready = 20, .capacity = 20, .refused = 3}};
    return {.policy = "a, \"b\" <c>", .figures = f};
}

TEST(Report, ATableHasACellForEachName) {
    EXPECT_THAT(report_row(made_up()), ElementsAre("a, \"b\" <c>", "200", "3", "1.50", "1.2", "2.0", "3.5", "60.0", "1",
                                                   "2.5", "4", "5.0", "1.0", "20"));
    EXPECT_EQ(report_head().size(), report_row(made_up()).size());
}

TEST(Report, CsvAndJsonSayTheSame) {
    EXPECT_THAT(to_csv({made_up()}),
                HasSubstr("\"a, \"\"b\"\" <c>\",200,3,1.250,2.000,3.500,60.000,1,2.500,4,5.000,1.000,0.2000\n"));
    const std::string json = to_json({made_up(), made_up()});
    EXPECT_THAT(json, HasSubstr(R"([{"Policy":"a, \"b\" <c>","Asked":200,"Refused":3,"WaitMeanSeconds":1.250)"));
    EXPECT_THAT(json, HasSubstr(R"("Samples":[{"Demand":8,"Ready":10.00,"Capacity":20.00,"Refused":0},{)"));
    EXPECT_THAT(json, HasSubstr("]},{"));
}

TEST(Report, ADrawingIsOnOneScale) {
    EXPECT_EQ(to_drawing({made_up()}, 80),
              "a, \"b\" <c>\n"
              "  demand  ▃▁\n"
              "  ready   ▄█\n"
              "  refused  x\n"
              "  the highest bar is 20 sessions\n");
}

TEST(Report, APictureHasAPanelForEachPolicy) {
    const std::string svg = to_svg({made_up(), made_up()});
    EXPECT_TRUE(svg.starts_with("<svg xmlns=")) << svg.substr(0, 80);
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
    std::size_t panels = 0;
    for (auto at = svg.find("a, &quot;b&quot; &lt;c&gt;"); at != std::string::npos;
         at = svg.find("a, &quot;b&quot; &lt;c&gt;", at + 1))
        ++panels;
    EXPECT_EQ(panels, 2U);
    EXPECT_THAT(svg, HasSubstr("200 asked, 3 refused"));
    // Demand 8 of 20 in the first minute: the polygon begins at the axis, and its first step lies at 12/20 from the
    // top.
    EXPECT_THAT(svg, HasSubstr("points=\"64.0,240.0 64.0,169.6 500.0,169.6"));
}

}  // namespace
}  // namespace gse::simulate
