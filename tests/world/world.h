/// A whole server without threads, sockets or real time, for tests that tell stories:
///
///     World world;
///     const std::string fleet = world.make_fleet({.processes = 10, .max = 3, .buffer = 30});
///     world.call("CreateAlias", {{"Name", "live"}, {"RoutingStrategy.Type", "SIMPLE"}, {"RoutingStrategy.FleetId",
///     fleet}}); world.advance(90s);
///
/// Every batch goes through a journal in memory before anything of it leaves. Chance has one seed, so every id is the
/// same in every run.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/actions.h"
#include "base/rng.h"
#include "codec/codec.h"
#include "engine/api_port.h"
#include "engine/decider.h"
#include "engine/key_book.h"
#include "journal/memory.h"
#include "tests/world/answer.h"
#include "tests/world/fake_host.h"

namespace gse::testing {

using Params = std::vector<std::pair<std::string, std::string>>;

/// The root key, which signs every call of a story; keys that stories make are in the state.
class RootKey final : public engine::KeyBook {
public:
    void set(engine::LiveKey) override {}
    void remove(std::string_view) override {}
    [[nodiscard]] std::vector<engine::FixedKey> fixed() const override {
        return {{.secret_id = "AKIDTEST", .root = true}};
    }
    [[nodiscard]] WallTime last_used(std::string_view) const override { return {}; }
    [[nodiscard]] std::vector<engine::KeyUse> take_uses() override { return {}; }
};

/// `text` with each `$name` replaced by its value; the longest name wins.
std::string fill(std::string text, std::map<std::string, std::string, std::greater<>> values);

struct FleetOptions {
    std::string name = "fleet";
    std::string region = "";
    std::uint32_t processes = 1;
    std::uint32_t min = 0;
    std::uint32_t max = 1;
    std::optional<std::uint32_t> buffer;  ///< % of free sessions
    std::string protection = "NoProtection";
    std::uint32_t protection_minutes = 60;
    std::uint32_t activation_timeout_s = 60;
    std::uint16_t port_low = 1'025;
    std::uint16_t port_high = 60'000;
};

class World {
public:
    /// One host that serves every region, already connected, unless `with_host` is false.
    explicit World(bool with_host = true, Settings settings = {});

    Answer call(const std::string& action, const Params& params, const std::string& region = "");
    Answer call_json(const std::string& action, std::string json, const std::string& region = "",
                     const std::string& version = "2019-11-12");

    /// A call that may wait; its answer, once it has come.
    using Asked = std::shared_ptr<std::optional<Answer>>;
    Asked ask(const std::string& action, const Params& params, const std::string& region = "");
    /// Whoever asked cannot wait any longer.
    void hurry(const Asked& asked);
    /// What the rim has seen of keys is written down.
    void record_uses(const std::vector<engine::KeyUse>& uses);
    /// The same, unsigned from the server's own machine (/capi).
    Answer call_locally(const std::string& action, std::string json);
    /// Is told what batches change, once they are durable; the sink outlives the world's server.
    void listen(engine::ChangeSink* sink);

    /// Lets time pass; everything due happens at its moment.
    void advance(Millis by);
    /// The server's machine sleeps: nothing happens, and then it is later.
    void stand_still(Millis by);
    /// Somebody sets the machine's clock; engine time knows nothing of it.
    void jump_wall_clock(Millis by) { now_.wall = now_.wall + by; }
    /// Everything that is under way comes to rest.
    void run();
    /// Runs `act` after a time; on the world's own clock.
    void after(Millis delay, std::function<void()> act);
    [[nodiscard]] Now now() const { return now_; }
    /// Somebody sets the clock on the wall.
    void set_wall(WallTime wall) { now_.wall = wall; }

    FakeHost& host(std::size_t index = 0) { return *hosts_.at(index); }
    FakeHost& add_host(HostOptions options);
    /// One that the server has reason to turn away.
    FakeHost& add_host_that_may_be_closed(HostOptions options);
    /// Whatever else a caller decides, in a batch of its own.
    Answer decide(engine::Decide decide);

