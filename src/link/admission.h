/// Who lets machines in: asked by the link, answered by whoever has the state and the authority.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace gse::link {

struct EnrolWish {
    std::string token_id;
    std::string secret;
    std::string signing_request;  ///< not looked at yet
    std::string host_name;
    std::string peer;  ///< for the log
};

struct Credential {
    std::string host_id;
    std::string certificate;  ///< PEM
    std::string roots;        ///< PEM
};

/// Called from the link's threads; must not block long. `done` is called exactly once, on any thread, once what it says
/// is durable.
class Admission {
public:
    using Done = std::move_only_function<void(Result<Credential>)>;
    virtual ~Admission() = default;
    virtual void enrol(EnrolWish wish, Done done) = 0;
    /// `host_id` is what the certificate that was shown says.
    virtual void renew(std::string host_id, std::string signing_request, Done done) = 0;
};

}  // namespace gse::link
