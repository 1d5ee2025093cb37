// Folders that are in use, damaged, somebody else's or full: a clear word and exit code 1, and nothing overwritten.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <thread>

#include "base/crypto.h"
#include "base/hex.h"
#include "crash/cluster.h"

namespace gse::crash {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr Millis kLimit{20'000};

/// Every file of a folder by name, with its hash. The lock names the last process that tried: it is no content.
std::map<std::string, std::string> content(const fs::path& folder) {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file() && entry.path().filename() != "lock")
            out[entry.path().lexically_relative(folder)] = to_hex(sha256(e2e::read_text(entry.path())));
    return out;
}

struct Refusal {
    int code;
    std::string log;
};
Refusal try_server(const Cluster& cluster, const fs::path& data) {
    const fs::path log = cluster.dir() / "refused.log";
    e2e::Program server(cluster.server_command(data), log);
    const int code = server.wait(kLimit);
    return {code, server.log()};
}

/// Registers so many assets, each a write of its own; their ids.
std::vector<std::string> fill(Cluster& cluster, int count) {
    const fs::path zip = cluster.dir() / "asset.zip";
    std::ofstream(zip) << "PK\3\4 begins a zip, which is not unpacked before a fleet wants it";
    e2e::Api api = cluster.api();
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) {
        auto asset = e2e::upload_asset(api, zip);
        EXPECT_TRUE(asset) << (asset ? "" : e2e::describe(asset.error()));
        if (asset) out.push_back(*asset);
    }
    return out;
}

std::uint64_t count_assets(e2e::Api& api) {
    const auto answer = api.call(api::DescribeAssetsRequest{.asset_region = e2e::kRegion, .limit = 100});
    EXPECT_TRUE(answer) << (answer ? "" : e2e::describe(answer.error()));
    return answer ? static_cast<std::uint64_t>(answer->total_count) : 0;
}

class DataDir : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(cluster.start_server()) << cluster.problem(); }

    /// A start on the folder as it is now fails with `words`, and changes nothing; with the old content it works again.
    void refused(const std::string& words) {
        const auto before = content(journal);
        const Refusal refusal = try_server(cluster, cluster.server_data());
        EXPECT_EQ(refusal.code, 1);
        EXPECT_THAT(refusal.log, HasSubstr(words));
        EXPECT_EQ(content(journal), before);
    }

    Cluster cluster;
    const fs::path journal = cluster.server_data() / "journal";
};

TEST_F(DataDir, ASecondServerIsRefusedAndTheFirstGoesOn) {
    const Refusal refusal = try_server(cluster, cluster.server_data());
    EXPECT_EQ(refusal.code, 1);
    EXPECT_THAT(refusal.log,
                HasSubstr(fmt::format("is in use by another gse process (pid {})", cluster.server()->pid())));
    EXPECT_EQ(fill(cluster, 1).size(), 1U);
}

TEST_F(DataDir, IsNotMadeForASettingThatIsRefused) {
    const fs::path untouched = cluster.dir() / "untouched";
    for (const std::vector<std::string>& words : {std::vector<std::string>{"--listen", "0.0.0.0:0"},
                                                  {"--listen", "127.0.0.1:0", "--tls-cert", "/no/such.pem"},
                                                  {"--listen", "127.0.0.1:0", "--set", "link_listen=nowhere"},
                                                  {"--listen", "a.name.of.somewhere:0"}}) {
        std::vector<std::string> command{"server", "--data", untouched.string()};
        command.insert(command.end(), words.begin(), words.end());
        const fs::path log = cluster.dir() / "refused.log";
        e2e::Program server(e2e::gse_command(command), log);
        EXPECT_EQ(server.wait(kLimit), 1) << words[1];
        EXPECT_FALSE(fs::exists(untouched)) << words[1] << ": " << server.log();
    }
}

TEST_F(DataDir, ADamagedOrForeignJournalIsRefusedAndLeftAsItIs) {
    fill(cluster, 20);
    cluster.kill_server();
    const fs::path copy = cluster.dir() / "copy";
    fs::copy(journal, copy, fs::copy_options::recursive);
    const auto restore = [&] {
        fs::remove_all(journal);
        fs::copy(copy, journal, fs::copy_options::recursive);
    };

    {
        SCOPED_TRACE("the identity file is cut short");
        fs::resize_file(journal / "identity.toml", fs::file_size(journal / "identity.toml") / 2);
        refused("identity.toml was not written by OpenGSE or is damaged");
        restore();
    }
    {
        SCOPED_TRACE("the identity file is gone");
        fs::remove(journal / "identity.toml");
        refused("identity.toml is missing");
        restore();
    }
    {
        SCOPED_TRACE("bytes of the log are not what they were");
        const fs::path segment = journal / "log-000000000001.db";
        std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(0);
        for (int i = 0; i < 64; ++i) file.put('\x5a');
        file.close();
        refused("log-000000000001.db");
        restore();
    }
    {
        SCOPED_TRACE("a journal of another deployment under this identity");
        Cluster other;
        ASSERT_TRUE(other.start_server()) << other.problem();
        other.kill_server();
        for (const char* name : {"log-000000000001.db", "log-000000000001.db-wal"}) {
            fs::remove(journal / name);
            if (fs::exists(other.server_data() / "journal" / name))
                fs::copy(other.server_data() / "journal" / name, journal / name);
        }
        refused("belongs to deployment");
        restore();
    }
    {
        SCOPED_TRACE("files with other names are nobody's business");
        std::ofstream(journal / "notes.txt") << "mine";
        ASSERT_TRUE(cluster.start_server()) << cluster.problem();
        e2e::Api api = cluster.api();
        EXPECT_EQ(count_assets(api), 20U);
        EXPECT_EQ(e2e::read_text(journal / "notes.txt"), "mine");
    }
}

