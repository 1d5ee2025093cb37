// Journals that older versions wrote are read, with every kind of record in them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "backup/archive.h"
#include "base/temp_folder.h"
#include "engine/replay.h"
#include "journal/sqlite.h"

namespace gse::core {
namespace {

namespace fs = std::filesystem;

void unpack(const fs::path& archive, const fs::path& folder) {
    auto reader = backup::ArchiveReader::open(archive).value();
    for (auto entry = reader.next().value(); !entry.name.empty(); entry = reader.next().value()) {
        std::ofstream out(folder / entry.name, std::ios::binary);
        ASSERT_TRUE(reader.read([&](std::span<const std::byte> piece) -> Result<void> {
            out.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
            return {};
        }));
    }
}

/// The only record of its kind.
template <class T>
const T& only(const State& state) {
    static const T kNothing{};
    EXPECT_EQ(state.table<T>().size(), 1U);
    const T* found = &kNothing;
    state.table<T>().for_each([&](Slot, const T& record) { found = &record; });
    return *found;
}

/// What tests/versions/make_data.sh made.
void check(const State& state) {
    EXPECT_EQ(only<Meta>(state).epoch, 1U);
    const Asset& asset = only<Asset>(state);
    EXPECT_EQ(asset.name, "chat-v1");
    EXPECT_EQ(asset.sha256.size(), 64U);
    const Fleet& fleet = only<Fleet>(state);
    EXPECT_EQ(fleet.name, "fleet-a");
    EXPECT_EQ(fleet.status, FleetStatus::Active);
    EXPECT_EQ(fleet.min, 1U);
    EXPECT_EQ(fleet.max, 3U);
    ASSERT_TRUE(fleet.target);
    EXPECT_EQ(fleet.target->percent, 30U);
    ASSERT_EQ(fleet.tags.size(), 1U);
    EXPECT_EQ(fleet.tags[0].value, "live");
    EXPECT_GE(fleet.instances_active, 1U);
    EXPECT_EQ(fleet.sessions_active, 2U);
    EXPECT_EQ(fleet.players, 3U);
    const Alias& alias = only<Alias>(state);
    EXPECT_EQ(alias.name, "stable");
    EXPECT_EQ(alias.description, "what players use");
    EXPECT_EQ(alias.fleet_id, fleet.id);
    EXPECT_EQ(only<ScalingRule>(state).name, "more");
    EXPECT_EQ(only<ScalingTimer>(state).name, "evening");
    EXPECT_EQ(only<ScalingTimer>(state).min, 2U);
    EXPECT_EQ(only<Queue>(state).name, "ranked");
    const Placement& placement = only<Placement>(state);
    EXPECT_EQ(placement.id, "placement-1");
    EXPECT_EQ(placement.status, PlacementStatus::Fulfilled);
    EXPECT_EQ(only<Bucket>(state).allowed_origins, std::vector<std::string>{"https://example.com"});
    EXPECT_EQ(only<AccessKey>(state).description, "for the lobby");
    EXPECT_TRUE(only<AccessKey>(state).read_only);
    EXPECT_EQ(only<HostToken>(state).region, "ap-shanghai");
    EXPECT_EQ(only<Host>(state).lost, false);
    EXPECT_GT(only<HostCursor>(state).acked_seq, 0U);
    EXPECT_GE(state.table<Process>().size(), 4U);
    EXPECT_GE(state.table<InstanceUsage>().size(), 1U);
    EXPECT_GE(state.table<FleetEvent>().size(), 1U);

    const Slot casual = state.find_idempotent("ap-shanghai", "once");
    ASSERT_NE(casual, kNone);
    const GameSession& session = state.at<GameSession>(casual);
    EXPECT_EQ(session.status, SessionStatus::Active);
    EXPECT_EQ(session.name, "casual");
    EXPECT_EQ(session.wishes->properties, (std::vector<GameProperty>{{"map", "harbour"}}));
    EXPECT_EQ(session.seats, 2U);
    const Slot ben = state.first_of_player("ben");
    ASSERT_NE(ben, kNone);
    EXPECT_EQ(state.at<PlayerSession>(ben).session, casual);
    EXPECT_EQ(*state.at<PlayerSession>(ben).data, "of ben");
}

class OldData : public ::testing::TestWithParam<const char*> {};

TEST_P(OldData, LoadsWithEverythingInIt) {
    const auto dir = TempFolder::make("gse-versions").value();
    unpack(fs::path(GSE_SOURCE_DIR) / "tests/versions" / GetParam(), dir.path());
    auto opened = journal::open_sqlite_journal({.dir = dir.path()});
    ASSERT_TRUE(opened) << opened.error().message;
    const Settings settings;
    State state(settings);
    engine::ReplayInto replay(state);
    const auto loaded = opened->journal->load(replay);
    ASSERT_TRUE(loaded) << loaded.error().message;
    state.rebuild();
    check(state);

    // And written anew it is the same.
    State::SnapshotCursor cursor;
    const std::string all = state.encode_slice(cursor, SIZE_MAX, replay.last);
    ASSERT_TRUE(cursor.at_end());
    State again(settings);
    ASSERT_TRUE(again.apply(all));
    again.rebuild();
    check(again);
    EXPECT_EQ(again.derived_digest(), state.derived_digest());
}

// A line a change of the records; docs/journal-format.md says how one is made.
INSTANTIATE_TEST_SUITE_P(Versions, OldData, ::testing::Values("1.tar.zst"));

}  // namespace
}  // namespace gse::core
