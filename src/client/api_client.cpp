#include "client/api_client.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/url.h"
#include "transfer/curl.h"

namespace gse::client {
namespace {

constexpr std::string_view kVersion = "2019-11-12";
constexpr std::size_t kAnswerBytesMax = 64 * 1024 * 1024;
// An upload that breaks off is taken up again for about two minutes without getting on.
constexpr int kUploadTriesMax = 12;
constexpr Millis kUploadPauseFirst{500};
constexpr Millis kUploadPauseLongest{15'000};

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, CloseFile>;

std::size_t collect(char* data, std::size_t, std::size_t size, void* to) {
    auto& answer = *static_cast<std::string*>(to);
    if (answer.size() + size > kAnswerBytesMax) return 0;
    answer.append(data, size);
    return size;
}

std::size_t read_piece(char* data, std::size_t, std::size_t size, void* from) {
    auto* const file = static_cast<std::FILE*>(from);
    const std::size_t got = std::fread(data, 1, size, file);
    return got == 0 && std::ferror(file) != 0 ? CURL_READFUNC_ABORT : got;
}

/// A body in memory as libcurl reads it: once. It would repeat a call by itself when a connection that it has used
/// before ends without an answer, and the call may have been carried out; a body that it cannot read again it sends
/// once.
std::size_t read_text(char* data, std::size_t, std::size_t size, void* from) {
    auto* const rest = static_cast<std::string_view*>(from);
    const std::size_t got = rest->copy(data, size);
    rest->remove_prefix(got);
    return got;
}

/// Content goes to the file; an error's body is text to read.
struct Received {
    CURL* handle;
    std::FILE* file;
    std::string error_body;
    Sha256 hash;
    std::uint64_t size = 0;
};

std::size_t save_piece(char* data, std::size_t, std::size_t size, void* to) {
    auto& received = *static_cast<Received*>(to);
    long status = 0;
    curl_easy_getinfo(received.handle, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) return collect(data, 1, size, &received.error_body);
    received.hash.add(std::string_view{data, size});
    received.size += size;
    return std::fwrite(data, 1, size, received.file);
}

std::size_t note_date(char* data, std::size_t, std::size_t size, void* to) {
    constexpr std::string_view kDate = "date:";
    const std::string line{data, size};
    if (line.size() > kDate.size() && curl_strnequal(line.data(), kDate.data(), kDate.size()) != 0)
        *static_cast<std::int64_t*>(to) = std::max<std::int64_t>(0, curl_getdate(line.c_str() + kDate.size(), nullptr));
    return size;
}

std::string host_of(std::string_view endpoint) {
    const auto scheme = endpoint.find("://");
    if (scheme != std::string_view::npos) endpoint.remove_prefix(scheme + 3);
    return std::string{endpoint.substr(0, endpoint.find('/'))};
}

std::unexpected<ApiError> local_error(std::string_view kind, std::string message) {
    return std::unexpected(ApiError{fmt::format("ClientError.{}", kind), std::move(message), {}});
}

/// A member's text; empty when it is absent or something else.
std::string text_of(simdjson::dom::object object, std::string_view member) {
    std::string_view text;
    return object[member].get_string().get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
}

/// The object inside `Response`, or the error it holds.
ApiResult<std::string> unwrap(const std::string& answer, long status) {
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    simdjson::dom::object response;
    if (parser.parse(answer).get(document) != simdjson::SUCCESS ||
        document["Response"].get_object().get(response) != simdjson::SUCCESS) {
        return local_error("NotAnAnswer",
                           fmt::format("the server answered with HTTP status {}, not with an answer of the API; "
                                       "is the endpoint right?",
                                       status));
    }
    simdjson::dom::object error;
    if (response["Error"].get_object().get(error) == simdjson::SUCCESS) {
        return std::unexpected(
            ApiError{text_of(error, "Code"), text_of(error, "Message"), text_of(response, "RequestId")});
    }
    return simdjson::minify(response);
}

/// SHA-256 of a whole file, in hexadecimal.
ApiResult<std::string> hash_of(std::FILE* file) {
    Sha256 hash;
    std::string piece(1 << 20, '\0');
    if (std::fseek(file, 0, SEEK_SET) != 0) return local_error("FileError", "the file can no longer be read");
    for (std::size_t got; (got = std::fread(piece.data(), 1, piece.size(), file)) > 0;)
        hash.add(std::string_view{piece}.substr(0, got));
    if (std::ferror(file) != 0) return local_error("FileError", "the file can no longer be read");
    return to_hex(hash.finish());
}

/// What a refused transfer says.
std::unexpected<ApiError> refusal_in(const std::string& answer, long status) {
    const auto unwrapped = unwrap(answer, status);
    if (!unwrapped) return std::unexpected(unwrapped.error());
    return local_error("NotAnAnswer",
                       fmt::format("the server refused with HTTP status {} and without a reason", status));
}

/// TC3-HMAC-SHA256 over content-type and host, as the vendor's SDKs sign.
std::string authorize(const ClientOptions& options, std::string_view host, std::string_view body, std::int64_t now,
                      std::string_view request = "POST\n/\n") {
    constexpr std::string_view kHeaders = "content-type;host";
    const std::string date = format_utc_date({now * 1000});
    const std::string scope = fmt::format("{}/gse/tc3_request", date);
    const std::string canonical = fmt::format("{}\ncontent-type:application/json\nhost:{}\n\n{}\n{}", request, host,
                                              kHeaders, to_hex(sha256(body)));
    const std::string to_sign = fmt::format("TC3-HMAC-SHA256\n{}\n{}\n{}", now, scope, to_hex(sha256(canonical)));
    const Digest256 date_key = hmac_sha256("TC3" + options.secret_key, date);
    const Digest256 service_key = hmac_sha256(date_key, "gse");
    const Digest256 signing_key = hmac_sha256(service_key, "tc3_request");
    return fmt::format("TC3-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}", options.secret_id, scope,
                       kHeaders, to_hex(hmac_sha256(signing_key, to_sign)));
}

}  // namespace

struct ApiClient::Transport {
    const CurlHandle own = make_curl();
    CURL* const handle = own.get();

