#include "hosts/kube_access.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/base64.h"
#include "base/file.h"
#include "hosts/json_path.h"
#include "hosts/yaml.h"

namespace gse::hosts {
namespace {

namespace json = boost::json;

constexpr std::size_t kFileMax = 1 << 20;

/// Of `list` (contexts, clusters, users), the inner object `inner` of the entry with that name.
Result<const json::object*> named(const json::value& file, std::string_view list, std::string_view inner,
                                  const std::string& name) {
    if (const json::array* entries = array_at(file, {list}))
        for (const json::value& entry : *entries)
            if (text_at(entry, {"name"}) == name)
                if (const json::object* found = object_at(entry, {inner})) return found;
    return refuse(ErrorCode::InvalidParameterValue, fmt::format("{} has no entry named '{}'", list, name));
}

/// A PEM text that stands in the file itself (base64), or in another one, which `from` then names.
Result<std::string> pem(const json::object& of, const std::string& key, const std::filesystem::path& folder,
                        std::filesystem::path& from) {
    if (const std::string data = text_at(of, {key + "-data"}); !data.empty()) {
        const auto decoded = base64_decode(data);
        if (!decoded) return refuse(ErrorCode::InvalidParameterValue, fmt::format("{}-data is no base64", key));
        return *decoded;
    }
    const std::string path = text_at(of, {key});
    if (path.empty()) return std::string();
    from = folder / path;
    return read_file(from, kFileMax);
}

Result<KubeAccess> read_parts(const json::value& file, const std::filesystem::path& folder, std::string context) {
    if (context.empty()) context = text_at(file, {"current-context"});
    if (context.empty())
        return refuse(ErrorCode::InvalidParameterValue, "it has no current-context; name one with kubernetes.context");
    const json::object& chosen = *TRY(named(file, "contexts", "context", context));
    const json::object& cluster = *TRY(named(file, "clusters", "cluster", text_at(chosen, {"cluster"})));
    const json::object& user = *TRY(named(file, "users", "user", text_at(chosen, {"user"})));
    KubeAccess access;
    access.url = text_at(cluster, {"server"});
    while (access.url.ends_with('/')) access.url.pop_back();
    if (!access.url.starts_with("https://") && !access.url.starts_with("http://"))
        return refuse(ErrorCode::InvalidParameterValue, "the cluster's server is no http:// or https:// address");
    access.authority = TRY(pem(cluster, "certificate-authority", folder, access.authority_file));
    access.unverified = bool_at(cluster, {"insecure-skip-tls-verify"});
    if (!text_at(cluster, {"tls-server-name"}).empty())
        return refuse(ErrorCode::InvalidParameterValue,
                      "tls-server-name is not supported: give the cluster's server by a name that its certificate has");
    access.certificate = TRY(pem(user, "client-certificate", folder, access.certificate_file));
    access.key = TRY(pem(user, "client-key", folder, access.key_file));
    access.token = text_at(user, {"token"});
    if (const std::string path = text_at(user, {"tokenFile"}); !path.empty()) access.token_file = folder / path;
    access.space = text_at(chosen, {"namespace"});
    if (access.certificate.empty() != access.key.empty())
        return refuse(ErrorCode::InvalidParameterValue, "client-certificate and client-key belong together");
    const bool shows = !access.certificate.empty() || !access.token.empty() || !access.token_file.empty();
    for (const char* word : {"exec", "auth-provider", "username"})
        if (!shows && user.contains(word))
            return refuse(
                ErrorCode::InvalidParameterValue,
                fmt::format("the user signs in by '{}', which a server that runs by itself cannot do; give it "
                            "a service account's token or a client certificate",
                            word));
    return access;
}

}  // namespace

Result<KubeAccess> read_kubeconfig(const std::filesystem::path& file, const std::string& context) {
    const auto wrong = [&](const Error& error) {
        return refuse(error.code, fmt::format("kubernetes.kubeconfig {}: {}", file.string(), error.message));
    };
    const auto text = read_file(file, kFileMax);
    if (!text) return wrong(text.error());
    const auto parsed = read_yaml(*text);
    if (!parsed) return wrong(parsed.error());
    auto access = read_parts(*parsed, std::filesystem::absolute(file).parent_path(), context);
    if (!access) return wrong(access.error());
    access->source = file.string();
    return access;
}

KubeAccess as_now(KubeAccess access) {
    const auto read_again = [](const std::filesystem::path& from, std::string& text) {
        if (from.empty()) return;
        if (auto now = read_file(from, kFileMax); now && !now->empty()) text = std::move(*now);
    };
    read_again(access.authority_file, access.authority);
    read_again(access.certificate_file, access.certificate);
    read_again(access.key_file, access.key);
    return access;
}

Result<KubeAccess> service_account(const std::function<const char*(const char*)>& environment,
                                   const std::filesystem::path& folder) {
    const char* host = environment("KUBERNETES_SERVICE_HOST");
    const char* port = environment("KUBERNETES_SERVICE_PORT");
    if (!host || !port)
        return refuse(ErrorCode::MissingParameter,
                      "hosts.provider is kubernetes, but this process runs in no Pod (KUBERNETES_SERVICE_HOST is not "
                      "set): name a file with kubernetes.kubeconfig");
    KubeAccess access;
    const std::string name = host;
    access.url = fmt::format("https://{}:{}", name.find(':') == std::string::npos ? name : "[" + name + "]", port);
    const auto authority = read_file(folder / "ca.crt", kFileMax);
    const auto token = read_file(folder / "token", kFileMax);
    if (!authority || !token)
        return refuse(ErrorCode::MissingParameter,
                      fmt::format("the service account of this Pod cannot be read: {}. Is automountServiceAccountToken "
                                  "off?",
                                  (authority ? token : authority).error().message));
    access.authority = *authority;
    access.authority_file = folder / "ca.crt";
    access.token_file = folder / "token";
    access.space = read_file(folder / "namespace", kFileMax).value_or("");
    access.source = "the Pod's service account";
    return access;
}

}  // namespace gse::hosts
