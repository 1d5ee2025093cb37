#include "http/backlog.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace gse::http {
namespace {

/// So many requests that waited so long, spread over the time; how many of them were refused.
int pass(Backlog& backlog, std::int64_t& now_ms, std::int64_t until_ms, std::int64_t waited_ms, int each_ms = 10) {
    int refused = 0;
    for (; now_ms < until_ms; ++now_ms) {
        backlog.serve(now_ms, now_ms - waited_ms);
        for (int i = 0; i < each_ms; ++i) refused += backlog.refuses();
    }
    return refused;
}

TEST(Backlog, NothingIsRefusedBeforeItLasts) {
    Backlog backlog;
    std::int64_t now = 1'000'000;
    EXPECT_EQ(pass(backlog, now, now + 2'000, 45), 0) << "within the bound";
    EXPECT_EQ(pass(backlog, now, now + 60, 110), 0) << "a moment";
    EXPECT_EQ(pass(backlog, now, now + 200, 5), 0);
    EXPECT_EQ(pass(backlog, now, now + 60, 110), 0) << "each moment needs patience anew";
    const int refused = pass(backlog, now, now + 1'000, 110);
    EXPECT_NEAR(refused, 5'500, 600) << "three fifths, once it has lasted";
    EXPECT_EQ(pass(backlog, now, now + 1'000, 10) / 100, 0) << "over at once";
    EXPECT_EQ(pass(backlog, now, now + 60, 110), 0) << "long over";
}

TEST(Backlog, WhatReturnsSoonNeedsNoPatience) {
    Backlog backlog;
    std::int64_t now = 5'000;
    pass(backlog, now, now + 900, 150);
    EXPECT_GT(backlog.share(), 60'000u);
    EXPECT_LT(backlog.share(), 65'536u) << "never all";
    pass(backlog, now, now + 300, 3);
    EXPECT_EQ(backlog.share(), 0u);
    pass(backlog, now, now + 25, 150);
    EXPECT_GT(backlog.share(), 0u);
}

TEST(Backlog, ItIsOverWhenTheLoopHasNothingToDo) {
    Backlog backlog;
    std::int64_t now = 5'000;
    pass(backlog, now, now + 900, 150);
    backlog.idle(now);
    now += 10'000;
    backlog.serve(now, now - 10'000);
    EXPECT_FALSE(backlog.refuses());
    EXPECT_EQ(backlog.share(), 0u);
}

TEST(Backlog, AMachineThatIsBusyElsewhereIsNoBacklog) {
    Backlog backlog;
    std::int64_t now = 0;
    EXPECT_EQ(pass(backlog, now, now + 5'000, 500, 1), 0) << "too few requests to be their own queue";
}

TEST(Backlog, AnIdleLoopHasNone) {
    Backlog backlog;
    int refused = 0;
    for (std::int64_t now = 0; now < 5'000; ++now) {
        if (now % 7 == 0) backlog.idle(now);
        backlog.serve(now, now - 60'000);  // connections that ask once a minute
        for (int i = 0; i < 20; ++i) refused += backlog.refuses();
    }
    EXPECT_EQ(refused, 0);
}

/// A loop with many connections, as Connection and Loop drive it.
struct Overloaded {
    double accepted_per_s = 0, refused_per_s = 0;
    std::int64_t longest_ms = 0;
    std::vector<int> accepted_of;
};

Overloaded simulate(double rate, double accept_us, double refuse_us, double seconds) {
    constexpr std::size_t kConnections = 200;
    Backlog backlog;
    Overloaded out;
    out.accepted_of.resize(kConnections);
    std::vector<double> drained(kConnections, 0), asked(kConnections, 0);
    double now = 0;                                // microseconds
    const double gap = kConnections / rate * 1e6;  // between two requests of one connection
    int accepted = 0, refused = 0;
    while (now < seconds * 1e6) {
        bool any = false;
        for (std::size_t i = 0; i < kConnections; ++i) {
            if (asked[i] > now) continue;
            any = true;
            const double until = now;
            backlog.serve(static_cast<std::int64_t>(now / 1e3), static_cast<std::int64_t>(drained[i] / 1e3));
            for (; asked[i] <= until; asked[i] += gap) {
                if (now > 1e6)
                    out.longest_ms = std::max(out.longest_ms, static_cast<std::int64_t>((now - asked[i]) / 1e3));
                const bool no = backlog.refuses();
                now += no ? refuse_us : accept_us;
                ++(no ? refused : accepted);
                out.accepted_of[i] += no ? 0 : 1;
            }
            drained[i] = until;
        }
        if (any) continue;
        now = std::max(now, *std::min_element(asked.begin(), asked.end()));
        backlog.idle(static_cast<std::int64_t>(now / 1e3));
    }
    out.accepted_per_s = accepted / seconds;
    out.refused_per_s = refused / seconds;
    return out;
}

TEST(Backlog, ThreeTimesWhatTheLoopCanDoIsRefusedQuicklyAndEvenly) {
    const Overloaded calm = simulate(90'000, 10, 2, 3);
    EXPECT_EQ(calm.refused_per_s, 0);
    EXPECT_LE(calm.longest_ms, 5);
    for (const double times : {1.2, 3.0, 4.0}) {
        const Overloaded busy = simulate(times * 100'000, 10, 2, 5);
        const double possible = (1e6 - 2 * times * 100'000) / 8;  // what is left after looking at all
        EXPECT_GT(busy.accepted_per_s, 0.85 * possible) << times;
        EXPECT_LT(busy.longest_ms, 4 * Backlog::kBoundMs) << times;
        const auto [least, most] = std::minmax_element(busy.accepted_of.begin(), busy.accepted_of.end());
        EXPECT_LT(*most, 2 * *least) << times;
    }
}

}  // namespace
}  // namespace gse::http