    /// Forgets the last request, keeps the connection.
    void start(const ClientOptions& options, const std::string& url) {
        curl_easy_reset(handle);
        curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
        curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.timeout.count()));
        if (!options.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
        // A proxy for the world is none for this machine.
        curl_easy_setopt(handle, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
        curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, message);
        curl_easy_setopt(handle, CURLOPT_USERAGENT, "gse");
        message[0] = '\0';
    }

    /// The HTTP status.
    ApiResult<long> perform(const ClientOptions& options) {
        const CURLcode code = curl_easy_perform(handle);
        if (code != CURLE_OK) {
            const std::string why = code == CURLE_SEND_FAIL_REWIND
                                        ? "the connection ended before the answer; the call may have been carried out"
                                    : message[0] != '\0' ? message
                                                         : curl_easy_strerror(code);
            const bool untrusted = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
            return local_error(
                "NetworkError",
                fmt::format("cannot talk to {}: {}{}", options.endpoint, why,
                            untrusted ? "; name the CA of a server of your own with --ca FILE or GSE_CA" : ""));
        }
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        return status;
    }

    /// A transfer of any length may take its time, as long as it moves.
    void limit_standstill(const ClientOptions& options) {
        curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                         std::max<long>(1, static_cast<long>(options.timeout.count() / 1000)));
    }

    char message[CURL_ERROR_SIZE] = {};
};

ApiClient::ApiClient(ClientOptions options) : options_(std::move(options)), transport_(std::make_unique<Transport>()) {
    if (options_.endpoint.find("://") == std::string::npos) options_.endpoint.insert(0, "http://");
    while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
}

ApiClient::~ApiClient() = default;
ApiClient::ApiClient(ApiClient&&) noexcept = default;
ApiClient& ApiClient::operator=(ApiClient&&) noexcept = default;

