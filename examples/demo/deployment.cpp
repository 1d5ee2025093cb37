#include "deployment.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "http/credentials.h"

namespace gse::demo {
namespace {

constexpr Millis kStartTime{60'000};
constexpr std::size_t kLinkMax = 4096;
// Below the kernel's ephemeral range, as hosts.port_low and hosts.port_high are by default.
constexpr std::uint16_t kPortsLow = 10'000;
constexpr std::uint16_t kPortsHigh = 32'000;
constexpr std::uint16_t kPortsNeeded = 500;

}  // namespace

std::string word_after(const std::string& line, std::string_view name) {
    const auto start = line.find(fmt::format(" {}=", name));
    if (start == std::string::npos) return "";
    const auto value = start + name.size() + 2;
    return line.substr(value, line.find(' ', value) - value);
}

Result<Programs> find_programs() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return refuse(ErrorCode::FailedOperation, "cannot read /proc/self/exe: " + error.message());
    Programs programs{
        .gse = self.parent_path() / "gse", .chat = self.parent_path() / "gse-chat", .package = GSE_CHAT_PACKAGE};
    for (const auto& path : {programs.gse, programs.chat, programs.package})
        if (access(path.c_str(), X_OK) != 0)
            return refuse(ErrorCode::NotFound, fmt::format("there is no {}; run ./dev build", path.string()));
    return programs;
}

Result<Deployment> Deployment::start(const Programs& programs, const std::filesystem::path& data,
                                     const std::filesystem::path& log, const DeploymentOptions& options) {
    std::vector<std::string> command{programs.gse,       "dev",    "--listen", options.listen, "--sdk-listen",
                                     options.sdk_listen, "--data", data};
    for (const std::string& setting : options.settings) command.insert(command.end(), {"--set", setting});
    Deployment deployment{TRY(Child::start(command, log)), data};
    for (;;) {
        const Result<std::string> line = deployment.child_.next_line(kStartTime);
        if (!line) {
            const std::string what = line.error().code == ErrorCode::Unavailable
                                         ? fmt::format("gse dev was not ready within {} s", kStartTime.count() / 1000)
                                         : "gse dev ended before it was ready";
            return refuse(ErrorCode::FailedOperation, fmt::format("{}; the end of its log:\n{}", what, tail(log)));
        }
        if (!line->starts_with("ready ")) continue;
        deployment.http_ = word_after(*line, "http");
        deployment.sdk_ = word_after(*line, "sdk");
        return deployment;
    }
}

Result<client::ClientOptions> Deployment::client() const {
    const http::FirstKey key = TRY(http::read_credentials(credentials())).first();
    return client::ClientOptions{
        .endpoint = "http://" + http_, .secret_id = key.secret_id, .secret_key = key.secret_key};
}

Result<std::string> Deployment::console_link() const {
    std::string link = TRY(read_file(data_ / "console-link", kLinkMax));
    while (link.ends_with('\n')) link.pop_back();
    return link;
}

Deployment::~Deployment() {
    if (child_.running()) (void)stop();
}

Result<void> Deployment::stop(Millis limit) {
    child_.signal(SIGTERM);
    const Result<int> code = child_.wait(limit);
    if (!code)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("gse dev still ran {} s after SIGTERM", limit.count() / 1000));
    if (*code != 0) return refuse(ErrorCode::FailedOperation, fmt::format("gse dev ended with exit code {}", *code));
    return {};
}

bool port_taken(std::uint16_t port) {
    const Fd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int on = 1;  // what lingers of old connections is nobody
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_ANY)}, .sin_zero = {}};
    return bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
}

std::vector<std::string> free_game_ports() {
    constexpr int kRanges = (kPortsHigh - kPortsLow) / kPortsNeeded;
    // Two demos at once begin to look in different places.
    for (int i = 0; i < kRanges; ++i) {
        const int low = kPortsLow + (getpid() + i) % kRanges * kPortsNeeded;
        int taken = 0;
        for (int port = low; port < low + kPortsNeeded; ++port) taken += port_taken(static_cast<std::uint16_t>(port));
        if (taken > 0) continue;
        return {fmt::format("hosts.port_low={}", low), fmt::format("hosts.port_high={}", low + kPortsNeeded - 1)};
    }
    return {};
}

}  // namespace gse::demo
