#include "agent/unzip.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "agent/beneath.h"
#include "agent/no_room.h"
#include "base/file.h"

namespace gse::agent {
namespace {

constexpr std::size_t kListingBytesMax = 1 << 20;

struct FreeReader {
    void operator()(archive* reader) const { archive_read_free(reader); }
};

struct Link {
    std::string name;
    std::string target;
};

std::unexpected<Error> bad_package(const std::string& why) {
    return refuse(ErrorCode::InvalidParameterValue, fmt::format("The package cannot be unpacked: {}", why));
}

/// Of `errno`: a full disk is no fault of the package's, and may have room later.
std::unexpected<Error> cannot_write(const std::string& what) {
    if (no_room(errno)) return refuse(ErrorCode::Insufficient, fmt::format("{}: {}", what, std::strerror(errno)));
    return bad_package(fmt::format("{}: {}", what, std::strerror(errno)));
}

std::string shown(std::string_view name) { return std::string(name.substr(0, 200)); }

void own(int fd, GameUser owner) {
    if (owner.uid >= 0) (void)!fchown(fd, static_cast<uid_t>(owner.uid), static_cast<gid_t>(owner.gid));
}

/// Makes every folder of `name` but the last part.
Result<void> make_parents(int root, const std::string& name, GameUser owner) {
    for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
        const std::string folder = name.substr(0, slash);
        const Fd present = open_beneath(root, folder, O_PATH | O_DIRECTORY);
        if (present) continue;
        const std::size_t up = folder.rfind('/');
        const Fd parent =
            up == std::string::npos ? Fd{dup(root)} : open_beneath(root, folder.substr(0, up), O_RDONLY | O_DIRECTORY);
        const std::string last = up == std::string::npos ? folder : folder.substr(up + 1);
        if (!parent || mkdirat(parent.get(), last.c_str(), 0755) != 0)
            return cannot_write(fmt::format("'{}' cannot be made a folder", shown(folder)));
        if (const Fd made = open_beneath(root, folder, O_RDONLY | O_DIRECTORY)) own(made.get(), owner);
    }
    return {};
}

class Unzipper {
public:
    Unzipper(archive* reader, int root, std::uint64_t packed_bytes, const UnzipLimits& limits, GameUser owner,
             const std::atomic<bool>& stop)
        : reader_(reader), root_(root), packed_bytes_(packed_bytes), limits_(limits), owner_(owner), stop_(stop) {}

    Result<Unzipped> run() {
        std::uint64_t entries = 0;
        for (;;) {
            archive_entry* entry = nullptr;
            const int status = archive_read_next_header(reader_, &entry);
            if (status == ARCHIVE_EOF) break;
            if (status != ARCHIVE_OK && status != ARCHIVE_WARN) return bad_package(reader_error());
            if (++entries > limits_.entries)
                return bad_package(fmt::format("it has more than {} entries", limits_.entries));
            TRY(take(entry));
        }
        // After all files, so that no file can be written through a link of the package's own making.
        for (const auto& link : links_) {
            TRY(make_parents(root_, link.name, owner_));
            const std::size_t up = link.name.rfind('/');
            const Fd parent = up == std::string::npos
                                  ? Fd{dup(root_)}
                                  : open_beneath(root_, link.name.substr(0, up), O_RDONLY | O_DIRECTORY);
            const std::string last = up == std::string::npos ? link.name : link.name.substr(up + 1);
            if (!parent || symlinkat(link.target.c_str(), parent.get(), last.c_str()) != 0)
                return cannot_write(fmt::format("the link '{}' cannot be made", shown(link.name)));
            list(fmt::format("{} -> {}", link.name, link.target));
        }
        if (done_.files == 0) return bad_package("it holds no file");
        return std::move(done_);
    }

private:
    std::string reader_error() const {
        const char* text = archive_error_string(reader_);
        return text ? text : "it is not a complete zip file";
    }

    void list(const std::string& line) {
        if (done_.listing.size() + line.size() < kListingBytesMax) done_.listing += line + "\n";
    }

    Result<void> take(archive_entry* entry) {
        const char* utf8 = archive_entry_pathname_utf8(entry);
        const char* raw = utf8 ? utf8 : archive_entry_pathname(entry);
        if (!raw) return bad_package("an entry's name cannot be read; use UTF-8 names");
        const std::string name = TRY(check_entry_name(raw, limits_.path_bytes));
        if (archive_entry_is_encrypted(entry))
            return bad_package(fmt::format("'{}' is encrypted; pack without a password", shown(name)));
        if (archive_entry_hardlink(entry))
            return bad_package(fmt::format("'{}' is a hard link; pack plain files", shown(name)));
        const auto type = archive_entry_filetype(entry);
        if (type == AE_IFDIR) return name.empty() ? Result<void>{} : make_parents(root_, name + "/", owner_);
        if (name.empty()) return bad_package("an entry has no name");
        if (type == AE_IFLNK) return take_link(entry, name);
        if (type != AE_IFREG && type != 0)
            return bad_package(fmt::format("'{}' is neither a file nor a folder; pack plain files", shown(name)));
        return take_file(name, archive_entry_perm(entry));
    }

