#include "base/fifo.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "base/rng.h"

namespace gse {
namespace {

TEST(Fifo, GivesInTheOrderInWhichItWasGivenWhateverItsLength) {
    SeededRng rng(7);
    Fifo<std::unique_ptr<int>> fifo;
    std::deque<int> model;
    int next = 0;
    for (int round = 0; round < 20'000; ++round) {
        // It grows for a while and shrinks for a while, to nothing now and then.
        const bool grows = round % 2'000 < 1'100;
        if (rng.below(100) < (grows ? 60U : 35U)) {
            fifo.push_back(std::make_unique<int>(next));
            model.push_back(next++);
        } else if (!model.empty()) {
            ASSERT_EQ(*fifo.front(), model.front());
            fifo.pop_front();
            model.pop_front();
        }
        ASSERT_EQ(fifo.size(), model.size());
        ASSERT_EQ(fifo.empty(), model.empty());
    }
    fifo.clear();
    EXPECT_TRUE(fifo.empty());
    fifo.push_back(std::make_unique<int>(1));
    EXPECT_EQ(*fifo.front(), 1);
}

}  // namespace
}  // namespace gse
