/// Packages and logs over real HTTP for tests: GET with ranges, PUT, one connection at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/testing/listener.h"

namespace gse::agent::testing {

class ObjectServer {
public:
    ObjectServer();
    ~ObjectServer();

    [[nodiscard]] std::string url() const;                  ///< `http://127.0.0.1:PORT/objects`
    void put(const std::string& key, std::string content);  ///< key: `bucket/key`
    [[nodiscard]] std::string get(const std::string& key);  ///< "" when there is none
    /// Whether `key` was PUT within 20 s.
    [[nodiscard]] bool wait_for(const std::string& key);
    void fail_next(int count, std::string status) {
        const std::lock_guard lock(mutex_);
        failures_ = count;
        failure_ = std::move(status);
    }
    /// The next GET sends only this many bytes and hangs up.
    void cut_next(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        cut_ = bytes;
    }
    [[nodiscard]] std::vector<std::string> requests();  ///< `GET bucket/key [range]`
    std::string wanted_authorization = "token";

private:
    void serve();
    void answer(int fd);

    Listener listener_ = listen_on_loopback();
    std::atomic<bool> stop_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::string> objects_;
    std::vector<std::string> requests_;
    int failures_ = 0;
    std::string failure_;
    std::size_t cut_ = 0;
    std::thread thread_;  // last: it serves from here on
};

}  // namespace gse::agent::testing
