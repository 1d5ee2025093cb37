#include "api/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/access_keys.h"
#include "api/error_table.h"
#include "api/rate_limiter.h"
#include "api/uploads.h"
#include "codec/codec.h"

namespace gse::api {
namespace {

/// A call on its way: decoded on the caller's thread, decided on the owner's, answered once it is durable. All that it
/// needs is in one piece, because there are very many.
struct Call {
    const Services* services = nullptr;
    engine::ApiCall asked;  ///< without its parameters
    std::string_view region;
    std::move_only_function<void(std::string body)> done;
    std::optional<objects::ObjectInfo> package;
    // What the decision leaves to be done once it is durable.
    std::string unpinned;
    std::optional<objects::BucketRule> bucket_rule;
    std::optional<KeyChange> key_change;
    // What is counted of it.
    std::shared_ptr<CallCounts> counts;
    std::size_t action = 0;
    std::chrono::steady_clock::time_point began;
    std::optional<ErrorCode> refused;

    void answer(std::string body) {
        counts->add(action, refused, std::chrono::steady_clock::now() - began);
        done(std::move(body));
    }
    void refuse(const Error& error) {
        refused = error.code;
        answer(error_body(error, asked.request_id));
    }

    virtual ~Call() = default;
    /// Appends the fields of the answer.
    virtual Result<void> handle(Scope& scope, std::string& out) const = 0;
};

template <class Request>
struct CallOf final : Call {
    explicit CallOf(Request r) : request(std::move(r)) {}
    Result<void> handle(Scope& scope, std::string& out) const override {
        encode_fields(TRY(api::handle(scope, request)), out);
        return {};
    }
    Request request;
};

using Prepare = Result<std::shared_ptr<Call>> (*)(const engine::ApiCall&);

template <class Request>
Result<std::shared_ptr<Call>> prepare(const engine::ApiCall& call) {
    return std::make_shared<CallOf<Request>>(call.is_json ? TRY(decode_json<Request>(call.json, padding_of(call.json)))
                                                          : TRY(decode_flat<Request>(call.flat)));
}

struct Entry {
    Prepare prepare;
    Access access;
    std::size_t index;  ///< in api::actions()
};

template <class Request>
Entry entry() {
    using Traits = ActionTraits<Request>;
    return {&prepare<Request>, Traits::access, static_cast<std::size_t>(find_action(Traits::name) - actions().data())};
}

const std::unordered_map<std::string_view, Entry>& entries() {
    static const std::unordered_map<std::string_view, Entry> table = {
#define GSE_ENTRY(Name) {#Name, entry<Name##Request>()},
        GSE_FOR_EACH_ACTION(GSE_ENTRY)
#undef GSE_ENTRY
    };
    return table;
}

constexpr std::string_view kVersion = "2019-11-12";

Result<const Entry*> find_entry(const engine::ApiCall& call) {
    for (const auto& [name, value] : {std::pair("Action", &call.action), std::pair("Version", &call.version)})
        if (value->empty())
            return refuse(ErrorCode::MissingParameter,
                          fmt::format("{0} is missing; send it in the header X-TC-{0}, or as the parameter {0} of "
                                      "signature version 1",
                                      name));
    if (call.version != kVersion)
        return refuse(ErrorCode::NoSuchVersion, fmt::format("Version '{}' does not exist; this service speaks {}",
                                                            call.version.substr(0, 40), kVersion));
    const auto it = entries().find(call.action);
    if (it == entries().end())
        return refuse(ErrorCode::InvalidAction, fmt::format("There is no action '{}'", call.action.substr(0, 100)));
    return &it->second;
}

Result<std::string_view> find_region(const Settings& settings, std::string_view region) {
    if (region.empty()) return std::string_view(settings.default_region);
    for (const auto& known : settings.regions)
        if (known == region) return std::string_view(known);
    return refuse(ErrorCode::UnsupportedRegion, fmt::format("Region '{}' is not one of this server; it has {}",
                                                            region.substr(0, 100), fmt::join(settings.regions, ", ")));
}

std::string decide(Call& call, core::Step& step) {
    Scope scope{
        step, *call.services, call.region, call.asked.request_id, call.asked.secret_id, std::move(call.package), {},
        {}};
    scope.local = call.asked.local;
    std::string body = begin_answer();
    if (const auto answered = call.handle(scope, body); answered) {
        end_answer(body, call.asked.request_id);
    } else {
        call.refused = answered.error().code;
        body = error_body(answered.error(), call.asked.request_id);
        // A package that was pinned for an asset that is refused is needed by nobody.
        if (scope.package) scope.unpinned = scope.package->sha256;
    }
    call.unpinned = std::move(scope.unpinned);
    call.bucket_rule = std::move(scope.bucket_rule);
    call.key_change = std::move(scope.key_change);
    return body;
}

/// A zip begins with a file's record, or with the end of a list of none. What else a fleet would find wrong in it,
/// minutes later, its events tell; this is the mistake that is seen at once.
Result<void> check_zip(objects::Download& source, std::string_view key) {
    std::array<std::byte, 4> head{};
    const std::size_t got = TRY(source.read(0, head));
    const std::string_view text(reinterpret_cast<const char*>(head.data()), got);
    if (text == "PK\3\4" || text == "PK\5\6") return {};
    return refuse(ErrorCode::InvalidParameterValue,
                  fmt::format("the upload '{}' is not a zip file; pack the game's files at the root of one", key));
}

/// Copies an upload to where it stays under its hash, so that a later upload under the same key changes no asset.
Result<objects::ObjectInfo> pin_package(objects::ObjectStore& store, const std::string& bucket,
                                        const std::string& key) {
    const auto source = TRY(store.get(bucket, key));
    TRY(check_zip(*source, key));
    const objects::ObjectInfo info = source->info();
    if (const auto pinned = TRY(store.stat(kPackageBucket, info.sha256)); pinned && pinned->sha256 == info.sha256)
        return *pinned;
    return store.copy({bucket, key}, {std::string(kPackageBucket), info.sha256});
}

}  // namespace

/// One thread for what must wait for a disk before a call can be decided.
struct Gateway::Worker {
    static constexpr std::size_t kWaitingMax = 100;
    /// Gets no store when the server is shutting down: then it answers that.
    using Job = std::move_only_function<void(objects::ObjectStore*)>;

