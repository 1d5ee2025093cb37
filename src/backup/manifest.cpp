#include "backup/manifest.h"

#include <fmt/format.h>

#include <iterator>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/whole_number.h"

namespace gse::backup {
namespace {

constexpr std::string_view kMark = "opengse-backup ";
constexpr std::string_view kFormat = "1";

std::unexpected<Error> damaged() {
    return refuse(ErrorCode::FailedOperation,
                  "the backup's manifest is damaged; nothing was changed. Take another copy of the file, or another "
                  "backup");
}

std::string_view next_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

/// The value of the line `key value`.
Result<std::string_view> value_of(std::string_view& rest, std::string_view key) {
    std::string_view line = next_line(rest);
    if (!line.starts_with(key) || line.size() < key.size() + 2 || line[key.size()] != ' ') return damaged();
    return line.substr(key.size() + 1);
}

Result<std::uint64_t> number(std::string_view text) {
    const auto value = parse_whole_number(text);
    if (!value) return damaged();
    return *value;
}

Result<std::uint64_t> number_of(std::string_view& rest, std::string_view key) {
    const std::string_view text = TRY(value_of(rest, key));
    return number(text);
}

}  // namespace

std::string render(const Manifest& manifest) {
    std::string text =
        fmt::format("{}{}\nversion {}\ndeployment {}\ncreated {}\nseq {}\nepoch {}\n", kMark, kFormat, manifest.version,
                    manifest.deployment, manifest.created, manifest.seq, manifest.epoch);
    for (const ManifestEntry& file : manifest.files)
        fmt::format_to(std::back_inserter(text), "{} {} {}\n", file.sha256, file.bytes, file.name);
    return text + fmt::format("end {}\n", to_hex(sha256(text)));
}

Result<Manifest> parse_manifest(std::string_view text) {
    if (!text.starts_with(kMark))
        return refuse(ErrorCode::FailedOperation, "it is no backup of OpenGSE; give a file that gse backup wrote");
    std::string_view rest = text;
    if (const std::string_view format = TRY(value_of(rest, kMark.substr(0, kMark.size() - 1))); format != kFormat)
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("the backup has format {}, this program reads format {}; use the version of OpenGSE "
                                  "that wrote it, or a newer one",
                                  format.substr(0, 20), kFormat));
    const auto end = text.rfind("\nend ");
    if (end == std::string_view::npos) return damaged();
    const std::string_view above = text.substr(0, end + 1);
    if (text.substr(end + 1) != fmt::format("end {}\n", to_hex(sha256(above)))) return damaged();

    Manifest manifest;
    manifest.version = TRY(value_of(rest, "version"));
    manifest.deployment = TRY(value_of(rest, "deployment"));
    manifest.created = TRY(value_of(rest, "created"));
    manifest.seq = TRY(number_of(rest, "seq"));
    manifest.epoch = TRY(number_of(rest, "epoch"));
    while (!rest.starts_with("end ")) {
        const std::string_view line = next_line(rest);
        const auto first = line.find(' ');
        const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
        if (first != 64 || second == std::string_view::npos) return damaged();
        manifest.files.push_back({.name = std::string(line.substr(second + 1)),
                                  .bytes = TRY(number(line.substr(first + 1, second - first - 1))),
                                  .sha256 = std::string(line.substr(0, first))});
    }
    return manifest;
}

}  // namespace gse::backup
