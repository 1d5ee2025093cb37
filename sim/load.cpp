#include "sim/load.h"

#include "sim/violation.h"

namespace gse::sim {
namespace {

template <class Map>
typename Map::iterator pick(Map& map, SeededRng& rng) {
    auto it = map.begin();
    if (!map.empty()) std::advance(it, static_cast<std::ptrdiff_t>(rng.below(map.size())));
    return it;
}

std::string version_text(std::uint64_t version) { return fmt::format("v{}", version); }
std::uint64_t version_of(const std::string& description) {
    return description.size() > 1 ? std::stoull(description.substr(1)) : 0;
}

}  // namespace

Load::Load(const LoadShape& shape, const Settings& settings, SeededRng& rng)
    : shape_(shape),
      settings_(settings),
      rng_(rng),
      auth_("a secret of thirty-two bytes or more"),
      services_{
          .object_auth = auth_, .token_secret = "another secret of thirty-two bytes", .public_url = "http://sim"} {}

template <class Request>
void Load::send(Server& server, const Request& request, Done done, Lost lost,
                std::optional<objects::ObjectInfo> package) {
    ++counts_.calls;
    if (!server.up()) {
        ++counts_.lost;
        if (lost) lost();
        return;
    }
    engine::ApiCall call;
    call.action = api::ActionTraits<Request>::name;
    call.version = "2019-11-12";
    call.request_id = fmt::format("request-{}", next_ticket_);
    api::encode(request, call.json);
    const std::uint64_t ticket = next_ticket_++;
    waiting_.emplace(ticket, Waiting{std::move(done), std::move(lost)});
    server.call(ticket, [this, call = std::move(call), package = std::move(package)](core::Step& step) {
        return api::answer(step, services_, call, package);
    });
}

void Load::on_answer(const Answer& answer, Now now) {
    now_ = now;
    const auto it = waiting_.find(answer.ticket);
    if (it == waiting_.end()) return;
    const Waiting waiting = std::move(it->second);
    waiting_.erase(it);
    const auto envelope = api::open_envelope(answer.body);
    require(envelope.has_value(), "answers can be read", "{}", answer.body);
    require(envelope->error_code != "InternalError" && envelope->error_code != "UnknownParameter" &&
                envelope->error_code != "MissingParameter",
            "calls are understood", "{}: {}", envelope->error_code, envelope->error_message);
    if (!envelope->error_code.empty()) ++counts_.refused;
    waiting.done(*envelope);
}

void Load::on_crash() {
    const auto lost = std::exchange(waiting_, {});
    for (const auto& [ticket, waiting] : lost) {
        ++counts_.lost;
        if (waiting.lost) waiting.lost();
    }
}

void Load::forget_old(Now now) {
    // Whoever waits for an answer will look at what he asked about.
    if (!waiting_.empty()) return;
    constexpr std::int64_t kMargin = 120'000;
    const Retention& keep = settings_.retention;
    const auto old = [&](std::int64_t asked, Millis promised) {
        return asked + promised.count() + kMargin <= now.engine.ms;
    };
    // A session goes with the token that made it: whoever has one may ask for the other.
    const Millis life = std::max({keep.ended_sessions, keep.deleted_fleets, keep.idempotency});
    std::erase_if(placements_, [&](const auto& one) { return old(one.second.asked, keep.ended_placements); });
    std::erase_if(seats_, [&](const auto& one) { return old(one.second.asked, life); });
    std::erase_if(sessions_, [&](const auto& one) { return old(one.second.asked, life); });
    std::erase_if(arrivals_, [&](const auto& one) { return !sessions_.contains(one.first); });
    std::erase_if(first_asked_, [&](const auto& one) {
        if (!old(one.second, life)) return false;
        open_tokens_.erase(one.first);
        token_session_.erase(one.first);
        return true;
    });
    std::erase_if(fleets_, [](const auto& one) { return one.second.deleted; });
}

std::vector<std::string> Load::take_arrivals(const std::string& session) {
    const auto it = arrivals_.find(session);
    if (it == arrivals_.end()) return {};
    auto players = std::move(it->second);
    arrivals_.erase(it);
    return players;
}

// ------------------------------------------------------------------ what they ask

void Load::tick(Server& server, Now now) {
    now_ = now;
    if (stopped_ || !rng_.chance(shape_.calls * pressure_)) return;
    if (assets_.empty()) return create_asset(server);
    if (fleets_.empty()) return create_fleet(server);
    switch (rng_.below(66)) {
        case 0: return create_asset(server);
        case 1: return fleets_.size() < shape_.fleets_max ? create_fleet(server) : describe(server);
        case 2: return delete_fleet(server);
        case 3:
        case 4: return change_capacity(server);
        case 5: return change_policy(server);
        case 6: return aliases_.size() < shape_.aliases_max ? create_alias(server) : read_alias(server);
        case 7:
        case 8: return update_alias(server);
        case 9:
        case 10: return read_alias(server);
        case 11: return end_session(server);
        case 12: return update_session(server);
        case 13:
        case 14: return describe(server);
        case 15:
        case 16:
        case 17: {
            // Somebody who got no answer asks again.
            const auto it = pick(open_tokens_, rng_);
            if (it == open_tokens_.end()) return create_session(server);
            ++counts_.repeats;
            return create_session(server, it->first);
        }
        case 40: return queues_.size() < shape_.queues_max ? create_queue(server) : change_queue(server);
        case 41: return stop_placement(server);
        case 42:
        case 43:
        case 44:
        case 45:
        case 46:
        case 47: return start_placement(server);
        case 48:
        case 49:
        case 50:
        case 51:
        case 52:
        case 53: return describe_placement(server);
        case 54:
        case 55: return change_fleet(server);
        case 56: return fleets_.size() < shape_.fleets_max ? copy_fleet(server) : change_fleet(server);
        case 57: return change_instance(server);
        case 58: return wait_for_placement(server);
        case 59: return explain_placement(server);
        case 60: return rng_.chance(0.5) ? roll_alias_back(server) : read_alias(server);
        case 61: return tag_alias(server);
        case 62: return drain_fleet(server);
        case 63:
        case 64: return undrain_fleet(server);
        case 65: return change_host(server);
        default: return rng_.chance(0.4) ? create_session(server) : join(server);
    }
}

std::string Load::pick_fleet() {
    const auto it = pick(fleets_, rng_);
    return it == fleets_.end() ? std::string() : it->first;
}

std::string Load::pick_session() {
    // Mostly a young one.
    std::vector<const std::string*> young;
    for (const auto& [id, session] : sessions_)
        if (session.asked + 20'000 > now_.engine.ms && !session.ended) young.push_back(&id);
    if (!young.empty() && rng_.chance(0.9)) return *young[rng_.below(young.size())];
    const auto it = pick(sessions_, rng_);
    return it == sessions_.end() ? std::string() : it->first;
}

void Load::create_asset(Server& server) {
    api::CreateAssetRequest request;
    request.bucket_key = fmt::format("key-{}", next_name_);
    request.asset_name = fmt::format("asset-{}", next_name_++);
    request.asset_version = "1.0";
    request.asset_region = settings_.default_region;
    request.operate_system = "CentOS7.16";
    objects::ObjectInfo info{.size = 1'000, .sha256 = std::string(64, 'a'), .stored_at = now_.wall};
    send(
        server, request,
        [this](const api::Envelope& envelope) {
            if (const auto made = api::decode_response<api::CreateAssetResponse>(envelope.response);
                envelope.error_code.empty() && made)
                assets_.push_back(made->asset_id);
        },
        {}, info);
}

void Load::create_fleet(Server& server) {
    api::CreateFleetRequest request;
    request.asset_id = assets_[rng_.below(assets_.size())];
    request.name = fmt::format("fleet-{}", next_name_++);
    request.instance_type = "S5.LARGE8";
    request.inbound_permissions.push_back(
        {.from_port = shape_.ports.low, .ip_range = "0.0.0.0/0", .protocol = "UDP", .to_port = shape_.ports.high});
    const char* policies[] = {"NoProtection", "TimeLimitProtection", "FullProtection"};
    request.new_game_server_session_protection_policy = policies[rng_.below(3)];
    request.game_server_session_protection_time_limit = 5;
    request.runtime_configuration.game_server_session_activation_timeout_seconds = shape_.activation_timeout_s;
    request.runtime_configuration.max_concurrent_game_server_session_activations =
        rng_.chance(0.3) ? 1 + rng_.below(3) : 0;
    request.runtime_configuration.server_processes.push_back({.concurrent_executions = 1 + rng_.below(shape_.processes),
                                                              .launch_path = "/local/game/server",
                                                              .parameters = "-port {client_port}"});
    send(server, request, [this](const api::Envelope& envelope) {
        if (!envelope.error_code.empty()) return;
        const auto made = api::decode_response<api::CreateFleetResponse>(envelope.response);
        require(made.has_value(), "answers can be read", "{}", envelope.response);
        fleets_.emplace(made->fleet_attributes->fleet_id.value_or(""), KnownFleet{});
    });
}

void Load::delete_fleet(Server& server) {
    const std::string id = pick_fleet();
    if (id.empty() || (fleets_.size() < 2 && rng_.chance(0.8))) return;
    api::DeleteFleetRequest request;
    request.fleet_id = id;
    fleets_[id].delete_asked = true;
    send(server, request, [this, id](const api::Envelope& envelope) {
        if (envelope.error_code.empty()) fleets_[id].deleted = true;
    });
}

void Load::change_capacity(Server& server) {
    const std::string id = pick_fleet();
    if (id.empty()) return;
    api::UpdateFleetCapacityRequest request;
    request.fleet_id = id;
    request.max_size = 1 + rng_.below(shape_.max_instances);
    request.min_size = rng_.below(*request.max_size + 1);
    if (rng_.chance(0.5))
        request.desired_instances = *request.min_size + rng_.below(*request.max_size - *request.min_size + 1);
    if (rng_.chance(0.3)) request.scaling_interval = 1 + rng_.below(5);
    KnownFleet& fleet = fleets_[id];
    fleet.capacity_known = false;
    const std::uint64_t ask = ++fleet.capacity_asks;
    send(server, request,
         [this, id, ask, min = *request.min_size, max = *request.max_size](const api::Envelope& envelope) {
             KnownFleet& known = fleets_[id];
             if (known.capacity_asks != ask || !envelope.error_code.empty()) return;
             known.min = min, known.max = max;
             known.capacity_known = true;
         });
}

void Load::copy_fleet(Server& server) {
    api::CopyFleetRequest request;
    request.fleet_id = pick_fleet();
    if (request.fleet_id.empty()) return;
    request.copy_number = 1;
    request.selected_scaling_type = rng_.chance(0.5) ? "SCALING_SELECTED" : "SCALING_UNSELECTED";
    send(server, request, [this](const api::Envelope& envelope) {
        if (!envelope.error_code.empty()) return;
        const auto made = api::decode_response<api::CopyFleetResponse>(envelope.response);
        require(made.has_value(), "answers can be read", "{}", envelope.response);
        fleets_.emplace(made->fleet_attributes.at(0).fleet_id.value_or(""), KnownFleet{});
    });
}

void Load::change_fleet(Server& server) {
    const std::string id = pick_fleet();
    if (id.empty()) return;
    const auto ignore = [](const api::Envelope&) {};
    if (rng_.chance(0.6)) {
        // Other parameters, another number of processes, or both; sometimes a second program.
        api::UpdateRuntimeConfigurationRequest request;
        request.fleet_id = id;
        request.runtime_configuration.game_server_session_activation_timeout_seconds = shape_.activation_timeout_s;
        for (std::uint64_t i = 0, n = 1 + rng_.below(2); i < n; ++i)
            request.runtime_configuration.server_processes.push_back(
                {.concurrent_executions = 1 + rng_.below(shape_.processes),
                 .launch_path = "/local/game/server",
                 .parameters = fmt::format("-port {{client_port}} -v {}", rng_.below(3))});
        return send(server, request, ignore);
    }
    if (rng_.chance(0.5)) {
        // From the whole range to the lower half of it, or back.
        const std::uint64_t half = shape_.ports.low + (shape_.ports.high - shape_.ports.low) / 2U;
        const bool narrow = rng_.chance(0.5);
        const std::uint64_t whole = shape_.ports.high;
        api::UpdateFleetPortSettingsRequest request;
        request.fleet_id = id;
        request.inbound_permission_authorizations = {{.from_port = shape_.ports.low,
                                                      .ip_range = "0.0.0.0/0",
                                                      .protocol = "UDP",
                                                      .to_port = narrow ? half : whole}};
        request.inbound_permission_revocations = {{.from_port = shape_.ports.low,
                                                   .ip_range = "0.0.0.0/0",
                                                   .protocol = "UDP",
                                                   .to_port = narrow ? whole : half}};
        return send(server, request, ignore);
    }
    api::UpdateFleetAttributesRequest request;
    request.fleet_id = id;
    const char* policies[] = {"NoProtection", "TimeLimitProtection", "FullProtection"};
    request.new_game_session_protection_policy = policies[rng_.below(3)];
    request.game_server_session_protection_time_limit = 5 + static_cast<std::int64_t>(rng_.below(5));
    send(server, request, ignore);
}

void Load::change_instance(Server& server) {
    if (instances_.empty()) return;
    const auto& [fleet, instance] = instances_[rng_.below(instances_.size())];
    const auto ignore = [](const api::Envelope&) {};
    if (rng_.chance(0.5)) {
        api::SetServerWeightRequest request;
        request.fleet_id = fleet;
        request.instance_id = instance;
        request.weight = static_cast<std::int64_t>(rng_.below(11));
        return send(server, request, ignore);
    }
    api::SetServerReservedRequest request;
    request.fleet_id = fleet;
    request.instance_id = instance;
    request.reserve_value = rng_.chance(0.3) ? 1 : 0;
    send(server, request, ignore);
}

void Load::change_policy(Server& server) {
    const std::string id = pick_fleet();
    if (id.empty()) return;
    const auto ignore = [](const api::Envelope&) {};
    if (rng_.chance(0.4)) return change_stored(server, id);
    if (rng_.chance(0.2)) {
        api::DeleteScalingPolicyRequest request;
        request.fleet_id = id;
        return send(server, request, ignore);
    }
    if (rng_.chance(0.2)) {
        api::StopFleetActionsRequest request;
        request.fleet_id = id;
        request.actions = {"AUTO_SCALING"};
        return send(server, request, ignore);
    }
    if (rng_.chance(0.3)) {
        api::StartFleetActionsRequest request;
        request.fleet_id = id;
        request.actions = {"AUTO_SCALING"};
        return send(server, request, ignore);
    }
    if (rng_.chance(0.4)) return put_rule(server, id, fmt::format("policy-{}", rng_.below(4)));
    api::PutScalingPolicyRequest request;
    request.fleet_id = id;
    request.name = "buffer";
    request.metric_name = "PercentAvailableGameSessions";
    request.policy_type = "TargetBased";
    request.target_configuration = api::TargetConfiguration{.target_value = 1 + rng_.below(90)};
    if (rng_.chance(0.3)) request.target_configuration->minimum_free_sessions = rng_.below(6);
    if (rng_.chance(0.3)) request.target_configuration->keep_one = false;
    send(server, request, ignore);
}

void Load::put_rule(Server& server, const std::string& id, const std::string& name) {
    const char* metrics[] = {"AvailableGameServerSessions",
                             "PercentAvailableGameServerSessions",
                             "AvailableCustomCount",
                             "PercentAvailableCustomCount",
                             "ActiveInstances",
                             "IdleInstances",
                             "PercentIdleInstances",
                             "CurrentPlayerSessions"};
    const char* types[] = {"ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"};
    const char* comparisons[] = {">", ">=", "<", "<="};
    api::PutScalingPolicyRequest request;
    request.fleet_id = id;
    request.name = name;
    request.policy_type = "RuleBased";
    request.metric_name = metrics[rng_.below(8)];
    request.scaling_adjustment_type = types[rng_.below(3)];
    request.scaling_adjustment = *request.scaling_adjustment_type == "ExactCapacity"
                                     ? static_cast<std::int64_t>(rng_.below(4))
                                     : static_cast<std::int64_t>(rng_.below(5)) - 2;
    request.comparison_operator = comparisons[rng_.below(4)];
    request.threshold = static_cast<double>(rng_.below(12)) / 2;
    request.evaluation_periods = 1 + static_cast<std::int64_t>(rng_.below(9));
    send(server, request, [](const api::Envelope&) {});
}

/// It fires within seconds, and again a day later, or when the clock on the wall jumps.
void Load::put_timer(Server& server, const std::string& id, const std::string& name) {
    api::TimerFleetCapacity capacity{.fleet_id = id};
    capacity.max_size = 1 + static_cast<std::int64_t>(rng_.below(shape_.max_instances));
    if (rng_.chance(0.5))
        capacity.min_size = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(*capacity.max_size) + 1));
    if (rng_.chance(0.3)) capacity.scaling_type = 1 + static_cast<std::int64_t>(rng_.below(2));
    if (rng_.chance(0.3)) capacity.target_configuration = api::TargetConfiguration{.target_value = 1 + rng_.below(90)};
    api::PutTimerScalingPolicyRequest request;
    request.timer_scaling_policy.timer_name = name;
    request.timer_scaling_policy.timer_fleet_capacity = capacity;
    request.timer_scaling_policy.timer_configuration = api::TimerConfiguration{
        .timer_type = 1 + static_cast<std::int64_t>(rng_.below(2)),
        .begin_time = format_utc(now_.wall + Millis{1'000 + static_cast<std::int64_t>(rng_.below(30'000))})};
    fleets_[id].timers = true;
    send(server, request, [](const api::Envelope&) {});
}

