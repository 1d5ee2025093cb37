// gse-chat: the demo game server. One match per process; players chat over WebSocket.

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <thread>

#include "server.h"

namespace gse::chat {
namespace {

constexpr std::size_t kLogBytes = 8 << 20;

void set_up_log() {
    auto console = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    std::vector<spdlog::sink_ptr> sinks{console};
    std::string trouble;
    try {
        sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>("logs/chat.log", kLogBytes, 1));
    } catch (const spdlog::spdlog_ex& e) {
        trouble = e.what();
    }
    auto logger = std::make_shared<spdlog::logger>("chat", sinks.begin(), sinks.end());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(logger);
    if (!trouble.empty()) spdlog::warn("no log file: {}", trouble);
}

int run_standalone(int port, const MatchRules& rules) {
    NoAgent agent;
    Server server(port, rules, agent);
    std::cout << "standalone: anyone is admitted at http://127.0.0.1:" << server.port() << "/?playerSessionId=psess-try"
              << std::endl;
    std::thread opening([&] { server.begin("standalone"); });
    server.run();
    opening.join();
    return 0;
}

int run_in_fleet(int port, std::optional<int> grpc_port, std::chrono::seconds agent_wait, const MatchRules& rules) {
    // The callbacks need the server, the server the agent, the agent the SDK: the pointer closes the circle and is set
    // before process_ready() lets the first callback in.
    Server* server = nullptr;
    sdk::GameServer* game = nullptr;
    sdk::Callbacks callbacks;
    callbacks.on_start_session = [&](const sdk::GameServerSession& session) -> sdk::Outcome<> {
        if (!server->begin(session.id)) return sdk::Error{sdk::Code::FailedPrecondition, "this process is not free"};
        spdlog::info("session {} starts", session.id);
        const sdk::Outcome<> active = game->activate_session(session.max_players);
        if (!active) {
            spdlog::error("session {} was not activated: {}", session.id, active.error().message);
            server->abandon(session.id);
        }
        return active;
    };
    callbacks.on_process_terminate = [&](auto deadline) { server->terminate(deadline); };

    sdk::Options options;
    options.grpc_port = grpc_port;
    options.ready_timeout = agent_wait;
    sdk::GameServer sdk(std::move(callbacks), options);
    game = &sdk;
    FleetAgent agent(sdk);
    Server players(port, rules, agent);
    server = &players;
    spdlog::info("\"{}\" serves players on port {}", rules.title, players.port());

    // Players, signals and callbacks are served while process_ready() waits for an agent.
    std::optional<sdk::Error> trouble;
    std::thread announcing([&] {
        const sdk::Outcome<> ready = sdk.process_ready(players.port(), {"./logs"});
        if (ready) return spdlog::info("ready, callbacks on port {}", sdk.grpc_port());
        trouble = ready.error();
        players.stop();
    });
    const bool agent_knows = players.run();
    announcing.join();
    sdk.shutdown();
    if (!trouble || trouble->code == sdk::Code::Cancelled) return agent_knows ? 0 : 1;
    const char* address = std::getenv("GSE_SDK_ADDRESS");
    spdlog::error("no agent to report to at {}: {}", address ? address : "127.0.0.1:5758", trouble->message);
    std::cerr << "gse-chat runs in a fleet (GSE_SDK_ADDRESS tells where its agent is). To try the page without one: "
                 "gse-chat --standalone\n";
    return 1;
}

int run(int argc, char** argv) {
    CLI::App app("Demo game server: a chat, one match per process");
    MatchRules rules{.title = "GSE Chat"};
    int client_port = 0;
    int grpc_port = 0;
    int agent_wait = 30;
    bool standalone = false;
    app.add_option("--title", rules.title, "Shown on the page, so that two versions are told apart")
        ->check([](const std::string& text) {
            return text.size() <= 200 && !clean_name(text).empty() ? "" : "up to 200 bytes of UTF-8 text";
        });
    app.add_option("--client-port", client_port, "Port for players (HTTP and WebSocket); 0: any free one")
        ->envname("GSE_CLIENT_PORT")
        ->check(CLI::Range(0, 65535));
    const auto* grpc_flag = app.add_option("--grpc-port", grpc_port, "Port for the agent's callbacks; 0: any free one")
                                ->envname("GSE_GRPC_PORT")
                                ->check(CLI::Range(0, 65535));
    app.add_option("--agent-wait", agent_wait, "Seconds to wait for the agent at the start")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    app.add_flag("--standalone", standalone, "Run without an agent and admit anyone, to try the page");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }

    set_up_log();
    try {
        return standalone ? run_standalone(client_port, rules)
                          : run_in_fleet(client_port, grpc_flag->count() ? std::optional(grpc_port) : std::nullopt,
                                         std::chrono::seconds(agent_wait), rules);
    } catch (const std::exception& e) {
        spdlog::error("cannot serve players on port {}: {}", client_port, e.what());
        return 1;
    }
}

}  // namespace
}  // namespace gse::chat

int main(int argc, char** argv) { return gse::chat::run(argc, argv); }
