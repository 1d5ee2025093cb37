// The real gse-chat process between an agent in this test and real WebSocket players, on ports the kernel chose.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "testing/fake_agent.h"

namespace {

using namespace std::chrono_literals;
using gse::sdk::testing::FakeAgent;
using testing::ElementsAre;
using testing::HasSubstr;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;

constexpr auto kPatience = 15s;

/// gse-chat in a folder of its own; killed if it is still there at the end.
class Chat {
public:
    explicit Chat(const std::string& agent_address, std::vector<std::string> arguments = {"--title", "test"}) {
        std::string pattern = testing::TempDir() + "gse-chat-XXXXXX";
        if (!mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        folder_ = pattern;
        const std::string address = "GSE_SDK_ADDRESS=" + agent_address;
        const std::string output = folder_ + "/output";
        arguments.insert(arguments.begin(), GSE_CHAT);
        std::vector<char*> argv;
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        std::string variable = address;
        char* environment[] = {variable.data(), nullptr};
        pid_ = fork();
        if (pid_ == 0) {
            const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
            if (out < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || chdir(folder_.c_str()) != 0) _exit(126);
            execve(argv[0], argv.data(), environment);
            _exit(127);
        }
        pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    }
    ~Chat() {
        if (!reaped_) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        close(pidfd_);
        std::filesystem::remove_all(folder_);
    }

    void signal(int number) const { kill(pid_, number); }
    /// The exit code; -1 when it ended otherwise or not in time.
    int exit_code() {
        pollfd waiting{pidfd_, POLLIN, 0};
        if (poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1) return -1;
        int status = 0;
        if (waitpid(pid_, &status, 0) != pid_) return -1;
        reaped_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::string file(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(folder_ + "/" + name).rdbuf();
        return text.str();
    }

private:
    std::string folder_;
    pid_t pid_ = -1;
    int pidfd_ = -1;
    bool reaped_ = false;
};

/// A player. Every wait is bounded.
class Client {
public:
    Client(int port, const std::string& query, int receive_buffer = 0) : stream_(loop_) {
        auto& socket = beast::get_lowest_layer(stream_);
        socket.open(tcp::v4());
        if (receive_buffer > 0) socket.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
        socket.connect({asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)});
        socket.set_option(tcp::no_delay(true));
        stream_.handshake("127.0.0.1:" + std::to_string(port), "/ws?" + query);
    }

    void send(const std::string& text) { stream_.write(asio::buffer(text)); }
    void say(const std::string& text) { send(json::serialize(json::object({{"type", "chat"}, {"text", text}}))); }

    /// The next message; null when there is none: then close_code() tells.
    json::value next() {
        bool done = false;
        beast::error_code result;
        beast::flat_buffer buffer;
        stream_.async_read(buffer, [&](beast::error_code error, std::size_t) {
            result = error;
            done = true;
        });
        loop_.restart();
        loop_.run_for(kPatience);
        if (!done) {
            ADD_FAILURE() << "no message in time";
            beast::get_lowest_layer(stream_).close();
            loop_.restart();
            loop_.run();
            return nullptr;
        }
        if (result) return nullptr;
        return json::parse(beast::buffers_to_string(buffer.data()));
    }
    /// The next message of this type, skipping others.
    json::object next(std::string_view type) {
        for (json::value message = next(); message.is_object(); message = next())
            if (message.at("type").as_string() == type) return message.as_object();
        ADD_FAILURE() << "the connection ended before any " << type << ": " << close_code();
        return {};
    }
    int close_code() const { return stream_.reason().code; }
    std::string close_reason() const { return stream_.reason().reason.c_str(); }
    void disconnect() { stream_.close(websocket::close_code::normal); }
    void vanish() { beast::get_lowest_layer(stream_).close(); }

private:
    asio::io_context loop_;
    websocket::stream<tcp::socket> stream_;
};

/// A player whom the match has greeted.
struct Welcomed : Client {
    Welcomed(int port, const std::string& query, int receive_buffer = 0) : Client(port, query, receive_buffer) {
        next("welcome");
    }
};

http::response<http::string_body> get(int port, const std::string& target, http::verb verb = http::verb::get) {
    asio::io_context loop;
    tcp::socket socket(loop);
    socket.connect({asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)});
    http::request<http::empty_body> request(verb, target, 11);
    request.set(http::field::host, "127.0.0.1");
    request.keep_alive(false);
    http::write(socket, request);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.skip(verb == http::verb::head);
    http::read(socket, buffer, parser);
    return parser.release();
}

std::string text_of(const json::object& message, const char* key) {
    const auto* value = message.if_contains(key);
    return value && value->is_string() ? std::string(value->as_string()) : "";
}

std::int64_t unix_seconds_from_now(std::int64_t seconds) {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
               .count() +
           seconds;
}

struct ChatProcess : testing::Test {
    FakeAgent agent;
    Chat chat{agent.address()};

