#include "objects/testing/fake_s3.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <pugixml.hpp>
#include <sstream>

#include "base/check.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "base/url.h"

namespace gse::objects::testing {
namespace {

constexpr std::size_t kHeadMax = 64 * 1024;
constexpr Millis kClockMayDiffer{15 * 60'000};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::vector<std::string> split(std::string_view text, char mark) {
    std::vector<std::string> out;
    std::stringstream stream{std::string(text)};
    for (std::string word; std::getline(stream, word, mark);) out.push_back(word);
    return out;
}

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string xml_text(std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '"' ? "&quot;" : std::string(1, c);
    return out;
}

std::string etag_of(std::string_view content) { return fmt::format("\"{}\"", to_hex(sha256(content)).substr(0, 32)); }

bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool receive(int fd, std::string& buffer) {
    char bytes[64 * 1024];
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(got));
    return true;
}

}  // namespace

struct FakeS3::Request {
    std::string method;
    std::string raw_path;
    std::string raw_query;
    std::map<std::string, std::string> query;   // decoded
    std::map<std::string, std::string> fields;  // by lower-case name
    std::string body;
    std::string key;
    bool bucket_known = false;

    [[nodiscard]] std::string field(const std::string& name) const {
        const auto found = fields.find(name);
        return found == fields.end() ? "" : found->second;
    }
    [[nodiscard]] std::string parameter(const std::string& name) const {
        const auto found = query.find(name);
        return found == query.end() ? "" : found->second;
    }
    [[nodiscard]] S3Op op() const {
        const bool upload = query.contains("uploadId");
        if (key.empty()) {
            if (method != "GET") return S3Op::Unknown;
            return query.contains("uploads") ? S3Op::ListUploads : S3Op::List;
        }
        if (method == "GET") return upload ? S3Op::ListParts : S3Op::Get;
        if (method == "DELETE") return upload ? S3Op::Abort : S3Op::Delete;
        if (method == "POST") return upload ? S3Op::Complete : query.contains("uploads") ? S3Op::Create : S3Op::Unknown;
        if (method != "PUT") return S3Op::Unknown;
        if (!upload) return S3Op::Put;
        return fields.contains("x-amz-copy-source") ? S3Op::CopyPart : S3Op::PutPart;
    }
};

struct FakeS3::Answer {
    int status = 200;
    std::string body;
    std::string fields;

    static Answer fault(int status, std::string_view code, std::string_view more = {}) {
        return {status,
                fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{} is "
                            "what the fake says</Message>{}<RequestId>1</RequestId></Error>",
                            code, code, more),
                "Content-Type: application/xml\r\n"};
    }
    static Answer xml(std::string_view root, const std::string& inner) {
        return {200,
                fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{} "
                            "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{}</{}>",
                            root, inner, root),
                "Content-Type: application/xml\r\n"};
    }
};

FakeS3::FakeS3(FakeS3Options options) : options_(std::move(options)) {
    listener_ = Fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    CHECK(static_cast<bool>(listener_));
    const int on = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    CHECK(::listen(listener_.get(), 128) == 0);
    socklen_t size = sizeof address;
    CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
}

FakeS3::~FakeS3() {
    stop_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    for (const auto& connection : connections_) {
        ::shutdown(connection->fd.get(), SHUT_RDWR);
        connection->thread.join();
    }
}

std::string FakeS3::endpoint(std::string_view host) const { return fmt::format("http://{}:{}", host, port_); }

void FakeS3::accept_all() {
    while (!stop_) {
        Fd fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (!fd) break;
        const int on = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::erase_if(connections_, [](const auto& old) {
            if (!old->done) return false;
            old->thread.join();
            return true;
        });
        auto& connection = *connections_.emplace_back(std::make_unique<Connection>());
        connection.fd = std::move(fd);
        connection.thread = std::thread([this, &connection] { serve(connection); });
    }
}

void FakeS3::serve(Connection& connection) {
    std::string buffer;
    while (!stop_ && serve_one(connection.fd.get(), buffer)) {
    }
    ::shutdown(connection.fd.get(), SHUT_RDWR);
    connection.done = true;
}