void Load::drain_fleet(Server& server) {
    const std::string id = pick_fleet();
    if (id.empty()) return;
    api::DrainFleetRequest request;
    request.fleet_id = id;
    request.deny_joins = rng_.chance(0.3);
    if (rng_.chance(0.4)) request.deadline_in_seconds = 1 + rng_.below(60);
    KnownFleet& fleet = fleets_[id];
    if (rng_.chance(0.2) && fleets_.size() > 1) request.delete_when_empty = fleet.delete_asked = true;
    fleet.drain_known = false;
    const std::uint64_t ask = ++fleet.drain_asks;
    send(server, request, [this, id, ask](const api::Envelope& envelope) {
        KnownFleet& known = fleets_[id];
        if (known.drain_asks != ask || !envelope.error_code.empty()) return;
        const auto read = api::decode_response<api::DrainFleetResponse>(envelope.response);
        require(read.has_value(), "answers can be read", "{}", envelope.response);
        require(read->fleet_drain.status == "DRAINING", "what is drained drains", "{}", envelope.response);
        known.draining = known.drain_known = true;
    });
}

void Load::undrain_fleet(Server& server) {
    const std::string id = pick_fleet();
    if (id.empty()) return;
    api::UndrainFleetRequest request;
    request.fleet_id = id;
    KnownFleet& fleet = fleets_[id];
    fleet.drain_known = false;
    const std::uint64_t ask = ++fleet.drain_asks;
    send(server, request, [this, id, ask](const api::Envelope& envelope) {
        KnownFleet& known = fleets_[id];
        if (known.drain_asks != ask || !envelope.error_code.empty()) return;
        known.draining = false;
        known.drain_known = true;
    });
}

