#include "main/journal_copy.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "base/file.h"
#include "base/hex.h"
#include "journal/copy.h"
#include "journal/postgres.h"
#include "journal/sole_leader.h"
#include "journal/sqlite.h"
#include "main/data_dir.h"
#include "main/postgres_options.h"

namespace gse {
namespace {

namespace fs = std::filesystem;
using cli::JournalCopy;
using journal::CopySummary;
using journal::Draft;

bool is_conninfo(const std::string& text) {
    return text.starts_with("postgres://") || text.starts_with("postgresql://") || text.find('=') != std::string::npos;
}

std::unique_ptr<journal::Journal> alone(journal::OpenedSharedJournal opened) {
    return journal::make_sole_leader(std::move(opened.journal), "gse journal copy");
}

/// Where the copy goes. It is not seen under its name before publish().
class Target {
public:
    virtual ~Target() = default;
    virtual Result<std::unique_ptr<journal::Journal>> begin(const std::string& deployment) = 0;
    virtual Result<std::unique_ptr<journal::Journal>> read_back() = 0;
    virtual Result<void> publish() = 0;
};

class DatabaseTarget final : public Target {
public:
    DatabaseTarget(const std::string& conninfo, const std::string& schema) {
        options_.conninfo = conninfo;
        options_.schema = schema;
        options_.created = SystemClock().wall();
    }
    Result<std::unique_ptr<journal::Journal>> begin(const std::string& deployment) override {
        options_.deployment = deployment;
        options_.create = true;
        options_.draft = Draft::Begin;
        return alone(TRY(journal::open_postgres_journal(options_)));
    }
    Result<std::unique_ptr<journal::Journal>> read_back() override {
        options_.draft = Draft::GoOn;
        return alone(TRY(journal::open_postgres_journal(options_)));
    }
    Result<void> publish() override { return journal::publish_postgres_draft(options_); }

private:
    journal::PostgresOptions options_;
};

class FolderTarget final : public Target {
public:
    explicit FolderTarget(DataDir data) : data_(std::move(data)) {}
    Result<std::unique_ptr<journal::Journal>> begin(const std::string& deployment) override {
        if (fs::exists(data_.journal()))
            return refuse(ErrorCode::InUse,
                          fmt::format("{} is there already; nothing was copied", data_.journal().string()));
        std::error_code error;
        fs::remove_all(draft(), error);
        if (error) return refuse(ErrorCode::FailedOperation, fmt::format("cannot remove {}", draft().string()));
        return open(deployment, true);
    }
    Result<std::unique_ptr<journal::Journal>> read_back() override { return open({}, false); }
    Result<void> publish() override {
        std::error_code error;
        fs::rename(draft(), data_.journal(), error);
        if (error) return refuse(ErrorCode::FailedOperation, fmt::format("cannot rename {}", draft().string()));
        TRY(sync_directory(data_.root()));
        return forget_deployment(data_.root());
    }

private:
    [[nodiscard]] fs::path draft() const { return data_.root() / "journal.copy"; }
    Result<std::unique_ptr<journal::Journal>> open(const std::string& deployment, bool create) {
        return std::move(
            TRY(journal::open_sqlite_journal(
                    {.dir = draft(), .create = create, .deployment = deployment, .created = SystemClock().wall()}))
                .journal);
    }
    DataDir data_;
};

/// The lock of a data folder is held as long.
struct Source {
    std::optional<DataDir> data;
    std::unique_ptr<journal::Journal> journal;
    std::string deployment;
};

Result<Source> open_source(const JournalCopy& copy) {
    if (is_conninfo(copy.from)) {
        auto opened = TRY(journal::open_postgres_journal({.conninfo = copy.from, .schema = copy.schema}));
        std::string deployment = opened.deployment;
        return Source{{}, alone(std::move(opened)), std::move(deployment)};
    }
    if (!fs::is_directory(fs::path(copy.from) / "journal"))
        return refuse(ErrorCode::NotFound, fmt::format("{} is no data folder with a journal in it", copy.from));
    Source source;
    source.data.emplace(TRY(DataDir::open(copy.from)));
    auto opened = TRY(journal::open_sqlite_journal({.dir = source.data->journal()}));
    source.journal = std::move(opened.journal);
    source.deployment = std::move(opened.deployment);
    return source;
}

Result<std::unique_ptr<Target>> make_target(const JournalCopy& copy) {
    if (is_conninfo(copy.to)) return std::make_unique<DatabaseTarget>(copy.to, copy.schema);
    return std::make_unique<FolderTarget>(TRY(DataDir::open(copy.to)));
}

}  // namespace

Result<void> copy_journal(const JournalCopy& copy, std::ostream& out) {
    Source source = TRY(open_source(copy));
    const auto target = TRY(make_target(copy));
    CopySummary copied;
    {
        const auto draft = TRY(target->begin(source.deployment));
        copied = TRY(journal::copy_journal(*source.journal, *draft));
    }
    out << fmt::format("copied {} batches, {} bytes, of deployment {}\n", copied.batches, copied.bytes,
                       source.deployment);
    const auto copy_of_it = TRY(target->read_back());
    const CopySummary read = TRY(journal::summarize_journal(*copy_of_it));
    if (read.batches != copied.batches || read.bytes != copied.bytes || read.digest != copied.digest)
        return refuse(ErrorCode::FailedOperation, "the copy reads back differently; it was not put into use");
    TRY(target->publish());
    out << fmt::format("read back and verified: SHA-256 {}\n", to_hex(copied.digest));
    return {};
}

}  // namespace gse
