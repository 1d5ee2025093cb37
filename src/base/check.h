/// CHECK stops the program on a bug of ours, in release builds too. What the outside does is a Result, never a CHECK.
#pragma once

namespace gse {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}

#define CHECK(expression) \
    do { \
        if (!(expression)) [[unlikely]] \
            ::gse::check_failed(#expression, __FILE__, __LINE__); \
    } while (false)
