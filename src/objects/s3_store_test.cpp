// What only an S3 store can meet: a network, another server, a store that answers "later", and settings that are wrong.
#include "objects/s3_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "objects/testing/fake_s3.h"
#include "objects/testing/object_text.h"

namespace gse::objects {
namespace {

using ::testing::AllOf;
using testing::bytes_of;
using ::testing::ElementsAre;
using testing::FakeS3;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::S3Op;
using testing::Trouble;

class S3StoreTest : public ::testing::Test {
protected:
    S3Options options() {
        return {.endpoint = fake_.endpoint(),
                .bucket = "gse",
                .prefix = "gse/",
                .credentials = {"FAKEACCESSKEY", "fake/secret+key", ""},
                .timeout = Millis{1'000},
                .part_bytes = 4'096,
                .copy_bytes = 8'192,
                .clock = &clock_,
                .pause = [this](Millis time) { pauses_.push_back(time.count()); }};
    }
    std::unique_ptr<ObjectStore> open() { return open_s3_store(options()).value(); }

    static Result<ObjectInfo> put(ObjectStore& store, std::string_view key, std::string_view content) {
        return testing::put(store, "b", key, content);
    }
    static Result<std::string> get(ObjectStore& store, std::string_view key) { return testing::get(store, "b", key); }
    static std::string text(std::size_t size, char first = 'a') {
        std::string out(size, first);
        for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(first + i * 31 % 23);
        return out;
    }

    struct Shifted final : Clock {
        [[nodiscard]] WallTime wall() const override { return SystemClock{}.wall() + by; }
        [[nodiscard]] std::int64_t monotonic_ms() const override { return 0; }
        Millis by{0};
    };

    FakeS3 fake_{{.min_part_bytes = 4'096, .page = 3}};
    Shifted clock_;
    std::vector<std::int64_t> pauses_;
    std::unique_ptr<ObjectStore> store_ = open();
};

TEST_F(S3StoreTest, SmallObjectsAreOneRequestAndLargeOnesParts) {
    ASSERT_TRUE(put(*store_, "small", text(4'096)));
    EXPECT_EQ(fake_.count(S3Op::Put), 1U);
    EXPECT_EQ(fake_.count(S3Op::Create), 0U);
    ASSERT_TRUE(put(*store_, "large", text(10'000)));
    EXPECT_EQ(fake_.count(S3Op::PutPart), 3U);
    EXPECT_EQ(fake_.count(S3Op::Complete), 1U);
    EXPECT_EQ(fake_.open_uploads(), 0U);
}

TEST_F(S3StoreTest, TheBucketMayBePartOfTheHostName) {
    S3Options named = options();
    named.endpoint = fake_.endpoint("localhost");
    named.path_style = false;
    const auto store = open_s3_store(named).value();
    ASSERT_TRUE(check_s3_store(named)) << check_s3_store(named).error().message;
    ASSERT_TRUE(put(*store, "k", text(9'000)));
    EXPECT_EQ(get(*store_, "k").value() == text(9'000), true) << "the same object by the path";
}

TEST_F(S3StoreTest, TemporaryCredentialsAreShown) {
    FakeS3 fake{{.session_token = "tok/en"}};
    S3Options temporary = options();
    temporary.endpoint = fake.endpoint();
    EXPECT_THAT(check_s3_store(temporary).error().message, HasSubstr("InvalidToken"));
    temporary.credentials.session_token = "tok/en";
    EXPECT_TRUE(check_s3_store(temporary));
}

TEST_F(S3StoreTest, WhatFailsForAMomentIsTriedAgain) {
    const std::string content = text(10'000);
    ASSERT_TRUE(put(*store_, "source", content));
    const struct {
        const char* what;
        S3Op op;
        Trouble trouble;
    } kCases[] = {
        {"500 on a small put", S3Op::Put, Trouble::InternalError},
        {"503 on a small put", S3Op::Put, Trouble::SlowDown},
        {"a put that was cut", S3Op::Put, Trouble::CutBefore},
        {"a put whose answer was cut", S3Op::Put, Trouble::CutAfter},
        {"a put that arrived garbled", S3Op::Put, Trouble::Garbled},
        {"503 on a part", S3Op::PutPart, Trouble::SlowDown},
        {"a part that was cut", S3Op::PutPart, Trouble::CutBefore},
        {"a part whose answer was cut", S3Op::PutPart, Trouble::CutAfter},
        {"a part that arrived garbled", S3Op::PutPart, Trouble::Garbled},
        {"no answer to a part", S3Op::PutPart, Trouble::Stall},
        {"500 on the begin of parts", S3Op::Create, Trouble::InternalError},
        {"503 on naming the object", S3Op::Complete, Trouble::SlowDown},
        {"500 on naming the object", S3Op::Complete, Trouble::InternalError},
        {"an error behind status 200", S3Op::Complete, Trouble::ErrorIn200},
        {"naming was cut", S3Op::Complete, Trouble::CutBefore},
        {"the answer to naming was cut", S3Op::Complete, Trouble::CutAfter},
        {"half of the answer to naming", S3Op::Complete, Trouble::CutBody},
        {"500 on a read", S3Op::Get, Trouble::InternalError},
        {"a read that was cut", S3Op::Get, Trouble::CutBody},
        {"503 on a copied part", S3Op::CopyPart, Trouble::SlowDown},
        {"an error behind status 200 of a copied part", S3Op::CopyPart, Trouble::ErrorIn200},
        {"the answer to a copied part was cut", S3Op::CopyPart, Trouble::CutAfter},
    };
    for (const auto& c : kCases) {
        fake_.trouble(c.op, c.trouble);
        const auto large = put(*store_, "large", content);
        ASSERT_TRUE(large) << c.what << ": " << large.error().message;
        const auto small = put(*store_, "small", "small");
        ASSERT_TRUE(small) << c.what << ": " << small.error().message;
        const auto copied = store_->copy({"b", "source"}, {"b", "copy"});
        ASSERT_TRUE(copied) << c.what << ": " << copied.error().message;
        for (const char* key : {"large", "copy"}) {
            const auto read = get(*store_, key);
            ASSERT_TRUE(read) << c.what << ": " << read.error().message;
            EXPECT_EQ(*read == content, true) << c.what;
        }
        EXPECT_EQ(get(*store_, "small").value(), "small") << c.what;
        EXPECT_EQ(fake_.open_uploads(), 0U) << c.what;
    }
}

TEST_F(S3StoreTest, TriesAreBoundedAndComeMoreAndMoreSlowly) {
    fake_.trouble(S3Op::Put, Trouble::SlowDown, 100);
    const auto refused = put(*store_, "k", "x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Overloaded);
    EXPECT_THAT(refused.error().message, HasSubstr("HTTP status 503 SlowDown; try again in a moment"));
    EXPECT_EQ(fake_.count(S3Op::Put), 5U);
    EXPECT_THAT(pauses_, ElementsAre(200, 400, 800, 1'600));
}

TEST_F(S3StoreTest, WhatIsRefusedIsNotTriedAgainAndLeavesNothing) {
    fake_.trouble(S3Op::PutPart, Trouble::Forbidden, 1, 1);
    const auto refused = put(*store_, "k", text(20'000));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::FailedOperation);
    EXPECT_THAT(refused.error().message, HasSubstr("may not do this in bucket gse"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("fake/secret+key")));
    EXPECT_TRUE(pauses_.empty());
    EXPECT_EQ(fake_.open_uploads(), 0U);
    EXPECT_EQ(store_->stat("b", "k").value(), std::nullopt);

    // An object that was there stays as it was.
    ASSERT_TRUE(put(*store_, "k", "old"));
    fake_.trouble(S3Op::Complete, Trouble::Forbidden);
    EXPECT_FALSE(put(*store_, "k", text(20'000)));
    EXPECT_EQ(get(*store_, "k").value(), "old");
    EXPECT_EQ(fake_.open_uploads(), 0U);
}

TEST_F(S3StoreTest, ADownloadIsNeverSilentlyWrong) {
    const std::string content = text(300'000);
    ASSERT_TRUE(put(*store_, "k", content));
    for (const auto& [trouble, what] : {std::pair{Trouble::FlipBit, "is damaged"}, {Trouble::ShortBody, "sent"}}) {
        fake_.trouble(S3Op::Get, trouble, 1, 1);  // the first one is for the description
        const auto read = get(*store_, "k");
        ASSERT_FALSE(read);
        EXPECT_THAT(read.error().message, HasSubstr(what));
    }
    EXPECT_EQ(get(*store_, "k").value() == content, true);
    // A description that is not as it was written, and something that is none.
    fake_.trouble(S3Op::Get, Trouble::FlipBit);
    EXPECT_THAT(store_->get("b", "k").error().message, HasSubstr("is damaged, or was not stored by OpenGSE"));
    fake_.set_content(fake_.keys().front(), "somebody else's");
    EXPECT_EQ(store_->stat("b", "k").error().code, ErrorCode::FailedOperation);
    SweepCursor cursor;
    EXPECT_THAT(store_->list(cursor, 10).value().damaged, ElementsAre(fake_.keys().front()));
}

TEST_F(S3StoreTest, ADamagedObjectIsNotCopied) {
    ASSERT_TRUE(put(*store_, "k", text(30'000)));
    const std::string path = fake_.keys().front();
    std::string damaged = fake_.content(path);
    damaged[100] = static_cast<char>(damaged[100] ^ 1);
    fake_.set_content(path, damaged);
    const auto refused = store_->copy({"b", "k"}, {"packages", "x"});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("its SHA-256 has changed"));
    EXPECT_EQ(store_->stat("packages", "x").value(), std::nullopt);
    EXPECT_EQ(fake_.open_uploads(), 0U);
}

TEST_F(S3StoreTest, TheStoreCopiesLargeObjectsItself) {
    ASSERT_TRUE(put(*store_, "k", text(30'000)));
    const std::size_t sent = fake_.count(S3Op::PutPart);
    ASSERT_TRUE(store_->copy({"b", "k"}, {"packages", "x"}));
    EXPECT_EQ(fake_.count(S3Op::CopyPart), 3U);
    EXPECT_EQ(fake_.count(S3Op::PutPart), sent + 1) << "the rest, and the description";
    // What is replaced while it is copied is not copied half and half.
    fake_.trouble(S3Op::CopyPart, Trouble::SlowDown);
    const S3Options plain = options();
    S3Options meddling = plain;
    meddling.pause = [&](Millis) { EXPECT_TRUE(put(*store_, "k", text(30'000, 'A'))); };
    const auto other = open_s3_store(meddling).value();
    EXPECT_EQ(other->copy({"b", "k"}, {"packages", "y"}).error().code, ErrorCode::Unavailable);
    EXPECT_EQ(store_->stat("packages", "y").value(), std::nullopt);
}

TEST_F(S3StoreTest, AnotherServerGoesOnWithAnUpload) {
    const std::string content = text(50'000);
    const auto piece = [&](ObjectStore& store, std::size_t from, std::size_t bytes) -> Result<std::uint64_t> {
        const auto opened = TRY(store.put_piece("b", "k", {from, content.size()}));
        TRY(opened->write(bytes_of(std::string_view(content).substr(from, bytes))));
        if (from + bytes == content.size()) return TRY(opened->finish()).size;
        return TRY(opened->keep()).stored;
    };
    ASSERT_EQ(piece(*store_, 0, 10'000), 10'000U);
    // The leader is cut off in the middle of a piece: parts of it have arrived, and nothing says so.
    auto cut = store_->put_piece("b", "k", {10'000, content.size()});
    ASSERT_TRUE(cut);
    ASSERT_TRUE((*cut)->write(bytes_of(std::string_view(content).substr(10'000, 9'000))));
    const auto next = open();
    EXPECT_EQ(next->unfinished("b", "k").value()->stored, 10'000U) << "what was answered is what counts";
    ASSERT_EQ(piece(*next, 10'000, 20'000), 30'000U);
    // The old one comes to itself once more, and writes down what it knows: the client is told where to go on.
    cut->reset();
    const auto late = next->unfinished("b", "k").value();
    ASSERT_TRUE(late);
    EXPECT_EQ(late->stored, 19'000U);
    EXPECT_EQ(piece(*next, 30'000, 5'000).error().code, ErrorCode::InvalidParameterValue);
    ASSERT_EQ(piece(*next, 19'000, 31'000), 50'000U);
    EXPECT_EQ(get(*next, "k").value() == content, true);
    EXPECT_EQ(next->stat("b", "k").value()->sha256, to_hex(sha256(content)));
    EXPECT_EQ(fake_.open_uploads(), 0U);
}

TEST_F(S3StoreTest, ACrashBehindTheNameIsSeen) {
    const std::string content = text(10'000);
    ASSERT_TRUE(store_->put_piece("b", "k", {0, content.size()}));
    {
        const auto last = store_->put_piece("b", "k", {0, content.size()}).value();
        ASSERT_TRUE(last->write(bytes_of(content)));
        fake_.trouble(S3Op::Delete, Trouble::Forbidden);  // as if it ended before it could tidy up
        ASSERT_TRUE(last->finish());
    }
    EXPECT_EQ(fake_.keys().size(), 2U);
    EXPECT_EQ(open()->unfinished("b", "k").value(), std::nullopt) << "whoever asks hears that the object is whole";
    EXPECT_EQ(fake_.keys().size(), 1U);
    EXPECT_EQ(get(*store_, "k").value() == content, true);
}

TEST_F(S3StoreTest, AnUploadThatTheStoreGaveUpBeginsAnew) {
    const auto begun = store_->put_piece("b", "k", {0, 50'000});
    ASSERT_TRUE(begun);
    ASSERT_TRUE((*begun)->write(bytes_of(text(10'000))));
    fake_.trouble(S3Op::PutPart, Trouble::NoUpload);
    const auto lost = (*begun)->write(bytes_of(text(10'000)));
    ASSERT_FALSE(lost);
    EXPECT_THAT(lost.error().message, HasSubstr("begin anew"));
    EXPECT_EQ(store_->unfinished("b", "k").value(), std::nullopt);
}

TEST_F(S3StoreTest, WhatACrashLeftGoesAfterADayAndNothingElse) {
    // Begun twice, because the first answer was cut: one of the two is nobody's.
    fake_.trouble(S3Op::Create, Trouble::CutAfter);
    const auto piece = store_->put_piece("b", "kept", {0, 50'000}).value();
    ASSERT_TRUE(piece->write(bytes_of(text(20'000))));
    ASSERT_TRUE(piece->keep());
    for (int i = 0; i < 4; ++i) {
        fake_.trouble(S3Op::Create, Trouble::CutAfter);
        ASSERT_TRUE(put(*store_, "k" + std::to_string(i), text(10'000)));
    }
    EXPECT_EQ(fake_.open_uploads(), 6U);
    EXPECT_EQ(store_->drop_unfinished(WallTime{0}), 0U);
    EXPECT_EQ(fake_.open_uploads(), 6U) << "they may be somebody's";
    fake_.age_uploads(Millis{25 * 3'600'000});
    EXPECT_EQ(store_->drop_unfinished(WallTime{0}), 0U);
    EXPECT_EQ(fake_.open_uploads(), 1U) << "the one that is known stays, however old";
    ASSERT_TRUE(piece->write(bytes_of(text(50'000).substr(20'000))));
    EXPECT_TRUE(piece->finish());
}

TEST_F(S3StoreTest, WrongSettingsAreExplained) {
    const struct {
        const char* what;
        std::function<void(S3Options&)> change;
        const char* says;
    } kCases[] = {
        {"no URL", [](S3Options& o) { o.endpoint = "127.0.0.1:9000"; },
         "objects.s3.endpoint = \"127.0.0.1:9000\" must be a URL"},
        {"a path", [](S3Options& o) { o.endpoint = "http://h/s3"; }, "must be a URL without a path"},
        {"a port that is none", [](S3Options& o) { o.endpoint = "http://h:0"; }, "must be a URL"},
        {"the bucket before an address", [](S3Options& o) { o.path_style = false; },
         "set objects.s3.path_style = true"},
        {"no bucket", [](S3Options& o) { o.bucket = ""; }, "objects.s3.bucket = \"\" must name a bucket"},
        {"a prefix without an end", [](S3Options& o) { o.prefix = "gse"; },
         "objects.s3.prefix = \"gse\" must be empty or end"},
        {"another bucket", [](S3Options& o) { o.bucket = "other"; }, "there is no bucket other at http://127.0.0.1"},
        {"an unknown key", [](S3Options& o) { o.credentials.access_key_id = "X"; },
         "does not know the access key X; correct objects.s3.access_key_id"},
        {"another secret", [](S3Options& o) { o.credentials.secret_key = "wrong"; },
         "the secret key does not belong to the access key"},
        {"another region", [](S3Options& o) { o.region = "mars-1"; },
         "is not in region mars-1 but in us-east-1; correct objects.s3.region"},
        {"nobody there", [](S3Options& o) { o.endpoint = "http://127.0.0.1:1"; }, "http://127.0.0.1:1 does not answer"},
    };
    for (const auto& c : kCases) {
        S3Options wrong = options();
        c.change(wrong);
        const auto refused = check_s3_store(wrong);
        ASSERT_FALSE(refused) << c.what;
        EXPECT_THAT(refused.error().message, AllOf(HasSubstr(c.says), Not(HasSubstr("fake/secret+key")))) << c.what;
        EXPECT_EQ(refused.error().code == ErrorCode::Overloaded, std::string_view(c.what) == "nobody there") << c.what;
    }
    clock_.by = Millis{-3'600'000};
    EXPECT_THAT(check_s3_store(options()).error().message, HasSubstr("set the clock"));
    clock_.by = Millis{0};
    const struct {
        S3Op op;
        Trouble trouble;
        const char* says;
    } kAnswers[] = {
        {S3Op::List, Trouble::Forbidden,
         "listing the bucket: the object store refused GET with HTTP status 403 AccessDenied"},
        {S3Op::List, Trouble::Portal, "is the endpoint right?"},
        {S3Op::List, Trouble::Moved, "is not in region us-east-1 but in eu-north-1"},
        {S3Op::ListUploads, Trouble::Forbidden, "listing unfinished uploads:"},
        {S3Op::Put, Trouble::Forbidden, "writing an object:"},
        {S3Op::Get, Trouble::Forbidden, "reading an object that was just written:"},
        {S3Op::Get, Trouble::FlipBit, "gives back something else"},
        {S3Op::Delete, Trouble::Forbidden, "removing an object:"},
    };
    for (const auto& c : kAnswers) {
        fake_.trouble(c.op, c.trouble);
        const auto refused = check_s3_store(options());
        ASSERT_FALSE(refused) << c.says;
        EXPECT_THAT(refused.error().message, HasSubstr(c.says));
    }
    fake_.trouble(S3Op::Get, Trouble::Forbidden, 1, 1);
    EXPECT_THAT(check_s3_store(options()).error().message, HasSubstr("allows s3:ListBucket on the whole bucket"));
    EXPECT_TRUE(check_s3_store(options()));
    EXPECT_LE(fake_.keys().size(), 1U) << "but where removing was refused, nothing is left of the check";
    fake_.forget_bucket();
    EXPECT_THAT(check_s3_store(options()).error().message, HasSubstr("there is no bucket gse"));
}

}  // namespace
}  // namespace gse::objects
