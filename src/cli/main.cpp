#include "cli/main.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

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
        // On a terminal a long upload shows how far it is.
        const bool shows = ::isatty(STDERR_FILENO) != 0;
        int shown = -1;
        const auto progress = [&shown](std::uint64_t sent, std::uint64_t total) {
            const int percent = total == 0 ? 100 : static_cast<int>(sent * 100 / total);
            if (std::exchange(shown, percent) == percent) return;
            std::cerr << fmt::format("\ruploading {:3} % of {} bytes{}", percent, total, percent == 100 ? "\n" : "")
                      << std::flush;
        };
        client::ApiClient::UploadWatch watch;
        if (shows) watch.progress = progress;
        watch.pause = [](Millis by) { ::poll(nullptr, 0, static_cast<int>(by.count())); };
        TRY(told(client_.put_object_resuming(bucket, key, file, authorization, watch)));
        return {};
    }
    Result<void> follow(EventQuery& query,
                        const std::function<bool(const std::string& name, const std::string& data)>& take) override {
        client::ApiClient::EventQuery wanted{query.ids, query.players, query.last_event_id};
        const auto done = client_.follow_events(
            wanted, [&](const client::ServerEvent& event) { return take(event.name, event.data); });
        query.last_event_id = wanted.last_event_id;
        if (done) return {};
        const bool lost = done.error().code == "ClientError.NetworkError";
        return refuse(lost ? ErrorCode::Unavailable : ErrorCode::FailedOperation,
                      fmt::format("{}: {}", done.error().code, done.error().message));
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
                    .interrupted = [] { return interrupted != 0; },
                    .shows_progress = ::isatty(STDERR_FILENO) != 0};
    const std::span<char*> words{argv, static_cast<std::size_t>(argc)};
    const std::vector<std::string> arguments{words.begin() + (words.empty() ? 0 : 1), words.end()};
    const int code = run(arguments, outside);
    std::cout.flush();
    // A full disk or a closed pipe behind stdout is a failure too.
    return code == kDone && !std::cout ? kFailed : code;
}

}  // namespace gse::cli
