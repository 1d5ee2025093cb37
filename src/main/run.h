/// What the three long-running subcommands do. Each returns the exit code: 0 after an orderly end (SIGTERM, SIGINT),
/// 1 when it refused to start or failed; the reason is on stderr.
#pragma once

#include "config/config.h"

namespace gse {

/// Server, agent and everything they need in one process. Once everything serves, one line on stdout:
/// `ready http=127.0.0.1:PORT sdk=127.0.0.1:PORT`; with a certificate `https=` stands there for `http=`.
int run_dev(const config::Config& config);
int run_server(const config::Config& config);
int run_agent(const config::Config& config);

}  // namespace gse