    /// The server dies and starts again from its journal; hosts connect again. Everything durable is compared.
    void restart_server(Millis away = Millis{0});

    /// Everything that is durable now.
    [[nodiscard]] std::string take_backup();
    /// The server and its journal are lost, and another one starts from the backup; hosts connect again.
    void restore(const std::string& backup, Millis away = Millis{0});

    // ---------------------------------------------------------------- short words for what every story needs

    void upload(const std::string& key, std::uint64_t bytes = 1'234);
    /// As in gse dev: a host without a certificate is the agent inside the server.
    void put_agent_inside() { services_.agent_inside = true; }
    std::string make_asset(const std::string& region = "ap-shanghai");
    /// What CreateFleet is asked for.
    [[nodiscard]] static Params fleet_params(const std::string& asset, const FleetOptions& options = {});
    /// Its id. With a host that behaves well it is ACTIVE.
    std::string make_fleet(const FleetOptions& options = {});
    std::string make_alias(const std::string& fleet, const std::string& region = "");
    /// Its id; "" and a test failure when refused.
    std::string make_session(const std::string& fleet, std::uint32_t players = 10);
    std::string join(const std::string& session, const std::string& player);

    [[nodiscard]] core::State& state() { return *state_; }
    [[nodiscard]] const core::Fleet& fleet(const std::string& id) const;
    [[nodiscard]] std::string fleet_status(const std::string& id);
    [[nodiscard]] std::string session_status(const std::string& id);
    [[nodiscard]] std::string player_status(const std::string& id);
    /// Instances that are not being scaled in, starting ones included.
    [[nodiscard]] std::uint32_t instances(const std::string& fleet_id) const;
    /// `CODE: message`, oldest first.
    [[nodiscard]] std::vector<std::string> events(const std::string& fleet_id);
    [[nodiscard]] std::vector<std::string> event_codes(const std::string& fleet_id);
    /// Messages of one code, oldest first.
    [[nodiscard]] std::vector<std::string> events_of(const std::string& fleet_id, const std::string& code);
    [[nodiscard]] std::uint64_t batches() const { return last_seq_; }

    Settings settings;

private:
    friend class FakeHost;
    link::StreamId next_stream() { return ++last_stream_; }
    void push_hello(link::StreamId stream, link::HostHello hello);
    void push_report(link::StreamId stream, const link::Report& report);
    void push_readings(link::StreamId stream, const std::vector<link::InstanceReading>& readings);
    void commit(engine::Batch batch);
    void start_server();
    engine::ApiCall flat_call(const std::string& action, const Params& params, const std::string& region);
    void heartbeat();

    SeededRng rng_{20'191'112};
    RootKey keys_;
    objects::ObjectAuth object_auth_{std::string(32, 'k')};
    api::Services services_{.object_auth = object_auth_,
                            .token_secret = std::string(32, 't'),
                            .public_url = "http://127.0.0.1:8080",
                            .keys = &keys_,
                            .authority_sha256 = std::string(64, 'c'),
                            .link_address = [] { return std::string(":7070"); }};
    std::unique_ptr<journal::MemoryDisk> disk_ = std::make_unique<journal::MemoryDisk>();
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<core::State> state_;
    std::unique_ptr<engine::Decider> decider_;
    std::uint64_t last_seq_ = 0;
    Now now_{.engine = {1}, .wall = {1'600'000'000'000}};
    EngineTime next_heartbeat_{1};
    engine::ChangeSink* sink_ = nullptr;
    std::vector<std::unique_ptr<FakeHost>> hosts_;
    link::StreamId last_stream_ = 0;
    std::vector<std::variant<std::pair<link::StreamId, link::HostHello>, std::pair<link::StreamId, link::Report>>>
        inputs_;
    std::multimap<EngineTime, std::function<void()>> later_;
    std::map<std::string, objects::ObjectInfo> uploads_;
    int uploaded_ = 0;
    std::uint64_t calls_ = 0;
    std::map<std::uint64_t, Asked> asked_;
    bool running_ = false;
};

}  // namespace gse::testing
