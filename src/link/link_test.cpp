// Server and client over real gRPC on loopback, with a fake engine behind one and a fake supervisor behind the other.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <mutex>

#include "agent_link.grpc.pb.h"
#include "base/temp_folder.h"
#include "link/agent_client.h"
#include "link/convert.h"
#include "link/link_server.h"
#include "link/pinned_server.h"
#include "link/server_connection.h"
#include "link/test_proxy.h"

namespace gse::link {
namespace {

namespace pb = opengse::link::v1;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kToken = "a token of sufficient length";
constexpr Millis kHeartbeat{50};

/// What several threads write and a test waits for.
class Notebook {
public:
    /// False when `ready` is not true within a time in which it must be.
    [[nodiscard]] bool wait(const std::function<bool()>& ready) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, seconds(20), ready);
    }
    void write(const std::function<void()>& change) {
        const std::lock_guard lock(mutex);
        change();
        changed.notify_all();
    }
    std::mutex mutex;
    std::condition_variable changed;
};

class FakeEngine final : public HostEvents {
public:
    struct StreamSeen {
        HostHello hello;
        std::vector<Report> reports;
        std::vector<std::vector<InstanceReading>> readings;
        int alive = 0;
        int closed = 0;
    };

    void on_hello(StreamId stream, HostHello hello) override {
        notes.write([&] {
            streams[stream].hello = std::move(hello);
            newest = stream;
        });
        if (greet)
            server->welcome(stream, {.epoch = epoch,
                                     .deployment_id = deployment,
                                     .acked_seq = acked_seq,
                                     .objects_url = "http://127.0.0.1:1/objects",
                                     .timers = {.heartbeat = kHeartbeat}});
    }
    void on_reports(StreamId stream, std::span<Report> reports) override {
        notes.write([&] { std::ranges::move(reports, std::back_inserter(streams[stream].reports)); });
    }
    void on_alive(StreamId stream) override {
        notes.write([&] { ++streams[stream].alive; });
    }
    void on_readings(StreamId stream, std::vector<InstanceReading> readings) override {
        notes.write([&] { streams[stream].readings.push_back(std::move(readings)); });
    }
    void on_closed(StreamId stream) override {
        notes.write([&] { ++streams[stream].closed; });
    }

    bool wait(const std::function<bool()>& ready) { return notes.wait(ready); }
    bool wait_for_reports(StreamId stream, std::size_t count) {
        return wait([&] { return streams[stream].reports.size() >= count; });
    }

    HostStreams* server = nullptr;
    std::atomic<bool> greet = true;
    std::atomic<std::uint64_t> epoch = 7;
    std::atomic<std::uint64_t> acked_seq = 0;
    std::string deployment = "ours";

    Notebook notes;
    std::map<StreamId, StreamSeen> streams;
    std::atomic<StreamId> newest = 0;
};

class FakeSupervisor final : public ServerEvents {
public:
    HostHello hello() override {
        notes.write([&] { ++hellos; });
        return {.host_name = name,
                .boot_id = "boot",
                .address = "127.0.0.1",
                .instance_capacity = 3,
                .ports = {10'000, 11'000},
                .instance_ids = {"ins-1"},
                .process_ids = process_ids};
    }
    void on_welcome(const Welcome& welcome) override {
        notes.write([&] { welcomes.push_back(welcome); });
    }
    void on_order(OrderBody order) override {
        notes.write([&] { orders.push_back(std::move(order)); });
    }
    void on_acked(std::uint64_t seq) override {
        notes.write([&] { acked = seq; });
    }
    void on_disconnected() override {
        notes.write([&] { ++disconnects; });
    }

    std::vector<InstanceReading> take_readings() override {
        std::vector<InstanceReading> taken;
        notes.write([&] { taken = std::exchange(readings, {}); });
        return taken;
    }

    bool wait(const std::function<bool()>& ready) { return notes.wait(ready); }

    std::string name = "host";
    std::vector<std::string> process_ids{"p-1", "p-2"};
    Notebook notes;
    std::atomic<int> hellos = 0;
    std::atomic<int> disconnects = 0;
    std::vector<Welcome> welcomes;
    std::vector<OrderBody> orders;
    std::vector<InstanceReading> readings;
    std::atomic<std::uint64_t> acked = 0;
};

class LinkTest : public testing::Test {
protected:
    void TearDown() override {
        agent_.reset();
        server_.reset();
    }

    void start_server(LinkServerOptions options = {}, Authorizer authorizer = {}) {
        options.token = kToken;
        options.loopback_listen = "127.0.0.1:0";
        if (options.heartbeat == LinkServerOptions{}.heartbeat) options.heartbeat = kHeartbeat;
        server_ = std::make_unique<LinkServer>(options, std::move(authorizer), clock_);
        engine_.server = server_.get();
        const auto port = server_->start(engine_);
        ASSERT_TRUE(port) << port.error().message;
        port_ = port->loopback;
    }

    AgentClientOptions agent_options(std::uint16_t port) const {
        return {.server = "127.0.0.1:" + std::to_string(port),
                .token = kToken,
                .pin_file = folder_ / "server",
                .backoff_min = Millis{5},
                .backoff_max = Millis{20},
                .silent_heartbeats = 10};
    }
    void start_agent(AgentClientOptions options) {
        agent_ = std::make_unique<AgentClient>(std::move(options), clock_, rng_);
        ASSERT_TRUE(agent_->start(supervisor_));
    }
    void start_agent() { start_agent(agent_options(port_)); }

    StreamId connected_stream(std::size_t nth = 1) {
        EXPECT_TRUE(supervisor_.wait([&] { return supervisor_.welcomes.size() >= nth; }));
        const std::lock_guard lock(engine_.notes.mutex);
        return engine_.newest;
    }
    std::vector<std::uint64_t> seqs(StreamId stream) {
        const std::lock_guard lock(engine_.notes.mutex);
        std::vector<std::uint64_t> out;
        for (const auto& report : engine_.streams[stream].reports) out.push_back(report.seq);
        return out;
    }

