/// A wire between a client and a PostgreSQL server that a test can cut: at a moment of a commit, or altogether.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/temp_folder.h"

namespace gse::pgtest {

/// Thread-safe.
class Proxy {
public:
    /// `target`: the server's socket.
    explicit Proxy(std::filesystem::path target);
    ~Proxy();

    /// For Cluster::conninfo().
    [[nodiscard]] std::string host() const { return folder_.path(); }
    /// Connections from now on go to another server; those there are go on.
    void lead_to(std::filesystem::path target);

    /// The next message that names the statement `word` ends the connection: it does not reach the server, or its
    /// answer does not come back. Once.
    enum class Moment : std::uint8_t { BeforeRequest, BeforeAnswer };
    void cut_at(Moment moment, std::string word);
    /// Whether the moment has come, within 30 s.
    bool wait_cut();

    /// Nothing passes, and nobody is told; false lets everything go on.
    void swallow(bool on);
    /// Every connection ends, and new ones are refused; false lets new ones in again.
    void refuse(bool on);

private:
    struct Pair {
        Fd client, server;
        bool answer_is_cut = false;
        bool over = false;
    };
    void run();
    void accept_one();
    void pump(Pair& pair, bool from_client);
    void wake() const;

    TempFolder folder_;
    Fd listener_, wakes_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::filesystem::path target_;
    std::string word_;  // "": nothing is cut
    Moment moment_ = Moment::BeforeRequest;
    bool cut_ = false, swallows_ = false, refuses_ = false, stopping_ = false;
    std::list<Pair> pairs_;
    std::thread thread_;
};

}  // namespace gse::pgtest
