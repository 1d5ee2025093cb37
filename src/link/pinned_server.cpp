#include "link/pinned_server.h"

#include <fmt/format.h>

#include <charconv>

#include "base/file.h"

namespace gse::link {
namespace {

constexpr std::string_view kHeader = "opengse-pinned-server 1\n";
constexpr std::size_t kMaxFileBytes = 4096;

/// The text up to the next line end, removed from `rest`. Nothing left: "".
std::string_view next_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

}  // namespace

Result<PinnedServer> PinnedServer::load(std::filesystem::path file) {
    PinnedServer pinned(std::move(file));
    const auto content = read_file(pinned.file_, kMaxFileBytes);
    if (!content && content.error().code == ErrorCode::NotFound) return pinned;
    if (!content) return std::unexpected(content.error());

    std::string_view rest = *content;
    const bool ours = rest.starts_with(kHeader);
    if (ours) rest.remove_prefix(kHeader.size());
    pinned.deployment_id_ = next_line(rest);
    const std::string_view epoch = next_line(rest);
    const auto [end, error] = std::from_chars(epoch.data(), epoch.data() + epoch.size(), pinned.epoch_);
    if (!ours || pinned.deployment_id_.empty() || error != std::errc{} || end != epoch.data() + epoch.size() ||
        !rest.empty())
        return refuse(
            ErrorCode::FailedOperation,
            fmt::format("{} is damaged: remove it if this agent may join the server it dials", pinned.file_.string()));
    return pinned;
}

Result<void> PinnedServer::greet(const std::string& deployment_id, std::uint64_t epoch) {
    if (deployment_id.empty() || deployment_id.find('\n') != std::string::npos)
        return refuse(ErrorCode::InvalidRequest, "the server greets without a deployment id");
    if (!deployment_id_.empty() && deployment_id != deployment_id_)
        return refuse(
            ErrorCode::AuthUnauthorized,
            fmt::format("the server belongs to deployment {}, this agent to {}: dial its own server, or remove {} to "
                        "let it change over",
                        deployment_id, deployment_id_, file_.string()));
    if (epoch < epoch_)
        return refuse(
            ErrorCode::Unavailable,
            fmt::format("the server is at epoch {}, but this agent has already obeyed epoch {}: an old server, or one "
                        "restored from an old backup, is running",
                        epoch, epoch_));
    const bool first = deployment_id_.empty();
    if (!first && epoch == epoch_) return {};
    // Who is ours is not sent away because our disk is full: hosts that hang up are given up, with their matches. Only
    // a first greeting decides whose this agent is, and must not be forgotten.
    const auto written = write_file_atomically(file_, fmt::format("{}{}\n{}\n", kHeader, deployment_id, epoch));
    if (!written && first) return written;
    deployment_id_ = deployment_id;
    epoch_ = epoch;
    kept_ = written.has_value();
    return {};
}

Result<void> PinnedServer::keep() {
    if (kept_) return {};
    TRY(write_file_atomically(file_, fmt::format("{}{}\n{}\n", kHeader, deployment_id_, epoch_)));
    kept_ = true;
    return {};
}

}  // namespace gse::link
