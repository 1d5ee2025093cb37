/// What the demo plays on, started by it.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "client/api_client.h"

namespace gse::demo {

class System {
public:
    virtual ~System() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual const std::string& http() const = 0;
    [[nodiscard]] virtual const std::string& sdk() const = 0;
    /// How to call its API, with its first key.
    [[nodiscard]] virtual Result<client::ClientOptions> client() const = 0;
    [[nodiscard]] virtual bool running() = 0;
    /// SIGTERM, then the orderly end. FailedOperation when it takes longer than it has, or exits with a code.
    virtual Result<void> stop() = 0;
};

}  // namespace gse::demo
