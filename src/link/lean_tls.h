/// Memory of TLS connections that gRPC makes, and gives no say in.
#pragma once

namespace gse::link {

/// From now on TLS connections of this process give OpenSSL's buffers back while nothing is in them, some 30 KiB each
/// that an idle one does without, and gRPC's take what arrives in portions of 4 KiB. Once is enough; more often does
/// nothing.
void make_tls_lean();

}  // namespace gse::link
