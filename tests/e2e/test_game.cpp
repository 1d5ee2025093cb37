// gse-test-game: a game server for tests, well-behaved or not, by its flags.
//
// It listens on GSE_CLIENT_PORT. A connection may ask one thing, a line, and gets a line:
//   WHO                  `<life> <pid> <session id or ->`; <life> is drawn once per process
//   ACCEPT <seat>        `ok`, or why the agent refused
//   END                  the match is over: the process ends, as a good one does
#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "GseGrpcSdkService.grpc.pb.h"
#include "gse/sdk/game_server.h"

namespace {

namespace sdk = gse::sdk;
namespace wire = tencentcloud::gse::grpcsdk;

struct Flags {
    bool never_ready = false;
    bool never_activate = false;
    bool ignore_terminate = false;
    bool unhealthy_in_session = false;
    bool unhealthy = false;
    long exit_code = -1;        ///< leaves before it is ready
    long exit_in_session = -1;  ///< leaves as soon as it has activated a session
    bool abort_in_session = false;
    long flood_bytes = 0;  ///< of output before it is ready
    long claim_pid = 0;    ///< says that it is another process
    std::vector<std::string> logs;
    std::string fifo;  ///< made before it is ready
};

[[noreturn]] void usage(const char* word) {
    std::cerr << "gse-test-game: what is " << word << "?" << std::endl;
    std::exit(2);
}

Flags read_flags(int argc, char** argv) {
    Flags flags;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto value = [&] { return ++i < argc ? argv[i] : (usage(word.c_str()), nullptr); };
        if (word == "--never-ready")
            flags.never_ready = true;
        else if (word == "--never-activate")
            flags.never_activate = true;
        else if (word == "--ignore-terminate")
            flags.ignore_terminate = true;
        else if (word == "--unhealthy")
            flags.unhealthy = true;
        else if (word == "--unhealthy-in-session")
            flags.unhealthy_in_session = true;
        else if (word == "--abort-in-session")
            flags.abort_in_session = true;
        else if (word == "--exit")
            flags.exit_code = std::atol(value());
        else if (word == "--exit-in-session")
            flags.exit_in_session = std::atol(value());
        else if (word == "--flood")
            flags.flood_bytes = std::atol(value());
        else if (word == "--claim-pid")
            flags.claim_pid = std::atol(value());
        else if (word == "--log")
            flags.logs.emplace_back(value());
        else if (word == "--fifo")
            flags.fifo = value();
        else
            usage(word.c_str());
    }
    return flags;
}

/// Waits for ever, but ends on SIGTERM as every program does.
[[noreturn]] void hang() {
    for (;;) pause();
}

void flood(long bytes) {
    const std::string line = std::string(1023, '#') + "\n";
    for (long written = 0; written < bytes; written += static_cast<long>(line.size()))
        if (write(STDOUT_FILENO, line.data(), line.size()) < 0) return;
}

/// ProcessReady under a pid that is not ours, as nobody who uses the SDK can.
void claim(long pid, int client_port) {
    const char* address = std::getenv("GSE_SDK_ADDRESS");
    const auto stub = wire::GseGrpcSdkService::NewStub(
        grpc::CreateChannel(address ? address : "127.0.0.1:5758", grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.AddMetadata("pid", std::to_string(pid));
    context.AddMetadata("requestid", "claim");
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    wire::ProcessReadyRequest request;
    request.set_clientport(client_port);
    request.set_grpcport(client_port);
    wire::GseResponse response;
    const grpc::Status status = stub->ProcessReady(&context, request, &response);
    std::cout << "claim of pid " << pid << ": " << (status.ok() ? "accepted" : status.error_message()) << std::endl;
}

int listen_on(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    address.sin_port = htons(static_cast<uint16_t>(port));
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, 64) != 0) {
        std::perror("listen");
        std::exit(3);
    }
    return fd;
}

std::string read_line(int fd) {
    const timeval patience{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string line;
    char c = 0;
    while (line.size() < 4096 && recv(fd, &c, 1, 0) == 1 && c != '\n') line += c;
    return line;
}

}  // namespace

int main(int argc, char** argv) {
    const Flags flags = read_flags(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    std::random_device chance;
    const std::string life = std::to_string((static_cast<unsigned long long>(chance()) << 32) | chance());
    const char* port_text = std::getenv("GSE_CLIENT_PORT");
    const int port = port_text ? std::atoi(port_text) : 0;
    std::cout << "life " << life << " port " << port << std::endl;

    if (!flags.fifo.empty() && mkfifo(flags.fifo.c_str(), 0600) != 0) std::perror("mkfifo");
    if (flags.exit_code >= 0) {
        std::cerr << "this game gives up, code " << flags.exit_code << std::endl;
        return static_cast<int>(flags.exit_code);
    }
    if (flags.never_ready) hang();
    flood(flags.flood_bytes);
    const int listener = listen_on(port);
    if (flags.claim_pid > 0) {
        claim(flags.claim_pid, port);
        hang();
    }

    std::atomic<bool> in_session{false};
    sdk::GameServer* game = nullptr;
    sdk::Callbacks callbacks;
    callbacks.on_start_session = [&](const sdk::GameServerSession& session) -> sdk::Outcome<> {
        std::cout << "session " << session.id << std::endl;
        if (flags.never_activate) return {};
        sdk::Outcome<> active = game->activate_session(session.max_players);
        if (!active) return active;
        in_session = true;
        if (flags.exit_in_session >= 0) {
            std::cerr << "the match server fell over: code " << flags.exit_in_session << std::endl;
            _exit(static_cast<int>(flags.exit_in_session));
        }
        if (flags.abort_in_session) {
            std::cerr << "assertion failed: the world is round" << std::endl;
            std::abort();
        }
        return active;
    };
    callbacks.on_health_check = [&] { return !flags.unhealthy && !(flags.unhealthy_in_session && in_session); };
    callbacks.on_process_terminate = [&](auto) {
        std::cout << "asked to end" << std::endl;
        if (flags.ignore_terminate) return;
        (void)game->process_ending();
        _exit(0);
    };
    sdk::GameServer server(std::move(callbacks));
    game = &server;
    if (const sdk::Outcome<> ready = server.process_ready(port, flags.logs); !ready) {
        std::cerr << "ProcessReady was refused: " << ready.error().message << std::endl;
        return 4;
    }

    for (;;) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        const std::string line = read_line(fd);
        std::string answer = "what?";
        if (line == "WHO") {
            const auto session = server.session();
            answer = life + " " + std::to_string(getpid()) + " " + (session ? session->id : "-");
        } else if (line.starts_with("ACCEPT ")) {
            const sdk::Outcome<> accepted = server.accept_player(line.substr(7));
            answer = accepted ? "ok" : accepted.error().message;
        } else if (line == "END") {
            (void)server.terminate_session();
            (void)server.process_ending();
            _exit(0);
        }
        answer += "\n";
        (void)!write(fd, answer.data(), answer.size());
        close(fd);
    }
}
