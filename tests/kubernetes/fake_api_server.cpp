#include "kubernetes/fake_api_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "base/base64.h"
#include "base/time.h"
#include "base/url.h"
#include "hosts/json_path.h"

namespace gse::kubernetes {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using hosts::array_at;
using hosts::number_at;
using hosts::object_at;
using hosts::text_at;

constexpr std::size_t kBodyMax = 4 << 20;

json::object status_object(int code, const std::string& reason, const std::string& message) {
    return {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", json::object()},
            {"status", "Failure"}, {"message", message}, {"reason", reason},
            {"code", code}};
}

std::string kind_of(const std::string& resource) {
    return resource == "pods" ? "Pod" : resource == "secrets" ? "Secret" : "Node";
}

/// `a=b,c=d`.
bool selected(const json::object& object, const std::string& selector) {
    std::string_view rest = selector;
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find(','));
        rest = one.size() == rest.size() ? std::string_view{} : rest.substr(one.size() + 1);
        const auto equals = one.find('=');
        if (text_at(object, {"metadata", "labels", one.substr(0, equals)}) != one.substr(equals + 1)) return false;
    }
    return true;
}

bool is_dns_name(std::string_view name) {
    return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

std::string now_text() { return format_utc(SystemClock().wall()); }

}  // namespace

void merge_patch(json::value& target, const json::value& patch) {
    if (!patch.is_object()) {
        target = patch;
        return;
    }
    if (!target.is_object()) target = json::object();
    for (const auto& [key, value] : patch.get_object()) {
        if (value.is_null())
            target.get_object().erase(key);
        else
            merge_patch(target.get_object()[key], value);
    }
}

// -------------------------------------------------------------------- life

FakeApiServer::FakeApiServer(Scheme scheme, std::string address) : scheme_(scheme), address_(std::move(address)) {
    start();
}
FakeApiServer::~FakeApiServer() { stop(); }

void FakeApiServer::start() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = inet_addr(address_.c_str());
    address.sin_port = htons(port_);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 64) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("the fake API server cannot listen");
    port_ = ntohs(address.sin_port);
    {
        const std::lock_guard lock(mutex_);
        running_ = true;
    }
    acceptor_ = std::thread([this] { accept_loop(); });
}

void FakeApiServer::stop() {
    {
        const std::lock_guard lock(mutex_);
        if (!running_) return;
        running_ = false;
        for (const int fd : sockets_) shutdown(fd, SHUT_RDWR);
    }
    changed_.notify_all();
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    for (std::thread& session : sessions_) session.join();
    sessions_.clear();
}

void FakeApiServer::cut_connections() {
    const std::lock_guard lock(mutex_);
    for (const int fd : sockets_) shutdown(fd, SHUT_RDWR);
}

void FakeApiServer::accept_loop() {
    for (;;) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        {
            const std::lock_guard lock(mutex_);
            sockets_.insert(fd);
        }
        sessions_.emplace_back([this, fd] {
            asio::io_context io;
            try {
                asio::ip::tcp::socket socket(io, asio::ip::tcp::v4(), fd);
                if (scheme_ == Scheme::Https) {
                    const http::TestIdentity identity = authority_.issue("IP:" + address_);
                    asio::ssl::context context(asio::ssl::context::tls_server);
                    context.use_certificate_chain(asio::buffer(identity.certificate));
                    context.use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
                    // Clients may show a certificate of the same authority instead of a token.
                    context.add_certificate_authority(asio::buffer(authority_.root()));
                    context.set_verify_mode(asio::ssl::verify_peer);
                    asio::ssl::stream<asio::ip::tcp::socket&> stream(socket, context);
                    stream.handshake(asio::ssl::stream_base::server);
                    serve(stream);
                } else {
                    serve(socket);
                }
                const std::lock_guard lock(mutex_);
                sockets_.erase(fd);
            } catch (const std::exception&) {
                // The client has gone, or was cut off.
                const std::lock_guard lock(mutex_);
                sockets_.erase(fd);
            }
        });
    }
}

std::string FakeApiServer::url() const {
    return fmt::format("{}://{}:{}", scheme_ == Scheme::Https ? "https" : "http", address_, port_);
}

