// main() of test programs whose agents are killed: the games that outlive them become children of the test.
#include <gmock/gmock.h>

#include "e2e/program.h"

int main(int argc, char** argv) {
    ::testing::InitGoogleMock(&argc, argv);
    gse::e2e::own_orphans();
    return RUN_ALL_TESTS();
}
