/// A program started by the demo, in a process group of its own, so that Ctrl-C reaches the demo alone.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/time.h"

namespace gse::demo {

/// Killed when destroyed, if it still runs. It ends with the demo, whatever ends the demo.
class Child {
public:
    /// stderr goes to `log`, which is appended to; stdout to next_line().
    static Result<Child> start(const std::vector<std::string>& command, const std::filesystem::path& log);
    ~Child();
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;

    /// The next line of its stdout. Unavailable after `limit`; FailedOperation when it has closed stdout.
    Result<std::string> next_line(Millis limit);
    void signal(int number) const;
    /// The exit code, 128 + signal when a signal ended it. Unavailable when it still runs after `limit`.
    Result<int> wait(Millis limit);
    [[nodiscard]] bool running();

private:
    Child(pid_t pid, Fd pidfd, Fd out) : pid_(pid), pidfd_(std::move(pidfd)), out_(std::move(out)) {}

    pid_t pid_;
    Fd pidfd_;
    Fd out_;
    std::string unread_;
};

/// Runs a program to its end. FailedOperation with the end of `log` when it fails or takes longer than `limit`.
Result<void> run_program(const std::vector<std::string>& command, const std::filesystem::path& log, Millis limit);

/// From now on, processes whose parents die become children of this one.
void adopt_orphans();
/// Collects the children that have ended, waits up to `limit` for the others, kills those left. How many were killed.
std::size_t end_children(Millis limit);

/// The last lines of a text file.
[[nodiscard]] std::string tail(const std::filesystem::path& file, std::size_t lines = 40);

}  // namespace gse::demo
