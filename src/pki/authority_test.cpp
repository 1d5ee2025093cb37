#include "pki/authority.h"

#include <gmock/gmock.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <fstream>
#include <set>

#include "base/file.h"
#include "base/temp_folder.h"
#include "pki/certificate.h"
#include "pki/x509.h"

namespace gse::pki {
namespace {

using testing::HasSubstr;

constexpr Millis kDay{24 * 3'600'000LL};
constexpr WallTime kStart{1'800'000'000'000};

std::string read(const std::filesystem::path& file) { return read_file(file, 1 << 20).value(); }

/// Whether a chain is good at a time, for that side of TLS, as the other end would see it.
bool is_good(const std::string& chain, const std::string& roots, WallTime at, int purpose) {
    const auto certificates = read_certificates(chain);
    const std::unique_ptr<X509_STORE, Freed<X509_STORE_free>> store(X509_STORE_new());
    for (const auto& root : read_certificates(roots)) X509_STORE_add_cert(store.get(), root.get());
    const std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), certificates.front().get(), nullptr);
    X509_STORE_CTX_set_purpose(context.get(), purpose);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), at.ms / 1000);
    return X509_verify_cert(context.get()) == 1;
}

class AuthorityTest : public testing::Test {
protected:
    std::unique_ptr<Authority> open(WallTime now = kStart) {
        auto opened = Authority::open(folder_.path() / "pki", {}, now, rng_);
        EXPECT_TRUE(opened) << opened.error().message;
        return opened ? std::move(*opened) : nullptr;
    }
    static std::string request() { return make_signing_request(make_private_key().value()).value(); }

    SeededRng rng_{1};
    const TempFolder folder_ = TempFolder::make("gse-pki").value();
};

TEST_F(AuthorityTest, MakesEverythingAndFindsItAgain) {
    auto first = open();
    const std::string sha256 = first->sha256(), roots = first->roots();
    EXPECT_EQ(read(first->roots_file()), roots);
    EXPECT_EQ(certificate_sha256(read_certificates(read(first->server_certificate_file())).at(1).get()), sha256)
        << "the server shows its authority, which tokens pin";
    const std::string server = read(first->server_certificate_file());
    first.reset();
    const auto again = open(kStart + kDay);
    EXPECT_EQ(again->sha256(), sha256);
    EXPECT_EQ(again->roots(), roots);
    EXPECT_EQ(read(again->server_certificate_file()), server) << "nothing is renewed before its time";
}

TEST_F(AuthorityTest, KeepsItsFilesToItself) {
    const auto authority = open();
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "pki")) {
        struct stat info{};
        ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
    }
    struct stat folder{};
    ASSERT_EQ(stat((folder_.path() / "pki").c_str(), &folder), 0);
    EXPECT_EQ(folder.st_mode & 0777, 0700u);
}

TEST_F(AuthorityTest, DoesNotOpenWhenOthersMayReadAKeyOrWhenOneIsDamaged) {
    open().reset();
    const auto file = folder_.path() / "pki" / "authority-1.pem";
    ASSERT_EQ(chmod(file.c_str(), 0640), 0);
    auto refused = Authority::open(folder_.path() / "pki", {}, kStart, rng_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("authority-1.pem can be read by others"));
    ASSERT_EQ(chmod(file.c_str(), 0600), 0);
    std::ofstream(file, std::ios::trunc) << "no key";
    refused = Authority::open(folder_.path() / "pki", {}, kStart, rng_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("authority-1.pem is damaged"));
}

