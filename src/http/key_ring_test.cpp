#include "http/key_ring.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/temp_folder.h"

namespace gse::http {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class KeyRingTest : public testing::Test {
protected:
    static FileKeyStore file() {
        const TempFolder folder = TempFolder::make("gse-keys").value();
        SeededRng rng(1);
        return open_credentials(folder.path() / "credentials.toml", {"ROOT", "root-secret"}, rng).value();
    }
    KeyRing ring{file()};
};

TEST_F(KeyRingTest, ServesTheFileAndWhatTheApiMade) {
    EXPECT_EQ(ring.find("ROOT")->secret, "root-secret");
    EXPECT_FALSE(ring.find("A"));
    ring.set({.secret_id = "A", .secret = "a", .read_only = true});
    ASSERT_TRUE(ring.find("A"));
    EXPECT_TRUE(ring.find("A")->read_only);
    ring.set({.secret_id = "A", .secret = "a", .disabled = true});
    EXPECT_TRUE(ring.find("A")->disabled);
    ring.remove("A");
    EXPECT_FALSE(ring.find("A"));
    ring.remove("A");
    ASSERT_THAT(ring.fixed(), SizeIs(1));
    EXPECT_TRUE(ring.fixed().front().root);
}

TEST_F(KeyRingTest, NobodyChangesTheRootKey) {
    ring.set({.secret_id = "ROOT", .secret = "mine", .disabled = true});
    ring.remove("ROOT");
    ASSERT_TRUE(ring.find("ROOT"));
    EXPECT_EQ(ring.find("ROOT")->secret, "root-secret");
    EXPECT_FALSE(ring.find("ROOT")->disabled);
}

TEST_F(KeyRingTest, UsesAreToldOnceAMinute) {
    ring.set({.secret_id = "A", .secret = "a"});
    EXPECT_EQ(ring.last_used("A"), WallTime{});
    const WallTime now{1'600'000'030'000};
    const WallTime minute{1'600'000'020'000};
    ring.note_use("A", now);
    ring.note_use("A", now + Millis{10'000});
    ring.note_use("gone", now);
    EXPECT_EQ(ring.last_used("A"), minute);
    ASSERT_THAT(ring.take_uses(), SizeIs(1));
    ring.note_use("A", now + Millis{20'000});
    EXPECT_THAT(ring.take_uses(), IsEmpty()) << "the same minute";
    ring.set({.secret_id = "A", .secret = "a", .disabled = true});
    EXPECT_EQ(ring.last_used("A"), minute) << "a change of the key forgets no use";
    ring.note_use("A", now + Millis{60'000});
    const auto uses = ring.take_uses();
    ASSERT_THAT(uses, SizeIs(1));
    EXPECT_EQ(uses.front().secret_id, "A");
    EXPECT_EQ(uses.front().minute, minute + Millis{60'000});
}

TEST_F(KeyRingTest, EveryThreadSeesAChangeAtOnce) {
    std::atomic<int> round{0}, seen{0};
    std::thread reader([&] {
        for (int want = 1; want <= 200; ++want) {
            while (round.load() < want) std::this_thread::yield();
            if (ring.find("A")->secret == std::to_string(want)) seen.fetch_add(1);
            round.store(-want);
        }
    });
    for (int i = 1; i <= 200; ++i) {
        ring.set({.secret_id = "A", .secret = std::to_string(i)});
        round.store(i);
        while (round.load() != -i) std::this_thread::yield();
    }
    reader.join();
    EXPECT_EQ(seen.load(), 200);
}

TEST_F(KeyRingTest, TwoRingsOnOneThreadDoNotMixUp) {
    KeyRing other{file()};
    other.set({.secret_id = "A", .secret = "other"});
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(ring.find("A"));
        EXPECT_TRUE(other.find("A"));
    }
}

}  // namespace
}  // namespace gse::http
