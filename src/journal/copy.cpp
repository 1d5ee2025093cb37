#include "journal/copy.h"

#include <functional>

namespace gse::journal {
namespace {

/// Counts and digests what is replayed, and passes it on.
class Digesting final : public Replay {
public:
    using Take = std::function<Result<void>(std::uint64_t number, std::span<const std::byte>)>;
    explicit Digesting(Take take) : take_(std::move(take)) {}
    Result<void> snapshot_slice(std::span<const std::byte> slice) override { return add(slice); }
    Result<void> entry(std::uint64_t, std::span<const std::byte> batch) override { return add(batch); }
    CopySummary finish() {
        summary_.digest = digest_.finish();
        return summary_;
    }

private:
    Result<void> add(std::span<const std::byte> bytes) {
        const std::uint64_t size = bytes.size();
        digest_.add(std::as_bytes(std::span(&size, 1)));
        digest_.add(bytes);
        ++summary_.batches;
        summary_.bytes += size;
        return take_ ? take_(summary_.batches, bytes) : Result<void>();
    }
    Take take_;
    Sha256 digest_;
    CopySummary summary_;
};

}  // namespace

Result<CopySummary> copy_journal(Journal& from, Journal& to) {
    if (TRY(summarize_journal(to)).batches != 0)
        return refuse(ErrorCode::InUse, "the target holds a journal already; nothing was copied");
    Digesting copies([&](std::uint64_t number, std::span<const std::byte> bytes) { return to.append(number, bytes); });
    TRY(from.load(copies));
    return copies.finish();
}

Result<CopySummary> summarize_journal(Journal& journal) {
    Digesting reads({});
    TRY(journal.load(reads));
    return reads.finish();
}

}  // namespace gse::journal
