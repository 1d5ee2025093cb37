#include "link/tls_check.h"

#include "pki/x509.h"

namespace gse::link {

Result<void> check_roots(const std::string& roots) {
    if (!pki::read_certificates(roots).empty()) return {};
    return refuse(ErrorCode::InvalidParameterValue,
                  "no certificate can be read in the roots by which the agent knows its server: they must be PEM");
}

}  // namespace gse::link
