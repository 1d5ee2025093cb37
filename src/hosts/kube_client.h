/// The few requests that we make of a Kubernetes API server, over HTTP.
#pragma once

#include <boost/json/value.hpp>

#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "hosts/kube_access.h"

namespace gse::hosts {

/// Why a request came to nothing.
struct KubeError {
    long status = 0;        ///< HTTP's; 0: there was no answer
    std::string reason;     ///< as the API server names it: `AlreadyExists`
    std::string message;    ///< for people; says what to change where that is known
    Millis retry_after{0};  ///< as it asks for; 0: it does not

    /// Nothing is wrong with the request itself: later it may go well.
    [[nodiscard]] bool may_pass() const { return status == 0 || status == 408 || status == 429 || status >= 500; }
};
template <class T>
using KubeResult = std::expected<T, KubeError>;

struct KubeCall {
    std::string verb;      ///< as rights name it: get, list, watch, create, patch, delete
    std::string resource;  ///< pods, secrets, nodes
    std::string space;     ///< namespace; "" for what is in none
    std::string name;      ///< of one object; "" for all
    std::string query;     ///< behind the `?`, encoded
    std::string body;      ///< JSON
};

/// Keeps its connection. One thread at a time. `stop` ends a request early, as if there were no answer; it outlives
/// this.
class KubeClient {
public:
    KubeClient(KubeAccess access, const std::atomic<bool>& stop);
    ~KubeClient();
    KubeClient(const KubeClient&) = delete;
    KubeClient& operator=(const KubeClient&) = delete;

    /// The object in a 2xx answer, 64 MiB at most, within 30 s.
    KubeResult<boost::json::value> send(const KubeCall& call);
    /// Follows a watch until the server ends it, which is no error, or `take` answers false. Lines of up to 8 MiB; 6
    /// minutes at most. `opened`: it was granted.
    KubeResult<void> watch(const KubeCall& call, const std::function<void()>& opened,
                           const std::function<bool(std::string_view line)>& take);

    [[nodiscard]] const KubeAccess& access() const { return access_; }

private:
    struct Transport;
    struct Reception;
    KubeResult<long> perform(const KubeCall& call, Reception& reception, Millis limit);
    [[nodiscard]] KubeError refusal_of(const KubeCall& call, long status, const Reception& reception) const;
    const KubeAccess access_;
    const std::atomic<bool>& stop_;
    std::unique_ptr<Transport> transport_;
};

/// What an answer that is none of 2xx means.
[[nodiscard]] KubeError describe_refusal(const KubeAccess& access, const KubeCall& call, long status,
                                         std::string_view body);

}  // namespace gse::hosts
