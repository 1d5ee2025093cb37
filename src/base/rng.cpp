#include "base/rng.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace gse {

std::uint64_t Rng::below(std::uint64_t bound) {
    CHECK(bound > 0);
    const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;  // rejects the biased tail
    std::uint64_t value = next();
    while (value >= limit) value = next();
    return value % bound;
}

std::string Rng::text(std::size_t length) {
    static constexpr char kAlphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::string out(length, '0');
    // 12 base-36 digits fit 64 bits; a draw above the largest multiple of 36^12 would be biased.
    constexpr std::uint64_t kDigits12 = 4738381338321616896ULL;  // 36^12
    std::size_t i = 0;
    while (i < length) {
        std::uint64_t draw = next();
        if (draw >= kDigits12 * 3) continue;
        draw %= kDigits12;
        for (int k = 0; k < 12 && i < length; ++k, ++i) {
            out[i] = kAlphabet[draw % 36];
            draw /= 36;
        }
    }
    return out;
}

std::uint64_t SystemRng::next() {
    if (left_ == 0) {
        for (std::size_t filled = 0; filled < sizeof block_;) {
            const ssize_t got = getrandom(reinterpret_cast<char*>(block_) + filled, sizeof block_ - filled, 0);
            CHECK(got > 0 || errno == EINTR);  // a signal may cut it short
            filled += got > 0 ? static_cast<std::size_t>(got) : 0;
        }
        left_ = std::size(block_);
    }
    return block_[--left_];
}

std::uint64_t SeededRng::next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

bool SeededRng::chance(double p) { return static_cast<double>(next() >> 11) * 0x1.0p-53 < p; }

std::int64_t SeededRng::between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
}

}  // namespace gse
