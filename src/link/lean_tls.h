/// Memory of TLS connections that gRPC makes, and gives no say in.
#pragma once

namespace gse::link {

/// From now on TLS connections of this process give their buffers back while nothing is in them: some 30 KiB each that
/// an idle one does without. Once is enough; more often does nothing.
void release_idle_tls_buffers();

}  // namespace gse::link
