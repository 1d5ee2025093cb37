/// What the servers of a deployment have in common besides its journal: API keys, the authority of the link, the secret
/// that signs. The truth is in the database, sealed; each server keeps it as the files that a server alone has.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "http/credentials.h"
#include "journal/secrets.h"
#include "pki/authority.h"

namespace gse {

/// Every function may be called by several servers at once: one wins, and all end with the same.
class SharedFiles {
public:
    explicit SharedFiles(journal::SharedSecrets& secrets) : secrets_(secrets) {}

    /// The deployment's, in hex; `own` is this server's, as DataDir::secret() has it: the first server brings it, so
    /// that what it signed while it was alone stays good.
    Result<std::string> secret(std::string_view name, const std::string& own);
    /// The deployment's keys: the first server makes them, or brings its file; on others the file becomes theirs.
    Result<http::FileKeyStore> credentials(const std::filesystem::path& file, const http::FirstKey& seed, Rng& rng);
    Result<std::unique_ptr<pki::Authority>> authority(const std::filesystem::path& folder,
                                                      pki::AuthorityOptions options, WallTime now, Rng& rng);
    /// Renews what is due; Unavailable: another server has made the authority's successor, and only a new start takes
    /// it over.
    Result<bool> tend(pki::Authority& authority, const std::filesystem::path& folder, WallTime now);

    /// That the folder of packages and logs is one that all servers see. The first server marks it; another one may
    /// only come if both say `shared`, and it finds the mark. `server` is a name that stays with this server.
    Result<void> check_objects(const std::filesystem::path& folder, const std::string& server, bool shared);
    /// The same where packages and logs are in a bucket: all servers must name the same one. `bucket` says which, in
    /// one line without secrets.
    Result<void> check_bucket(const std::string& bucket);

private:
    /// The database's text becomes the file; false: it has none.
    Result<bool> pull(const std::string& name, const std::filesystem::path& file);
    /// The file's text becomes the database's, if it has none; false: it has another one.
    Result<bool> push(const std::string& name, const std::filesystem::path& file);
    Result<void> pull_authorities(const std::filesystem::path& folder);
    Result<bool> push_authorities(const std::filesystem::path& folder);
    Result<std::string> new_mark();

    journal::SharedSecrets& secrets_;
};

}  // namespace gse
