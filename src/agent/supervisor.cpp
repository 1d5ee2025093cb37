#include "agent/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/shim_image.h"
#include "agent/supervisor_impl.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/uuid.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kWakeNumber = 0;

Result<void> make_private(const fs::path& folder) {
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return refuse_errno("create", folder);
    if (chmod(folder.c_str(), 0700) != 0) return refuse_errno("protect", folder);
    return {};
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, Door& door, link::Reporter& reporter, const Clock& clock)
    : impl_(std::make_shared<Impl>(std::move(options), door, reporter, clock)) {}
Supervisor::~Supervisor() { impl_->shutdown(false); }
void Supervisor::set_sdk_address(std::string address) { impl_->options.sdk_address = std::move(address); }
Result<void> Supervisor::start() { return impl_->start(); }
void Supervisor::shutdown(bool kill_games) { impl_->shutdown(kill_games); }
link::HostHello Supervisor::hello() { return impl_->hello(); }
void Supervisor::on_welcome(const link::Welcome& welcome) {
    impl_->post([self = impl_.get(), welcome] { self->on_welcome(welcome); }, true);
}
void Supervisor::on_order(link::OrderBody order) {
    impl_->post([self = impl_.get(), order = std::move(order)]() mutable { self->on_order(std::move(order)); }, true);
}
void Supervisor::on_acked(std::uint64_t seq) {
    impl_->post([self = impl_.get(), seq] { self->on_acked(seq); }, true);
}
void Supervisor::on_disconnected() {}  // desired state stays; games' calls wait for their time limit
std::vector<link::InstanceReading> Supervisor::take_readings() { return impl_->take_readings(); }
void Supervisor::on_call(Caller caller, CallBody call, Reply reply) {
    impl_->call(std::move(caller), std::move(call), std::move(reply));
}
SupervisorView Supervisor::view() const { return impl_->view(); }
void Supervisor::tick() {
    impl_->post([] {}, true);
}

