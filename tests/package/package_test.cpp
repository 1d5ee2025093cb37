// The Debian package as a machine has it: in a root file system of its own, made of this machine's and a layer in
// memory, dpkg installs it, upgrades it under a running game, removes and purges it. This machine's own packages are
// not touched.
#include <gmock/gmock.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "agent/proc.h"
#include "base/temp_folder.h"
#include "e2e/deployment.h"
#include "e2e/program.h"
#include "network/network.h"

namespace gse::package {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr Millis kLimit{120'000};
constexpr const char* kDpkgState = "/var/lib/dpkg/status";

std::string fails(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

void write_text(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::trunc) << text; }

/// `text` with `from`, which must be there, replaced.
std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// A machine's root: everything of this one below, and what is written on top, in memory.
class Root {
public:
    Root() {
        const fs::path layer = dir_.path() / "layer";
        for (const fs::path& folder : {layer, root()}) fs::create_directory(folder);
        if (mount("tmpfs", layer.c_str(), "tmpfs", 0, "mode=0755") != 0) {
            problem_ = fails("mount a layer");
            return;
        }
        for (const char* name : {"upper", "work"}) fs::create_directory(layer / name);
        const std::string options = fmt::format("lowerdir=/,upperdir={0}/upper,workdir={0}/work", layer.string());
        if (mount("overlay", root().c_str(), "overlay", 0, options.c_str()) != 0) problem_ = fails("mount the overlay");
        // systemd is not in charge here: /run is empty.
        for (const char* name : {"run", "tmp"})
            if (problem_.empty() && mount("tmpfs", (root() / name).c_str(), "tmpfs", 0, "mode=0755") != 0)
                problem_ = fails(name);
        for (const char* name : {"proc", "dev", "sys"})
            if (problem_.empty() &&
                mount((fs::path("/") / name).c_str(), (root() / name).c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
                problem_ = fails(name);
    }
    ~Root() {
        umount2(root().c_str(), MNT_DETACH);
        umount2((dir_.path() / "layer").c_str(), MNT_DETACH);
    }
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;

    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] fs::path root() const { return dir_.path() / "root"; }
    /// A path in it, as seen from outside.
    [[nodiscard]] fs::path at(const std::string& path) const { return root() / path.substr(1); }
    [[nodiscard]] fs::path outside(const std::string& name) const { return dir_.path() / name; }

    struct Outcome {
        int code = 0;
        std::string text;
    };
    /// Runs words to their end on this machine.
    Outcome run(std::vector<std::string> words) {
        const fs::path log = dir_.path() / fmt::format("run-{}.log", ++runs_);
        words.insert(words.begin(), {"/bin/sh", "-c", "exec \"$@\" >&2", "sh", "/usr/bin/env",
                                     "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                     "DEBIAN_FRONTEND=noninteractive"});
        e2e::Program program(std::move(words), log);
        const int code = program.wait(kLimit);
        return {code, program.log()};
    }
    /// The same in there.
    Outcome in(std::vector<std::string> words) {
        words.insert(words.begin(), {"chroot", root()});
        return run(std::move(words));
    }
    /// A service as its unit has it, though nobody reads units here.
    std::unique_ptr<e2e::Program> service(const std::string& user, std::vector<std::string> words) {
        words.insert(words.begin(), {"/usr/sbin/chroot", "--userspec=" + user, root(), "/usr/bin/gse"});
        return std::make_unique<e2e::Program>(std::move(words), dir_.path() / (user + ".log"));
    }

private:
    TempFolder dir_ = e2e::test_folder("gse-package");
    std::string problem_;
    int runs_ = 0;
};

class Package : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(root.problem(), "");
        // As ./dev package does; and the same once more as the next version, with a setting that the first has not.
        const auto packed = root.run(
            {"/bin/sh", "-c", "cd \"$0\" && exec cpack -G DEB -B \"$1\"", GSE_BUILD_DIR, root.outside("packed")});
        ASSERT_EQ(packed.code, 0) << packed.text;
        for (const auto& entry : fs::directory_iterator(root.outside("packed")))
            if (entry.path().extension() == ".deb") fs::copy(entry.path(), root.at("/tmp/first.deb"));
        ASSERT_TRUE(fs::exists(root.at("/tmp/first.deb"))) << packed.text;
        const fs::path tree = root.outside("tree");
        ASSERT_EQ(root.run({"dpkg-deb", "-R", root.at("/tmp/first.deb"), tree}).code, 0);
        const std::string control = e2e::read_text(tree / "DEBIAN/control");
        EXPECT_THAT(control, HasSubstr("Version: " GSE_VERSION "\n"));
        write_text(tree / "DEBIAN/control", with(control, "Version: " GSE_VERSION "\n", "Version: 99.1\n"));
        for (const char* name : {"etc/gse/server.toml", "etc/gse/agent.toml"})
            std::ofstream(tree / name, std::ios::app) << "\n# new in 99.1\n";
        const auto next = root.run({"dpkg-deb", "-Znone", "-b", tree, root.at("/tmp/next.deb")});
        ASSERT_EQ(next.code, 0) << next.text;
        fs::remove_all(tree);
    }
    /// Nobody is asked: what was changed by hand stays, as unattended upgrades have it.
    Root::Outcome install(const std::string& file) {
        return root.in({"dpkg", "--no-triggers", "--force-confdef", "--force-confold", "-i", file});
    }
    void start_server() {
        server = root.service("gse:gse", {"server", "--data", "/var/lib/gse", "--config", "/etc/gse/server.toml"});
        ASSERT_FALSE(server->ready().empty()) << server->log();
    }
    void start_agent() {
        agent = root.service("root:root", {"agent", "--data", "/var/lib/gse-agent", "--config", "/etc/gse/agent.toml"});
        ASSERT_FALSE(agent->ready().empty()) << agent->log();
    }
    static void stop(std::unique_ptr<e2e::Program>& program) {
        program->signal(SIGTERM);
        EXPECT_EQ(program->wait(kLimit), 0) << program->log();
        program.reset();
    }
    [[nodiscard]] std::vector<e2e::GameProcess> games() const {
        return e2e::running_games(root.at("/var/lib/gse-agent"));
    }

    Root root;
    std::unique_ptr<e2e::Program> server;
    std::unique_ptr<e2e::Program> agent;
};

TEST_F(Package, InstallsUpgradesUnderARunningGameAndGoesWithoutATrace) {
    const std::string machine = e2e::read_text(kDpkgState);
    const auto installed = install("/tmp/first.deb");
    ASSERT_EQ(installed.code, 0) << installed.text;
    EXPECT_THAT(installed.text, HasSubstr("systemctl enable --now gse-server"));
    EXPECT_THAT(root.in({"/usr/bin/gse", "version"}).text, HasSubstr("gse " GSE_VERSION));
    for (const char* file : {"/usr/bin/gse-chat", "/usr/share/man/man1/gse.1", "/usr/lib/sysusers.d/gse.conf",
                             "/usr/lib/tmpfiles.d/gse.conf", "/usr/share/bash-completion/completions/gse",
                             "/usr/share/doc/opengse/docs/operations.md", "/usr/share/doc/opengse/copyright"})
        EXPECT_TRUE(fs::exists(root.at(file))) << file;
    const auto units = root.in({"systemd-analyze", "verify", "/usr/lib/systemd/system/gse-server.service",
                                "/usr/lib/systemd/system/gse-agent.service"});
    EXPECT_THAT(units.text, ::testing::Not(HasSubstr("gse-")))
        << "where there is no systemd, its checker is not either";
    EXPECT_THAT(e2e::read_text(root.at("/usr/lib/systemd/system/gse-agent.service")), HasSubstr("KillMode=process"));
    EXPECT_THAT(root.in({"stat", "-c", "%U %a", "/var/lib/gse"}).text, HasSubstr("gse 700"));
    EXPECT_THAT(root.in({"stat", "-c", "%U:%G %a", "/etc/gse/server.toml"}).text, HasSubstr("root:gse 640"));

    // The server as it is out of the box; the agent with the two settings that it needs.
    start_server();
    e2e::Api api("127.0.0.1:8080");
    std::string problem;
    ASSERT_TRUE(e2e::write_host_token(api, root.at("/etc/gse/host.token"), problem)) << problem;
    std::string settings = e2e::read_text(root.at("/etc/gse/agent.toml"));
    // Another table has a key of that name, too.
    const auto table = settings.find("\n[agent]\n");
    ASSERT_NE(table, std::string::npos);
    settings =
        settings.substr(0, table) + with(settings.substr(table), "#server = \"\"", "server = \"127.0.0.1:7070\"");
    settings = with(settings, "#token_file = \"\"", "token_file = \"/etc/gse/host.token\"");
    write_text(root.at("/etc/gse/agent.toml"), settings);
    start_agent();
    const fs::path zip = root.outside("game.zip");
    e2e::write_game_zip(zip);
    const auto asset = e2e::upload_asset(api, zip);
    ASSERT_TRUE(asset) << e2e::describe(asset.error());
    const auto fleet = e2e::create_fleet(api, {.name = "main", .asset_id = *asset, .protection = "FullProtection"});
    ASSERT_TRUE(fleet) << e2e::describe(fleet.error());
    ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return e2e::fleet_status(api, *fleet) == "ACTIVE"; }))
        << e2e::event_text(api, *fleet) << agent->log();
    const auto session =
        api.call(api::CreateGameServerSessionRequest{.maximum_player_session_count = 4, .fleet_id = *fleet});
    ASSERT_TRUE(session) << e2e::describe(session.error());
    const std::string match = session->game_server_session->game_server_session_id;
    ASSERT_TRUE(e2e::wait_until(kLimit, [&] {
        const auto seen = e2e::find_session(api, match);
        return seen && seen->status == "ACTIVE";
    }));
    ASSERT_THAT(games(), SizeIs(1));
    const e2e::GameProcess game = games().front();
    const std::string who = e2e::ask_game(game.port, "WHO");
    ASSERT_NE(who, "");