bool FakeS3::serve_one(int fd, std::string& buffer) {
    std::size_t head_end;
    while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos)
        if (buffer.size() > kHeadMax || !receive(fd, buffer)) return false;
    Request request;
    std::stringstream head(buffer.substr(0, head_end));
    std::string line, target, version;
    std::getline(head, line);
    std::stringstream(line) >> request.method >> target >> version;
    while (std::getline(head, line)) {
        while (line.ends_with('\r')) line.pop_back();
        const auto colon = line.find(':');
        if (colon == std::string::npos) return false;
        std::string value = line.substr(colon + 1);
        while (value.starts_with(' ')) value.erase(0, 1);
        request.fields[lower(line.substr(0, colon))] = value;
    }
    buffer.erase(0, head_end + 4);
    const std::uint64_t length = number(request.field("content-length"));
    while (buffer.size() < length)
        if (!receive(fd, buffer)) return false;
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);

    const auto question = target.find('?');
    request.raw_path = target.substr(0, question);
    request.raw_query = question == std::string::npos ? "" : target.substr(question + 1);
    for (const std::string& pair : split(request.raw_query, '&')) {
        const auto equals = pair.find('=');
        request.query[url_decode(pair.substr(0, equals), UrlPart::Path).value_or("")] =
            equals == std::string::npos ? "" : url_decode(pair.substr(equals + 1), UrlPart::Path).value_or("");
    }
    std::string path = url_decode(request.raw_path, UrlPart::Path).value_or("");
    if (request.field("host").starts_with(options_.bucket + ".")) {
        request.bucket_known = true;
        request.key = path.substr(std::min<std::size_t>(1, path.size()));
    } else if (path == "/" + options_.bucket || path.starts_with("/" + options_.bucket + "/")) {
        request.bucket_known = true;
        request.key = path.substr(std::min(path.size(), options_.bucket.size() + 2));
    }

    const S3Op op = request.op();
    Answer answer;
    const auto what = take_trouble(op);
    if (auto refused = verify(request)) {
        answer = *std::move(refused);
    } else {
        if (!what || *what == Trouble::CutAfter || *what == Trouble::CutBody || *what == Trouble::FlipBit ||
            *what == Trouble::ShortBody) {
            answer = act(op, request);
        } else if (*what == Trouble::InternalError) {
            answer = Answer::fault(500, "InternalError");
        } else if (*what == Trouble::SlowDown) {
            answer = Answer::fault(503, "SlowDown");
        } else if (*what == Trouble::Forbidden) {
            answer = Answer::fault(403, "AccessDenied");
        } else if (*what == Trouble::ErrorIn200) {
            answer = Answer::fault(200, "InternalError");
        } else if (*what == Trouble::Garbled) {
            answer = Answer::fault(400, "XAmzContentSHA256Mismatch");
        } else if (*what == Trouble::NoUpload) {
            answer = Answer::fault(404, "NoSuchUpload");
        } else if (*what == Trouble::Portal) {
            answer = {200, "<html><body>Please log in</body></html>", "Content-Type: text/html\r\n"};
        } else if (*what == Trouble::OtherRegion) {
            answer = Answer::fault(400, "AuthorizationHeaderMalformed", "<Region>eu-north-1</Region>");
        } else if (*what == Trouble::Moved) {
            answer = Answer::fault(301, "PermanentRedirect");
            answer.fields += "x-amz-bucket-region: eu-north-1\r\n";
        } else if (*what == Trouble::CutBefore) {
            return false;
        } else if (*what == Trouble::Stall) {
            while (receive(fd, buffer)) {
            }
            return false;
        }
    }
    if (what == Trouble::CutAfter) return false;
    if (what == Trouble::FlipBit && !answer.body.empty())
        answer.body[answer.body.size() / 2] = static_cast<char>(answer.body[answer.body.size() / 2] ^ 1);
    if (what == Trouble::ShortBody) answer.body.resize(answer.body.size() / 2);
    std::string out = fmt::format("HTTP/1.1 {} Fake\r\nContent-Length: {}\r\nx-amz-request-id: 1\r\n{}\r\n",
                                  answer.status, answer.body.size(), answer.fields);
    if (what == Trouble::CutBody) {
        send_all(fd, out + answer.body.substr(0, answer.body.size() / 2));
        return false;
    }
    return send_all(fd, out + answer.body);
}

