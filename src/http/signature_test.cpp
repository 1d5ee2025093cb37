#include "http/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/base64.h"
#include "base/hex.h"
#include "http/api_request.h"
#include "http/params.h"

namespace gse::http {
namespace {

constexpr std::string_view kSecretId = "AKIDEXAMPLE0001";
constexpr std::string_view kSecret = "example-secret-key-0001";
constexpr std::string_view kBody =
    R"({"Name":"demo","RoutingStrategy":{"Type":"SIMPLE","FleetId":"fleet-12345678-abcdefgh"}})";
constexpr WallTime kThen{1'600'000'000'000};
constexpr std::string_view kSignatureA = "584d1d46783b73b272ab5fc894d31bbb512ef12366163e2849e7a58717572599";

class Keys final : public KeyStore {
public:
    std::map<std::string, Key, std::less<>> keys{{std::string{kSecretId}, Key{std::string{kSecret}}}};

    std::optional<Key> find(std::string_view secret_id) const override {
        const auto found = keys.find(secret_id);
        return found == keys.end() ? std::nullopt : std::optional{found->second};
    }
};

/// A request that owns its text, so that a case is a few changes to a common one.
struct Sent {
    std::string method = "POST";
    std::string query;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body{kBody};

    Sent& set(std::string name, std::string value) {
        for (auto& field : fields) {
            if (equal_ignoring_case(field.first, name)) {
                field.second = std::move(value);
                return *this;
            }
        }
        fields.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    Sent& drop(std::string_view name) {
        std::erase_if(fields, [&](const auto& field) { return equal_ignoring_case(field.first, name); });
        return *this;
    }
    Sent& with_body(std::string text) {
        body = std::move(text);
        return *this;
    }
    RequestView view() const {
        views.clear();
        for (const auto& [name, value] : fields) views.push_back({name, value});
        return {method, "/", query, views, body};
    }
    mutable std::vector<Field> views;
};

std::string authorization(std::string_view scope, std::string_view signed_headers, std::string_view signature) {
    return "TC3-HMAC-SHA256 Credential=" + std::string{kSecretId} + "/" + std::string{scope} +
           ", SignedHeaders=" + std::string{signed_headers} + ", Signature=" + std::string{signature};
}

/// Vector A.
Sent sent_a() {
    Sent sent;
    sent.fields = {{"X-TC-Action", "CreateAlias"},
                   {"Host", "gse.tencentcloudapi.com"},
                   {"Content-Type", "application/json"},
                   {"X-TC-Timestamp", "1600000000"},
                   {"X-TC-Version", "2019-11-12"},
                   {"X-TC-Region", "ap-shanghai"},
                   {"Authorization", authorization("2020-09-13/gse/tc3_request", "content-type;host", kSignatureA)}};
    return sent;
}

/// Signed the way a client would that signs `host`, `content_type` and these further headers as given here.
Sent signed_as(Sent sent, std::string service, std::string signed_headers,
               const std::map<std::string, std::string>& values) {
    Sent as_signed = sent;
    for (const auto& [name, value] : values) as_signed.set(name, value);
    const std::string timestamp{sent.view().field("x-tc-timestamp")};
    const std::string date = format_utc_date({std::stoll(timestamp) * 1000});
    const std::string scope = date + "/" + service + "/tc3_request";
    const auto canonical =
        canonical_request(as_signed.view(), signed_headers, payload_hash(as_signed.view()), CanonicalForm{});
    EXPECT_TRUE(canonical);
    const std::string to_sign =
        "TC3-HMAC-SHA256\n" + timestamp + "\n" + scope + "\n" + to_hex(sha256(canonical.value_or("")));
    const std::string signature = to_hex(hmac_sha256(tc3_signing_key(kSecret, date, service), to_sign));
    sent.set("Authorization", authorization(scope, signed_headers, signature));
    return sent;
}

std::string outcome(const Sent& sent, WallTime now = kThen) {
    static const Keys keys;
    SignatureCheck check{keys};
    const auto caller = check.check_tc3(sent.view(), now);
    if (caller) return caller->secret_id == kSecretId ? "accepted" : "accepted for another key";
    switch (caller.error().code) {
        case ErrorCode::AuthInvalidAuthorization: return "AuthFailure.InvalidAuthorization";
        case ErrorCode::AuthSecretIdNotFound: return "AuthFailure.SecretIdNotFound";
        case ErrorCode::AuthSignatureExpire: return "AuthFailure.SignatureExpire";
        case ErrorCode::AuthSignatureFailure: return "AuthFailure.SignatureFailure";
        case ErrorCode::AuthTokenFailure: return "AuthFailure.TokenFailure";
        case ErrorCode::MissingParameter: return "MissingParameter";
        case ErrorCode::InvalidParameterValue: return "InvalidParameterValue";
        default: return "another error";
    }
}

TEST(Tc3, StepsOfVectorA) {
    EXPECT_EQ(to_hex(sha256(kBody)), "a4513e02d2f79c1cb54ae637448e4ed8ce041efe13b58658a091f52729c4436c");
    EXPECT_EQ(to_hex(hmac_sha256("TC3" + std::string{kSecret}, "2020-09-13")),
              "ab0e27ac5df163c1e8c62fa62935239685b25ba4df4d4254eb80bc980a3070f2");
    EXPECT_EQ(to_hex(tc3_signing_key(kSecret, "2020-09-13", "gse")),
              "5c766358a3c7a226e17ec0bc0b162a7f5fc62e3d9fb9e8407e178f1870e3874a");
    const Sent sent = sent_a();
    EXPECT_EQ(canonical_request(sent.view(), "content-type;host", payload_hash(sent.view()), {}),
              "POST\n/\n\ncontent-type:application/json\nhost:gse.tencentcloudapi.com\n\ncontent-type;host\n"
              "a4513e02d2f79c1cb54ae637448e4ed8ce041efe13b58658a091f52729c4436c");
    EXPECT_EQ(outcome(sent), "accepted");
}

TEST(Tc3, Vectors) {
    const struct {
        const char* name;
        std::function<void(Sent&)> change;
        const char* signed_headers;
        const char* scope;
        CanonicalForm form;
        const char* canonical_hash;
        const char* signature;
    } kCases[] = {
        {"A: POST JSON",
         [](Sent&) {},
         "content-type;host",
         "2020-09-13/gse/tc3_request",
         {},
         "9313f03cad5da2fd527f967f56901163d78d6a70d58d4292af9c7377cbc9e3bd",
         "584d1d46783b73b272ab5fc894d31bbb512ef12366163e2849e7a58717572599"},
        {"B: x-tc-action signed in lower case",
         [](Sent& s) { s.set("Content-Type", "application/json; charset=utf-8"); },
         "content-type;host;x-tc-action",
         "2020-09-13/gse/tc3_request",
         {.values_lowered = true},
         "fb64985009042a622842777b8b410318cbcf42cc221c4945dab3cf35e065524f",
         "000c5752f5b1442644e4be47beaf762f74606c3a8818125f5389ca9aa27d2399"},
        {"C: charset in the content type",
         [](Sent& s) { s.set("Content-Type", "application/json; charset=utf-8"); },
         "content-type;host",
         "2020-09-13/gse/tc3_request",
         {},
         "5abb62cf9449d287ab44bf3605af05fad51b1b3f246c31c94ab276f7e6246598",
         "802c6979e6e111393768976510df2e161762ddd22ca9ddb0a6e4b4a5035b8e6c"},
        {"D: unsigned payload",
         [](Sent& s) { s.set("X-TC-Content-SHA256", "UNSIGNED-PAYLOAD"); },
         "content-type;host",
         "2020-09-13/gse/tc3_request",
         {},
         "c3621ec2ad81b930c965a22852faaa41e25e644a4a8d97735c33a618da7800e9",
         "f9fd5232b9fba09b4dc3b33759cee483277199ae212c9096ff3e16408f85b370"},
        {"E: GET",
         [](Sent& s) {
             s.method = "GET";
             s.query = "Limit=10&Offset=0&Filters.0.Key=resource%3Aname&Filters.0.Values.0=demo";
             s.set("Content-Type", "application/x-www-form-urlencoded").with_body("");
         },
         "content-type;host",
         "2020-09-13/gse/tc3_request",
         {},
         "d29c74a0034a32d79afae630cb8cec26604d4a3b399cbcfb7f64a48cc277bd40",
         "736cbedada92f685879e8de8e3f29656dff75d948551d9b57b8c3084f9ba8b56"},
        {"F: Node at 127.0.0.1:8080",
         [](Sent& s) { s.set("Host", "127.0.0.1:8080"); },
         "content-type;host",
         "2020-09-13/127/tc3_request",
         {.host_with_port = false},
         "5f456895a4589564bf32a00bb3a3bef574696764f6efcc6d9c9314918364f9e8",
         "c0cb50b02bc5d8fc59842c4ed0e54b45349416824532c9df374cd25618ba19b8"},
        {"G: Python and Go at 127.0.0.1:8080",
         [](Sent& s) { s.set("Host", "127.0.0.1:8080"); },
         "content-type;host",
         "2020-09-13/gse/tc3_request",
         {},
         "0f2f4bbb0d5b5cdf3695a4ab323959b10226884f989cd7894a28205a602bb934",
         "e339a2175952b51266ca1c6c175e42f9045fea00f6d958dae681809e960bff1c"},
    };
    for (const auto& c : kCases) {
        Sent sent = sent_a();
        c.change(sent);
        sent.set("Authorization", authorization(c.scope, c.signed_headers, c.signature));
        const auto canonical = canonical_request(sent.view(), c.signed_headers, payload_hash(sent.view()), c.form);
        ASSERT_TRUE(canonical) << c.name;
        EXPECT_EQ(to_hex(sha256(*canonical)), c.canonical_hash) << c.name;
        EXPECT_EQ(outcome(sent), "accepted") << c.name;

        std::string flipped = c.signature;
        flipped.back() = flipped.back() == '0' ? '1' : '0';
        sent.set("Authorization", authorization(c.scope, c.signed_headers, flipped));
        EXPECT_EQ(outcome(sent), "AuthFailure.SignatureFailure") << c.name;
    }
}

TEST(Tc3, TheVendorsOwnExample) {
    Keys keys;
    keys.keys.emplace("AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******", Key{"Gu5t9xGARNpq86cd98joQYCN3*******"});
    Sent sent;
    sent.fields = {{"Content-Type", "application/json; charset=utf-8"},
                   {"Host", "cvm.tencentcloudapi.com"},
                   {"X-TC-Action", "DescribeInstances"},
                   {"X-TC-Timestamp", "1551113065"}};
    sent.body = R"({"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]})";
    const std::pair<const char*, const char*> kCases[] = {
        {"content-type;host", "2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c"},
        {"content-type;host;x-tc-action", "be4f67d323c78ab9acb7395e43c0dbcf822a9cfac32fea2449a7bc7726b770a3"},
    };
    for (const auto& [signed_headers, signature] : kCases) {
        sent.set("Authorization",
                 std::string{"TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/"
                             "tc3_request, SignedHeaders="} +
                     signed_headers + ", Signature=" + signature);
        SignatureCheck check{keys};
        EXPECT_TRUE(check.check_tc3(sent.view(), {1'551'113'065'000})) << signed_headers;
    }
}

