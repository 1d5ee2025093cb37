#include "network/network.h"

#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace gse::network {
namespace {

constexpr const char* kNsenter = "/usr/bin/nsenter";
constexpr const char* kBridge = "br0";
/// Of no machine: what goes there arrives nowhere.
constexpr const char* kNobody = "02:00:00:00:00:01";

/// "" when it went well, else what failed.
std::string run(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    char* environment[] = {path, nullptr};
    pid_t pid = 0;
    int status = 0;
    if (posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environment) == 0 &&
        waitpid(pid, &status, 0) == pid && status == 0)
        return "";
    std::string text = "failed:";
    for (const std::string& word : words) text += " " + word;
    return text;
}

void ip(std::vector<std::string> words) {
    words.insert(words.begin(), "ip");
    const std::string failed = run(std::move(words));
    if (!failed.empty()) throw std::runtime_error(failed + "; is iproute2 installed?");
}

bool write_map(const char* file, const std::string& text) {
    std::ofstream out(file);
    out << text;
    out.flush();
    return out.good();
}

}  // namespace

std::string enter_namespaces() {
    const auto failed = [](const char* what) { return std::string(what) + ": " + std::strerror(errno); };
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    // Without root, a user namespace makes us root of the others.
    if (unshare((uid == 0 ? 0 : CLONE_NEWUSER) | CLONE_NEWNET | CLONE_NEWNS) != 0) return failed("unshare");
    if (uid != 0 && (!write_map("/proc/self/setgroups", "deny") ||
                     !write_map("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1") ||
                     !write_map("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1")))
        return failed("map the user");
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("make mounts private");
    // `ip netns` keeps its names there.
    if (mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") != 0) return failed("mount /run");
    return run({"ip", "link", "set", "lo", "up"});
}

Network::Network() {
    ip({"link", "add", kBridge, "type", "bridge"});
    ip({"addr", "add", std::string(kHere) + "/24", "dev", kBridge});
    ip({"link", "set", kBridge, "up"});
}

Network::~Network() {
    for (const auto& [name, machine] : machines_) {
        // Both ends go with one. With its namespace alone they would stay for as long as anything dies in there.
        (void)run({"ip", "link", "del", machine.wire});
        (void)run({"ip", "netns", "del", name});
    }
    (void)run({"ip", "link", "del", kBridge});
}

void Network::add(const std::string& machine, const std::string& address) {
    const std::string wire = "wire" + std::to_string(machines_.size() + 1);
    ip({"netns", "add", machine});
    machines_[machine] = {address, wire};
    ip({"link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", machine});
    ip({"link", "set", wire, "master", kBridge, "up"});
    ip({"-n", machine, "addr", "add", address + "/24", "dev", "eth0"});
    ip({"-n", machine, "link", "set", "eth0", "up"});
    ip({"-n", machine, "link", "set", "lo", "up"});
}

std::vector<std::string> Network::on(const std::string& machine, std::vector<std::string> command) {
    command.insert(command.begin(), {kNsenter, "--net=/run/netns/" + machine});
    return command;
}

void Network::cut(const std::string& machine) { ip({"link", "set", machines_.at(machine).wire, "down"}); }
void Network::heal(const std::string& machine) { ip({"link", "set", machines_.at(machine).wire, "up"}); }

void Network::part(const std::string& one, const std::string& other) {
    const auto forget = [&](const std::string& from, const std::string& to) {
        ip({"-n", from, "neigh", "replace", machines_.at(to).address, "lladdr", kNobody, "nud", "permanent", "dev",
            "eth0"});
    };
    forget(one, other);
    forget(other, one);
}

void Network::join(const std::string& one, const std::string& other) {
    ip({"-n", one, "neigh", "del", machines_.at(other).address, "dev", "eth0"});
    ip({"-n", other, "neigh", "del", machines_.at(one).address, "dev", "eth0"});
}

}  // namespace gse::network