std::string FakeApiServer::kubeconfig(const std::string& token) const {
    return fmt::format(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\n"
        "contexts:\n- name: test\n  context: {{cluster: fake, user: me, namespace: {}}}\n"
        "clusters:\n- name: fake\n  cluster:\n    server: {}\n"
        "users:\n- name: me\n  user:\n    token: {}\n",
        kSpace, url(), token);
}

// -------------------------------------------------------------------- behaviour

void FakeApiServer::forbid(const std::string& right) {
    const std::lock_guard lock(mutex_);
    forbidden_.insert(right);
}
void FakeApiServer::allow(const std::string& right) {
    const std::lock_guard lock(mutex_);
    forbidden_.erase(right);
}
void FakeApiServer::accept_token(const std::string& token, bool accepted) {
    const std::lock_guard lock(mutex_);
    if (accepted)
        tokens_.insert(token);
    else
        tokens_.erase(token);
}
void FakeApiServer::fail_next(int requests, int status, int seconds) { fail_next_of("", requests, status, seconds); }
void FakeApiServer::fail_next_of(const std::string& right, int requests, int status, int seconds) {
    const std::lock_guard lock(mutex_);
    failures_.push_back({right, requests, status, seconds});
}
void FakeApiServer::compact() {
    const std::lock_guard lock(mutex_);
    forgotten_ = ++version_;
    events_.clear();
    pages_.clear();
}
void FakeApiServer::forget_pages(int lists) {
    const std::lock_guard lock(mutex_);
    forget_pages_ = lists;
}
void FakeApiServer::bookmark() {
    const std::lock_guard lock(mutex_);
    ++bookmarks_;
    changed_.notify_all();
}
std::vector<std::string> FakeApiServer::requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
}
int FakeApiServer::count_requests(const std::string& right) {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::ranges::count(requests_, right));
}
std::uint64_t FakeApiServer::version() {
    const std::lock_guard lock(mutex_);
    return version_;
}

// -------------------------------------------------------------------- objects

void FakeApiServer::store(const std::string& resource, json::object object) {
    auto& all = objects_[resource];
    const std::string name = text_at(object, {"metadata", "name"});
    json::object& metadata = object["metadata"].as_object();
    metadata["resourceVersion"] = std::to_string(++version_);
    const auto known = all.find(name);
    Event event{.version = version_,
                .resource = resource,
                .type = known == all.end() ? "ADDED" : "MODIFIED",
                .object = object,
                .before = known == all.end() ? json::object() : known->second};
    events_.push_back(std::move(event));
    all.insert_or_assign(name, std::move(object));
    changed_.notify_all();
}

void FakeApiServer::drop(const std::string& resource, const std::string& key) {
    auto& all = objects_[resource];
    const auto known = all.find(key);
    if (known == all.end()) return;
    json::object last = known->second;
    last["metadata"].as_object()["resourceVersion"] = std::to_string(++version_);
    events_.push_back(
        {.version = version_, .resource = resource, .type = "DELETED", .object = last, .before = known->second});
    const std::string uid = text_at(last, {"metadata", "uid"});
    all.erase(known);
    // What it owns goes with it.
    std::vector<std::string> owned;
    for (const auto& [name, secret] : objects_["secrets"])
        if (const json::array* owners = array_at(secret, {"metadata", "ownerReferences"}))
            for (const json::value& owner : *owners)
                if (text_at(owner, {"uid"}) == uid) owned.push_back(name);
    for (const std::string& name : owned) drop("secrets", name);
    changed_.notify_all();
}

bool FakeApiServer::begin_removal(const std::string& key, int grace) {
    auto& pods = objects_["pods"];
    const auto found = pods.find(key);
    if (found == pods.end()) return false;
    json::object pod = found->second;
    const std::string phase = text_at(pod, {"status", "phase"});
    const bool nobody_runs_it = text_at(pod, {"spec", "nodeName"}).empty() || phase == "Failed" || phase == "Succeeded";
    if (grace < 0) grace = static_cast<int>(number_at(pod, {"spec", "terminationGracePeriodSeconds"}));
    if (nobody_runs_it) grace = 0;
    json::object& metadata = pod["metadata"].as_object();
    const bool shorter =
        !metadata.contains("deletionTimestamp") || number_at(metadata, {"deletionGracePeriodSeconds"}) > grace;
    if (shorter) {
        metadata["deletionTimestamp"] = format_utc(SystemClock().wall() + Millis{grace * 1000LL});
        metadata["deletionGracePeriodSeconds"] = grace;
        store("pods", std::move(pod));
    }
    // Whoever watches hears of both steps, though there is no time between them.
    if (grace == 0) drop("pods", key);
    return true;
}

