#include "cli/main.h"
#include "main/backup_words.h"
#include "main/examine_host.h"
#include "main/journal_copy.h"
#include "main/objects_copy.h"
#include "main/run.h"

int main(int argc, char** argv) {
    return gse::cli::gse_main(argc, argv,
                              {.dev = &gse::run_dev,
                               .server = &gse::run_server,
                               .agent = &gse::run_agent,
                               .examine_host = &gse::examine_host,
                               .copy_journal = &gse::copy_journal,
                               .back_up = &gse::back_up,
                               .restore = &gse::restore,
                               .copy_objects = &gse::copy_objects});
}
