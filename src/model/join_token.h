/// The text of an enrolment token: what an operator carries from the server to a machine that is to become a host.
/// `gse1.htok-ab12cd34.<secret>.<SHA-256 of the server's certificate authority, in hex>`
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace gse {

struct JoinToken {
    std::string id;
    std::string secret;
    std::string authority_sha256;  ///< of the DER certificate: whom the machine tells the secret, and nobody else
};

[[nodiscard]] std::string to_text(const JoinToken& token);
/// Blanks and line ends around it are left out. InvalidParameterValue; the message does not repeat the text.
[[nodiscard]] Result<JoinToken> parse_join_token(std::string_view text);

}  // namespace gse
