#include "base/size_text.h"

#include <gtest/gtest.h>

namespace gse {
namespace {

TEST(SizeText, IsInTheUnitThatPeopleThinkIn) {
    const std::pair<std::uint64_t, const char*> kCases[] = {{0, "0 B"},
                                                            {900, "900 B"},
                                                            {1024, "1 KiB"},
                                                            {64 << 20, "64 MiB"},
                                                            {1'610'612'736, "1.5 GiB"},
                                                            {325'058'560, "310 MiB"},
                                                            {8ULL << 30, "8 GiB"},
                                                            {(8ULL << 30) - 1, "8 GiB"},
                                                            {1'048'575, "1 MiB"},
                                                            {1ULL << 40, "1 TiB"},
                                                            {5'000ULL << 40, "5000 TiB"}};
    for (const auto& [bytes, text] : kCases) EXPECT_EQ(size_text(bytes), text);
}

}  // namespace
}  // namespace gse
