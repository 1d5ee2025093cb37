/// How machines become hosts: an operator makes a token, one machine shows it once, and from then on its certificate
/// says who it is. Certificates are signed outside; here is decided whether, and for which host.
#pragma once

#include <string>

#include "core/step.h"

namespace gse::core {

/// `secret_sha256` in hex. LimitExceeded: limits.host_tokens; UnsupportedRegion.
struct TokenWish {
    std::string secret_sha256;
    std::string region;
    std::string description;
    Millis valid{3'600'000};
};
Result<Slot> make_host_token(Step& step, TokenWish wish);
/// The token's time is over: nobody can ask for a lost answer any more.
void expire_host_token(Step& step, Slot token);

/// What a machine shows. It has proved that it holds the key.
struct Enrolment {
    std::string token_id;
    std::string secret_sha256;  ///< in hex
    std::string key_sha256;     ///< of its public key, in hex
    std::string host_name;
};
/// The host that its certificate may name. The token is used up by this key: whoever comes with it and the same key
/// again, because the answer was lost, gets the same answer; anybody else is refused. A host that comes back with its
/// key and a fresh token (its certificate has ended) is the same host.
/// AuthUnauthorized: the token; InUse: the name; InvalidParameterValue: a name that is none; LimitExceeded:
/// limits.hosts.
Result<Slot> enrol_host(Step& step, const Enrolment& wish);
/// The host that a certificate names gets another one, for this key. AuthUnauthorized: it was removed.
Result<Slot> renew_host(Step& step, std::string_view host_id, const std::string& key_sha256);
/// The host that a certificate names, if it still belongs here. AuthUnauthorized: it was removed.
Result<Slot> find_enrolled(const State& state, std::string_view host_id);

}  // namespace gse::core