    /// Between two steps of the walk that removes old uploads, and between two walks.
    static constexpr std::chrono::seconds kSweepStep{1};
    static constexpr std::chrono::minutes kSweepPause{10};
    static constexpr std::size_t kSweepMax = 256;
    static constexpr std::chrono::minutes kUsePause{1};

    Worker(engine::Engine& e, objects::ObjectStore& object_store, engine::KeyBook* k, const Settings& s, const Clock& c)
        : owner(e), store(object_store), keys(k), settings(s), clock(c), thread([this] { run(); }) {}
    ~Worker() {
        {
            std::lock_guard lock(mutex);
            stopping = true;
        }
        wakes.notify_one();
        thread.join();
    }

    bool push(Job job) {
        {
            std::lock_guard lock(mutex);
            if (jobs.size() >= kWaitingMax) return false;
            jobs.push_back(std::move(job));
        }
        wakes.notify_one();
        return true;
    }

    void run() {
        std::unique_lock lock(mutex);
        objects::SweepCursor cursor;
        auto sweep_at = std::chrono::steady_clock::now() + kSweepStep;
        auto uses_at = std::chrono::steady_clock::now() + kUsePause;
        for (;;) {
            if (!wakes.wait_until(lock, std::min(sweep_at, uses_at), [this] { return stopping || !jobs.empty(); })) {
                lock.unlock();
                if (std::chrono::steady_clock::now() >= uses_at) {
                    write_uses();
                    uses_at = std::chrono::steady_clock::now() + kUsePause;
                }
                if (std::chrono::steady_clock::now() < sweep_at) {
                    lock.lock();
                    continue;
                }
                // What cannot be removed now is tried again by the next walk.
                const auto swept = sweep_uploads(store, cursor, settings, clock.wall(), kSweepMax);
                const bool pause = !swept || swept->complete;
                sweep_at = std::chrono::steady_clock::now() + (pause ? std::chrono::seconds(kSweepPause) : kSweepStep);
                lock.lock();
                continue;
            }
            if (jobs.empty()) return;
            auto job = std::move(jobs.front());
            jobs.pop_front();
            objects::ObjectStore* const given = stopping ? nullptr : &store;
            lock.unlock();
            job(given);
            lock.lock();
        }
    }

    /// When keys were used last is written down once a minute, by nobody's request. If it cannot be now, the next use
    /// will be.
    void write_uses() {
        if (!keys) return;
        auto uses = keys->take_uses();
        if (uses.empty()) return;
        (void)owner.submit(
            engine::Engine::Kind::Write,
            [uses = std::move(uses)](core::Step& step) {
                record_uses(step, uses);
                return std::string{};
            },
            [](std::string) {});
    }

