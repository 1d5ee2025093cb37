/// How to reach a Kubernetes API server, and as whom: from a kubeconfig file, or the service account of the Pod that
/// this process runs in.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"

namespace gse::hosts {

struct KubeAccess {
    std::string url;                   ///< `https://10.0.0.1:6443`, without a slash behind it
    std::string authority;             ///< PEM; "": the system's
    bool unverified = false;           ///< the kubeconfig says insecure-skip-tls-verify
    std::string certificate;           ///< PEM, of the client; "": none
    std::string key;                   ///< PEM. Secret
    std::string token;                 ///< secret
    std::filesystem::path token_file;  ///< read again for each request; before `token`
    // Where the texts above are from, if they stand in files of their own: clusters rotate those, too.
    std::filesystem::path authority_file;
    std::filesystem::path certificate_file;
    std::filesystem::path key_file;
    std::string space;                 ///< namespace; "": not said
    std::string source;                ///< where all of this is from, for messages
};

/// `context` "": its current-context. Files that it names are read relative to it. InvalidParameter and
/// InvalidParameterValue say what of it is missing or cannot be used here.
[[nodiscard]] Result<KubeAccess> read_kubeconfig(const std::filesystem::path& file, const std::string& context);

/// The same with the authority, certificate and key that its files hold now. One that cannot be read just now is as it
/// was.
[[nodiscard]] KubeAccess as_now(KubeAccess access);

/// `environment` answers a variable's value or null, as ::getenv does. MissingParameter: this is no Pod.
[[nodiscard]] Result<KubeAccess> service_account(
    const std::function<const char*(const char*)>& environment,
    const std::filesystem::path& folder = "/var/run/secrets/kubernetes.io/serviceaccount");

}  // namespace gse::hosts