    Result<void> take_link(archive_entry* entry, const std::string& name) {
        const char* utf8 = archive_entry_symlink_utf8(entry);
        const char* target = utf8 ? utf8 : archive_entry_symlink(entry);
        if (!target || !link_stays_inside(name, target))
            return bad_package(fmt::format(
                "the link '{}' leads outside the package; make it relative and keep it inside", shown(name)));
        links_.push_back({name, target});
        return {};
    }

    Result<void> take_file(const std::string& name, mode_t permissions) {
        TRY(make_parents(root_, name, owner_));
        const bool executable = (permissions & 0111) != 0;
        const Fd file = open_beneath(root_, name, O_WRONLY | O_CREAT | O_EXCL, executable ? 0755 : 0644);
        if (!file) {
            if (errno == EEXIST) return bad_package(fmt::format("'{}' is in it twice", shown(name)));
            return cannot_write(fmt::format("'{}' cannot be written", shown(name)));
        }
        fchmod(file.get(), executable ? 0755 : 0644);  // whatever the umask says
        own(file.get(), owner_);
        std::uint64_t size = 0;
        for (;;) {
            char buffer[128 << 10];
            const la_ssize_t n = archive_read_data(reader_, buffer, sizeof buffer);
            if (n == 0) break;
            if (n < 0) return bad_package(fmt::format("'{}' is damaged: {}", shown(name), reader_error()));
            size += static_cast<std::uint64_t>(n);
            done_.bytes += static_cast<std::uint64_t>(n);
            if (done_.bytes > limits_.bytes)
                return bad_package(fmt::format("it unpacks to more than {} bytes", limits_.bytes));
            if (done_.bytes > limits_.ratio_from && done_.bytes / limits_.ratio > packed_bytes_)
                return bad_package(fmt::format("it unpacks to more than {} times its size; this looks like a zip bomb",
                                               limits_.ratio));
            if (stop_) return refuse(ErrorCode::Unavailable, "stopped");
            for (la_ssize_t written = 0; written < n;) {
                const ssize_t w = write(file.get(), buffer + written, static_cast<std::size_t>(n - written));
                if (w < 0 && errno == EINTR) continue;
                if (w <= 0)
                    return refuse(no_room(errno) ? ErrorCode::Insufficient : ErrorCode::FailedOperation,
                                  fmt::format("cannot write '{}': {}", shown(name), std::strerror(errno)));
                written += w;
            }
        }
        ++done_.files;
        list(fmt::format("{:>12} {} {}", size, executable ? "x" : "-", name));
        return {};
    }

    archive* reader_;
    int root_;
    std::uint64_t packed_bytes_;
    const UnzipLimits& limits_;
    GameUser owner_;
    const std::atomic<bool>& stop_;
    std::vector<Link> links_;
    Unzipped done_;
};

}  // namespace

Result<std::string> check_entry_name(std::string_view name, std::uint64_t path_bytes_max) {
    if (name.size() > path_bytes_max)
        return bad_package(fmt::format("the name '{}…' is longer than {} bytes", name.substr(0, 80), path_bytes_max));
    if (name.starts_with('/') || name.starts_with('\\') || (name.size() > 1 && name[1] == ':'))
        return bad_package(fmt::format("'{}' is an absolute path; pack relative paths", shown(name)));
    std::string out;
    std::string_view rest = name;
    while (!rest.empty()) {
        const std::size_t end = rest.find('/');
        const std::string_view part = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (part.empty() || part == ".") continue;
        if (part == ".." || part.find("..\\") != std::string_view::npos)
            return bad_package(
                fmt::format("'{}' leads outside through '..'; pack what is below the folder", shown(name)));
        if (part.size() > 255)
            return bad_package(fmt::format("a part of '{}…' is longer than 255 bytes", name.substr(0, 80)));
        if (!out.empty()) out += '/';
        out += part;
    }
    return out;
}

bool link_stays_inside(std::string_view name, std::string_view target) {
    if (target.empty() || target.starts_with('/') || target.size() > 1024) return false;
    int depth = 0;
    for (const char c : name) depth += c == '/';
    std::string_view rest = target;
    while (!rest.empty()) {
        const std::size_t end = rest.find('/');
        const std::string_view part = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (part.empty() || part == ".") continue;
        depth += part == ".." ? -1 : 1;
        if (depth < 0) return false;
    }
    return true;
}

Result<Unzipped> unzip(const std::filesystem::path& zip, const std::filesystem::path& folder, const UnzipLimits& limits,
                       GameUser owner, const std::atomic<bool>& stop) {
    const Fd root{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!root) return refuse_errno("open", folder);
    own(root.get(), owner);
    struct stat packed{};
    if (stat(zip.c_str(), &packed) != 0) return refuse_errno("read", zip);
    const std::unique_ptr<archive, FreeReader> reader{archive_read_new()};
    archive_read_support_format_zip_seekable(reader.get());
    if (archive_read_open_filename(reader.get(), zip.c_str(), 128 << 10) != ARCHIVE_OK) {
        const char* text = archive_error_string(reader.get());
        return bad_package(
            fmt::format("{}; upload a zip file with the game's files at its root", text ? text : "not a zip"));
    }
    return Unzipper(reader.get(), root.get(), static_cast<std::uint64_t>(packed.st_size), limits, owner, stop).run();
}

}  // namespace gse::agent
