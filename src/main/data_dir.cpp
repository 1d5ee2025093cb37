#include "main/data_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>

#include "base/file.h"
#include "base/secret_file.h"

namespace gse {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSecretBytes = 32;

}  // namespace

Result<DataDir> DataDir::open(const fs::path& root) {
    std::error_code error;
    fs::create_directories(root.parent_path().empty() ? fs::path(".") : root.parent_path(), error);
    if (::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST) return refuse_errno("create", root);
    const fs::path absolute = fs::absolute(root);
    const fs::path lock_path = absolute / "lock";
    // Close-on-exec: surviving games must not hold it.
    Fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return refuse_errno("open", lock_path);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        const auto holder = read_file(lock_path, 64);
        return refuse(ErrorCode::InUse,
                      fmt::format("{} is in use by another gse process{}; stop that one, or give another --data folder",
                                  absolute.string(), holder && !holder->empty() ? " (pid " + *holder + ")" : ""));
    }
    const std::string pid = std::to_string(::getpid());
    if (::ftruncate(lock.get(), 0) != 0 || ::pwrite(lock.get(), pid.data(), pid.size(), 0) < 0)
        return refuse_errno("write", lock_path);
    return DataDir(absolute, std::move(lock));
}

Result<std::string> DataDir::secret(std::string_view name) const {
    const fs::path path = root_ / name;
    auto kept = read_file(path, 4096);
    if (kept) {
        if (kept->size() == 64 && kept->find_first_not_of("0123456789abcdef") == std::string::npos) return *kept;
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{} is damaged; restore it from a backup, or remove it to have a new one made "
                                  "(links and tokens handed out so far then no longer work)",
                                  path.string()));
    }
    if (kept.error().code != ErrorCode::NotFound) return std::unexpected(kept.error());
    std::string made = random_secret_hex(kSecretBytes);
    TRY(write_file_atomically(path, made));
    return made;
}

std::uint16_t DataDir::kept_port(std::string_view name) const {
    const auto text = read_file(root_ / fmt::format("{}-port", name), 16);
    std::uint16_t port = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), port);
    return port;
}

Result<void> DataDir::keep_port(std::string_view name, std::uint16_t port) const {
    if (kept_port(name) == port) return {};
    return write_file_atomically(root_ / fmt::format("{}-port", name), std::to_string(port));
}

}  // namespace gse
