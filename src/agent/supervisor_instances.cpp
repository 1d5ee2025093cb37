// Instances: from a spec to files that are ready to be launched, and away again.
#include <sys/stat.h>

#include <fmt/format.h>

#include "agent/supervisor_impl.h"
#include "base/file.h"
#include "base/size_text.h"

namespace gse::agent {
namespace {

namespace fs = std::filesystem;
using link::InstancePhase;
using link::PrepareStep;

constexpr std::int64_t kGameUserBase = 1'900'000'000;  ///< above what distributions and containers hand out
constexpr std::int64_t kGameUsersMax = 100'000;
constexpr const char* kInstaller = "install";  ///< among the ids of processes, for its limits
constexpr const char* kStepNames[] = {"accepted", "download", "extract", "install", "validate"};

/// Ids of instances become folder names.
bool is_folder_name(const std::string& id) {
    if (id.empty() || id.size() > 128 || id.front() == '.') return false;
    return std::all_of(id.begin(), id.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
    });
}

bool is_sha256(const std::string& text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(),
                                            [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

void Supervisor::Impl::on_spec(link::InstanceSpec spec) {
    Instance* known = find_instance(spec.instance_id);
    if (known && spec.version == known->version) {
        // The same once more, after a reconnect: only what expires is new.
        known->spec.package = spec.package;
        known->spec.log_prefix = spec.log_prefix;
        // And what the server's table of types says now, from the next launch on.
        known->spec.instance_type = spec.instance_type;
        known->spec.cpus = spec.cpus;
        known->spec.memory_bytes = spec.memory_bytes;
        if (const auto package = packages_.find(known->spec.package_sha256); package != packages_.end())
            package->second.ref = spec.package;
        return;
    }
    if (known && spec.version < known->version) return;
    if (!is_folder_name(spec.instance_id) || (!spec.package_sha256.empty() && !is_sha256(spec.package_sha256))) {
        notice(spec.instance_id,
               "the server sent an instance whose id or package checksum is malformed; it is ignored");
        return;
    }
    if (!known) {
        if (spec.phase == InstancePhase::Remove) {  // removed before, and the server did not hear of it
            report(link::InstanceRemoved{spec.instance_id});
            return;
        }
        if (spec.phase == InstancePhase::Drain) return;  // nothing runs here and nothing is to be started
        Instance& fresh = instances_[spec.instance_id];
        tell_lacking_limits(spec);
        fresh.id = spec.instance_id;
        fresh.folders.instance = root_ / "instances" / spec.instance_id;
        known = &fresh;
        begin_instance(fresh);
    }
    Instance& instance = *known;
    instance.version = spec.version;
    instance.fleet_id = spec.fleet_id;
    instance.phase = spec.phase;
    instance.gave_up = false;
    instance.retry = {};
    for (auto& [number, place] : instance.places) place.wanted = false;
    for (const auto& wanted : spec.places) {
        Place& place = instance.places[wanted.number];
        place.spec = wanted;
        place.wanted = true;
    }
    std::erase_if(instance.places,
                  [](const auto& item) { return !item.second.wanted && item.second.process_id.empty(); });
    instance.spec = std::move(spec);
    if (!instance.sha256.empty() && !instance.spec.package_sha256.empty() &&
        instance.sha256 != instance.spec.package_sha256)
        notice(instance.id, "the package of a prepared instance cannot change; it goes on with the files it has");
    if (instance.phase == InstancePhase::Remove) *instance.stop = true;
    save(instance);
    if (!sandbox_->isolates() && !sandbox_notice_sent_) {
        sandbox_notice_sent_ = true;
        if (!sandbox_->reason().empty())
            notice(
                instance.id,
                fmt::format(
                    "Games on this host run without a sandbox: {}. /local/game/… is mapped to the real folder; games "
                    "can see each other and this machine's files.",
                    sandbox_->reason()));
    }
}

/// Once for each fleet that has an instance here.
void Supervisor::Impl::tell_lacking_limits(const link::InstanceSpec& spec) {
    const Allowance wanted = allowed(spec);
    const std::string lacks = limiter_->lacks(wanted);
    if (lacks.empty() || std::ranges::any_of(instances_, [&](const auto& item) {
            return item.second.fleet_id == spec.fleet_id && item.first != spec.instance_id;
        }))
        return;
    std::string figures = wanted.cpu_percent > 0 ? fmt::format("{} vCPU{}", spec.cpus, spec.cpus == 1 ? "" : "s") : "";
    if (wanted.memory_bytes > 0)
        figures += fmt::format("{}{}", figures.empty() ? "" : " and ", size_text(wanted.memory_bytes));
    notice(spec.instance_id,
           fmt::format("Host {} cannot hold instances to the {} of {}: {}. Run its agent as root where cgroups are "
                       "writable, or set agent.type_limits = \"off\" there",
                       options.host_name, figures, spec.instance_type, lacks));
}

Result<GameUser> Supervisor::Impl::choose_user() const {
    if (!sandbox_->private_users()) return GameUser{};
    std::set<std::int64_t> taken;
    for (const auto& [id, instance] : instances_) taken.insert(instance.user.uid);
    for (std::int64_t id = kGameUserBase; id < kGameUserBase + kGameUsersMax; ++id)
        if (!taken.contains(id)) return GameUser{id, id};
    return refuse(ErrorCode::LimitExceeded, "no user id is left for another instance");
}

void Supervisor::Impl::begin_instance(Instance& instance) {
    inventory_changed_ = true;
    mkdir(instance.folders.instance.c_str(), 0700);
    mkdir(instance.folders.processes().c_str(), 0700);
    (void)sync_directory(instance.folders.instance.parent_path());
    if (const auto user = choose_user()) instance.user = *user;
}

void Supervisor::Impl::save(Instance& instance) {
    Record record;
    record.set("id", instance.id)
        .set("fleet", instance.fleet_id)
        .set("uid", instance.user.uid)
        .set("gid", instance.user.gid)
        .set("next", instance.next)
        .set("sha256", instance.sha256);
    std::vector<std::string> keys(instance.log_keys.begin(), instance.log_keys.end());
    record.set("log", keys);
    std::vector<std::string> ranges;
    for (const auto& range : instance.spec.client_ports) ranges.push_back(fmt::format("{}-{}", range.low, range.high));
    record.set("ports", ranges);
    const bool told = instance.save_again_ms != kNeverMs;
    const auto saved = save_record(instance.folders.record(), record);
    instance.save_again_ms = saved ? kNeverMs : now() + kSaveAgainMs;
    if (!saved && !told) notice(instance.id, saved.error().message);
}

Instance* Supervisor::Impl::load_instance(const fs::path& folder) {
    const std::string id = folder.filename().string();
    Instance& instance = instances_[id];
    instance.id = id;
    instance.folders.instance = folder;
    instance.version = 0;
    instance.phase = InstancePhase::Drain;  // nothing is launched before the server has spoken
    mkdir(instance.folders.processes().c_str(), 0700);
    const auto record = load_record(instance.folders.record());
    if (!record) {
        if (const auto user = choose_user()) instance.user = *user;
        // It could not be written. Whose the files are tells who its games run as.
        struct stat info{};
        if (sandbox_->private_users() && stat(instance.folders.game().c_str(), &info) == 0 &&
            info.st_uid >= kGameUserBase && info.st_uid < kGameUserBase + kGameUsersMax)
            instance.user = {info.st_uid, info.st_gid};
        return &instance;
    }
    instance.fleet_id = record->text("fleet");
    instance.user = {record->number("uid", -1), record->number("gid", -1)};
    instance.sha256 = record->text("sha256");
    // A step that was under way is done again from where that is safe: nothing between unpacking and the end of
    // install.sh survives an interruption.
    const int next = static_cast<int>(record->number("next"));
    instance.next = next == static_cast<int>(PrepareStep::Installed) ? static_cast<int>(PrepareStep::Extracted)
                                                                     : std::clamp(next, 0, Instance::kPrepared);
    const auto keys = record->list("log");
    for (std::size_t i = 0; i < keys.size() && i < instance.log_keys.size(); ++i) instance.log_keys[i] = keys[i];
    for (const auto& text : record->list("ports")) {
        unsigned low = 0, high = 0;
        if (std::sscanf(text.c_str(), "%u-%u", &low, &high) == 2)
            instance.spec.client_ports.push_back({static_cast<std::uint16_t>(low), static_cast<std::uint16_t>(high)});
    }
    for (int step = 0; step < instance.next; ++step)
        report(link::InstanceStep{instance.id, static_cast<PrepareStep>(step), true, "",
                                  instance.log_keys[static_cast<std::size_t>(step)]});
    return &instance;
}

/// Begins the next step when its time has come.
void Supervisor::Impl::prepare(Instance& instance, std::int64_t now) {
    if (instance.phase != InstancePhase::Run || instance.version == 0 || instance.next >= Instance::kPrepared ||
        instance.job_running || instance.gave_up || now < instance.retry.not_before_ms || dying_)
        return;
    instance.retry.not_before_ms = 0;  // it has come; next_deadline() waits for what follows
    const auto step = static_cast<PrepareStep>(instance.next);
    const auto run = [&](auto work) {
        instance.job_running = true;
        const link::ObjectRef prefix = instance.spec.log_prefix;
        const bool queued = in_background(
            [work = std::move(work), prefix, url = objects_url(), ca = options.ca_file, id = instance.id,
             number = instance.next, tmp = root_ / "tmp" / rng_.text(12), stop = instance.stop]() mutable {
                StepOutcome outcome = work();
                // The step's log goes first, so that whoever hears of the step can read it.
                std::string key;
                if (!outcome.log.empty() && !prefix.bucket.empty() && !url.empty()) {
                    key = fmt::format("{}{}{}.log", prefix.key,
                                      prefix.key.empty() || prefix.key.ends_with('/') ? "" : "/", kStepNames[number]);
                    bool sent = false;
                    if (write_file_atomically(tmp, outcome.log))
                        sent = send_file(
                                   {object_url(url, prefix.bucket, key), prefix.authorization, outcome.log.size(), ca},
                                   tmp, *stop)
                                   .has_value();
                    remove_tree(tmp);
                    if (!sent) key.clear();
                }
                return std::pair(std::move(outcome), std::move(key));
            },
            [this, id = instance.id, number = instance.next](std::pair<StepOutcome, std::string> done) {
                step_done(id, number, std::move(done.first), std::move(done.second));
            });
        if (!queued) {
            instance.job_running = false;
            instance.retry.not_before_ms = now + 1'000;
        }
    };
    switch (step) {
        case PrepareStep::Accepted: step_done(instance.id, 0, {}, ""); break;
        case PrepareStep::Downloaded: need_package(instance); break;
        case PrepareStep::Extracted: {
            const auto package = packages_.find(instance.spec.package_sha256);
            if (package == packages_.end() ||
                !package->second.ready) {  // evicted meanwhile, or this is a new run of the agent
                need_package(instance);
                break;
            }
            ++package->second.in_use;
            package->second.used_ms = now;
            run([zip = package_path(instance.spec.package_sha256), folders = instance.folders, limits = options.unzip,
                 user = instance.user,
                 stop = instance.stop] { return extract_package(zip, folders, limits, user, *stop); });
            if (!instance.job_running) --package->second.in_use;
            break;
        }
        case PrepareStep::Installed: {
            auto limits = limiter_->prepare(instance.id, kInstaller, options.limits, allowed(instance.spec));
            if (!limits) {
                step_done(instance.id, instance.next, {.ok = false, .message = limits.error().message}, "");
                break;
            }
            InstallerRun installer{.folders = instance.folders,
                                   .sandbox = &*sandbox_,
                                   .shim = shim_,
                                   .user = instance.user,
                                   .limits = std::move(*limits),
                                   .time_limit = options.installer_limit,
                                   .environment = environment_of(instance, nullptr)};
            run([installer = std::move(installer), stop = instance.stop] { return run_installer(installer, *stop); });
            break;
        }
        case PrepareStep::PathsValidated: {
            std::set<std::string> paths;
            for (const auto& place : instance.spec.places) paths.insert(place.launch_path);
            run([paths = std::vector<std::string>(paths.begin(), paths.end()), folders = instance.folders] {
                return validate_paths(paths, folders);
            });
            break;
        }
    }
}

void Supervisor::Impl::step_done(const std::string& instance_id, int step, StepOutcome outcome, std::string log_key) {
    Instance* instance = find_instance(instance_id);
    if (!instance) return;
    instance->job_running = false;
    again_ = true;
    if (step == static_cast<int>(PrepareStep::Extracted))
        if (const auto package = packages_.find(instance->spec.package_sha256);
            package != packages_.end() && package->second.in_use > 0)
            --package->second.in_use;
    if (step == static_cast<int>(PrepareStep::Installed)) {
        if (!outcome.ok && limiter_->out_of_memory(instance_id, kInstaller))
            outcome.message += fmt::format("; it was out of memory: an instance of {} has {}",
                                           instance->spec.instance_type, size_text(instance->spec.memory_bytes));
        release_limits(instance_id, kInstaller);
    }
    if (instance->phase == InstancePhase::Remove) return;  // remove_if_empty waits for the job only
    report(link::InstanceStep{instance_id, static_cast<PrepareStep>(step), outcome.ok, outcome.message, log_key});
    if (outcome.ok) {
        if (!outcome.notice.empty()) notice(instance_id, outcome.notice);
        instance->log_keys[static_cast<std::size_t>(step)] = log_key;
        instance->next = step + 1;
        instance->retry = {};
        if (step == static_cast<int>(PrepareStep::Extracted)) {
            instance->sha256 = instance->spec.package_sha256;
            check_wanted_user(*instance);
        }
        save(*instance);
        return;
    }
    if (outcome.disk_full) evict_packages(0);
    const bool again =
        outcome.try_again && instance->retry.failed(now(), options.prepare_retry_first, options.prepare_retry_longest,
                                                    options.prepare_tries);
    if (!again) instance->gave_up = true;
    // install.sh may have left half of its work: the next try begins with clean files.
    if (step == static_cast<int>(PrepareStep::Installed)) instance->next = static_cast<int>(PrepareStep::Extracted);
}

void Supervisor::Impl::check_wanted_user(const Instance& instance) {
    const WantedUser wanted = read_wanted_user(instance.folders.game());
    if (!wanted.problem.empty()) {
        notice(instance.id, wanted.problem + "; it is ignored");
    } else if (wanted.asked && instance.user.uid < 0) {
        notice(instance.id,
               "gse.yaml asks for user_00:users, but this agent cannot give a game a user of its own (it needs to run "
               "as root with "
               "bubblewrap); the game runs as the agent's user");
    }
}

fs::path Supervisor::Impl::package_path(const std::string& sha256) const {
    return root_ / "packages" / (sha256 + ".zip");
}

void Supervisor::Impl::need_package(Instance& instance) {
    Package& package = packages_[instance.spec.package_sha256];
    package.used_ms = now();
    if (package.ready) {
        if (instance.next == static_cast<int>(PrepareStep::Downloaded))
            step_done(instance.id, 1, {.message = "from this host's cache"}, "");
        return;
    }
    if (!package.waiting.insert(instance.id).second) return;
    package.ref = instance.spec.package;
    package.bytes = instance.spec.package_bytes;
    if (package.waiting.size() == 1 && !package.fetching) {
        package.retry = {};
        fetch_package(instance.spec.package_sha256);
    }
}

void Supervisor::Impl::fetch_package(const std::string& sha256) {
    Package& package = packages_[sha256];
    if (package.bytes > options.package_bytes_max) {
        package_fetched(sha256, {.ok = false,
                                 .try_again = false,
                                 .message = fmt::format("The package has {} bytes, this host takes at most {}",
                                                        package.bytes, options.package_bytes_max)});
        return;
    }
    if (objects_url().empty()) {  // not welcomed yet
        package.retry.not_before_ms = now() + 1'000;
        return;
    }
    package.fetching = true;
    const Transfer transfer{object_url(objects_url(), package.ref.bucket, package.ref.key), package.ref.authorization,
                            package.bytes > 0 ? package.bytes : options.package_bytes_max, options.ca_file};
    const bool queued = in_background(
        [transfer, sha256, part = root_ / "packages" / (sha256 + ".part"), cached = package_path(sha256),
         stop = package.stop] {
            if (const auto fetched = fetch_file(transfer, part, *stop); !fetched)
                return StepOutcome{.ok = false,
                                   .try_again = fetched.error().code != ErrorCode::FailedOperation,
                                   .disk_full = fetched.error().code == ErrorCode::Insufficient,
                                   .message = fetched.error().message};
            return verify_package(part, sha256, cached);
        },
        [this, sha256](StepOutcome outcome) { package_fetched(sha256, std::move(outcome)); });
    if (!queued) {
        package.fetching = false;
        package.retry.not_before_ms = now() + 1'000;
    }
}

void Supervisor::Impl::package_fetched(const std::string& sha256, StepOutcome outcome) {
    Package& package = packages_[sha256];
    package.fetching = false;
    if (!reporter_.connected()) package.retry.tries = 0;  // a server that is away is no fault of the package
    if (outcome.disk_full) evict_packages(0);
    if (!outcome.ok && outcome.try_again && !package.waiting.empty() &&
        package.retry.failed(now(), options.download_retry_first, Millis{10'000}, options.download_tries))
        return;  // quietly: most of these pass
    package.retry = {};
    package.ready = outcome.ok;
    package.used_ms = now();
    const std::set<std::string> waiting = std::exchange(package.waiting, {});
    for (const auto& id : waiting) {
        Instance* instance = find_instance(id);
        if (!instance || instance->phase != InstancePhase::Run ||
            instance->next > static_cast<int>(PrepareStep::Extracted))
            continue;
        if (instance->next == static_cast<int>(PrepareStep::Downloaded) || !outcome.ok)
            step_done(id, static_cast<int>(PrepareStep::Downloaded), outcome, "");
    }
    if (outcome.ok)
        evict_packages();
    else
        drop_rest(sha256);
}

/// What came of a package that nobody here goes on to fetch would only take room.
void Supervisor::Impl::drop_rest(const std::string& sha256) {
    const auto package = packages_.find(sha256);
    if (package == packages_.end() || package->second.ready || package->second.fetching ||
        !package->second.waiting.empty())
        return;
    for (const auto& [id, instance] : instances_)
        if (instance.phase == InstancePhase::Run && !instance.gave_up &&
            instance.next <= static_cast<int>(PrepareStep::Extracted) && instance.spec.package_sha256 == sha256)
            return;  // it tries again, and goes on where this broke off
    std::error_code error;
    fs::remove(root_ / "packages" / (sha256 + ".part"), error);
    packages_.erase(package);
}

void Supervisor::Impl::evict_packages(std::uint64_t bytes) {
    std::uint64_t total = 0;
    std::vector<std::pair<std::int64_t, std::string>> unused;
    for (const auto& [sha, package] : packages_) {
        if (!package.ready) continue;
        total += package.bytes;
        bool wanted = package.in_use > 0;
        for (const auto& [id, instance] : instances_)
            wanted = wanted || (instance.phase == InstancePhase::Run && !instance.gave_up && instance.next < 3 &&
                                instance.spec.package_sha256 == sha);
        if (!wanted) unused.emplace_back(package.used_ms, sha);
    }
    std::sort(unused.begin(), unused.end());
    for (const auto& [used, sha] : unused) {
        if (total <= bytes) break;
        total -= packages_[sha].bytes;
        std::error_code error;
        fs::remove(package_path(sha), error);
        packages_.erase(sha);
    }
}

/// The files go once every process is gone and no worker touches them; what still runs is killed first.
void Supervisor::Impl::remove_if_empty(Instance& instance) {
    if (instance.removing) return;
    bool alive = false;
    for (const auto& id : instance.processes) {
        Process* process = find_process(id);
        if (!process || process->state == Process::State::Exited) continue;
        alive = true;
        if (!process->times.killing)
            begin_kill(*process, process->times.end.ending() ? process->times.end.reason : EndReason::ScaleIn);
    }
    if (alive || instance.job_running) return;
    for (const auto& [id, log] : logs_)
        if (log.order.instance_id == instance.id && !log.done) return;  // the last logs still lie here
    instance.removing = true;
    for (auto& [sha, package] : packages_) package.waiting.erase(instance.id);
    drop_rest(instance.spec.package_sha256);
    const bool queued = in_background(
        [folders = instance.folders] {
            end_leftover(folders.install());
            // Process folders stay until their exits are acknowledged; the rest goes now.
            remove_tree(folders.game());
            remove_tree(folders.install());
            remove_tree(folders.etc());
            return true;
        },
        [this, id = instance.id](bool) {
            Instance* gone = find_instance(id);
            if (!gone) return;
            gone->removed_files = true;
            inventory_changed_ = true;
            report(link::InstanceRemoved{id});
            if (gone->processes.empty()) {
                remove_tree(gone->folders.instance);
                instances_.erase(id);
            }
            evict_packages();
        });
    if (!queued) instance.removing = false;
}

}  // namespace gse::agent
