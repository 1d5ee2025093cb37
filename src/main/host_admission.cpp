#include "main/host_admission.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "core/enrolment.h"
#include "pki/certificate.h"

namespace gse {

void HostAdmission::enrol(link::EnrolWish wish, Done done) {
    // Without the proof that it holds the key, a machine could use a token up for a key it has only seen.
    const auto key = pki::read_signing_request(wish.signing_request);
    if (!key) return done(std::unexpected(key.error()));
    core::Enrolment enrolment{.token_id = std::move(wish.token_id),
                              .secret_sha256 = to_hex(sha256(wish.secret)),
                              .key_sha256 = *key,
                              .host_name = std::move(wish.host_name)};
    const std::string who =
        fmt::format("enrolled '{}' from {} with token {}", enrolment.host_name, wish.peer, enrolment.token_id);
    decide([enrolment = std::move(enrolment)](core::Step& step) { return core::enrol_host(step, enrolment); },
           std::move(wish.signing_request), who, std::move(done));
}

void HostAdmission::renew(std::string host_id, std::string signing_request, Done done) {
    const auto key = pki::read_signing_request(signing_request);
    if (!key) return done(std::unexpected(key.error()));
    decide([host_id, key = *key](core::Step& step) { return core::renew_host(step, host_id, key); },
           std::move(signing_request), "its certificate was renewed", std::move(done));
}

void HostAdmission::decide(Find find, std::string signing_request, std::string who, Done done) {
    struct Asked {
        Find find;
        Result<std::string> host_id;
        Done done;
    };
    const auto asked = std::make_shared<Asked>(Asked{std::move(find), std::string(), std::move(done)});
    const auto submitted = engine_.submit(
        engine::Engine::Kind::Write,
        [asked](core::Step& step) {
            const auto host = asked->find(step);
            if (host)
                asked->host_id = step.state.at<core::Host>(*host).id;
            else
                asked->host_id = std::unexpected(host.error());
            return std::string();
        },
        [asked, this, signing_request = std::move(signing_request), who = std::move(who)](const std::string&) {
            if (!asked->host_id) return asked->done(std::unexpected(asked->host_id.error()));
            auto certificate = authority_.issue_host(*asked->host_id, signing_request, clock_.wall());
            if (!certificate) return asked->done(std::unexpected(certificate.error()));
            spdlog::info("hosts: {}: {}", *asked->host_id, who);
            asked->done(link::Credential{
                .host_id = *asked->host_id, .certificate = std::move(*certificate), .roots = authority_.roots()});
        });
    if (!submitted) asked->done(std::unexpected(submitted.error()));
}

}  // namespace gse
