/// hosts.provider = "kubernetes": a Pod for each host that is asked for. Watches Pods and nodes, and does what
/// plan_pods() says, on threads of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "core/provided_hosts.h"
#include "hosts/kube_access.h"
#include "hosts/pod_plan.h"
#include "hosts/pod_template.h"

namespace gse::hosts {

/// The state, as a provider sees it. Called from the provider's thread; may block for as long as a commit takes.
class HostDesk {
public:
    virtual ~HostDesk() = default;
    struct Wanted {
        std::uint64_t version = 0;
        std::vector<core::ProvidedHost> hosts;
    };
    /// What is asked for now, once that is durable; nullopt: nothing has changed since that version. Unavailable: not
    /// now, or not by this server.
    virtual Result<std::optional<Wanted>> look(std::uint64_t since) = 0;
    /// In this order. Returns when it is durable.
    virtual Result<void> tell(std::vector<HostNews> news) = 0;
    /// What the machine of that host shows to enrol.
    [[nodiscard]] virtual std::string token_of(const core::ProvidedHost& host) const = 0;
};

struct KubernetesOptions {
    KubeAccess access;
    PodOptions pods;
    std::filesystem::path templates;
    bool internal_address = false;
    std::string address_annotation;
    Millis orphan_grace{600'000};
    Millis look_every{200};
    Millis refused_first{5'000};  ///< before a Pod that was refused is tried again; doubles
    Millis watch_for{290'000};
    Millis backoff_max{30'000};
};

class KubernetesHosts {
public:
    /// `desk` and `clock` outlive it. `say` gets lines for the log: what is wrong, and that it is right again.
    KubernetesHosts(KubernetesOptions options, HostDesk& desk, const Clock& clock,
                    std::function<void(bool trouble, const std::string&)> say);
    /// Stops.
    ~KubernetesHosts();
    KubernetesHosts(const KubernetesHosts&) = delete;
    KubernetesHosts& operator=(const KubernetesHosts&) = delete;

    void start();
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::hosts