std::optional<Trouble> FakeS3::take_trouble(S3Op op) {
    const std::lock_guard lock(mutex_);
    ++counts_[op];
    for (Planned& planned : planned_) {
        if (planned.op != op || planned.times == 0) continue;
        if (planned.skip > 0) {
            --planned.skip;
            continue;
        }
        --planned.times;
        return planned.what;
    }
    return std::nullopt;
}

/// The refusal, or nothing. Everything is taken from the wire; nothing is shared with the code that signs.
std::optional<FakeS3::Answer> FakeS3::verify(const Request& request) const {
    const std::string authorization = request.field("authorization");
    constexpr std::string_view kScheme = "AWS4-HMAC-SHA256 ";
    if (!authorization.starts_with(kScheme)) return Answer::fault(403, "AccessDenied");
    std::map<std::string, std::string> said;
    for (std::string part : split(std::string_view(authorization).substr(kScheme.size()), ',')) {
        while (part.starts_with(' ')) part.erase(0, 1);
        said[part.substr(0, part.find('='))] = part.substr(part.find('=') + 1);
    }
    const auto scope = split(said["Credential"], '/');
    if (scope.size() != 5) return Answer::fault(400, "AuthorizationHeaderMalformed");
    if (scope[0] != options_.access_key_id) return Answer::fault(403, "InvalidAccessKeyId");
    if (scope[2] != options_.region)
        return Answer::fault(400, "AuthorizationHeaderMalformed", fmt::format("<Region>{}</Region>", options_.region));
    if (scope[3] != "s3" || scope[4] != "aws4_request") return Answer::fault(400, "AuthorizationHeaderMalformed");
    const std::string time = request.field("x-amz-date");
    if (time.size() != 16 || time.substr(0, 8) != scope[1]) return Answer::fault(403, "SignatureDoesNotMatch");
    const auto read =
        parse_time(fmt::format("{}-{}-{}T{}:{}:{}Z", time.substr(0, 4), time.substr(4, 2), time.substr(6, 2),
                               time.substr(9, 2), time.substr(11, 2), time.substr(13, 2)));
    if (!read) return Answer::fault(403, "AccessDenied");
    if (const Millis apart = *read - now(); apart > kClockMayDiffer || apart < -kClockMayDiffer)
        return Answer::fault(403, "RequestTimeTooSkewed",
                             fmt::format("<ServerTime>{}</ServerTime>", format_utc(now())));

    auto names = split(said["SignedHeaders"], ';');
    if (!std::is_sorted(names.begin(), names.end())) return Answer::fault(403, "SignatureDoesNotMatch");
    for (const auto& [name, value] : request.fields)
        if ((name == "host" || name.starts_with("x-amz-") || name == "range" || name == "if-match") &&
            std::find(names.begin(), names.end(), name) == names.end())
            return Answer::fault(403, "AccessDenied");
    std::string lines;
    for (const std::string& name : names) lines += name + ":" + request.field(name) + "\n";
    auto pairs = split(request.raw_query, '&');
    std::sort(pairs.begin(), pairs.end());
    const std::string query = fmt::format("{}", fmt::join(pairs, "&"));
    const std::string hash = request.field("x-amz-content-sha256");
    const std::string canonical = request.method + "\n" + request.raw_path + "\n" + query + "\n" + lines + "\n" +
                                  said["SignedHeaders"] + "\n" + hash;
    const std::string to_sign = "AWS4-HMAC-SHA256\n" + time + "\n" + said["Credential"].substr(scope[0].size() + 1) +
                                "\n" + to_hex(sha256(canonical));
    Digest256 key = hmac_sha256("AWS4" + options_.secret_key, scope[1]);
    for (std::size_t i = 2; i < scope.size(); ++i) key = hmac_sha256(key, scope[i]);
    if (to_hex(hmac_sha256(key, to_sign)) != said["Signature"]) return Answer::fault(403, "SignatureDoesNotMatch");
    if (request.field("x-amz-security-token") != options_.session_token) return Answer::fault(400, "InvalidToken");
    if (to_hex(sha256(request.body)) != hash) return Answer::fault(400, "XAmzContentSHA256Mismatch");
    const std::lock_guard lock(mutex_);
    if (!request.bucket_known || no_bucket_) return Answer::fault(404, "NoSuchBucket");
    return std::nullopt;
}

