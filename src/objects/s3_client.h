/// Requests to one bucket of an S3-compatible store, signed, with time-outs, and tried again where that is safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "objects/s3_signature.h"

namespace gse::objects {

struct S3Options {
    std::string endpoint;  ///< `https://s3.example.com`, `http://127.0.0.1:9000`: see check_s3_endpoint()
    std::string region = "us-east-1";
    std::string bucket;
    std::string prefix;      ///< before every key of ours; "" or text that ends in `/`
    bool path_style = true;  ///< endpoint/bucket/key; else bucket.endpoint/key
    S3Credentials credentials;
    std::string ca_file;                     ///< PEM; "" → the system's
    Millis timeout{30'000};                  ///< without a byte from the store; connecting takes a third of it at most
    std::uint64_t part_bytes = 8ULL << 20;   ///< larger objects go up in parts of this
    std::uint64_t copy_bytes = 64ULL << 20;  ///< and are copied in parts of this
    const Clock* clock = nullptr;            ///< that requests are signed by; null: the system's
    /// Waits between tries; empty: really.
    std::function<void(Millis)> pause;
};

/// InvalidParameterValue: says what is wrong with it.
Result<void> check_s3_endpoint(const S3Options& options);
/// Whether requests leave this machine without TLS.
[[nodiscard]] bool goes_in_clear(const S3Options& options);

struct S3Request {
    std::string_view method;
    std::string key;  ///< with the prefix; "" for the bucket
    S3Fields query;
    S3Fields fields;
    std::string_view body;
    /// False: it must not be done twice, so that it is tried again only when it was surely not done.
    bool repeatable = true;
    std::size_t answer_max = 4 << 20;  ///< bytes of the answer's body
};

struct S3Answer {
    std::string body;
    std::string etag;
    std::string content_range;
};

/// Thread-safe.
class S3Client {
public:
    static constexpr int kTriesMax = 5;
    static constexpr Millis kPauseFirst{200};

    /// `options` have passed check_s3_endpoint().
    explicit S3Client(S3Options options);
    ~S3Client();

    /// NotFound: no such key, or no such upload. Unavailable: a condition of the request does not hold (any more).
    /// Overloaded: no answer, or only "later", after all tries; unless the request is harmless it may have been done.
    /// FailedOperation: refused; the message says what to change.
    Result<S3Answer> call(const S3Request& request);

    /// Between the tries of what is tried again in another way.
    void pause(int tries_so_far) const;
    [[nodiscard]] const S3Options& options() const { return options_; }

private:
    struct Transfer;
    class Borrowed;
    Transfer transfer(const S3Request& request) const;

    const S3Options options_;
    std::string scheme_host_;  ///< `https://bucket.s3.example.com`
    std::string host_;         ///< as it is sent
    std::string base_path_;    ///< `/` or `/bucket/`
    struct Pool;
    std::unique_ptr<Pool> pool_;
};

}  // namespace gse::objects
