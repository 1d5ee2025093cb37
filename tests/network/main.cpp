// main() of test programs that make machines of their own, and whose agents are killed.
#include <gmock/gmock.h>

#include <cstdio>

#include "e2e/program.h"
#include "network/network.h"

int main(int argc, char** argv) {
    ::testing::InitGoogleMock(&argc, argv);
    if (const std::string refused = gse::network::enter_namespaces(); !refused.empty()) {
        std::fprintf(stderr,
                     "this machine gives us no network namespaces (%s): run as root, or allow user namespaces\n",
                     refused.c_str());
        return 1;
    }
    gse::e2e::own_orphans();
    return RUN_ALL_TESTS();
}