Supervisor::Impl::Impl(SupervisorOptions given, Door& door, link::Reporter& reporter, const Clock& clock)
    : options(std::move(given)), door_(door), reporter_(reporter), clock_(clock) {
    wake_ = Fd{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    epoll_ = Fd{epoll_create1(EPOLL_CLOEXEC)};
    CHECK(wake_ && epoll_);
}

Supervisor::Impl::~Impl() { shutdown(false); }

Result<void> Supervisor::Impl::start() {
    CHECK(!thread_.joinable());
    std::error_code error;
    fs::create_directories(options.data_dir, error);
    options.data_dir = fs::absolute(options.data_dir, error);
    root_ = options.data_dir / "agent";
    TRY(make_private(root_));
    for (const char* name : {"bin", "packages", "instances", "tmp"}) TRY(make_private(root_ / name));
    const fs::path lock = root_ / "lock";
    data_lock_ = Fd{open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!data_lock_) return refuse_errno("create", lock);
    if (flock(data_lock_.get(), LOCK_EX | LOCK_NB) != 0)
        return refuse(ErrorCode::InUse,
                      fmt::format("another agent works in {}; give this one a data folder of its own", root_.string()));
    for (const auto& entry : fs::directory_iterator(root_ / "tmp", error)) remove_tree(entry.path());

    if (options.host_name.empty()) {
        const fs::path file = root_ / "host";
        if (const auto kept = read_file(file, 256); kept && !kept->empty()) {
            options.host_name = *kept;
        } else {
            char name[64] = "host";
            gethostname(name, sizeof name - 1);
            options.host_name = fmt::format("{}-{}", name, rng_.text(8));
            TRY(write_file_atomically(file, options.host_name));
        }
    }
    shim_ = TRY(install_shim(root_ / "bin"));
    sandbox_ = TRY(Sandbox::find(options.sandbox, options.data_dir));
    // By its folder: the same after a restart, when games that run on are still in those groups.
    limiter_ = find_limiter(to_hex(sha256(root_.string())).substr(0, 8), sandbox_->private_users());
    workers_ = std::make_unique<WorkerPool>(options.worker_threads, options.queue_max);
    if (const auto welcome = load_record(root_ / "timers")) {
        // Until the server says otherwise, what it said last.
        const auto set = [&](const char* key, Millis& value) { value = Millis{welcome->number(key, value.count())}; };
        set("process_ready", timers_.process_ready);
        set("process_exit", timers_.process_exit);
        set("health_interval", timers_.health_interval);
        set("health_timeout", timers_.health_timeout);
        set("sdk_call", timers_.sdk_call);
        set("restart_backoff_min", timers_.restart_backoff_min);
        set("restart_backoff_max", timers_.restart_backoff_max);
        set("restart_backoff_reset", timers_.restart_backoff_reset);
        timers_.health_failures =
            static_cast<std::uint32_t>(welcome->number("health_failures", timers_.health_failures));
    }
    for (const auto& entry : fs::directory_iterator(root_ / "packages", error)) {
        if (entry.path().extension() != ".zip") {  // the rest of a download that nobody may ask for again
            remove_tree(entry.path());
            continue;
        }
        Package& package = packages_[entry.path().stem().string()];
        package.ready = true;
        package.bytes = entry.file_size(error);
    }
    {
        const std::lock_guard lock_queue(mutex_);
        hello_ = {.host_name = options.host_name,
                  .boot_id = make_uuid(rng_),
                  .region = options.region,
                  .address = options.address,
                  .private_address = options.private_address,
                  .instance_capacity = options.instance_capacity,
                  .ports = options.ports,
                  .operating_system = "linux",
                  .sandbox = sandbox_->name(),
                  .instance_ids = {},
                  .process_ids = {},
                  .access_user = options.access_user,
                  .access_key = options.access_key,
                  .instance_types = options.instance_types,
                  .ping_http = options.ping_http,
                  .ping_udp = options.ping_udp,
                  .cpus = options.cpus,
                  .memory_bytes = options.memory_bytes,
                  .labels = options.labels,
                  .certified_id = {},
                  .certificate_end = {},
                  .limits = options.limit_type_memory || options.limit_type_cpu ? limiter_->name() : "off",
                  .limits_lack = limiter_->lacks(wanted_limits())};
        view_.sandbox = sandbox_->name();
        view_.limiter = limiter_->name();
        view_.lacks = hello_.limits_lack;
        accepting_ = true;
    }
    watch(wake_.get(), kWakeNumber);
    for (const auto& entry : fs::directory_iterator(root_ / "instances", error))
        if (Instance* instance = load_instance(entry.path())) adopt(*instance);
    publish();
    thread_ = std::thread([this] { loop(); });
    return {};
}

void Supervisor::Impl::shutdown(bool kill_games) {
    if (!thread_.joinable()) return;
    if (kill_games && post([this] { begin_shutdown(); }, true)) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, Millis{kShutdownLimitMs}, [this] { return games_gone_; });
    }
    post([this] { stop_ = true; }, true);
    thread_.join();
    std::deque<std::move_only_function<void()>> dropped;
    {
        const std::lock_guard lock(mutex_);
        accepting_ = false;
        dropped.swap(queue_);
    }
    dropped.clear();  // not under the lock: calls among them are answered by this
    for (auto& [id, instance] : instances_) *instance.stop = true;
    for (auto& [sha, package] : packages_) *package.stop = true;
    workers_.reset();
    for (auto& [id, call] : calls_)
        refuse_call(call.reply, link::CallStatus::Unavailable, "the agent stops; try again");
    calls_.clear();
    for (auto& [id, process] : processes_)
        for (auto& early : process.early_calls)
            refuse_call(early.reply, link::CallStatus::Unavailable, "the agent stops; try again");
    data_lock_.reset();
}

bool Supervisor::Impl::post(std::move_only_function<void()> event, bool must) {
    {
        const std::lock_guard lock(mutex_);
        if (!accepting_ || (!must && queue_.size() >= options.queue_max)) return false;
        queue_.push_back(std::move(event));
    }
    const std::uint64_t one = 1;
    (void)!write(wake_.get(), &one, sizeof one);
    return true;
}

link::HostHello Supervisor::Impl::hello() {
    const std::lock_guard lock(mutex_);
    return hello_;
}

SupervisorView Supervisor::Impl::view() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

std::vector<link::InstanceReading> Supervisor::Impl::take_readings() {
    const std::lock_guard lock(mutex_);
    return std::exchange(readings_, {});
}

Allowance Supervisor::Impl::allowed(const link::InstanceSpec& spec) const {
    return {.memory_bytes = options.limit_type_memory ? spec.memory_bytes : 0,
            .cpu_percent = options.limit_type_cpu ? std::uint64_t{spec.cpus} * 100 : 0};
}

Allowance Supervisor::Impl::wanted_limits() const {
    return {.memory_bytes = options.limit_type_memory ? 1 : options.limits.allowed.memory_bytes,
            .cpu_percent = options.limit_type_cpu ? 1 : options.limits.allowed.cpu_percent};
}

