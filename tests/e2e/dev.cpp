#include "e2e/dev.h"

#include <signal.h>

#include <algorithm>

namespace gse::e2e {
namespace {

constexpr Millis kStartLimit{30'000};
constexpr Millis kFleetLimit{30'000};
constexpr std::size_t kNameMax = 50;
constexpr Millis kStopLimit{15'000};

struct Dev {
    TempFolder dir = test_folder("gse-e2e");
    std::filesystem::path data = dir.path() / "data";
    std::unique_ptr<Program> program;
    std::string http;
    std::string asset;

    Dev() {
        auto words = gse_command({"dev", "--listen", "127.0.0.1:0", "--sdk-listen", "127.0.0.1:0", "--data", data});
        for (const char* setting :
             {"timers.process_ready=4s", "timers.process_exit=2s", "timers.health_interval=300ms",
              "timers.health_timeout=3s", "timers.health_failures=2", "timers.end_grace=500ms",
              "timers.unprotected_grace=500ms", "timers.restart_backoff_min=100ms", "timers.restart_backoff_max=1s",
              "timers.heartbeat=500ms", "hosts.port_low=24000", "hosts.port_high=27999"})
            words.insert(words.end(), {"--set", setting});
        program = std::make_unique<Program>(words, dir.path() / "dev.log");
        http = program->ready(kStartLimit)["http"];
        if (http.empty()) return;
        const auto zip = dir.path() / "game.zip";
        write_game_zip(zip);
        Api api(http);
        const auto uploaded = upload_asset(api, zip);
        if (uploaded) asset = *uploaded;
    }
};

std::unique_ptr<Dev> dev;

class Environment : public ::testing::Environment {
public:
    void SetUp() override { dev = std::make_unique<Dev>(); }
    void TearDown() override {
        // Orderly, as somebody's Ctrl-C: every game is gone within 10 s, also those that do not listen.
        dev->program->signal(SIGTERM);
        EXPECT_EQ(dev->program->wait(kStopLimit), 0) << dev->program->log();
        EXPECT_TRUE(running_games(dev->data).empty());
        dev.reset();
        end_orphans();
    }
};

}  // namespace

const std::string& DevTest::http() { return dev->http; }
const std::filesystem::path& DevTest::dir() { return dev->dir.path(); }
const std::filesystem::path& DevTest::data() { return dev->data; }
std::string DevTest::log() { return dev->program->log(); }

std::string DevTest::game_fleet(const std::string& flags, FleetWish wish) {
    if (wish.asset_id.empty()) wish.asset_id = dev->asset;
    if (wish.name.empty())
        wish.name = std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()).substr(0, kNameMax);
    wish.parameters = flags;
    const auto fleet = create_fleet(api, wish);
    EXPECT_TRUE(fleet) << (fleet ? "" : describe(fleet.error()));
    return fleet.value_or("");
}

std::string DevTest::active_fleet(const std::string& flags, FleetWish wish) {
    const std::string fleet = game_fleet(flags, std::move(wish));
    EXPECT_TRUE(wait_status(fleet, "ACTIVE")) << event_text(api, fleet);
    return fleet;
}

std::string DevTest::new_session(const std::string& fleet) {
    client::ApiError error;
    std::string id;
    (void)wait_until(kFleetLimit, [&] {
        const auto answer =
            api.call(api::CreateGameServerSessionRequest{.maximum_player_session_count = 4, .fleet_id = fleet});
        if (answer)
            id = answer->game_server_session->game_server_session_id;
        else
            error = answer.error();
        return answer.has_value();
    });
    EXPECT_FALSE(id.empty()) << describe(error) << "\n" << event_text(api, fleet);
    return id;
}

bool DevTest::wait_status(const std::string& fleet, const std::string& status) {
    return wait_until(kFleetLimit, [&] { return fleet_status(api, fleet) == status; });
}

std::vector<GameProcess> DevTest::games(const std::string& fleet) {
    auto out = running_games(dev->data);
    std::erase_if(out, [&](const GameProcess& game) { return game.fleet != fleet; });
    return out;
}

}  // namespace gse::e2e

int main(int argc, char** argv) {
    ::testing::InitGoogleMock(&argc, argv);
    gse::e2e::own_orphans();
    ::testing::AddGlobalTestEnvironment(new gse::e2e::Environment);  // which GoogleTest owns
    return RUN_ALL_TESTS();
}
