#include "objects/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "base/addresses.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "base/url.h"
#include "objects/s3_answers.h"
#include "transfer/curl.h"

namespace gse::objects {
namespace {

constexpr long kAnswerPatience = 30;          // times the time-out: no transfer takes longer than that
constexpr std::size_t kFaultMax = 64 * 1024;  // a refusal, whatever was asked for
constexpr std::size_t kIdleHandlesMax = 32;

struct Endpoint {
    std::string scheme;
    std::string host;  // without the port
    std::string port;  // "" → the scheme's
};

std::optional<Endpoint> split(std::string_view text) {
    Endpoint out;
    const auto mark = text.find("://");
    if (mark == std::string_view::npos) return std::nullopt;
    out.scheme = text.substr(0, mark);
    if (out.scheme != "http" && out.scheme != "https") return std::nullopt;
    text.remove_prefix(mark + 3);
    if (text.ends_with('/')) text.remove_suffix(1);
    const bool bracketed = text.starts_with('[');
    const auto colon = bracketed ? text.find(':', std::min(text.find(']'), text.size())) : text.find(':');
    out.host = text.substr(0, colon);
    if (colon != std::string_view::npos) {
        out.port = text.substr(colon + 1);
        unsigned number = 0;
        const auto [end, status] = std::from_chars(out.port.data(), out.port.data() + out.port.size(), number);
        if (status != std::errc{} || end != out.port.data() + out.port.size() || number == 0 || number > 65'535)
            return std::nullopt;
        if (number == (out.scheme == "https" ? 443U : 80U)) out.port.clear();
    }
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    };
    const bool named = !out.host.empty() && std::ranges::all_of(out.host, plain);
    if (!named && !(bracketed && out.host.size() > 2 && out.host.ends_with(']'))) return std::nullopt;
    return out;
}

struct Received {
    std::string body;
    std::size_t max = 0;
    bool too_long = false;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* to) {
    auto& received = *static_cast<Received*>(to);
    if (received.body.size() + size > received.max) {
        received.too_long = true;
        return 0;
    }
    received.body.append(data, size);
    return size;
}

/// `Name: value` → the value, if it is that name.
void take_field(std::string_view line, std::string_view name, std::string& value) {
    if (line.size() <= name.size() || line[name.size()] != ':' ||
        curl_strnequal(line.data(), name.data(), name.size()) == 0)
        return;
    line.remove_prefix(name.size() + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    while (line.ends_with('\n') || line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    value = line;
}

struct Head {
    std::string etag, content_range, region;
};

std::size_t take_head(char* data, std::size_t, std::size_t size, void* to) {
    auto& head = *static_cast<Head*>(to);
    const std::string_view line{data, size};
    if (line.starts_with("HTTP/")) head = {};  // an interim answer came before
    take_field(line, "etag", head.etag);
    take_field(line, "content-range", head.content_range);
    take_field(line, "x-amz-bucket-region", head.region);
    return size;
}

/// What the operator is to change.
std::string advice(const S3Options& o, const S3Fault& fault, long status, std::string_view region, WallTime now) {
    const std::string_view code = fault.code;
    if (code == "NoSuchBucket")
        return fmt::format("there is no bucket {} at {}; make it, or correct objects.s3.bucket", o.bucket, o.endpoint);
    if (code == "InvalidAccessKeyId")
        return fmt::format("the store does not know the access key {}; correct objects.s3.access_key_id",
                           o.credentials.access_key_id);
    if (code == "SignatureDoesNotMatch")
        return "the secret key does not belong to the access key; correct the file of objects.s3.secret_key_file (or a "
               "proxy in between changes requests)";
    if (code == "RequestTimeTooSkewed")
        return fmt::format("this machine's clock says {}, the store's {}: set the clock (chrony or systemd-timesyncd)",
                           format_utc(now), fault.server_time.empty() ? "something else" : fault.server_time);
    if (code == "ExpiredToken" || code == "InvalidToken")
        return "the session token has ended or is not of this access key; give new credentials, and restart";
    if (code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect" || code == "IllegalLocationConstraint" ||
        code == "TemporaryRedirect" || status == 301 || status == 307) {
        const std::string_view right = fault.region.empty() ? region : std::string_view(fault.region);
        return fmt::format("the bucket {} is not in region {}{}; correct objects.s3.region and objects.s3.endpoint",
                           o.bucket, o.region, right.empty() ? "" : fmt::format(" but in {}", right));
    }
    if (code == "NotImplemented" || status == 501)
        return "the store lacks a request that OpenGSE needs; docs/objects.md lists them";
    if (status == 403)
        return fmt::format("the access key {} may not do this in bucket {}; docs/objects.md has the policy it needs",
                           o.credentials.access_key_id, o.bucket);
    if (code.empty()) return "is objects.s3.endpoint the address of an S3-compatible store?";
    return "see the store's log";
}

bool says_later(long status, std::string_view code) {
    return status == 500 || status == 502 || status == 503 || status == 504 || status == 429 || status == 408 ||
           code == "SlowDown" || code == "RequestTimeout" || code == "InternalError" || code == "OperationAborted";
}

/// The bytes changed on their way to the store, which noticed.
bool was_garbled(std::string_view code) {
    return code == "XAmzContentSHA256Mismatch" || code == "BadDigest" || code == "IncompleteBody";
}

}  // namespace

Result<void> check_s3_endpoint(const S3Options& options) {
    const auto endpoint = split(options.endpoint);
    if (!endpoint)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("objects.s3.endpoint = \"{}\" must be a URL without a path, such as "
                                  "\"https://s3.eu-central-1.amazonaws.com\" or \"http://127.0.0.1:9000\"",
                                  options.endpoint));
    const bool digits = endpoint->host.find_first_not_of("0123456789.") == std::string::npos;
    if (!options.path_style && (digits || endpoint->host.starts_with('[')))
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("objects.s3.path_style = false puts the bucket's name before the endpoint's, and {} "
                                  "is an IP address; set objects.s3.path_style = true",
                                  endpoint->host));
    return {};
}

bool goes_in_clear(const S3Options& options) {
    const auto endpoint = split(options.endpoint);
    return endpoint && endpoint->scheme == "http" && !is_loopback_host(endpoint->host);
}

struct S3Client::Pool {
    std::mutex mutex;
    std::vector<CurlHandle> idle;  ///< each with its connection
};

class S3Client::Borrowed {
public:
    explicit Borrowed(Pool& pool) : pool_(pool) {
        {
            const std::lock_guard lock(pool_.mutex);
            if (!pool_.idle.empty()) {
                handle_ = std::move(pool_.idle.back());
                pool_.idle.pop_back();
            }
        }
        if (!handle_) handle_ = make_curl();
    }
    ~Borrowed() {
        const std::lock_guard lock(pool_.mutex);
        if (pool_.idle.size() < kIdleHandlesMax) pool_.idle.push_back(std::move(handle_));
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    [[nodiscard]] CURL* curl() const { return handle_.get(); }

private:
    Pool& pool_;
    CurlHandle handle_;
};

/// What came of one try.
struct S3Client::Transfer {
    long status = 0;  // 0: no answer
    S3Answer answer;
    S3Fault fault;
    std::string region;
    std::string why;        // no answer: why
    bool not_sent = false;  // the store has surely not seen it
    bool trusted = true;    // false: TLS
    bool too_long = false;
};

S3Client::S3Client(S3Options options) : options_(std::move(options)), pool_(std::make_unique<Pool>()) {
    static std::once_flag once;
    std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
    const auto endpoint = split(options_.endpoint);
    CHECK(endpoint.has_value());
    host_ = (options_.path_style ? "" : options_.bucket + ".") + endpoint->host +
            (endpoint->port.empty() ? "" : ":" + endpoint->port);
    scheme_host_ = endpoint->scheme + "://" + host_;
    base_path_ = options_.path_style ? "/" + url_encode(options_.bucket, UrlPart::Path) + "/" : "/";
}

S3Client::~S3Client() = default;

void S3Client::pause(int tries_so_far) const {
    const Millis time = kPauseFirst * (1 << std::min(tries_so_far - 1, 6));
    if (options_.pause) return options_.pause(time);
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, time, [] { return false; });
}

S3Client::Transfer S3Client::transfer(const S3Request& request) const {
    const std::string path = base_path_ + url_encode(request.key, UrlPart::Path);
    const std::string query = s3_query(request.query);
    const WallTime now = options_.clock ? options_.clock->wall() : SystemClock{}.wall();
    const S3Fields signature = sign_s3({.method = request.method,
                                        .host = host_,
                                        .path = path,
                                        .query = query,
                                        .fields = request.fields,
                                        .body_sha256 = to_hex(sha256(request.body))},
                                       options_.credentials, options_.region, now);
    CurlFields fields;
    fields.add("Host: " + host_);
    for (const auto& [name, value] : request.fields) fields.add(name + ": " + value);
    for (const auto& [name, value] : signature) fields.add(name + ": " + value);
    fields.add("Expect:");        // the first bytes go with the head
    fields.add("Content-Type:");  // what curl would make up is not signed

    const Borrowed handle(*pool_);
    CURL* const curl = handle.curl();
    curl_easy_reset(curl);
    const std::string url = scheme_host_ + path + (query.empty() ? "" : "?" + query);
    const std::string method{request.method};
    char message[CURL_ERROR_SIZE] = "";
    Received received{.body = {}, .max = request.answer_max + kFaultMax};
    Head head;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);  // a signature is for one host
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
    if (method != "GET" && method != "DELETE") {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data() ? request.body.data() : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields.list());
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "gse");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
    const auto timeout = static_cast<long>(options_.timeout.count());
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, timeout / 3));
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, std::max(1L, timeout / 1'000));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout * kAnswerPatience);
    if (!options_.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());

    Transfer out;
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
    if (code != CURLE_OK) {
        out.why = message[0] != '\0' ? message : curl_easy_strerror(code);
        out.not_sent = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
        out.trusted = code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CACERT_BADFILE;
        out.too_long = received.too_long;
        return out;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out.status);
    if (out.status / 100 != 2) out.fault = read_fault(received.body);
    out.region = std::move(head.region);
    out.answer = {
        .body = std::move(received.body), .etag = std::move(head.etag), .content_range = std::move(head.content_range)};
    return out;
}

