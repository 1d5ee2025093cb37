/// `gse` as a process of its own, in a folder of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/temp_folder.h"
#include "base/time.h"

namespace gse::e2e {

/// Lets time go by where the passing of time is what is tried (the moment of a kill), not to wait for something.
void pass(Millis time);
/// Asks every 20 ms until `done` or the limit; says which. For what has no event to wait on.
[[nodiscard]] bool wait_until(Millis limit, const std::function<bool()>& done);

/// A folder for one test; it stays when GSE_TEST_KEEP is set.
[[nodiscard]] TempFolder test_folder(std::string_view name);

/// On loopback, that nobody has now: for a program that must find its port as it was when it starts again, or that
/// others must be told of before it listens.
[[nodiscard]] std::uint16_t free_port();

/// From now on the games that outlive their agent become children of this process: it reaps them, and kills at its end
/// what is left of them. Call once, before the first Program.
void own_orphans();
/// Kills every child that is left and waits for it; grandchildren come up as their parents go.
void end_orphans();

/// A started program. Killed when destroyed, and ends with this process.
class Program {
public:
    /// stderr is appended to `log`. The API key kSecretId is in its environment.
    Program(std::vector<std::string> command, std::filesystem::path log);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// The words of the line `ready http=… sdk=…`, by name; empty when it ended or took longer than `limit`.
    std::map<std::string, std::string> ready(Millis limit = Millis{30'000});
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running();
    void signal(int number);
    /// SIGKILL, and gone when this returns.
    void kill_hard();
    /// The exit code, 128 + signal, or -1 when it still runs after `limit`.
    int wait(Millis limit);
    [[nodiscard]] std::string log() const;

private:
    pid_t pid_ = -1;
    Fd pidfd_;
    Fd out_;
    std::filesystem::path log_;
};

/// The `gse` of this build with these words behind it.
std::vector<std::string> gse_command(std::vector<std::string> words);

/// One line to a gse-test-game, one line back; "" when nobody answers.
std::string ask_game(std::uint16_t port, const std::string& line, const std::string& address = "127.0.0.1");

/// A game process of an agent, by what the agent keeps on disk about it.
struct GameProcess {
    std::string id;
    std::string instance;
    std::string fleet;
    pid_t pid = 0;
    pid_t shim = 0;
    std::uint16_t port = 0;
    std::filesystem::path folder;
};
/// Those that run now.
std::vector<GameProcess> running_games(const std::filesystem::path& agent_data);

/// Removes the control groups of games that were killed without their agent, which would have done it.
void remove_control_groups(const std::vector<GameProcess>& games);

/// Whole content, "" when it cannot be read.
std::string read_text(const std::filesystem::path& file);

}  // namespace gse::e2e