FakeS3::Answer FakeS3::act(S3Op op, const Request& request) {
    const std::lock_guard lock(mutex_);
    switch (op) {
        case S3Op::List: return list(request);
        case S3Op::ListUploads: return list_uploads(request);
        case S3Op::ListParts: return list_parts(request);
        case S3Op::Get: return get(request);
        case S3Op::PutPart: return put_part(request);
        case S3Op::CopyPart: return copy_part(request);
        case S3Op::Complete: return complete(request);
        case S3Op::Put: {
            Object& object = objects_[request.key];
            object = {request.body, etag_of(request.body), now()};
            return {200, "", "ETag: " + object.etag + "\r\n"};
        }
        case S3Op::Delete: objects_.erase(request.key); return {204, "", ""};
        case S3Op::Abort:
            if (uploads_.erase(request.parameter("uploadId")) == 0) return Answer::fault(404, "NoSuchUpload");
            return {204, "", ""};
        case S3Op::Create: {
            const std::string id = fmt::format("upload~{}/=", ++next_upload_);  // with what must be encoded
            uploads_[id] = {request.key, now(), {}};
            return Answer::xml("InitiateMultipartUploadResult",
                               fmt::format("<Bucket>{}</Bucket><Key>{}</Key><UploadId>{}</UploadId>", options_.bucket,
                                           xml_text(request.key), xml_text(id)));
        }
        case S3Op::Unknown: break;
    }
    return Answer::fault(501, "NotImplemented");
}

FakeS3::Answer FakeS3::list(const Request& request) const {
    const std::string prefix = request.parameter("prefix");
    std::size_t max = options_.page;
    if (request.query.contains("max-keys")) max = std::min<std::size_t>(max, number(request.parameter("max-keys")));
    std::string after = request.parameter("start-after");
    // A token is no key, and nobody may look into it.
    if (const std::string token = request.parameter("continuation-token"); !token.empty())
        after = from_hex(token).value_or("");
    std::string inner = fmt::format("<Name>{}</Name><Prefix>{}</Prefix>", options_.bucket, xml_text(prefix)), last;
    std::size_t listed = 0;
    bool more = false;
    for (auto it = objects_.upper_bound(after); it != objects_.end(); ++it) {
        if (!it->first.starts_with(prefix)) continue;
        if (listed == max) {
            more = true;
            break;
        }
        ++listed;
        last = it->first;
        inner += fmt::format(
            "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
            xml_text(it->first), format_utc(it->second.modified), xml_text(it->second.etag), it->second.content.size());
    }
    inner += fmt::format("<KeyCount>{}</KeyCount><IsTruncated>{}</IsTruncated>", listed, more);
    if (more)
        inner +=
            fmt::format("<NextContinuationToken>{}</NextContinuationToken>", to_hex(std::as_bytes(std::span{last})));
    return Answer::xml("ListBucketResult", inner);
}

