/// The folder with everything that lasts: its layout, its lock, and the small secrets in it.
///
///   lock               held while a server or `gse dev` runs here
///   credentials.toml   API keys, 0600
///   secret             32 random bytes in hex, 0600: signs upload and log links and NextToken
///   link-token         what agents show, 0600
///   deployment         which one the database of journal.postgres must belong to
///   server-id          this server's name among those of its database, 0600
///   sdk-port, link-port  what the kernel chose for port 0: taken again on the next start, so that games and agents
///                      find us
///
///   journal/           see docs/journal-format.md
///   objects/           packages and logs
///   pki/               see pki/authority.h
///   agent/             see agent/supervisor.h
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/addresses.h"
#include "base/fd.h"
#include "base/result.h"

namespace gse {

class DataDir {
public:
    /// Makes the folder (0700) if there is none, and locks it. InUse names the process that has it.
    static Result<DataDir> open(const std::filesystem::path& root);

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }
    [[nodiscard]] std::filesystem::path journal() const { return root_ / "journal"; }
    [[nodiscard]] std::filesystem::path objects() const { return root_ / "objects"; }
    [[nodiscard]] std::filesystem::path credentials() const { return root_ / "credentials.toml"; }

    /// The link's authority and the certificates that it signs for this server.
    [[nodiscard]] std::filesystem::path pki() const { return root_ / "pki"; }

    /// This server's name among the others, the same in every life of it.
    Result<std::string> server_id() const { return secret("server-id"); }
    /// Hex text of 32 random bytes, made on first use and kept (0600, synced) in a file of that name.
    Result<std::string> secret(std::string_view name) const;
    /// The port kept under `name` by keep_port(), or 0.
    [[nodiscard]] std::uint16_t kept_port(std::string_view name) const;
    Result<void> keep_port(std::string_view name, std::uint16_t port) const;

private:
    DataDir(std::filesystem::path root, Fd lock) : root_(std::move(root)), lock_(std::move(lock)) {}
    std::filesystem::path root_;
    Fd lock_;
};

}  // namespace gse
