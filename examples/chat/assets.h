/// The page, embedded at build time from page/.
#pragma once

#include <string_view>

namespace gse::chat {
extern const std::string_view kPageHtml;
extern const std::string_view kAppJs;
extern const std::string_view kStyleCss;
}  // namespace gse::chat