FakeS3::Answer FakeS3::list_uploads(const Request& request) const {
    const std::string prefix = request.parameter("prefix");
    const std::pair after{request.parameter("key-marker"), request.parameter("upload-id-marker")};
    std::map<std::pair<std::string, std::string>, WallTime> sorted;
    for (const auto& [id, upload] : uploads_)
        if (upload.key.starts_with(prefix)) sorted[{upload.key, id}] = upload.begun;
    std::string inner;
    std::size_t listed = 0;
    std::pair<std::string, std::string> last;
    bool more = false;
    for (auto it = after.first.empty() ? sorted.begin() : sorted.upper_bound(after); it != sorted.end(); ++it) {
        if (listed == options_.page) {
            more = true;
            break;
        }
        ++listed;
        last = it->first;
        inner += fmt::format("<Upload><Key>{}</Key><UploadId>{}</UploadId><Initiated>{}</Initiated></Upload>",
                             xml_text(it->first.first), xml_text(it->first.second), format_utc(it->second));
    }
    inner += fmt::format("<IsTruncated>{}</IsTruncated>", more);
    if (more)
        inner += fmt::format("<NextKeyMarker>{}</NextKeyMarker><NextUploadIdMarker>{}</NextUploadIdMarker>",
                             xml_text(last.first), xml_text(last.second));
    return Answer::xml("ListMultipartUploadsResult", inner);
}

FakeS3::Answer FakeS3::list_parts(const Request& request) const {
    const auto found = uploads_.find(request.parameter("uploadId"));
    if (found == uploads_.end()) return Answer::fault(404, "NoSuchUpload");
    const auto& parts = found->second.parts;
    std::string inner;
    std::size_t listed = 0;
    std::uint32_t last = 0;
    bool more = false;
    for (auto it = parts.upper_bound(static_cast<std::uint32_t>(number(request.parameter("part-number-marker"))));
         it != parts.end(); ++it) {
        if (listed == options_.page) {
            more = true;
            break;
        }
        ++listed;
        last = it->first;
        inner += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag><Size>{}</Size></Part>", it->first,
                             xml_text(it->second.etag), it->second.content.size());
    }
    inner += fmt::format("<IsTruncated>{}</IsTruncated>", more);
    if (more) inner += fmt::format("<NextPartNumberMarker>{}</NextPartNumberMarker>", last);
    return Answer::xml("ListPartsResult", inner);
}

FakeS3::Answer FakeS3::get(const Request& request) const {
    const auto found = objects_.find(request.key);
    if (found == objects_.end()) return Answer::fault(404, "NoSuchKey");
    const auto& [content, etag, modified] = found->second;
    if (const std::string wanted = request.field("if-match"); !wanted.empty() && wanted != etag)
        return Answer::fault(412, "PreconditionFailed");
    const std::string common = "ETag: " + etag + "\r\n";
    std::string range = request.field("range");
    if (!range.starts_with("bytes=")) return {200, content, common};
    range.erase(0, 6);
    const auto dash = range.find('-');
    if (content.empty()) return Answer::fault(416, "InvalidRange");
    std::uint64_t first = number(range.substr(0, dash)), last = content.size() - 1;
    if (dash == 0)
        first = content.size() - std::min<std::uint64_t>(content.size(), number(range.substr(1)));
    else if (dash + 1 < range.size())
        last = std::min<std::uint64_t>(last, number(range.substr(dash + 1)));
    if (first > last) return Answer::fault(416, "InvalidRange");
    return {206, content.substr(first, last - first + 1),
            common + fmt::format("Content-Range: bytes {}-{}/{}\r\n", first, last, content.size())};
}

