#include "objects/directory_pieces.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/temp_folder.h"

namespace gse::objects {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

class DirectoryPiecesTest : public testing::Test {
protected:
    void open(DirectoryStoreOptions options = {}) {
        store_.reset();
        auto store = open_directory_store(folder_.path() / "objects", std::move(options));
        ASSERT_TRUE(store) << store.error().message;
        store_ = *std::move(store);
    }
    void SetUp() override { open(); }

    /// Bytes kept after this piece, or the refusal.
    Result<std::uint64_t> put(std::string_view key, std::uint64_t offset, std::uint64_t total, std::string_view bytes) {
        auto piece = TRY(store_->put_piece("b", key, {offset, total}));
        TRY(piece->write(bytes_of(bytes)));
        return TRY(piece->keep()).stored;
    }
    std::uint64_t kept(std::string_view key) {
        const auto state = store_->unfinished("b", key);
        return state && *state ? (*state)->stored : 0;
    }

    TempFolder folder_ = TempFolder::make("gse-pieces").value();
    std::unique_ptr<ObjectStore> store_;
};

TEST_F(DirectoryPiecesTest, GoesOnAfterARestart) {
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

TEST_F(DirectoryPiecesTest, ACrashTakesOnlyWhatWasNotSynced) {
    ASSERT_EQ(put("k", 0, 10, "0123"), 4u);
    struct PowerCut {};
    // The next piece's bytes are on the disk, but the header that counts them is not.
    int headers = 0;
    open({.reserve_bytes = 0, .before_step = [&](UploadStep step) {
              if (step == UploadStep::WriteHeader && ++headers == 1) throw PowerCut{};
          }});
    auto piece = store_->put_piece("b", "k", {4, 10});
    ASSERT_TRUE(piece);
    ASSERT_TRUE((*piece)->write(bytes_of("45")));
    EXPECT_THROW((void)(*piece)->keep(), PowerCut);
    EXPECT_EQ(kept("k"), 4u);
}

TEST_F(DirectoryPiecesTest, OnePieceAtATimeAndTheNameIsFreeAfterIt) {
    auto first = store_->put_piece("b", "k", {0, 10});
    ASSERT_TRUE(first);
    EXPECT_EQ(store_->put_piece("b", "k", {0, 10}).error().code, ErrorCode::InUse);
    EXPECT_TRUE(store_->put_piece("b", "other", {0, 10})) << "another key is another upload";
    first->reset();
    EXPECT_TRUE(store_->put_piece("b", "k", {0, 10}));
}

TEST_F(DirectoryPiecesTest, RefusesWhatDoesNotGoOn) {
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

TEST_F(DirectoryPiecesTest, TheirNumberIsBounded) {
    for (std::size_t i = 0; i < DirectoryPieces::kUnfinishedMax; ++i)
        ASSERT_EQ(put("k" + std::to_string(i), 0, 10, "0"), 1u);
    EXPECT_EQ(put("one-more", 0, 10, "0").error().code, ErrorCode::Overloaded);
    EXPECT_EQ(put("k0", 1, 10, "1"), 2u) << "one that is known goes on";
}

TEST_F(DirectoryPiecesTest, ThoseThatNobodyGoesOnWithAreDropped) {
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

TEST_F(DirectoryPiecesTest, DamageIsNotGoneOnWith) {
    ASSERT_EQ(put("k", 0, 10, "0123"), 4u);
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "objects" / "parts")) {
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(9);
        file.put('\x55');
    }
    EXPECT_EQ(kept("k"), 0u);
    EXPECT_EQ(put("k", 4, 10, "4").error().code, ErrorCode::InvalidParameterValue);
    EXPECT_EQ(put("k", 0, 10, "0123456789"), 9u) << "beginning anew helps; the last byte is counted with the end";
}

}  // namespace
}  // namespace gse::objects
