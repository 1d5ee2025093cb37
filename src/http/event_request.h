/// GET /events: who asks, and for what. Who may listen is decided apart from the stream, so that another way to show
/// who one is touches nothing else.
#pragma once

#include "http/event_source.h"
#include "http/request.h"
#include "http/signature.h"

namespace gse::http {

/// Signed as a GET of the API is: TC3-HMAC-SHA256 in the Authorization header, over the path /events and the query as
/// sent, or version 1 among the parameters. A key that may only read may listen.
[[nodiscard]] Result<Caller> check_listener(const RequestView& request, SignatureCheck& signatures, WallTime now);

/// `region` (or X-TC-Region, or Region), `fleet` and `alias` (ids, several with commas), `players=1`; Last-Event-ID as
/// a header or, for clients that cannot set one, as `last_event_id`.
[[nodiscard]] Result<EventWish> read_event_wish(const RequestView& request);

}  // namespace gse::http
