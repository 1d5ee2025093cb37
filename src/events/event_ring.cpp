#include "events/event_ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace gse::events {
namespace {

std::string_view reason_of(Lost lost) {
    switch (lost) {
        case Lost::TooFarBehind: return "TooFarBehind";
        case Lost::Restarted: return "Restarted";
        case Lost::TooMany: return "TooMany";
    }
    return "";
}

std::size_t weight(const Event& event) {
    std::size_t bytes = sizeof(Event) + event.region.size() + event.data.size();
    for (const std::string& id : event.about) bytes += sizeof(std::string) + id.size();
    return bytes;
}

std::optional<std::uint64_t> read_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::Fleet: return "fleet";
        case Kind::Alias: return "alias";
        case Kind::Instance: return "instance";
        case Kind::GameServerSession: return "game-server-session";
        case Kind::Placement: return "placement";
        case Kind::PlayerSession: return "player-session";
    }
    return "";
}

bool Filter::passes(const Event& event) const {
    if (event.kind == Kind::PlayerSession && !players) return false;
    if (!region.empty() && region != event.region) return false;
    return ids.empty() || std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
               return std::find(event.about.begin(), event.about.end(), id) != event.about.end();
           });
}

void EventRing::push(Event event) {
    bytes_ += weight(event);
    events_.push_back({next_++, std::exchange(skipped_, 0), std::move(event)});
    while (events_.size() > limits_.events || (bytes_ > limits_.bytes && events_.size() > 1)) drop_oldest();
}

void EventRing::drop_oldest() {
    bytes_ -= weight(events_.front().event);
    events_.pop_front();
}

void EventRing::skip(std::uint64_t count) {
    // A number of its own for the gap, so that whoever stands before it is known to have missed something.
    ++next_;
    skipped_ = count == 0 || skipped_ == kUnknown ? kUnknown : skipped_ + count;
}

void EventRing::clear() {
    events_.clear();
    bytes_ = 0;
    skipped_ = 0;
    ++next_;
}

Cursor EventRing::end() const { return {.next = next_, .tell = {}, .told_of = 0}; }

std::string EventRing::id_of(std::uint64_t number) const { return fmt::format("{}-{}", epoch_, number); }

Cursor EventRing::resume(std::string_view id) const {
    Cursor cursor = end();
    const auto dash = id.find('-');
    const auto epoch = read_number(id.substr(0, dash));
    const auto number = dash == std::string_view::npos ? std::nullopt : read_number(id.substr(dash + 1));
    if (!epoch || !number || *epoch != epoch_ || *number >= next_)
        cursor.tell = Lost::Restarted;
    else
        cursor.next = *number + 1;
    return cursor;
}

std::string EventRing::mark(const Cursor& cursor) const { return fmt::format("id: {}\n\n", id_of(cursor.next - 1)); }

std::string EventRing::read(Cursor& cursor, const Filter& filter, std::size_t bytes) const {
    std::string out;
    const auto tell = [&](Lost lost, std::uint64_t count, std::uint64_t up_to) {
        const std::string number = count == 0 || count == kUnknown ? "null" : std::to_string(count);
        out += fmt::format("id: {}\nevent: dropped\ndata: {{\"Reason\":\"{}\",\"Count\":{}}}\n\n", id_of(up_to),
                           reason_of(lost), number);
    };
    if (cursor.tell) {
        tell(*cursor.tell, cursor.told_of, cursor.next - 1);
        cursor.tell.reset();
    }
    const std::uint64_t oldest = events_.empty() ? next_ : events_.front().number;
    if (cursor.next < oldest && !(events_.empty() && skipped_ != 0)) {
        const bool gap_only = !events_.empty() && events_.front().skipped != 0 && cursor.next + 1 == oldest;
        if (!gap_only) {
            // Of what the ring has let go nobody knows what the filter would have said: all of it is counted.
            tell(Lost::TooFarBehind, events_.empty() ? 0 : oldest - cursor.next, oldest - 1);
            cursor.next = oldest;
        }
    }
    const auto first = std::lower_bound(events_.begin(), events_.end(), cursor.next,
                                        [](const Kept& kept, std::uint64_t number) { return kept.number < number; });
    for (auto kept = first; kept != events_.end() && out.size() < bytes; ++kept) {
        if (kept->skipped != 0 && cursor.next < kept->number) tell(Lost::TooMany, kept->skipped, kept->number - 1);
        cursor.next = kept->number + 1;
        if (!filter.passes(kept->event)) continue;
        out += fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id_of(kept->number), name_of(kept->event.kind),
                           kept->event.data);
    }
    if (out.size() < bytes && skipped_ != 0 && cursor.next < next_) {
        tell(Lost::TooMany, skipped_, next_ - 1);
        cursor.next = next_;
    }
    return out;
}

}  // namespace gse::events