Result<S3Answer> S3Client::call(const S3Request& request) {
    for (int tries = 1;; ++tries) {
        Transfer got = transfer(request);
        if (got.status / 100 == 2) return std::move(got.answer);
        const bool answered = got.status != 0;
        if (answered && got.status == 404 && got.fault.code != "NoSuchBucket")
            return refuse(ErrorCode::NotFound, fmt::format("the object store has no {}", request.key));
        if (answered && got.status == 412)
            return refuse(ErrorCode::Unavailable, fmt::format("{} has changed in the object store", request.key));
        if (!got.trusted)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("the certificate of {} is not trusted: {}; name its authority in "
                                      "objects.s3.ca_file",
                                      options_.endpoint, got.why));
        if (got.too_long)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("the object store answers more than {} bytes where that cannot be; is "
                                      "objects.s3.endpoint right?",
                                      request.answer_max));
        const bool later = !answered || says_later(got.status, got.fault.code);
        const WallTime now = options_.clock ? options_.clock->wall() : SystemClock{}.wall();
        if (!later && !was_garbled(got.fault.code))
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("the object store refused {} with HTTP status {}{}{}: {}", request.method,
                                      got.status, got.fault.code.empty() ? "" : " ", got.fault.code,
                                      advice(options_, got.fault, got.status, got.region, now)));
        // 503 is said instead of doing something; 500 may have come in the middle of it.
        const bool not_done = got.not_sent || got.status == 503 || got.status == 429 || was_garbled(got.fault.code);
        if (tries == kTriesMax || !(request.repeatable || not_done))
            return refuse(ErrorCode::Overloaded,
                          fmt::format("the object store at {} {}; try again in a moment", options_.endpoint,
                                      answered ? fmt::format("answers HTTP status {} {}", got.status, got.fault.code)
                                               : fmt::format("does not answer: {}", got.why)));
        pause(tries);
    }
}

}  // namespace gse::objects