std::optional<json::object> FakeApiServer::find(const std::string& resource, const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto& all = objects_[resource];
    const auto found = all.find(name);
    return found == all.end() ? std::nullopt : std::optional(found->second);
}
std::vector<json::object> FakeApiServer::all(const std::string& resource) {
    const std::lock_guard lock(mutex_);
    std::vector<json::object> out;
    for (const auto& [name, object] : objects_[resource]) out.push_back(object);
    return out;
}
void FakeApiServer::put(const std::string& resource, json::object object) {
    const std::lock_guard lock(mutex_);
    json::object& metadata = object["metadata"].as_object();
    if (!metadata.contains("uid")) metadata["uid"] = fmt::format("uid-{}", ++uids_);
    object["kind"] = kind_of(resource);
    store(resource, std::move(object));
}
bool FakeApiServer::patch(const std::string& resource, const std::string& name, const json::value& merge) {
    const std::lock_guard lock(mutex_);
    const auto& all = objects_[resource];
    const auto found = all.find(name);
    if (found == all.end()) return false;
    json::value changed = found->second;
    merge_patch(changed, merge);
    store(resource, std::move(changed.as_object()));
    return true;
}
bool FakeApiServer::erase(const std::string& resource, const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (!objects_[resource].contains(name)) return false;
    drop(resource, name);
    return true;
}
bool FakeApiServer::remove_pod(const std::string& name, int grace_seconds) {
    const std::lock_guard lock(mutex_);
    return begin_removal(name, grace_seconds);
}
int FakeApiServer::evict_pod(const std::string& name) {
    const std::lock_guard lock(mutex_);
    Request request;
    request.name = name;
    return evict(request).status;
}
bool FakeApiServer::wait(std::chrono::milliseconds limit, const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + limit;
    for (;;) {
        std::uint64_t seen = 0;
        {
            const std::lock_guard lock(mutex_);
            seen = version_ + requests_.size();
        }
        if (holds()) return true;
        std::unique_lock lock(mutex_);
        // What is waited for may be elsewhere: it is asked for now and then without a change as well.
        changed_.wait_for(lock, std::chrono::milliseconds(50), [&] { return version_ + requests_.size() != seen; });
        if (std::chrono::steady_clock::now() >= until) {
            lock.unlock();
            return holds();
        }
    }
}

// -------------------------------------------------------------------- requests

bool FakeApiServer::route(Request& request) {
    std::vector<std::string> parts;
    std::string_view rest = request.path;
    while (!rest.empty()) {
        if (rest.front() == '/') {
            rest.remove_prefix(1);
            continue;
        }
        const std::string_view one = rest.substr(0, rest.find('/'));
        parts.push_back(url_decode(one, UrlPart::Path).value_or(""));
        rest.remove_prefix(one.size());
    }
    if (parts.size() < 3 || parts[0] != "api" || parts[1] != "v1") return false;
    parts.erase(parts.begin(), parts.begin() + 2);
    if (parts[0] == "namespaces" && parts.size() >= 3) {
        request.space = parts[1];
        parts.erase(parts.begin(), parts.begin() + 2);
    }
    request.resource = parts[0];
    if (parts.size() > 1) request.name = parts[1];
    if (parts.size() > 2) request.sub = parts[2];
    const bool watches = request.query.contains("watch") && request.query["watch"] != "0";
    request.verb = request.method == "POST"     ? "create"
                   : request.method == "PATCH"  ? "patch"
                   : request.method == "DELETE" ? "delete"
                   : watches                    ? "watch"
                   : request.name.empty()       ? "list"
                                                : "get";
    return request.resource == "pods" || request.resource == "secrets" || request.resource == "nodes";
}

