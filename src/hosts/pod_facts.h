/// What we want to know of a Pod and of a node, read from what the API server says of them.
#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace gse::hosts {

// Labels and annotations of our Pods.
inline constexpr const char* kDeploymentLabel = "opengse/deployment";
inline constexpr const char* kHostLabel = "opengse/host";
inline constexpr const char* kBusyLabel = "opengse/busy";
inline constexpr const char* kSafeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict";
inline constexpr const char* kAgentContainer = "agent";

enum class PodPhase : std::uint8_t { Pending, Running, Over };

struct PodFacts {
    std::string name;
    std::string uid;
    std::string host;  ///< kHostLabel
    PodPhase phase = PodPhase::Pending;
    std::string node;  ///< "": not scheduled
    std::string host_ip;
    bool busy = false;  ///< as its label says
    /// Why it does not run, while it does not: `Unschedulable`, `ImagePullBackOff` …, and in words.
    std::string wait_reason;
    std::string wait_message;
    /// Why it is over, or its agent's container is; "" while it is not.
    std::string end;
    /// When somebody has asked for its end: when it is over at the latest, and the time it was given.
    std::optional<WallTime> ends_at;
    Millis end_grace{0};
    std::string disruption;  ///< who asked, and why, where Kubernetes says so
};
[[nodiscard]] PodFacts read_pod(const boost::json::object& pod);

struct NodeFacts {
    std::string name;
    bool cordoned = false;
    std::string external_ip;
    std::string internal_ip;
    std::string annotated;  ///< of the annotation or label that was asked for
};
[[nodiscard]] NodeFacts read_node(const boost::json::object& node, const std::string& annotation);

}  // namespace gse::hosts