/// What changes nothing at once.
void Load::change_stored(Server& server, const std::string& id) {
    const auto ignore = [](const api::Envelope&) {};
    const std::string name = fmt::format("policy-{}", rng_.below(4));
    switch (rng_.below(6)) {
        case 0:
        case 1: return put_timer(server, id, name);
        case 2: {
            api::DeleteTimerScalingPolicyRequest request;
            request.fleet_id = id;
            request.timer_name = name;
            return send(server, request, ignore);
        }
        case 3: {
            api::AttachCcnInstancesRequest request{.fleet_id = id, .account_id = "1", .ccn_id = "ccn-1"};
            return send(server, request, ignore);
        }
        case 4: {
            if (rng_.chance(0.7)) return change_keys(server);
            api::UpdateBucketCORSOptRequest request;
            request.allowed_origins = {"*"};
            request.allowed_methods = {"GET"};
            return send(server, request, ignore);
        }
        default: {
            api::DeleteScalingPolicyRequest request;
            request.fleet_id = id;
            request.name = name;
            return send(server, request, ignore);
        }
    }
}

void Load::change_keys(Server& server) {
    const auto ignore = [](const api::Envelope&) {};
    if (keys_.size() < 3)
        return send(server, api::CreateAccessKeyRequest{.read_only = rng_.chance(0.5)},
                    [this](const api::Envelope& envelope) {
                        if (!envelope.error_code.empty()) return;
                        const auto made = api::decode_response<api::CreateAccessKeyResponse>(envelope.response);
                        require(made.has_value(), "answers can be read", "{}", envelope.response);
                        keys_.push_back(made->access_key.secret_id);
                    });
    // Acknowledged keys are there, after any crash.
    const std::string id = keys_.front();
    if (rng_.chance(0.5))
        return send(server, api::UpdateAccessKeyRequest{.secret_id = id, .status = "DISABLED"},
                    [id](const api::Envelope& envelope) {
                        require(envelope.error_code != "ResourceNotFound", "no acknowledged change is lost",
                                "access key {} is gone", id);
                    });
    keys_.erase(keys_.begin());
    send(server, api::DeleteAccessKeyRequest{.secret_id = id}, ignore);
}

