/// Fleets: creation through six states, deletion, and the number of their instances.
/// Source: [创建服务器舰队; 查看事件; 配置扩缩容].
#pragma once

#include "core/step.h"

namespace gse::core {

/// Stores a validated fleet in state NEW; its first instance is launched with the same batch.
Slot create_fleet(Step& step, Fleet fleet);

/// Replaces what the fleet's instances run, those that are there included (see renew_places()).
void change_recipes(Step& step, Slot fleet, std::vector<ProcessRecipe> recipes);
/// Replaces the ports that players may reach: processes on others are replaced as if their recipe had changed.
void change_permissions(Step& step, Slot fleet, std::vector<InboundPermission> inbound);
/// The fleet's protection time, or the deadline of its drain, has changed: processes that are being ended hear of their
/// new deadline.
void renew_ends(Step& step, Slot fleet);

/// InUse: a SIMPLE alias points to it (named in the message).
Result<void> check_no_alias(const State& state, Slot fleet);
/// Of the region's fleets but `except`: what the quota of instances is checked against, since fleets may grow that far
/// without asking.
[[nodiscard]] std::uint64_t sum_of_maxima(const State& state, std::string_view region, Slot except = kNone);

/// InUse: live sessions, or a SIMPLE alias that points here (named in the message).
Result<void> delete_fleet(Step& step, Slot fleet);

/// A creation state failed: ERROR, an event that says why, and the instances go.
void fail_fleet(Step& step, Slot fleet, std::string_view event_code, std::string message, std::string log_key = {});

/// Moves a fleet through its creation states as far as its first instance has come.
void advance_creation(Step& step, Slot fleet);
/// A process of a fleet in creation crashed or could not be started; the third time ends the creation.
void count_creation_failure(Step& step, Slot fleet, std::string_view what);
void expire_creation(Step& step, Slot fleet);

/// Compares what a fleet has with what it should have, and launches or drains. Called once a batch for every fleet that
/// was touched: growth is event-driven.
void reconcile_fleet(Step& step, Slot fleet);
/// Room appeared somewhere: fleets that wait for it are looked at again.
void reconcile_waiting_fleets(Step& step);

}  // namespace gse::core
