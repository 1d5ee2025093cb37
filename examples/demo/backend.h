/// The cloud API as a game's backend uses it: typed calls, every one of them counted.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "api/model.h"
#include "base/result.h"
#include "client/api_client.h"
#include "codec/codec.h"

namespace gse::demo {

struct CallCounts {
    std::uint64_t calls = 0;
    std::vector<std::string> failures;  ///< action, code and message
    std::uint64_t repeated = 0;         ///< sent again because nobody had answered
    Millis slowest{0};
    std::string slowest_action;
};

/// One thread at a time.
class Backend {
public:
    explicit Backend(client::ClientOptions options) : client_(std::move(options)) {}

    template <class Request>
    Result<typename api::ActionTraits<Request>::Response> call(const Request& request) {
        std::string json;
        api::encode(request, json);
        const std::string answer = TRY(send(api::ActionTraits<Request>::name, json));
        return api::decode_response<typename api::ActionTraits<Request>::Response>(answer);
    }

    /// PUT /objects/<bucket>/<key>.
    Result<void> upload(std::string_view bucket, std::string_view key, std::string_view authorization,
                        const std::filesystem::path& file);

    [[nodiscard]] const CallCounts& counts() const { return counts_; }
    /// What nobody answered is sent again, so often at most: a server may be lost while it works on a call, and every
    /// call of the demo may be repeated.
    int repeats = 0;
    /// Called after each call with a line about it.
    std::function<void(const std::string&)> on_call;

private:
    Result<std::string> send(std::string_view action, const std::string& json);
    /// Counts; turns an error of the client into one of ours.
    template <class T>
    Result<T> told(std::string_view action, std::chrono::steady_clock::time_point start, client::ApiResult<T> result);

    client::ApiClient client_;
    CallCounts counts_;
};

}  // namespace gse::demo
