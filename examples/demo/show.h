/// What the demo prints, and how it waits: every wait has a bound, says what it waits for, keeps the table alive and
/// hears Ctrl-C.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "backend.h"
#include "crowd.h"
#include "table.h"

namespace gse::demo {

class Show {
public:
    explicit Show(bool colours) : colours_(colours), start_(Clock::now()) {}

    /// What the table reads from; both outlive the show, or until forget().
    void watch(Backend& backend, const Crowd& crowd) { backend_ = &backend, crowd_ = &crowd; }
    void forget() { backend_ = nullptr, crowd_ = nullptr; }
    /// Adds a column; fleets are columns in the order in which they are added. Its index.
    std::size_t add_fleet(std::string fleet_id);
    /// It may vanish from now on: that it is gone is no failed request.
    void expect_gone(std::size_t fleet) { fleets_[fleet].may_go = true; }

    void step(std::string_view text);
    void say(std::string_view text);
    void good(std::string_view text) { verdict(true, text); }
    void bad(std::string_view text) { verdict(false, text); }

    /// Asks the API once, and prints a line of the table when something changed or a second has passed.
    Result<void> refresh();
    [[nodiscard]] const FleetRow& fleet(std::size_t index) const { return fleets_[index].row; }
    [[nodiscard]] const InstanceHistory& history(std::size_t index) const { return fleets_[index].history; }

    /// Refreshes and asks `done` again and again. Unavailable after `limit`: "waited 30 s for <what>; last seen: …".
    Result<void> wait(std::string_view what, Millis limit, const std::function<Result<bool>()>& done,
                      const std::function<std::string()>& seen = {});

    /// Ctrl-C ended a wait.
    [[nodiscard]] bool interrupted() const { return interrupted_; }
    [[nodiscard]] Millis elapsed() const { return std::chrono::duration_cast<Millis>(Clock::now() - start_); }

private:
    using Clock = std::chrono::steady_clock;
    struct Fleet {
        std::string id;
        FleetRow row;
        InstanceHistory history;
        bool may_go = false;
    };

    Result<void> ask();
    void verdict(bool good, std::string_view text);
    [[nodiscard]] std::string dressed(std::string_view text, const char* code) const;
    [[nodiscard]] std::string last_seen() const;

    bool colours_;
    Clock::time_point start_;
    Backend* backend_ = nullptr;
    const Crowd* crowd_ = nullptr;
    std::vector<Fleet> fleets_;
    std::vector<FleetRow> printed_;
    Clock::time_point printed_at_;
    bool head_due_ = true;
    bool interrupted_ = false;
};

}  // namespace gse::demo
