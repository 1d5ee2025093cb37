#include "journal/postgres_schema.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/rng.h"
#include "journal/identity.h"

namespace gse::journal::pg {
namespace {

using namespace std::chrono_literals;

constexpr auto kSchemaPatience = 30s;

// What makes each version out of the one before; the first makes it out of nothing. Never changed once released.
constexpr const char* kSteps[kSchemaVersion] = {
    R"(
CREATE TABLE meta (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version int8 NOT NULL,
    deployment text NOT NULL,
    created text NOT NULL
);
-- How far the log goes, and who may append to it. Every commit updates it in place, so its page keeps room for that.
CREATE TABLE head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq int8 NOT NULL,
    epoch int8 NOT NULL
) WITH (fillfactor = 10);
INSERT INTO head VALUES (true, 0, 0);
CREATE TABLE lease (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch int8 NOT NULL,
    server text NOT NULL,
    address text NOT NULL,
    until timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO lease VALUES (true, 0, '', '', '1970-01-01 00:00:00+00');
-- A batch a row. sum is the CRC-32C of seq, epoch and batch, continued from prev, the sum of the row before.
CREATE TABLE log (
    seq int8 PRIMARY KEY,
    epoch int8 NOT NULL,
    prev int4 NOT NULL,
    sum int4 NOT NULL,
    batch bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
        toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 10000);
ALTER TABLE log ALTER batch SET STORAGE EXTERNAL;
-- Complete when end_seq is there.
CREATE TABLE snapshot (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    epoch int8 NOT NULL,
    start_seq int8 NOT NULL,
    end_seq int8,
    slices int8,
    bytes int8
);
CREATE TABLE slice (
    snapshot int8 REFERENCES snapshot ON DELETE CASCADE,
    n int8,
    sum int4 NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (snapshot, n)
);
ALTER TABLE slice ALTER bytes SET STORAGE EXTERNAL;
-- Sealed by secrets.key_file, which the database never sees.
CREATE TABLE secret (
    name text PRIMARY KEY,
    sealed bytea NOT NULL
);
)"};

// The search path may lead elsewhere when the schema is not there; so nothing is asked of a table before its schema.
constexpr Statement kLook{"look", R"(
SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1::text),
       EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = $1::text AND c.relname = 'meta' AND c.relkind = 'r'),
       EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1::text),
       pg_is_in_recovery(),
       current_user::text)"};
constexpr Statement kLock{"lock", "SELECT pg_advisory_xact_lock(hashtext('gse journal'), hashtext($1::text))"};
constexpr Statement kReadMeta{"read_meta", "SELECT version, deployment FROM meta"};
constexpr Statement kWriteMeta{"write_meta", R"(
INSERT INTO meta (version, deployment, created) VALUES ($1::int8, $2::text, $3::text)
ON CONFLICT (one) DO UPDATE SET version = excluded.version)"};

class Settling {
public:
    Settling(Connection& connection, const SchemaWish& wish) : connection_(connection), wish_(wish) {}

