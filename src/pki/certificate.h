/// Certificates and requests for them as plain texts, with what must be known of them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace gse::pki {

/// One side's PEM texts.
struct Identity {
    std::string certificate_chain;  ///< its own certificate first
    std::string private_key;
};

/// The name that a server's certificate is for, whatever address its agents dial: their authority signs for nobody
/// else.
inline constexpr const char* kServerName = "server.gse";
/// The name that servers of one deployment show each other. No host has it.
inline constexpr const char* kPeerName = "peer.gse";

/// Longest request that is looked at; one for a P-256 key has less than 300 bytes.
inline constexpr std::size_t kRequestBytesMax = 4096;
/// Longest PEM file of ours that is read.
inline constexpr std::size_t kFileBytesMax = 64 << 10;

/// A fresh P-256 key, PEM.
Result<std::string> make_private_key();
/// A request (PKCS #10, DER) that proves that one has the key. It asks for nothing: the authority says what the
/// certificate holds.
Result<std::string> make_signing_request(std::string_view private_key);
/// SHA-256 of the public key in hex, once the proof holds. InvalidParameterValue: not a request, too long, no proof,
/// or a key of another kind than P-256.
Result<std::string> read_signing_request(std::string_view der);

struct CertificateFacts {
    std::string name;  ///< CN
    WallTime not_before;
    WallTime not_after;
    std::string key_sha256;
    bool for_clients = false;  ///< may be shown by a client of TLS
    friend bool operator==(const CertificateFacts&, const CertificateFacts&) = default;
};
/// Of the first certificate in a PEM text. InvalidParameterValue when there is none.
Result<CertificateFacts> describe_certificate(std::string_view pem);

/// When a certificate is due for renewal: after two thirds of its life.
[[nodiscard]] WallTime renewal_time(const CertificateFacts& facts);

}  // namespace gse::pki
