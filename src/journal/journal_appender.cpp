// A leader for the test that stops it: journal_appender CONNINFO SCHEMA appends until it may not any more, and tells
// each batch that was acknowledged.
#include <cstdio>
#include <string>

#include "journal/postgres.h"
#include "journal/test_support.h"

namespace gse::journal {
namespace {

using namespace std::chrono_literals;

Result<void> append_for_ever(const std::string& conninfo, const std::string& schema) {
    auto journal =
        TRY(open_postgres_journal(
                {.conninfo = conninfo, .schema = schema, .create = true, .server = "a", .lease = 1s, .patience = 10s}))
            .journal;
    Recorder replayed;
    TRY(journal->load(replayed));
    if (!TRY(journal->take_over("a"))) return refuse(ErrorCode::InUse, "another one leads");
    TRY(journal->tail(replayed, 0ms));
    for (std::uint64_t seq = 1;; ++seq) {
        const auto appended = journal->append(seq, batch_of(seq, 3'000));
        if (!appended && journal->leads()) std::printf("leads all the same\n");
        TRY(appended);
        std::printf("ack %llu\n", static_cast<unsigned long long>(seq));
        std::fflush(stdout);
    }
}

}  // namespace
}  // namespace gse::journal

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const auto outcome = gse::journal::append_for_ever(argv[1], argv[2]);
    std::printf("end %s\n", outcome ? "" : outcome.error().message.c_str());
    return 0;
}