    // The upgrade, and then what systemd would do: both start again with the new program.
    const auto upgraded = install("/tmp/next.deb");
    ASSERT_EQ(upgraded.code, 0) << upgraded.text;
    EXPECT_THAT(root.in({"dpkg-query", "-W", "-f=${Version} ${Status}", "opengse"}).text,
                HasSubstr("99.1 install ok installed"));
    EXPECT_EQ(e2e::read_text(root.at("/etc/gse/agent.toml")), settings) << "what was changed by hand stays";
    EXPECT_THAT(e2e::read_text(root.at("/etc/gse/server.toml")), HasSubstr("# new in 99.1"));
    EXPECT_EQ(e2e::ask_game(game.port, "WHO"), who);
    stop(agent);
    EXPECT_EQ(e2e::ask_game(game.port, "WHO"), who) << "without an agent too";
    server->signal(SIGHUP);  // systemctl reload: no end, although there is no certificate to read again
    EXPECT_TRUE(e2e::fleet_status(api, *fleet) == "ACTIVE") << server->log();
    stop(server);
    start_server();
    start_agent();
    ASSERT_TRUE(e2e::wait_until(kLimit, [&] {
        return e2e::http_get("127.0.0.1:8080", "/metrics").second.find("\ngse_hosts_connected 1") != std::string::npos;
    })) << agent->log();
    EXPECT_THAT(agent->log(), HasSubstr("1 games adopted"));
    EXPECT_EQ(e2e::ask_game(game.port, "WHO"), who);
    const auto after = e2e::find_session(api, match);
    EXPECT_EQ(after ? after->status : "", "ACTIVE");

