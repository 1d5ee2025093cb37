/// Chance is handed in. Production draws from the system's generator; simulation from a seed.
#pragma once

#include <cstdint>
#include <string>

namespace gse {

/// Not thread-safe: each owner has its own.
class Rng {
public:
    virtual ~Rng() = default;
    virtual std::uint64_t next() = 0;

    /// Uniform in [0, bound); bound > 0.
    std::uint64_t below(std::uint64_t bound);
    /// `length` characters of [0-9a-z], each uniform: 5.17 bits a character.
    std::string text(std::size_t length);
};

/// getrandom(2), read in blocks. Ids that admit a player come from here.
class SystemRng final : public Rng {
public:
    std::uint64_t next() override;

private:
    std::uint64_t block_[128];  ///< a call costs as much as hundreds of bytes
    std::size_t left_ = 0;
};

/// splitmix64: one seed is one world. For tests and simulation only.
class SeededRng final : public Rng {
public:
    explicit SeededRng(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() override;
    /// True with probability `p`.
    bool chance(double p);
    /// Uniform in [low, high].
    std::int64_t between(std::int64_t low, std::int64_t high);

private:
    std::uint64_t state_;
};

}  // namespace gse
