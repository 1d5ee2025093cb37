/// SHA-256 that can be written down midway and gone on with elsewhere: of what comes in pieces to several processes.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/crypto.h"

namespace gse {

/// One thread at a time.
class ResumableSha256 {
public:
    /// Where it can be written down: after a multiple of so many bytes.
    static constexpr std::size_t kBlockBytes = 64;
    static constexpr std::size_t kSavedBytes = 40;

    ResumableSha256();
    ~ResumableSha256();
    ResumableSha256(ResumableSha256&&) noexcept;
    ResumableSha256& operator=(ResumableSha256&&) noexcept;

    void add(std::span<const std::byte> bytes);
    void add(std::string_view text) { add(std::as_bytes(std::span{text})); }
    /// Of all that was added so far; more may be added.
    [[nodiscard]] Digest256 digest() const;

    /// kSavedBytes, not secret. Only after a multiple of kBlockBytes.
    [[nodiscard]] std::string save() const;
    /// nullopt when `saved` is not of that form. What it says is believed: seal it where that matters.
    [[nodiscard]] static std::optional<ResumableSha256> resume(std::string_view saved);

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace gse