    void SetUp() override { ASSERT_FALSE(agent.wait_for("ProcessReady").text.empty()) << chat.file("output"); }
    int port() const { return agent.client_port(); }
    void start_session() {
        const grpc::Status status = agent.start_session("qcs::1", 20);
        ASSERT_TRUE(status.ok()) << status.error_message();
    }
    Client enter(const std::string& id, const std::string& name) {
        return Client(port(), "playerSessionId=" + id + "&name=" + name);
    }
    Welcomed join(const std::string& id, const std::string& name) {
        return Welcomed(port(), "playerSessionId=" + id + "&name=" + name);
    }
};

TEST_F(ChatProcess, LivesOneMatchFromReadyToExit) {
    start_session();
    Client ann = enter("psess-1", "Ann");
    const json::object welcome = ann.next("welcome");
    EXPECT_EQ(text_of(welcome, "title"), "test");
    EXPECT_EQ(text_of(welcome, "session"), "qcs::1");
    Client bob = enter("psess-2", "B%C3%B6b+2");
    EXPECT_EQ(text_of(bob.next("welcome"), "from"), "Böb 2");
    EXPECT_EQ(text_of(ann.next("joined"), "from"), "Böb 2");
    EXPECT_THAT(get(port(), "/status").body(), HasSubstr(R"("players":["Ann","Böb 2"])"));

    ann.say("hello");
    EXPECT_EQ(text_of(bob.next("chat"), "text"), "hello");
    EXPECT_EQ(text_of(ann.next("chat"), "text"), "hello") << "the echo proves that it was heard";
    bob.send(R"({"type":"end"})");
    ann.next("ended");
    bob.next("ended");
    EXPECT_TRUE(ann.next().is_null());
    EXPECT_EQ(ann.close_code(), 1000);
    EXPECT_TRUE(bob.next().is_null());
    EXPECT_EQ(chat.exit_code(), 0) << chat.file("output");
    EXPECT_THAT(agent.texts(), ElementsAre("ProcessReady ./logs", "ActivateGameServerSession qcs::1 20",
                                           "AcceptPlayerSession qcs::1 psess-1", "AcceptPlayerSession qcs::1 psess-2",
                                           "RemovePlayerSession qcs::1 psess-1", "RemovePlayerSession qcs::1 psess-2",
                                           "TerminateGameServerSession qcs::1", "ProcessEnding"));
    EXPECT_THAT(chat.file("logs/chat.log"), HasSubstr("session qcs::1 starts"));
    EXPECT_THAT(chat.file("logs/chat.log"), HasSubstr("process ending"));
}

TEST_F(ChatProcess, EverybodyHearsEveryMessageInTheSameOrder) {
    start_session();
    Welcomed ann = join("psess-1", "Ann");
    Welcomed bob = join("psess-2", "Bob");
    constexpr int kEach = 100;
    for (int i = 0; i < kEach; ++i) {
        ann.say("a" + std::to_string(i));
        bob.say("b" + std::to_string(i));
    }
    std::vector<std::string> heard[2];
    for (int i = 0; i < 2 * kEach; ++i) {
        int listener = 0;
        for (Client* client : {&ann, &bob}) {
            const json::object message = client->next("chat");
            ASSERT_FALSE(message.empty());
            EXPECT_EQ(message.at("seq").to_number<int>(), i + 1);
            heard[listener++].push_back(text_of(message, "text"));
        }
    }
    EXPECT_EQ(heard[0], heard[1]);
    EXPECT_EQ(std::set<std::string>(heard[0].begin(), heard[0].end()).size(), 2u * kEach) << "none lost, none twice";
}

TEST_F(ChatProcess, TurnsAwayWhomTheAgentRefuses) {
    Client early = enter("psess-0", "Early");
    EXPECT_EQ(text_of(early.next("error"), "code"), "no_session");
    EXPECT_TRUE(early.next().is_null());
    EXPECT_EQ(early.close_code(), 1013);

    start_session();
    agent.answer_with([](const FakeAgent::Call& call) {
        return call.text.ends_with("psess-late")
                   ? grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "reserved more than a minute ago")
                   : grpc::Status::OK;
    });
    Client late = enter("psess-late", "Late");
    const json::object error = late.next("error");
    EXPECT_EQ(text_of(error, "code"), "refused");
    EXPECT_THAT(text_of(error, "text"), HasSubstr("reserved more than a minute ago"));
    EXPECT_TRUE(late.next().is_null());
    EXPECT_EQ(late.close_code(), 4001);
    EXPECT_THAT(late.close_reason(), HasSubstr("reserved more than a minute ago"));

