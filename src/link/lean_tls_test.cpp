#include "link/lean_tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>

namespace gse::link {
namespace {

TEST(LeanTls, EveryConnectionMadeAfterwardsGivesItsBuffersBack) {
    release_idle_tls_buffers();
    release_idle_tls_buffers();
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_method()), SSL_CTX_free};
    ASSERT_TRUE(context);
    const std::unique_ptr<SSL, decltype(&SSL_free)> connection{SSL_new(context.get()), SSL_free};
    ASSERT_TRUE(connection);
    EXPECT_NE(SSL_get_mode(connection.get()) & SSL_MODE_RELEASE_BUFFERS, 0);
    EXPECT_NE(SSL_get_mode(connection.get()) & SSL_MODE_AUTO_RETRY, 0) << "what it had stays";
}

}  // namespace
}  // namespace gse::link
