#include "main/shared_files.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/check.h"
#include "base/file.h"
#include "base/hex.h"
#include "objects/object_file.h"

namespace gse {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = journal::kSecretBytesMax;
constexpr std::size_t kMarkBytes = 32;
constexpr int kTries = 3;
constexpr int kAuthoritiesMax = 16;
constexpr const char* kCredentials = "credentials.toml";
constexpr const char* kObjects = "objects";
/// What is kept under it begins so where it is a bucket, and no folder's mark does.
const std::string kBucket = "bucket ";

std::string authority_name(int number) { return fmt::format("pki/authority-{}.pem", number); }
fs::path authority_file(const fs::path& folder, int number) { return folder / fmt::format("authority-{}.pem", number); }

std::unexpected<Error> lost_race(std::string_view what) {
    return refuse(ErrorCode::Unavailable,
                  fmt::format("other servers of the deployment kept making {} at the same time; start again", what));
}

}  // namespace

Result<std::string> SharedFiles::secret(std::string_view name, const std::string& own) {
    const auto bytes = from_hex(own);
    CHECK(bytes);
    TRY(secrets_.replace(name, std::nullopt, *bytes));
    const std::string kept = TRY(secrets_.get_or_create(name, bytes->size()));
    return to_hex(std::as_bytes(std::span(kept)));
}

Result<bool> SharedFiles::pull(const std::string& name, const fs::path& file) {
    const auto kept = TRY(secrets_.get(name));
    if (!kept) return false;
    if (read_file(file, kFileBytesMax).value_or("") != *kept) TRY(write_file_atomically(file, *kept));
    return true;
}

Result<bool> SharedFiles::push(const std::string& name, const fs::path& file) {
    const std::string text = TRY(read_file(file, kFileBytesMax));
    const auto kept = TRY(secrets_.get(name));
    if (kept) return *kept == text;
    return secrets_.replace(name, std::nullopt, text);
}

Result<http::FileKeyStore> SharedFiles::credentials(const fs::path& file, const http::FirstKey& seed, Rng& rng) {
    for (int i = 0; i < kTries; ++i) {
        const auto before = read_file(file, kFileBytesMax);
        if (TRY(pull(kCredentials, file)) && before && *before != read_file(file, kFileBytesMax).value_or(""))
            spdlog::warn("{} is now the deployment's; what was only in this server's is gone from it", file.string());
        auto opened = TRY(http::open_credentials(file, seed, rng));
        if (TRY(push(kCredentials, file))) return opened;
    }
    return lost_race("API keys");
}

Result<void> SharedFiles::pull_authorities(const fs::path& folder) {
    for (int number = 1; number <= kAuthoritiesMax; ++number)
        if (!TRY(pull(authority_name(number), authority_file(folder, number)))) break;
    return {};
}

Result<bool> SharedFiles::push_authorities(const fs::path& folder) {
    std::error_code error;
    for (int number = 1; number <= kAuthoritiesMax && fs::exists(authority_file(folder, number), error); ++number)
        if (!TRY(push(authority_name(number), authority_file(folder, number)))) return false;
    return true;
}

Result<std::unique_ptr<pki::Authority>> SharedFiles::authority(const fs::path& folder, pki::AuthorityOptions options,
                                                               WallTime now, Rng& rng) {
    for (int i = 0; i < kTries; ++i) {
        TRY(objects::make_private_directory(folder));
        TRY(pull_authorities(folder));
        auto opened = TRY(pki::Authority::open(folder, options, now, rng));
        if (TRY(push_authorities(folder))) return opened;
    }
    return lost_race("the link's authority");
}

Result<bool> SharedFiles::tend(pki::Authority& authority, const fs::path& folder, WallTime now) {
    const bool changed = TRY(authority.tend(now));
    if (changed && !TRY(push_authorities(folder)))
        return refuse(ErrorCode::Unavailable,
                      "another server has made the successor of the link's authority: start again to take it over");
    return changed;
}

/// The same for all servers that ask, or the one that comes second would find the first one's folder strange.
Result<std::string> SharedFiles::new_mark() {
    const std::string bytes = TRY(secrets_.get_or_create("objects-mark", kMarkBytes));
    return to_hex(std::as_bytes(std::span(bytes)));
}

Result<void> SharedFiles::check_objects(const fs::path& folder, const std::string& server, bool shared) {
    // Kept: the mark, and the one server that may use the folder; nobody's name where it is shared.
    const fs::path file = folder / "deployment-mark";
    for (int i = 0; i < kTries; ++i) {
        const auto kept = TRY(secrets_.get(kObjects));
        const std::string mark = read_file(file, kFileBytesMax).value_or("");
        if (!kept) {
            TRY(objects::make_private_directory(folder));
            const std::string fresh = mark.empty() ? TRY(new_mark()) : mark;
            TRY(write_file_atomically(file, fresh));
            if (TRY(secrets_.replace(kObjects, std::nullopt, fresh + "\n" + (shared ? "" : server)))) return {};
            continue;
        }
        const auto line = kept->find('\n');
        const std::string owner = line == std::string::npos ? "" : kept->substr(line + 1);
        if (kept->starts_with(kBucket))
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("the other servers of this deployment keep packages and logs in {}: set "
                                      "objects.kind = \"s3\" and objects.s3 here too",
                                      kept->substr(kBucket.size())));
        if (mark != kept->substr(0, line))
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("{} is not the folder of packages and logs that the other servers of this "
                                      "deployment use: mount that one here, set objects.dir to it and objects.shared "
                                      "= true on all of them",
                                      folder.string()));
        if (owner.empty() && shared) return {};
        if (owner == server && !shared) return {};
        if (owner == server && shared) {
            if (TRY(secrets_.replace(kObjects, kept, mark + "\n"))) return {};
            continue;
        }
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("another server of this deployment keeps packages and logs in a folder that is not "
                                  "said to be shared: set objects.shared = true on {}, where objects.dir is a folder "
                                  "that all servers see",
                                  shared ? "that one too and start it again" : "all of them"));
    }
    return lost_race("the mark of the objects' folder");
}

Result<void> SharedFiles::check_bucket(const std::string& bucket) {
    const std::string mine = kBucket + bucket;
    for (int i = 0; i < kTries; ++i) {
        const auto kept = TRY(secrets_.get(kObjects));
        if (kept == mine) return {};
        if (kept)
            return refuse(ErrorCode::FailedOperation,
                          fmt::format("the other servers of this deployment keep packages and logs in {}, not in {}: "
                                      "set objects.kind and objects.s3 alike on all of them",
                                      kept->starts_with(kBucket) ? kept->substr(kBucket.size()) : "a folder", bucket));
        if (TRY(secrets_.replace(kObjects, std::nullopt, mine))) return {};
    }
    return lost_race("the mark of the bucket");
}

}  // namespace gse
