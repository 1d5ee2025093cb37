#include "link/lean_tls.h"

#include <openssl/ssl.h>

#include "base/check.h"

namespace gse::link {
namespace {

/// OpenSSL calls it with each connection that it makes.
void on_new_connection(void* connection, void*, CRYPTO_EX_DATA*, int, long, void*) {
    SSL_set_mode(static_cast<SSL*>(connection), SSL_MODE_RELEASE_BUFFERS);
}

}  // namespace

void release_idle_tls_buffers() {
    static const int index = SSL_get_ex_new_index(0, nullptr, &on_new_connection, nullptr, nullptr);
    CHECK(index >= 0);
}

}  // namespace gse::link