/// Most of the time they are open, or nothing would have room any more.
void Load::change_host(Server& server) {
    if (hosts_.empty() || rng_.chance(0.2))
        return send(server, api::ListHostsRequest{}, [this](const api::Envelope& envelope) {
            if (!envelope.error_code.empty()) return;
            const auto listed = api::decode_response<api::ListHostsResponse>(envelope.response);
            require(listed.has_value(), "answers can be read", "{}", envelope.response);
            hosts_.clear();
            for (const auto& host : listed->hosts) hosts_.emplace_back(host.host_id, host.name.starts_with("gse-"));
        });
    constexpr const char* kAvailabilities[] = {"OPEN", "OPEN", "OPEN", "CORDONED", "DRAINING"};
    const auto [id, provided] = hosts_[rng_.below(hosts_.size())];
    send(server, api::UpdateHostRequest{.host_id = id, .availability = kAvailabilities[rng_.below(5)]},
         [id, provided](const api::Envelope& envelope) {
             // One that was supplied goes by itself.
             require(provided || envelope.error_code != "ResourceNotFound", "no acknowledged change is lost",
                     "host {} is gone", id);
         });
}

void Load::create_alias(Server& server) {
    const std::string fleet = pick_fleet();
    if (fleet.empty()) return;
    api::CreateAliasRequest request;
    request.name = fmt::format("alias-{}", next_name_++);
    request.description = version_text(1);
    request.routing_strategy.type = "SIMPLE";
    request.routing_strategy.fleet_id = fleet;
    send(server, request, [this](const api::Envelope& envelope) {
        if (!envelope.error_code.empty()) return;
        const auto made = api::decode_response<api::CreateAliasResponse>(envelope.response);
        require(made.has_value(), "answers can be read", "{}", envelope.response);
        aliases_.emplace(made->alias.alias_id, KnownAlias{});
    });
}

void Load::update_alias(Server& server) {
    const auto it = pick(aliases_, rng_);
    if (it == aliases_.end()) return;
    const std::string id = it->first;
    if (it->second.gone || rng_.chance(0.1)) {
        it->second.gone = true;
        api::DeleteAliasRequest request;
        request.alias_id = id;
        return send(server, request, [this, id](const api::Envelope& envelope) {
            if (envelope.error_code.empty() || envelope.error_code.starts_with("ResourceNotFound")) aliases_.erase(id);
        });
    }
    api::UpdateAliasRequest request;
    request.alias_id = id;
    const std::uint64_t version = ++it->second.asked;
    request.description = version_text(version);
    if (rng_.chance(0.6)) {
        request.routing_strategy =
            api::RoutingStrategy{.type = "SIMPLE", .fleet_id = pick_fleet(), .message = std::nullopt};
    } else if (rng_.chance(0.2)) {
        request.routing_strategy =
            api::RoutingStrategy{.type = "TERMINAL", .fleet_id = std::nullopt, .message = "closed for today"};
    }
    send(server, request, [this, id, version](const api::Envelope& envelope) {
        if (!envelope.error_code.empty() || !aliases_.contains(id)) return;
        aliases_[id].seen = std::max(aliases_[id].seen, version);
    });
}

