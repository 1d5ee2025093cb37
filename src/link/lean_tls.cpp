#include "link/lean_tls.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "base/check.h"

namespace gse::link {
namespace {

/// Of the rings through which gRPC and OpenSSL hand bytes to each other; OpenSSL's default is 17 KiB. What arrives may
/// come in any portions, except in a handshake: gRPC drops what of one read does not fit, and an agent's longest words
/// there have some 1.5 KiB. What leaves must fit in as a whole: a frame, and an answer that OpenSSL gives by itself.
constexpr long kArrivingBytes = 4'096;
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
    BIO_set_write_buf_size(bio, kArrivingBytes);
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