TEST(Tc3, AcceptsWhatClientsReallySign) {
    const Sent plain = sent_a();
    Sent local = sent_a();
    local.set("Host", "localhost:8080");
    Sent capitals = sent_a();
    capitals.set("Content-Type", "multipart/form-data; boundary=AaBb").set("Host", "GSE.Example.Test:8080");
    Sent get = sent_a();
    get.method = "GET";
    get.body = "ignored for GET";

    const struct {
        const char* what;
        Sent sent;
    } kCases[] = {
        {"any service: Node with localhost:8080 signs the port as part of it",
         signed_as(local, "localhost:8080", "content-type;host", {{"Host", "localhost"}})},
        {"any service: a slash in it is still between date and end", signed_as(plain, "a/b", "content-type;host", {})},
        {"the host with its port", signed_as(local, "gse", "content-type;host", {})},
        {"the host without its port", signed_as(local, "gse", "content-type;host", {{"Host", "localhost"}})},
        {"a content type in capitals as sent", signed_as(capitals, "gse", "content-type;host", {})},
        {"a content type in capitals, lower-cased",
         signed_as(capitals, "gse", "content-type;host", {{"Content-Type", "multipart/form-data; boundary=aabb"}})},
        {"a host in capitals, lower-cased",
         signed_as(capitals, "gse", "content-type;host", {{"Host", "gse.example.test:8080"}})},
        {"everything lower-cased and no port", signed_as(capitals, "gse", "content-type;host;x-tc-action",
                                                         {{"Host", "gse.example.test"},
                                                          {"Content-Type", "multipart/form-data; boundary=aabb"},
                                                          {"X-TC-Action", "createalias"}})},
        {"x-tc-action as sent", signed_as(plain, "gse", "content-type;host;x-tc-action", {})},
        {"further headers", signed_as(plain, "gse", "content-type;host;x-tc-region;x-tc-timestamp;x-tc-version", {})},
        {"a body of raw bytes, escaped as Python does",
         signed_as(sent_a().with_body("{\"Name\": \"a \\u00fc\"}"), "gse", "content-type;host", {})},
        {"a body of raw bytes, as Node writes it",
         signed_as(sent_a().with_body("{\"Name\":\"a ü\"}"), "gse", "content-type;host", {})},
        {"a GET whose body counts as empty", signed_as(get, "gse", "content-type;host", {})},
    };
    for (const auto& c : kCases) EXPECT_EQ(outcome(c.sent), "accepted") << c.what;
}