std::optional<FakeApiServer::Answer> FakeApiServer::refuse(const Request& request) {
    const std::string right = request.verb + " " + request.resource;
    requests_.push_back(right + (request.sub.empty() ? "" : "/" + request.sub));
    changed_.notify_all();
    constexpr std::string_view kBearer = "Bearer ";
    const bool bearer = request.authorization.starts_with(kBearer);
    if (!(bearer && tokens_.contains(request.authorization.substr(kBearer.size()))) &&
        request.authorization != "certificate")
        return Answer{401, status_object(401, "Unauthorized", "Unauthorized")};
    for (auto failure = failures_.begin(); failure != failures_.end(); ++failure) {
        if (!failure->right.empty() && failure->right != right) continue;
        Answer answer{failure->status,
                      status_object(failure->status, failure->status == 429 ? "TooManyRequests" : "InternalError",
                                    "try again later"),
                      failure->seconds};
        if (--failure->requests == 0) failures_.erase(failure);
        return answer;
    }
    if (forbidden_.contains(right)) {
        const std::string where =
            request.space.empty() ? "at the cluster scope" : fmt::format("in the namespace \"{}\"", request.space);
        return Answer{403,
                      status_object(403, "Forbidden",
                                    fmt::format("{0} is forbidden: User \"system:serviceaccount:games:gse\" cannot "
                                                "{1} resource \"{0}\" in API group \"\" {2}",
                                                request.resource, request.verb, where))};
    }
    return std::nullopt;
}

FakeApiServer::Answer FakeApiServer::answer(Request& request) {
    const std::lock_guard lock(mutex_);
    if (!route(request))
        return {404, status_object(404, "NotFound", "the server could not find the requested resource")};
    if (auto refused = refuse(request)) return *refused;
    if (request.verb == "list") return list(request);
    if (request.verb == "create" && request.sub == "binding") return bind(request);
    if (request.verb == "create" && request.sub == "eviction") return evict(request);
    if (request.verb == "create") return create(request);
    const auto& all = objects_[request.resource];
    const auto found = all.find(request.name);
    if (found == all.end())
        return {404,
                status_object(404, "NotFound", fmt::format("{} \"{}\" not found", request.resource, request.name))};
    if (request.verb == "get") return {200, found->second};
    if (request.verb == "patch") return change(request);
    return remove(request);
}

FakeApiServer::Answer FakeApiServer::list(const Request& request) {
    const auto asked = [&](const char* name) {
        const auto found = request.query.find(name);
        return found == request.query.end() ? std::string() : found->second;
    };
    std::uint64_t version = version_;
    std::vector<json::value> items;
    if (const std::string next = asked("continue"); !next.empty()) {
        const auto page = pages_.find(next);
        if (page == pages_.end())
            return {410, status_object(410, "Expired", "The provided continue parameter is too old")};
        version = page->second.first;
        items = std::move(page->second.second);
        pages_.erase(page);
    } else {
        for (const auto& [name, object] : objects_[request.resource])
            if (selected(object, asked("labelSelector"))) items.emplace_back(object);
    }
    json::object metadata{{"resourceVersion", std::to_string(version)}};
    const std::string limit_text = asked("limit");
    const std::size_t limit = limit_text.empty() ? 0 : std::stoul(limit_text);
    if (limit > 0 && items.size() > limit) {
        const std::string token = fmt::format("page-{}", ++uids_);
        if (forget_pages_ > 0)
            --forget_pages_;
        else
            pages_[token] = {version,
                             std::vector<json::value>(items.begin() + static_cast<std::ptrdiff_t>(limit), items.end())};
        metadata["continue"] = token;
        items.resize(limit);
    }
    json::array array;
    for (json::value& item : items) {
        // The list says what they are.
        item.as_object().erase("kind");
        item.as_object().erase("apiVersion");
        array.push_back(std::move(item));
    }
    return {
        200,
        {{"kind", kind_of(request.resource) + "List"}, {"apiVersion", "v1"}, {"metadata", metadata}, {"items", array}}};
}