    // Removed: settings, data and the match stay.
    stop(agent);
    stop(server);
    const auto removed = root.in({"dpkg", "--no-triggers", "-r", "opengse"});
    ASSERT_EQ(removed.code, 0) << removed.text;
    EXPECT_FALSE(fs::exists(root.at("/usr/bin/gse")));
    EXPECT_EQ(e2e::read_text(root.at("/etc/gse/agent.toml")), settings);
    EXPECT_TRUE(fs::exists(root.at("/var/lib/gse/journal/identity.toml")));
    EXPECT_EQ(e2e::ask_game(game.port, "WHO"), who);

    // Purged: all but what a game runs from, and what is not the package's.
    const auto purged = root.in({"dpkg", "--no-triggers", "--purge", "opengse"});
    ASSERT_EQ(purged.code, 0) << purged.text;
    EXPECT_THAT(purged.text, HasSubstr("games still run from /var/lib/gse-agent: it stays"));
    EXPECT_FALSE(fs::exists(root.at("/var/lib/gse")));
    EXPECT_FALSE(fs::exists(root.at("/etc/gse/server.toml")));
    EXPECT_TRUE(fs::exists(root.at("/etc/gse/host.token")));
    EXPECT_EQ(e2e::ask_game(game.port, "WHO"), who);
    e2e::end_orphans();
    e2e::remove_control_groups({game});
    fs::remove(root.at("/etc/gse/host.token"));
    ASSERT_EQ(install("/tmp/first.deb").code, 0);
    ASSERT_EQ(root.in({"dpkg", "--no-triggers", "--purge", "opengse"}).code, 0);
    for (const char* path : {"/var/lib/gse-agent", "/var/lib/gse", "/etc/gse", "/usr/share/opengse"})
        EXPECT_FALSE(fs::exists(root.at(path))) << path;
    EXPECT_EQ(e2e::read_text(kDpkgState), machine) << "this machine has not noticed";
}

}  // namespace
}  // namespace gse::package

int main(int argc, char** argv) {
    ::testing::InitGoogleMock(&argc, argv);
    gse::e2e::own_orphans();
    if (const std::string why = gse::network::enter_namespaces(); !why.empty()) {
        std::fprintf(stderr, "this machine does not let us have namespaces of our own: %s\n", why.c_str());
        return 1;
    }
    return RUN_ALL_TESTS();
}