    SystemClock clock_;
    SeededRng rng_{1};
    const TempFolder temp_ = TempFolder::make("gse-link").value();
    const std::filesystem::path folder_ = temp_.path();
    FakeEngine engine_;
    FakeSupervisor supervisor_;
    std::unique_ptr<LinkServer> server_;
    std::uint16_t port_ = 0;
    std::unique_ptr<AgentClient> agent_;
};

Order order(std::uint64_t seq, OrderBody body = EndProcess{.process_id = "p"}) { return {7, seq, std::move(body)}; }

TEST_F(LinkTest, HelloWelcomeReportsAndOrdersArriveAsTheyWereSent) {
    start_server();
    start_agent();
    const StreamId stream = connected_stream();
    EXPECT_EQ(supervisor_.welcomes[0].epoch, 7u);
    EXPECT_EQ(supervisor_.welcomes[0].objects_url, "http://127.0.0.1:1/objects");
    EXPECT_TRUE(agent_->connected());
    EXPECT_EQ(engine_.streams[stream].hello.host_name, "host");
    EXPECT_THAT(engine_.streams[stream].hello.process_ids, ElementsAre("p-1", "p-2"));

    ASSERT_TRUE(engine_.wait_for_reports(stream, 1));
    EXPECT_EQ(agent_->report(ProcessStarted{.process_id = "p-3", .place = 2, .pid = 99}), 2u);
    ASSERT_TRUE(engine_.wait_for_reports(stream, 2));
    EXPECT_TRUE(std::holds_alternative<BacklogDone>(engine_.streams[stream].reports[0].body));
    EXPECT_EQ(std::get<ProcessStarted>(engine_.streams[stream].reports[1].body).pid, 99);

    server_->send(stream, order(1, StartSession{.process_id = "p-3", .session_id = "s", .properties = {{"k", "v"}}}));
    server_->send(stream, order(2, ReportAck{2}));
    server_->send(stream, order(3, EndProcess{.process_id = "p-3"}));
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.orders.size() == 2; }));
    EXPECT_EQ(std::get<StartSession>(supervisor_.orders[0]).properties[0].second, "v");
    EXPECT_EQ(std::get<EndProcess>(supervisor_.orders[1]).process_id, "p-3");
    EXPECT_EQ(supervisor_.acked, 2u);
}

TEST_F(LinkTest, WhatIsLargeTravelsInPiecesAndArrivesWhole) {
    for (int i = 0; i < 20'000; ++i) supervisor_.process_ids.push_back(fmt::format("ins-{:08}.1.{:020}", i, i));
    start_server();
    start_agent();
    const StreamId stream = connected_stream();
    EXPECT_EQ(engine_.streams[stream].hello.process_ids, supervisor_.process_ids) << "a hello of about a megabyte";
    ASSERT_TRUE(engine_.wait_for_reports(stream, 1));
    ProcessStartFailed large{.instance_id = "ins-1", .message = std::string(60 << 10, 'x')};
    for (int i = 0; i < 3; ++i) agent_->report(large);
    SdkCall call{.call_id = 1, .process_id = "p-1", .call = CallReady{.log_paths = {}}};
    auto& paths = std::get<CallReady>(call.call).log_paths;
    for (int i = 0; i < 40; ++i) paths.push_back(std::string(10'000, static_cast<char>('a' + i % 26)));
    agent_->report(call);
    agent_->report(ProcessStarted{.process_id = "p-3", .pid = 99});
    ASSERT_TRUE(engine_.wait_for_reports(stream, 6));
    const auto& reports = engine_.streams[stream].reports;
    EXPECT_EQ(std::get<ProcessStartFailed>(reports[3].body).message, large.message);
    EXPECT_EQ(std::get<CallReady>(std::get<SdkCall>(reports[4].body).call).log_paths, paths);
    EXPECT_EQ(std::get<ProcessStarted>(reports[5].body).pid, 99) << "what comes behind it is what came behind it";
}

TEST_F(LinkTest, ReadingsComeWithAHeartbeatOnce) {
    supervisor_.readings = {{"ins-1", {.cpu_percent = 12.5, .connections = 3}}};
    start_server();
    start_agent();
    const StreamId stream = connected_stream();
    ASSERT_TRUE(engine_.wait([&] { return !engine_.streams[stream].readings.empty(); }));
    EXPECT_THAT(engine_.streams[stream].readings[0],
                ElementsAre(InstanceReading{"ins-1", {.cpu_percent = 12.5, .connections = 3}}));
    const int alive = engine_.streams[stream].alive;
    ASSERT_TRUE(engine_.wait([&] { return engine_.streams[stream].alive >= alive + 3; }));
    EXPECT_EQ(engine_.streams[stream].readings.size(), 1) << "each reading is sent once";
}

TEST_F(LinkTest, HeartbeatsKeepAQuietStreamAlive) {
    start_server();
    start_agent();
    const StreamId stream = connected_stream();
    // Longer than the agent's patience: it lives on the server's heartbeats.
    ASSERT_TRUE(engine_.wait([&] { return engine_.streams[stream].alive >= 15; }));
    EXPECT_EQ(supervisor_.hellos, 1);
    const std::lock_guard lock(engine_.notes.mutex);
    EXPECT_EQ(engine_.streams[stream].closed, 0);
}

TEST_F(LinkTest, ReportsBeforeTheFirstConnectionAreItsBacklog) {
    start_server();
    agent_ = std::make_unique<AgentClient>(agent_options(port_), clock_, rng_);
    agent_->report(ProcessStarted{.process_id = "p-1"});
    agent_->report(ProcessIsReady{.process_id = "p-1"});
    ASSERT_TRUE(agent_->start(supervisor_));
    const StreamId stream = connected_stream();
    ASSERT_TRUE(engine_.wait_for_reports(stream, 3));
    EXPECT_THAT(seqs(stream), ElementsAre(1, 2, 3));
    EXPECT_TRUE(std::holds_alternative<BacklogDone>(engine_.streams[stream].reports[2].body));
}

TEST_F(LinkTest, AfterACutWhatWasNotAcknowledgedIsSentAgainAndTheBacklogEndsBehindIt) {
    start_server();
    TestProxy proxy(port_);
    start_agent(agent_options(proxy.port()));
    const StreamId first = connected_stream();
    ASSERT_TRUE(engine_.wait_for_reports(first, 1));
    agent_->report(HealthChanged{.process_id = "two"});
    agent_->report(HealthChanged{.process_id = "three"});
    ASSERT_TRUE(engine_.wait_for_reports(first, 3));

    proxy.set_mode(TestProxy::Mode::Cut);
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.disconnects == 1; }));
    ASSERT_TRUE(engine_.wait([&] { return engine_.streams[first].closed == 1; }));
    agent_->report(HealthChanged{.process_id = "four"});
    proxy.set_mode(TestProxy::Mode::Pass);

    const StreamId second = connected_stream(2);
    EXPECT_GT(second, first);
    ASSERT_TRUE(engine_.wait_for_reports(second, 5));
    EXPECT_THAT(seqs(second), ElementsAre(1, 2, 3, 4, 5));
    const auto& reports = engine_.streams[second].reports;
    // The end of the first backlog has become a repetition of what follows it.
    EXPECT_EQ(std::get<HealthChanged>(reports[0].body).process_id, "two");
    EXPECT_EQ(std::get<HealthChanged>(reports[1].body).process_id, "two");
    EXPECT_EQ(std::get<HealthChanged>(reports[2].body).process_id, "three");
    EXPECT_EQ(std::get<HealthChanged>(reports[3].body).process_id, "four");
    EXPECT_TRUE(std::holds_alternative<BacklogDone>(reports[4].body));
}

