/// Ctrl-C and SIGTERM as an answer to waiting, instead of something that happens anywhere.
#pragma once

#include <signal.h>

#include "base/result.h"
#include "base/time.h"

namespace gse::demo {

/// Call before any thread is started: they inherit the blocked signals.
inline void hold_stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

/// Returns after `pause`; true at once when one of the signals has come.
inline bool asked_to_stop(Millis pause) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    const timespec time{.tv_sec = pause.count() / 1000, .tv_nsec = pause.count() % 1000 * 1'000'000};
    return sigtimedwait(&signals, nullptr, &time) > 0;
}

}  // namespace gse::demo
