// The small parts of the rim: forms, multipart bodies, hosts, ranges, heads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/byte_range.h"
#include "http/known_hosts.h"
#include "http/params.h"
#include "http/request.h"
#include "http/response.h"

namespace gse::http {
namespace {

TEST(Form, Decodes) {
    const struct {
        std::string_view text;
        codec::FlatParams want;
    } kCases[] = {
        {"", {}},
        {"A=1", {{"A", "1"}}},
        {"A=1&B=2", {{"A", "1"}, {"B", "2"}}},
        {"A", {{"A", ""}}},
        {"A=", {{"A", ""}}},
        {"&A=1&&B=2&", {{"A", "1"}, {"B", "2"}}},
        {"A=b+c%2B%20%3D&%41.0=x=y", {{"A", "b c+ ="}, {"A.0", "x=y"}}},
    };
    for (const auto& c : kCases) EXPECT_EQ(decode_form(c.text), c.want) << c.text;
}

TEST(Form, Refuses) {
    for (const char* text : {"A=%", "A=%1", "A=%gg", "%=1", "A=1&A=2", "A=1&%41=1"}) {
        const auto refused = decode_form(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidParameter) << text;
    }
    std::string many;
    for (std::size_t i = 0; i <= kParametersMax; ++i) many += "A" + std::to_string(i) + "=1&";
    EXPECT_EQ(decode_form(many).error().code, ErrorCode::RequestTooLarge);
}

TEST(Multipart, TakesTextFilesAndJson) {
    const std::string body =
        "--B\r\nContent-Disposition: form-data; name=\"Text\"\r\n\r\nline\r\nline\r\n"
        "--B\r\ncontent-disposition: form-data; filename=\"a;b\"; name=File\r\nContent-Type: "
        "application/octet-stream\r\n\r\n"
        "\r\n\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"Q\\\"uoted\"\r\n\r\n\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"Big\"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
        "{\"U\":18446744073709551615,\"E\":{},\"L\":[]}\r\n--B--";
    EXPECT_EQ(decode_multipart("multipart/form-data; charset=x; boundary=\"B\"", body),
              (codec::FlatParams{
                  {"Text", "line\r\nline"}, {"File", "\r\n"}, {"Q\"uoted", ""}, {"Big.U", "18446744073709551615"}}));
}

TEST(Multipart, MalformedIsInvalidRequest) {
    const std::string part = "--B\r\nContent-Disposition: form-data; name=\"A\"\r\n\r\nx\r\n";
    const std::string json =
        "--B\r\nContent-Disposition: form-data; name=\"A\"\r\nContent-Type: application/json\r\n\r\n";
    const std::pair<std::string, std::string> kCases[] = {
        {"multipart/form-data", part + "--B--"},
        {"multipart/form-data; boundary=", part + "--B--"},
        {"multipart/form-data; boundary=" + std::string(71, 'B'), part + "--B--"},
        {"multipart/form-data; boundary=C", part + "--B--"},
        {"multipart/form-data; boundary=B", ""},
        {"multipart/form-data; boundary=B", "--B"},
        {"multipart/form-data; boundary=B", part},
        {"multipart/form-data; boundary=B", part + "--Bx--"},
        {"multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--"},
        {"multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--B--"},
        {"multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"A\r\n\r\nx\r\n--B--"},
        {"multipart/form-data; boundary=B", "--B\r\nno colon\r\n\r\nx\r\n--B--"},
        {"multipart/form-data; boundary=B", "--B\r\nx\r\n--B--"},
        {"multipart/form-data; boundary=B", json + "{\r\n--B--"},
        {"multipart/form-data; boundary=B", json + std::string(100, '[') + std::string(100, ']') + "\r\n--B--"},
        {"multipart/form-data; boundary=B", json + std::string(40, '[') + "1" + std::string(40, ']') + "\r\n--B--"},
    };
    for (const auto& [type, body] : kCases) {
        const auto refused = decode_multipart(type, body);
        ASSERT_FALSE(refused) << type << "\n" << body;
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidRequest) << type << "\n" << body;
    }
    EXPECT_EQ(decode_multipart("multipart/form-data; boundary=B", part + part + "--B--").error().code,
              ErrorCode::InvalidParameter);
}

TEST(Host, WithoutItsPort) {
    const std::pair<const char*, const char*> kCases[] = {
        {"127.0.0.1:8080", "127.0.0.1"},
        {"127.0.0.1", "127.0.0.1"},
        {"localhost:1", "localhost"},
        {"[::1]:8080", "[::1]"},
        {"[::1]", "[::1]"},
        {"::1", "::1"},
        {"a:", "a:"},
        {"a:b", "a:b"},
        {"", ""},
        {"http://h:80", "http://h"},
        {"a:123:456", "a:123:456"},
    };
    for (const auto& [host, want] : kCases) EXPECT_EQ(without_port(host), want) << host;
}

TEST(Host, OriginsAreUrls) {
    const std::vector<std::string> known{"gse.example.org:8443"};
    EXPECT_TRUE(is_known_origin({}, known)) << "not from a page";
    EXPECT_TRUE(is_known_origin("http://127.0.0.1:8080", known));
    EXPECT_TRUE(is_known_origin("https://gse.example.org", known));
    for (const char* origin : {"", "null", "127.0.0.1", "file://127.0.0.1", "https://evil.example.org", "https://"}) {
        EXPECT_FALSE(is_known_origin(origin, known)) << origin;
    }
}

TEST(Range, OfNothingAndOfHugeNumbers) {
    EXPECT_EQ(choose_range("bytes=0-", 0), std::unexpected(NotSatisfiable{}));
    EXPECT_EQ(choose_range("bytes=-5", 0), std::unexpected(NotSatisfiable{}));
    EXPECT_EQ(choose_range("bytes=-0", 5), std::unexpected(NotSatisfiable{}));
    EXPECT_EQ(choose_range("", 5), (ByteRange{0, 5, false}));
    EXPECT_EQ(choose_range("bytes=0-18446744073709551615", 5), (ByteRange{0, 5, true}));
    EXPECT_EQ(choose_range("bytes=0-18446744073709551616", 5), (ByteRange{0, 5, false})) << "no number of ours";
    for (const char* text : {"bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes= 1-2", "bytes=1-2-3", "bytes=+1-2"}) {
        EXPECT_EQ(choose_range(text, 5), (ByteRange{0, 5, false})) << text;
    }
}

TEST(Head, IsAsTheRfcWritesIt) {
    EXPECT_EQ(format_http_date({784'111'777'000}), "Sun, 06 Nov 1994 08:49:37 GMT");
    std::string head;
    append_head(head, 200, "D", "application/json", 12, {"X: ", "y\r\n"}, After::KeepAlive);
    EXPECT_EQ(head,
              "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: application/json\r\nContent-Length: 12\r\nX: y\r\n\r\n");
    head.clear();
    append_head(head, 404, "D", "", 0, {}, After::Close);
    EXPECT_EQ(head, "HTTP/1.1 404 Not Found\r\nDate: D\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    head.clear();
    append_head(head, 304, "D", "", 0, {}, After::KeepAliveTold);
    EXPECT_EQ(head, "HTTP/1.1 304 Not Modified\r\nDate: D\r\nConnection: keep-alive\r\n\r\n");
}

}  // namespace
}  // namespace gse::http
