// Linked into every program of the tsan build. The thread sanitizer sees only code that was compiled for it; Debian's
// gRPC and Abseil were not, so it takes whatever they hand from one thread to another for a race. Here it is told how
// they do that, which makes suppressions unnecessary: the functions below stand in front of theirs and mark what
// happens before what.
//
// The names are those of Debian 12's libraries. Where they differ, nothing is intercepted and the noise is back.
#include <dlfcn.h>
#include <grpc/grpc.h>
#include <sanitizer/tsan_interface.h>

extern "C" const char* __tsan_default_options() {
    // Reads and writes inside those libraries (say, a memcpy) are their own business. And a test forks an agent off, to
    // kill it.
    return "ignore_noninstrumented_modules=1:die_after_fork=0";
}

namespace {

template <class Function>
Function* behind(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// The function of the same name that the library itself defines; looked up once.
#define THE_REAL_ONE(function, name) static auto* const real = behind<decltype(function)>(name)

}  // namespace

// ---------------------------------------------------------------- Abseil's mutex, gRPC's only lock

#define MUTEX "_ZN4absl7debian35Mutex"
#define CONDVAR "_ZN4absl7debian37CondVar"

void mutex_lock(void* mutex) asm(MUTEX "4LockEv");
void mutex_lock(void* mutex) {
    THE_REAL_ONE(mutex_lock, MUTEX "4LockEv");
    real(mutex);
    __tsan_acquire(mutex);
}

bool mutex_try_lock(void* mutex) asm(MUTEX "7TryLockEv");
bool mutex_try_lock(void* mutex) {
    THE_REAL_ONE(mutex_try_lock, MUTEX "7TryLockEv");
    const bool locked = real(mutex);
    if (locked) __tsan_acquire(mutex);
    return locked;
}

void mutex_unlock(void* mutex) asm(MUTEX "6UnlockEv");
void mutex_unlock(void* mutex) {
    THE_REAL_ONE(mutex_unlock, MUTEX "6UnlockEv");
    __tsan_release(mutex);
    real(mutex);
}

void condvar_wait(void* condition, void* mutex) asm(CONDVAR "4WaitEPNS0_5MutexE");
void condvar_wait(void* condition, void* mutex) {
    THE_REAL_ONE(condvar_wait, CONDVAR "4WaitEPNS0_5MutexE");
    __tsan_release(mutex);
    real(condition, mutex);
    __tsan_acquire(mutex);
}

// absl::Time and absl::Duration: 8 and 4 bytes, handed over in two registers.
struct AbseilTime {
    long seconds;
    unsigned ticks;
};

bool condvar_wait_until(void* condition, void* mutex,
                        AbseilTime when) asm(CONDVAR "16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
bool condvar_wait_until(void* condition, void* mutex, AbseilTime when) {
    THE_REAL_ONE(condvar_wait_until, CONDVAR "16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
    __tsan_release(mutex);
    const bool late = real(condition, mutex, when);
    __tsan_acquire(mutex);
    return late;
}

bool condvar_wait_for(void* condition, void* mutex,
                      AbseilTime how_long) asm(CONDVAR "15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
bool condvar_wait_for(void* condition, void* mutex, AbseilTime how_long) {
    THE_REAL_ONE(condvar_wait_for, CONDVAR "15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
    __tsan_release(mutex);
    const bool late = real(condition, mutex, how_long);
    __tsan_acquire(mutex);
    return late;
}

// ---------------------------------------------------------------- gRPC's operations

// Between its start and its end an operation wanders through queues without locks. What was done before the start has
// happened when it ends, and what was done before the end when the completion queue tells so.

extern "C" grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag,
                                                 void* reserved) {
    THE_REAL_ONE(grpc_call_start_batch, "grpc_call_start_batch");
    __tsan_release(tag);
    return real(call, ops, count, tag, reserved);
}

#define END_OP \
    "_Z14grpc_cq_end_opP21grpc_completion_queuePvN4absl7debian36StatusEPFvS1_P18grpc_cq_completionES1_" \
    "S6_b"

void end_op(void* queue, void* tag, void* status, void* done, void* argument, void* storage, bool internal) asm(END_OP);
void end_op(void* queue, void* tag, void* status, void* done, void* argument, void* storage, bool internal) {
    THE_REAL_ONE(end_op, END_OP);
    __tsan_acquire(tag);
    __tsan_release(tag);
    real(queue, tag, status, done, argument, storage, internal);
}

extern "C" grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline, void* reserved) {
    THE_REAL_ONE(grpc_completion_queue_next, "grpc_completion_queue_next");
    const grpc_event event = real(queue, deadline, reserved);
    if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
    return event;
}

extern "C" grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag, gpr_timespec deadline,
                                                  void* reserved) {
    THE_REAL_ONE(grpc_completion_queue_pluck, "grpc_completion_queue_pluck");
    const grpc_event event = real(queue, tag, deadline, reserved);
    if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
    return event;
}

// A call of the server counts its reactions under way, partly in headers, which the sanitizer sees, partly inside the
// library. Whoever counts to nothing ends the call, and has seen all the others.

#define SCHEDULE_ON_DONE "_ZN4grpc8internal18ServerCallbackCall14ScheduleOnDoneEb"

void schedule_on_done(char* call, bool inline_reaction) asm(SCHEDULE_ON_DONE);
void schedule_on_done(char* call, bool inline_reaction) {
    THE_REAL_ONE(schedule_on_done, SCHEDULE_ON_DONE);
    // Behind the table of virtual functions: on_cancel_conditions_remaining_ and callbacks_outstanding_.
    char* const counts = call + sizeof(void*);
    __tsan_acquire(counts);
    __tsan_acquire(counts + sizeof(int));
    real(call, inline_reaction);
}

// A server counts the calls that go on, and its shutdown waits for the last of them.

#define SERVER "_ZN4grpc6Server"

void server_unref(void* server) asm(SERVER "23UnrefWithPossibleNotifyEv");
void server_unref(void* server) {
    THE_REAL_ONE(server_unref, SERVER "23UnrefWithPossibleNotifyEv");
    __tsan_release(server);
    real(server);
}

void server_wait(void* server) asm(SERVER "18UnrefAndWaitLockedEv");
void server_wait(void* server) {
    THE_REAL_ONE(server_wait, SERVER "18UnrefAndWaitLockedEv");
    real(server);
    __tsan_acquire(server);
}
