#pragma once

#include "cli/program.h"

namespace gse::cli {

/// The body of main(): run() with the real outside.
int gse_main(int argc, char** argv, Servers servers);

}  // namespace gse::cli