void Load::read_alias(Server& server) {
    const auto it = pick(aliases_, rng_);
    if (it == aliases_.end()) return;
    const std::string id = it->first;
    api::DescribeAliasRequest request;
    request.alias_id = id;
    send(server, request, [this, id, seen = it->second.seen](const api::Envelope& envelope) {
        const auto known = aliases_.find(id);
        if (known == aliases_.end() || known->second.gone) return;
        require(envelope.error_code.empty(), "no acknowledged change is lost", "alias {} is {}", id,
                envelope.error_code);
        const auto read = api::decode_response<api::DescribeAliasResponse>(envelope.response);
        require(read.has_value(), "answers can be read", "{}", envelope.response);
        const std::uint64_t version = version_of(read->alias->description.value_or(""));
        require(version >= seen, "reads never go back", "alias {} was at v{} and reads as v{}", id, seen, version);
        known->second.seen = std::max(known->second.seen, version);
    });
}

void Load::create_session(Server& server, std::string token) {
    api::CreateGameServerSessionRequest request;
    if (!token.empty()) {
        request = open_tokens_.at(token);
    } else {
        if (const auto alias = pick(aliases_, rng_); alias != aliases_.end() && rng_.chance(0.6))
            request.alias_id = alias->first;
        else
            request.fleet_id = pick_fleet();
        request.maximum_player_session_count = 1 + rng_.below(shape_.seats);
        request.name = "match";
        if (rng_.chance(0.7)) {
            token = fmt::format("token-{}", next_name_++);
            request.idempotency_token = token;
            open_tokens_.emplace(token, request);
        }
    }
    const std::int64_t first_asked =
        token.empty() ? now_.engine.ms : first_asked_.try_emplace(token, now_.engine.ms).first->second;
    send(server, request, [this, token, asked = first_asked](const api::Envelope& envelope) {
        const auto known = token.empty() ? token_session_.end() : token_session_.find(token);
        const bool was_answered = known != token_session_.end();
        if (!envelope.error_code.empty()) {
            require(
                !was_answered ||
                    sessions_.at(known->second).asked + settings_.retention.idempotency.count() <= now_.engine.ms ||
                    sessions_.at(known->second).asked + settings_.retention.ended_sessions.count() <= now_.engine.ms,
                "a repeated request gets the same answer", "token {} gave {} and now {}: {}", token, known->second,
                envelope.error_code, envelope.error_message);
            if (envelope.error_code.starts_with("ResourceNotFound")) open_tokens_.erase(token);
            return;
        }
        const auto made = api::decode_response<api::CreateGameServerSessionResponse>(envelope.response);
        require(made.has_value(), "answers can be read", "{}", envelope.response);
        const std::string& id = made->game_server_session->game_server_session_id;
        if (was_answered) {
            const auto age = now_.engine.ms - sessions_.at(known->second).asked;
            require(known->second == id ||
                        age >= std::min(settings_.retention.idempotency, settings_.retention.ended_sessions).count(),
                    "a repeated request gets the same answer", "token {} gave {} and then {}", token, known->second,
                    id);
        }
        // Most clients are content with one answer, some ask once more.
        if (!token.empty()) {
            token_session_[token] = id;
            if (rng_.chance(0.7)) open_tokens_.erase(token);
        }
        if (!sessions_.contains(id)) {
            ++counts_.sessions;
            sessions_.emplace(
                id, KnownSession{
                        .token = token, .asked = asked, .ended = false, .fleet = made->game_server_session->fleet_id});
        }
    });
}

void Load::join(Server& server) {
    const std::string session = pick_session();
    if (session.empty()) return;
    const auto remember = [this, session, asked = now_.engine.ms](const api::PlayerSession& seat) {
        ++counts_.joins;
        seats_[seat.player_session_id] = {.session = session, .player = seat.player_id.value_or(""), .asked = asked};
        if (rng_.chance(0.8)) arrivals_[session].push_back(seat.player_session_id);
    };
    const auto player = [this] { return fmt::format("player-{}", rng_.below(60)); };
    if (rng_.chance(0.7)) {
        api::JoinGameServerSessionRequest request;
        request.game_server_session_id = session;
        request.player_id = player();
        return send(server, request, [remember](const api::Envelope& envelope) {
            if (!envelope.error_code.empty()) return;
            const auto joined = api::decode_response<api::JoinGameServerSessionResponse>(envelope.response);
            require(joined.has_value(), "answers can be read", "{}", envelope.response);
            remember(*joined->player_session);
        });
    }
    api::JoinGameServerSessionBatchRequest request;
    request.game_server_session_id = session;
    std::set<std::string> players;
    for (std::uint64_t i = 0, n = 1 + rng_.below(4); i < n; ++i) players.insert(player());
    request.player_ids.assign(players.begin(), players.end());
    send(server, request, [remember, players](const api::Envelope& envelope) {
        if (!envelope.error_code.empty()) return;
        const auto joined = api::decode_response<api::JoinGameServerSessionBatchResponse>(envelope.response);
        require(joined.has_value(), "answers can be read", "{}", envelope.response);
        require(joined->player_sessions.size() == players.size(), "a batch joins as a whole", "{} of {} seats",
                joined->player_sessions.size(), players.size());
        for (const auto& seat : joined->player_sessions) remember(seat);
    });
}

void Load::end_session(Server& server) {
    if (!processes_.empty() && rng_.chance(0.3)) {
        api::EndServerProcessRequest request;
        request.process_id = processes_[rng_.below(processes_.size())];
        request.force = rng_.chance(0.5);
        return send(server, request, [](const api::Envelope&) {});
    }
    const std::string session = pick_session();
    if (session.empty()) return;
    api::EndGameServerSessionAndProcessRequest request;
    request.game_server_session_id = session;
    send(server, request, [this, session](const api::Envelope& envelope) {
        if (envelope.error_code.empty()) sessions_[session].ended = true;
    });
}

void Load::update_session(Server& server) {
    const std::string session = pick_session();
    if (session.empty()) return;
    api::UpdateGameServerSessionRequest request;
    request.game_server_session_id = session;
    if (rng_.chance(0.5))
        request.player_session_creation_policy = rng_.chance(0.5) ? "DENY_ALL" : "ACCEPT_ALL";
    else
        request.maximum_player_session_count = 1 + rng_.below(shape_.seats);
    send(server, request, [](const api::Envelope&) {});
}