    Welcomed ann = join("psess-1", "Ann");
    Client twice = enter("psess-1", "Ann");
    EXPECT_EQ(text_of(twice.next("error"), "code"), "used");
    EXPECT_TRUE(twice.next().is_null());
    ann.disconnect();
    ASSERT_FALSE(agent.wait_for("RemovePlayerSession qcs::1 psess-1").text.empty());
    Client again = enter("psess-1", "Ann");
    EXPECT_EQ(text_of(again.next("error"), "code"), "used");
    Client nobody(port(), "name=Ann");
    EXPECT_EQ(text_of(nobody.next("error"), "code"), "malformed");
}

TEST_F(ChatProcess, ALostPlayerLeavesTheMatch) {
    start_session();
    Welcomed ann = join("psess-1", "Ann");
    Welcomed bob = join("psess-2", "Bob");
    bob.vanish();
    EXPECT_EQ(text_of(ann.next("left"), "from"), "Bob");
    EXPECT_FALSE(agent.wait_for("RemovePlayerSession qcs::1 psess-2").text.empty());
    ann.say("still here");
    EXPECT_EQ(text_of(ann.next("chat"), "text"), "still here");
}

TEST_F(ChatProcess, ClosesOnAMessageOverFourKibibytes) {
    start_session();
    Welcomed ann = join("psess-1", "Ann");
    Welcomed bob = join("psess-2", "Bob");
    const std::string envelope = R"({"type":"chat","text":""})";
    bob.say(std::string(4096 - envelope.size(), 'x'));
    EXPECT_EQ(text_of(ann.next("chat"), "text").size(), 4096 - envelope.size());
    bob.say(std::string(4096 - envelope.size() + 1, 'x'));
    bob.next("chat");
    EXPECT_TRUE(bob.next().is_null());
    EXPECT_EQ(bob.close_code(), 1009);
    EXPECT_EQ(text_of(ann.next("left"), "from"), "Bob");
}

TEST_F(ChatProcess, DropsAPlayerWhoReadsTooSlowlyAndNobodyElse) {
    start_session();
    Welcomed slow(port(), "playerSessionId=psess-slow&name=Slow", 4096);
    Welcomed ann = join("psess-1", "Ann");
    bool dropped = false;
    for (int i = 0; i < 4000 && !dropped; ++i) {  // 16 MB at most; buffers and queue hold far less
        ann.say(std::string(4000, 'x'));
        const json::value heard = ann.next();
        ASSERT_TRUE(heard.is_object());
        dropped = heard.at("type").as_string() == "left";
    }
    EXPECT_TRUE(dropped);
    EXPECT_FALSE(agent.wait_for("RemovePlayerSession qcs::1 psess-slow").text.empty());
    for (json::value message = slow.next(); message.is_object();) message = slow.next();
    ann.send(R"({"type":"end"})");
    ann.next("ended");
    EXPECT_TRUE(ann.next().is_null());
    EXPECT_EQ(chat.exit_code(), 0);
}

TEST_F(ChatProcess, TerminatedWhenIdleItEndsAtOnce) {
    EXPECT_TRUE(agent.terminate(unix_seconds_from_now(300)).ok());
    EXPECT_EQ(chat.exit_code(), 0);
    EXPECT_THAT(agent.texts(), ElementsAre("ProcessReady ./logs", "ProcessEnding"));
}

TEST_F(ChatProcess, TerminatedWhenBusyItFinishesTheMatch) {
    start_session();
    Welcomed ann = join("psess-1", "Ann");
    EXPECT_TRUE(agent.terminate(0).ok());
    ann.say("we play on");
    EXPECT_EQ(text_of(ann.next("chat"), "text"), "we play on");
    EXPECT_FALSE(agent.start_session("qcs::2").ok()) << "one match per process";
    ann.send(R"({"type":"end"})");
    ann.next("ended");
    EXPECT_TRUE(ann.next().is_null());
    EXPECT_EQ(chat.exit_code(), 0);
    EXPECT_EQ(agent.texts().back(), "ProcessEnding");
}

TEST_F(ChatProcess, EndsProperlyAtItsDeadline) {
    start_session();
    Welcomed ann = join("psess-1", "Ann");
    EXPECT_TRUE(agent.terminate(unix_seconds_from_now(5)).ok());
    EXPECT_EQ(text_of(ann.next("notice"), "code"), "deadline");
    EXPECT_EQ(text_of(ann.next("ended"), "code"), "time is up");
    EXPECT_EQ(chat.exit_code(), 0);
    EXPECT_THAT(agent.texts(), testing::IsSupersetOf({"RemovePlayerSession qcs::1 psess-1",
                                                      "TerminateGameServerSession qcs::1", "ProcessEnding"}));
}

