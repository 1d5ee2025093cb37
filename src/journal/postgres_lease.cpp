#include "journal/postgres_lease.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>

namespace gse::journal::pg {
namespace {

using namespace std::chrono_literals;

constexpr auto kLeasePatience = 10s;

// A standby that has not got the new end of the lease would let others in too early: it is confirmed like a commit.
constexpr Statement kRenew{"renew", R"(
UPDATE lease SET until = clock_timestamp() + $2::int8 * interval '1 millisecond' WHERE epoch = $1::int8)"};
constexpr Statement kLookAtLease{"look_lease", R"(
SELECT epoch, address, (extract(epoch FROM until - clock_timestamp()) * 1000)::int8 FROM lease)"};
constexpr Statement kGiveUp{"give_up", R"(
WITH ended AS (UPDATE lease SET until = clock_timestamp() WHERE epoch = $1::int8 RETURNING epoch)
SELECT pg_notify($2::text, '')::text FROM ended)"};

constexpr Statement kCallMyself{"call_myself", "SELECT set_config('application_name', $1::text, false)"};
constexpr Statement kIsCalled{"is_called", R"(
SELECT count(*) FROM pg_stat_activity
WHERE application_name = left($1::text, 63) AND datname = current_database() AND usename = current_user)"};

}  // namespace

std::int64_t boot_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000;
}

std::string channel_of(const std::string& schema) { return "gse " + schema; }

std::int64_t Lease::good_until(std::int64_t asked_ms) const {
    // For clocks that do not run alike, and for what is let out just after it was asked.
    const auto margin = std::max(time_ / 10, std::chrono::milliseconds(50));
    return asked_ms + (time_ - margin).count();
}

void Lease::hold(std::uint64_t epoch, std::int64_t asked_ms) {
    stop();
    good_until_ = good_until(asked_ms);
    stopping_ = false;
    thread_ = std::thread([this, epoch] { renew(epoch); });
}

void Lease::let_go() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        good_until_ = 0;
    }
    changed_.notify_all();
}

void Lease::stop() {
    let_go();
    if (thread_.joinable()) thread_.join();
}

void Lease::renew(std::uint64_t epoch) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, time_ / 4, [this] { return stopping_; })) {
        lock.unlock();
        const std::int64_t asked = boot_ms();
        const auto rows = asker_.ask(kRenew, Params().number(epoch).number(std::int64_t{time_.count()}), time_ / 2);
        lock.lock();
        if (stopping_) return;
        if (!rows) continue;
        if (rows->changed() == 0) {  // another one has taken it
            good_until_ = 0;
            return;
        }
        good_until_ = good_until(asked);
    }
}

Result<std::optional<Leader>> Lease::look() {
    const Rows rows = TRY(asker_.ask(kLookAtLease, Params(), kLeasePatience));
    const Row row = rows[0];
    if (row.count(0) == 0) return std::nullopt;
    return Leader{row.count(0), std::string(row.text(1)), std::chrono::milliseconds(row.number(2))};
}

Result<void> Lease::give_up(std::uint64_t epoch) {
    TRY(asker_.ask(kGiveUp, Params().number(epoch).text(channel_), kLeasePatience));
    return {};
}

std::string Lease::doubter(std::uint64_t epoch) const { return fmt::format("gse doubts {} {}", epoch, schema_); }

Result<void> Lease::doubt(std::uint64_t epoch) {
    TRY(asker_.ask(kCallMyself, Params().text(epoch == 0 ? name_ : doubter(epoch)), kLeasePatience));
    return {};
}

Result<bool> Lease::is_doubted(std::uint64_t epoch) {
    return TRY(asker_.ask(kIsCalled, Params().text(doubter(epoch)), kLeasePatience))[0].count(0) > 0;
}

}  // namespace gse::journal::pg