void Load::describe(Server& server) {
    const std::string fleet = pick_fleet();
    if (fleet.empty()) return;
    const auto ignore = [](const api::Envelope&) {};
    switch (rng_.below(9)) {
        case 8: {
            api::DescribeFleetDrainRequest request;
            request.fleet_id = fleet;
            return send(server, request, [](const api::Envelope& envelope) {
                if (!envelope.error_code.empty()) return;
                const auto read = api::decode_response<api::DescribeFleetDrainResponse>(envelope.response);
                require(read.has_value(), "answers can be read", "{}", envelope.response);
                const auto& drain = read->fleet_drain;
                require(!drain.estimated_time || !drain.latest_time || *drain.estimated_time <= *drain.latest_time,
                        "nothing is expected after it is forced", "{}", envelope.response);
            });
        }
        case 7: {
            api::DescribeServerProcessesRequest request;
            request.fleet_id = fleet;
            return send(server, request, [this](const api::Envelope& envelope) {
                if (!envelope.error_code.empty()) return;
                const auto read = api::decode_response<api::DescribeServerProcessesResponse>(envelope.response);
                require(read.has_value(), "answers can be read", "{}", envelope.response);
                processes_.clear();
                for (const auto& process : read->server_processes) processes_.push_back(process.process_id);
            });
        }
        case 5: {
            api::SearchGameServerSessionsRequest request;
            request.fleet_id = fleet;
            request.filter_expression = "hasAvailablePlayerSessions=true AND NOT playerSessionCount>3";
            if (rng_.chance(0.5)) request.sort_expression = "playerSessionCount DESC";
            return send(server, request, ignore);
        }
        case 6: {
            api::DescribeTimerScalingPoliciesRequest request;
            request.fleet_id = fleet;
            return send(server, request, ignore);
        }
        case 0: {
            api::DescribeGameServerSessionsRequest request;
            request.fleet_id = fleet;
            return send(server, request, ignore);
        }
        case 1: {
            api::DescribeFleetEventsRequest request;
            request.fleet_id = fleet;
            return send(server, request, ignore);
        }
        case 2: {
            api::DescribeFleetCapacityRequest request;
            request.fleet_ids = {fleet};
            return send(server, request, ignore);
        }
        case 3: {
            api::DescribeInstancesRequest request;
            request.fleet_id = fleet;
            return send(server, request, [this](const api::Envelope& envelope) {
                if (!envelope.error_code.empty()) return;
                const auto read = api::decode_response<api::DescribeInstancesResponse>(envelope.response);
                require(read.has_value(), "answers can be read", "{}", envelope.response);
                instances_.clear();
                for (const auto& instance : read->instances)
                    instances_.emplace_back(instance.fleet_id.value_or(""), instance.instance_id.value_or(""));
            });
        }
        default: {
            api::DescribePlayerSessionsRequest request;
            request.player_id = fmt::format("player-{}", rng_.below(60));
            return send(server, request, ignore);
        }
    }
}

// ------------------------------------------------------------------ queues and placements

std::vector<api::GameServerSessionQueueDestination> Load::pick_destinations() {
    std::set<std::string> arns;
    const auto add = [&](std::string_view kind, const std::string& id) {
        if (!id.empty())
            arns.insert(fmt::format("qcs::gse:{}:uin/{}:{}/{}", settings_.default_region, settings_.uin, kind, id));
    };
    for (std::uint64_t i = 0, n = 1 + rng_.below(3); i < n; ++i) {
        if (const auto alias = pick(aliases_, rng_); alias != aliases_.end() && rng_.chance(0.5))
            add("alias", alias->first);
        else
            add("fleet", pick_fleet());
    }
    std::vector<api::GameServerSessionQueueDestination> out;
    for (const auto& arn : arns) out.push_back({.destination_arn = arn, .fleet_status = std::nullopt});
    return out;
}

void Load::create_queue(Server& server) {
    api::CreateGameServerSessionQueueRequest request;
    request.name = fmt::format("queue-{}", next_name_++);
    request.destinations = pick_destinations();
    request.timeout_in_seconds = 5 + rng_.below(60);
    if (rng_.chance(0.5))
        request.player_latency_policies = std::vector<api::PlayerLatencyPolicy>{
            {.maximum_individual_player_latency_milliseconds = 50, .policy_duration_seconds = 1 + rng_.below(10)},
            {.maximum_individual_player_latency_milliseconds = 100, .policy_duration_seconds = std::nullopt}};
    send(server, request,
         [this, name = request.name, timeout = request.timeout_in_seconds](const api::Envelope& envelope) {
             if (envelope.error_code.empty())
                 queues_.emplace(name,
                                 KnownQueue{.asks = 0, .timeout_s = timeout, .timeout_known = true, .gone = false});
         });
}

void Load::change_queue(Server& server) {
    const auto it = pick(queues_, rng_);
    if (it == queues_.end()) return;
    const std::string name = it->first;
    KnownQueue& queue = it->second;
    if (queue.gone || rng_.chance(0.1)) {
        queue.gone = true;
        for (auto& [id, placement] : placements_)
            if (placement.request.game_server_session_queue_name == name) placement.stop_asked = true;
        api::DeleteGameServerSessionQueueRequest request;
        request.name = name;
        return send(server, request, [this, name](const api::Envelope& envelope) {
            if (envelope.error_code.empty() || envelope.error_code == "ResourceNotFound") queues_.erase(name);
        });
    }
    api::UpdateGameServerSessionQueueRequest request;
    request.name = name;
    if (rng_.chance(0.7)) request.destinations = pick_destinations();
    request.timeout_in_seconds = 5 + rng_.below(60);
    queue.timeout_known = false;
    const std::uint64_t ask = ++queue.asks;
    send(server, request, [this, name, ask, timeout = *request.timeout_in_seconds](const api::Envelope& envelope) {
        const auto known = queues_.find(name);
        if (known == queues_.end() || known->second.asks != ask || !envelope.error_code.empty()) return;
        known->second.timeout_s = timeout;
        known->second.timeout_known = true;
    });
}

