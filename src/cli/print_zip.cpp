#include "cli/print_zip.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <memory>
#include <ostream>

#include <fmt/format.h>

namespace gse::cli {
namespace {

constexpr std::uint64_t kBytesMax = 1ULL << 30;

struct Closer {
    void operator()(archive* a) const { archive_read_free(a); }
};

}  // namespace

void print_plain(std::string_view text, std::ostream& out) {
    std::string clean{text};
    std::ranges::replace_if(
        clean,
        [](const char c) {
            const auto u = static_cast<unsigned char>(c);
            return (u < 0x20 && c != '\n' && c != '\t') || u == 0x7f;
        },
        '?');
    out << clean;
}

Result<void> print_zip(const std::filesystem::path& zip, std::ostream& out) {
    const std::unique_ptr<archive, Closer> reader{archive_read_new()};
    const auto failed = [&] {
        const char* why = archive_error_string(reader.get());
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("cannot read {}: {}", zip.string(), why ? why : "it is no zip"));
    };
    archive_read_support_format_zip(reader.get());
    if (archive_read_open_filename(reader.get(), zip.c_str(), 1 << 16) != ARCHIVE_OK) return failed();
    std::uint64_t total = 0;
    archive_entry* entry = nullptr;
    for (;;) {
        const int next = archive_read_next_header(reader.get(), &entry);
        if (next == ARCHIVE_EOF) return {};
        if (next != ARCHIVE_OK) return failed();
        if (archive_entry_filetype(entry) != AE_IFREG) continue;
        const char* name = archive_entry_pathname(entry);
        out << "==> ";
        print_plain(name ? name : "?", out);
        out << " <==\n";
        std::array<char, 1 << 16> piece{};
        char last = '\n';
        for (;;) {
            const la_ssize_t got = archive_read_data(reader.get(), piece.data(), piece.size());
            if (got < 0) return failed();
            if (got == 0) break;
            total += static_cast<std::uint64_t>(got);
            if (total > kBytesMax)
                return refuse(ErrorCode::FailedOperation, "the log is longer than 1 GiB; the rest is not shown");
            print_plain({piece.data(), static_cast<std::size_t>(got)}, out);
            last = piece[static_cast<std::size_t>(got) - 1];
        }
        if (last != '\n') out << '\n';
    }
}

}  // namespace gse::cli
