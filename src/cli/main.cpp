#include "cli/main.h"

#include <poll.h>
#include <signal.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <span>

#include <fmt/format.h>

#include "client/api_client.h"

namespace gse::cli {
namespace {

class RemoteApi final : public Api {
public:
    explicit RemoteApi(Connection connection) : client_(std::move(connection)) {}

    Result<std::string> call(std::string_view action, const std::string& json) override {
        return told(client_.call(action, json));
    }
    Result<void> upload(std::string_view bucket, std::string_view key, std::string_view authorization,
                        const std::filesystem::path& file) override {
        TRY(told(client_.put_object(bucket, key, file, authorization)));
        return {};
    }
    Result<void> download(const std::string& url, const std::filesystem::path& file) override {
        TRY(told(client_.get_link(url, file)));
        return {};
    }
    Result<Page> page(std::string_view path) override {
        auto page = TRY(told(client_.get_page(path)));
        return Page{std::move(page.body), page.date_s};
    }
    [[nodiscard]] std::string region() const override { return client_.options().region; }

private:
    template <class T>
    static Result<T> told(client::ApiResult<T> result) {
        if (result) return std::move(*result);
        const client::ApiError& error = result.error();
        return refuse(ErrorCode::FailedOperation,
                      fmt::format("{}: {}{}", error.code, error.message,
                                  error.request_id.empty() ? "" : fmt::format(" (request {})", error.request_id)));
    }

    client::ApiClient client_;
};

volatile std::sig_atomic_t interrupted = 0;

/// From now on the first Ctrl-C is only noted, for commands that say how to go on; the second one ends the program.
void note_interrupts() {
    struct sigaction action{};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
}

}  // namespace

int gse_main(int argc, char** argv, Servers servers) {
    const SystemClock clock;
    Outside outside{.out = std::cout,
                    .err = std::cerr,
                    .in = std::cin,
                    .environment =
                        [](const std::string& name) {
                            const char* value = std::getenv(name.c_str());
                            return std::string{value ? value : ""};
                        },
                    .connect = [](const Connection& connection) -> Result<std::unique_ptr<Api>> {
                        return std::make_unique<RemoteApi>(connection);
                    },
                    .clock = clock,
                    .pause = [](Millis by) { ::poll(nullptr, 0, static_cast<int>(by.count())); },
                    .servers = std::move(servers),
                    .note_interrupts = [] { note_interrupts(); },
                    .interrupted = [] { return interrupted != 0; }};
    const std::span<char*> words{argv, static_cast<std::size_t>(argc)};
    const std::vector<std::string> arguments{words.begin() + (words.empty() ? 0 : 1), words.end()};
    const int code = run(arguments, outside);
    std::cout.flush();
    // A full disk or a closed pipe behind stdout is a failure too.
    return code == kDone && !std::cout ? kFailed : code;
}

}  // namespace gse::cli
