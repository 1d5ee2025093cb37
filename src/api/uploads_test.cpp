#include "api/uploads.h"

#include <gtest/gtest.h>

#include "api/actions.h"
#include "base/temp_folder.h"
#include "objects/directory_store.h"

namespace gse::api {
namespace {

using namespace std::chrono_literals;

class UploadsTest : public ::testing::Test {
protected:
    WallTime put(std::string_view bucket, std::string_view key) {
        auto upload = store_->put(bucket, key, 1'000).value();
        EXPECT_TRUE(upload->write(std::as_bytes(std::span(key))));
        return upload->finish().value().stored_at;
    }
    bool there(std::string_view bucket, std::string_view key) { return store_->stat(bucket, key)->has_value(); }
    std::size_t sweep(WallTime now) {
        objects::SweepCursor cursor;
        std::size_t removed = 0;
        for (int i = 0; i < 100; ++i) {
            const auto swept = sweep_uploads(*store_, cursor, settings_, now, 3);
            EXPECT_TRUE(swept) << swept.error().message;
            removed += swept->removed;
            if (swept->complete) break;
        }
        return removed;
    }

    Settings settings_;
    TempFolder folder_ = TempFolder::make("gse-uploads").value();
    std::unique_ptr<objects::ObjectStore> store_ = objects::open_directory_store(folder_.path() / "objects").value();
    const std::string shanghai_ = upload_bucket(settings_, "ap-shanghai");
    const std::string tokyo_ = upload_bucket(settings_, "ap-tokyo");
};

TEST_F(UploadsTest, GoWhenTheirTimeIsOver) {
    const WallTime stored = put(shanghai_, "chat.zip");
    put(tokyo_, "chat.zip");
    put(kPackageBucket, "0123");
    put(kLogBucket, "fleet-1/log.zip");
    put("another", "chat.zip");
    EXPECT_EQ(sweep(stored + 23h), 0u) << "within a day they stay";
    EXPECT_TRUE(there(shanghai_, "chat.zip"));
    EXPECT_EQ(sweep(stored + 25h), 2u);
    EXPECT_FALSE(there(shanghai_, "chat.zip"));
    EXPECT_FALSE(there(tokyo_, "chat.zip"));
    EXPECT_TRUE(there(kPackageBucket, "0123")) << "what is registered stays";
    EXPECT_TRUE(there(kLogBucket, "fleet-1/log.zip"));
    EXPECT_TRUE(there("another", "chat.zip")) << "and what is no upload";
    EXPECT_EQ(sweep(stored + 25h), 0u);
}

TEST_F(UploadsTest, TheSettingSaysHowLong) {
    const WallTime stored = put(shanghai_, "chat.zip");
    settings_.objects.keep_uploads = Millis{0};
    EXPECT_EQ(sweep(stored + 24h * 365), 0u) << "0: never";
    settings_.objects.keep_uploads = 10s;
    EXPECT_EQ(sweep(stored + 9s), 0u);
    EXPECT_EQ(sweep(stored + 10s), 1u);
}

}  // namespace
}  // namespace gse::api
