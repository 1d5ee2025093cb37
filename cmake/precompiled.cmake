# Headers that most tests read, read once. Sources name what they use all the same; a build with
# -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON shows what one forgot.
file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cpp "")
add_library(gse_precompiled_test OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
target_precompile_headers(gse_precompiled_test PRIVATE
    <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <deque> <expected> <filesystem> <fstream> <functional>
    <map> <memory> <mutex> <optional> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <utility>
    <variant> <vector> <absl/container/btree_map.h> <boost/unordered/unordered_flat_map.hpp> <fmt/format.h>
    <gmock/gmock.h> <gtest/gtest.h>)
target_compile_options(gse_precompiled_test PRIVATE -O0)
target_link_libraries(gse_precompiled_test PRIVATE Boost::headers fmt::fmt GTest::gmock)