std::optional<FakeApiServer::Answer> FakeApiServer::invalid_pod(const json::object& pod) const {
    const std::string name = text_at(pod, {"metadata", "name"});
    const auto invalid = [&](const std::string& what) {
        return Answer{422, status_object(422, "Invalid", fmt::format("Pod \"{}\" is invalid: {}", name, what))};
    };
    const json::array* containers = array_at(pod, {"spec", "containers"});
    if (!containers || containers->empty()) return invalid("spec.containers: Required value");
    for (std::size_t i = 0; i < containers->size(); ++i) {
        const json::value& one = (*containers)[i];
        if (text_at(one, {"name"}).empty()) return invalid(fmt::format("spec.containers[{}].name: Required value", i));
        if (text_at(one, {"image"}).empty())
            return invalid(fmt::format("spec.containers[{}].image: Required value", i));
        for (const char* kind : {"requests", "limits"})
            if (const json::object* amounts = object_at(one, {"resources", kind}))
                for (const auto& [resource, amount] : *amounts)
                    if (amount.is_string() && (amount.get_string().empty() || !std::isdigit(amount.get_string()[0])))
                        return Answer{400, status_object(400, "BadRequest",
                                                         "Pod in version \"v1\" cannot be handled as a Pod: quantities "
                                                         "must match the regular expression")};
    }
    if (const json::array* references = array_at(pod, {"metadata", "ownerReferences"}))
        for (const json::value& owner : *references)
            if (text_at(owner, {"uid"}).empty()) return invalid("metadata.ownerReferences.uid: must not be empty");
    return std::nullopt;
}

FakeApiServer::Answer FakeApiServer::create(const Request& request) {
    boost::system::error_code unreadable;
    json::value read = json::parse(request.body, unreadable);
    if (unreadable || !read.is_object()) return {400, status_object(400, "BadRequest", "the body is no object")};
    json::object object = std::move(read.as_object());
    if (text_at(object, {"kind"}) != kind_of(request.resource))
        return {400, status_object(400, "BadRequest", "the kind of the object is not that of the path")};
    const std::string name = text_at(object, {"metadata", "name"});
    const std::string space = text_at(object, {"metadata", "namespace"});
    if (!space.empty() && space != request.space)
        return {400,
                status_object(400, "BadRequest",
                              "the namespace of the provided object does not match the namespace sent on the request")};
    if (!is_dns_name(name))
        return {422, status_object(422, "Invalid", fmt::format("metadata.name: Invalid value: \"{}\"", name))};
    if (request.resource == "pods")
        if (auto invalid = invalid_pod(object)) return *invalid;
    if (objects_[request.resource].contains(name))
        return {409,
                status_object(409, "AlreadyExists", fmt::format("{} \"{}\" already exists", request.resource, name))};
    json::object& metadata = object["metadata"].as_object();
    if (!request.space.empty()) metadata["namespace"] = request.space;
    metadata["uid"] = fmt::format("uid-{}", ++uids_);
    metadata["creationTimestamp"] = now_text();
    // What was written as text is read as bytes.
    if (const json::object* texts = object_at(object, {"stringData"})) {
        json::object data;
        for (const auto& [key, text] : *texts)
            data[key] = base64_encode(std::as_bytes(std::span<const char>(text.get_string())));
        object["data"] = std::move(data);
        object.erase("stringData");
    }
    if (request.resource == "pods") {
        object["status"] = json::object{{"phase", "Pending"}};
        json::object& spec = object["spec"].as_object();
        if (!spec.contains("terminationGracePeriodSeconds")) spec["terminationGracePeriodSeconds"] = 30;
    }
    store(request.resource, object);
    return {201, objects_[request.resource].at(name)};
}

FakeApiServer::Answer FakeApiServer::change(const Request& request) {
    if (!request.content_type.starts_with("application/merge-patch+json"))
        return {415, status_object(415, "UnsupportedMediaType", "only merge patches are known here")};
    boost::system::error_code unreadable;
    json::value patch = json::parse(request.body, unreadable);
    if (unreadable || !patch.is_object()) return {400, status_object(400, "BadRequest", "the body is no object")};
    json::value changed = objects_[request.resource].at(request.name);
    const std::string expected = text_at(patch, {"metadata", "resourceVersion"});
    if (!expected.empty() && expected != text_at(changed, {"metadata", "resourceVersion"}))
        return {409,
                status_object(409, "Conflict",
                              fmt::format("Operation cannot be fulfilled on {} \"{}\": the object has been modified; "
                                          "please apply your changes to the latest version and try again",
                                          request.resource, request.name))};
    // What a kubelet says of an object is changed apart from what was asked of it.
    json::object only;
    for (const auto& [key, value] : patch.get_object())
        if ((key == "status") == (request.sub == "status")) only[key] = value;
    merge_patch(changed, only);
    store(request.resource, std::move(changed.as_object()));
    return {200, objects_[request.resource].at(request.name)};
}