TEST_F(LinkTest, AnAgentIsToldWhenItsServerHasLostWhatItAcknowledged) {
    start_server();
    TestProxy proxy(port_);
    AgentClientOptions options = agent_options(proxy.port());
    std::promise<Error> told;
    options.on_reports_lost = [&told, once = false](const Error& error) mutable {
        if (!std::exchange(once, true)) told.set_value(error);
    };
    start_agent(std::move(options));
    const StreamId first = connected_stream();
    agent_->report(HealthChanged{.process_id = "two"});
    ASSERT_TRUE(engine_.wait_for_reports(first, 2));
    server_->send(first, order(1, ReportAck{2}));
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.acked == 2; }));
    engine_.acked_seq = 0;  // of a backup
    proxy.set_mode(TestProxy::Mode::Cut);
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.disconnects == 1; }));
    proxy.set_mode(TestProxy::Mode::Pass);
    auto heard = told.get_future();
    ASSERT_EQ(heard.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    EXPECT_EQ(heard.get().message,
              "the server has lost reports 1 to 2, which it had acknowledged: it was restored from a backup");
}

TEST_F(LinkTest, WhatIsDurableIsNotSentAgain) {
    start_server();
    TestProxy proxy(port_);
    start_agent(agent_options(proxy.port()));
    const StreamId first = connected_stream();
    agent_->report(HealthChanged{.process_id = "two"});
    agent_->report(HealthChanged{.process_id = "three"});
    agent_->report(HealthChanged{.process_id = "four"});
    ASSERT_TRUE(engine_.wait_for_reports(first, 4));
    server_->send(first, order(1, ReportAck{2}));
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.acked == 2; }));
    engine_.acked_seq = 3;  // one more than the agent has heard of
    proxy.set_mode(TestProxy::Mode::Cut);
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.disconnects == 1; }));
    proxy.set_mode(TestProxy::Mode::Pass);
    const StreamId second = connected_stream(2);
    ASSERT_TRUE(engine_.wait_for_reports(second, 2));
    EXPECT_THAT(seqs(second), ElementsAre(4, 5));
    EXPECT_TRUE(supervisor_.wait([&] { return supervisor_.acked == 3; }));
}

TEST_F(LinkTest, ASilentServerIsDialledAgain) {
    start_server();
    TestProxy proxy(port_);
    start_agent(agent_options(proxy.port()));
    connected_stream();
    proxy.set_mode(TestProxy::Mode::Hold);
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.disconnects == 1; }));
    proxy.set_mode(TestProxy::Mode::Cut);
    proxy.set_mode(TestProxy::Mode::Pass);
    connected_stream(2);
}

TEST_F(LinkTest, WhatTravelsTogetherArrivesOnceAndInOrder) {
    constexpr std::size_t kMany = 2'500;  // several messages full, either way
    start_server();
    agent_ = std::make_unique<AgentClient>(agent_options(port_), clock_, rng_);
    for (std::size_t i = 1; i <= kMany; ++i)
        EXPECT_EQ(agent_->report(HealthChanged{.process_id = std::to_string(i)}), i);
    ASSERT_TRUE(agent_->start(supervisor_));
    const StreamId stream = connected_stream();
    ASSERT_TRUE(engine_.wait_for_reports(stream, kMany + 1));
    for (std::size_t i = 0; i < kMany; ++i) {
        ASSERT_EQ(engine_.streams[stream].reports[i].seq, i + 1);
        ASSERT_EQ(std::get<HealthChanged>(engine_.streams[stream].reports[i].body).process_id, std::to_string(i + 1));
    }
    EXPECT_TRUE(std::holds_alternative<BacklogDone>(engine_.streams[stream].reports[kMany].body));

    std::vector<Order> orders;
    for (std::uint64_t seq = 1; seq < kMany; ++seq)
        orders.push_back(order(seq, EndProcess{.process_id = std::to_string(seq)}));
    // One that is too long to travel with others, and an acknowledgement behind it.
    orders.push_back(order(kMany, StartSession{.session_id = "long", .session_data = std::string(1 << 20, 'x')}));
    orders.push_back(order(kMany + 1, ReportAck{kMany + 1}));
    server_->send_all(stream, std::move(orders));
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.orders.size() == kMany && supervisor_.acked == kMany + 1; }));
    for (std::size_t i = 0; i + 1 < kMany; ++i)
        ASSERT_EQ(std::get<EndProcess>(supervisor_.orders[i]).process_id, std::to_string(i + 1));
    EXPECT_EQ(std::get<StartSession>(supervisor_.orders.back()).session_data.size(), 1u << 20);
    EXPECT_EQ(supervisor_.disconnects, 0);
}

