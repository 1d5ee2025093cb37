#include "main/examine_host.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "agent/resource_limits.h"
#include "agent/sandbox.h"
#include "base/fd.h"
#include "main/data_dir.h"

namespace gse {
namespace {

namespace fs = std::filesystem;
using cli::Finding;
using Grade = cli::Finding::Grade;

constexpr std::uint64_t kFilesWanted = 65'536;

std::string gib(std::uint64_t bytes) { return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1ULL << 30)); }

/// The folder, or the nearest one above it that exists: where it would be made.
fs::path existing(fs::path folder) {
    std::error_code failure;
    folder = fs::absolute(folder, failure);
    while (!fs::exists(folder, failure) && folder.has_relative_path()) folder = folder.parent_path();
    return folder;
}

Finding look_at_disk(const config::Config& config) {
    std::error_code failure;
    const fs::path folder = existing(config.data);
    const fs::space_info space = fs::space(folder, failure);
    if (failure)
        return {Grade::Bad, "disk space", fmt::format("{}: {}", folder.string(), failure.message()),
                "name a folder that can be used with --data"};
    const std::string found = fmt::format("{} free below {}", gib(space.available), config.data);
    // A package of the largest size must fit beside the reserve, or an upload may stop everything.
    if (space.available < config.journal.reserve_bytes)
        return {Grade::Bad, "disk space", found,
                fmt::format("free some: below {} (journal.reserve_bytes) the server refuses changes",
                            gib(config.journal.reserve_bytes))};
    if (space.available < config.journal.reserve_bytes + config.settings.limits.package_bytes)
        return {Grade::Doubtful, "disk space", found,
                fmt::format("a package may have {} (limits.package_bytes): free some, or lower that limit",
                            gib(config.settings.limits.package_bytes))};
    return {Grade::Good, "disk space", found, ""};
}

Finding look_at_folder(const config::Config& config) {
    const fs::path folder = existing(config.data);
    if (access(folder.c_str(), W_OK | X_OK) != 0)
        return {Grade::Bad, "data folder", fmt::format("{} cannot be written to: {}", folder.string(), strerror(errno)),
                "give it to the user that gse runs as, or name another with --data"};
    return {Grade::Good, "data folder", fmt::format("{} can be written to", folder.string()), ""};
}

/// Whether somebody listens there already. A running gse of ours is the usual reason.
Finding look_at_port(const char* key, const std::string& address) {
    const std::string what = fmt::format("port of {}", key);
    const auto split = split_address(address);
    if (!split) return {Grade::Bad, what, split.error().message, fmt::format("set {} to HOST:PORT", key)};
    if (split->port == 0) return {Grade::Good, what, "the kernel picks one", ""};
    const Fd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(split->port);
    if (inet_pton(AF_INET, split->host.c_str(), &to.sin_addr) != 1) to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int yes = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0)
        return {Grade::Good, what, fmt::format("{} is free", address), ""};
    if (errno == EADDRINUSE)
        return {
            Grade::Doubtful, what, fmt::format("{} is taken", address),
            fmt::format("fine if gse runs here already (ss -ltnp says who it is); else set {} to another port", key)};
    return {Grade::Bad, what, fmt::format("{}: {}", address, strerror(errno)),
            fmt::format("set {} to an address of this machine", key)};
}

void look_at_sandbox(const config::Config& config, std::vector<Finding>& findings) {
    const bool wanted = config.agent.sandbox != config::Sandbox::None;
    const auto sandbox =
        agent::Sandbox::find(wanted ? agent::SandboxMode::Auto : agent::SandboxMode::None, config.data);
    bool private_users = false;
    if (!sandbox) {
        findings.push_back({Grade::Bad, "sandbox", sandbox.error().message, "apt-get install bubblewrap"});
    } else if (sandbox->isolates()) {
        private_users = sandbox->private_users();
        findings.push_back({Grade::Good, "sandbox",
                            private_users ? "bubblewrap, and a user of its own for each instance" : "bubblewrap", ""});
    } else if (!wanted) {
        findings.push_back({Grade::Doubtful, "sandbox", "switched off (agent.sandbox = \"none\")",
                            "games may read everything that the agent may; set agent.sandbox = \"auto\""});
    } else {
        const bool required = config.agent.sandbox == config::Sandbox::Bubblewrap;
        findings.push_back(
            {required ? Grade::Bad : Grade::Doubtful, "sandbox", fmt::format("none: {}", sandbox->reason()),
             "apt-get install bubblewrap, and allow user namespaces (sysctl "
             "kernel.unprivileged_userns_clone=1, on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0); "
             "in a container they must be allowed from outside"});
    }
    const auto limiter = agent::find_limiter("doctor", private_users);
    const std::string lacks = limiter->lacks({.memory_bytes = 1, .cpu_percent = 1});
    if (lacks.empty())
        findings.push_back({Grade::Good, "limits of games", limiter->name(), ""});
    else
        findings.push_back({Grade::Doubtful, "limits of games", fmt::format("{} only: {}", limiter->name(), lacks),
                            "run the agent as root where cgroups are writable, so that it may make control groups"});
}

Finding look_at_files() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const std::string found = fmt::format("{} open files allowed", limit.rlim_max);
    if (limit.rlim_max >= kFilesWanted) return {Grade::Good, "open files", found, ""};
    return {Grade::Doubtful, "open files", found,
            fmt::format("raise it to {} (LimitNOFILE= of the systemd unit, or ulimit -n)", kFilesWanted)};
}

}  // namespace

std::vector<cli::Finding> examine_host(const config::Config& config) {
    std::vector<Finding> findings{look_at_folder(config), look_at_disk(config), look_at_port("listen", config.listen),
                                  look_at_port("sdk_listen", config.sdk_listen), look_at_files()};
    look_at_sandbox(config, findings);
    return findings;
}

}  // namespace gse
