// What every object store does, whatever it keeps objects in: the same cases for a directory and for S3.
#include "objects/object_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/rng.h"
#include "base/temp_folder.h"
#include "objects/directory_store.h"
#include "objects/s3_store.h"
#include "objects/testing/fake_s3.h"
#include "objects/testing/object_text.h"

namespace gse::objects {
namespace {

using testing::bytes_of;
using testing::get;
using testing::put;

constexpr WallTime kLater{9'000'000'000'000};
constexpr std::size_t kUnfinishedMax = 256;

/// Where a store keeps what it has, over its restarts.
class StoreWorld {
public:
    virtual ~StoreWorld() = default;
    virtual Result<std::unique_ptr<ObjectStore>> open() = 0;
    /// Files or the like that are no whole object.
    virtual std::size_t remains() = 0;
};

class DirectoryWorld final : public StoreWorld {
public:
    Result<std::unique_ptr<ObjectStore>> open() override { return open_directory_store(folder_.path() / "objects"); }
    std::size_t remains() override {
        std::size_t found = 0;
        for (const char* name : {"tmp", "parts"})
            found += static_cast<std::size_t>(
                std::distance(std::filesystem::directory_iterator{folder_.path() / "objects" / name}, {}));
        return found;
    }

private:
    const TempFolder folder_ = TempFolder::make("gse-objects").value();
};

class S3World final : public StoreWorld {
public:
    Result<std::unique_ptr<ObjectStore>> open() override {
        return open_s3_store({.endpoint = fake_.endpoint(),
                              .bucket = "gse",
                              .prefix = "some/where/",
                              .credentials = {"FAKEACCESSKEY", "fake/secret+key", ""},
                              .part_bytes = 4'096,
                              .copy_bytes = 8'192});
    }
    std::size_t remains() override {
        const auto keys = fake_.keys();
        return fake_.open_uploads() + static_cast<std::size_t>(std::ranges::count_if(keys, [](const std::string& key) {
                   return !key.starts_with("some/where/objects/");
               }));
    }

private:
    // Lists come in many pages, and parts are small, so that both are met with little.
    testing::FakeS3 fake_{{.min_part_bytes = 4'096, .page = 10}};
};

class ObjectStoreTest : public ::testing::TestWithParam<const char*> {
protected:
    std::unique_ptr<ObjectStore> open() const {
        auto store = world_->open();
        EXPECT_TRUE(store) << (store ? "" : store.error().message);
        return std::move(store).value();
    }

    const std::unique_ptr<StoreWorld> world_ = GetParam() == std::string_view("s3")
                                                   ? std::unique_ptr<StoreWorld>(std::make_unique<S3World>())
                                                   : std::make_unique<DirectoryWorld>();
};

class UnfinishedTest : public ObjectStoreTest {
protected:
    void open() {
        store_.reset();
        store_ = ObjectStoreTest::open();
    }
    void SetUp() override { open(); }

    /// Bytes kept after this piece, or the refusal.
    Result<std::uint64_t> put(std::string_view key, std::uint64_t offset, std::uint64_t total, std::string_view bytes) {
        auto piece = TRY(store_->put_piece("b", key, {offset, total}));
        TRY(piece->write(bytes_of(bytes)));
        return TRY(piece->keep()).stored;
    }
    Result<ObjectInfo> end(std::string_view key, std::uint64_t offset, std::uint64_t total, std::string_view bytes) {
        auto piece = TRY(store_->put_piece("b", key, {offset, total}));
        TRY(piece->write(bytes_of(bytes)));
        return piece->finish();
    }
    std::uint64_t kept(std::string_view key) {
        const auto state = store_->unfinished("b", key);
        return state && *state ? (*state)->stored : 0;
    }

    std::unique_ptr<ObjectStore> store_;
};

/// Bytes of which each stretch differs.
std::string long_text(std::size_t size) {
    SeededRng rng(size);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(rng.next());
    return text;
}

const auto kStores = ::testing::Values("directory", "s3");
std::string name_of_store(const ::testing::TestParamInfo<const char*>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreTest, kStores, name_of_store);
INSTANTIATE_TEST_SUITE_P(Stores, UnfinishedTest, kStores, name_of_store);

TEST_P(ObjectStoreTest, ASweepGoesThroughAllInBoundedSteps) {
    const auto store = open();
    for (int i = 0; i < 40; ++i)
        ASSERT_TRUE(put(*store, i % 2 == 0 ? "keep" : "go", "key-" + std::to_string(i), "content"));
    SweepCursor cursor;
    std::size_t steps = 0, looked_at = 0, removed = 0;
    for (bool complete = false; !complete; ++steps) {
        ASSERT_LT(steps, 20u);
        const auto swept = store->sweep(cursor, 7, kLater, [](std::string_view bucket) { return bucket == "go"; });
        ASSERT_TRUE(swept) << swept.error().message;
        EXPECT_LE(swept->looked_at, 7u);
        looked_at += swept->looked_at;
        removed += swept->removed;
        complete = swept->complete;
    }
    EXPECT_EQ(looked_at, 40u) << "each is looked at once";
    EXPECT_EQ(removed, 20u);
    for (int i = 0; i < 40; ++i)
        EXPECT_EQ((*store->stat(i % 2 == 0 ? "keep" : "go", "key-" + std::to_string(i))).has_value(), i % 2 == 0) << i;
}

TEST_P(ObjectStoreTest, ASweepLeavesWhatIsReplacedMeanwhile) {
    const auto store = open();
    const WallTime old = put(*store, "b", "k", "old")->stored_at;
    SweepCursor cursor;
    const auto swept = store->sweep(cursor, 10, old, [&](std::string_view) {
        while (put(*store, "b", "k", "new")->stored_at <= old) continue;  // between the look and the removal
        return true;
    });
    ASSERT_TRUE(swept);
    EXPECT_EQ(swept->removed, 0u);
    EXPECT_EQ(get(*store, "b", "k").value_or("none"), "new");
}

TEST_P(ObjectStoreTest, KeepsWhatWasPut) {
    const auto store = open();
    const auto info = put(*store, "bucket", "dir/game.zip", "content");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->size, 7u);
    EXPECT_EQ(info->sha256, to_hex(sha256("content")));
    EXPECT_EQ(get(*store, "bucket", "dir/game.zip").value_or("none"), "content");
    EXPECT_EQ(get(*open(), "bucket", "dir/game.zip").value_or("none"), "content") << "after opening again";
    const auto seen = store->stat("bucket", "dir/game.zip");
    ASSERT_TRUE(seen && *seen);
    EXPECT_EQ((*seen)->sha256, info->sha256);
    EXPECT_EQ((*seen)->stored_at, info->stored_at);
}

TEST_P(ObjectStoreTest, ReadsFromAnyOffset) {
    const auto store = open();
    ASSERT_TRUE(put(*store, "b", "k", "0123456789"));
    const auto download = store->get("b", "k").value();
    const struct {
        std::uint64_t offset;
        std::size_t room;
        std::string_view want;
    } kCases[] = {{0, 4, "0123"}, {8, 4, "89"}, {10, 4, ""}, {99, 4, ""}, {3, 0, ""}};
    for (const auto& c : kCases) {
        std::string buffer(c.room, '\0');
        const auto got = download->read(c.offset, std::as_writable_bytes(std::span{buffer}));
        ASSERT_TRUE(got);
        EXPECT_EQ(buffer.substr(0, *got), c.want) << c.offset;
    }
}

TEST_P(ObjectStoreTest, BucketAndKeyDoNotRunIntoEachOther) {
    const auto store = open();
    ASSERT_TRUE(put(*store, "a", "b/c", "one"));
    ASSERT_TRUE(put(*store, "a/b", "c", "two"));
    EXPECT_EQ(get(*store, "a", "b/c").value_or("none"), "one");
    EXPECT_EQ(get(*store, "a/b", "c").value_or("none"), "two");
}

TEST_P(ObjectStoreTest, RefusesNamesOutOfBounds) {
    const auto store = open();
    EXPECT_EQ(store->put("", "k", 1).error().code, ErrorCode::InvalidParameterValue);
    EXPECT_EQ(store->put("b", "", 1).error().code, ErrorCode::InvalidParameterValue);
    EXPECT_EQ(store->put(std::string(129, 'b'), "k", 1).error().code, ErrorCode::InvalidParameterValue);
    EXPECT_EQ(store->get("b", std::string(1025, 'k')).error().code, ErrorCode::InvalidParameterValue);
}

TEST_P(ObjectStoreTest, AbsentAndRemoved) {
    const auto store = open();
    EXPECT_EQ(store->get("b", "k").error().code, ErrorCode::NotFound);
    EXPECT_EQ(store->stat("b", "k").value(), std::nullopt);
    ASSERT_TRUE(put(*store, "b", "k", "x"));
    EXPECT_TRUE(store->remove("b", "k"));
    EXPECT_TRUE(store->remove("b", "k")) << "twice is as good as once";
    EXPECT_EQ(store->stat("b", "k").value(), std::nullopt);
}

TEST_P(ObjectStoreTest, AnOpenDownloadNeverMixesTwoObjects) {
    const auto store = open();
    ASSERT_TRUE(put(*store, "b", "k", "old"));
    const auto old = store->get("b", "k").value();
    const auto reads_old_or_nothing = [&] {
        std::string buffer(3, '\0');
        const auto got = old->read(0, std::as_writable_bytes(std::span{buffer}));
        return got ? buffer == "old" : got.error().code == ErrorCode::Unavailable;
    };
    ASSERT_TRUE(put(*store, "b", "k", "new!"));
    EXPECT_EQ(get(*store, "b", "k").value_or("none"), "new!");
    EXPECT_TRUE(reads_old_or_nothing());
    ASSERT_TRUE(store->remove("b", "k"));
    EXPECT_TRUE(reads_old_or_nothing());
}

TEST_P(ObjectStoreTest, AnUnfinishedUploadLeavesNothing) {
    const auto store = open();
    {
        const auto upload = store->put("b", "k", 100'000).value();
        ASSERT_TRUE(upload->write(bytes_of(std::string(9'000, 'h'))));
    }
    EXPECT_EQ(store->stat("b", "k").value(), std::nullopt);
    EXPECT_EQ(world_->remains(), 0u);
}

TEST_P(ObjectStoreTest, LimitsHold) {
    const auto store = open();
    const auto upload = store->put("b", "k", 5).value();
    ASSERT_TRUE(upload->write(bytes_of("12345")));
    EXPECT_EQ(upload->write(bytes_of("6")).error().code, ErrorCode::RequestTooLarge);
}

TEST_P(ObjectStoreTest, AnyBytesMakeAName) {
    const auto store = open();
    const std::string zero{"a\0b", 3};
    for (const std::string& key : {std::string{"../../etc/passwd"}, std::string{"/"}, std::string{".."}, zero,
                                   std::string(1024, 'x'), std::string{"tmp/0"}, std::string{"ü%2F?&+ "}})
        for (const std::string& bucket : {std::string{".."}, std::string{"a/b_"}, std::string(128, '%')}) {
            ASSERT_TRUE(put(*store, bucket, key, bucket + key));
            EXPECT_EQ(get(*store, bucket, key).value_or("none"), bucket + key);
        }
}

TEST_P(ObjectStoreTest, EverySizeComesBackAsItWent) {
    const auto store = open();
    // Around the sizes of parts, of descriptions and of windows.
    for (const std::size_t size : {0, 1, 4'095, 4'096, 4'097, 8'192, 8'193, 40'000, 300'000}) {
        const std::string text = long_text(size);
        const auto info = put(*store, "b", "k", text);
        ASSERT_TRUE(info) << size << ": " << info.error().message;
        EXPECT_EQ(info->size, size);
        EXPECT_EQ(info->sha256, to_hex(sha256(text)));
        EXPECT_EQ(get(*store, "b", "k").value_or("none") == text, true) << size;
        std::string in_steps, step(7'001, '\0');
        const auto download = store->get("b", "k").value();
        while (in_steps.size() < size) {
            const auto got = download->read(in_steps.size(), std::as_writable_bytes(std::span{step}));
            ASSERT_TRUE(got) << got.error().message;
            ASSERT_GT(*got, 0U);
            in_steps += step.substr(0, *got);
        }
        EXPECT_EQ(in_steps == text, true) << size;
    }
    EXPECT_EQ(world_->remains(), 0u);
}

TEST_P(ObjectStoreTest, ACopyIsAnObjectOfItsOwn) {
    const auto store = open();
    for (const std::size_t size : {3, 8'192, 8'193, 30'000}) {
        const std::string text = long_text(size);
        const auto info = put(*store, "uploads", "game.zip", text);
        ASSERT_TRUE(info);
        const auto copied = store->copy({"uploads", "game.zip"}, {"packages", info->sha256});
        ASSERT_TRUE(copied) << copied.error().message;
        EXPECT_EQ(copied->sha256, info->sha256);
        ASSERT_TRUE(put(*store, "uploads", "game.zip", "another"));
        EXPECT_EQ(get(*store, "packages", info->sha256).value_or("none") == text, true) << size;
        ASSERT_TRUE(store->remove("uploads", "game.zip"));
        EXPECT_EQ(store->stat("packages", info->sha256).value()->size, size);
    }
    EXPECT_EQ(store->copy({"uploads", "none"}, {"packages", "x"}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(world_->remains(), 0u);
}

TEST_P(ObjectStoreTest, AListHasEveryObjectOnce) {
    const auto store = open();
    std::vector<std::string> want;
    for (int i = 0; i < 35; ++i) {
        want.push_back(i % 2 == 0 ? "even " : "odd ");
        ASSERT_TRUE(put(*store, i % 2 == 0 ? "even" : "odd", std::to_string(i), "x"));
        want.back() += std::to_string(i);
    }
    ASSERT_TRUE(store->put_piece("b", "unfinished", {0, 10}));
    SweepCursor cursor;
    std::vector<std::string> got;
    for (int steps = 0; steps < 20; ++steps) {
        const auto listed = store->list(cursor, 6);
        ASSERT_TRUE(listed) << listed.error().message;
        EXPECT_TRUE(listed->damaged.empty());
        for (const auto& [bucket, key] : listed->objects) got.push_back(bucket + " " + key);
        if (listed->complete) break;
    }
    EXPECT_THAT(got, ::testing::UnorderedElementsAreArray(want));
}

TEST_P(ObjectStoreTest, OfManyWritersOneWins) {
    const auto store = open();
    std::vector<std::thread> writers;
    std::vector<Result<ObjectInfo>> outcomes(6);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        writers.emplace_back(
            [&, i] { outcomes[i] = put(*store, "b", "k", std::string(20'000, static_cast<char>('a' + i))); });
    for (auto& writer : writers) writer.join();
    for (const auto& outcome : outcomes) EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message);
    const std::string content = get(*store, "b", "k").value_or("none");
    EXPECT_EQ(content.size(), 20'000U);
    EXPECT_EQ(content, std::string(20'000, content.front()));
    EXPECT_EQ(world_->remains(), 0u);
}

TEST_P(UnfinishedTest, GoesOnAfterARestart) {
    ASSERT_EQ(put("k", 0, 10, "0123"), 4u);
    open();
    EXPECT_EQ(kept("k"), 4u);
    auto piece = store_->put_piece("b", "k", {4, 10});
    ASSERT_TRUE(piece) << piece.error().message;
    ASSERT_TRUE((*piece)->write(bytes_of("456789")));
    const auto info = (*piece)->finish();
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->sha256, to_hex(sha256("0123456789")));
    EXPECT_EQ(info->size, 10u);
    EXPECT_EQ(kept("k"), 0u) << "nothing is unfinished any more";
    EXPECT_EQ(store_->stat("b", "k").value()->sha256, info->sha256);
}

TEST_P(UnfinishedTest, OnePieceAtATimeAndTheNameIsFreeAfterIt) {
    auto first = store_->put_piece("b", "k", {0, 10});
    ASSERT_TRUE(first);
    EXPECT_EQ(store_->put_piece("b", "k", {0, 10}).error().code, ErrorCode::InUse);
    EXPECT_TRUE(store_->put_piece("b", "other", {0, 10})) << "another key is another upload";
    first->reset();
    EXPECT_TRUE(store_->put_piece("b", "k", {0, 10}));
}

TEST_P(UnfinishedTest, RefusesWhatDoesNotGoOn) {
    EXPECT_EQ(put("k", 3, 10, "x").error().code, ErrorCode::InvalidParameterValue) << "nothing is there to go on from";
    ASSERT_EQ(put("k", 0, 10, "0123"), 4u);
    for (const Piece wrong : {Piece{3, 10}, Piece{5, 10}, Piece{4, 11}, Piece{10, 10}, Piece{0, 0}})
        EXPECT_EQ(store_->put_piece("b", "k", wrong).error().code, ErrorCode::InvalidParameterValue)
            << wrong.offset << "/" << wrong.total;
    EXPECT_EQ(put("k", 4, 10, "4567890").error().code, ErrorCode::InvalidParameterValue) << "beyond the end";
    auto piece = store_->put_piece("b", "k", {4, 10});
    ASSERT_TRUE(piece);
    EXPECT_FALSE((*piece)->finish()) << "bytes are missing";
}

TEST_P(UnfinishedTest, TheirNumberIsBounded) {
    for (std::size_t i = 0; i < kUnfinishedMax; ++i) ASSERT_EQ(put("k" + std::to_string(i), 0, 10, "0"), 1u);
    EXPECT_EQ(put("one-more", 0, 10, "0").error().code, ErrorCode::Overloaded);
    EXPECT_EQ(put("k0", 1, 10, "1"), 2u) << "one that is known goes on";
}

TEST_P(UnfinishedTest, ThoseThatNobodyGoesOnWithAreDropped) {
    ASSERT_EQ(put("k", 0, 10, "0123"), 4u);
    const WallTime touched = store_->unfinished("b", "k").value()->touched_at;
    EXPECT_EQ(store_->drop_unfinished(touched - Millis{1}), 0u);
    {
        const auto busy = store_->put_piece("b", "k", {4, 10});
        EXPECT_EQ(store_->drop_unfinished(touched + Millis{60'000}), 0u) << "one that is coming in stays";
    }
    EXPECT_EQ(store_->drop_unfinished(touched + Millis{60'000}), 1u);
    EXPECT_EQ(kept("k"), 0u);
}

TEST_P(UnfinishedTest, PiecesOfAnySizeMakeTheObject) {
    for (const std::size_t total : {1, 4'096, 8'192, 20'000}) {
        const std::string text = long_text(total);
        SeededRng rng(total);
        std::uint64_t at = 0;
        for (int pieces = 0;; ++pieces) {
            ASSERT_LT(pieces, 200);
            const std::uint64_t take =
                std::min<std::uint64_t>(static_cast<std::uint64_t>(rng.between(1, 9'000)), total - at);
            if (pieces % 3 == 2) open();  // another run of the server
            const std::string_view bytes = std::string_view(text).substr(at, take);
            if (at + take == total) {
                const auto info = end("k", at, total, bytes);
                ASSERT_TRUE(info) << total << ": " << info.error().message;
                EXPECT_EQ(info->sha256, to_hex(sha256(text)));
                break;
            }
            const auto stored = put("k", at, total, bytes);
            ASSERT_TRUE(stored) << stored.error().message;
            at += take;
            EXPECT_EQ(*stored, at);
            EXPECT_EQ(kept("k"), at);
        }
        EXPECT_EQ(get(*store_, "b", "k").value_or("none") == text, true) << total;
        EXPECT_EQ(world_->remains(), 0u);
    }
}

TEST_P(UnfinishedTest, WhatAPieceBrokeOffWithIsKept) {
    const std::string text = long_text(20'000);
    {
        auto piece = store_->put_piece("b", "k", {0, 20'000});
        ASSERT_TRUE(piece);
        ASSERT_TRUE((*piece)->write(bytes_of(text.substr(0, 11'000))));
    }
    EXPECT_EQ(kept("k"), 11'000u);
    const auto info = end("k", 11'000, 20'000, text.substr(11'000));
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->sha256, to_hex(sha256(text)));
}

TEST_P(UnfinishedTest, BeginningAnewForgetsWhatCame) {
    ASSERT_EQ(put("k", 0, 20'000, long_text(9'000)), 9'000u);
    ASSERT_EQ(put("k", 0, 10, "0123"), 4u);
    const auto info = end("k", 4, 10, "456789");
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->sha256, to_hex(sha256("0123456789")));
    EXPECT_EQ(world_->remains(), 0u);
}

}  // namespace
}  // namespace gse::objects
