#include "objects/directory_pieces.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/temp_folder.h"
#include "objects/testing/object_text.h"

namespace gse::objects {
namespace {

using testing::bytes_of;

class DirectoryPiecesTest : public ::testing::Test {
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
