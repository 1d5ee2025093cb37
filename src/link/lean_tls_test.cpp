#include "link/lean_tls.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/freed.h"

namespace gse::link {
namespace {

using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

TEST(LeanTls, EveryConnectionMadeAfterwardsGivesItsBuffersBack) {
    make_tls_lean();
    make_tls_lean();
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_method()), SSL_CTX_free};
    ASSERT_TRUE(context);
    const std::unique_ptr<SSL, decltype(&SSL_free)> connection{SSL_new(context.get()), SSL_free};
    ASSERT_TRUE(connection);
    EXPECT_NE(SSL_get_mode(connection.get()) & SSL_MODE_RELEASE_BUFFERS, 0);
    EXPECT_NE(SSL_get_mode(connection.get()) & SSL_MODE_AUTO_RETRY, 0) << "what it had stays";
}

TEST(LeanTls, TheRingForWhatLeavesHoldsAFrameAndTheOtherAWholeRead) {
    make_tls_lean();
    BIO *network = nullptr, *tls = nullptr;
    ASSERT_EQ(BIO_new_bio_pair(&network, 0, &tls, 0), 1);
    const Bio first{network}, second{tls};
    EXPECT_GE(BIO_ctrl_get_write_guarantee(network), 16'384u) << "gRPC's reads have 8 KiB";
    EXPECT_EQ(BIO_ctrl_get_write_guarantee(tls), std::size_t{kTlsFrameBytes} + 1'024);
    EXPECT_EQ(BIO_get_callback_ex(network), nullptr) << "later it costs nothing";
    EXPECT_EQ(BIO_get_callback_ex(tls), nullptr);
}

TEST(LeanTls, WhatIsMoreThanTheRingHoldsGoesThroughInPortions) {
    make_tls_lean();
    BIO *network = nullptr, *tls = nullptr;
    ASSERT_EQ(BIO_new_bio_pair(&network, 0, &tls, 0), 1);
    const Bio first{network}, second{tls};
    std::string sent, got;
    for (int i = 0; i < 20'000; ++i) sent += static_cast<char>('a' + i % 23);
    char portion[1'000];
    for (std::size_t at = 0; got.size() < sent.size();) {
        if (at < sent.size())
            if (const int taken = BIO_write(network, sent.data() + at, static_cast<int>(sent.size() - at)); taken > 0)
                at += static_cast<std::size_t>(taken);
        const int read = BIO_read(tls, portion, sizeof portion);
        ASSERT_GT(read, 0);
        got.append(portion, static_cast<std::size_t>(read));
    }
    EXPECT_EQ(got, sent);
}

}  // namespace
}  // namespace gse::link
