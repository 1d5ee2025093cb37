#include "backend.h"

namespace gse::demo {

using SteadyClock = std::chrono::steady_clock;

template <class T>
Result<T> Backend::told(std::string_view action, SteadyClock::time_point start, client::ApiResult<T> result) {
    const auto took = std::chrono::duration_cast<Millis>(SteadyClock::now() - start);
    ++counts_.calls;
    if (took > counts_.slowest) {
        counts_.slowest = took;
        counts_.slowest_action = action;
    }
    if (on_call) on_call(fmt::format("{} {} ms{}", action, took.count(), result ? "" : " " + result.error().code));
    if (result) return std::move(*result);
    const client::ApiError& error = result.error();
    counts_.failures.push_back(fmt::format("{}: {}: {}{}", action, error.code, error.message,
                                           error.request_id.empty() ? "" : " (request " + error.request_id + ")"));
    return refuse(ErrorCode::FailedOperation, counts_.failures.back());
}

Result<std::string> Backend::send(std::string_view action, const std::string& json) {
    const auto start = SteadyClock::now();
    auto answer = client_.call(action, json);
    for (int i = 0; i < repeats && !answer && answer.error().code.starts_with("ClientError"); ++i) {
        ++counts_.repeated;
        answer = client_.call(action, json);
    }
    return told(action, start, std::move(answer));
}

Result<void> Backend::upload(std::string_view bucket, std::string_view key, std::string_view authorization,
                             const std::filesystem::path& file) {
    const auto start = SteadyClock::now();
    TRY(told("PUT object", start, client_.put_object(bucket, key, file, authorization)));
    return {};
}

}  // namespace gse::demo