/// The walk through /proc is a worker's; readings that nobody has taken are replaced.
void Supervisor::Impl::measure(std::int64_t now) {
    if (measuring_ || now < measure_ms_) return;
    measure_ms_ = now + options.measure_every.count();
    std::vector<MeteredInstance> metered;
    for (const auto& [id, instance] : instances_) {
        MeteredInstance entry{.id = id, .roots = {}, .limit = {}};
        Allowance processes;
        for (const std::string& process_id : instance.processes) {
            const Process* process = find_process(process_id);
            if (!process || process->state != Process::State::Running) continue;
            entry.roots.push_back(process->shim_pid);
            processes.memory_bytes += options.limits.allowed.memory_bytes;
            processes.cpu_percent += options.limits.allowed.cpu_percent;
        }
        const auto smaller = [](std::uint64_t a, std::uint64_t b) { return a == 0 || (b != 0 && b < a) ? b : a; };
        const Allowance type = allowed(instance.spec);
        entry.limit = limiter_->kept({.memory_bytes = smaller(type.memory_bytes, processes.memory_bytes),
                                      .cpu_percent = smaller(type.cpu_percent, processes.cpu_percent)});
        metered.push_back(std::move(entry));
    }
    if (metered.empty()) return;
    measuring_ =
        in_background([meter = meter_, metered = std::move(metered), now] { return meter->measure(metered, now); },
                      [this](std::vector<link::InstanceReading> readings) {
                          measuring_ = false;
                          const std::lock_guard lock(mutex_);
                          readings_ = std::move(readings);
                      });
}

void Supervisor::Impl::publish() {
    if (!std::exchange(inventory_changed_, false)) return;
    link::HostHello fresh;
    std::size_t running = 0;
    for (const auto& [id, instance] : instances_)
        if (!instance.removed_files) fresh.instance_ids.push_back(id);
    for (const auto& [id, process] : processes_) {
        if (process.state != Process::State::Launching) fresh.process_ids.push_back(id);
        running += process.state != Process::State::Exited;
    }
    const std::lock_guard lock(mutex_);
    hello_.instance_ids = std::move(fresh.instance_ids);
    hello_.process_ids = std::move(fresh.process_ids);
    view_.instances = instances_.size();
    view_.processes = processes_.size();
    view_.running = running;
}

