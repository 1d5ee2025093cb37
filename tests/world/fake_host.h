/// A host whose agent and games are played by the test: it speaks the link's messages as a real agent does, and
/// behaves well unless told otherwise.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "link/host_link.h"

namespace gse::testing {

class World;

struct HostOptions {
    std::string name = "host-1";
    std::string region;  ///< "" serves every region
    std::string address = "10.0.0.1";
    std::uint32_t instances = 100;
    std::string access_user;
    std::string access_key;
    std::vector<std::string> instance_types;  ///< none: all
    link::PortRange ports{10'000, 32'000};
    std::uint32_t cpus = 0;
    std::uint64_t memory_bytes = 0;
    std::string certified_id;  ///< what its certificate says; "": it has none
};

/// How games and installations on a host behave.
struct Behaviour {
    std::optional<link::PrepareStep> fails_at;  ///< this step of an instance fails
    std::optional<link::PrepareStep> stops_at;  ///< the last step that ends; the next one hangs
    std::optional<link::StartFailure> start_failure;
    std::string failure_text = "no such file";
    bool installer = true;
    bool becomes_ready = true;
    std::optional<int> gives_up;  ///< a process ends with this exit code instead of becoming ready
    bool activates = true;        ///< calls ActivateGameServerSession
    bool starts_session = true;   ///< OnStartGameServerSession succeeds
    bool idle_complies = true;    ///< an idle process that was asked to end ends at once
    bool collects_logs = true;
    std::vector<std::string> log_paths;
    std::set<std::uint16_t> busy_ports;  ///< held by programs that are not ours
    bool may_be_closed = false;          ///< the server has reason to close its stream
};

struct Game {
    std::string process;
    std::string instance;
    std::uint32_t place = 0;
    std::int64_t pid = 0;
    std::uint16_t client_port = 0;
    std::uint16_t grpc_port = 0;
    bool ready = false;
    std::string session;  ///< as the game sees it
    bool asked_to_end = false;
    EndReason asked_why = EndReason::None;
    std::optional<EngineTime> kill_at;
};

class FakeHost {
public:
    FakeHost(World& world, HostOptions options);

    Behaviour behaviour;

    // What the test makes games do. Each returns when the server has answered all of it.
    link::SdkReply sdk(const std::string& process, decltype(link::SdkCall::call) call, std::string request_id = "");
    /// TerminateGameServerSession, ProcessEnding, exit 0: one match per process.
    void end_match(const std::string& session);
    /// TerminateGameServerSession only: the process stays for another match.
    void end_session(const std::string& session);
    void activate(const std::string& session);
    link::CallStatus accept(const std::string& session, const std::string& player_session);
    link::CallStatus leave(const std::string& session, const std::string& player_session);
    void crash(const std::string& process, int signal = 11);
    /// The agent has measured instances.
    void measure(const std::vector<link::InstanceReading>& readings);
    /// An agent that lies, or whose records were mixed up.
    void say(link::ReportBody body);
    /// The same on a stream that the server has closed meanwhile: it was on its way.
    void say_late(link::ReportBody body);
    void set_health(const std::string& process, bool healthy);
    /// A developer starts a game in a terminal: it joins and is ready.
    void start_by_hand(const std::string& process, std::uint16_t port);
    /// And ends it.
    void end_by_hand(const std::string& process);
    /// Instances that wait at a step go on to the end.
    void go_on();

    // The machine and its network.
    void connect();
    void lose_network() { online_ = false; }
    void heal_network() { connect(); }
    /// It comes back with another address; "": it cannot tell which.
    void move_to(std::string address) {
        lose_network();
        options_.address = std::move(address);
        heal_network();
    }
    /// Its programs stand still and go on; nobody hung up meanwhile.
    void freeze() { online_ = false; }
    void thaw() { online_ = true; }
    /// Why the server has closed its stream; "" while it has not.
    [[nodiscard]] const std::string& closed_because() const { return closed_because_; }
    /// The agent starts anew and adopts what runs.
    void restart_agent();

    [[nodiscard]] const Game& game(const std::string& process) const { return games_.at(process); }
    [[nodiscard]] const Game& game_of(const std::string& session) const;
    [[nodiscard]] const std::map<std::string, Game>& games() const { return games_; }
    [[nodiscard]] const std::map<std::string, link::InstanceSpec>& instances() const { return specs_; }
    [[nodiscard]] std::vector<std::string> killed() const { return killed_; }
    [[nodiscard]] const HostOptions& options() const { return options_; }

private:
    friend class World;
    void report(link::ReportBody body);
    void send(const link::SdkCall& call) { report(call); }
    void on_closed(const std::string& why);
    void call(const std::string& process, decltype(link::SdkCall::call) body, std::string request_id = "");
    void on_welcome(const link::Welcome& welcome);
    void on_order(const link::Order& order);
    void apply(const link::ReportAck& ack);
    void apply(const link::InstanceSpec& spec);
    void apply(const link::StartSession& start);
    void apply(const link::EndProcess& end);
    void apply(const link::CollectLogs& collect);
    void apply(const link::SdkReply& reply) { replies_[reply.call_id] = reply; }
    void prepare(const std::string& instance, link::PrepareStep from);
    void fill_places(const std::string& instance);
    void launch(const std::string& instance, const link::PlaceSpec& place);
    void exit(std::string process, int code, int signal, bool killed = false, EndReason why = EndReason::None);
    void end_itself(const std::string& process);
    [[nodiscard]] link::HostHello hello() const;

    World& world_;
    HostOptions options_;
    int boots_ = 1;
    bool online_ = false;
    link::StreamId stream_ = 0;
    std::uint64_t next_order_ = 1;
    std::uint64_t last_seq_ = 0;
    std::uint64_t last_call_ = 0;
    int launches_ = 0;
    std::deque<link::Report> unacked_;
    std::map<std::string, link::InstanceSpec> specs_;
    std::map<std::string, link::PrepareStep> waiting_;  ///< instance → the step it hangs before
    std::set<std::string> prepared_;
    std::set<std::pair<std::string, std::uint32_t>> port_waits_;
    std::map<std::string, Game> games_;
    std::map<std::string, std::pair<int, int>> unacked_exits_;
    std::map<std::uint64_t, link::SdkReply> replies_;
    std::vector<std::string> killed_;
    std::string closed_because_;
};

}  // namespace gse::testing
