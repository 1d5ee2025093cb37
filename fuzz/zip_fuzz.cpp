// Feeds bytes to the intake of packages as if they were a zip from a stranger. Whatever comes: nothing appears outside
// the folder, nothing but plain files, folders and links that stay inside appears in it, and the limits hold.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "agent/unzip.h"
#include "base/check.h"
#include "base/temp_folder.h"

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBytesMax = 1 << 20;
constexpr std::uint64_t kEntriesMax = 64;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const gse::TempFolder folder = gse::TempFolder::make("gse-zip-fuzz").value();
    const fs::path zip = folder.path() / "package.zip";
    const fs::path out = folder.path() / "out";
    const int fd = open(zip.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, data, size) == static_cast<ssize_t>(size));
    close(fd);
    fs::remove_all(out);
    fs::create_directory(out);
    const std::atomic<bool> go_on = false;
    const gse::agent::UnzipLimits limits{.bytes = kBytesMax, .entries = kEntriesMax, .ratio_from = 64 << 10};
    const auto done = gse::agent::unzip(zip, out, limits, {}, go_on);
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::recursive_directory_iterator(out)) {
        struct stat info{};
        CHECK(lstat(entry.path().c_str(), &info) == 0);
        CHECK(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || S_ISLNK(info.st_mode));
        CHECK((info.st_mode & 07000) == 0);
        if (S_ISREG(info.st_mode)) bytes += static_cast<std::uint64_t>(info.st_size);
        if (S_ISLNK(info.st_mode)) {
            const auto name = entry.path().lexically_relative(out).string();
            CHECK(gse::agent::link_stays_inside(name, fs::read_symlink(entry.path()).string()));
        }
    }
    CHECK(bytes <= kBytesMax + (128 << 10));
    std::size_t beside = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder.path())) ++beside;
    CHECK(beside == 2);
    if (done) CHECK(done->files > 0 && done->files <= kEntriesMax);
    return 0;
}
