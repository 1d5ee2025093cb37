/// How a machine becomes a host, and how its certificate stays fresh: the agent's side. Blocking, with a bound.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "link/admission.h"
#include "model/join_token.h"
#include "pki/certificate.h"

namespace gse::link {

/// What an agent shows and expects when it dials.
struct ClientTls {
    std::string roots;                           ///< PEM; "" the system's
    pki::Identity identity;                      ///< empty: it shows nothing
    std::string server_name = pki::kServerName;  ///< that the server's certificate must be for; "": the address dialled
};

/// Whoever answers at `server` shows its certificates, and is told nothing: the authority of that hash among them, in
/// PEM. AuthUnauthorized: there is none; Unavailable: nobody answers, or not in TLS.
Result<std::string> fetch_authority(const std::string& server, const std::string& sha256, Millis limit);

/// Enrols over a connection whose other end has proved that it belongs to `roots`. Unavailable: may work later.
Result<Credential> enrol(const std::string& server, const std::string& roots, const JoinToken& token,
                         const std::string& signing_request, const std::string& host_name, Millis limit);

/// A fresh certificate, for whom the present one names. The same kinds of failure.
Result<Credential> renew(const std::string& server, const ClientTls& tls, const std::string& signing_request,
                         Millis limit);

}  // namespace gse::link