ApiResult<std::string> ApiClient::call(std::string_view action, std::string_view json) {
    if (options_.secret_id.empty() || options_.secret_key.empty()) {
        return local_error(
            "NoCredentials",
            "there is no API key: set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, or name a profile");
    }
    const std::string host = host_of(options_.endpoint);
    const std::int64_t now = SystemClock{}.wall().ms / 1000;
    CurlFields fields;
    fields.add("Host: " + host);
    fields.add("Content-Type: application/json");
    fields.add(fmt::format("X-TC-Action: {}", action));
    fields.add(fmt::format("X-TC-Version: {}", kVersion));
    fields.add(fmt::format("X-TC-Timestamp: {}", now));
    if (!options_.region.empty()) fields.add("X-TC-Region: " + options_.region);
    fields.add("X-TC-RequestClient: gse");
    fields.add("X-TC-Language: en-US");
    fields.add("Authorization: " + authorize(options_, host, json, now));
    fields.add("Expect:");

    transport_->start(options_, options_.endpoint + "/");
    CURL* const handle = transport_->handle;
    std::string answer;
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, read_text);
    curl_easy_setopt(handle, CURLOPT_READDATA, &json);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields.list());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
    // What waits on purpose may wait for a minute before it takes its time.
    const Millis patience = options_.timeout + (action.starts_with("Wait") ? Millis{60'000} : Millis{0});
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(patience.count()));
    const auto status = transport_->perform(options_);
    if (!status) return std::unexpected(status.error());
    return unwrap(answer, *status);
}

ApiResult<StoredObject> ApiClient::put_object(std::string_view bucket, std::string_view key,
                                              const std::filesystem::path& file, std::string_view authorization) {
    const OpenFile input{std::fopen(file.c_str(), "rbe")};
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (!input || error) {
        return local_error("FileError", fmt::format("cannot read {}: {}", file.string(),
                                                    error ? error.message() : std::string{std::strerror(errno)}));
    }
    CurlFields fields;
    fields.add(fmt::format("Authorization: {}", authorization));
    transport_->start(options_, fmt::format("{}/objects/{}/{}", options_.endpoint, url_encode(bucket, UrlPart::Query),
                                            url_encode(key, UrlPart::Path)));
    CURL* const handle = transport_->handle;
    std::string answer;
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, read_piece);
    curl_easy_setopt(handle, CURLOPT_READDATA, input.get());
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
    curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields.list());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
    transport_->limit_standstill(options_);
    const auto status = transport_->perform(options_);
    if (!status) return std::unexpected(status.error());
    if (*status != 200) return refusal_in(answer, *status);

    simdjson::dom::parser parser;
    simdjson::dom::element document;
    std::string_view sha256;
    std::uint64_t stored = 0;
    if (parser.parse(answer).get(document) != simdjson::SUCCESS || document["Size"].get(stored) != simdjson::SUCCESS ||
        document["Sha256"].get(sha256) != simdjson::SUCCESS) {
        return local_error("NotAnAnswer", "the server did not say what it stored; is the endpoint right?");
    }
    return StoredObject{stored, std::string{sha256}};
}

/// What the server said to one piece, or to the question how much it has.
struct ApiClient::Piece {
    long status = 0;
    std::uint64_t stored = 0;            ///< 308, 416: bytes it has
    std::optional<StoredObject> object;  ///< 200: all of it
    std::string answer;
};

