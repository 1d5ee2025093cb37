/// Looks at certificates and keys before gRPC gets them: it names neither what is wrong nor in which of them.
#pragma once

#include <string>

#include "base/result.h"
#include "pki/certificate.h"

namespace gse::link {

/// InvalidParameterValue: one of the two is no PEM, the key wants a passphrase, or it is another certificate's.
Result<void> check_identity(const pki::Identity& identity);

/// InvalidParameterValue: there is no certificate in `roots`.
Result<void> check_roots(const std::string& roots);

}  // namespace gse::link