    engine::Engine& owner;
    objects::ObjectStore& store;
    engine::KeyBook* const keys;
    const Settings& settings;
    const Clock& clock;
    std::mutex mutex;
    std::condition_variable wakes;
    std::deque<Job> jobs;
    bool stopping = false;
    std::thread thread;
};

namespace {
void put_in_force(KeyChange change, engine::KeyBook& keys) {
    if (change.removed)
        keys.remove(change.key.secret_id);
    else
        keys.set(std::move(change.key));
}

/// Removes a package unless an asset still names it. Pinning and dropping are jobs of one thread, and the look at the
/// state waits its turn behind every CreateAsset decided meanwhile: what a new asset has pinned stays. A crash before
/// the removal leaves a file that nobody reads.
void drop_package(auto& worker, engine::Engine& engine, std::string sha256) {
    worker.push([&engine, sha256 = std::move(sha256)](objects::ObjectStore* store) {
        if (!store) return;
        bool used = true;
        const bool looked = engine.inspect([&](const core::State& state) {
            used = false;
            state.table<core::Asset>().for_each(
                [&](core::Slot, const core::Asset& asset) { used = used || asset.sha256 == sha256; });
        });
        if (looked && !used) (void)store->remove(kPackageBucket, sha256);
    });
}
}  // namespace

Gateway::Gateway(engine::Engine& engine, objects::ObjectStore& store, const Services& services,
                 const Settings& settings, const Clock& clock)
    : engine_(engine),
      services_(services),
      settings_(settings),
      clock_(clock),
      worker_(std::make_shared<Worker>(engine, store, services.keys, settings, clock)),
      counts_(std::make_shared<CallCounts>(actions().size())) {}
Gateway::~Gateway() = default;

void Gateway::call(engine::ApiCall asked, std::move_only_function<void(std::string body)> done) {
    const auto began = std::chrono::steady_clock::now();
    const auto entry = find_entry(asked);
    if (!entry) {
        counts_->add_unknown();
        return done(error_body(entry.error(), asked.request_id));
    }
    const auto refuse_it = [&](const Error& error) {
        counts_->add((*entry)->index, error.code, std::chrono::steady_clock::now() - began);
        done(error_body(error, asked.request_id));
    };
    const auto region = find_region(settings_, asked.region);
    if (!region) return refuse_it(region.error());
    if (services_.rates) {
        const auto admitted = services_.rates->admit(asked.account, *region, (*entry)->index, clock_.monotonic_ms());
        if (!admitted) return refuse_it(admitted.error());
    }
    auto prepared = (*entry)->prepare(asked);
    if (!prepared) return refuse_it(prepared.error());

    const auto kind = (*entry)->access == Access::Write ? engine::Engine::Kind::Write : engine::Engine::Kind::Read;
    const std::shared_ptr<Call> call = std::move(*prepared);
    call->services = &services_;
    call->asked = std::move(asked);
    call->asked.json = {};
    call->asked.flat = {};
    call->region = *region;
    call->done = std::move(done);
    call->counts = counts_;
    call->action = (*entry)->index;
    call->began = began;
    // Refers to nothing of the gateway: the engine may run it when the gateway is gone already.
    const auto submit = [&engine = engine_, kind,
                         worker = std::weak_ptr(worker_)](const std::shared_ptr<Call>& submitted) {
        const auto result = engine.submit(
            kind, [submitted](core::Step& step) { return decide(*submitted, step); },
            [&engine, submitted, worker](std::string body) {
                const Services& services = *submitted->services;
                if (submitted->bucket_rule && services.bucket_rules)
                    services.bucket_rules->set(std::move(*submitted->bucket_rule));
                if (submitted->key_change && services.keys)
                    put_in_force(std::move(*submitted->key_change), *services.keys);
                submitted->answer(std::move(body));
                if (submitted->unpinned.empty()) return;
                if (const auto alive = worker.lock()) drop_package(*alive, engine, std::move(submitted->unpinned));
            },
            submitted->asked.hurry);
        if (!result) submitted->refuse(result.error());
    };
    if (call->asked.action != "CreateAsset") return submit(call);

    const auto& asset = static_cast<const CallOf<CreateAssetRequest>&>(*call).request;
    const bool queued = worker_->push([submit, call, bucket = upload_bucket(settings_, asset.asset_region),
                                       key = asset.bucket_key](objects::ObjectStore* store) {
        if (!store) return call->refuse({ErrorCode::Overloaded, "the server is shutting down; try again"});
        const auto stored = store->stat(bucket, key);
        if (!stored) return call->refuse(stored.error());
        if (*stored) {
            auto pinned = pin_package(*store, bucket, key);
            if (!pinned) return call->refuse(pinned.error());
            call->package = std::move(*pinned);
        }
        submit(call);
    });
    if (!queued)
        call->refuse({ErrorCode::Overloaded, "too many assets are being registered at once; try again in a moment"});
}

std::string answer(core::Step& step, const Services& services, const engine::ApiCall& asked,
                   std::optional<objects::ObjectInfo> package) {
    const auto run = [&]() -> Result<std::string> {
        const Entry* entry = TRY(find_entry(asked));
        const std::string_view region = TRY(find_region(step.settings(), asked.region));
        const std::shared_ptr<Call> call = TRY(entry->prepare(asked));
        call->services = &services;
        call->asked = asked;
        call->region = region;
        call->package = std::move(package);
        return decide(*call, step);
    };
    const auto body = run();
    return body ? *body : error_body(body.error(), asked.request_id);
}

}  // namespace gse::api

namespace gse::engine {
std::string error_body(const Error& error, std::string_view request_id) { return api::error_body(error, request_id); }
}  // namespace gse::engine
