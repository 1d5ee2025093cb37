#include "agent/refusals.h"

#include <gtest/gtest.h>

namespace gse::agent {
namespace {

TEST(RefusedPaths, AreReadFromWhatToolsSay) {
    const struct {
        const char* what;
        const char* output;
        const char* paths;
    } kCases[] = {
        {"nothing was refused", "all well\nreally\n", ""},
        {"coreutils", "mkdir: cannot create directory '/opt/x': Read-only file system\n", "/opt/x"},
        {"coreutils, in a UTF-8 locale", "mkdir: cannot create directory ‘/opt/x’: Read-only file system\n", "/opt/x"},
        {"dash", "/local/game/install.sh: 3: cannot create /etc/x.conf: Permission denied\n", "/etc/x.conf"},
        {"bash", "/local/game/install.sh: line 3: /usr/lib/x: Read-only file system\n", "/usr/lib/x"},
        {"a program called by its path",
         "/usr/bin/install: cannot create regular file '/usr/local/bin/t': Permission denied", "/usr/local/bin/t"},
        {"what was to be moved is not what was refused",
         "mv: cannot move '/local/game/a' to '/usr/bin/a': Read-only file system", "/usr/bin/a"},
        {"python", "PermissionError: [Errno 13] Permission denied: '/usr/lib/python3/x'", "/usr/lib/python3/x"},
        {"apt", "E: List directory /var/lib/apt/lists/partial is missing. - Acquire (30: Read-only file system)",
         "/var/lib/apt/lists/partial"},
        {"each once, in order",
         "touch: cannot touch '/b': Read-only file system\n"
         "touch: cannot touch '/a': Read-only file system\n"
         "touch: cannot touch '/b': Read-only file system\n",
         "/b, /a"},
        {"three are enough",
         "/a: Permission denied\n/b: Permission denied\n/c: Permission denied\n/d: Permission denied\n", "/a, /b, /c"},
        {"a relative name is quoted with its line", "tar: bin/x: Cannot open: Read-only file system\n",
         "\"tar: bin/x: Cannot open: Read-only file system\""},
        {"what is denied inside is no business of the sandbox", "sh: /local/game/tool: Permission denied\n", ""},
        {"nor is what may be inside", "sh: ./tool: Permission denied\n", ""},
    };
    for (const auto& c : kCases) EXPECT_EQ(refused_paths(c.output), c.paths) << c.what;
}

}  // namespace
}  // namespace gse::agent
