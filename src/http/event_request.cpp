#include "http/event_request.h"

#include <fmt/core.h>

#include "http/params.h"

namespace gse::http {
namespace {

constexpr std::size_t kIdBytesMax = 128;

Result<void> add_ids(std::vector<std::string>& ids, std::string_view list) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        const std::string_view id = list.substr(0, comma);
        if (id.empty() || id.size() > kIdBytesMax)
            return refuse(ErrorCode::InvalidParameterValue,
                          "fleet and alias take ids, several of them with commas between: fleet=fleet-a,fleet-b");
        ids.emplace_back(id);
        if (comma == std::string_view::npos) break;
        list.remove_prefix(comma + 1);
    }
    return {};
}

}  // namespace

Result<Caller> check_listener(const RequestView& request, SignatureCheck& signatures, WallTime now) {
    if (request.field("authorization").data() != nullptr) return signatures.check_tc3(request, now);
    const codec::FlatParams parameters = TRY(decode_form(request.query));
    return signatures.check_v1(request, parameters, now);
}

Result<EventWish> read_event_wish(const RequestView& request) {
    const codec::FlatParams parameters = TRY(decode_form(request.query));
    EventWish wish;
    for (const std::string_view region :
         {parameter(parameters, "region"), parameter(parameters, "Region"), request.field("x-tc-region")})
        if (wish.region.empty()) wish.region = region;
    TRY(add_ids(wish.ids, parameter(parameters, "fleet")));
    TRY(add_ids(wish.ids, parameter(parameters, "alias")));
    const std::string_view players = parameter(parameters, "players");
    if (!players.empty() && players != "0" && players != "1")
        return refuse(ErrorCode::InvalidParameterValue, "players is 1 (events of player sessions too) or 0");
    wish.players = players == "1";
    wish.last_event_id = request.field("last-event-id");
    if (wish.last_event_id.empty()) wish.last_event_id = parameter(parameters, "last_event_id");
    if (wish.last_event_id.size() > kIdBytesMax)
        return refuse(ErrorCode::InvalidParameterValue, "Last-Event-ID is none of this server");
    return wish;
}

}  // namespace gse::http
