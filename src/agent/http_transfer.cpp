#include "agent/http_transfer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "agent/no_room.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/url.h"
#include "transfer/curl.h"

namespace gse::agent {
namespace {

constexpr std::size_t kAnswerBytesMax = 1024;

struct Incoming {
    CURL* curl = nullptr;
    int fd = -1;
    std::uint64_t have = 0;
    std::uint64_t resumed_from = 0;
    std::uint64_t max = 0;
    bool checked = false;
    bool too_big = false;
    int write_error = 0;  ///< errno of a write that failed
    std::string refusal;  ///< body of an answer that is not the file
};

std::size_t on_data(char* data, std::size_t size, std::size_t count, void* user) {
    auto& in = *static_cast<Incoming*>(user);
    const std::size_t bytes = size * count;
    long status = 0;
    curl_easy_getinfo(in.curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206) {
        if (in.refusal.size() < kAnswerBytesMax)
            in.refusal.append(data, std::min(bytes, kAnswerBytesMax - in.refusal.size()));
        return bytes;
    }
    if (!in.checked) {
        in.checked = true;
        if (in.resumed_from > 0 && status == 200) {  // it sends the whole file again
            if (ftruncate(in.fd, 0) != 0 || lseek(in.fd, 0, SEEK_SET) != 0) return 0;
            in.have = 0;
        }
    }
    in.have += bytes;
    if (in.have > in.max) {
        in.too_big = true;
        return 0;
    }
    for (std::size_t done = 0; done < bytes;) {
        const ssize_t n = write(in.fd, data + done, bytes - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            in.write_error = n < 0 ? errno : ENOSPC;
            return 0;
        }
        done += static_cast<std::size_t>(n);
    }
    return bytes;
}

std::size_t on_answer(char* data, std::size_t size, std::size_t count, void* user) {
    auto& answer = *static_cast<std::string*>(user);
    const std::size_t bytes = size * count;
    if (answer.size() < kAnswerBytesMax) answer.append(data, std::min(bytes, kAnswerBytesMax - answer.size()));
    return bytes;
}

std::size_t on_read(char* out, std::size_t size, std::size_t count, void* user) {
    const ssize_t n = read(*static_cast<int*>(user), out, size * count);
    return n < 0 ? CURL_READFUNC_ABORT : static_cast<std::size_t>(n);
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::atomic<bool>*>(user)->load() ? 1 : 0;
}

CurlHandle make(const Transfer& transfer, CurlFields& fields, const std::atomic<bool>& stop, char* error) {
    CurlHandle curl = make_curl();
    CURL* c = curl.get();
    fields.add("Expect:");
    if (!transfer.authorization.empty()) fields.add("Authorization: " + transfer.authorization);
    curl_easy_setopt(c, CURLOPT_URL, transfer.url.c_str());
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields.list());
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    if (!transfer.ca_file.empty()) curl_easy_setopt(c, CURLOPT_CAINFO, transfer.ca_file.c_str());
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_PROXY, "");  // objects come from our own server, whatever the environment says
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1'024L);  // bytes a second …
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, 30L);      // … for so many seconds, and it counts as lost
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&stop));
    return curl;
}

std::unexpected<Error> refuse_status(const char* what, long status, const std::string& answer) {
    const bool later = status >= 500 || status == 408 || status == 429;
    std::string said = answer.substr(0, 300);
    for (char& c : said)
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    return refuse(later ? ErrorCode::Unavailable : ErrorCode::FailedOperation,
                  fmt::format("{}: the object store answered {} {}", what, status, said));
}

}  // namespace

Result<void> fetch_file(const Transfer& transfer, const std::filesystem::path& file, const std::atomic<bool>& stop) {
    const Fd fd{open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd && no_room(errno))
        return refuse(ErrorCode::Insufficient,
                      fmt::format("download: cannot create {}: {}", file.string(), std::strerror(errno)));
    if (!fd) return refuse_errno("create", file);
    const off_t have = lseek(fd.get(), 0, SEEK_END);
    char error[CURL_ERROR_SIZE] = "";
    CurlFields fields;
    const CurlHandle curl = make(transfer, fields, stop, error);
    Incoming in{.curl = curl.get(),
                .fd = fd.get(),
                .have = static_cast<std::uint64_t>(have),
                .resumed_from = static_cast<std::uint64_t>(have),
                .max = transfer.bytes_max};
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &in);
    if (have > 0) curl_easy_setopt(curl.get(), CURLOPT_RANGE, fmt::format("{}-", have).c_str());
    const CURLcode code = curl_easy_perform(curl.get());
    if (in.too_big) {
        (void)!ftruncate(fd.get(), 0);
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("download: larger than the {} bytes that were announced", transfer.bytes_max));
    }
    // On a full disk there is no going on: whoever else could do with the room shall have it.
    if (no_room(in.write_error)) (void)!ftruncate(fd.get(), 0);
    if (in.write_error != 0)
        return refuse(no_room(in.write_error) ? ErrorCode::Insufficient : ErrorCode::Unavailable,
                      fmt::format("download: cannot write {}: {}", file.string(), std::strerror(in.write_error)));
    if (code != CURLE_OK)
        return refuse(ErrorCode::Unavailable, fmt::format("download: {}", error[0] ? error : curl_easy_strerror(code)));
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == 416) {  // what we have is not a beginning of what there is
        (void)!ftruncate(fd.get(), 0);
        return refuse(ErrorCode::Unavailable, "download: it has to start over");
    }
    if (status != 200 && status != 206) return refuse_status("download", status, in.refusal);
    if (fsync(fd.get()) != 0) return refuse_errno("sync", file);
    return {};
}

Result<void> send_file(const Transfer& transfer, const std::filesystem::path& file, const std::atomic<bool>& stop) {
    const Fd fd{open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    struct stat info{};
    if (!fd || fstat(fd.get(), &info) != 0) return refuse_errno("open", file);
    char error[CURL_ERROR_SIZE] = "";
    CurlFields fields;
    const CurlHandle curl = make(transfer, fields, stop, error);
    std::string answer;
    int source = fd.get();
    curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(curl.get(), CURLOPT_READDATA, &source);
    curl_easy_setopt(curl.get(), CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(info.st_size));
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
    const CURLcode code = curl_easy_perform(curl.get());
    if (code != CURLE_OK)
        return refuse(ErrorCode::Unavailable, fmt::format("upload: {}", error[0] ? error : curl_easy_strerror(code)));
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 299) return refuse_status("upload", status, answer);
    return {};
}

std::string object_url(const std::string& objects_url, const std::string& bucket, const std::string& key) {
    std::string base = objects_url;
    while (base.ends_with('/')) base.pop_back();
    return fmt::format("{}/{}/{}", base, url_encode(bucket, UrlPart::Path), url_encode(key, UrlPart::Path));
}

}  // namespace gse::agent