TEST(Tc3, UsesTheQueryAsSent) {
    for (const char* query : {"Name=a%20b&Limit=1", "Name=a+b&Limit=1", "Limit=1&Name=a%20b", "Name=a%2fb", ""}) {
        Sent get = sent_a();
        get.method = "GET";
        get.query = query;
        const Sent sent = signed_as(get, "gse", "content-type;host", {});
        EXPECT_EQ(outcome(sent), "accepted") << query;
        Sent other = sent;
        other.query += "&X=1";
        EXPECT_EQ(outcome(other), "AuthFailure.SignatureFailure") << query;
    }
    Sent post = sent_a();
    post.query = "Ignored=1";  // of a POST the query is no part of the request
    EXPECT_EQ(outcome(post), "accepted");
}

TEST(Tc3, RefusesWhatWasChangedOnTheWay) {
    const std::pair<const char*, std::function<void(Sent&)>> kCases[] = {
        {"body", [](Sent& s) { s.body[3] ^= 1; }},
        {"longer body", [](Sent& s) { s.body += " "; }},
        {"method", [](Sent& s) { s.method = "GET"; }},
        {"host", [](Sent& s) { s.set("Host", "gse2.tencentcloudapi.com"); }},
        {"content type", [](Sent& s) { s.set("Content-Type", "text/plain"); }},
        {"timestamp", [](Sent& s) { s.set("X-TC-Timestamp", "1600000001"); }},
        {"payload declared unsigned", [](Sent& s) { s.set("X-TC-Content-SHA256", "UNSIGNED-PAYLOAD"); }},
        {"a listed header not sent",
         [](Sent& s) {
             s.set("Authorization",
                   authorization("2020-09-13/gse/tc3_request", "content-type;host;x-none", kSignatureA));
         }},
        {"host left out", [](Sent& s) { s.drop("Host"); }},
    };
    for (const auto& [what, change] : kCases) {
        Sent sent = sent_a();
        change(sent);
        EXPECT_EQ(outcome(sent), "AuthFailure.SignatureFailure") << what;
    }
}

