// A game server for tests: does what its arguments say, one after the other.
//   listen:PORT      listens on TCP 127.0.0.1:PORT (0: the kernel's choice, then known as {listen})
//   call:TEXT        one line to the SDK address, `pid` and {client} {grpc} {listen} {pid} replaced; waits for the
//   answer and prints it print:TEXT       a line to standard output flood:MIB        so much text to standard output
//   write:PATH:TEXT  a file
//   env              prints its environment
//   fds              prints its open descriptors
//   ignore           ignores SIGTERM
//   hangup           closes its connection to the SDK address
//   eat:MIB          takes so much memory, and uses it
//   child            the rest is done by a child; the parent waits for it
//   exit:CODE        ends
//   wait             until it is killed
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

extern char** environ;

namespace {

std::string listen_port = "0";

std::string env(const char* name) {
    const char* value = getenv(name);
    return value ? value : "";
}

std::string filled(std::string text) {
    const auto replace = [&](const std::string& mark, const std::string& value) {
        for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark))
            text.replace(at, mark.size(), value);
    };
    replace("{client}", env("GSE_CLIENT_PORT"));
    replace("{grpc}", env("GSE_GRPC_PORT"));
    replace("{listen}", listen_port);
    replace("{pid}", std::to_string(getpid()));
    return text;
}

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int sdk_fd = -1;  // one connection, as gRPC keeps it

void call(const std::string& text) {
    int& fd = sdk_fd;
    if (fd < 0) {
        const std::string sdk = env("GSE_SDK_ADDRESS");
        sockaddr_in address = loopback(std::atoi(sdk.c_str() + sdk.rfind(':') + 1));
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            std::perror("connect");
            std::exit(3);
        }
    }
    const std::string line = filled(text) + "\n";
    if (write(fd, line.data(), line.size()) < 0) std::exit(3);
    std::string answer;
    char c = 0;
    while (read(fd, &c, 1) == 1 && c != '\n') answer += c;
    std::printf("answer: %s\n", answer.c_str());
}

}  // namespace

int main(int argc, char** argv) {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const std::size_t colon = word.find(':');
        const std::string name = word.substr(0, colon);
        const std::string value = colon == std::string::npos ? "" : word.substr(colon + 1);
        if (name == "listen") {
            const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_in address = loopback(std::atoi(filled(value).c_str()));
            if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, 4) != 0) return 4;
            socklen_t size = sizeof address;
            getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
            listen_port = std::to_string(ntohs(address.sin_port));
        } else if (name == "call") {
            call(value);
        } else if (name == "print") {
            std::printf("%s\n", filled(value).c_str());
        } else if (name == "flood") {
            const std::string line(1023, 'x');
            for (int k = 0; k < std::atoi(value.c_str()) * 1024; ++k) std::printf("%s\n", line.c_str());
        } else if (name == "write") {
            const std::size_t split = value.find(':');
            std::ofstream(value.substr(0, split)) << value.substr(split + 1);
        } else if (name == "env") {
            for (char** item = environ; *item; ++item) std::printf("%s\n", *item);
        } else if (name == "fds") {
            DIR* dir = opendir("/proc/self/fd");
            while (const dirent* entry = readdir(dir))
                if (entry->d_name[0] != '.' && std::atoi(entry->d_name) != dirfd(dir))
                    std::printf("fd %s\n", entry->d_name);
            closedir(dir);
        } else if (name == "ignore") {
            signal(SIGTERM, SIG_IGN);
        } else if (name == "hangup") {
            close(sdk_fd);
            sdk_fd = -1;
        } else if (name == "eat") {
            for (int mib = 0; mib < std::atoi(value.c_str()); ++mib) {
                void* piece = std::malloc(1 << 20);
                if (!piece) return 5;
                std::memset(piece, 1, 1 << 20);
            }
        } else if (name == "child") {
            if (const pid_t pid = fork(); pid > 0) {
                int status = 0;
                waitpid(pid, &status, 0);
                return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
            }
        } else if (name == "exit") {
            return std::atoi(value.c_str());
        } else if (name == "wait") {
            for (;;) pause();
        } else {
            std::fprintf(stderr, "unknown word %s\n", word.c_str());
            return 2;
        }
    }
    return 0;
}
