/// A Kubernetes API server for tests: Pods, Secrets and nodes with the rules that clients depend on. Resource versions,
/// lists in pages, watches with bookmarks, history that is forgotten (410), conflicts (409), rights (403), load (429),
/// deletion in two steps, Secrets that go with their owner. Nothing of it schedules or runs anything: see FakeNodes.
///
/// It speaks HTTP on loopback, or HTTPS; each connection has a thread.
#pragma once

#include <boost/json/object.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "http/testing/certificates.h"

namespace gse::kubernetes {

namespace json = boost::json;

/// RFC 7396.
void merge_patch(json::value& target, const json::value& patch);

class FakeApiServer {
public:
    static constexpr const char* kSpace = "games";
    static constexpr const char* kToken = "a-token-of-the-service-account";

    enum class Scheme : std::uint8_t { Http, Https };
    explicit FakeApiServer(Scheme scheme = Scheme::Http, std::string address = "127.0.0.1");
    ~FakeApiServer();
    FakeApiServer(const FakeApiServer&) = delete;
    FakeApiServer& operator=(const FakeApiServer&) = delete;

    [[nodiscard]] std::string url() const;
    /// PEM of who has signed its certificate.
    [[nodiscard]] std::string authority() const { return authority_.root(); }
    /// For a client that it trusts.
    [[nodiscard]] http::TestIdentity issue_client() const { return authority_.issue("DNS:client", "a client"); }
    /// A kubeconfig that leads here.
    [[nodiscard]] std::string kubeconfig(const std::string& token = kToken) const;

    // ---------------------------------------------------------------- how it behaves
    /// `verb resource`, such as `create pods`.
    void forbid(const std::string& right);
    void allow(const std::string& right);
    void accept_token(const std::string& token, bool accepted = true);
    /// The next requests are answered with this status; with a Retry-After of `seconds`.
    void fail_next(int requests, int status, int seconds = 0);
    /// Only requests of that verb and resource count; "": all.
    void fail_next_of(const std::string& right, int requests, int status, int seconds = 0);
    /// History is forgotten: whoever wants to go on from before it is told 410.
    void compact();
    /// So many lists have lost their further pages by the time these are asked for.
    void forget_pages(int lists);
    /// Whoever goes on from too far back gets 410 as a status, and not as an event of a watch that began with 200.
    void set_plain_gone(bool plain) { plain_gone_ = plain; }
    /// It goes away, with all connections, and is back at the same address; what it has stays.
    void stop();
    void start();
    /// All watches get a bookmark now.
    void bookmark();
    /// All connections end, as they do when a load balancer loses them.
    void cut_connections();

    // ---------------------------------------------------------------- what it has, as if by a controller of its own
    [[nodiscard]] std::optional<json::object> find(const std::string& resource, const std::string& name);
    [[nodiscard]] std::vector<json::object> all(const std::string& resource);
    void put(const std::string& resource, json::object object);
    /// False: there is no such object.
    bool patch(const std::string& resource, const std::string& name, const json::value& merge);
    /// At once; for a Pod: as its kubelet ends a deletion.
    bool erase(const std::string& resource, const std::string& name);
    /// As a client deletes it. False: there is none.
    bool remove_pod(const std::string& name, int grace_seconds = -1);

    /// As kubectl drain asks for it; the status of the answer.
    int evict_pod(const std::string& name);

    /// `verb resource`, in the order they came; watches are `watch`.
    [[nodiscard]] std::vector<std::string> requests();
    [[nodiscard]] int count_requests(const std::string& right);
    /// Waits for something about the objects; asked after each change.
    bool wait(std::chrono::milliseconds limit, const std::function<bool()>& holds);
    [[nodiscard]] std::uint64_t version();

private:
    struct Event {
        std::uint64_t version;
        std::string resource;
        std::string type;  ///< ADDED, MODIFIED, DELETED
        json::object object;
        json::object before;  ///< {} where it was not there
    };
    struct Request {
        std::string method, path, body, authorization, content_type;
        std::map<std::string, std::string> query;
        std::string verb, resource, space, name, sub;
    };
    struct Answer {
        int status = 200;
        json::object body;
        int retry_after = 0;
    };

    void accept_loop();
    template <class Stream>
    void serve(Stream& stream);
    template <class Stream>
    bool stream_watch(Stream& stream, const Request& request);
    Answer answer(Request& request);
    std::optional<Answer> refuse(const Request& request);
    Answer list(const Request& request);
    Answer create(const Request& request);
    Answer change(const Request& request);
    Answer remove(const Request& request);
    Answer bind(const Request& request);
    Answer evict(const Request& request);
    std::optional<Answer> invalid_pod(const json::object& pod) const;
    void store(const std::string& resource, json::object object);
    void drop(const std::string& resource, const std::string& key);
    bool begin_removal(const std::string& key, int grace);
    static bool route(Request& request);

    const Scheme scheme_;
    const std::string address_;
    http::TestAuthority authority_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::thread acceptor_;
    std::vector<std::thread> sessions_;
    std::set<int> sockets_;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool running_ = false;
    std::atomic<bool> plain_gone_ = false;
    std::uint64_t version_ = 1000;
    std::uint64_t forgotten_ = 0;  ///< events up to here
    std::uint64_t bookmarks_ = 0;
    int forget_pages_ = 0;
    std::uint64_t uids_ = 0;
    std::map<std::string, std::map<std::string, json::object>> objects_;  ///< resource → name
    std::deque<Event> events_;
    std::map<std::string, std::pair<std::uint64_t, std::vector<json::value>>> pages_;  ///< continue token → the rest
    std::set<std::string> forbidden_;
    std::set<std::string> tokens_{kToken};
    struct Failure {
        std::string right;
        int requests = 0;
        int status = 500;
        int seconds = 0;
    };
    std::vector<Failure> failures_;
    std::vector<std::string> requests_;
};

}  // namespace gse::kubernetes