    Result<std::string> run() {
        if (connection_.server_version() < kServerVersionMin)
            return refused(fmt::format("is PostgreSQL {}, older than 14, which is the oldest that OpenGSE works with",
                                       connection_.server_version() / 10'000));
        TRY(script("BEGIN"));
        TRY(ask(kLock, Params().text(wish_.schema)));
        const Rows look = TRY(ask(kLook, Params().text(wish_.schema)));
        const Row found = look[0];
        role_ = found.text(4);
        if (found.flag(3))
            return refused(
                "is a standby, which takes no writes; name its primary too, and add "
                "target_session_attrs=read-write");
        std::int64_t version = 0;
        std::string deployment = wish_.deployment;
        if (found.flag(1)) {
            const Rows meta = TRY(ask(kReadMeta, Params()));
            if (meta.size() != 1) return refused(fmt::format("holds a schema {} without its mark", wish_.schema));
            version = meta[0].number(0);
            TRY(check_draft(version));
            if (wish_.draft == Draft::Begin) {
                TRY(script("DROP TABLE meta, head, lease, log, slice, snapshot, secret"));
                version = 0;
            } else {
                deployment = meta[0].text(1);
            }
            if (!wish_.deployment.empty() && deployment != wish_.deployment)
                return refused(
                    fmt::format("belongs to deployment {}, not to {}; give the connection string of the "
                                "right one, or another data folder",
                                deployment, wish_.deployment));
        } else {
            TRY(check_room(found.flag(2)));
            if (!found.flag(0)) TRY(script("CREATE SCHEMA " + quote_identifier(wish_.schema)));
            if (deployment.empty()) deployment = SystemRng().text(20);
        }
        if (wish_.draft == Draft::GoOn) version = kSchemaVersion;  // made by this program
        if (version > kSchemaVersion || version < 0)
            return refused(
                fmt::format("has version {} of the tables, this program knows {}; use the version of "
                            "OpenGSE that made them",
                            version, kSchemaVersion));
        for (auto step = version; step < kSchemaVersion; ++step) TRY(script(kSteps[step]));
        if (version < kSchemaVersion) TRY(write_meta(deployment));
        TRY(script("COMMIT"));
        return deployment;
    }

private:
    Result<void> check_draft(std::int64_t version) const {
        if (version != kDraftVersion && wish_.draft != Draft::No)
            return gse::refuse(ErrorCode::InUse, fmt::format("the database {} holds a journal already, in its schema "
                                                             "{}. Nothing was changed",
                                                             connection_.where(), wish_.schema));
        if (version == kDraftVersion && wish_.draft == Draft::No)
            return refused(
                fmt::format("holds a copy that was not finished, in its schema {}; begin again with gse "
                            "journal copy",
                            wish_.schema));
        return {};
    }
    /// Whether tables may be made where there is no journal.
    Result<void> check_room(bool other_tables) const {
        if (other_tables)
            return refused(
                fmt::format("has a schema {} with tables that are not OpenGSE's; set journal.schema to "
                            "another name",
                            wish_.schema));
        if (wish_.create) return {};
        const std::string expected = wish_.deployment.empty()
                                         ? std::string()
                                         : fmt::format(
                                               ", but this data folder belongs to deployment {}; is the connection "
                                               "string right?",
                                               wish_.deployment);
        return gse::refuse(ErrorCode::NotFound, fmt::format("the database {} holds no journal in its schema {}{}. "
                                                            "Nothing was changed",
                                                            connection_.where(), wish_.schema, expected));
    }
    Result<void> write_meta(const std::string& deployment) {
        const std::string created = format_utc(wish_.created);
        TRY(ask(kWriteMeta, Params()
                                .number(wish_.draft == Draft::No ? std::int64_t{kSchemaVersion} : kDraftVersion)
                                .text(deployment)
                                .text(created)));
        return {};
    }

    [[nodiscard]] std::unexpected<Error> refused(std::string_view why) const {
        return gse::refuse(ErrorCode::FailedOperation,
                           fmt::format("the database {} {}. Nothing was changed", connection_.where(), why));
    }
    [[nodiscard]] std::unexpected<Error> refused(const Failure& failure) const {
        // Tables in a schema that may not be used are as if they were not there.
        if (failure.sqlstate == "42501" || failure.sqlstate == "42P01")
            return refused(fmt::format(
                "does not give the role {} the rights it needs ({}); as its owner: GRANT CREATE ON DATABASE … TO {}, "
                "or CREATE SCHEMA {} AUTHORIZATION {}",
                role_, failure.message, role_, wish_.schema, role_));
        return refuse(failure);
    }
    Result<void> script(const std::string& sql) {
        const auto outcome = connection_.script(sql, within(kSchemaPatience));
        if (!outcome) return refused(outcome.error());
        return {};
    }
    Result<Rows> ask(const Statement& statement, const Params& params) {
        auto rows = connection_.run(statement, params, within(kSchemaPatience));
        if (!rows) return refused(rows.error());
        return std::move(*rows);
    }

    Connection& connection_;
    const SchemaWish& wish_;
    std::string role_ = "(unknown)";
};

}  // namespace

Result<std::string> settle_schema(Connection& connection, const SchemaWish& wish) {
    CHECK(wish.deployment.empty() || valid_deployment(wish.deployment));
    auto settled = Settling(connection, wish).run();
    if (!settled) (void)connection.script("ROLLBACK", within(kSchemaPatience));
    return settled;
}

}  // namespace gse::journal::pg