ApiResult<ApiClient::Piece> ApiClient::put_piece(const std::string& url, std::FILE* file, std::uint64_t from,
                                                 std::uint64_t total, bool ask, std::string_view authorization,
                                                 const UploadWatch& watch) {
    struct Progress {
        const UploadWatch& watch;
        std::uint64_t from, total;
    } progress{watch, from, total};
    using Show = int (*)(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
    const Show show = [](void* to, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) {
        const auto& self = *static_cast<Progress*>(to);
        if (self.watch.progress) self.watch.progress(self.from + static_cast<std::uint64_t>(sent), self.total);
        return 0;
    };
    CurlFields fields;
    fields.add(fmt::format("Authorization: {}", authorization));
    fields.add(ask ? fmt::format("Content-Range: bytes */{}", total)
                   : fmt::format("Content-Range: bytes {}-{}/{}", from, total - 1, total));
    if (fseeko(file, static_cast<off_t>(from), SEEK_SET) != 0)
        return local_error("FileError", fmt::format("cannot read at {}: {}", from, std::strerror(errno)));
    transport_->start(options_, url);
    CURL* const handle = transport_->handle;
    Piece piece;
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, read_piece);
    curl_easy_setopt(handle, CURLOPT_READDATA, file);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(ask ? 0 : total - from));
    curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields.list());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &piece.answer);
    if (!ask) {
        curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, show);
        curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &progress);
    }
    transport_->limit_standstill(options_);
    const auto status = transport_->perform(options_);
    if (!status) return std::unexpected(status.error());
    piece.status = *status;

    simdjson::dom::parser parser;
    simdjson::dom::element document;
    std::string_view sha256;
    if (parser.parse(piece.answer).get(document) != simdjson::SUCCESS) return piece;
    if (document["Stored"].get(piece.stored) != simdjson::SUCCESS) piece.stored = 0;
    StoredObject object;
    if (piece.status == 200 && document["Size"].get(object.size) == simdjson::SUCCESS &&
        document["Sha256"].get(sha256) == simdjson::SUCCESS) {
        object.sha256 = sha256;
        piece.object = std::move(object);
    }
    return piece;
}

ApiResult<StoredObject> ApiClient::put_object_resuming(std::string_view bucket, std::string_view key,
                                                       const std::filesystem::path& file,
                                                       std::string_view authorization, const UploadWatch& watch) {
    const OpenFile input{std::fopen(file.c_str(), "rbe")};
    std::error_code error;
    const auto total = std::filesystem::file_size(file, error);
    if (!input || error)
        return local_error("FileError", fmt::format("cannot read {}: {}", file.string(),
                                                    error ? error.message() : std::string{std::strerror(errno)}));
    if (total == 0) return put_object(bucket, key, file, authorization);
    const std::string url = fmt::format("{}/objects/{}/{}", options_.endpoint, url_encode(bucket, UrlPart::Query),
                                        url_encode(key, UrlPart::Path));
    std::uint64_t stored = 0;
    int failures = 0;  // without a byte more in between
    bool ask = false;
    Millis wait = kUploadPauseFirst;
    for (;;) {
        auto piece = put_piece(url, input.get(), stored, total, ask, authorization, watch);
        if (piece && piece->object) {
            const auto own = hash_of(input.get());
            if (!own) return std::unexpected(own.error());
            if (piece->object->size == total && piece->object->sha256 == *own) return *std::move(piece->object);
            return local_error("UploadDamaged",
                               "the server has stored something else than the file holds now; upload it again");
        }
        const bool told = piece && (piece->status == 308 || piece->status == 416);
        const bool busy = piece && (piece->status == 409 || piece->status == 503 || piece->status == 408);
        if (piece && !told && !busy) return refusal_in(piece->answer, piece->status);
        if (!piece && piece.error().code != "ClientError.NetworkError") return std::unexpected(piece.error());
        if (told && piece->stored > stored) {
            failures = 0;
            wait = kUploadPauseFirst;
        } else if (++failures > kUploadTriesMax) {
            if (!piece) return std::unexpected(piece.error());
            return refusal_in(piece->answer, piece->status);
        }
        if (told) stored = piece->stored;
        // What arrived of a piece that broke off only the server knows.
        const bool answered = ask && told;
        ask = !told;
        if (answered || (told && failures == 0)) continue;
        if (watch.pause) watch.pause(wait);
        wait = std::min(wait * 2, kUploadPauseLongest);
    }
}

