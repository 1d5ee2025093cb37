#include "agent/sandbox.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gse::agent {
namespace {

/// Of this process, and of what it starts; true when it is gone.
bool give_up(int capability) {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct held[2]{};
    if (prctl(PR_CAPBSET_DROP, capability) != 0 || syscall(SYS_capget, &header, held) != 0) return false;
    for (std::uint32_t* set : {&held[0].effective, &held[0].permitted, &held[0].inheritable})
        *set &= ~(1U << capability);
    return syscall(SYS_capset, &header, held) == 0;
}

TEST(Sandbox, FencesInWhereRootMayMakeNoNamespacesButUserNamespaces) {
    if (geteuid() != 0) GTEST_SKIP() << "only root is root in a container";
    enum Outcome { kFenced, kCannot, kUnfenced, kManyUsers };
    const pid_t child = fork();
    if (child == 0) {
        if (!give_up(CAP_SYS_ADMIN)) _exit(kCannot);
        const auto sandbox = Sandbox::find(SandboxMode::Auto, "/nowhere");
        _exit(!sandbox || !sandbox->isolates() || !sandbox->reason().empty() ? kUnfenced
              : sandbox->private_users()                                     ? kManyUsers
                                                                             : kFenced);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), kFenced);
}

}  // namespace
}  // namespace gse::agent
