#include "core/package_scan.h"

#include "core/entities_archive.h"
#include "core/state.h"

namespace gse::core {
namespace {

template <class T>
Result<T> decode(std::string_view image) {
    T record;
    Reader reader(image);
    archive(reader, record);
    if (!reader.ok()) return refuse(ErrorCode::Internal, "journal entry holds an unreadable record");
    return record;
}

}  // namespace

Result<void> PackageScan::take_record(std::size_t table, Slot slot, std::optional<std::string_view> image) {
    if (table == State::table_number<Asset>()) {
        packages_.erase(slot);
        if (!image) return {};
        const Asset asset = TRY(decode<Asset>(*image));
        if (!asset.bucket.empty() && !asset.key.empty())
            packages_.emplace(slot, Package{asset.id, asset.bucket, asset.key});
    }
    if (table == State::table_number<Meta>() && image) epoch_ = TRY(decode<Meta>(*image)).epoch;
    return {};
}

Result<void> PackageScan::take(std::string_view batch) {
    const auto read =
        read_batch(batch, [this](std::size_t table, Slot slot, auto image) { return take_record(table, slot, image); });
    if (!read) return std::unexpected(read.error());
    return {};
}

}  // namespace gse::core
