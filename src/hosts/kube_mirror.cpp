#include "hosts/kube_mirror.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>

#include <chrono>
#include <optional>

#include "base/url.h"
#include "hosts/json_path.h"
#include "link/backoff.h"

namespace gse::hosts {
namespace {

namespace json = boost::json;

constexpr long kGone = 410;
constexpr int kWatchFailures = 5;  ///< in a row, then it is listed anew

}  // namespace

KubeMirror::KubeMirror(MirrorOptions options, MirrorEvents events, const std::atomic<bool>& stop,
                       std::function<bool(Millis)> wait)
    : options_(std::move(options)),
      events_(std::move(events)),
      stop_(stop),
      wait_(std::move(wait)),
      client_(options_.access, stop) {}

KubeCall KubeMirror::call(const std::string& verb, std::string query) const {
    if (!options_.selector.empty()) query += "&labelSelector=" + url_encode(options_.selector, UrlPart::Query);
    return {.verb = verb,
            .resource = options_.resource,
            .space = options_.space,
            .name = {},
            .query = std::move(query),
            .body = {}};
}

KubeResult<void> KubeMirror::list() {
    std::set<std::string> names;
    std::string next;
    do {
        std::string query = fmt::format("limit={}", options_.page);
        if (!next.empty()) query += "&continue=" + url_encode(next, UrlPart::Query);
        const auto page = client_.send(call("list", std::move(query)));
        if (!page) return std::unexpected(page.error());
        if (const json::array* items = array_at(*page, {"items"}))
            for (const json::value& item : *items)
                if (const json::object* object = item.if_object()) {
                    names.insert(text_at(*object, {"metadata", "name"}));
                    events_.changed(*object);
                }
        next = text_at(*page, {"metadata", "continue"});
        version_ = text_at(*page, {"metadata", "resourceVersion"});
    } while (!next.empty() && !stop_);
    if (stop_) return std::unexpected(KubeError{});
    events_.listed(names);
    return {};
}

KubeResult<KubeMirror::Next> KubeMirror::watch() {
    Next then = Next::Watch;
    std::optional<KubeError> failed;
    const auto take = [&](std::string_view line) {
        boost::system::error_code unreadable;
        const json::value event = json::parse(line, unreadable);
        const json::object* object = unreadable ? nullptr : object_at(event, {"object"});
        if (!object) {
            failed = KubeError{.message = fmt::format("the watch of {} says what is no event", options_.resource)};
            return false;
        }
        const std::string type = text_at(event, {"type"});
        if (type == "ERROR") {
            // With status 200, because the answer had begun.
            then = Next::List;
            const std::int64_t code = number_at(*object, {"code"});
            if (code != kGone)
                failed = KubeError{.status = static_cast<long>(code),
                                   .message = fmt::format("the watch of {} ended: {}", options_.resource,
                                                          text_at(*object, {"message"}))};
            return false;
        }
        if (const std::string version = text_at(*object, {"metadata", "resourceVersion"}); !version.empty())
            version_ = version;
        if (type == "ADDED" || type == "MODIFIED") events_.changed(*object);
        if (type == "DELETED") events_.deleted(text_at(*object, {"metadata", "name"}));
        return true;  // BOOKMARK, and what later versions may bring, moves the version only
    };
    const auto ended = client_.watch(
        call("watch", fmt::format("watch=1&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
                                  url_encode(version_, UrlPart::Query), options_.watch_for.count() / 1000)),
        events_.going, take);
    if (failed && then == Next::Watch) return std::unexpected(*failed);
    if (failed) {
        version_.clear();
        return std::unexpected(*failed);
    }
    if (then == Next::List) return then;
    if (!ended && ended.error().status == kGone) return Next::List;
    if (!ended) return std::unexpected(ended.error());
    return Next::Watch;
}

void KubeMirror::run() {
    link::Backoff backoff(options_.backoff_min, options_.backoff_max);
    Next next = Next::List;
    int failures = 0;
    while (!stop_) {
        const std::string before = version_;
        const auto begun = std::chrono::steady_clock::now();
        const auto lasted = [&] { return std::chrono::steady_clock::now() - begun >= options_.lasting; };
        KubeResult<void> done{};
        if (next == Next::List) {
            done = list();
            if (done) next = Next::Watch;
        } else if (auto watched = watch(); watched) {
            next = *watched;
            // A watch that says nothing and ends at once must not make a loop of us. One of a quiet cluster ends in
            // time and has said nothing either: bookmarks are not promised.
            const bool goes_on = version_ != before || lasted();
            if (next == Next::Watch && !goes_on && wait_(backoff.next(rng_))) return;
            if (next == Next::List || goes_on) backoff.reset();
            failures = 0;
            continue;
        } else {
            done = std::unexpected(watched.error());
            // A server that was set up anew may know nothing of where we were, and have no word for that.
            if (version_.empty() || ++failures >= kWatchFailures) next = Next::List;
        }
        if (stop_) return;
        if (done) {
            failures = 0;
            backoff.reset();
            continue;
        }
        // In the middle of a list its pages were forgotten: from the beginning.
        if (done.error().status == kGone) next = Next::List;
        events_.trouble(done.error());
        if (lasted()) backoff.reset();
        if (wait_(std::max(backoff.next(rng_), done.error().retry_after))) return;
    }
}

}  // namespace gse::hosts
