#include "main/host_desk.h"

#include "main/engine_wait.h"
#include "model/join_token.h"

namespace gse {

Result<std::optional<hosts::HostDesk::Wanted>> EngineDesk::look(std::uint64_t since) {
    const auto found = std::make_shared<std::optional<Wanted>>();
    TRY(decide_and_wait(engine_, engine::Engine::Kind::Read, [found, since](core::Step& step) {
        const std::uint64_t version = step.state.provided_version();
        if (version != since) *found = Wanted{.version = version, .hosts = core::list_provided(step.state)};
    }));
    return std::move(*found);
}

Result<void> EngineDesk::tell(std::vector<hosts::HostNews> news) {
    return decide_and_wait(engine_, engine::Engine::Kind::Write, [news = std::move(news)](core::Step& step) {
        for (const hosts::HostNews& one : news) hosts::apply(step, one);
    });
}

std::string EngineDesk::token_of(const core::ProvidedHost& host) const {
    return to_text(JoinToken{.id = host.id, .secret = host.secret, .authority_sha256 = authority_sha256_});
}

}  // namespace gse