TEST_F(DataDir, AnAgentStaysWithItsDeployment) {
    ASSERT_TRUE(cluster.start_agent()) << cluster.problem();
    ASSERT_TRUE(cluster.settle({}, 0)) << cluster.problem();
    const fs::path pinned = cluster.agent_data() / "agent" / "server-pin";
    ASSERT_TRUE(e2e::wait_until(kLimit, [&] { return fs::exists(pinned); })) << cluster.agent()->log();
    cluster.kill_agent();
    cluster.kill_server();
    const std::string pin = e2e::read_text(pinned);
    ASSERT_FALSE(pin.empty());

    // Another deployment takes the place of the agent's own: same address, same authority, another journal.
    fs::remove_all(journal);
    ASSERT_TRUE(cluster.start_server()) << cluster.problem();
    ASSERT_TRUE(cluster.start_agent()) << cluster.problem();
    EXPECT_TRUE(e2e::wait_until(kLimit, [&] {
        return cluster.agent()->log().find("was removed from this deployment") != std::string::npos;
    })) << cluster.agent()->log();
    EXPECT_EQ(e2e::read_text(cluster.agent_data() / "agent" / "server-pin"), pin);
    EXPECT_THAT(e2e::http_get(cluster.http(), "/metrics").second, HasSubstr("\ngse_hosts_connected 0"));
}

/// A file system of its own, so that it can be filled.
class SmallDisk {
public:
    explicit SmallDisk(fs::path where) : where_(std::move(where)) {
        fs::create_directories(where_);
        mounted_ = mount("tmpfs", where_.c_str(), "tmpfs", 0, "size=64m") == 0;
        error_ = mounted_ ? 0 : errno;
    }
    ~SmallDisk() {
        if (mounted_) umount2(where_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    [[nodiscard]] int error() const { return error_; }
    /// Writes a file until `left` bytes are free.
    void fill(const fs::path& file, std::uint64_t left) const {
        std::ofstream out(file, std::ios::binary | std::ios::app);
        const std::string piece(64 << 10, 'x');
        for (struct statvfs info{};
             statvfs(where_.c_str(), &info) == 0 && info.f_bavail * info.f_frsize > left + piece.size();)
            out.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush();
    }

private:
    fs::path where_;
    bool mounted_ = false;
    int error_ = 0;
};

TEST(FullDisk, WritesAreRefusedReadsGoOnAndItRecoversAlone) {
    Cluster cluster({"journal.reserve_bytes=8MiB", "journal.segment_bytes=1MiB"});
    const SmallDisk disk(cluster.server_data());
    if (disk.error() == EPERM || disk.error() == EACCES)
        GTEST_SKIP() << "this machine does not let us mount a small disk";
    ASSERT_EQ(disk.error(), 0);
    ASSERT_TRUE(cluster.start_server()) << cluster.problem();
    const std::vector<std::string> assets = fill(cluster, 3);
    ASSERT_EQ(assets.size(), 3U);
    e2e::Api api = cluster.api();
    EXPECT_EQ(e2e::http_get(cluster.http(), "/readyz").first, 200);

    const fs::path ballast = cluster.server_data() / "ballast";
    const api::UpdateAssetRequest change{.asset_id = assets.front(), .asset_name = "changed", .asset_version = "2"};
    // Little is left, and then nothing: that the server holds itself back is what keeps it alive.
    for (const std::uint64_t left : {std::uint64_t{4} << 20, std::uint64_t{0}}) {
        SCOPED_TRACE(fmt::format("{} bytes are free", left));
        disk.fill(ballast, left);
        client::ApiError error;
        EXPECT_TRUE(e2e::wait_until(kLimit, [&] {
            const auto answer = api.call(change);
            if (!answer) error = answer.error();
            return !answer;
        }));
        EXPECT_EQ(error.code, "FailedOperation") << error.message << cluster.server()->log();
        EXPECT_THAT(error.message, HasSubstr("journal.reserve_bytes"));
        EXPECT_EQ(count_assets(api), 3U);
        const auto [status, body] = e2e::http_get(cluster.http(), "/readyz");
        EXPECT_EQ(status, 503);
        EXPECT_THAT(body, HasSubstr("changes are refused"));
    }
    fs::remove(ballast);
    EXPECT_TRUE(e2e::wait_until(kLimit, [&] { return api.call(change).has_value(); }));
    EXPECT_EQ(e2e::http_get(cluster.http(), "/readyz").first, 200);
    // What was answered is there after a start as well.
    cluster.kill_server();
    ASSERT_TRUE(cluster.start_server()) << cluster.problem();
    e2e::Api again = cluster.api();
    EXPECT_EQ(count_assets(again), 3U);
}

}  // namespace
}  // namespace gse::crash
