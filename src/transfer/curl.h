/// What every client over libcurl begins with. Included by sources, not by headers.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/check.h"
#include "base/freed.h"

namespace gse {

using CurlHandle = std::unique_ptr<CURL, Freed<curl_easy_cleanup>>;

/// A handle of one's own; the library is set up with the first, whichever threads ask for it.
[[nodiscard]] inline CurlHandle make_curl() {
    static std::once_flag once;
    std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
    CurlHandle handle(curl_easy_init());
    CHECK(handle != nullptr);
    return handle;
}

/// The fields of a request's head, for CURLOPT_HTTPHEADER; lives until the request has ended.
class CurlFields {
public:
    CurlFields() = default;
    CurlFields(const CurlFields&) = delete;
    CurlFields& operator=(const CurlFields&) = delete;
    ~CurlFields() { curl_slist_free_all(list_); }

    void add(const std::string& line) {
        curl_slist* const longer = curl_slist_append(list_, line.c_str());
        CHECK(longer != nullptr);
        list_ = longer;
    }
    [[nodiscard]] curl_slist* list() const { return list_; }

private:
    curl_slist* list_ = nullptr;
};

}  // namespace gse
