#include "cli/main.h"
#include "main/run.h"

int main(int argc, char** argv) {
    return gse::cli::gse_main(argc, argv, {.dev = &gse::run_dev, .server = &gse::run_server, .agent = &gse::run_agent});
}
