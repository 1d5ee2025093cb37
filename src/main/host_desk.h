/// Between the engine and whoever supplies hosts.
#pragma once

#include <string>

#include "engine/engine.h"
#include "hosts/kubernetes.h"

namespace gse {

class EngineDesk final : public hosts::HostDesk {
public:
    /// `engine` outlives it. `authority_sha256`: whom machines are to trust.
    EngineDesk(engine::Engine& engine, std::string authority_sha256)
        : engine_(engine), authority_sha256_(std::move(authority_sha256)) {}

    Result<std::optional<Wanted>> look(std::uint64_t since) override;
    Result<void> tell(std::vector<hosts::HostNews> news) override;
    [[nodiscard]] std::string token_of(const core::ProvidedHost& host) const override;

private:
    engine::Engine& engine_;
    const std::string authority_sha256_;
};

}  // namespace gse