ApiResult<void> ApiClient::follow_events(EventQuery& query, const std::function<bool(const ServerEvent&)>& take) {
    const std::string host = host_of(options_.endpoint);
    const std::int64_t now = SystemClock{}.wall().ms / 1000;
    std::string parameters = query.players ? "players=1" : "players=0";
    for (std::size_t i = 0; i < query.ids.size(); ++i)
        parameters += (i == 0 ? "&fleet=" : ",") + url_encode(query.ids[i], UrlPart::Query);
    CurlFields fields;
    fields.add("Host: " + host);
    fields.add("Content-Type: application/json");
    fields.add(fmt::format("X-TC-Timestamp: {}", now));
    if (!options_.region.empty()) fields.add("X-TC-Region: " + options_.region);
    if (!query.last_event_id.empty()) fields.add("Last-Event-ID: " + query.last_event_id);
    fields.add("Authorization: " + authorize(options_, host, "", now, fmt::format("GET\n/events\n{}", parameters)));

    struct Follower {
        CURL* handle;
        EventReader reader;
        const std::function<bool(const ServerEvent&)>& take;
        std::string refusal;
        bool enough = false;
    };
    transport_->start(options_, fmt::format("{}/events?{}", options_.endpoint, parameters));
    CURL* const handle = transport_->handle;
    Follower follower{.handle = handle, .reader = EventReader{query.last_event_id}, .take = take, .refusal = {}};
    using Receive = std::size_t (*)(char*, std::size_t, std::size_t, void*);
    const Receive receive = [](char* data, std::size_t, std::size_t size, void* to) -> std::size_t {
        auto& self = *static_cast<Follower*>(to);
        long status = 0;
        curl_easy_getinfo(self.handle, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200) return collect(data, 1, size, &self.refusal);
        self.enough = !self.reader.read({data, size}, self.take);
        return self.enough ? 0 : size;
    };
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields.list());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &follower);
    // The server says something every 15 s.
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, 45L);
    const auto status = transport_->perform(options_);
    query.last_event_id = follower.reader.last_id();
    if (follower.enough) return {};
    if (!status) return std::unexpected(status.error());
    if (*status != 200) return refusal_in(follower.refusal, *status);
    return {};
}

ApiResult<StoredObject> ApiClient::get_object(std::string_view bucket, std::string_view key,
                                              const std::filesystem::path& file, std::string_view authorization) {
    return save(fmt::format("{}/objects/{}/{}", options_.endpoint, url_encode(bucket, UrlPart::Query),
                            url_encode(key, UrlPart::Path)),
                file, std::string{authorization});
}

ApiResult<StoredObject> ApiClient::get_link(const std::string& url, const std::filesystem::path& file) {
    return save(url, file, "");
}

ApiResult<ApiClient::Page> ApiClient::get_page(std::string_view path) {
    transport_->start(options_, fmt::format("{}{}", options_.endpoint, path));
    CURL* const handle = transport_->handle;
    Page page;
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, note_date);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &page.date_s);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &page.body);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    const auto status = transport_->perform(options_);
    if (!status) return std::unexpected(status.error());
    if (*status != 200)
        return local_error("NotAnAnswer",
                           fmt::format("{}{} answered with HTTP status {}", options_.endpoint, path, *status));
    return page;
}

ApiResult<StoredObject> ApiClient::save(const std::string& url, const std::filesystem::path& file,
                                        const std::string& authorization) {
    std::filesystem::path beside = file;
    beside += ".part";
    OpenFile output{std::fopen(beside.c_str(), "wbe")};
    if (!output) {
        return local_error("FileError", fmt::format("cannot write {}: {}", beside.string(), std::strerror(errno)));
    }
    CurlFields fields;
    if (!authorization.empty()) fields.add(fmt::format("Authorization: {}", authorization));
    transport_->start(options_, url);
    CURL* const handle = transport_->handle;
    Received received{.handle = handle, .file = output.get()};
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields.list());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, save_piece);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &received);
    transport_->limit_standstill(options_);
    const auto status = transport_->perform(options_);
    std::error_code ignored;
    const bool written = std::fclose(output.release()) == 0;
    if (!status || *status != 200 || !written) {
        std::filesystem::remove(beside, ignored);
        if (!status) return std::unexpected(status.error());
        if (!written) return local_error("FileError", fmt::format("cannot write {}", beside.string()));
        return refusal_in(received.error_body, *status);
    }
    std::error_code failed;
    std::filesystem::rename(beside, file, failed);
    if (failed) return local_error("FileError", fmt::format("cannot write {}: {}", file.string(), failed.message()));
    return StoredObject{received.size, to_hex(received.hash.finish())};
}

}  // namespace gse::client
