// The load generator's own logic: a benchmark that counts wrongly is worse than none.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "figures.h"
#include "graph.h"
#include "histogram.h"
#include "http/signature.h"
#include "http_load.h"
#include "signer.h"
#include "table.h"

namespace gse::bench {
namespace {

TEST(Histogram, NothingRecordedIsZero) {
    const Histogram empty;
    EXPECT_EQ(empty.count(), 0u);
    EXPECT_EQ(empty.percentile(0.5), 0u);
}

TEST(Histogram, SmallValuesAreExact) {
    Histogram h;
    for (std::uint64_t v = 0; v < 200; ++v) h.record(v);
    EXPECT_EQ(h.percentile(0.5), 99u);
    EXPECT_EQ(h.percentile(1.0), 199u);
    EXPECT_EQ(h.percentile(0.005), 0u);
}

TEST(Histogram, NoPercentileIsOffByMoreThanOnePercent) {
    for (std::uint64_t value = 1; value < (1ULL << 45); value = value * 3 + 1) {
        Histogram h;
        h.record(value);
        h.record(value * 4);
        const auto got = static_cast<double>(h.percentile(0.5));
        EXPECT_GE(got, static_cast<double>(value));
        EXPECT_LE(got, static_cast<double>(value) * 1.01);
        EXPECT_EQ(h.percentile(1.0), value * 4) << "the maximum is exact";
    }
}

TEST(Histogram, AddingTwoIsRecordingAll) {
    Histogram a, b, all;
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        (i % 3 == 0 ? a : b).record(i * 977);
        all.record(i * 977);
    }
    a.add(b);
    EXPECT_EQ(a.count(), all.count());
    for (const double q : {0.01, 0.5, 0.99, 0.999}) EXPECT_EQ(a.percentile(q), all.percentile(q));
}

TEST(TakeAnswer, WaitsForTheWholeAndLeavesWhatFollows) {
    const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    for (std::size_t length = 0; length < one.size(); ++length) {
        std::string_view part = std::string_view(one).substr(0, length);
        EXPECT_FALSE(take_answer(part)) << length;
        EXPECT_EQ(part.size(), length) << "nothing is taken";
    }
    const std::string two = one + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    std::string_view rest = two;
    EXPECT_EQ(take_answer(rest), "hello");
    EXPECT_EQ(take_answer(rest), "");
    EXPECT_TRUE(rest.empty());
}

TEST(FixedRate, TheFirstRequestIsDueAtOnceAndTheOthersEvenly) {
    EXPECT_EQ(due_by(1'000, 0), 1u);
    EXPECT_EQ(due_by(1'000, 999'999), 1u);
    EXPECT_EQ(due_by(1'000, 1'000'000), 2u);
    EXPECT_EQ(due_by(1'000, 1'000'000'000), 1'001u);
}

TEST(IsRefusal, OnlyAnErrorInTheEnvelope) {
    EXPECT_TRUE(is_refusal(R"({"Response":{"Error":{"Code":"X"}}})"));
    EXPECT_FALSE(is_refusal(R"({"Response":{"PlayerSession":{"PlayerData":"\"Error\""}}})"));
}

TEST(Table, RowsOfTheSameNameAreReplacedAndOthersAdded) {
    const std::string head = fmt::format("text\n{}\n| | x |\n| --- | --- |\n", kTableBegin);
    const std::string tail = fmt::format("\n{}\nmore\n", kTableEnd);
    const std::string page = head + "| `join` | 1 |\n| `join-batch` | 2 |\n" + tail;
    EXPECT_EQ(with_rows(page, {}), page);
    EXPECT_EQ(with_rows(page, {{"join", "| `join` | 7 |"}, {"new", "| `new` | 3 |"}}),
              head + "| `join` | 7 |\n| `join-batch` | 2 |\n| `new` | 3 |\n" + tail);
    EXPECT_FALSE(with_rows("no marks", {}));
    EXPECT_FALSE(with_rows(fmt::format("{}\n{}\n", kTableEnd, kTableBegin), {})) << "in the wrong order";
}

TEST(Graph, EveryPointIsInsideAndTextsAreEscaped) {
    const std::string svg = to_svg({"a < b & c", "x", "y", {{"one", {{0, 0}, {1'000'000, 250}}}, {"none", {}}}});
    EXPECT_THAT(svg, testing::HasSubstr("a &lt; b &amp; c"));
    EXPECT_THAT(svg, testing::HasSubstr("1 M"));
    EXPECT_THAT(svg, testing::HasSubstr(R"(points="72.0,234.0 620.0,)"));
    EXPECT_THAT(to_svg({"nothing", "x", "y", {}}), testing::EndsWith("</svg>\n"));
}

TEST(Metric, IsFoundByItsWholeName) {
    const std::string text =
        "# HELP gse_a What it is.\n# TYPE gse_a gauge\ngse_a_b 7\ngse_a 1.5e+06\ngse_c{x=\"y\"} 3\n";
    EXPECT_EQ(metric(text, "gse_a"), 1.5e6);
    EXPECT_EQ(metric(text, "gse_a_b"), 7);
    EXPECT_EQ(metric(text, "gse_c"), 0) << "it has labels";
    EXPECT_EQ(metric(text, "gse"), 0);
}

TEST(Figures, NothingThatWasSaidOfThemIsLost) {
    Figures figures;
    add_note(figures, "one");
    EXPECT_EQ(figures.note, "one");
    add_note(figures, "two");
    EXPECT_EQ(figures.note, "one; two");
}

class OneKey final : public http::KeyStore {
public:
    [[nodiscard]] std::optional<http::Key> find(std::string_view id) const override {
        if (id != "AKID") return std::nullopt;
        return http::Key{"secret", false, false};
    }
};

TEST(Signer, TheServersOwnCheckTakesItsRequests) {
    Signer signer("127.0.0.1:8080", "AKID", "secret");
    OneKey keys;
    http::SignatureCheck check(keys);
    for (const std::int64_t now_s : {1'600'000'000LL, 1'600'000'001LL, 1'600'100'000LL}) {  // over midnight too
        std::string request;
        signer.append(request, "JoinGameServerSession", R"({"A":1})", now_s);
        const auto field = [&](std::string_view name) {
            const auto at = request.find(std::string(name) + ": ") + name.size() + 2;
            return std::string_view(request).substr(at, request.find("\r\n", at) - at);
        };
        const std::vector<http::Field> fields{{"authorization", field("Authorization")},
                                              {"content-type", field("Content-Type")},
                                              {"host", field("Host")},
                                              {"x-tc-timestamp", field("X-TC-Timestamp")}};
        const std::string body = request.substr(request.find("\r\n\r\n") + 4);
        const http::RequestView view{"POST", "/", "", fields, body};
        const auto caller = check.check_tc3(view, WallTime{now_s * 1000});
        ASSERT_TRUE(caller) << caller.error().message;
        EXPECT_EQ(caller->secret_id, "AKID");
        EXPECT_EQ(field("Content-Length"), std::to_string(body.size()));
    }
}

}  // namespace
}  // namespace gse::bench
