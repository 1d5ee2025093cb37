/// Values for tests, made from the API's tables: random ones that are valid, and examples. Test code only.
#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "codec/codec.h"
#include "codec/flat.h"

namespace gse::api::testing {

/// EmptyLists::Never: for flat parameters, which cannot say that a list is there and empty.
enum class EmptyLists : bool { Never, Allowed };

/// Fills a default-constructed struct of `type` with a valid value.
void fill_random(Rng& rng, const Type& type, void* out, EmptyLists empty_lists = EmptyLists::Allowed);

template <class T>
[[nodiscard]] T random_value(Rng& rng, EmptyLists empty_lists = EmptyLists::Allowed) {
    T value;
    fill_random(rng, type_of<T>(), &value, empty_lists);
    return value;
}
template <class Request>
[[nodiscard]] Request random_request(Rng& rng, EmptyLists empty_lists = EmptyLists::Allowed) {
    return random_value<Request>(rng, empty_lists);
}

/// The JSON of a request made of the model's examples; what is required and has none gets the simplest valid value.
[[nodiscard]] std::string example_json(const Type& type);

/// A request as a client's GET would send it: absent values left out, list indexes from 0.
[[nodiscard]] codec::FlatParams flatten(const Type& type, const void* value);

}  // namespace gse::api::testing