TEST_F(LinkTest, OrdersAndReportsThatComeOneByOneLeaveWithoutAnythingBehindThem) {
    constexpr std::uint64_t kMany = 400;
    start_server();
    start_agent();
    const StreamId stream = connected_stream();
    ASSERT_TRUE(engine_.wait_for_reports(stream, 1));  // the end of its backlog, which nobody acknowledges for now
    for (std::uint64_t seq = 1; seq <= kMany; ++seq) {
        agent_->report(HealthChanged{.process_id = std::to_string(seq)});
        server_->send(stream, order(seq, EndProcess{.process_id = std::to_string(seq)}));
    }
    ASSERT_TRUE(engine_.wait_for_reports(stream, kMany + 1));
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.orders.size() == kMany; }));
    for (std::uint64_t i = 0; i < kMany; ++i) {
        ASSERT_EQ(engine_.streams[stream].reports[i + 1].seq, i + 2);
        ASSERT_EQ(std::get<EndProcess>(supervisor_.orders[i]).process_id, std::to_string(i + 1));
    }
    server_->send(stream, order(kMany + 1, ReportAck{kMany + 1}));
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.acked == kMany + 1; }));
    EXPECT_EQ(supervisor_.disconnects, 0);
}

TEST_F(LinkTest, ASlowLinkDeliversEveryOrderInOrder) {
    start_server();
    TestProxy proxy(port_);
    auto options = agent_options(proxy.port());
    options.silent_heartbeats = 1'000;
    start_agent(options);
    const StreamId stream = connected_stream();
    proxy.set_mode(TestProxy::Mode::Hold);
    const std::string data(10'000, 'x');
    for (std::uint64_t seq = 1; seq <= 1'000; ++seq)
        server_->send(stream, order(seq, StartSession{.session_id = std::to_string(seq), .session_data = data}));
    proxy.set_mode(TestProxy::Mode::Pass);
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.orders.size() == 1'000; }));
    for (std::size_t i = 0; i < 1'000; ++i)
        ASSERT_EQ(std::get<StartSession>(supervisor_.orders[i]).session_id, std::to_string(i + 1));
    EXPECT_EQ(supervisor_.disconnects, 0);
}

TEST_F(LinkTest, AGapOrARepeatInTheOrdersEndsTheStreamBeforeTheOrderIsObeyed) {
    start_server();
    start_agent();
    const StreamId first = connected_stream();
    server_->send(first, order(1));
    server_->send(first, order(3));
    const StreamId second = connected_stream(2);
    EXPECT_EQ(supervisor_.orders.size(), 1u);
    server_->send(second, order(1));
    server_->send(second, order(1));
    connected_stream(3);
    EXPECT_EQ(supervisor_.orders.size(), 2u);
    EXPECT_EQ(supervisor_.disconnects, 2);
    EXPECT_TRUE(engine_.wait([&] { return engine_.streams[second].closed == 1; }));
}

TEST_F(LinkTest, AServerOfALowerEpochIsRefusedUntilTheRightOneIsBack) {
    start_server();
    start_agent();
    const StreamId first = connected_stream();
    engine_.epoch = 6;
    server_->close(first, "newer stream of this host");
    ASSERT_TRUE(engine_.wait([&] { return engine_.streams.size() >= 3; }));  // it keeps trying
    EXPECT_EQ(supervisor_.welcomes.size(), 1u);
    EXPECT_FALSE(agent_->connected());
    engine_.epoch = 8;
    connected_stream(2);
    EXPECT_EQ(supervisor_.welcomes[1].epoch, 8u);
}

TEST_F(LinkTest, AHigherEpochIsObeyedOnAFullDiskAndKeptOnceThereIsRoom) {
    start_server();
    start_agent();
    const StreamId first = connected_stream();
    const auto in_the_way = folder_ / "server.new";
    std::filesystem::create_directory(in_the_way);  // as on a full disk: nothing can be written
    engine_.epoch = 9;
    server_->close(first, "newer stream of this host");
    const StreamId second = connected_stream(2);
    EXPECT_EQ(supervisor_.welcomes[1].epoch, 9u);
    ASSERT_TRUE(engine_.wait([&] { return engine_.streams[second].reports.size() >= 1; }));
    EXPECT_EQ(PinnedServer::load(folder_ / "server")->epoch(), 7u);
    std::filesystem::remove(in_the_way);
    EXPECT_TRUE(supervisor_.wait([&] { return PinnedServer::load(folder_ / "server")->epoch() == 9u; }));
    EXPECT_EQ(engine_.newest, second) << "in the same stream";
}

TEST_F(LinkTest, AnotherDeploymentIsRefusedEvenByTheNextRunOfTheAgent) {
    start_server();
    start_agent();
    connected_stream();
    agent_.reset();
    server_.reset();
    engine_.deployment = "theirs";
    start_server();
    start_agent();
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.hellos >= 3; }));
    EXPECT_EQ(supervisor_.welcomes.size(), 1u);
    agent_.reset();
    for (const auto& [id, stream] : engine_.streams) EXPECT_TRUE(stream.reports.size() <= 1) << id;
}

TEST_F(LinkTest, EachHelloSaysByWhichAddressItsMachineReachesTheServer) {
    start_server();
    auto options = agent_options(port_);
    std::atomic<int> nth = 0;
    options.on_hello = [&nth](HostHello& hello, const std::string& own_address) {
        hello.address = own_address;
        hello.private_address = std::to_string(++nth);
    };
    start_agent(std::move(options));
    const StreamId first = connected_stream();
    server_->close(first, "newer stream of this host");
    const StreamId second = connected_stream(2);
    const std::lock_guard lock(engine_.notes.mutex);
    for (const auto& [stream, count] : {std::pair{first, "1"}, std::pair{second, "2"}}) {
        EXPECT_EQ(engine_.streams[stream].hello.address, "127.0.0.1");
        EXPECT_EQ(engine_.streams[stream].hello.private_address, count);
    }
}

