#include "backup/contents.h"

#include <algorithm>
#include <array>

#include "journal/segment.h"
#include "journal/snapshot_file.h"

namespace gse::backup {
namespace {

constexpr std::string_view kSaved[] = {"credentials.toml", "secret", "link-token",
                                       // Games and agents find us where they have always called.
                                       "sdk-port", "link-port",
                                       // Of gse dev: whose the host's records are.
                                       "agent/host"};

// A folder whose state is in a database ("deployment") is backed up with that.
constexpr std::string_view kMade[] = {"lock", "console-link", "deployment", "server-id", "journal.copy"};

bool is_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// `<2 hex>/<62 hex>`
bool is_object(std::string_view name) {
    return name.size() == 65 && name[2] == '/' && is_hex(name.substr(0, 2)) && is_hex(name.substr(3));
}

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= 100 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
    });
}

bool is_journal_file(std::string_view name) {
    if (name == "identity.toml" || journal::parse_snapshot_name(name)) return true;
    const bool wal = name.ends_with("-wal");
    if (wal) name.remove_suffix(4);
    return journal::Segment::parse_file_name(name).has_value();
}

}  // namespace

Belonging belonging(std::string_view name) {
    if ((std::ranges::find(kSaved, name) != std::end(kSaved))) return Belonging::Saved;
    if ((std::ranges::find(kMade, name) != std::end(kMade))) return Belonging::Made;
    const std::string_view folder = name.substr(0, name.find('/'));
    if (folder == "journal" || folder == "objects" || folder == "pki") return Belonging::Saved;
    // The rest of gse dev's agent is about processes of this machine.
    if (folder == "agent") return Belonging::Made;
    return Belonging::Unknown;
}

bool may_restore(std::string_view name) {
    if ((std::ranges::find(kSaved, name) != std::end(kSaved))) return true;
    if (name.starts_with("journal/")) return is_journal_file(name.substr(8));
    if (name.starts_with("objects/")) return is_object(name.substr(8));
    if (name.starts_with("pki/")) return is_plain_name(name.substr(4));
    return false;
}

}  // namespace gse::backup
