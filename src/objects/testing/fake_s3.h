/// A small S3 over real sockets, for tests: one bucket in memory. It verifies signatures from what came over the wire,
/// knows path style and virtual hosts, lists in pages, keeps the rules of multipart uploads, and fails on request.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/time.h"

namespace gse::objects::testing {

struct FakeS3Options {
    std::string access_key_id = "FAKEACCESSKEY";
    std::string secret_key = "fake/secret+key";
    std::string session_token;  ///< "" → none is asked for
    std::string region = "us-east-1";
    std::string bucket = "gse";
    std::uint64_t min_part_bytes = 5ULL << 20;  ///< of all parts but the last
    std::size_t page = 1'000;                   ///< entries of a list
    std::uint16_t port = 0;
};

/// What a request is, as faults and counts name it.
enum class S3Op : std::uint8_t {
    List,
    ListUploads,
    ListParts,
    Put,
    Get,
    Delete,
    Create,
    PutPart,
    CopyPart,
    Complete,
    Abort,
    Unknown
};

enum class Trouble : std::uint8_t {
    InternalError,  ///< 500, nothing done
    SlowDown,       ///< 503, nothing done
    Forbidden,      ///< 403
    CutBefore,      ///< the connection ends, nothing done
    CutAfter,       ///< done, then the connection ends without an answer
    CutBody,        ///< half of the answer's body, then the connection ends
    ShortBody,      ///< the answer says that it is shorter than what was asked for
    FlipBit,        ///< of the answer's body
    ErrorIn200,     ///< status 200, and an error in the body; nothing done
    Garbled,        ///< the body did not arrive as it was signed
    Stall,          ///< no answer until the client goes away
    NoUpload,       ///< 404 NoSuchUpload
    Portal,         ///< 200 and a page of a captive portal
    OtherRegion,    ///< 400 AuthorizationHeaderMalformed with the region it should be
    Moved,          ///< 301 PermanentRedirect
};

class FakeS3 {
public:
    explicit FakeS3(FakeS3Options options = {});
    ~FakeS3();

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string endpoint(std::string_view host = "127.0.0.1") const;

    /// The next `times` requests of that kind after `skip` of them have that trouble.
    void trouble(S3Op op, Trouble what, int times = 1, int skip = 0);
    /// Its clock goes wrong by so much.
    void shift_clock(Millis by);
    /// Not known any more from now on.
    void forget_bucket();

    [[nodiscard]] std::size_t count(S3Op op) const;  ///< requests of that kind so far
    [[nodiscard]] std::size_t open_uploads() const;
    [[nodiscard]] std::vector<std::string> keys() const;
    [[nodiscard]] std::string content(const std::string& key) const;
    void set_content(const std::string& key, std::string content);
    /// As if all uploads that are open had been begun that much earlier.
    void age_uploads(Millis by);

private:
    struct Request;
    struct Answer;
    struct Object {
        std::string content;
        std::string etag;
        WallTime modified;
    };
    struct OpenUpload {
        std::string key;
        WallTime begun;
        std::map<std::uint32_t, Object> parts;
    };
    struct Planned {
        S3Op op;
        Trouble what;
        int times;
        int skip;
    };
    struct Connection {
        Fd fd;
        std::thread thread;
        std::atomic<bool> done = false;
    };

    void accept_all();
    void serve(Connection& connection);
    bool serve_one(int fd, std::string& buffer);
    std::optional<Answer> verify(const Request& request) const;
    std::optional<Trouble> take_trouble(S3Op op);
    Answer act(S3Op op, const Request& request);
    Answer list(const Request& request) const;
    Answer list_uploads(const Request& request) const;
    Answer list_parts(const Request& request) const;
    Answer get(const Request& request) const;
    Answer put_part(const Request& request);
    Answer copy_part(const Request& request);
    Answer complete(const Request& request);
    [[nodiscard]] WallTime now() const;

    const FakeS3Options options_;
    Fd listener_;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::map<std::string, Object> objects_;
    std::map<std::string, OpenUpload> uploads_;
    std::map<S3Op, std::size_t> counts_;
    std::vector<Planned> planned_;
    std::uint64_t next_upload_ = 0;
    std::atomic<std::int64_t> clock_shift_ms_{0};
    bool no_bucket_ = false;
    std::atomic<bool> stop_ = false;
    std::list<std::unique_ptr<Connection>> connections_;  // accept_all()'s
    std::thread thread_;                                  // last: it serves from here on
};

}  // namespace gse::objects::testing