TEST_F(LinkTest, AnAcknowledgementOfReportsThatWereNeverMadeIsRefused) {
    engine_.acked_seq = 5;
    start_server();
    start_agent();
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.hellos >= 2; }));
    EXPECT_TRUE(supervisor_.welcomes.empty());
}

TEST_F(LinkTest, TooManyWaitingReportsRefuseWhatCanBeRefusedAndKeepFacts) {
    auto options = agent_options(1);
    options.unacked_reports_max = 3;
    options.unacked_reports_hard = 5;
    agent_ = std::make_unique<AgentClient>(options, clock_, rng_);
    EXPECT_EQ(agent_->report(SdkCall{.call_id = 1, .call = CallEnding{}}), 1u);
    EXPECT_EQ(agent_->report(HostNotice{}), 2u);
    EXPECT_FALSE(agent_->saturated());
    EXPECT_EQ(agent_->report(ProcessExited{}), 3u);
    EXPECT_TRUE(agent_->saturated());
    EXPECT_EQ(agent_->report(SdkCall{.call_id = 2, .call = CallEnding{}}), 0u);
    EXPECT_EQ(agent_->report(HostNotice{}), 0u);
    EXPECT_EQ(agent_->report(ProcessExited{}), 4u);
    EXPECT_EQ(agent_->report(ProcessExited{}), 5u);
    EXPECT_FALSE(agent_->exhausted());
    EXPECT_EQ(agent_->report(ProcessExited{}), 0u);
    EXPECT_TRUE(agent_->exhausted());
}

TEST_F(LinkTest, WhoHasMoreToTellThanCanBeKeptIsStartedAgain) {
    std::promise<Error> told;
    auto options = agent_options(1);
    options.unacked_reports_hard = 1;
    options.on_reports_lost = [&told](const Error& error) { told.set_value(error); };
    start_agent(std::move(options));
    EXPECT_EQ(agent_->report(ProcessExited{}), 1u);
    EXPECT_EQ(agent_->report(ProcessExited{}), 0u);
    auto heard = told.get_future();
    ASSERT_EQ(heard.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    EXPECT_THAT(heard.get().message, HasSubstr("this agent starts again"));
}

TEST_F(LinkTest, TheEndOfABacklogNeverComesOutInTheMiddleOfALaterOne) {
    start_server();
    TestProxy proxy(port_);
    start_agent(agent_options(proxy.port()));
    const int kCuts = 3;  // with nothing reported between them: ends stand one behind the other
    for (int i = 0; i < kCuts; ++i) {
        ASSERT_TRUE(engine_.wait_for_reports(connected_stream(static_cast<std::size_t>(i) + 1), 1));
        proxy.set_mode(TestProxy::Mode::Cut);
        ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.disconnects == i + 1; }));
        if (i + 1 == kCuts) agent_->report(HealthChanged{.process_id = "last"});
        proxy.set_mode(TestProxy::Mode::Pass);
    }
    const StreamId stream = connected_stream(kCuts + 1);
    ASSERT_TRUE(engine_.wait_for_reports(stream, kCuts + 2));
    const auto& reports = engine_.streams[stream].reports;
    for (std::size_t i = 0; i < reports.size(); ++i)
        EXPECT_EQ(std::holds_alternative<BacklogDone>(reports[i].body), i + 1 == reports.size()) << i;
}

TEST_F(LinkTest, AcknowledgementsMakeRoomAgain) {
    start_server();
    auto options = agent_options(port_);
    options.unacked_reports_max = 3;
    start_agent(options);
    const StreamId stream = connected_stream();
    agent_->report(ProcessExited{});
    agent_->report(ProcessExited{});
    ASSERT_TRUE(engine_.wait_for_reports(stream, 3));
    EXPECT_TRUE(agent_->saturated());
    server_->send(stream, order(1, ReportAck{3}));
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.acked == 3; }));
    EXPECT_FALSE(agent_->saturated());
    EXPECT_EQ(agent_->report(SdkCall{.call_id = 1, .call = CallEnding{}}), 4u);
}

TEST_F(LinkTest, ABusyEngineIsReadNoFurtherAheadThanItsLimit) {
    start_server({.reports_ahead_max = 3});
    agent_ = std::make_unique<AgentClient>(agent_options(port_), clock_, rng_);
    for (int i = 0; i < 9; ++i) agent_->report(HealthChanged{.process_id = "p"});
    ASSERT_TRUE(agent_->start(supervisor_));
    const StreamId stream = connected_stream();
    ASSERT_TRUE(engine_.wait_for_reports(stream, 4));
    // An order goes there; what the agent says comes no further.
    server_->send(stream, order(1));
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.orders.size() == 1; }));
    EXPECT_THAT(seqs(stream), ElementsAre(1, 2, 3, 4));
    server_->send(stream, order(2, ReportAck{2}));
    ASSERT_TRUE(engine_.wait_for_reports(stream, 6));
    for (std::uint64_t seq = 3; seq <= 10; ++seq) {
        server_->send(stream, order(seq, ReportAck{seq}));
        ASSERT_TRUE(engine_.wait_for_reports(stream, std::min<std::size_t>(10, seq + 4)));
    }
    EXPECT_THAT(seqs(stream), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    ASSERT_TRUE(engine_.wait([&] { return engine_.streams[stream].alive > 0; })) << "it reads on";
}

TEST_F(LinkTest, ABusyEnginesStreamCanEnd) {
    start_server({.reports_ahead_max = 1});
    agent_ = std::make_unique<AgentClient>(agent_options(port_), clock_, rng_);
    for (int i = 0; i < 9; ++i) agent_->report(HealthChanged{.process_id = "p"});
    ASSERT_TRUE(agent_->start(supervisor_));
    const StreamId first = connected_stream();
    ASSERT_TRUE(engine_.wait_for_reports(first, 2));
    server_->close(first, "for a test");
    ASSERT_TRUE(engine_.wait([&] { return engine_.streams[first].closed == 1; }));
    const StreamId second = connected_stream(2);
    ASSERT_TRUE(engine_.wait_for_reports(second, 2));
    agent_.reset();  // gone without having been read to its end
    ASSERT_TRUE(engine_.wait([&] { return engine_.streams[second].closed == 1; }));
}