void Load::start_placement(Server& server) {
    std::string id;
    if (rng_.chance(0.2)) id = pick_placement();  // somebody asks again
    if (id.empty()) {
        const auto queue = pick(queues_, rng_);
        if (queue == queues_.end()) return create_queue(server);
        api::StartGameServerSessionPlacementRequest request;
        id = request.placement_id = fmt::format("placement-{}", next_name_++);
        request.game_server_session_queue_name = queue->first;
        request.maximum_player_session_count = 1 + rng_.below(shape_.seats);
        std::vector<api::DesiredPlayerSession> players;
        std::vector<api::PlayerLatency> latencies;
        for (std::uint64_t i = 0, n = rng_.below(request.maximum_player_session_count + 1); i < n; ++i) {
            players.push_back({.player_id = fmt::format("player-{}", i), .player_data = "data"});
            latencies.push_back({.player_id = fmt::format("player-{}", i),
                                 .region_identifier = settings_.default_region,
                                 .latency_in_milliseconds = 20 + rng_.below(90)});
        }
        if (rng_.chance(0.5)) request.player_latencies = std::move(latencies);
        request.desired_player_sessions = std::move(players);
        placements_.emplace(id, KnownPlacement{.request = std::move(request),
                                               .asked = now_.engine.ms,
                                               .answered = false,
                                               .status = {},
                                               .session = {},
                                               .stop_asked = queue->second.gone});
    }
    const bool answered = placements_.at(id).answered;
    send(server, placements_.at(id).request, [this, id, answered](const api::Envelope& envelope) {
        if (!envelope.error_code.empty()) {
            const auto& known = placements_.at(id);
            require(!answered || known.asked + settings_.retention.ended_placements.count() <= now_.engine.ms,
                    "a repeated request gets the same answer", "placement {} was taken and now {}: {}", id,
                    envelope.error_code, envelope.error_message);
            return;
        }
        const auto made = api::decode_response<api::StartGameServerSessionPlacementResponse>(envelope.response);
        require(made.has_value(), "answers can be read", "{}", envelope.response);
        see_placement(id, made->game_server_session_placement);
    });
}

void Load::see_placement(const std::string& id, const api::GameServerSessionPlacement& seen) {
    KnownPlacement& known = placements_.at(id);
    require(seen.placement_id == id, "answers fit their questions", "{} instead of {}", seen.placement_id, id);
    // After retention an id may be used anew, by a repeated request.
    const bool may_be_new = known.asked + settings_.retention.ended_placements.count() <= now_.engine.ms;
    const bool was_ended = !known.status.empty() && known.status != "PENDING";
    require(!was_ended || known.status == seen.status || may_be_new, "a placement ends once", "{} was {} and is {}", id,
            known.status, seen.status);
    require(seen.status != "CANCELLED" || known.stop_asked, "nothing happens that nobody asked for", "{} is CANCELLED",
            id);
    known.answered = true;
    const bool fresh = seen.status == "FULFILLED" && known.session.empty();
    known.status = seen.status;
    if (seen.status != "FULFILLED") {
        require(seen.placed_player_sessions.empty() && seen.game_server_session_id.value_or("").empty(),
                "a session is told of when it is there", "{} is {}", id, seen.status);
        return;
    }
    const std::string session = seen.game_server_session_id.value_or("");
    require(session.ends_with("/" + id), "a session carries its placement's id", "{} has {}", id, session);
    require(known.session.empty() || known.session == session || may_be_new, "a placement gets one session",
            "{} had {} and has {}", id, known.session, session);
    const auto& wanted = *known.request.desired_player_sessions;
    require(seen.placed_player_sessions.size() == wanted.size(), "players get their seats", "{} of {} in {}",
            seen.placed_player_sessions.size(), wanted.size(), id);
    known.session = session;
    if (!fresh) return;
    ++counts_.fulfilled;
    sessions_.emplace(session, KnownSession{.token = {}, .asked = known.asked, .ended = false, .fleet = {}});
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto& seat = seen.placed_player_sessions[i];
        require(seat.player_id == wanted[i].player_id, "players get their seats", "{} instead of {}", seat.player_id,
                wanted[i].player_id);
        seats_[seat.player_session_id] = {.session = session, .player = seat.player_id, .asked = known.asked};
        if (rng_.chance(0.8)) arrivals_[session].push_back(seat.player_session_id);
    }
}

std::string Load::pick_placement() {
    // Mostly one that may still be waiting.
    std::vector<const std::string*> open;
    for (const auto& [id, placement] : placements_)
        if (placement.status.empty() || placement.status == "PENDING") open.push_back(&id);
    if (!open.empty() && rng_.chance(0.8)) return *open[rng_.below(open.size())];
    const auto it = pick(placements_, rng_);
    return it == placements_.end() ? std::string() : it->first;
}

void Load::describe_placement(Server& server) {
    const std::string id = pick_placement();
    if (id.empty()) return;
    api::DescribeGameServerSessionPlacementRequest request;
    request.placement_id = id;
    send(server, request, [this, id, answered = placements_.at(id).answered](const api::Envelope& envelope) {
        if (!envelope.error_code.empty()) {
            require(
                !answered || placements_.at(id).asked + settings_.retention.ended_placements.count() <= now_.engine.ms,
                "no acknowledged change is lost", "placement {} is {}", id, envelope.error_code);
            return;
        }
        const auto read = api::decode_response<api::DescribeGameServerSessionPlacementResponse>(envelope.response);
        require(read.has_value(), "answers can be read", "{}", envelope.response);
        see_placement(id, read->game_server_session_placement);
    });
}

/// Answered when the placement has ended, or when the time is up: the closing of a run leaves nobody waiting.
void Load::wait_for_placement(Server& server) {
    const std::string id = pick_placement();
    if (id.empty()) return;
    api::WaitGameServerSessionPlacementRequest request;
    request.placement_id = id;
    request.timeout_seconds = 1 + rng_.below(20);
    const EngineTime asked = now_.engine;
    send(server, request, [this, id, asked, seconds = request.timeout_seconds](const api::Envelope& envelope) {
        if (!envelope.error_code.empty()) return;
        const auto read = api::decode_response<api::WaitGameServerSessionPlacementResponse>(envelope.response);
        require(read.has_value(), "answers can be read", "{}", envelope.response);
        const auto& seen = read->game_server_session_placement;
        const Millis limit{static_cast<std::int64_t>(seconds) * 1000};
        require(seen.status != "PENDING" || now_.engine >= asked + limit, "waiting ends with the placement or the time",
                "{} was PENDING after {} ms of {} s", id, (now_.engine - asked).count(), seconds);
        see_placement(id, seen);
    });
}

