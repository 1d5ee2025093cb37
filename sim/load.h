/// Clients of the API: what they ask, what they were promised, and whether the promise holds.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/gateway.h"
#include "codec/codec.h"
#include "sim/server.h"

namespace gse::sim {

struct LoadShape {
    double calls = 0.5;  ///< new calls a step
    std::uint32_t fleets_max = 3;
    std::uint32_t aliases_max = 3;
    std::uint32_t queues_max = 2;
    std::uint32_t max_instances = 4;
    std::uint32_t processes = 3;  ///< configured, at most
    std::uint32_t seats = 8;
    link::PortRange ports;  ///< of the fleets
    std::uint32_t activation_timeout_s = 20;
};

struct LoadCounts {
    std::uint64_t calls = 0, refused = 0, lost = 0, sessions = 0, joins = 0, repeats = 0, fulfilled = 0;
};

class Load {
public:
    Load(const LoadShape& shape, const Settings& settings, SeededRng& rng);

    void tick(Server& server, Now now);
    void on_answer(const Answer& answer, Now now);
    /// The server is gone: whoever waits for an answer will not get it.
    void on_crash();
    /// How much is asked for, of what the shape says; 1 at first.
    void set_pressure(double pressure) { pressure_ = pressure; }
    /// In a long run: what is so old that nothing is promised of it any more is not asked about any more.
    void forget_old(Now now);
    /// No new calls.
    void stop() { stopped_ = true; }
    std::vector<std::string> take_arrivals(const std::string& session);

    /// Everything that was answered is in this state. Throws Violation.
    void check(const core::State& state, Now now) const;

    [[nodiscard]] const LoadCounts& counts() const { return counts_; }

private:
    using Done = std::function<void(const api::Envelope&)>;
    using Lost = std::function<void()>;
    struct Waiting {
        Done done;
        Lost lost;
    };
    struct KnownSession {
        std::string token;
        std::int64_t asked = 0;  ///< engine ms; what it made is no older
        bool ended = false;      ///< an end was acknowledged
        std::string fleet;
    };
    struct KnownSeat {
        std::string session;
        std::string player;
        std::int64_t asked = 0;  ///< engine ms; what it made is no older
    };
    struct KnownAlias {
        std::uint64_t asked = 1;  ///< versions handed out
        std::uint64_t seen = 1;   ///< newest that an answer has shown
        bool gone = false;        ///< deletion was asked for
    };
    struct KnownFleet {
        bool delete_asked = false;
        bool deleted = false;
        std::uint64_t capacity_asks = 0;
        std::uint64_t min = 0, max = 0;
        bool capacity_known = false;  ///< the last update was answered: these are the limits
        bool timers = false;          ///< one was asked for, and may change the limits
        std::uint64_t drain_asks = 0;
        bool draining = false;
        bool drain_known = false;  ///< the last drain or undrain was answered
    };

    struct KnownQueue {
        std::uint64_t asks = 0;  ///< changes asked for, answered or not
        std::uint64_t timeout_s = 0;
        bool timeout_known = false;  ///< the last change was answered
        bool gone = false;           ///< deletion was asked for
    };
    struct KnownPlacement {
        api::StartGameServerSessionPlacementRequest request;
        std::int64_t asked = 0;   ///< engine ms; what it made is no older
        bool answered = false;    ///< it is acknowledged
        std::string status;       ///< the last that was seen
        std::string session;      ///< once FULFILLED
        bool stop_asked = false;  ///< or its queue's deletion
    };

    template <class Request>
    void send(Server& server, const Request& request, Done done, Lost lost = {},
              std::optional<objects::ObjectInfo> package = std::nullopt);
    void create_asset(Server& server);
    void create_fleet(Server& server);
    void delete_fleet(Server& server);
    void change_capacity(Server& server);
    void copy_fleet(Server& server);
    void change_fleet(Server& server);
    void change_instance(Server& server);
    void drain_fleet(Server& server);
    void undrain_fleet(Server& server);
    void put_rule(Server& server, const std::string& fleet, const std::string& name);
    void put_timer(Server& server, const std::string& fleet, const std::string& name);
    void change_policy(Server& server);
    void change_stored(Server& server, const std::string& fleet);
    void change_keys(Server& server);
    void change_host(Server& server);
    void create_alias(Server& server);
    void update_alias(Server& server);
    void read_alias(Server& server);
    void create_session(Server& server, std::string token = {});
    void join(Server& server);
    void end_session(Server& server);
    void update_session(Server& server);
    void describe(Server& server);
    void create_queue(Server& server);
    void change_queue(Server& server);
    void start_placement(Server& server);
    void describe_placement(Server& server);
    void wait_for_placement(Server& server);
    void explain_placement(Server& server);
    void roll_alias_back(Server& server);
    void tag_alias(Server& server);
    void stop_placement(Server& server);
    void see_placement(const std::string& id, const api::GameServerSessionPlacement& seen);
    [[nodiscard]] std::vector<api::GameServerSessionQueueDestination> pick_destinations();
    [[nodiscard]] std::string pick_placement();
    [[nodiscard]] std::string pick_fleet();
    [[nodiscard]] std::string pick_session();

    const LoadShape shape_;
    const Settings& settings_;
    SeededRng& rng_;
    objects::ObjectAuth auth_;
    api::Services services_;
    Now now_{};
    bool stopped_ = false;
    double pressure_ = 1;
    std::uint64_t next_ticket_ = 1;
    std::uint64_t next_name_ = 1;
    std::map<std::uint64_t, Waiting> waiting_;

    std::vector<std::string> assets_;
    std::vector<std::pair<std::string, std::string>> instances_;  ///< fleet and instance, as last listed
    std::vector<std::string> processes_;                          ///< of one fleet, as last listed
    std::map<std::string, KnownFleet> fleets_;
    std::map<std::string, KnownAlias> aliases_;
    std::vector<std::pair<std::string, bool>> hosts_;  ///< ids that were listed, and whether a provider supplies it
    std::vector<std::string> keys_;                    ///< SecretIds that were made and not asked to be deleted
    std::map<std::string, KnownQueue> queues_;
    std::map<std::string, KnownPlacement> placements_;
    std::map<std::string, KnownSession> sessions_;
    std::map<std::string, KnownSeat> seats_;
    std::map<std::string, api::CreateGameServerSessionRequest>
        open_tokens_;  ///< asked, answer lost or to be asked again
    std::map<std::string, std::string> token_session_;
    std::map<std::string, std::int64_t> first_asked_;  ///< by token: an unanswered request may have made the session
    std::map<std::string, std::vector<std::string>> arrivals_;
    LoadCounts counts_;
};

}  // namespace gse::sim
