/// The main job, watched: an alias moves from one fleet to another while players keep chatting.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "deployment.h"
#include "fleets.h"
#include "several.h"
#include "show.h"

namespace gse::demo {

/// What it plays on.
struct Stage {
    std::size_t servers = 0;  ///< on PostgreSQL; 0: gse dev
    bool kill_leader = false;
};

/// Plays once. Everything it starts ends with it.
class Script {
public:
    Script(const Programs& programs, std::filesystem::path folder, Show& show, Stage stage = {})
        : programs_(programs), folder_(std::move(folder)), show_(show), stage_(stage) {}
    ~Script();

    /// All steps, then the checks. True when every check holds. An error is the step that could not be done.
    Result<bool> run(bool print_calls);
    /// What helps to understand a failure: fleet events and the end of the log.
    void explain();

private:
    /// A game server session and its players.
    struct Match {
        std::string session_id;
        std::string fleet_id;
        std::size_t room = 0;
    };
    struct Check {
        bool holds = false;
        std::string text;
    };

    Result<void> start(bool print_calls);
    Result<void> start_system();
    Result<void> kill_leader();
    Result<void> make_fleets();
    /// Sessions by the alias, each once there is room for it, as a backend would.
    Result<void> open_matches(std::size_t expected_fleet, std::size_t count);
    Result<Match> open_match(std::size_t number);
    Result<void> switch_alias();
    Result<void> end_matches();
    Result<void> delete_first_fleet();
    Result<void> say_goodbye();
    Result<void> stop();
    void check_chat();
    void check(bool holds, std::string text) { checks_.push_back({holds, std::move(text)}); }

    /// Waits until the fleet has `count` instances, none starting and none ending.
    Result<void> wait_for_instances(std::size_t fleet, std::uint64_t count);
    Result<void> wait_for_room(std::size_t room, std::string_view what, bool RoomView::* state);
    [[nodiscard]] std::size_t sessions_on(std::size_t fleet) const;
    [[nodiscard]] std::uint64_t heard_in(std::size_t first, std::size_t count) const;

    const Programs& programs_;
    const std::filesystem::path folder_;
    Show& show_;
    const Stage stage_;
    std::unique_ptr<System> deployment_;
    Several* several_ = nullptr;  ///< the same, where it is several servers
    std::unique_ptr<Backend> backend_;
    std::unique_ptr<Crowd> crowd_;
    std::vector<std::string> fleets_;
    std::string alias_;
    std::vector<Match> matches_;
    std::vector<Check> checks_;
};

}  // namespace gse::demo
