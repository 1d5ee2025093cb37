/// The addresses of a deployment's servers, in the order in which they are tried.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/addresses.h"

namespace gse::link {

/// Any of them will do: the one that is tried now, and the next when that one does not answer.
class Addresses {
public:
    explicit Addresses(std::string_view text) : all_(split_addresses(text)) {}

    [[nodiscard]] const std::string& current() const { return all_[at_]; }
    [[nodiscard]] bool several() const { return all_.size() > 1; }
    /// True when all have been tried: it is time to rest.
    bool next() {
        at_ = (at_ + 1) % all_.size();
        if (--untried_ > 0) return false;
        stay();
        return true;
    }
    /// The current one is good: it is the first of a new round.
    void stay() { untried_ = all_.size(); }

private:
    std::vector<std::string> all_;
    std::size_t at_ = 0;
    std::size_t untried_ = all_.size();
};

}  // namespace gse::link
