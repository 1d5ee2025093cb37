#include "objects/piece_rules.h"

#include <fmt/format.h>

namespace gse::objects {

Result<void> check_piece(const Piece& piece) {
    if (piece.total == 0 || piece.offset >= piece.total)
        return refuse(ErrorCode::InvalidParameterValue, "a piece lies within its object, which has at least one byte");
    return {};
}

Result<void> check_continues(const Unfinished& known, const Piece& piece) {
    if (piece.total != known.total)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("the pieces so far are of an object of {} bytes, this one is of {}; begin anew with "
                                  "the first byte",
                                  known.total, piece.total));
    if (piece.offset != known.stored)
        return refuse(ErrorCode::InvalidParameterValue,
                      fmt::format("{} bytes are kept, so the next piece begins at {}, not at {}", known.stored,
                                  known.stored, piece.offset));
    return {};
}

std::unexpected<Error> refuse_nothing_kept() {
    return refuse(ErrorCode::InvalidParameterValue, "nothing of this object is kept; begin with its first byte");
}

std::unexpected<Error> refuse_being_uploaded() {
    return refuse(ErrorCode::InUse,
                  "another connection is uploading this object; wait until it ends, or until it is given up");
}

std::unexpected<Error> refuse_too_many_unfinished() {
    return refuse(ErrorCode::Overloaded,
                  fmt::format("{} uploads are unfinished; finish one, or wait until objects.keep_uploads removes those "
                              "that nobody goes on with",
                              kUnfinishedMax));
}

}  // namespace gse::objects