TEST_F(ChatProcess, GoesDownCleanlyWhenTheServiceHasEndedTheSession) {
    start_session();
    Welcomed ann = join("psess-1", "Ann");
    agent.answer_with([](const FakeAgent::Call& call) {
        return call.text == "ProcessEnding" ? grpc::Status::OK
                                            : grpc::Status(grpc::StatusCode::NOT_FOUND, "no such session");
    });
    chat.signal(SIGTERM);
    EXPECT_EQ(text_of(ann.next("ended"), "code"), "stopped");
    EXPECT_TRUE(ann.next().is_null());
    EXPECT_EQ(ann.close_code(), 1000);
    EXPECT_EQ(chat.exit_code(), 0) << chat.file("output");
    EXPECT_EQ(agent.texts().back(), "ProcessEnding");
}

TEST_F(ChatProcess, ASignalEndsItEvenWithoutAnAgent) {
    start_session();
    agent.stop();
    chat.signal(SIGTERM);
    EXPECT_EQ(chat.exit_code(), 1) << "the agent does not know";
    EXPECT_THAT(chat.file("output"), HasSubstr("the agent does not know"));
}

TEST_F(ChatProcess, ASessionThatCannotBeActivatedLeavesItFree) {
    agent.answer_with([](const FakeAgent::Call& call) {
        return call.text.find("qcs::gone") != std::string::npos
                   ? grpc::Status(grpc::StatusCode::NOT_FOUND, "ended meanwhile")
                   : grpc::Status::OK;
    });
    EXPECT_FALSE(agent.start_session("qcs::gone").ok());
    start_session();
    Client ann = enter("psess-1", "Ann");
    EXPECT_EQ(text_of(ann.next("welcome"), "session"), "qcs::1");
}

TEST_F(ChatProcess, ServesThePageSafely) {
    const auto page = get(port(), "/?playerSessionId=psess-1");
    EXPECT_EQ(page.result(), http::status::ok);
    EXPECT_THAT(page.body(), HasSubstr("/app.js"));
    EXPECT_THAT(page.body(), testing::Not(HasSubstr("style=\"")));
    EXPECT_THAT(std::string(page["Content-Security-Policy"]), HasSubstr("default-src 'none'"));
    EXPECT_EQ(page["Referrer-Policy"], "no-referrer");
    EXPECT_THAT(std::string(get(port(), "/app.js")["Content-Type"]), HasSubstr("text/javascript"));
    EXPECT_THAT(std::string(get(port(), "/style.css")["Content-Type"]), HasSubstr("text/css"));
    EXPECT_EQ(get(port(), "/nothing").result(), http::status::not_found);
    EXPECT_EQ(get(port(), "/", http::verb::post).result(), http::status::method_not_allowed);
    EXPECT_EQ(get(port(), "/ws").result(), http::status::upgrade_required);
    const auto head = get(port(), "/", http::verb::head);
    EXPECT_EQ(head.result(), http::status::ok);
    EXPECT_EQ(head[http::field::content_length], std::to_string(page.body().size()));
    EXPECT_EQ(get(port(), "/" + std::string(9000, 'x')).result(), http::status::bad_request);
}

TEST(ChatStart, WithoutAnAgentItSaysSoAndFails) {
    FakeAgent agent;
    agent.stop();
    Chat chat(agent.address(), {"--agent-wait", "1"});
    EXPECT_EQ(chat.exit_code(), 1);
    EXPECT_THAT(chat.file("output"), HasSubstr("no agent to report to at " + agent.address()));
    EXPECT_THAT(chat.file("output"), HasSubstr("--standalone"));
}

TEST(ChatStart, BadFlagsAreUsageErrors) {
    for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
             {"--client-port", "70000"}, {"--grpc-port", "x"}, {"--title", ""}, {"--unknown"}}) {
        Chat chat("127.0.0.1:1", flags);
        EXPECT_EQ(chat.exit_code(), 2) << flags[0];
    }
}

TEST(ChatStart, TakesThePortsItIsGiven) {
    FakeAgent agent;
    asio::io_context loop;
    const auto free_port = [&] {
        return tcp::acceptor(loop, {asio::ip::address_v4::loopback(), 0}).local_endpoint().port();
    };
    const int client_port = free_port();
    const int grpc_port = free_port();
    Chat chat(agent.address(),
              {"--client-port", std::to_string(client_port), "--grpc-port", std::to_string(grpc_port)});
    ASSERT_FALSE(agent.wait_for("ProcessReady").text.empty()) << chat.file("output");
    EXPECT_EQ(agent.client_port(), client_port);
    EXPECT_EQ(agent.grpc_port(), grpc_port);
}

}  // namespace
