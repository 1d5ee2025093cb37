/// The binary form of records: varints and length-prefixed text. One `archive(ar, record)` per record type serves both
/// directions. Rule of evolution: fields are only ever added, at the end. An older record ends early, and what it
/// lacks keeps its default; a newer record's tail is skipped. A struct nested in a record never grows.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/time.h"

namespace gse::core {

/// What is written goes behind the text it was made with.
class Writer {
public:
    static constexpr bool kReads = false;
    explicit Writer(std::string out = {}) : out_(std::move(out)), next_(out_.data() + out_.size()), end_(next_) {}
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    template <class... Ts>
    void operator()(const Ts&... values) {
        (put(values), ...);
    }

    void varint(std::uint64_t value) {
        need(kVarintMax);
        while (value >= 0x80) {
            *next_++ = static_cast<char>(value | 0x80);
            value >>= 7;
        }
        *next_++ = static_cast<char>(value);
    }
    void text(std::string_view value) {
        varint(value.size());
        raw(value.data(), value.size());
    }
    /// All there is.
    [[nodiscard]] std::string take() && {
        out_.resize(size());
        return std::move(out_);
    }
    /// A record behind its length plus one; zero is a tombstone.
    template <class T>
    void image(const T& record) {
        need(1);
        const std::size_t start = size();
        ++next_;  // a length takes one byte nearly always
        put(record);
        const std::size_t length = size() - start - 1;
        const std::size_t extra = varint_size(length + 1) - 1;
        if (extra > 0) {
            need(extra);
            char* const body = out_.data() + start + 1;
            std::memmove(body + extra, body, length);
        }
        next_ = out_.data() + start;
        varint(length + 1);
        next_ += length;
    }

private:
    template <class T>
    void put(const T& value) {
        if constexpr (std::is_same_v<T, bool>) {
            need(1);
            *next_++ = value ? 1 : 0;
        } else if constexpr (std::is_enum_v<T>) {
            varint(static_cast<std::uint64_t>(value));
        } else if constexpr (std::is_unsigned_v<T>) {
            varint(value);
        } else if constexpr (std::is_integral_v<T>) {
            const auto wide = static_cast<std::int64_t>(value);
            varint((static_cast<std::uint64_t>(wide) << 1) ^ static_cast<std::uint64_t>(wide >> 63));
        } else if constexpr (std::is_same_v<T, double>) {
            raw(&value, sizeof value);
        } else if constexpr (std::is_same_v<T, EngineTime> || std::is_same_v<T, WallTime>) {
            put(value.ms);
        } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
            text(value);
        } else {
            archive(*this, const_cast<T&>(value));
        }
    }
    template <class T>
    void put(const std::vector<T>& values) {
        varint(values.size());
        for (const T& value : values) put(value);
    }
    template <class T>
    void put(const std::optional<T>& value) {
        put(value.has_value());
        if (value) put(*value);
    }
    template <std::size_t N>
    void put(const std::array<char, N>& value) {
        text(std::string_view(value.data(), N));
    }
    template <class A, class B>
    void put(const std::pair<A, B>& value) {
        put(value.first);
        put(value.second);
    }

    static constexpr std::size_t kVarintMax = 10;

    static std::size_t varint_size(std::uint64_t value) {
        return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
    }
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(next_ - out_.data()); }
    void raw(const void* bytes, std::size_t count) {
        need(count);
        std::memcpy(next_, bytes, count);
        next_ += count;
    }
    /// Room for so many bytes. The text is longer than what is written, so that a byte is a store and no call.
    void need(std::size_t bytes) {
        if (static_cast<std::size_t>(end_ - next_) < bytes) [[unlikely]]
            grow(bytes);
    }
    [[gnu::noinline]] void grow(std::size_t bytes) {
        const std::size_t written = size();
        out_.resize_and_overwrite(std::max({out_.capacity(), 2 * written, written + bytes}),
                                  [](char*, std::size_t all) { return all; });
        next_ = out_.data() + written;
        end_ = out_.data() + out_.size();
    }

    std::string out_;
    char* next_;
    char* end_;
};

/// Never reads past its bytes. After malformed input ok() is false and what was read must not be used.
class Reader {
public:
    static constexpr bool kReads = true;
    explicit Reader(std::string_view in) : in_(in) {}

    template <class... Ts>
    void operator()(Ts&... values) {
        (get(values), ...);
    }

    /// The next `length` bytes as they are.
    std::string_view raw(std::uint64_t length) {
        if (length > in_.size()) return fail(), std::string_view{};
        const std::string_view value = in_.substr(0, length);
        in_.remove_prefix(length);
        return value;
    }

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return in_.empty(); }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (in_.empty()) return fail();
            const auto byte = static_cast<std::uint8_t>(in_.front());
            in_.remove_prefix(1);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        return fail();
    }
    std::string_view text() {
        const std::uint64_t length = varint();
        return ok_ ? raw(length) : std::string_view{};
    }

private:
    std::uint64_t fail() {
        ok_ = false;
        in_ = {};
        return 0;
    }

    template <class T>
    void get(T& value) {
        if (in_.empty()) return;  // an older record: the rest keeps its default
        if constexpr (std::is_same_v<T, bool>) {
            value = in_.front() != 0;
            in_.remove_prefix(1);
        } else if constexpr (std::is_enum_v<T> || std::is_unsigned_v<T>) {
            value = static_cast<T>(varint());
        } else if constexpr (std::is_integral_v<T>) {
            const std::uint64_t raw = varint();
            value = static_cast<T>(static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1));
        } else if constexpr (std::is_same_v<T, double>) {
            if (in_.size() < sizeof value) return static_cast<void>(fail());
            std::memcpy(&value, in_.data(), sizeof value);
            in_.remove_prefix(sizeof value);
        } else if constexpr (std::is_same_v<T, EngineTime> || std::is_same_v<T, WallTime>) {
            get(value.ms);
        } else if constexpr (std::is_assignable_v<T&, std::string_view>) {
            value = text();
        } else {
            archive(*this, value);
        }
    }
    template <class T>
    void get(std::vector<T>& values) {
        if (in_.empty()) return;
        const std::uint64_t count = varint();
        if (count > in_.size()) return static_cast<void>(fail());  // each element takes a byte at least
        values.clear();
        values.reserve(count);
        for (std::uint64_t i = 0; i < count && ok_; ++i) get(values.emplace_back());
    }
    template <class T>
    void get(std::optional<T>& value) {
        if (in_.empty()) return;
        bool present = false;
        get(present);
        value.reset();
        if (present) get(value.emplace());
    }
    template <std::size_t N>
    void get(std::array<char, N>& value) {
        if (in_.empty()) return;
        const std::string_view read = text();
        std::copy_n(read.begin(), std::min(read.size(), N), value.begin());
    }
    template <class A, class B>
    void get(std::pair<A, B>& value) {
        get(value.first);
        get(value.second);
    }

    std::string_view in_;
    bool ok_ = true;
};

}  // namespace gse::core
