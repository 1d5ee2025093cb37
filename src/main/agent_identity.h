/// How `gse agent` gets and keeps the certificate that says which host it is.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/time.h"
#include "config/config.h"
#include "link/enrol_client.h"
#include "pki/host_identity.h"

namespace gse {

class AgentIdentity {
public:
    /// `clock` outlives it.
    AgentIdentity(const config::Config& config, const Clock& clock);
    /// Stops.
    ~AgentIdentity();

    /// Enrols with the token, unless there is a certificate that is still good and the token is not a new one; tries
    /// for a minute while the server cannot be reached. A host that has been one before starts in any case: its games
    /// must be looked after. `told_to_end` waits that long, or less and is true: then it tries no more.
    Result<void> open(const std::function<bool(Millis)>& told_to_end);
    /// Renews from now on, on a thread of its own.
    void start();
    void stop();

    /// What to dial with now. After open(). Thread-safe.
    [[nodiscard]] link::ClientTls tls() const;

private:
    Result<void> enrol(const std::function<bool(Millis)>& told_to_end);
    [[nodiscard]] bool has_new_token() const;
    /// Where the id of the token is that was used last.
    [[nodiscard]] std::filesystem::path token_note() const { return folder_ / "host-token"; }
    Result<void> enrol_once(const std::string& text);
    Result<void> enrol_at(const std::string& server, const std::string& text);
    Result<void> renew();
    Result<void> load();
    void keep_fresh();

    const config::Config config_;
    const Clock& clock_;
    const std::filesystem::path folder_;
    const pki::HostIdentity store_;
    mutable std::mutex mutex_;
    std::condition_variable stopping_changed_;
    bool stopping_ = false;
    link::ClientTls tls_;
    pki::CertificateFacts facts_;
    std::thread thread_;
};

}  // namespace gse
