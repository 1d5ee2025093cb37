#include "core/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "core/enrolment.h"
#include "core/events.h"
#include "core/fleets.h"
#include "core/hand_started.h"
#include "core/instances.h"
#include "core/processes.h"
#include "core/provided_hosts.h"
#include "core/restored.h"
#include "core/sessions.h"
#include "plan/silence.h"

namespace gse::core {
namespace {

/// A silent host is looked at when it would be lost. Once it has spoken, its next silence is noticed as the first was.
void watch_again(Step& step, Slot host) {
    step.state.arm_host_check(host, step.now.engine + step.timers().host_silent);
}

Slot store_host(Step& step, Slot slot, const link::HostHello& hello) {
    State& state = step.state;
    if (slot == kNone) {
        Host host;
        host.name = hello.host_name;
        host.id = hello.host_name;
        host.added = step.now.wall;
        host.ports = hello.ports;
        slot = state.add(std::move(host));
        state.add(HostCursor{.host = slot, .boot_id = {}, .acked_seq = 0});
    }
    const Host& known = state.at<Host>(slot);
    // The port map is laid out by the range: it can only change while nothing holds a port.
    const bool keep_ports = !known.instances.empty();
    const std::string& region = known.region_fixed ? known.region : hello.region;
    // Of one that a provider supplies, what it is for was said before there was a machine, and where it is comes from
    // the provider.
    // An agent that cannot tell its own today is where it was.
    const std::string& address = known.provided || hello.address.empty() ? known.address : hello.address;
    const std::string& own_address = hello.private_address.empty() ? known.private_address : hello.private_address;
    const std::uint32_t capacity = known.provided ? known.capacity : hello.instance_capacity;
    const bool same = known.region == region && known.address == address && known.join_secret.empty() &&
                      known.private_address == own_address && known.capacity == capacity &&
                      (keep_ports || known.ports == hello.ports) && known.operating_system == hello.operating_system &&
                      known.sandbox == hello.sandbox && known.instance_types == hello.instance_types &&
                      known.cpus == hello.cpus && known.memory_bytes == hello.memory_bytes &&
                      known.labels == hello.labels && !known.lost;
    if (same) return slot;
    if (known.lost) watch_again(step, slot);
    auto edit = state.edit<Host>(slot);
    if (!edit->region_fixed) edit->region = hello.region;
    edit->address = address;
    edit->private_address = own_address;
    edit->capacity = capacity;
    edit->join_secret.clear();
    edit->start_deadline = kNever;
    if (!keep_ports) edit->ports = hello.ports;
    edit->operating_system = hello.operating_system;
    edit->instance_types = hello.instance_types;
    edit->sandbox = hello.sandbox;
    edit->cpus = hello.cpus;
    edit->memory_bytes = hello.memory_bytes;
    edit->labels = hello.labels;
    edit->lost = false;
    return slot;
}

/// A silent host is looked at again after so many times host_silent: whether it is alone.
constexpr int kTogetherEvery = 4;

/// The region's hosts, as the rule about mass silence sees them.
void count_region(const State& state, const Host& host, plan::SilenceView& view) {
    view.region_hosts = view.region_silent_hosts = 0;
    state.table<Host>().for_each([&](Slot, const Host& other) {
        if (other.region != host.region || other.lost || other.released || is_starting(other)) return;
        ++view.region_hosts;
        if (other.silent) ++view.region_silent_hosts;
    });
}

void lose_host(Step& step, Slot slot) {
    State& state = step.state;
    state.edit<Host>(slot)->lost = true;
    std::unordered_set<Slot> fleets;
    for (const Slot instance : std::vector<Slot>(state.at<Host>(slot).instances)) {
        const Slot fleet = state.at<Instance>(instance).fleet;
        add_event(
            step, fleet, "SERVER_DOWN",
            fmt::format("Host {} gave no sign of life for {} s: instance {} is lost with {} session{} and is replaced",
                        state.at<Host>(slot).name, step.timers().host_lost.count() / 1000,
                        state.at<Instance>(instance).id, state.at<Instance>(instance).sessions,
                        state.at<Instance>(instance).sessions == 1 ? "" : "s"));
        lose_instance(step, instance, "its host was lost");
    }
    reconcile_waiting_fleets(step);
}

/// The instance that a report is about; kNone: none that is known.
struct Subject {
    const State& state;

