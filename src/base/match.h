/// Several lambdas as one, for std::visit.
#pragma once

namespace gse {

template <class... Cases>
struct Match : Cases... {
    using Cases::operator()...;
};

}  // namespace gse
