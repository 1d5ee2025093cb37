// The fake S3 as a process of its own: prints `ready http=127.0.0.1:PORT` and serves until it is told to end.
#include <csignal>
#include <cstdio>

#include "objects/testing/fake_s3.h"

int main() {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    const gse::objects::testing::FakeS3 fake;
    std::printf("ready http=127.0.0.1:%d\n", fake.port());
    std::fflush(stdout);
    int which = 0;
    sigwait(&stop, &which);
    return 0;
}
