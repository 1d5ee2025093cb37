/// What an upload in pieces may do, wherever its pieces are kept; and what it is told otherwise.
#pragma once

#include <cstddef>

#include "objects/object_store.h"

namespace gse::objects {

/// Unfinished uploads that a store keeps; beyond it none begins.
inline constexpr std::size_t kUnfinishedMax = 256;

/// A piece lies within its object. InvalidParameterValue.
[[nodiscard]] Result<void> check_piece(const Piece& piece);
/// It goes on with what is known: the same object, from where the last piece ended. InvalidParameterValue.
[[nodiscard]] Result<void> check_continues(const Unfinished& known, const Piece& piece);

[[nodiscard]] std::unexpected<Error> refuse_nothing_kept();
[[nodiscard]] std::unexpected<Error> refuse_being_uploaded();
[[nodiscard]] std::unexpected<Error> refuse_too_many_unfinished();

}  // namespace gse::objects
