#include "hosts/kube_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>

#include "base/file.h"
#include "hosts/json_path.h"
#include "transfer/curl.h"

namespace gse::hosts {
namespace {

namespace json = boost::json;

constexpr std::size_t kAnswerMax = 64 << 20;
constexpr std::size_t kLineMax = 8 << 20;
constexpr std::size_t kRefusalMax = 64 << 10;
constexpr std::size_t kTokenMax = 64 << 10;
constexpr std::size_t kSaidMax = 500;
constexpr Millis kSendLimit{30'000};
constexpr Millis kWatchLimit{360'000};

std::string one_line(std::string_view text) {
    std::string out(text.substr(0, kSaidMax));
    for (char& c : out)
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    return out;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::atomic<bool>*>(user)->load() ? 1 : 0;
}

/// In seconds; 0 when the line is another one. A date, which the API server never sends, is none.
Millis read_retry_after(std::string_view line) {
    constexpr std::string_view kName = "retry-after:";
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; };
    if (line.size() <= kName.size() || !std::ranges::equal(line.substr(0, kName.size()), kName, same)) return Millis{0};
    std::string_view value = line.substr(kName.size());
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    std::uint32_t seconds = 0;
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    return std::min(Millis{seconds * 1000LL}, Millis{300'000});
}

std::string url_of(const KubeAccess& access, const KubeCall& call) {
    std::string url = access.url + "/api/v1";
    if (!call.space.empty()) url += "/namespaces/" + call.space;
    url += "/" + call.resource;
    if (!call.name.empty()) url += "/" + call.name;
    if (!call.query.empty()) url += "?" + call.query;
    return url;
}

curl_blob blob(const std::string& text) {
    return {.data = const_cast<char*>(text.data()), .len = text.size(), .flags = CURL_BLOB_NOCOPY};
}

}  // namespace

struct KubeClient::Transport {
    const CurlHandle own = make_curl();
    CURL* const handle = own.get();
    char message[CURL_ERROR_SIZE] = "";
};

/// What comes of one request.
struct KubeClient::Reception {
    std::function<void()> opened = [] {};          ///< its status is 2xx
    std::function<bool(std::string_view)> take{};  ///< of such an answer; false ends it
    std::string refusal{};                         ///< the body of any other
    Millis retry_after{0};
    CURL* curl = nullptr;
    bool ended_by_us = false;

    [[nodiscard]] bool is_granted() const {
        long status = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        return status >= 200 && status <= 299;
    }
    static std::size_t on_data(char* data, std::size_t size, std::size_t count, void* user) {
        auto& in = *static_cast<Reception*>(user);
        const std::size_t bytes = size * count;
        if (!in.is_granted()) {
            if (in.refusal.size() < kRefusalMax)
                in.refusal.append(data, std::min(bytes, kRefusalMax - in.refusal.size()));
            return bytes;
        }
        if (in.take(std::string_view(data, bytes))) return bytes;
        in.ended_by_us = true;
        return 0;
    }
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
        auto& in = *static_cast<Reception*>(user);
        const std::string_view line(data, size * count);
        in.retry_after = std::max(in.retry_after, read_retry_after(line));
        if (line == "\r\n" && in.is_granted()) in.opened();
        return line.size();
    }
};

KubeClient::KubeClient(KubeAccess access, const std::atomic<bool>& stop)
    : access_(std::move(access)), stop_(stop), transport_(std::make_unique<Transport>()) {}
KubeClient::~KubeClient() = default;

KubeError describe_refusal(const KubeAccess& access, const KubeCall& call, long status, std::string_view body) {
    KubeError error{.status = status};
    std::string said;
    boost::system::error_code unreadable;
    const json::value parsed = json::parse(body, unreadable);
    if (!unreadable) {
        error.reason = text_at(parsed, {"reason"});
        said = one_line(text_at(parsed, {"message"}));
        error.retry_after =
            Millis{std::clamp<std::int64_t>(number_at(parsed, {"details", "retryAfterSeconds"}), 0, 300) * 1000};
    }
    if (said.empty()) said = one_line(body);
    const std::string where = call.space.empty() ? "of the cluster" : "in namespace " + call.space;
    const bool by_rights = said.find(fmt::format("cannot {} resource", call.verb)) != std::string::npos;
    if (status == 401)
        error.message = fmt::format("the API server does not accept the credentials of {}: {}", access.source, said);
    else if (status == 403 && by_rights)
        error.message = fmt::format(
            "the server's account lacks the right to {} {} {}; deploy/kubernetes/rbac.yaml has "
            "all that are needed. The API server says: {}",
            call.verb, call.resource, where, said);
    else
        error.message = fmt::format("the API server refuses to {} {} {} (status {}): {}", call.verb, call.resource,
                                    where, status, said.empty() ? error.reason : said);
    return error;
}

KubeResult<long> KubeClient::perform(const KubeCall& call, Reception& reception, Millis limit) {
    CURL* c = transport_->handle;
    curl_easy_reset(c);
    transport_->message[0] = '\0';
    const std::string url = url_of(access_, call);
    CurlFields fields;
    fields.add("Accept: application/json");
    fields.add("Expect:");
    // It is rotated under our feet: whatever the file holds now counts.
    std::string token = access_.token;
    if (!access_.token_file.empty()) {
        auto read = read_file(access_.token_file, kTokenMax);
        if (!read) return std::unexpected(KubeError{.message = "the token cannot be read: " + read.error().message});
        token = std::move(*read);
        while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    }
    if (!token.empty()) fields.add("Authorization: Bearer " + token);
    if (call.verb == "patch")
        fields.add("Content-Type: application/merge-patch+json");
    else if (!call.body.empty())
        fields.add("Content-Type: application/json");
    curl_easy_setopt(c, CURLOPT_URL, url.c_str());
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields.list());
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, transport_->message);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
    // A connection over which nothing comes is found out, though a watch may rightly be silent for long.
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPIDLE, 20L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPINTVL, 10L);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&stop_));
    reception.curl = c;
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, Reception::on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, &reception);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, Reception::on_data);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &reception);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "gse");
    const KubeAccess access = as_now(access_);
    curl_blob authority = blob(access.authority), certificate = blob(access.certificate), key = blob(access.key);
    if (!access.authority.empty()) curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &authority);
    if (access_.unverified) {
        curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!access.certificate.empty()) {
        curl_easy_setopt(c, CURLOPT_SSLCERTTYPE, "PEM");
        curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, &certificate);
        curl_easy_setopt(c, CURLOPT_SSLKEYTYPE, "PEM");
        curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, &key);
    }
    if (call.verb == "create") curl_easy_setopt(c, CURLOPT_POST, 1L);
    if (call.verb == "delete") curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "DELETE");
    if (call.verb == "patch") curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "PATCH");
    if (!call.body.empty() || call.verb == "create") {
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, call.body.c_str());
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, static_cast<long>(call.body.size()));
    }
    const CURLcode code = curl_easy_perform(c);
    if (code != CURLE_OK && !reception.ended_by_us) {
        const std::string why = transport_->message[0] ? transport_->message : curl_easy_strerror(code);
        return std::unexpected(KubeError{.message = fmt::format("the API server {} (from {}) cannot be reached: {}",
                                                                access_.url, access_.source, why)});
    }
    long status = 0;
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