FakeApiServer::Answer FakeApiServer::remove(const Request& request) {
    boost::system::error_code unreadable;
    const json::value how = json::parse(request.body.empty() ? "{}" : request.body, unreadable);
    const json::object known = objects_[request.resource].at(request.name);
    const std::string uid = text_at(how, {"preconditions", "uid"});
    if (!uid.empty() && uid != text_at(known, {"metadata", "uid"}))
        return {409,
                status_object(409, "Conflict",
                              fmt::format("Operation cannot be fulfilled on {} \"{}\": Precondition failed: UID in "
                                          "precondition: {}, UID in object meta: {}",
                                          request.resource, request.name, uid, text_at(known, {"metadata", "uid"})))};
    if (request.resource == "pods") {
        const json::value* grace = hosts::value_at(how, {"gracePeriodSeconds"});
        begin_removal(request.name, grace && grace->is_int64() ? static_cast<int>(grace->get_int64()) : -1);
    } else {
        drop(request.resource, request.name);
    }
    return {200, known};
}

FakeApiServer::Answer FakeApiServer::bind(const Request& request) {
    boost::system::error_code unreadable;
    const json::value binding = json::parse(request.body, unreadable);
    json::value pod = objects_["pods"].at(request.name);
    if (!text_at(pod, {"spec", "nodeName"}).empty())
        return {409, status_object(409, "Conflict", "pod is already assigned to a node")};
    merge_patch(pod, json::object{{"spec", json::object{{"nodeName", text_at(binding, {"target", "name"})}}}});
    store("pods", std::move(pod.as_object()));
    return {201, {{"kind", "Status"}, {"status", "Success"}}};
}

/// A PodDisruptionBudget over all that are busy, as deploy/kubernetes has it, is taken to be there.
FakeApiServer::Answer FakeApiServer::evict(const Request& request) {
    const auto& pods = objects_["pods"];
    if (!pods.contains(request.name)) return {404, status_object(404, "NotFound", "no such pod")};
    if (text_at(pods.at(request.name), {"metadata", "labels", "opengse/busy"}) == "true")
        return {429, status_object(429, "TooManyRequests",
                                   "Cannot evict pod as it would violate the pod's disruption budget.")};
    json::value pod = pods.at(request.name);
    merge_patch(
        pod,
        json::object{{"status",
                      json::object{{"conditions", json::array{json::object{{"type", "DisruptionTarget"},
                                                                           {"status", "True"},
                                                                           {"reason", "EvictionByEvictionAPI"},
                                                                           {"message", "Eviction API: evicting"}}}}}}});
    store("pods", std::move(pod.as_object()));
    begin_removal(request.name, -1);
    return {201, {{"kind", "Status"}, {"status", "Success"}}};
}

// -------------------------------------------------------------------- the wire

