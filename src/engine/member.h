/// One of several servers on one journal: reads along with whoever leads, and takes over when nobody does.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"
#include "journal/shared.h"

namespace gse::engine {

struct MemberOptions {
    std::string address;     ///< where the others reach this server when it leads: see journal::Leader
    Millis patience{200};    ///< of one look at the journal: how late the end of a lease is noticed at most
    Millis lost_for{6'000};  ///< a leader that could not confirm its lease for this long starts again
    /// A leader without agents gives way when another server has missed it, for agents it has, for this long.
    Millis missed_for{5'000};
};

enum class Role : std::uint8_t {
    Loading,    ///< reads the journal from its beginning
    Following,  ///< another one leads, or nobody
    Leading,
    Ended,  ///< only a new start helps
};

/// What it is doing, for /readyz and /metrics.
struct MemberView {
    Role role = Role::Loading;
    std::uint64_t epoch = 0;    ///< of the leader; 0: nobody has ever led
    bool leader_known = false;  ///< and its lease had not run out when it was last looked at
    std::uint64_t applied = 0;  ///< sequence number of the last batch that was read
    std::int64_t heard_ms = 0;  ///< monotonic: when the database last answered
    std::string trouble;        ///< "" or why it does not
};

/// Threads: everything is called from its one thread, and after stop() nothing more is.
class Member {
public:
    struct Calls {
        /// Another server leads now (its address), or nobody that is known of.
        std::function<void(const std::optional<std::string>&)> on_leader;
        /// This one does: the engine has read everything and may be started. An error ends the lead.
        std::function<Result<void>()> on_lead;
        /// This process must start again: it was replaced, or cannot follow any further. Once; nothing may leave any
        /// more.
        std::function<void(const Error&)> on_end;
        /// Of one that follows: it cannot reach the leader, and agents have come to it lately. Never: null.
        std::function<bool()> misses_leader = {};
        /// Of the leader: it has had agents, and has none now. Never: null.
        std::function<bool()> has_lost_its_agents = {};
    };

    /// All of it outlives stop().
    Member(MemberOptions options, Engine& engine, journal::SharedJournal& journal, const Clock& clock, Calls calls);
    ~Member();

    /// Where the others reach it, if that is known only now. Before start().
    void set_address(std::string address) { options_.address = std::move(address); }
    /// Begins to follow, on a thread of its own.
    void start();
    /// One step by hand, for tests in virtual time, instead of start().
    void step();
    /// Ends the thread; the lead is not given up by this. Idempotent.
    void stop();
    /// Thread-safe.
    [[nodiscard]] MemberView view() const;

private:
    void load();
    void follow();
    void take_the_lead();
    void keep_the_lead();
    void say_whether_missed(std::uint64_t epoch);
    void give_way_when_missed();
    void end(Error why);
    void note_answer();
    void note_trouble(const Error& error);
    void pause();

    MemberOptions options_;
    Engine& engine_;
    journal::SharedJournal& journal_;
    const Clock& clock_;
    const Calls calls_;

    mutable std::mutex mutex_;
    std::condition_variable stops_;
    bool stopping_ = false;
    MemberView view_;

    std::optional<std::string> told_;  ///< what on_leader() was last called with
    bool told_any_ = false;
    std::int64_t confirmed_ms_ = 0;
    std::uint64_t missed_ = 0;  ///< the epoch whose leader this one misses, as it has told the database
    std::int64_t look_again_ms_ = 0;
    std::optional<std::int64_t> missed_since_ms_;  ///< of this one's own lead
    std::thread thread_;
};

}  // namespace gse::engine
