#include "agent/testing/object_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/url.h"

namespace gse::agent::testing {

ObjectServer::ObjectServer() : thread_([this] { serve(); }) {}

ObjectServer::~ObjectServer() {
    stop_ = true;
    shutdown(listener_.socket.get(), SHUT_RDWR);
    thread_.join();
}

std::string ObjectServer::url() const { return fmt::format("http://127.0.0.1:{}/objects", listener_.port); }

void ObjectServer::put(const std::string& key, std::string content) {
    const std::lock_guard lock(mutex_);
    objects_[key] = std::move(content);
}

std::string ObjectServer::get(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return objects_[key];
}

bool ObjectServer::wait_for(const std::string& key) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return objects_.contains(key); });
}

std::vector<std::string> ObjectServer::requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void ObjectServer::serve() {
    while (!stop_) {
        const Fd fd{accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (fd) answer(fd.get());
    }
}

void ObjectServer::answer(int fd) {
    const timeval limit{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string request;
    char buffer[65536];
    std::size_t head = std::string::npos;
    while ((head = request.find("\r\n\r\n")) == std::string::npos) {
        const ssize_t n = read(fd, buffer, sizeof buffer);
        if (n <= 0) return;
        request.append(buffer, static_cast<std::size_t>(n));
    }
    const auto header = [&](const std::string& name) -> std::string {
        const std::size_t at = request.find("\r\n" + name + ": ");
        if (at == std::string::npos || at > head) return {};
        const std::size_t begin = at + name.size() + 4;
        return request.substr(begin, request.find("\r\n", begin) - begin);
    };
    std::string body = request.substr(head + 4);
    const std::size_t length = std::strtoul(header("Content-Length").c_str(), nullptr, 10);
    while (body.size() < length) {
        const ssize_t n = read(fd, buffer, sizeof buffer);
        if (n <= 0) return;
        body.append(buffer, static_cast<std::size_t>(n));
    }
    const std::string method = request.substr(0, request.find(' '));
    std::string path = request.substr(method.size() + 1, request.find(' ', method.size() + 1) - method.size() - 1);
    const std::string key = url_decode(path.substr(std::min<std::size_t>(path.size(), 9)), UrlPart::Path).value_or("");
    std::string status = "404 Not Found";
    std::string content;
    std::size_t cut = std::string::npos;
    {
        const std::lock_guard lock(mutex_);
        const std::string range = header("Range");
        requests_.push_back(method + " " + key + (range.empty() ? "" : " " + range));
        if (failures_ > 0) {
            --failures_;
            status = failure_;
        } else if (header("Authorization") != wanted_authorization) {
            status = "403 Forbidden";
        } else if (method == "PUT") {
            objects_[key] = body;
            changed_.notify_all();
            status = "200 OK";
        } else if (const auto found = objects_.find(key); found != objects_.end()) {
            status = "200 OK";
            content = found->second;
            if (range.starts_with("bytes=")) {
                const std::size_t from = std::strtoul(range.c_str() + 6, nullptr, 10);
                status = from < content.size() ? "206 Partial Content" : "416 Range Not Satisfiable";
                content = from < content.size() ? content.substr(from) : "";
            }
            if (cut_ > 0) cut = std::exchange(cut_, 0);
        }
    }
    std::string answer =
        fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", status, content.size());
    answer += content.substr(0, cut);
    for (std::size_t done = 0; done < answer.size();) {
        const ssize_t n = send(fd, answer.data() + done, answer.size() - done, MSG_NOSIGNAL);
        if (n <= 0) return;
        done += static_cast<std::size_t>(n);
    }
}

}  // namespace gse::agent::testing
