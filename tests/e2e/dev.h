/// One `gse dev` with short timers for all tests of a program; each test makes a fleet of its own.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <string>

#include "e2e/deployment.h"
#include "e2e/program.h"

namespace gse::e2e {

class DevTest : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_FALSE(http().empty()) << log(); }

    static const std::string& http();
    static const std::filesystem::path& dir();
    static const std::filesystem::path& data();
    static std::string log();

    /// A fleet of gse-test-game with these flags; fails the test when it is refused.
    std::string game_fleet(const std::string& flags, FleetWish wish = {});
    /// The same, waited for until it is ACTIVE.
    std::string active_fleet(const std::string& flags, FleetWish wish = {});
    /// Waits for a session; its id, "" and a failed test when none came.
    std::string new_session(const std::string& fleet);
    bool wait_status(const std::string& fleet, const std::string& status);
    /// Its running games.
    static std::vector<GameProcess> games(const std::string& fleet);

    Api api{http()};
};

}  // namespace gse::e2e