void Load::explain_placement(Server& server) {
    const std::string id = pick_placement();
    if (id.empty()) return;
    api::DescribePlacementDecisionRequest request;
    request.placement_id = id;
    send(server, request, [](const api::Envelope& envelope) {
        if (!envelope.error_code.empty()) return;
        const auto read = api::decode_response<api::DescribePlacementDecisionResponse>(envelope.response);
        require(read.has_value(), "answers can be read", "{}", envelope.response);
        std::size_t chosen = 0;
        for (const auto& destination : read->decision.destinations) chosen += destination.reason == "CHOSEN";
        require(chosen <= 1, "a placement goes to one place", "{}", envelope.response);
    });
}

void Load::roll_alias_back(Server& server) {
    const auto it = pick(aliases_, rng_);
    if (it == aliases_.end() || it->second.gone) return;
    api::RollbackAliasRequest request;
    request.alias_id = it->first;
    send(server, request, [](const api::Envelope&) {});
}

void Load::tag_alias(Server& server) {
    const auto it = pick(aliases_, rng_);
    if (it == aliases_.end() || it->second.gone) return;
    const std::string arn =
        fmt::format("qcs::gse:{}:uin/{}:alias/{}", settings_.default_region, settings_.uin, it->first);
    if (rng_.chance(0.3)) {
        api::UntagResourceRequest request;
        request.resource = arn;
        request.tag_keys = {fmt::format("key-{}", rng_.below(60))};
        return send(server, request, [](const api::Envelope&) {});
    }
    api::TagResourceRequest request;
    request.resource = arn;
    request.tags = {{.key = fmt::format("key-{}", rng_.below(60)), .value = "x"}};
    send(server, request, [](const api::Envelope&) {});
}

void Load::stop_placement(Server& server) {
    const std::string id = pick_placement();
    if (id.empty()) return;
    api::StopGameServerSessionPlacementRequest request;
    request.placement_id = id;
    placements_.at(id).stop_asked = true;
    send(server, request, [this, id](const api::Envelope& envelope) {
        if (!envelope.error_code.empty()) return;
        const auto read = api::decode_response<api::StopGameServerSessionPlacementResponse>(envelope.response);
        require(read.has_value(), "answers can be read", "{}", envelope.response);
        require(read->game_server_session_placement.status == "CANCELLED", "what is stopped is CANCELLED", "{} is {}",
                id, read->game_server_session_placement.status);
        see_placement(id, read->game_server_session_placement);
    });
}

// ------------------------------------------------------------------ what they were promised

void Load::check(const core::State& state, Now now) const {
    const Retention& keep = settings_.retention;
    const std::string& region = settings_.default_region;
    for (const auto& [id, fleet] : fleets_) {
        const core::Slot slot = state.find_fleet(region, id);
        if (slot == core::kNone) {
            require(fleet.delete_asked, "no acknowledged change is lost", "fleet {} does not exist", id);
            continue;
        }
        const auto& record = state.at<core::Fleet>(slot);
        const bool going = record.status == FleetStatus::Deleting || record.status == FleetStatus::Terminated;
        require(!fleet.deleted || going, "no acknowledged change is lost", "deleted fleet {} is {}", id,
                to_text(record.status));
        require(fleet.delete_asked || !going, "nothing happens that nobody asked for", "fleet {} is {}", id,
                to_text(record.status));
        if (fleet.drain_known && !going)
            require(record.draining == fleet.draining, "no acknowledged change is lost", "fleet {} drains: {}", id,
                    record.draining);
        if (fleet.capacity_known && !fleet.timers)
            require(record.min == fleet.min && record.max == fleet.max, "no acknowledged change is lost",
                    "fleet {} has limits [{}, {}] instead of [{}, {}]", id, record.min, record.max, fleet.min,
                    fleet.max);
    }
    for (const auto& [id, alias] : aliases_) {
        if (alias.gone) continue;
        const core::Slot slot = state.find_alias(region, id);
        require(slot != core::kNone, "no acknowledged change is lost", "alias {} does not exist", id);
        const std::uint64_t version = version_of(state.at<core::Alias>(slot).description);
        require(version >= alias.seen && version <= alias.asked, "no acknowledged change is lost",
                "alias {} is at v{}, v{} was answered", id, version, alias.seen);
    }
    for (const auto& [name, queue] : queues_) {
        if (queue.gone) continue;
        const core::Slot slot = state.find_queue(region, name);
        require(slot != core::kNone, "no acknowledged change is lost", "queue {} does not exist", name);
        if (queue.timeout_known)
            require(state.at<core::Queue>(slot).timeout_s == queue.timeout_s, "no acknowledged change is lost",
                    "queue {} times out after {} s instead of {}", name, state.at<core::Queue>(slot).timeout_s,
                    queue.timeout_s);
    }
    for (const auto& [id, placement] : placements_) {
        if (!placement.answered) continue;
        const bool old = placement.asked + keep.ended_placements.count() <= now.engine.ms;
        const core::Slot slot = state.find_placement(region, id);
        require(slot != core::kNone || old, "no acknowledged change is lost", "placement {} does not exist", id);
        if (slot == core::kNone || old || placement.status == "PENDING") continue;
        const auto& record = state.at<core::Placement>(slot);
        require(to_text(record.status) == placement.status && record.session_id == placement.session,
                "a placement ends once", "{} was answered as {} and is {}", id, placement.status,
                to_text(record.status));
    }
    const Millis session_life = std::min({keep.ended_sessions, keep.deleted_fleets});
    for (const auto& [id, session] : sessions_) {
        const core::Slot slot = state.find_session(id);
        if (slot == core::kNone) {
            require(session.asked + session_life.count() <= now.engine.ms, "no acknowledged change is lost",
                    "session {} does not exist", id);
            continue;
        }
        require(!session.ended || !state.at<core::GameSession>(slot).live(), "no acknowledged change is lost",
                "ended session {} is live", id);
    }
    const Millis seat_life = std::min(session_life, keep.ended_players);
    for (const auto& [id, seat] : seats_) {
        const core::Slot slot = state.find_player_session(id);
        if (slot == core::kNone) {
            require(seat.asked + seat_life.count() <= now.engine.ms, "no acknowledged change is lost",
                    "seat {} does not exist", id);
            continue;
        }
        const auto& player = state.at<core::PlayerSession>(slot);
        require(player.player_id == seat.player && state.session_id(player.session) == seat.session,
                "no acknowledged change is lost", "seat {} is another's", id);
    }
}

}  // namespace gse::sim
