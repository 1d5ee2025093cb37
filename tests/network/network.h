/// Several machines on one: each is a network namespace with an address of its own, on a bridge. What runs in the test
/// itself is on the bridge too, at kHere.
///
/// All of it lives in a network and mount namespace of the test, which vanishes with it: nothing of the machine's own
/// network is touched.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace gse::network {

inline constexpr const char* kHere = "10.77.0.1";

/// Moves this process into namespaces of its own, once, before anything else. "" or why it is not possible here.
std::string enter_namespaces();

/// Throws std::runtime_error when a command fails. One thread at a time.
class Network {
public:
    Network();
    /// What runs on the machines has ended by then.
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    /// A machine with this address, 10.77.0.2 to 10.77.0.254.
    void add(const std::string& machine, const std::string& address);
    /// `command` as one that runs there.
    [[nodiscard]] static std::vector<std::string> on(const std::string& machine, std::vector<std::string> command);

    /// The machine's cable.
    void cut(const std::string& machine);
    void heal(const std::string& machine);
    /// Nothing passes between these two, and nobody is told; all else does.
    void part(const std::string& one, const std::string& other);
    void join(const std::string& one, const std::string& other);

private:
    struct Machine {
        std::string address;
        std::string wire;
    };
    std::map<std::string, Machine> machines_;
};

}  // namespace gse::network