TEST_F(AuthorityTest, SignsForHostsAndNothingButHosts) {
    const auto authority = open();
    const std::string chain = authority->issue_host("host-1", request(), kStart).value();
    const auto facts = describe_certificate(chain).value();
    EXPECT_EQ(facts.name, "host-1");
    EXPECT_TRUE(facts.for_clients);
    EXPECT_EQ(facts.not_after, kStart + 30 * kDay);
    EXPECT_TRUE(is_good(chain, authority->roots(), kStart, X509_PURPOSE_SSL_CLIENT));
    EXPECT_TRUE(is_good(chain, authority->roots(), kStart - kDay + Millis{1'000}, X509_PURPOSE_SSL_CLIENT))
        << "a clock that is a day behind";
    EXPECT_FALSE(is_good(chain, authority->roots(), kStart + 30 * kDay + Millis{1'000}, X509_PURPOSE_SSL_CLIENT))
        << "it has ended";
    EXPECT_FALSE(is_good(chain, authority->roots(), kStart, X509_PURPOSE_SSL_SERVER)) << "a host is no server";

    const std::string server = read(authority->server_certificate_file());
    EXPECT_EQ(describe_certificate(server)->name, kServerName);
    EXPECT_FALSE(describe_certificate(server)->for_clients);
    EXPECT_TRUE(is_good(server, authority->roots(), kStart, X509_PURPOSE_SSL_SERVER));
    EXPECT_FALSE(is_good(server, authority->roots(), kStart, X509_PURPOSE_SSL_CLIENT)) << "a server is no host";

    const TempFolder elsewhere = TempFolder::make("gse-pki").value();
    const auto stranger = Authority::open(elsewhere.path() / "pki", {}, kStart, rng_).value();
    EXPECT_FALSE(is_good(chain, stranger->roots(), kStart, X509_PURPOSE_SSL_CLIENT));
    EXPECT_FALSE(authority->issue_host("host-1", "no request", kStart));
}

TEST_F(AuthorityTest, NoTwoCertificatesHaveOneSerialNumber) {
    const auto authority = open();
    std::set<std::string> seen;
    for (int i = 0; i < 50; ++i)
        seen.insert(certificate_sha256(
            read_certificates(authority->issue_host("host-1", request(), kStart).value()).front().get()));
    EXPECT_EQ(seen.size(), 50u);
}

TEST_F(AuthorityTest, RenewsTheServersCertificateInTimeAndKeepsTheKeyWhileItRuns) {
    auto authority = open();
    const std::string before = read(authority->server_certificate_file());
    const std::string key = read(authority->server_key_file());
    EXPECT_FALSE(authority->tend(kStart + 50 * kDay).value());
    EXPECT_TRUE(authority->tend(kStart + 65 * kDay).value());
    const std::string after = read(authority->server_certificate_file());
    EXPECT_NE(after, before);
    EXPECT_EQ(read(authority->server_key_file()), key) << "whoever reads the two files one by one gets a pair";
    EXPECT_TRUE(is_good(after, authority->roots(), kStart + 150 * kDay, X509_PURPOSE_SSL_SERVER));
    EXPECT_EQ(authority->server_certificate_end(), kStart + 155 * kDay);
    authority.reset();
    authority = open(kStart + 140 * kDay);
    EXPECT_NE(read(authority->server_key_file()), key) << "a start with a certificate that is due changes both";
}

TEST_F(AuthorityTest, HandsOverToASuccessorThatEveryHostHasHeardOf) {
    const auto authority = open();
    const std::string first = authority->sha256();
    const WallTime due = kStart + (3650 - 730) * kDay + Millis{1'000};
    ASSERT_TRUE(authority->tend(due).value());
    EXPECT_EQ(read_certificates(authority->roots()).size(), 2u) << "both are good";
    EXPECT_EQ(authority->sha256(), first) << "the old one still signs";
    const std::string old_host = authority->issue_host("host-1", request(), due + 119 * kDay).value();
    ASSERT_TRUE(authority->tend(due + 121 * kDay).value());
    EXPECT_NE(authority->sha256(), first);
    const WallTime later = due + 122 * kDay;
    const std::string new_host = authority->issue_host("host-2", request(), later).value();
    for (const std::string& chain : {old_host, new_host})
        EXPECT_TRUE(is_good(chain, authority->roots(), later, X509_PURPOSE_SSL_CLIENT));
    // A host that renewed when the successor was new knows both, and takes the server that the successor signs.
    EXPECT_TRUE(
        is_good(read(authority->server_certificate_file()), authority->roots(), later, X509_PURPOSE_SSL_SERVER));
}

TEST(AuthorityPlan, OfAuthoritiesByAge) {
    const AuthorityOptions options;
    const auto aged = [](int from_day, int to_day) {
        return AuthorityAge{kStart + from_day * kDay, kStart + to_day * kDay};
    };
    const struct {
        const char* name;
        std::vector<AuthorityAge> by_age;
        int day;
        AuthorityPlan want;
    } kCases[] = {
        {"none yet", {}, 0, {.signer = 0, .make_another = true, .ended = 0}},
        {"the first signs at once: there is nobody else", {aged(0, 3650)}, 0, {.signer = 0}},
        {"a successor is due two years before the end", {aged(0, 3650)}, 2920, {.signer = 0, .make_another = true}},
        {"it is introduced first", {aged(0, 3650), aged(2920, 6570)}, 2950, {.signer = 0}},
        {"and signs then", {aged(0, 3650), aged(2920, 6570)}, 3040, {.signer = 1}},
        {"the old one is over", {aged(0, 3650), aged(2920, 6570)}, 3650, {.signer = 1, .ended = 1}},
        {"nobody was there for years", {aged(0, 3650)}, 9000, {.signer = 1, .make_another = true, .ended = 1}},
        {"a clock that went back far", {aged(0, 3650)}, -400, {.signer = 0}},
    };
    for (const auto& c : kCases)
        EXPECT_EQ(plan_authorities(c.by_age, options, kStart + c.day * kDay), c.want) << c.name;
}

}  // namespace
}  // namespace gse::pki
