#include "events/event_text.h"

#include <concepts>

#include "codec/json_text.h"

namespace gse::events {
namespace {

/// One JSON object, member by member.
class Object {
public:
    Object& text(std::string_view name, std::string_view value) {
        begin(name);
        api::append_json_string(out_, value);
        return *this;
    }
    /// null for "", as the API has what does not apply.
    Object& text_or_null(std::string_view name, std::string_view value) {
        if (!value.empty()) return text(name, value);
        begin(name);
        out_ += "null";
        return *this;
    }
    Object& number(std::string_view name, std::integral auto value) {
        begin(name);
        out_ += std::to_string(value);
        return *this;
    }
    Object& object(std::string_view name, const Object& value) {
        begin(name);
        out_ += value.done();
        return *this;
    }
    template <class Status>
    Object& moved(Status status, const std::optional<Status>& from) {
        text("Status", to_text(status));
        if (from) text("FromStatus", to_text(*from));
        return *this;
    }
    [[nodiscard]] std::string done() const { return out_ + "}"; }

private:
    void begin(std::string_view name) {
        if (out_.size() > 1) out_ += ',';
        out_ += '"';
        out_ += name;
        out_ += "\":";
    }
    std::string out_ = "{";
};

Object head(Kind kind, std::string_view region, WallTime time) {
    Object object;
    object.text("Kind", name_of(kind)).text("Region", region).text("Time", format_utc(time));
    return object;
}

Object routing(const engine::AliasRouting& value) {
    Object object;
    object.text("Type", to_text(value.type))
        .text_or_null("FleetId", value.fleet_id)
        .text_or_null("Message", value.message);
    return object;
}

struct Describe {
    WallTime time;

    Event operator()(const engine::FleetChange& change) const {
        const engine::FleetNumbers& n = change.numbers;
        Object counts;
        counts.number("Desired", n.desired)
            .number("MiniNum", n.min)
            .number("MaxiNum", n.max)
            .number("Pending", n.instances_pending)
            .number("Active", n.instances_active)
            .number("Terminating", n.instances_draining);
        Object object = head(Kind::Fleet, change.region, time);
        object.text("FleetId", change.id)
            .text("Name", change.name)
            .moved(change.status, change.from)
            .object("InstanceCounts", counts)
            .number("ActiveServerProcessCount", n.processes_active)
            .number("ActiveGameServerSessionCount", n.sessions_active)
            .number("ActivatingGameServerSessionCount", n.sessions_activating)
            .number("AvailableGameServerSessions", n.available())
            .number("CurrentPlayerSessionCount", n.players)
            .number("MaximumPlayerSessionCount", n.players_max);
        return {Kind::Fleet, change.region, {change.id}, object.done()};
    }
    Event operator()(const engine::AliasChange& change) const {
        Object object = head(Kind::Alias, change.region, time);
        object.text("AliasId", change.id).text("Name", change.name);
        Event event{Kind::Alias, change.region, {change.id}, {}};
        if (change.to) object.object("RoutingStrategy", routing(*change.to));
        if (change.from) object.object("FromRoutingStrategy", routing(*change.from));
        for (const auto& side : {change.from, change.to})
            if (side && !side->fleet_id.empty()) event.about.push_back(side->fleet_id);
        event.data = object.done();
        return event;
    }
    Event operator()(const engine::InstanceChange& change) const {
        Object object = head(Kind::Instance, change.region, time);
        object.text("FleetId", change.fleet_id)
            .text("InstanceId", change.id)
            .text("IpAddress", change.address)
            .moved(change.status, change.from);
        return {Kind::Instance, change.region, {change.fleet_id}, object.done()};
    }
    Event operator()(const engine::SessionChange& change) const {
        Object object = head(Kind::GameServerSession, change.region, time);
        object.text("FleetId", change.fleet_id)
            .text("GameServerSessionId", change.id)
            .text("Name", change.name)
            .text("CreatorId", change.creator_id)
            .moved(change.status, change.from)
            .text("StatusReason", change.reason)
            .text("IpAddress", change.address)
            .number("Port", change.port)
            .number("CurrentPlayerSessionCount", change.players)
            .number("MaximumPlayerSessionCount", change.players_max)
            .text("PlayerSessionCreationPolicy", change.accept_all ? "ACCEPT_ALL" : "DENY_ALL");
        return {Kind::GameServerSession, change.region, {change.fleet_id}, object.done()};
    }
    Event operator()(const engine::PlacementChange& change) const {
        Object object = head(Kind::Placement, change.region, time);
        object.text("PlacementId", change.id)
            .text("GameServerSessionQueueName", change.queue)
            .moved(change.status, change.from)
            .text("GameServerSessionId", change.session_id)
            .text("GameServerSessionRegion", change.session_region)
            .text("IpAddress", change.address)
            .number("Port", change.port);
        Event event{Kind::Placement, change.region, {}, object.done()};
        if (!change.fleet_id.empty()) event.about.push_back(change.fleet_id);
        return event;
    }
    Event operator()(const engine::PlayerChange& change) const {
        Object object = head(Kind::PlayerSession, change.region, time);
        object.text("FleetId", change.fleet_id)
            .text("GameServerSessionId", change.session_id)
            .text("PlayerId", change.player_id)
            .moved(change.status, change.from);
        return {Kind::PlayerSession, change.region, {change.fleet_id}, object.done()};
    }
};

}  // namespace

Event event_of(const engine::Change& change, WallTime time) { return std::visit(Describe{time}, change); }

}  // namespace gse::events