TEST_F(LinkTest, ReportsOfManyThreadsArriveOnceAndInOrder) {
    start_server();
    start_agent();
    const StreamId stream = connected_stream();
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 500; ++i) agent_->report(HealthChanged{.process_id = "p"});
        });
    threads.clear();
    ASSERT_TRUE(engine_.wait_for_reports(stream, 2'001));
    const auto seen = seqs(stream);
    for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], i + 1);
}

TEST_F(LinkTest, AuthorizationsAreFilledInJustBeforeSending) {
    start_server({}, {.instance = [](InstanceSpec& spec) { spec.package.authorization = "for " + spec.package.key; },
                      .logs = [](CollectLogs& logs) { logs.target.authorization = "put " + logs.target.key; }});
    start_agent();
    const StreamId stream = connected_stream();
    server_->send(stream, order(1, InstanceSpec{.instance_id = "ins", .package = {"b", "zip", ""}}));
    server_->send(stream, order(2, CollectLogs{.session_id = "s", .target = {"b", "log", ""}}));
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.orders.size() == 2; }));
    EXPECT_EQ(std::get<InstanceSpec>(supervisor_.orders[0]).package.authorization, "for zip");
    EXPECT_EQ(std::get<CollectLogs>(supervisor_.orders[1]).target.authorization, "put log");
}

TEST_F(LinkTest, TwoHundredAgentsShareOneServer) {
    start_server();
    struct Agent {
        FakeSupervisor supervisor;
        SeededRng rng{9};
        std::unique_ptr<AgentClient> client;
    };
    std::vector<std::unique_ptr<Agent>> agents;
    for (int i = 0; i < 200; ++i) {
        auto& agent = *agents.emplace_back(std::make_unique<Agent>());
        agent.supervisor.name = "host-" + std::to_string(i);
        auto options = agent_options(port_);
        options.pin_file = folder_ / agent.supervisor.name;
        options.silent_heartbeats = 200;
        agent.client = std::make_unique<AgentClient>(options, clock_, agent.rng);
        agent.client->report(HostNotice{.message = agent.supervisor.name});
        ASSERT_TRUE(agent.client->start(agent.supervisor));
    }
    ASSERT_TRUE(engine_.wait([&] {
        std::size_t delivered = 0;
        for (const auto& [id, stream] : engine_.streams) delivered += stream.reports.size();
        return delivered == 400;
    }));
    EXPECT_EQ(server_->streams(), 200u);
    for (const auto& [id, stream] : engine_.streams) {
        ASSERT_EQ(stream.reports.size(), 2u);
        EXPECT_EQ(std::get<HostNotice>(stream.reports[0].body).message, stream.hello.host_name);
    }
    agents.clear();
    EXPECT_TRUE(engine_.wait([&] {
        for (const auto& [id, stream] : engine_.streams)
            if (stream.closed != 1) return false;
        return true;
    }));
}

// ---------------------------------------------------------------- agents that do not behave

/// A stream driven by hand.
class RawAgent {
public:
    RawAgent(std::uint16_t port, const char* authorization) {
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
        channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(),
                                             arguments);
        if (authorization) context_.AddMetadata("authorization", authorization);
        context_.set_deadline(std::chrono::system_clock::now() + seconds(20));
        stream_ = pb::AgentLink::NewStub(channel_)->Stream(&context_);
    }
    ~RawAgent() { context_.TryCancel(); }

    void say(const AgentSays& what) {
        pb::AgentMessage message;
        encode(what, message);
        stream_->Write(message);
    }
    bool hear(pb::ServerMessage& message) { return stream_->Read(&message); }
    bool say_hello() {
        say(HostHello{.host_name = "raw", .boot_id = "b"});
        pb::ServerMessage message;
        return hear(message) && message.has_welcome();
    }
    /// Reads to the end.
    grpc::Status end() {
        pb::ServerMessage message;
        while (stream_->Read(&message)) continue;
        return stream_->Finish();
    }
    void write_raw(const pb::AgentMessage& message) { stream_->Write(message); }
    void hang_up() { stream_->WritesDone(); }

private:
    std::shared_ptr<grpc::Channel> channel_;
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReaderWriter<pb::AgentMessage, pb::ServerMessage>> stream_;
};

const std::string kRight = std::string("Bearer ") + kToken;

TEST_F(LinkTest, WithoutTheRightTokenNothingReachesTheEngine) {
    start_server();
    const std::string longer = kRight + "x", shorter = kRight.substr(0, kRight.size() - 1);
    const char* const cases[] = {nullptr, "", "Bearer ", "Bearer wrong", kToken, longer.c_str(), shorter.c_str()};
    for (const char* authorization : cases) {
        RawAgent agent(port_, authorization);
        agent.say(HostHello{.host_name = "raw", .boot_id = "b"});
        const auto status = agent.end();
        EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << (authorization ? authorization : "none");
        EXPECT_THAT(status.error_message(), HasSubstr("token"));
        EXPECT_THAT(status.error_message(), Not(HasSubstr(kToken)));
    }
    EXPECT_TRUE(engine_.streams.empty());
    EXPECT_EQ(server_->streams(), 0u);
}

TEST_F(LinkTest, AnAgentWithAWrongTokenKeepsTryingAndIsNeverConnected) {
    start_server();
    auto options = agent_options(port_);
    options.token = "something else altogether";
    start_agent(options);
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.hellos >= 3; }));
    EXPECT_FALSE(agent_->connected());
    EXPECT_TRUE(supervisor_.welcomes.empty());
    EXPECT_TRUE(engine_.streams.empty());
}

