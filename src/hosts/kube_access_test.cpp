#include "hosts/kube_access.h"

#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "base/base64.h"
#include "base/temp_folder.h"

namespace gse::hosts {
namespace {

using ::testing::HasSubstr;

std::string base64(const std::string& text) { return base64_encode(std::as_bytes(std::span(text))); }

class KubeAccessTest : public ::testing::Test {
protected:
    void write(const std::string& name, const std::string& text) { std::ofstream(folder.path() / name) << text; }
    Result<KubeAccess> read(const std::string& text, const std::string& context = "") {
        write("config", text);
        return read_kubeconfig(folder.path() / "config", context);
    }
    static std::string config(const std::string& cluster, const std::string& user) {
        return "current-context: one\n"
               "contexts:\n- name: one\n  context: {cluster: c, user: u, namespace: games}\n"
               "- name: two\n  context: {cluster: c, user: nobody}\n"
               "clusters:\n- name: c\n  cluster: {" +
               cluster + "}\nusers:\n- name: u\n  user: {" + user + "}\n";
    }

    TempFolder folder = TempFolder::make("gse-kube").value();
};

TEST_F(KubeAccessTest, AKubeconfigSaysWhereAndAsWhom) {
    write("ca.pem", "an authority");
    const auto by_token =
        read(config("server: 'https://10.0.0.1:6443/', certificate-authority: ca.pem", "token: secret"));
    ASSERT_TRUE(by_token) << by_token.error().message;
    EXPECT_EQ(by_token->url, "https://10.0.0.1:6443");
    EXPECT_EQ(by_token->authority, "an authority") << "beside the file that names it";
    EXPECT_EQ(by_token->token, "secret");
    EXPECT_EQ(by_token->space, "games");
    EXPECT_FALSE(by_token->unverified);

    const auto by_certificate =
        read(config("server: 'https://k', certificate-authority-data: " + base64("inline"),
                    "client-certificate-data: " + base64("a certificate") + ", client-key-data: " + base64("a key")));
    ASSERT_TRUE(by_certificate) << by_certificate.error().message;
    EXPECT_EQ(by_certificate->authority, "inline");
    EXPECT_EQ(by_certificate->certificate, "a certificate");
    EXPECT_EQ(by_certificate->key, "a key");

    const auto by_file = read(config("server: 'http://k:8001', insecure-skip-tls-verify: true", "tokenFile: t"));
    ASSERT_TRUE(by_file) << by_file.error().message;
    EXPECT_EQ(by_file->token_file, folder.path() / "t");
    EXPECT_TRUE(by_file->unverified);
}

TEST_F(KubeAccessTest, FilesThatTheClusterRotatesAreReadAgain) {
    write("ca.pem", "an authority");
    write("me.pem", "a certificate");
    write("me.key", "a key");
    const auto access = read(
        config("server: 'https://k', certificate-authority: ca.pem", "client-certificate: me.pem, client-key: me.key"));
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->authority, "an authority");
    write("ca.pem", "its successor");
    write("me.pem", "a fresh certificate");
    write("me.key", "");  // it is being written this very moment
    const KubeAccess now = as_now(*access);
    EXPECT_EQ(now.authority, "its successor");
    EXPECT_EQ(now.certificate, "a fresh certificate");
    EXPECT_EQ(now.key, "a key");
    std::filesystem::remove(folder.path() / "ca.pem");
    EXPECT_EQ(as_now(now).authority, "its successor");
}

TEST_F(KubeAccessTest, AWrongKubeconfigSaysWhatIsWrong) {
    struct Case {
        std::string text;
        std::string context;
        const char* said;
    };
    const Case kCases[] = {
        {"{", "", "line"},
        {"a: 1", "", "no current-context"},
        {config("server: 'https://k'", "token: x"), "three", "contexts has no entry named 'three'"},
        {config("server: 'https://k'", "token: x"), "two", "users has no entry named 'nobody'"},
        {config("server: k", "token: x"), "", "no http:// or https:// address"},
        {config("server: 'https://k', certificate-authority: gone.pem", "token: x"), "", "gone.pem"},
        {config("server: 'https://k', certificate-authority-data: '***'", "token: x"), "", "is no base64"},
        {config("server: 'https://k', tls-server-name: other", "token: x"), "", "tls-server-name is not supported"},
        {config("server: 'https://k'", "client-certificate-data: " + base64("x")), "", "belong together"},
        {config("server: 'https://k'", "exec: {command: aws}"), "", "signs in by 'exec'"},
    };
    for (const Case& c : kCases) {
        const auto refused = read(c.text, c.context);
        ASSERT_FALSE(refused) << c.said;
        EXPECT_THAT(refused.error().message, HasSubstr("kubernetes.kubeconfig " + (folder.path() / "config").string()));
        EXPECT_THAT(refused.error().message, HasSubstr(c.said));
    }
    EXPECT_FALSE(read_kubeconfig(folder.path() / "nothing", ""));
}

TEST_F(KubeAccessTest, InAPodTheServiceAccountIsUsed) {
    std::map<std::string, const char*> environment;
    const auto variable = [&](const char* name) { return environment[name]; };
    const auto outside = service_account(variable, folder.path());
    ASSERT_FALSE(outside);
    EXPECT_THAT(outside.error().message, HasSubstr("runs in no Pod"));
    environment["KUBERNETES_SERVICE_HOST"] = "fd00::1";
    environment["KUBERNETES_SERVICE_PORT"] = "443";
    const auto no_token = service_account(variable, folder.path());
    ASSERT_FALSE(no_token);
    EXPECT_THAT(no_token.error().message, HasSubstr("automountServiceAccountToken"));
    write("ca.crt", "an authority");
    write("token", "a token");
    write("namespace", "games");
    const auto inside = service_account(variable, folder.path());
    ASSERT_TRUE(inside) << inside.error().message;
    EXPECT_EQ(inside->url, "https://[fd00::1]:443");
    EXPECT_EQ(inside->token_file, folder.path() / "token") << "it is rotated, so it is read when it is needed";
    EXPECT_EQ(inside->space, "games");
}

}  // namespace
}  // namespace gse::hosts