void Supervisor::Impl::watch(int fd, std::uint64_t what) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = what;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Supervisor::Impl::loop() {
    while (!stop_) {
        const std::int64_t wait = std::clamp<std::int64_t>(next_deadline() - now(), 0, 60'000);
        epoll_event events[64];
        const int count = epoll_wait(epoll_.get(), events, 64, static_cast<int>(wait));
        for (int i = 0; i < count; ++i) {
            if (events[i].data.u64 == kWakeNumber) {
                std::uint64_t drained;
                (void)!read(wake_.get(), &drained, sizeof drained);
                continue;
            }
            const auto found = watched_.find(events[i].data.u64);
            Process* process = found == watched_.end() ? nullptr : find_process(found->second);
            if (!process) continue;
            // Even numbers: the shim is over. Odd: it has news.
            if (events[i].data.u64 % 2 == 1)
                on_news(*process);
            else
                on_shim_over(*process);
        }
        std::deque<std::move_only_function<void()>> batch;
        {
            const std::lock_guard lock(mutex_);
            batch.swap(queue_);
        }
        for (auto& event : batch) event();
        act(now());
        publish();
    }
}

/// Everything whose time has come.
void Supervisor::Impl::act(std::int64_t now) {
    again_ = false;
    for (auto next = processes_.begin(); next != processes_.end();) {
        Process& process = next->second;
        ++next;  // it may be forgotten
        look_after(process, now);
    }
    for (auto& [id, instance] : instances_) {
        if (now >= instance.save_again_ms && !instance.removing) save(instance);
        prepare(instance, now);
        launch_places(instance, now);
        if (instance.phase == link::InstancePhase::Remove) remove_if_empty(instance);
    }
    for (auto& [sha, package] : packages_)
        if (!package.ready && !package.fetching && !package.waiting.empty() && now >= package.retry.not_before_ms)
            fetch_package(sha);
    expire_calls(now);
    drive_logs(now);
    measure(now);
    if (dying_) {
        if (!dying_term_sent_ && now >= dying_since_ms_ + options.shutdown_notice.count()) {
            dying_term_sent_ = true;
            for (const auto& [id, process] : processes_)
                if (process.state == Process::State::Running && !process.attached && process.game_pid > 1 &&
                    descends_from(process.game_pid, process.shim_pid))
                    kill(static_cast<pid_t>(process.game_pid), SIGTERM);
        }
        bool alive = false;
        for (const auto& [id, process] : processes_)
            alive = alive || (process.state != Process::State::Exited && !process.attached);
        if (!alive) {
            const std::lock_guard lock(mutex_);
            games_gone_ = true;
            changed_.notify_all();
        }
    }
}

std::int64_t Supervisor::Impl::next_deadline() const {
    if (again_) return 0;
    std::int64_t next = kNeverMs;
    const auto take = [&](std::int64_t at) { next = std::min(next, at); };
    for (const auto& [id, process] : processes_) {
        take(process.save_again_ms);
        if (process.state == Process::State::Exited) continue;
        if (!process.attached) take(next_kill_ms(process.times, timers_));
        take(process.kill_again_ms);
        take(process.look_again_ms);
        if (process.state == Process::State::Launching && process.news && process.kill_again_ms == kNeverMs)
            take(process.times.started_ms + options.launch_limit.count());
        if (process.state != Process::State::Running || process.times.killing) continue;  // as look_after() does
        if (process.times.ready && !process.health.waiting) take(process.health.next_ms);
        if (!process.session_waiting) take(process.session_next_ms);
    }
    for (const auto& [id, instance] : instances_) {
        if (!instance.removing) take(instance.save_again_ms);
        if (instance.phase != link::InstancePhase::Run || instance.version == 0) continue;
        if (instance.next < Instance::kPrepared) {
            if (!instance.job_running && !instance.gave_up && instance.retry.not_before_ms > 0)
                take(instance.retry.not_before_ms);
            continue;
        }
        for (const auto& [number, place] : instance.places)
            if (place.wanted && place.process_id.empty() && place.busy_version < instance.version)
                take(place.backoff.not_before_ms);
    }
    for (const auto& [sha, package] : packages_)
        if (!package.ready && !package.fetching && !package.waiting.empty()) take(package.retry.not_before_ms);
    if (!calls_by_age_.empty())
        if (const auto oldest = calls_.find(calls_by_age_.front()); oldest != calls_.end())
            take(oldest->second.deadline_ms);
    if (!measuring_ && !instances_.empty()) take(measure_ms_);
    for (const auto& [id, log] : logs_)
        if (!log.running && !log.done) take(log.retry.not_before_ms);
    if (dying_) {
        if (!dying_term_sent_) take(dying_since_ms_ + options.shutdown_notice.count());
        take(dying_since_ms_ + options.shutdown_term.count());
    }
    return next;
}

void Supervisor::Impl::notice(const std::string& instance_id, std::string message) {
    report(link::HostNotice{instance_id, "GENERIC_EVENT", std::move(message)});
}

void Supervisor::Impl::on_welcome(const link::Welcome& welcome) {
    objects_url_ = welcome.objects_url;
    timers_ = welcome.timers;
    Record record;
    record.set("process_ready", timers_.process_ready.count())
        .set("process_exit", timers_.process_exit.count())
        .set("health_interval", timers_.health_interval.count())
        .set("health_timeout", timers_.health_timeout.count())
        .set("health_failures", timers_.health_failures)
        .set("sdk_call", timers_.sdk_call.count())
        .set("restart_backoff_min", timers_.restart_backoff_min.count())
        .set("restart_backoff_max", timers_.restart_backoff_max.count())
        .set("restart_backoff_reset", timers_.restart_backoff_reset.count());
    (void)save_record(root_ / "timers", record);  // only a convenience for the next start
}

void Supervisor::Impl::on_order(link::OrderBody order) {
    std::visit(
        [this](auto&& body) {
            using Body = std::decay_t<decltype(body)>;
            if constexpr (std::is_same_v<Body, link::InstanceSpec>)
                on_spec(std::move(body));
            else if constexpr (std::is_same_v<Body, link::StartSession>)
                on_start_session(std::move(body));
            else if constexpr (std::is_same_v<Body, link::EndProcess>)
                on_end_process(body);
            else if constexpr (std::is_same_v<Body, link::CollectLogs>)
                on_collect_logs(std::move(body));
            else if constexpr (std::is_same_v<Body, link::SdkReply>)
                on_reply(std::move(body));
        },
        std::move(order));
}

void Supervisor::Impl::on_acked(std::uint64_t seq) {
    while (!unacked_exits_.empty() && unacked_exits_.begin()->first <= seq) {
        const std::string id = unacked_exits_.begin()->second;
        unacked_exits_.erase(unacked_exits_.begin());
        if (Process* process = find_process(id)) forget(*process);
    }
}

Process* Supervisor::Impl::find_process(const std::string& id) {
    const auto found = processes_.find(id);
    return found == processes_.end() ? nullptr : &found->second;
}

Instance* Supervisor::Impl::find_instance(const std::string& id) {
    const auto found = instances_.find(id);
    return found == instances_.end() ? nullptr : &found->second;
}

}  // namespace gse::agent
