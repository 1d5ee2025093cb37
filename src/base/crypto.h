/// Hashes and message authentication codes. The algorithms are fetched once per process; contexts are restarted
/// instead of made anew, which is most of their cost.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace gse {

using Digest256 = std::array<std::byte, 32>;
using Digest160 = std::array<std::byte, 20>;

/// SHA-256 of what was added since construction or the last finish(). One thread at a time.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void add(std::span<const std::byte> bytes);
    void add(std::string_view text) { add(std::as_bytes(std::span{text})); }
    /// The digest; afterwards the object starts over.
    Digest256 finish();

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// HMAC-SHA256 under one key, for many messages. One thread at a time.
class HmacSha256 {
public:
    explicit HmacSha256(std::span<const std::byte> key);
    explicit HmacSha256(std::string_view key) : HmacSha256(std::as_bytes(std::span{key})) {}
    ~HmacSha256();
    HmacSha256(HmacSha256&&) noexcept;
    HmacSha256& operator=(HmacSha256&&) noexcept;

    Digest256 mac(std::string_view message);

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

[[nodiscard]] Digest256 sha256(std::string_view text);
[[nodiscard]] Digest256 hmac_sha256(std::span<const std::byte> key, std::string_view message);
[[nodiscard]] Digest256 hmac_sha256(std::string_view key, std::string_view message);
/// Only for signature version 1 of the cloud API, whose clients choose it.
[[nodiscard]] Digest160 hmac_sha1(std::string_view key, std::string_view message);

/// Takes time that depends on the lengths only.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace gse
