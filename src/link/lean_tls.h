/// Memory of TLS connections that gRPC makes, and gives no say in.
#pragma once

namespace gse::link {

/// GRPC_ARG_TSI_MAX_FRAME_SIZE of every TLS channel and server of ours: what is written at once, and a buffer of that
/// size that gRPC keeps for each connection. What goes over the link is small.
inline constexpr int kTlsFrameBytes = 4'096;

/// From now on TLS connections of this process give OpenSSL's buffers back while nothing is in them, some 30 KiB each
/// that an idle one does without, and the rings between gRPC and OpenSSL hold little more than a frame. Once is enough;
/// more often does nothing.
void make_tls_lean();

}  // namespace gse::link
