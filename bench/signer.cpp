#include "signer.h"

#include <fmt/format.h>

#include <iterator>

#include "base/hex.h"
#include "base/time.h"
#include "http/signature.h"

namespace gse::bench {
namespace {

constexpr std::string_view kService = "gse";
constexpr std::string_view kSignedHeaders = "content-type;host";

}  // namespace

Signer::Signer(std::string host, std::string secret_id, std::string secret_key)
    : host_(std::move(host)), secret_id_(std::move(secret_id)), secret_key_(std::move(secret_key)) {}

void Signer::turn_to(std::int64_t now_s) {
    second_ = now_s;
    timestamp_ = std::to_string(now_s);
    const std::string date = format_utc_date(WallTime{now_s * 1000});
    if (date == date_) return;
    date_ = date;
    scope_ = fmt::format("{}/{}/tc3_request", date_, kService);
    key_.emplace(http::tc3_signing_key(secret_key_, date_, kService));
}

void Signer::append(std::string& out, std::string_view action, std::string_view body, std::int64_t now_s) {
    if (now_s != second_) turn_to(now_s);
    const std::string canonical = fmt::format("POST\n/\n\ncontent-type:application/json\nhost:{}\n\n{}\n{}", host_,
                                              kSignedHeaders, to_hex(sha256(body)));
    const std::string signature =
        to_hex(key_->mac(fmt::format("TC3-HMAC-SHA256\n{}\n{}\n{}", timestamp_, scope_, to_hex(sha256(canonical)))));
    fmt::format_to(std::back_inserter(out),
                   "POST / HTTP/1.1\r\nHost: {}\r\nUser-Agent: gse-bench\r\nContent-Type: application/json\r\n"
                   "X-TC-Action: {}\r\nX-TC-Version: 2019-11-12\r\nX-TC-Region: ap-shanghai\r\nX-TC-Timestamp: {}\r\n"
                   "Authorization: TC3-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}\r\n"
                   "Content-Length: {}\r\n\r\n{}",
                   host_, action, timestamp_, secret_id_, scope_, kSignedHeaders, signature, body.size(), body);
}

}  // namespace gse::bench