KubeResult<json::value> KubeClient::send(const KubeCall& call) {
    std::string body;
    bool too_big = false;
    Reception reception{.take = [&](std::string_view bytes) {
        too_big = body.size() + bytes.size() > kAnswerMax;
        if (!too_big) body.append(bytes);
        return !too_big;
    }};
    const auto status = perform(call, reception, kSendLimit);
    if (!status) return std::unexpected(status.error());
    if (too_big)
        return std::unexpected(
            KubeError{.message = fmt::format("the API server's answer to {} {} is larger than {} MiB", call.verb,
                                             call.resource, kAnswerMax >> 20)});
    if (*status < 200 || *status > 299) return std::unexpected(refusal_of(call, *status, reception));
    boost::system::error_code unreadable;
    json::value parsed = json::parse(body, unreadable);
    if (unreadable || !parsed.is_object())
        return std::unexpected(KubeError{
            .message = fmt::format("what answers at {} is no Kubernetes API server: {}", access_.url, one_line(body))});
    return parsed;
}

KubeResult<void> KubeClient::watch(const KubeCall& call, const std::function<void()>& opened,
                                   const std::function<bool(std::string_view line)>& take) {
    std::string held;
    bool too_long = false;
    Reception reception{.opened = opened, .take = [&](std::string_view bytes) {
                            for (;;) {
                                const std::size_t end = bytes.find('\n');
                                if (end == std::string_view::npos) break;
                                held.append(bytes.substr(0, end));
                                bytes.remove_prefix(end + 1);
                                const std::string line = std::exchange(held, {});
                                if (!line.empty() && !take(line)) return false;
                            }
                            too_long = held.size() + bytes.size() > kLineMax;
                            if (!too_long) held.append(bytes);
                            return !too_long;
                        }};
    const auto status = perform(call, reception, kWatchLimit);
    if (!status) return std::unexpected(status.error());
    if (too_long)
        return std::unexpected(
            KubeError{.message = fmt::format("the API server's watch of {} has a line of more than {} MiB",
                                             call.resource, kLineMax >> 20)});
    if (*status >= 200 && *status <= 299) return {};
    return std::unexpected(refusal_of(call, *status, reception));
}

KubeError KubeClient::refusal_of(const KubeCall& call, long status, const Reception& reception) const {
    KubeError error = describe_refusal(access_, call, status, reception.refusal);
    error.retry_after = std::max(error.retry_after, reception.retry_after);
    return error;
}

}  // namespace gse::hosts
