/// Lets machines in: the core decides whether and as which host, and once that is durable the authority signs.
#pragma once

#include <memory>

#include "base/time.h"
#include "engine/engine.h"
#include "link/admission.h"
#include "pki/authority.h"

namespace gse {

class HostAdmission final : public link::Admission {
public:
    /// All outlive it, and whatever it was asked.
    HostAdmission(engine::Engine& engine, pki::Authority& authority, const Clock& clock)
        : engine_(engine), authority_(authority), clock_(clock) {}

    void enrol(link::EnrolWish wish, Done done) override;
    void renew(std::string host_id, std::string signing_request, Done done) override;

private:
    using Find = std::move_only_function<Result<core::Slot>(core::Step&)>;
    void decide(Find find, std::string signing_request, std::string who, Done done);

    engine::Engine& engine_;
    pki::Authority& authority_;
    const Clock& clock_;
};

}  // namespace gse