    [[nodiscard]] Slot of_process(const std::string& id) const {
        const Slot process = state.find_process(id);
        return process == kNone ? kNone : state.at<Process>(process).instance;
    }
    Slot operator()(const link::BacklogDone&) const { return kNone; }
    Slot operator()(const link::InstanceStep& report) const { return state.find_instance(report.instance_id); }
    Slot operator()(const link::InstanceRemoved& report) const { return state.find_instance(report.instance_id); }
    Slot operator()(const link::ProcessStarted& report) const {
        const Slot running = of_process(report.process_id);
        return running != kNone ? running : state.find_instance(report.instance_id);
    }
    Slot operator()(const link::ProcessStartFailed& report) const { return state.find_instance(report.instance_id); }
    Slot operator()(const link::ProcessIsReady& report) const { return of_process(report.process_id); }
    Slot operator()(const link::ProcessExited& report) const { return of_process(report.process_id); }
    Slot operator()(const link::HealthChanged& report) const { return of_process(report.process_id); }
    Slot operator()(const link::SessionStartResult& report) const { return of_process(report.process_id); }
    Slot operator()(const link::TerminateDelivered& report) const { return of_process(report.process_id); }
    Slot operator()(const link::LogCollected& report) const {
        const Slot session = state.find_session(report.session_id);
        return session == kNone ? kNone : state.at<GameSession>(session).instance;
    }
    Slot operator()(const link::HostNotice& report) const { return state.find_instance(report.instance_id); }
    Slot operator()(const link::SdkCall& call) const { return of_process(call.process_id); }
};

/// An agent speaks for its own host only. Told once in a while, so that one that lies cannot drown other events.
void note_foreign(Step& step, Slot host_slot, Slot instance_slot) {
    constexpr Millis kBetweenEvents{60'000};
    State& state = step.state;
    const Host& host = state.at<Host>(host_slot);
    const bool tell = host.foreign_reports == 0 || step.now.engine - host.foreign_told >= kBetweenEvents;
    state.count_foreign(host_slot, tell ? step.now.engine : host.foreign_told);
    if (!tell) return;
    const Instance& instance = state.at<Instance>(instance_slot);
    add_event(step, instance.fleet, "GENERIC_EVENT",
              fmt::format("Host {} reported about instance {}, which runs on host {}: refused. If {} is not under your "
                          "control any more, remove it: gse host remove {}",
                          host.name, instance.id, state.at<Host>(instance.host).name, host.name, host.id));
}

struct ReportRunner {
    Step& step;
    Slot host;

    void operator()(const link::BacklogDone&) {
        step.state.change_host_run(host, [](Host& record) { record.synced = true; });
        reconcile_waiting_fleets(step);
        step.state.table<Fleet>().for_each([&](Slot slot, const Fleet& fleet) {
            if (fleet.instances_pending + fleet.instances_active - fleet.instances_leaving < fleet.desired ||
                fleet.instances_leaving > 0)
                step.state.queue_reconcile(slot);
        });
    }
    void operator()(const link::InstanceStep& report) { on_instance_step(step, host, report); }
    void operator()(const link::InstanceRemoved& report) { on_instance_removed(step, host, report); }
    void operator()(const link::ProcessStarted& report) { on_process_started(step, host, report); }
    void operator()(const link::ProcessStartFailed& report) { on_process_start_failed(step, host, report); }
    void operator()(const link::ProcessIsReady& report) { on_process_ready(step, host, report); }
    void operator()(const link::ProcessExited& report) { on_process_exited(step, host, report); }
    void operator()(const link::HealthChanged& report) { on_health_changed(step, host, report); }
    void operator()(const link::SessionStartResult& report) { on_session_start_result(step, host, report); }
    void operator()(const link::TerminateDelivered& report) { on_terminate_delivered(step, host, report); }
    void operator()(const link::LogCollected& report) { on_logs_collected(step, report); }
    void operator()(const link::HostNotice& report) {
        const Slot instance = step.state.find_instance(report.instance_id);
        if (instance == kNone || step.state.at<Instance>(instance).host != host) return;
        add_event(step, step.state.at<Instance>(instance).fleet,
                  report.event_code.empty() ? "GENERIC_EVENT" : report.event_code, report.message);
    }
    void operator()(const link::SdkCall& call) { on_sdk_call(step, host, call); }
};

}  // namespace

Slot host_of(const State& state, const link::HostHello& hello) {
    return hello.certified_id.empty() ? state.find_host(hello.host_name) : state.find_host_by_id(hello.certified_id);
}

Result<HelloResult> on_hello(Step& step, std::uint64_t stream, const link::HostHello& hello) {
    State& state = step.state;
    const Slot known_slot = host_of(state, hello);
    if (!hello.certified_id.empty()) TRY(find_enrolled(state, hello.certified_id));
    if (hello.certified_id.empty() && known_slot != kNone && state.at<Host>(known_slot).enrolled())
        return refuse(ErrorCode::AuthUnauthorized,
                      fmt::format("host {} is known by its certificate, and this agent shows none", hello.host_name));
    const auto& regions = step.settings().regions;
    if (!hello.region.empty() && std::find(regions.begin(), regions.end(), hello.region) == regions.end())
        return refuse(
            ErrorCode::UnsupportedRegion,
            fmt::format("host {} says region '{}', which this server does not have", hello.host_name, hello.region));
    if (known_slot != kNone && state.at<Host>(known_slot).region_fixed && !hello.region.empty() &&
        hello.region != state.at<Host>(known_slot).region)
        return refuse(ErrorCode::UnsupportedRegion,
                      fmt::format("host {} was enrolled for region {}, not {}; change agent.region, or enrol it anew",
                                  state.at<Host>(known_slot).name, state.at<Host>(known_slot).region, hello.region));
    const Slot host = store_host(step, known_slot, hello);
    const Slot cursor = state.at<Host>(host).cursor;
    CHECK(cursor != kNone);
    if (state.at<HostCursor>(cursor).boot_id != hello.boot_id) {
        auto edit = state.edit<HostCursor>(cursor);
        edit->boot_id = hello.boot_id;
        edit->acked_seq = 0;
    }
    if (state.at<Host>(host).silent) watch_again(step, host);
    state.change_host_run(host, [&](Host& record) {
        record.stream = stream;
        record.synced = false;
        record.silent = false;
        record.last_alive = step.now.engine;
        record.access_user = hello.access_user;
        record.ping_http = hello.ping_http;
        record.ping_udp = hello.ping_udp;
        record.limits = hello.limits;
        record.limits_lack = hello.limits_lack;
        record.access_key = hello.access_key;
        record.certificate_end = hello.certificate_end;
    });

    // What the agent no longer knows is gone: it keeps every exit until that was acknowledged.
    const std::unordered_set<std::string> known(hello.process_ids.begin(), hello.process_ids.end());
    std::vector<Slot> vanished;
    for (const Slot instance : state.at<Host>(host).instances)
        for (const Slot process : state.at<Instance>(instance).processes)
            if (!known.contains(state.at<Process>(process).id)) vanished.push_back(process);
    for (const Slot process : vanished) {
        const Slot instance = state.at<Process>(process).instance;
        add_event(step, state.at<Instance>(instance).fleet, "SERVER_PROCESS_CRASHED",
                  fmt::format("Process {} on instance {} vanished while its host's agent was away",
                              state.at<Process>(process).id, state.at<Instance>(instance).id));
        forget_process(step, process, "its process vanished while the host's agent was away", ProcessEnd::Abnormal);
        drop_retired_places(step, instance);
        remove_when_empty(step, instance);
    }
    // Instances the host still holds although they were given up (the host had been declared lost).
    for (const auto& id : hello.instance_ids) {
        const Slot instance = state.find_instance(id);
        if (instance != kNone && state.at<Instance>(instance).host == host) continue;
        link::InstanceSpec gone;
        gone.instance_id = id;
        // A state that was restored may not know of matches that run there: only later are they given up.
        const bool spared = restored_left(step) > Millis{0};
        gone.version = spared ? UINT64_MAX - 1 : UINT64_MAX;
        gone.phase = spared ? link::InstancePhase::Drain : link::InstancePhase::Remove;
        step.order(host, std::move(gone));
    }
    resync_host(step, host);
    return HelloResult{host, state.at<HostCursor>(cursor).acked_seq};
}

bool on_report(Step& step, Slot host, const link::Report& report) {
    State& state = step.state;
    on_alive(step, host);
    const Slot cursor = state.at<Host>(host).cursor;
    const std::uint64_t acked = state.at<HostCursor>(cursor).acked_seq;
    if (report.seq <= acked) return true;
    if (report.seq != acked + 1) return false;
    state.edit<HostCursor>(cursor)->acked_seq = report.seq;
    const Slot subject = std::visit(Subject{state}, report.body);
    if (subject != kNone && state.at<Instance>(subject).host != host) {
        note_foreign(step, host, subject);
        // A call wants an answer, and gets the one of a process that is not on this host.
        if (!std::holds_alternative<link::SdkCall>(report.body)) return true;
    }
    std::visit(ReportRunner{step, host}, report.body);
    return true;
}

void on_alive(Step& step, Slot host) {
    const Host& known = step.state.at<Host>(host);
    if (known.last_alive == step.now.engine && !known.silent) return;
    const bool was_silent = known.silent;
    if (!was_silent) {
        step.state.change_host_clock(host, step.now.engine);
        return;
    }
    step.state.change_host_run(host, [&](Host& record) {
        record.last_alive = step.now.engine;
        record.silent = false;
    });
    watch_again(step, host);
    reconcile_waiting_fleets(step);
}

void on_readings(Step& step, Slot host, std::span<const link::InstanceReading> readings) {
    State& state = step.state;
    for (const auto& reading : readings) {
        const Slot slot = state.find_instance(reading.instance_id);
        if (slot == kNone || state.at<Instance>(slot).host != host) continue;
        state.change_run<Instance>(slot, [&](Instance& instance) {
            instance.load = reading.load;
            instance.load_at = step.now.engine;
        });
    }
}

void on_disconnected(Step& step, Slot host, std::uint64_t stream) {
    if (step.state.at<Host>(host).stream != stream) return;  // a newer stream has taken over
    step.state.change_host_run(host, [](Host& record) {
        record.stream = 0;
        record.synced = false;
    });
}

void check_host(Step& step, Slot slot) {
    State& state = step.state;
    const Host* host = state.find<Host>(slot);
    if (!host || host->lost || host->released || step.now.engine < host->next_check) return;
    if (is_starting(*host)) return check_start(step, slot);
    const Timers& timers = step.timers();
    // A server that has just started has heard from nobody yet: silence counts from its start.
    if (host->last_alive == EngineTime{}) state.change_host_clock(slot, step.now.engine);
    plan::SilenceView view{
        .silent_for = step.now.engine - host->last_alive,
        .silent_after = timers.host_silent,
        .lost_after = timers.host_lost,
        .mass_share = step.settings().limits.silent_share,
    };
    if (host->silent_together != EngineTime{}) view.together_ago = step.now.engine - host->silent_together;
    const bool was_silent = host->silent;
    if (was_silent) {  // of all hosts: only for those few
        count_region(state, *host, view);
        if (plan::are_many_silent(view))
            state.change_host_run(slot, [&](Host& record) { record.silent_together = step.now.engine; });
    }
    const plan::SilenceVerdict verdict = plan::judge_silence(view);
    if (verdict != plan::SilenceVerdict::Alive && !host->silent) {
        state.change_host_run(slot, [](Host& record) { record.silent = true; });
        std::unordered_set<Slot> fleets;
        for (const Slot instance : host->instances) fleets.insert(state.at<Instance>(instance).fleet);
        for (const Slot fleet : fleets)
            add_event(
                step, fleet, "GENERIC_EVENT",
                fmt::format("Host {} gave no sign of life for {} s: it gets no new sessions; running sessions go on",
                            host->name, view.silent_for.count() / 1000));
    }
    // Not at the first look: a server that slept, and its hosts did not, has yet to hear what they said meanwhile.
    if (verdict == plan::SilenceVerdict::Lost && was_silent) return lose_host(step, slot);
    const EngineTime next =
        !host->silent ? host->last_alive + timers.host_silent
        : view.silent_for < timers.host_lost
            ? std::min(host->last_alive + timers.host_lost, step.now.engine + kTogetherEvery * timers.host_silent)
            : step.now.engine + timers.host_silent;
    state.arm_host_check(slot, std::max(next, step.now.engine + Millis{1}));
}

bool await_backlog(Step& step, Slot instance, TimerKind kind, Slot slot) {
    const Host& host = step.state.at<Host>(step.state.at<Instance>(instance).host);
    if ((host.synced && !host.silent) || host.lost) return false;
    step.state.arm(step.now.engine + Millis{1000}, kind, slot);
    return true;
}

void resync_host(Step& step, Slot host_slot) {
    State& state = step.state;
    for (const Slot instance_slot : state.at<Host>(host_slot).instances) {
        const Instance& instance = state.at<Instance>(instance_slot);
        if (!is_hand_started(state.at<Fleet>(instance.fleet)))
            step.order(host_slot, instance_spec(state, instance_slot));
        for (const Slot process_slot : instance.processes) {
            const Process& process = state.at<Process>(process_slot);
            if (process.session != kNone && !state.at<GameSession>(process.session).start_delivered)
                step.order(host_slot, start_session_order(state, process.session));
            // Also one that ends by itself: the answer to its announcement, from which its time counts, may be lost.
            if (process.status == ProcessStatus::Ending) repeat_end(step, process_slot);
        }
        if (instance.logs_pending == 0) continue;
        for (const auto& [order, session] : state.at<Fleet>(instance.fleet).ended_sessions) {
            const GameSession& ended = state.at<GameSession>(session);
            if (ended.instance == instance_slot && ended.log_state == LogState::Pending)
                step.order(host_slot, collect_logs_order(state, session));
        }
    }
}

}  // namespace gse::core
