/// Golden replies: what the API answers, to the byte, in data/<Action>.json. `UPDATE_GOLDEN=1 golden_test` writes the
/// files anew; read the difference before you commit it, since programs of others rely on every byte.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/world/world.h"

namespace gse::testing {

class Golden {
public:
    explicit Golden(World& world) : world_(world) {}
    /// Compares all that was recorded.
    ~Golden();
    Golden(const Golden&) = delete;
    Golden& operator=(const Golden&) = delete;

    /// Makes a call and records it under a sentence. All calls of one action belong to one test.
    Answer call(const std::string& action, const std::string& sentence, const std::string& json,
                const std::string& region = "");

private:
    World& world_;
    std::map<std::string, std::vector<std::string>> exchanges_;  ///< by action
};

/// Path of an action's file.
std::string golden_path(const std::string& action);

}  // namespace gse::testing
