/// The server as the commands see it. src/cli/main.cpp hands in one that talks HTTP; tests hand in their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/model.h"
#include "base/result.h"
#include "codec/codec.h"

namespace gse::cli {

/// One server, one key, one region. One thread at a time.
class Api {
public:
    virtual ~Api() = default;
    /// What stands inside `Response`, as it came. FailedOperation when the server refused, with its code, message and
    /// request id in the message, or when no answer came.
    virtual Result<std::string> call(std::string_view action, const std::string& json) = 0;
    /// PUT /objects/<bucket>/<key> with the text that GetUploadCredentials gave.
    virtual Result<void> upload(std::string_view bucket, std::string_view key, std::string_view authorization,
                                const std::filesystem::path& file) = 0;
    struct EventQuery {
        std::vector<std::string> ids;  ///< fleets and aliases; empty: all
        bool players = false;
        std::string last_event_id;  ///< in and out: where to go on
    };
    /// Follows /events until the connection ends, or `take` answers false.
    virtual Result<void> follow(EventQuery& query,
                                const std::function<bool(const std::string& name, const std::string& data)>& take) {
        (void)query, (void)take;
        return refuse(ErrorCode::UnsupportedOperation, "this connection has no events");
    }
    /// What a signed link of an answer leads to, into a file.
    virtual Result<void> download(const std::string& url, const std::filesystem::path& file) = 0;
    /// GET of a path that needs no signature, such as /metrics. `date_s`: the server's clock, Unix seconds, 0 when it
    /// did not say.
    struct Page {
        std::string body;
        std::int64_t date_s = 0;
    };
    virtual Result<Page> page(std::string_view path) = 0;
    /// Of the calls; also the AssetRegion of uploads. Never empty.
    [[nodiscard]] virtual std::string region() const = 0;
};

template <class Request>
Result<typename api::ActionTraits<Request>::Response> call(Api& api, const Request& request) {
    std::string json;
    api::encode(request, json);
    const std::string answer = TRY(api.call(api::ActionTraits<Request>::name, json));
    return api::decode_response<typename api::ActionTraits<Request>::Response>(answer);
}

}  // namespace gse::cli