TEST_F(LinkTest, WhatAnAgentMustNotSayEndsItsStream) {
    start_server();
    struct Case {
        const char* why;
        std::function<void(RawAgent&)> misbehave;
        const char* message;
        int closed;  // on_closed only after on_hello
    };
    pb::AgentMessage empty, bad_port;
    encode(Report{1, ProcessIsReady{.process_id = "p"}}, bad_port);
    bad_port.mutable_report()->mutable_process_is_ready()->set_grpc_port(70'000);
    const Case cases[] = {
        {"a report first",
         [](RawAgent& a) {
             a.say(Report{1, BacklogDone{}});
         },
         "must be hello", 0},
        {"a heartbeat first", [](RawAgent& a) { a.say(AgentHeartbeat{0}); }, "must be hello", 0},
        {"nothing known first", [&](RawAgent& a) { a.write_raw(empty); }, "without a known body", 0},
        {"hello twice",
         [](RawAgent& a) {
             a.say_hello();
             a.say(HostHello{});
         },
         "second hello", 1},
        {"a malformed report",
         [&](RawAgent& a) {
             a.say_hello();
             a.write_raw(bad_port);
         },
         "process_is_ready.grpc_port", 1},
        {"an order seen that was never sent",
         [](RawAgent& a) {
             a.say_hello();
             a.say(AgentHeartbeat{1});
         },
         "only 0 were sent", 1},
    };
    for (const auto& [why, misbehave, message, closed] : cases) {
        engine_.notes.write([&] { engine_.streams.clear(); });
        RawAgent agent(port_, kRight.c_str());
        misbehave(agent);
        const auto status = agent.end();
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << why;
        EXPECT_THAT(status.error_message(), HasSubstr(message)) << why;
        ASSERT_TRUE(engine_.wait([&] { return closed == 0 || engine_.streams.begin()->second.closed == 1; })) << why;
        EXPECT_EQ(engine_.streams.size(), static_cast<std::size_t>(closed)) << why;
        for (const auto& [id, stream] : engine_.streams) EXPECT_TRUE(stream.reports.empty()) << why;
    }
}

TEST_F(LinkTest, AReportBeforeTheWelcomeEndsTheStream) {
    engine_.greet = false;
    start_server();
    RawAgent agent(port_, kRight.c_str());
    agent.say(HostHello{.host_name = "raw"});
    agent.say(Report{1, BacklogDone{}});
    EXPECT_THAT(agent.end().error_message(), HasSubstr("before the welcome"));
    EXPECT_TRUE(
        engine_.wait([&] { return engine_.streams.size() == 1 && engine_.streams.begin()->second.closed == 1; }));
}

TEST_F(LinkTest, AStreamWithoutAHelloEndsInTime) {
    start_server({.hello_timeout = Millis{50}});
    RawAgent agent(port_, kRight.c_str());
    EXPECT_EQ(agent.end().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    EXPECT_TRUE(engine_.streams.empty());
}

TEST_F(LinkTest, WhoConnectsAndAsksForNothingIsHungUpOn) {
    start_server({.hello_timeout = Millis{50}});
    for (const std::string& said : {std::string(), std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
                                    std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 33)}) {
        auto dial_until = std::chrono::steady_clock::now() + seconds(20);
        const auto connected = connect_to(fmt::format("127.0.0.1:{}", port_), dial_until);
        ASSERT_TRUE(connected) << connected.error().message;
        ASSERT_EQ(::send(connected->get(), said.data(), said.size(), MSG_NOSIGNAL), static_cast<ssize_t>(said.size()));
        const auto until = std::chrono::steady_clock::now() + seconds(20);
        ssize_t got = 1;
        while (got > 0 && wait_for(connected->get(), POLLIN, until) != 0) {
            char bytes[1024];
            got = ::recv(connected->get(), bytes, sizeof bytes, 0);
        }
        EXPECT_LE(got, 0) << said.size();
    }
}

TEST_F(LinkTest, AnAgentThatHangsUpIsClosedOnce) {
    start_server();
    RawAgent agent(port_, kRight.c_str());
    ASSERT_TRUE(agent.say_hello());
    agent.hang_up();
    EXPECT_TRUE(agent.end().ok());
    ASSERT_TRUE(engine_.wait([&] { return engine_.streams.begin()->second.closed == 1; }));
    const StreamId stream = engine_.newest;
    server_->send(stream, order(1));  // gone: ignored
    server_->close(stream, "late");
    server_->welcome(stream, {});
}

TEST_F(LinkTest, AnAgentThatDoesNotReadLosesItsOwnStreamOnly) {
    start_server({.queue_messages_max = 1'000, .queue_bytes_max = 4 << 20});
    start_agent();
    const StreamId good = connected_stream();
    RawAgent lazy(port_, kRight.c_str());
    ASSERT_TRUE(lazy.say_hello());
    const StreamId bad = engine_.newest;
    ASSERT_NE(good, bad);

    const std::string data(100'000, 'x');
    std::uint64_t seq = 0;
    const auto closed = [&] { return engine_.streams[bad].closed == 1; };
    // gRPC and the kernel buffer some megabytes before the queue begins to grow.
    for (; seq < 2'000; ++seq) {
        server_->send(bad, order(seq + 1, StartSession{.session_data = data}));
        const std::lock_guard lock(engine_.notes.mutex);
        if (closed()) break;
    }
    ASSERT_TRUE(engine_.wait(closed));
    EXPECT_GT(seq, 40u);  // the queue itself takes that many

    server_->send(good, order(1));
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.orders.size() == 1; }));
    EXPECT_EQ(engine_.streams[good].closed, 0);
    EXPECT_EQ(supervisor_.disconnects, 0);
}

TEST_F(LinkTest, StopClosesEveryStreamOnceAlsoOneThatDoesNotRead) {
    start_server({.close_timeout = Millis{100}});
    start_agent();
    const StreamId good = connected_stream();
    RawAgent lazy(port_, kRight.c_str());
    ASSERT_TRUE(lazy.say_hello());
    const StreamId bad = engine_.newest;
    const std::string data(100'000, 'x');
    for (std::uint64_t seq = 1; seq <= 200; ++seq) server_->send(bad, order(seq, StartSession{.session_data = data}));
    server_->stop();
    EXPECT_EQ(engine_.streams[good].closed, 1);
    EXPECT_EQ(engine_.streams[bad].closed, 1);
    EXPECT_EQ(server_->streams(), 0u);
    server_->stop();
}

TEST_F(LinkTest, AClosedStreamTellsTheAgentWhyAndReportsNoMore) {
    start_server();
    RawAgent agent(port_, kRight.c_str());
    ASSERT_TRUE(agent.say_hello());
    server_->close(engine_.newest, "a newer stream of this host has taken over");
    agent.say(Report{1, BacklogDone{}});
    const auto status = agent.end();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
    EXPECT_EQ(status.error_message(), "a newer stream of this host has taken over");
    ASSERT_TRUE(engine_.wait([&] { return engine_.streams.begin()->second.closed == 1; }));
    EXPECT_TRUE(engine_.streams.begin()->second.reports.empty());
}

TEST_F(LinkTest, MoreStreamsThanAllowedAreRefused) {
    start_server({.streams_max = 1});
    RawAgent first(port_, kRight.c_str());
    ASSERT_TRUE(first.say_hello());
    RawAgent second(port_, kRight.c_str());
    EXPECT_EQ(second.end().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(LinkTest, OptionsThatAreNotSafeDoNotStart) {
    start_server();
    struct Case {
        const char* why;
        LinkServerOptions options;
        const char* message;
    };
    const Case cases[] = {
        {"a short token", {.loopback_listen = "127.0.0.1:0", .token = "short"}, "at least 16 bytes"},
        {"readable tokens on the network", {.loopback_listen = "0.0.0.0:0", .token = kToken}, "without TLS"},
        {"a port that is taken", {.loopback_listen = "127.0.0.1:" + std::to_string(port_), .token = kToken}, "port"},
    };
    for (const auto& [why, options, message] : cases) {
        LinkServer server(options, {}, clock_);
        const auto started = server.start(engine_);
        ASSERT_FALSE(started) << why;
        EXPECT_THAT(started.error().message, HasSubstr(message)) << why;
    }
}

// ---------------------------------------------------------------- servers that do not behave

using ServerStream = grpc::ServerReaderWriter<pb::ServerMessage, pb::AgentMessage>;

/// Says its lines after the hello of every stream, then waits until the agent has hung up.
class ScriptedServer final : public pb::AgentLink::Service {
public:
    explicit ScriptedServer(std::vector<pb::ServerMessage> lines) : lines_(std::move(lines)) {
        grpc::ServerBuilder builder;
        int port = 0;
        builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
        builder.RegisterService(this);
        server_ = builder.BuildAndStart();
        port_ = static_cast<std::uint16_t>(port);
    }
    ~ScriptedServer() override { server_->Shutdown(std::chrono::system_clock::now()); }
    std::uint16_t port() const { return port_; }

private:
    grpc::Status Stream(grpc::ServerContext*, ServerStream* stream) override {
        pb::AgentMessage heard;
        stream->Read(&heard);
        for (const auto& line : lines_) stream->Write(line);
        while (stream->Read(&heard)) continue;
        return grpc::Status::OK;
    }

    const std::vector<pb::ServerMessage> lines_;
    std::unique_ptr<grpc::Server> server_;
    std::uint16_t port_ = 0;
};

pb::ServerMessage line(const ServerSays& value) {
    pb::ServerMessage message;
    encode(value, message);
    return message;
}

TEST_F(LinkTest, WhatAServerMustNotSayMakesTheAgentDialAgain) {
    const Welcome welcome{.epoch = 7, .deployment_id = "ours"};
    auto bad_order = line(Order{7, 1, EndProcess{}});
    bad_order.mutable_order()->mutable_end_process()->clear_reason();
    struct Case {
        const char* why;
        std::vector<pb::ServerMessage> lines;
        std::size_t orders;
    };
    const Case cases[] = {
        {"an order before the welcome", {line(order(1))}, 0},
        {"a heartbeat before the welcome", {line(ServerHeartbeat{0})}, 0},
        {"an unknown message", {pb::ServerMessage()}, 0},
        {"two welcomes", {line(welcome), line(welcome)}, 0},
        {"no deployment", {line(Welcome{.epoch = 7})}, 0},
        {"an order of another epoch", {line(welcome), line(Order{6, 1, EndProcess{}})}, 0},
        {"an order that cannot be read", {line(welcome), bad_order}, 0},
        {"a first order that is not the first", {line(welcome), line(order(2))}, 0},
        {"a heartbeat that tells of a lost order", {line(welcome), line(order(1)), line(ServerHeartbeat{2})}, 1},
        {"a heartbeat that forgets an order", {line(welcome), line(order(1)), line(ServerHeartbeat{0})}, 1},
        {"an acknowledgement of what was not sent", {line(welcome), line(order(1, ReportAck{100}))}, 0},
    };
    for (const auto& [why, lines, orders] : cases) {
        ScriptedServer server(lines);
        FakeSupervisor supervisor;
        AgentClient agent(agent_options(server.port()), clock_, rng_);
        ASSERT_TRUE(agent.start(supervisor));
        ASSERT_TRUE(supervisor.wait([&] { return supervisor.hellos >= 2; })) << why;
        agent.stop();
        EXPECT_LE(supervisor.orders.size(), orders * static_cast<std::size_t>(supervisor.hellos)) << why;
        EXPECT_EQ(supervisor.disconnects, static_cast<int>(supervisor.welcomes.size())) << why;
    }
}

TEST_F(LinkTest, AServerThatNeverGreetsIsDialledAgain) {
    ScriptedServer server({});
    auto options = agent_options(server.port());
    options.welcome_timeout = Millis{50};
    start_agent(options);
    ASSERT_TRUE(supervisor_.wait([&] { return supervisor_.hellos >= 2; }));
    agent_->stop();
}

TEST_F(LinkTest, ADamagedPinFileRefusesToStart) {
    std::ofstream(folder_ / "server") << "garbage";
    AgentClient agent(agent_options(1), clock_, rng_);
    EXPECT_FALSE(agent.start(supervisor_));
}

}  // namespace
}  // namespace gse::link
