/// A copy of all objects of a kind, kept by list and watch as the API server's rules have it: pages with limit and
/// continue, a watch that goes on where the last one ended, bookmarks, and a fresh list when the server has forgotten
/// that far back (410).
#pragma once

#include <boost/json/object.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "base/rng.h"
#include "hosts/kube_client.h"

namespace gse::hosts {

/// Told by one thread, that of KubeMirror::run().
struct MirrorEvents {
    std::function<void(const boost::json::object& object)> changed;
    std::function<void(const std::string& name)> deleted;
    /// A list is complete: whatever is not in it is gone. `changed` was called for all of it before.
    std::function<void(const std::set<std::string>& names)> listed;
    /// It does not get on, and tries again.
    std::function<void(const KubeError& why)> trouble;
    /// It does: a watch was granted.
    std::function<void()> going;
};

struct MirrorOptions {
    KubeAccess access;
    std::string resource;  ///< pods
    std::string space;     ///< "" for what is in no namespace
    std::string selector;  ///< of labels; "": all
    std::uint32_t page = 500;
    Millis watch_for{290'000};  ///< the server ends a watch after this
    Millis backoff_min{500};
    Millis backoff_max{30'000};
    Millis lasting{10'000};  ///< a watch that was held so long has not ended at once, whatever it said
};

class KubeMirror {
public:
    /// `stop` outlives it; `wait` returns early, with true, once stop is set.
    KubeMirror(MirrorOptions options, MirrorEvents events, const std::atomic<bool>& stop,
               std::function<bool(Millis)> wait);
    /// Until stop is set.
    void run();

private:
    enum class Next : std::uint8_t { List, Watch };
    KubeResult<void> list();
    KubeResult<Next> watch();
    [[nodiscard]] KubeCall call(const std::string& verb, std::string query) const;

    const MirrorOptions options_;
    const MirrorEvents events_;
    const std::atomic<bool>& stop_;
    const std::function<bool(Millis)> wait_;
    SystemRng rng_;
    KubeClient client_;
    std::string version_;  ///< where a watch goes on
};

}  // namespace gse::hosts
