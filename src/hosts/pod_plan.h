/// What is to be done so that there is a Pod for each host that is asked for, and none besides. Pure: from what is
/// wanted and what was seen to actions, each of which may be done twice without harm.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "core/provided_hosts.h"
#include "hosts/host_news.h"
#include "hosts/pod_facts.h"

namespace gse::hosts {

struct CreatePod {
    std::string host;
    friend bool operator==(const CreatePod&, const CreatePod&) = default;
};
/// Its Secret, which the Pod waits for.
struct CreateSecret {
    std::string host;
    std::string pod_uid;
    friend bool operator==(const CreateSecret&, const CreateSecret&) = default;
};
struct MarkBusy {
    std::string pod;
    bool busy = false;
    friend bool operator==(const MarkBusy&, const MarkBusy&) = default;
};
struct DeletePod {
    std::string pod;
    std::string uid;  ///< this one, and no other of its name
    bool orphan = false;
    friend bool operator==(const DeletePod&, const DeletePod&) = default;
};
/// The list does not have it. Ask for it by its name: what was made a moment ago may not be in the list yet.
struct ConfirmGone {
    std::string host;
    std::string pod;
    friend bool operator==(const ConfirmGone&, const ConfirmGone&) = default;
};
using PodAction = std::variant<CreatePod, CreateSecret, MarkBusy, DeletePod, ConfirmGone, HostNews>;

/// What a run of the server remembers between two plans.
struct PodMemory {
    std::map<std::string, std::string> waits;        ///< host → reason that was told
    std::map<std::string, std::int64_t> ending;      ///< host → end that was told, wall ms
    std::set<std::string> secrets;                   ///< uids of Pods whose Secret is there
    std::map<std::string, std::int64_t> not_before;  ///< host or pod → no further try before, monotonic ms
    std::map<std::string, std::uint32_t> refusals;   ///< host → how often its Pod was refused in a row
    std::map<std::string, std::int64_t> orphans;     ///< uid → seen without a host since, monotonic ms
};

struct PodView {
    const std::vector<core::ProvidedHost>& wanted;
    const std::map<std::string, PodFacts>& pods;    ///< by name
    const std::map<std::string, NodeFacts>& nodes;  ///< by name; empty where nodes may not be read
    bool internal_address = false;
    Millis orphan_grace{600'000};
    std::int64_t now_ms = 0;  ///< monotonic
    WallTime wall;
};

/// Forgets in `memory` what is no more. All news comes first: it is remembered as told.
[[nodiscard]] std::vector<PodAction> plan_pods(const PodView& view, PodMemory& memory);

/// That a request of a plan was not even tried: the next plan may have it again at once.
void not_done(const PodAction& action, PodMemory& memory);

/// How players reach what runs there; "" while it is not known.
[[nodiscard]] std::string address_of(const PodFacts& pod, const std::map<std::string, NodeFacts>& nodes, bool internal);

}  // namespace gse::hosts