FakeS3::Answer FakeS3::put_part(const Request& request) {
    const auto found = uploads_.find(request.parameter("uploadId"));
    if (found == uploads_.end() || found->second.key != request.key) return Answer::fault(404, "NoSuchUpload");
    const std::uint64_t part = number(request.parameter("partNumber"));
    if (part < 1 || part > 10'000) return Answer::fault(400, "InvalidArgument");
    Object& object = found->second.parts[static_cast<std::uint32_t>(part)];
    object = {request.body, etag_of(request.body), now()};
    return {200, "", "ETag: " + object.etag + "\r\n"};
}

FakeS3::Answer FakeS3::copy_part(const Request& request) {
    const auto upload = uploads_.find(request.parameter("uploadId"));
    if (upload == uploads_.end() || upload->second.key != request.key) return Answer::fault(404, "NoSuchUpload");
    const std::string source = url_decode(request.field("x-amz-copy-source"), UrlPart::Path).value_or("");
    const std::string folder = "/" + options_.bucket + "/";
    const auto found = source.starts_with(folder) ? objects_.find(source.substr(folder.size())) : objects_.end();
    if (found == objects_.end()) return Answer::fault(404, "NoSuchKey");
    if (request.field("x-amz-copy-source-if-match") != found->second.etag)
        return Answer::fault(412, "PreconditionFailed");
    std::string range = request.field("x-amz-copy-source-range");
    if (!range.starts_with("bytes=")) return Answer::fault(400, "InvalidArgument");
    range.erase(0, 6);
    const std::uint64_t first = number(range.substr(0, range.find('-'))),
                        last = number(range.substr(range.find('-') + 1));
    if (first > last || last >= found->second.content.size()) return Answer::fault(400, "InvalidArgument");
    std::string content = found->second.content.substr(first, last - first + 1);
    Object& part = upload->second.parts[static_cast<std::uint32_t>(number(request.parameter("partNumber")))];
    part = {content, etag_of(content), now()};
    return Answer::xml("CopyPartResult", "<ETag>" + xml_text(part.etag) + "</ETag>");
}

FakeS3::Answer FakeS3::complete(const Request& request) {
    const auto found = uploads_.find(request.parameter("uploadId"));
    if (found == uploads_.end() || found->second.key != request.key) return Answer::fault(404, "NoSuchUpload");
    pugi::xml_document document;
    if (!document.load_buffer(request.body.data(), request.body.size())) return Answer::fault(400, "MalformedXML");
    std::string content, etags;
    std::uint32_t before = 0;
    const auto list = document.child("CompleteMultipartUpload");
    for (auto part = list.child("Part"); part; part = part.next_sibling("Part")) {
        const std::uint32_t at = part.child("PartNumber").text().as_uint();
        const auto stored = found->second.parts.find(at);
        if (at <= before) return Answer::fault(400, "InvalidPartOrder");
        if (stored == found->second.parts.end() || stored->second.etag != part.child_value("ETag"))
            return Answer::fault(400, "InvalidPart");
        if (part.next_sibling("Part") && stored->second.content.size() < options_.min_part_bytes)
            return Answer::fault(400, "EntityTooSmall");
        before = at;
        content += stored->second.content;
        etags += stored->second.etag;
    }
    if (before == 0) return Answer::fault(400, "MalformedXML");
    // Of a multipart upload S3 says when it was begun.
    objects_[request.key] = {content, etag_of(etags), found->second.begun};
    uploads_.erase(found);
    return Answer::xml("CompleteMultipartUploadResult", "<Key>" + xml_text(request.key) + "</Key>");
}

WallTime FakeS3::now() const { return SystemClock{}.wall() + Millis{clock_shift_ms_.load()}; }

void FakeS3::trouble(S3Op op, Trouble what, int times, int skip) {
    const std::lock_guard lock(mutex_);
    planned_.push_back({op, what, times, skip});
}

void FakeS3::shift_clock(Millis by) { clock_shift_ms_ = by.count(); }

void FakeS3::forget_bucket() {
    const std::lock_guard lock(mutex_);
    no_bucket_ = true;
}

std::size_t FakeS3::count(S3Op op) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(op);
    return found == counts_.end() ? 0 : found->second;
}

std::size_t FakeS3::open_uploads() const {
    const std::lock_guard lock(mutex_);
    return uploads_.size();
}

std::vector<std::string> FakeS3::keys() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const auto& [key, object] : objects_) out.push_back(key);
    return out;
}

std::string FakeS3::content(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    return found == objects_.end() ? "" : found->second.content;
}

void FakeS3::set_content(const std::string& key, std::string content) {
    const std::lock_guard lock(mutex_);
    std::string etag = etag_of(content);
    objects_[key] = {std::move(content), std::move(etag), now()};
}

void FakeS3::age_uploads(Millis by) {
    const std::lock_guard lock(mutex_);
    for (auto& [id, upload] : uploads_) upload.begun = upload.begun - by;
}

}  // namespace gse::objects::testing