template <class Stream>
bool FakeApiServer::stream_watch(Stream& stream, const Request& request) {
    const auto asked = [&](const char* name) {
        const auto found = request.query.find(name);
        return found == request.query.end() ? std::string() : found->second;
    };
    const std::string selector = asked("labelSelector");
    const bool bookmarks = asked("allowWatchBookmarks") == "1" || asked("allowWatchBookmarks") == "true";
    const std::string seconds = asked("timeoutSeconds");
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::seconds(seconds.empty() ? 1800 : std::stol(seconds));
    std::uint64_t at = std::stoull("0" + asked("resourceVersion"));

    const auto write = [&stream](const json::object& event) {
        const std::string line = json::serialize(event) + "\n";
        const std::string chunk = fmt::format("{:x}\r\n{}\r\n", line.size(), line);
        asio::write(stream, asio::buffer(chunk));
    };
    asio::write(stream, asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                                 "Transfer-Encoding: chunked\r\n\r\n")));
    std::uint64_t marked = 0;
    {
        const std::lock_guard lock(mutex_);
        marked = bookmarks_;
    }
    const auto mark = [&](std::uint64_t version) {
        write({{"type", "BOOKMARK"},
               {"object", json::object{{"kind", kind_of(request.resource)},
                                       {"apiVersion", "v1"},
                                       {"metadata", json::object{{"resourceVersion", std::to_string(version)}}}}}});
    };
    for (;;) {
        std::vector<Event> news;
        bool gone = false, marks = false, ends = false;
        std::uint64_t version = 0;
        {
            std::unique_lock lock(mutex_);
            changed_.wait_until(lock, until, [&] {
                return !running_ || at < forgotten_ || bookmarks_ != marked ||
                       (!events_.empty() && events_.back().version > at);
            });
            if (!running_) return false;
            gone = at < forgotten_;
            marks = bookmarks && bookmarks_ != marked;
            marked = bookmarks_;
            ends = std::chrono::steady_clock::now() >= until;
            version = version_;
            for (const Event& event : events_)
                if (event.version > at && event.resource == request.resource) news.push_back(event);
            if (!gone) at = version_;
        }
        if (gone) {
            // Only now is it known: the answer has begun with 200.
            write({{"type", "ERROR"}, {"object", status_object(410, "Expired", "too old resource version")}});
            ends = true;
        }
        for (const Event& event : news) {
            if (gone) break;
            const bool is = selected(event.object, selector);
            const bool was = !event.before.empty() && selected(event.before, selector);
            const std::string type = event.type == "DELETED" ? (was ? "DELETED" : "")
                                     : is && !was            ? "ADDED"
                                     : is                    ? "MODIFIED"
                                     : was                   ? "DELETED"
                                                             : "";
            if (!type.empty()) write({{"type", type}, {"object", event.object}});
        }
        if (!gone && marks) mark(version);
        if (ends) {
            asio::write(stream, asio::buffer(std::string("0\r\n\r\n")));
            return true;
        }
    }
}

template <class Stream>
void FakeApiServer::serve(Stream& stream) {
    beast::flat_buffer buffer;
    for (;;) {
        bhttp::request_parser<bhttp::string_body> parser;
        parser.body_limit(kBodyMax);
        bhttp::read(stream, buffer, parser);
        const auto& message = parser.get();
        Request request;
        request.method = std::string(message.method_string());
        std::string target(message.target());
        const auto question = target.find('?');
        request.path = target.substr(0, question);
        std::string_view rest =
            question == std::string::npos ? std::string_view{} : std::string_view(target).substr(question + 1);
        while (!rest.empty()) {
            const std::string_view one = rest.substr(0, rest.find('&'));
            rest = one.size() == rest.size() ? std::string_view{} : rest.substr(one.size() + 1);
            const auto equals = one.find('=');
            request.query[std::string(one.substr(0, equals))] =
                equals == std::string_view::npos ? "" : url_decode(one.substr(equals + 1), UrlPart::Query).value_or("");
        }
        request.body = message.body();
        request.authorization = std::string(message[bhttp::field::authorization]);
        request.content_type = std::string(message[bhttp::field::content_type]);
        if constexpr (!std::is_same_v<Stream, asio::ip::tcp::socket>) {
            X509* shown = SSL_get1_peer_certificate(stream.native_handle());
            if (shown && request.authorization.empty()) request.authorization = "certificate";
            X509_free(shown);
        }

        std::optional<Answer> answered;
        if (request.query.contains("watch")) {
            const std::lock_guard lock(mutex_);
            if (!route(request))
                answered = Answer{404, status_object(404, "NotFound", "no such resource")};
            else
                answered = refuse(request);
            if (!answered && plain_gone_ && std::stoull("0" + request.query["resourceVersion"]) < forgotten_)
                answered = Answer{410, status_object(410, "Expired", "too old resource version")};
        } else {
            answered = answer(request);
        }
        if (!answered) {
            if (!stream_watch(stream, request)) return;
            continue;
        }
        bhttp::response<bhttp::string_body> response(static_cast<bhttp::status>(answered->status), 11);
        response.set(bhttp::field::content_type, "application/json");
        if (answered->retry_after > 0) response.set(bhttp::field::retry_after, std::to_string(answered->retry_after));
        response.body() = json::serialize(answered->body);
        response.prepare_payload();
        bhttp::write(stream, response);
        if (!message.keep_alive()) return;
    }
}

}  // namespace gse::kubernetes