TEST(Tc3, AnUnsignedPayloadMayBeAnything) {
    Sent sent = sent_a();
    sent.set("X-TC-Content-SHA256", "UNSIGNED-PAYLOAD");
    Sent with_signature = signed_as(sent, "gse", "content-type;host", {});
    with_signature.body = "something else altogether";
    EXPECT_EQ(outcome(with_signature), "accepted");
}

TEST(Tc3, TheClocksMayDifferByFiveMinutes) {
    const struct {
        std::int64_t seconds;
        const char* want;
    } kCases[] = {{0, "accepted"},
                  {300, "accepted"},
                  {-300, "accepted"},
                  {301, "AuthFailure.SignatureExpire"},
                  {-301, "AuthFailure.SignatureExpire"},
                  {86'400, "AuthFailure.SignatureExpire"}};
    for (const auto& c : kCases) EXPECT_EQ(outcome(sent_a(), {kThen.ms + c.seconds * 1000}), c.want) << c.seconds;

    const Keys keys;
    SignatureCheck check{keys};
    const auto late = check.check_tc3(sent_a().view(), {kThen.ms + 3'600'000});
    ASSERT_FALSE(late);
    EXPECT_EQ(
        late.error().message,
        "X-TC-Timestamp says 2020-09-13T12:26:40Z, the server's clock says 2020-09-13T13:26:40Z; they may differ by "
        "300 seconds: set the clock of the client");
}

TEST(Tc3, TheScopesDateIsTheTimestampsInUtc) {
    for (const char* date : {"2020-09-12", "2020-09-14", "20200913", "2020-9-13"}) {
        Sent sent = sent_a();
        sent.set("Authorization",
                 authorization(std::string{date} + "/gse/tc3_request", "content-type;host", kSignatureA));
        EXPECT_EQ(outcome(sent), "AuthFailure.SignatureExpire") << date;
    }
    // Signed a moment before midnight, checked a moment after it.
    Sent sent = sent_a();
    sent.set("X-TC-Timestamp", "1600041599");
    const Sent late = signed_as(sent, "gse", "content-type;host", {});
    EXPECT_EQ(outcome(late, {1'600'041'601'000}), "accepted");
}

TEST(Tc3, TimestampsThatAreNone) {
    const std::pair<const char*, const char*> kCases[] = {{"", "MissingParameter"},
                                                          {"abc", "InvalidParameterValue"},
                                                          {"1600000000.5", "InvalidParameterValue"},
                                                          {"-1", "InvalidParameterValue"},
                                                          {"1600000000 1", "InvalidParameterValue"},
                                                          {"99999999999999999999", "InvalidParameterValue"},
                                                          {"253402300800", "InvalidParameterValue"}};
    for (const auto& [text, want] : kCases) EXPECT_EQ(outcome(sent_a().set("X-TC-Timestamp", text)), want) << text;
    EXPECT_EQ(outcome(sent_a().drop("X-TC-Timestamp")), "MissingParameter");
}

TEST(Tc3, MalformedAuthorizations) {
    const std::string good = authorization("2020-09-13/gse/tc3_request", "content-type;host", kSignatureA);
    const std::string signature = ", Signature=" + std::string{kSignatureA};
    const std::string headers = ", SignedHeaders=content-type;host";
    const std::string credential = "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0001/2020-09-13/gse/tc3_request";
    const std::string kCases[] = {
        "",
        "SKIP",
        "Bearer abc",
        "TC3-HMAC-SHA256",
        "TC3-HMAC-SHA256 ",
        "TC3-HMAC-SHA512" + good.substr(15),
        "TC3-HMAC-SHA256Credential=a/b/c/tc3_request" + headers + signature,
        credential + headers,
        credential + signature,
        "TC3-HMAC-SHA256 " + headers.substr(2) + signature,
        good + ", Extra=1",
        good + signature,
        good + ",",
        credential + headers + ", Signature=" + std::string{kSignatureA.substr(1)},
        credential + headers + ", Signature=" + std::string{kSignatureA.substr(1)} + "G",
        credential + headers + ", Signature=" + std::string{kSignatureA.substr(1)} + "A",
        "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0001/2020-09-13/tc3_request" + headers + signature,
        "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0001" + headers + signature,
        "TC3-HMAC-SHA256 Credential=/2020-09-13/gse/tc3_request" + headers + signature,
        "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0001//gse/tc3_request" + headers + signature,
        "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0001/2020-09-13//tc3_request" + headers + signature,
        "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0001/2020-09-13/gse/tc4_request" + headers + signature,
        credential + ", SignedHeaders=" + signature,
        credential + ", SignedHeaders=host" + signature,
        credential + ", SignedHeaders=content-type" + signature,
        "TC3-HMAC-SHA256 Credential=" + std::string(600, 'a') + "/2020-09-13/gse/tc3_request" + headers + signature,
    };
    for (const std::string& text : kCases) {
        EXPECT_EQ(outcome(sent_a().set("Authorization", text)), "AuthFailure.InvalidAuthorization") << text;
    }
    EXPECT_EQ(outcome(sent_a().drop("Authorization")), "AuthFailure.InvalidAuthorization");
    // Blanks between the parts are nobody's harm.
    EXPECT_EQ(
        outcome(sent_a().set("Authorization", credential + "," + headers.substr(2) + ",  " + signature.substr(2))),
        "accepted");
}

TEST(Tc3, KeysThatAreUnknownOrDisabled) {
    Keys keys;
    SignatureCheck check{keys};
    ASSERT_TRUE(check.check_tc3(sent_a().view(), kThen));
    keys.keys.find(kSecretId)->second.disabled = true;
    EXPECT_EQ(check.check_tc3(sent_a().view(), kThen).error().code, ErrorCode::AuthSecretIdNotFound);
    keys.keys.clear();
    EXPECT_EQ(check.check_tc3(sent_a().view(), kThen).error().code, ErrorCode::AuthSecretIdNotFound);
}

TEST(Tc3, AnOldSecretEndsWithItsChange) {
    Keys keys;
    SignatureCheck check{keys};
    ASSERT_TRUE(check.check_tc3(sent_a().view(), kThen));
    keys.keys.find(kSecretId)->second.secret = "another";
    EXPECT_EQ(check.check_tc3(sent_a().view(), kThen).error().code, ErrorCode::AuthSignatureFailure);
    keys.keys.find(kSecretId)->second.secret = kSecret;
    EXPECT_TRUE(check.check_tc3(sent_a().view(), kThen));
}

TEST(Tc3, DerivedKeysAreFewAndOnlyOfThoseWhoHaveTheSecret) {
    const Keys keys;
    SignatureCheck check{keys};
    for (int i = 0; i < 1000; ++i) {
        Sent sent = sent_a();
        sent.set("Authorization",
                 authorization("2020-09-13/s" + std::to_string(i) + "/tc3_request", "content-type;host", kSignatureA));
        EXPECT_FALSE(check.check_tc3(sent.view(), kThen));
    }
    EXPECT_EQ(check.derived_count(), 0u);
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(
            check.check_tc3(signed_as(sent_a(), "s" + std::to_string(i), "content-type;host", {}).view(), kThen));
        ASSERT_LE(check.derived_count(), SignatureCheck::kDerivedMax);
    }
}

TEST(Tc3, TokensAreNotOurs) {
    EXPECT_EQ(outcome(sent_a().set("X-TC-Token", "temporary")), "AuthFailure.TokenFailure");
    EXPECT_EQ(outcome(sent_a().set("X-TC-Token", "")), "accepted");
}

TEST(Tc3, ChecksInTheOrderOfTheProtocol) {
    const WallTime late{kThen.ms + 400'000};
    Sent sent = sent_a();
    sent.set("Authorization",
             "TC3-HMAC-SHA256 Credential=NOBODY/2020-09-13/gse/tc3_request, "
             "SignedHeaders=content-type;host, Signature=" +
                 std::string(64, '0'));
    sent.set("X-TC-Token", "t");
    EXPECT_EQ(outcome(Sent{sent}.set("Authorization", "nonsense"), late), "AuthFailure.InvalidAuthorization");
    EXPECT_EQ(outcome(sent, late), "AuthFailure.SignatureExpire") << "before the key";
    EXPECT_EQ(outcome(sent), "AuthFailure.SecretIdNotFound") << "before the signature";
    EXPECT_EQ(outcome(Sent{sent}.set("Authorization", authorization("2020-09-13/gse/tc3_request", "content-type;host",
                                                                    std::string(64, '0')))),
              "AuthFailure.SignatureFailure")
        << "before the token";
}

// Version 1.

codec::FlatParams parameters_h() {
    return {{"Action", "CreateAlias"},
            {"Version", "2019-11-12"},
            {"Region", "ap-shanghai"},
            {"Timestamp", "1600000000"},
            {"Nonce", "11886"},
            {"SecretId", "AKIDEXAMPLE0001"},
            {"SignatureMethod", "HmacSHA256"},
            {"Name", "demo"},
            {"RoutingStrategy.Type", "SIMPLE"},
            {"RoutingStrategy.FleetId", "fleet-12345678-abcdefgh"},
            {"Signature", "k5gD6opni4WffCJbU+R4PkdpxVWicqzHVDGCd8dUM/w="}};
}

void set(codec::FlatParams& parameters, std::string_view name, std::string value) {
    for (auto& [key, old] : parameters) {
        if (key == name) old = value;
    }
}

void drop(codec::FlatParams& parameters, std::string_view name) {
    std::erase_if(parameters, [&](const auto& entry) { return entry.first == name; });
}

Sent form_request(std::string method = "POST", std::string host = "gse.tencentcloudapi.com") {
    Sent sent;
    sent.method = std::move(method);
    sent.fields = {{"Host", std::move(host)}, {"Content-Type", "application/x-www-form-urlencoded"}};
    return sent;
}

std::optional<ErrorCode> refusal_v1(const Sent& sent, const codec::FlatParams& parameters, WallTime now = kThen) {
    static const Keys keys;
    SignatureCheck check{keys};
    const auto caller = check.check_v1(sent.view(), parameters, now);
    return caller ? std::nullopt : std::optional{caller.error().code};
}

TEST(Version1, StringOfVectorH) {
    EXPECT_EQ(
        v1_string_to_sign("POST", "gse.tencentcloudapi.com", parameters_h()),
        "POSTgse.tencentcloudapi.com/?Action=CreateAlias&Name=demo&Nonce=11886&Region=ap-shanghai&RoutingStrategy."
        "FleetId=fleet-12345678-abcdefgh&RoutingStrategy.Type=SIMPLE&SecretId=AKIDEXAMPLE0001&SignatureMethod="
        "HmacSHA256&Timestamp=1600000000&Version=2019-11-12");
}

TEST(Version1, VectorsHAndI) {
    EXPECT_EQ(refusal_v1(form_request(), parameters_h()), std::nullopt) << "H: POST, HmacSHA256";
    auto i = parameters_h();
    set(i, "SignatureMethod", "HmacSHA1");
    set(i, "Signature", "IfQotNTs95SDUf46Suigg1qAD7I=");
    EXPECT_EQ(refusal_v1(form_request("GET"), i), std::nullopt) << "I: GET, HmacSHA1";
    EXPECT_EQ(refusal_v1(form_request("POST"), i), ErrorCode::AuthSignatureFailure) << "the method is signed";
}

TEST(Version1, WithoutAMethodItIsSha1) {
    auto parameters = parameters_h();
    drop(parameters, "SignatureMethod");
    const std::string text = v1_string_to_sign("POST", "gse.tencentcloudapi.com", parameters);
    set(parameters, "Signature", base64_encode(hmac_sha1(kSecret, text)));
    EXPECT_EQ(refusal_v1(form_request(), parameters), std::nullopt);
}

TEST(Version1, TakesTheHostAsSentEvenAUrl) {
    for (const char* host : {"127.0.0.1:8080", "http://127.0.0.1:8080", "localhost:1"}) {
        auto parameters = parameters_h();
        set(parameters, "Signature", base64_encode(hmac_sha256(kSecret, v1_string_to_sign("POST", host, parameters))));
        EXPECT_EQ(refusal_v1(form_request("POST", host), parameters), std::nullopt) << host;
    }
}

TEST(Version1, TemporaryKeysSendTheirToken) {
    const Keys keys;
    const objects::TemporaryKeys temporary{std::string(32, 's')};
    SeededRng rng{1};
    const auto key = temporary.issue(kSecretId, kThen + std::chrono::hours{1}, rng);
    codec::FlatParams parameters = parameters_h();
    set(parameters, "SecretId", key.secret_id);
    parameters.emplace_back("Token", key.token);
    const Sent sent = form_request();
    set(parameters, "Signature",
        base64_encode(hmac_sha256(key.secret_key, v1_string_to_sign("POST", "gse.tencentcloudapi.com", parameters))));
    SignatureCheck check{keys, &temporary};
    const auto caller = check.check_v1(sent.view(), parameters, kThen);
    ASSERT_TRUE(caller) << caller.error().message;
    EXPECT_TRUE(caller->temporary);
    EXPECT_EQ(caller->secret_id, key.secret_id);
    set(parameters, "Token", key.token + "x");
    EXPECT_EQ(check.check_v1(sent.view(), parameters, kThen).error().code, ErrorCode::AuthTokenFailure);
    EXPECT_EQ(SignatureCheck{keys}.check_v1(sent.view(), parameters, kThen).error().code,
              ErrorCode::AuthSecretIdNotFound)
        << "a server without temporary keys knows none";
}

TEST(Version1, RefusesWithTheRightCode) {
    const struct {
        const char* what;
        std::function<void(codec::FlatParams&)> change;
        ErrorCode want;
    } kCases[] = {
        {"no signature", [](auto& p) { drop(p, "Signature"); }, ErrorCode::AuthInvalidAuthorization},
        {"no timestamp", [](auto& p) { drop(p, "Timestamp"); }, ErrorCode::MissingParameter},
        {"no key", [](auto& p) { drop(p, "SecretId"); }, ErrorCode::MissingParameter},
        {"late", [](auto& p) { set(p, "Timestamp", "1599999699"); }, ErrorCode::AuthSignatureExpire},
        {"unknown key", [](auto& p) { set(p, "SecretId", "AKIDX"); }, ErrorCode::AuthSecretIdNotFound},
        {"unknown method", [](auto& p) { set(p, "SignatureMethod", "HmacMD5"); }, ErrorCode::InvalidParameterValue},
        {"another value", [](auto& p) { set(p, "Name", "demo2"); }, ErrorCode::AuthSignatureFailure},
        {"another parameter", [](auto& p) { p.emplace_back("X", ""); }, ErrorCode::AuthSignatureFailure},
        {"another signature", [](auto& p) { set(p, "Signature", "k5gD"); }, ErrorCode::AuthSignatureFailure},
        {"a token is signed", [](auto& p) { p.emplace_back("Token", "t"); }, ErrorCode::AuthSignatureFailure},
    };
    for (const auto& c : kCases) {
        auto parameters = parameters_h();
        c.change(parameters);
        EXPECT_EQ(refusal_v1(form_request(), parameters), c.want) << c.what;
    }
    auto with_token = parameters_h();
    with_token.emplace_back("Token", "t");
    set(with_token, "Signature",
        base64_encode(hmac_sha256(kSecret, v1_string_to_sign("POST", "gse.tencentcloudapi.com", with_token))));
    EXPECT_EQ(refusal_v1(form_request(), with_token), ErrorCode::AuthTokenFailure);
}

// What becomes of a request: admit().

Result<engine::ApiCall> admitted(Sent sent, const Keys& keys = {}) {
    SignatureCheck check{keys};
    const RequestView view = sent.view();
    return admit(view, sent.body, check, ApiLimits{}, kThen);
}

TEST(Admit, APostOfJson) {
    const auto call = admitted(sent_a());
    ASSERT_TRUE(call);
    EXPECT_EQ(call->action, "CreateAlias");
    EXPECT_EQ(call->version, "2019-11-12");
    EXPECT_EQ(call->region, "ap-shanghai");
    EXPECT_EQ(call->secret_id, kSecretId);
    EXPECT_TRUE(call->is_json);
    EXPECT_EQ(call->json, kBody);
    EXPECT_GE(call->json.capacity() - call->json.size(), 64u) << "room for the parser";
}

TEST(Admit, AGetAndItsQuery) {
    Sent sent = sent_a();
    sent.method = "GET";
    sent.query = "Limit=10&Offset=0&Filters.0.Key=resource%3Aname&Filters.0.Values.0=a+b%20c";
    sent.set("Content-Type", "application/x-www-form-urlencoded").with_body("");
    const auto call = admitted(signed_as(sent, "gse", "content-type;host", {}));
    ASSERT_TRUE(call);
    EXPECT_FALSE(call->is_json);
    EXPECT_EQ(
        call->flat,
        (codec::FlatParams{
            {"Limit", "10"}, {"Offset", "0"}, {"Filters.0.Key", "resource:name"}, {"Filters.0.Values.0", "a b c"}}));
}

TEST(Admit, AFormWithoutItsCommonParameters) {
    Sent sent = form_request();
    sent.body =
        "Action=CreateAlias&Version=2019-11-12&Region=ap-shanghai&Timestamp=1600000000&Nonce=11886&SecretId="
        "AKIDEXAMPLE0001&SignatureMethod=HmacSHA256&Name=demo&RoutingStrategy.Type=SIMPLE&RoutingStrategy.FleetId="
        "fleet-"
        "12345678-abcdefgh&Signature=k5gD6opni4WffCJbU%2BR4PkdpxVWicqzHVDGCd8dUM%2Fw%3D";
    const auto call = admitted(sent);
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->action, "CreateAlias");
    EXPECT_EQ(call->version, "2019-11-12");
    EXPECT_EQ(call->region, "ap-shanghai");
    EXPECT_FALSE(call->is_json);
    EXPECT_EQ(call->flat, (codec::FlatParams{{"Name", "demo"},
                                             {"RoutingStrategy.Type", "SIMPLE"},
                                             {"RoutingStrategy.FleetId", "fleet-12345678-abcdefgh"}}));
}

TEST(Admit, AMultipartBody) {
    Sent sent = sent_a();
    sent.set("Content-Type", "multipart/form-data; boundary=XyZ");
    sent.body =
        "--XyZ\r\nContent-Disposition: form-data; name=\"Name\"\r\n\r\ndemo\r\n"
        "--XyZ\r\nContent-Disposition: form-data; name=\"RoutingStrategy\"\r\nContent-Type: application/json\r\n\r\n"
        "{\"Type\":\"SIMPLE\",\"Nested\":[{\"A\":1},{\"A\":-2.5},true,null]}\r\n--XyZ--\r\n";
    const auto call = admitted(signed_as(sent, "gse", "content-type;host", {}));
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(call->flat, (codec::FlatParams{{"Name", "demo"},
                                             {"RoutingStrategy.Type", "SIMPLE"},
                                             {"RoutingStrategy.Nested.0.A", "1"},
                                             {"RoutingStrategy.Nested.1.A", "-2.5"},
                                             {"RoutingStrategy.Nested.2", "true"}}));
}

TEST(Admit, Refusals) {
    Sent put = sent_a();
    put.method = "PUT";
    EXPECT_EQ(admitted(put).error().code, ErrorCode::UnsupportedProtocol);
    Sent unsigned_json = sent_a();
    unsigned_json.drop("Authorization");
    EXPECT_EQ(admitted(unsigned_json).error().code, ErrorCode::AuthInvalidAuthorization);
    Sent form = sent_a();
    form.set("Content-Type", "application/x-www-form-urlencoded");
    EXPECT_EQ(admitted(signed_as(form, "gse", "content-type;host", {})).error().code, ErrorCode::InvalidRequest);
    Sent long_query = sent_a();
    long_query.method = "GET";
    long_query.query = "A=" + std::string(32 * 1024, 'x');
    EXPECT_EQ(admitted(long_query).error().code, ErrorCode::RequestTooLarge);
    Sent broken = form_request();
    broken.body = "Name=%zz";
    EXPECT_EQ(admitted(broken).error().code, ErrorCode::InvalidParameter);
}

TEST(Admit, AReadOnlyKeyReads) {
    Keys keys;
    keys.keys.find(kSecretId)->second.read_only = true;
    EXPECT_EQ(admitted(sent_a(), keys).error().code, ErrorCode::Unauthorized);
    EXPECT_TRUE(admitted(sent_a().set("X-TC-Action", "DescribeAlias"), keys));
    const Caller reader{.secret_id = "AKIDR", .read_only = true, .temporary = false, .account = "AKIDR"};
    for (const char* action : {"DescribeFleetEvents", "ListFleets", "SearchGameServerSessions", "ResolveAlias",
                               "GetGameServerSessionLogUrl", "GetGameServerInstanceLogUrl", "NobodyKnows"}) {
        EXPECT_TRUE(check_may_call(reader, action)) << action;
    }
    for (const char* action : {"GetUploadCredentials", "GetUploadFederationToken", "GetInstanceAccess", "UpdateAlias",
                               "CreateAccessKey", "ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey"}) {
        const auto refused = check_may_call(reader, action);
        ASSERT_FALSE(refused) << action;
        EXPECT_EQ(refused.error().code, ErrorCode::Unauthorized) << action;
        EXPECT_THAT(refused.error().message, testing::HasSubstr("a key without ReadOnly")) << action;
    }
}

TEST(Admit, ATemporaryKeyMakesNoKeys) {
    const Caller temporary{.secret_id = "AKIDtmp-1", .read_only = false, .temporary = true, .account = "AKIDP"};
    EXPECT_TRUE(check_may_call(temporary, "CreateAlias"));
    for (const char* action : {"GetUploadFederationToken", "CreateAccessKey", "ListAccessKeys"}) {
        const auto refused = check_may_call(temporary, action);
        ASSERT_FALSE(refused) << action;
        EXPECT_THAT(refused.error().message, testing::HasSubstr("AKIDP")) << action;
    }
}

TEST(Admit, LimitsDependOnTheSignature) {
    const ApiLimits limits;
    EXPECT_EQ(body_bytes_max(sent_a().view(), limits), 10u * 1024 * 1024);
    EXPECT_EQ(too_large(sent_a().view(), limits).code, ErrorCode::RequestTooLarge);
    EXPECT_EQ(body_bytes_max(form_request().view(), limits), 1024u * 1024);
    EXPECT_EQ(too_large(form_request().view(), limits).code, ErrorCode::AuthSignatureFailure);
}

}  // namespace
}  // namespace gse::http
