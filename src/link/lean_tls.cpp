#include "link/lean_tls.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "base/check.h"

namespace gse::link {
namespace {

/// Of the ring through which OpenSSL hands gRPC what leaves; its default is 17 KiB. A frame must fit in as a whole, and
/// an answer that OpenSSL gives by itself. The ring for what arrives stays as it is: in a handshake gRPC drops what of
/// one read does not fit, and behind a peer's last words there its first request may come, whose end would be missing.
constexpr long kLeavingBytes = kTlsFrameBytes + 1'024;

/// OpenSSL calls it with each connection that it makes.
void on_new_connection(void* connection, void*, CRYPTO_EX_DATA*, int, long, void*) {
    SSL_set_mode(static_cast<SSL*>(connection), SSL_MODE_RELEASE_BUFFERS);
}

/// Called before anything is done to half of a pair, for as long as it is none.
long before_pairing(BIO* bio, int what, const char* argument, std::size_t, int command, long, int returned,
                    std::size_t*) {
    if (what != BIO_CB_CTRL || command != BIO_C_MAKE_BIO_PAIR) return returned;
    // The argument is the other half. gRPC makes its own end the first.
    auto* const other = reinterpret_cast<BIO*>(const_cast<char*>(argument));
    BIO_set_callback_ex(bio, nullptr);
    BIO_set_callback_ex(other, nullptr);
    BIO_set_write_buf_size(other, kLeavingBytes);
    return returned;
}

void on_new_bio(void* made, void*, CRYPTO_EX_DATA*, int, long, void*) {
    auto* const bio = static_cast<BIO*>(made);
    if (BIO_method_type(bio) == BIO_TYPE_BIO) BIO_set_callback_ex(bio, &before_pairing);
}

}  // namespace

void make_tls_lean() {
    static const int connections = SSL_get_ex_new_index(0, nullptr, &on_new_connection, nullptr, nullptr);
    static const int bios = BIO_get_ex_new_index(0, nullptr, &on_new_bio, nullptr, nullptr);
    CHECK(connections >= 0 && bios >= 0);
}

}  // namespace gse::link
