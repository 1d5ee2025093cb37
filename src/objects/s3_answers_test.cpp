#include "objects/s3_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gse::objects {
namespace {

using testing::HasSubstr;

TEST(S3Answers, ListsAndTheirPages) {
    const auto listing = read_listing(
        R"(<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents><Key>a&amp;b</Key>)"
        R"(<LastModified>2020-07-30T03:55:43.123Z</LastModified><Size>1</Size></Contents><Contents><Key>c</Key></Contents>)"
        R"(<IsTruncated>true</IsTruncated><NextContinuationToken>t=/</NextContinuationToken></ListBucketResult>)");
    ASSERT_TRUE(listing) << listing.error().message;
    ASSERT_EQ(listing->objects.size(), 2U);
    EXPECT_EQ(listing->objects[0].key, "a&b");
    EXPECT_EQ(listing->objects[0].modified.ms, 1'596'081'343'123);
    EXPECT_EQ(listing->next, "t=/");
    EXPECT_FALSE(read_listing("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"))
        << "a page that goes on nowhere would be read for ever";
    const auto parts = read_parts(
        "<ListPartsResult><Part><PartNumber>7</PartNumber><ETag>&quot;e&quot;</ETag><Size>5368709120</Size></Part>"
        "</ListPartsResult>");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->parts.at(0).number, 7U);
    EXPECT_EQ(parts->parts.at(0).etag, "\"e\"");
    EXPECT_EQ(parts->parts.at(0).size, 5'368'709'120U);
    EXPECT_EQ(parts->next, "");
}

TEST(S3Answers, WhatIsNoAnswerIsRefused) {
    for (const char* body : {"", "<html><body>Log in</body></html>", "<ListBucketResult>", "\x01\x02", "{}",
                             "<InitiateMultipartUploadResult/>"}) {
        EXPECT_FALSE(read_listing(body)) << body;
        EXPECT_FALSE(read_upload_id(body)) << body;
        EXPECT_FALSE(read_copied_etag(body)) << body;
        EXPECT_FALSE(read_completed(body)) << body;
        EXPECT_FALSE(read_parts(body)) << body;
        EXPECT_FALSE(read_open_uploads(body)) << body;
        EXPECT_EQ(read_fault(body).code, "") << body;
    }
    const auto late = read_completed("<Error><Code>InternalError</Code><Message>try again</Message></Error>");
    ASSERT_FALSE(late) << "it comes with status 200";
    EXPECT_THAT(late.error().message, HasSubstr("InternalError: try again"));
    // Entities are not expanded: an answer cannot grow in memory.
    EXPECT_THAT(
        read_fault("<!DOCTYPE e [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><Error><Code>&b;</Code></Error>").code,
        testing::AnyOf("", "&b;"));
}

TEST(S3Answers, ACompletionNamesItsParts) {
    EXPECT_EQ(
        write_completion({"\"a\"", "b<"}),
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1</PartNumber>"
        "<ETag>&quot;a&quot;</ETag></Part><Part><PartNumber>2</PartNumber><ETag>b&lt;</ETag></Part>"
        "</CompleteMultipartUpload>");
}

}  // namespace
}  // namespace gse::objects
