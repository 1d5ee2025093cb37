#include "base/check.h"
#include "base/crypto.h"
#include "base/secret_box.h"
#include "base/secret_file.h"
#include "journal/pg_connection.h"
#include "journal/postgres.h"

#include <fmt/format.h>

namespace gse::journal {
namespace {

using namespace std::chrono_literals;
using pg::Params;
using pg::Statement;

constexpr auto kSecretsPatience = 30s;
static_assert(kSecretKeyBytes == kBoxKeyBytes);

constexpr Statement kGet{"get_secret", "SELECT sealed FROM secret WHERE name = $1::text"};
constexpr Statement kAdd{"add_secret", R"(
INSERT INTO secret (name, sealed) VALUES ($1::text, $2::bytea) ON CONFLICT (name) DO NOTHING)"};
constexpr Statement kReplace{"replace_secret",
                             "UPDATE secret SET sealed = $3::bytea WHERE name = $1::text AND sealed = $2::bytea"};

std::span<const std::byte> bytes_of_secret(std::string_view text) { return std::as_bytes(std::span(text)); }

class PostgresSecrets final : public SharedSecrets {
public:
    PostgresSecrets(pg::ConnectOptions options, std::string deployment, std::string key)
        : asker_(std::move(options)), deployment_(std::move(deployment)), key_(std::move(key)) {
        CHECK(key_.size() == kSecretKeyBytes);
    }

    Result<std::string> get_or_create(std::string_view name, std::size_t size) override {
        if (auto found = TRY(get(name))) return std::move(*found);
        TRY(check_secret(name, size));
        TRY(ask(kAdd, Params().text(name).bytes(bytes_of_secret(box(name, random_secret(size))))));
        if (auto found = TRY(get(name))) return std::move(*found);  // perhaps another server's
        return refuse(ErrorCode::FailedOperation, fmt::format("the secret {} vanished as it was made", name));
    }

    Result<std::optional<std::string>> get(std::string_view name) override {
        TRY(check_secret(name, 0));
        const auto sealed = TRY(find(name));
        if (!sealed) return std::nullopt;
        return TRY(open(name, *sealed));
    }

    Result<bool> replace(std::string_view name, const std::optional<std::string>& expected,
                         std::string_view secret) override {
        TRY(check_secret(name, secret.size()));
        const auto sealed = TRY(find(name));
        if (!sealed && expected) return false;
        const std::string made = box(name, secret);
        if (!sealed) return TRY(ask(kAdd, Params().text(name).bytes(bytes_of_secret(made)))).changed() == 1;
        if (!expected || !equal_in_constant_time(TRY(open(name, *sealed)), *expected)) return false;
        return TRY(ask(kReplace, Params().text(name).bytes(bytes_of_secret(*sealed)).bytes(bytes_of_secret(made))))
                   .changed() == 1;
    }

private:
    [[nodiscard]] std::string context(std::string_view name) const { return fmt::format("{}/{}", deployment_, name); }
    [[nodiscard]] std::string box(std::string_view name, std::string_view secret) const {
        return put_in_box(key_, context(name), secret);
    }
    Result<std::string> open(std::string_view name, std::string_view sealed) const {
        auto secret = open_box(key_, context(name), sealed);
        if (secret) return std::move(*secret);
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("secrets.key_file is not the key that the secret {} in the database was sealed with; "
                                  "every server of a deployment needs the same one",
                                  name));
    }
    Result<std::optional<std::string>> find(std::string_view name) {
        const auto rows = TRY(ask(kGet, Params().text(name)));
        if (rows.size() == 0) return std::nullopt;
        return std::string(rows[0].text(0));
    }
    Result<pg::Rows> ask(const Statement& statement, const Params& params) {
        return asker_.ask(statement, params, kSecretsPatience);
    }

    pg::Asker asker_;
    const std::string deployment_;
    const std::string key_;
};

}  // namespace

std::unique_ptr<SharedSecrets> open_postgres_secrets(const PostgresOptions& options, std::string deployment,
                                                     std::string key) {
    return std::make_unique<PostgresSecrets>(
        pg::ConnectOptions{options.conninfo, options.schema, "gse secrets " + options.schema}, std::move(deployment),
        std::move(key));
}

}  // namespace gse::journal
