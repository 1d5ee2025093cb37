/// A PostgreSQL that a test program starts once, and a schema of its own for each test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/rng.h"
#include "journal/postgres.h"
#include "postgres/cluster.h"

namespace gse::journal {

/// Of the server that this program, or the one that it is a part of (a death test), has started.
inline const std::string& test_database() {
    static constexpr const char* kVariable = "GSE_TEST_DATABASE";
    static std::unique_ptr<pgtest::Cluster> cluster;
    static const std::string conninfo = [] {
        if (const char* given = std::getenv(kVariable)) return std::string(given);
        cluster = pgtest::Cluster::make(pgtest::Cluster::Kind::Quick);
        ::setenv(kVariable, cluster->conninfo().c_str(), 1);
        return cluster->conninfo();
    }();
    return conninfo;
}

inline std::string fresh_schema() { return "test_" + SystemRng().text(12); }

inline std::unique_ptr<SharedJournal> open_test_journal(PostgresOptions options) {
    options.create = true;
    // Beside a build, a database may take longer to accept a connection than one is waited for.
    auto opened = open_postgres_journal(options);
    for (int again = 0; !opened && opened.error().message.starts_with("cannot connect") && again < 5; ++again)
        opened = open_postgres_journal(options);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(opened->journal) : nullptr;
}

}  // namespace gse::journal
