/// Certificates made on the spot, for tests of TLS.
#pragma once

#include <memory>
#include <string>

namespace gse::http {

/// PEM texts.
struct TestIdentity {
    std::string certificate;
    std::string key;
};

/// Signs certificates of servers.
class TestAuthority {
public:
    TestAuthority();
    ~TestAuthority();
    TestAuthority(const TestAuthority&) = delete;
    TestAuthority& operator=(const TestAuthority&) = delete;

    /// `alt_names` as in openssl.cnf: `IP:127.0.0.1`. `name` is the certificate's subject.
    [[nodiscard]] TestIdentity issue(const std::string& alt_names, const std::string& name = "a server") const;
    /// What clients must trust, in PEM.
    [[nodiscard]] std::string root() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gse::http
