#include "engine/member.h"

#include <fmt/format.h>

namespace gse::engine {
namespace {

/// Between two questions about who is missed.
constexpr std::int64_t kLookAgainMs = 1'000;

Error goes_on_elsewhere() {
    return {ErrorCode::Unavailable, "the journal goes on from elsewhere than what was read of it: reading it anew"};
}

}  // namespace

Member::Member(MemberOptions options, Engine& engine, journal::SharedJournal& journal, const Clock& clock, Calls calls)
    : options_(std::move(options)), engine_(engine), journal_(journal), clock_(clock), calls_(std::move(calls)) {}

Member::~Member() { stop(); }

void Member::start() {
    thread_ = std::thread([this] {
        for (;;) {
            step();
            const std::lock_guard lock(mutex_);
            if (stopping_ || view_.role == Role::Ended) return;
        }
    });
}

void Member::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stops_.notify_all();
    if (thread_.joinable()) thread_.join();
}

MemberView Member::view() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

void Member::step() {
    switch (view().role) {
        case Role::Loading: return load();
        case Role::Following: return follow();
        case Role::Leading: return keep_the_lead();
        case Role::Ended: return;
    }
}

void Member::note_answer() {
    const std::lock_guard lock(mutex_);
    view_.heard_ms = clock_.monotonic_ms();
    view_.trouble.clear();
    view_.applied = engine_.last_seq();
}

void Member::note_trouble(const Error& error) {
    const std::lock_guard lock(mutex_);
    view_.trouble = error.message;
}

/// Between two questions that were not answered, or that need not be asked more often.
void Member::pause() {
    std::unique_lock lock(mutex_);
    stops_.wait_for(lock, options_.patience, [this] { return stopping_; });
}

void Member::end(Error why) {
    {
        const std::lock_guard lock(mutex_);
        view_.role = Role::Ended;
        view_.trouble = why.message;
    }
    calls_.on_end(why);
}

void Member::load() {
    // A load that fails half-way leaves half a state: so first of all whether the database answers.
    if (const auto asked = journal_.leader(); !asked) {
        note_trouble(asked.error());
        return pause();
    }
    if (const auto loaded = engine_.load(); !loaded) return end(loaded.error());
    note_answer();
    const std::lock_guard lock(mutex_);
    view_.role = Role::Following;
}

void Member::follow() {
    const auto read = journal_.tail(engine_.followed(), options_.patience);
    if (!read) {
        note_trouble(read.error());
        return pause();
    }
    if (!*read) return end(goes_on_elsewhere());
    const auto leader = journal_.leader();
    if (!leader) {
        note_trouble(leader.error());
        return pause();
    }
    note_answer();
    const bool holds = *leader && (*leader)->left > Millis{0};
    std::optional<std::string> address;
    if (holds) address = (*leader)->address;
    {
        const std::lock_guard lock(mutex_);
        view_.epoch = *leader ? (*leader)->epoch : 0;
        view_.leader_known = holds;
        if (stopping_) return;
    }
    // Its own earlier life may hold the lease still: nobody serves at that address.
    if (address == options_.address) address.reset();
    if (!told_any_ || told_ != address) {
        told_any_ = true;
        told_ = address;
        calls_.on_leader(address);
    }
    say_whether_missed(address && calls_.misses_leader && calls_.misses_leader() ? (*leader)->epoch : 0);
    if (!address) take_the_lead();
}

void Member::say_whether_missed(std::uint64_t epoch) {
    if (epoch == missed_ && (epoch == 0 || clock_.monotonic_ms() < look_again_ms_)) return;
    if (const auto said = journal_.doubt(epoch); !said) return note_trouble(said.error());
    missed_ = epoch;
    look_again_ms_ = clock_.monotonic_ms() + kLookAgainMs;
}

void Member::take_the_lead() {
    const auto taken = journal_.take_over(options_.address);
    if (!taken) return note_trouble(taken.error());
    if (!*taken) return;  // another one was faster: the next look tells who
    // Nobody else appends from here on; what was appended before is read to its end.
    for (std::uint64_t before = UINT64_MAX; before != engine_.last_seq();) {
        before = engine_.last_seq();
        const auto read = journal_.tail(engine_.followed(), Millis{0});
        if (!read) return end(read.error());
        if (!*read) return end(goes_on_elsewhere());
    }
    if (const auto leads = calls_.on_lead(); !leads) return end(leads.error());
    confirmed_ms_ = clock_.monotonic_ms();
    note_answer();
    const std::lock_guard lock(mutex_);
    view_.role = Role::Leading;
    view_.epoch = journal_.epoch();
    view_.leader_known = true;
}

void Member::keep_the_lead() {
    const bool leads = journal_.leads();
    if (leads) {
        confirmed_ms_ = clock_.monotonic_ms();
        note_answer();
        give_way_when_missed();
        return pause();
    }
    const auto leader = journal_.leader();
    if (leader && *leader && (*leader)->epoch != journal_.epoch())
        return end({ErrorCode::Unavailable,
                    fmt::format("another server leads now, with epoch {}: following it", (*leader)->epoch)});
    note_trouble(leader ? Error{ErrorCode::Unavailable, "the lease has run out; asking for it again"} : leader.error());
    if (clock_.monotonic_ms() - confirmed_ms_ >= options_.lost_for.count())
        return end({ErrorCode::Unavailable, "the lease could not be confirmed for too long: another server may lead"});
    pause();
}

/// The lead belongs where the agents are. One that has never had any has not been of use to them elsewhere either, and
/// keeps it: so the lead does not wander while there are none.
void Member::give_way_when_missed() {
    const std::int64_t now = clock_.monotonic_ms();
    if (!calls_.has_lost_its_agents || now < look_again_ms_) return;
    look_again_ms_ = now + kLookAgainMs;
    const bool lost = calls_.has_lost_its_agents();
    const auto missed = lost ? journal_.is_doubted() : Result<bool>(false);
    if (!missed || !*missed) return missed_since_ms_.reset();
    if (!missed_since_ms_) missed_since_ms_ = now;
    if (now - *missed_since_ms_ < options_.missed_for.count()) return;
    if (const auto gave = journal_.give_way(); !gave) note_trouble(gave.error());
}

}  // namespace gse::engine
