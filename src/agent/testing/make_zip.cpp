#include "agent/testing/make_zip.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/check.h"

namespace gse::agent::testing {

std::string make_zip(const std::vector<ZipEntry>& entries) {
    std::size_t size = 1 << 20;
    for (const auto& entry : entries) size += entry.content.size() + 2 * entry.name.size() + 4096;
    std::string bytes(size, '\0');
    std::size_t used = 0;
    archive* writer = archive_write_new();
    archive_write_set_format_zip(writer);
    CHECK(archive_write_open_memory(writer, bytes.data(), bytes.size(), &used) == ARCHIVE_OK);
    for (const auto& entry : entries) {
        archive_entry* header = archive_entry_new();
        archive_entry_set_pathname(header, entry.name.c_str());
        archive_entry_set_mode(header, entry.mode);
        if (entry.link_target.empty())
            archive_entry_set_size(header, static_cast<la_int64_t>(entry.content.size()));
        else
            archive_entry_set_symlink(header, entry.link_target.c_str());
        CHECK(archive_write_header(writer, header) >= ARCHIVE_WARN);
        if (entry.link_target.empty() && !entry.content.empty())
            CHECK(archive_write_data(writer, entry.content.data(), entry.content.size()) >= 0);
        archive_entry_free(header);
    }
    CHECK(archive_write_close(writer) == ARCHIVE_OK);
    archive_write_free(writer);
    bytes.resize(used);
    return bytes;
}

}  // namespace gse::agent::testing
