#!/bin/sh
# Makes a journal with a `gse` of the version whose records it is to hold: make_data.sh GSE GSE_CHAT OUT.tar.zst
# Every table of the journal has a record in it. docs/journal-format.md says when this is done.
set -eu
gse=$1 chat=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
dev=
trap '[ -z "$dev" ] || kill -9 "$dev" 2>/dev/null; rm -rf "$work"' EXIT
export TENCENTCLOUD_SECRET_ID=AKIDEXAMPLE0001 TENCENTCLOUD_SECRET_KEY=example-secret-key-0001

"$gse" dev --listen 127.0.0.1:0 --sdk-listen 127.0.0.1:0 --data "$work/data" --set agent.sandbox=none \
    --set link_listen=0.0.0.0:0 --set hosts.port_low=31100 --set hosts.port_high=31199 > "$work/ready" 2> "$work/log" &
dev=$!
timeout 30 sh -c "until grep -q ready '$work/ready'; do :; done"
export GSE_ENDPOINT="http://$(sed 's/.*http=\([^ ]*\).*/\1/' "$work/ready")"
field() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" | head -1; }
call() { "$gse" call "$@"; }
arn() { echo "qcs::gse:ap-shanghai:uin/100000000001:$1"; }

"$here/../../examples/chat/package.sh" "$work/chat.zip" "Chat" "$chat"
"$gse" asset upload "$work/chat.zip" --name chat-v1 > /dev/null
call UpdateBucketCORSOpt --AllowedOrigins.0 https://example.com --AllowedMethods.0 PUT > /dev/null
"$gse" fleet create fleet-a --asset chat-v1 --launch start.sh --processes 4 --wait > /dev/null
fleet=$(call ListFleets | sed -n 's/.*"\(fleet-[^"]*\)".*/\1/p' | head -1)
call UpdateFleetCapacity --FleetId "$fleet" --MaxSize 3 --MinSize 1 > /dev/null
call PutScalingPolicy --FleetId "$fleet" --Name buffer --PolicyType TargetBased \
    --MetricName PercentAvailableGameSessions --TargetConfiguration.TargetValue 30 > /dev/null
call PutScalingPolicy --FleetId "$fleet" --Name more --PolicyType RuleBased --MetricName AvailableGameServerSessions \
    --ComparisonOperator "<" --Threshold 1 --EvaluationPeriods 5 --ScalingAdjustment 1 \
    --ScalingAdjustmentType ChangeInCapacity > /dev/null
call PutTimerScalingPolicy --TimerScalingPolicy.TimerName evening \
    --TimerScalingPolicy.TimerFleetCapacity.FleetId "$fleet" --TimerScalingPolicy.TimerFleetCapacity.MinSize 2 \
    --TimerScalingPolicy.TimerFleetCapacity.ScalingType 2 --TimerScalingPolicy.TimerConfiguration.TimerType 2 \
    --TimerScalingPolicy.TimerConfiguration.TimerValue.Day 1 \
    --TimerScalingPolicy.TimerConfiguration.BeginTime 2099-01-01T18:00:00Z \
    --TimerScalingPolicy.TimerConfiguration.EndTime 2099-12-31T18:00:00Z > /dev/null
call CreateAlias --Name stable --RoutingStrategy.Type SIMPLE --RoutingStrategy.FleetId "$fleet" > /dev/null
alias=$(call ListAliases | field AliasId)
call UpdateAlias --AliasId "$alias" --Description "what players use" > /dev/null
call CreateGameServerSessionQueue --Name ranked --Destinations.0.DestinationArn "$(arn "alias/$alias")" \
    --PlayerLatencyPolicies.0.MaximumIndividualPlayerLatencyMilliseconds 100 > /dev/null
call StartGameServerSessionPlacement --PlacementId placement-1 --GameServerSessionQueueName ranked \
    --MaximumPlayerSessionCount 4 --DesiredPlayerSessions.0.PlayerId ann --DesiredPlayerSessions.0.PlayerData red \
    --PlayerLatencies.0.PlayerId ann --PlayerLatencies.0.RegionIdentifier ap-shanghai \
    --PlayerLatencies.0.LatencyInMilliseconds 20 > /dev/null
call CreateGameServerSession --AliasId "$alias" --MaximumPlayerSessionCount 8 --Name casual --CreatorId lobby \
    --IdempotencyToken once --GameProperties.0.Key map --GameProperties.0.Value harbour > "$work/session"
session=$(field GameServerSessionId < "$work/session")
for player in ben cleo; do
    call JoinGameServerSession --GameServerSessionId "$session" --PlayerId "$player" --PlayerData "of $player" > /dev/null
done
call CreateAccessKey --Description "for the lobby" --ReadOnly true > /dev/null
call CreateHostToken --Region ap-shanghai --Description "for box7" > /dev/null
call TagResource --Resource "$(arn "fleet/$fleet")" --Tags.0.Key stage --Tags.0.Value live > /dev/null
timeout 30 sh -c "until '$gse' call DescribeGameServerSessionPlacement --PlacementId placement-1 | grep -q FULFILLED; do :; done"
timeout 30 sh -c "until '$gse' call DescribeGameServerSessions --FleetId '$fleet' --StatusFilter ACTIVE | grep -q casual; do :; done"
kill -9 "$dev"
wait "$dev" 2>/dev/null || true
dev=
# The games that outlive it are ours to end: they and their shims run from the data folder.
for process in /proc/[0-9]*; do
    case $(readlink "$process/exe" 2>/dev/null) in "$work"/*) kill -9 "${process#/proc/}" 2>/dev/null || true ;; esac
done
# What lies in the write-ahead log goes into the database, so that no zeros laid down ahead are kept.
python3 - "$work/data/journal" <<'PYTHON'
import glob, os, sqlite3, sys
for file in glob.glob(sys.argv[1] + "/log-*.db"):
    database = sqlite3.connect(file)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
for name in os.listdir(sys.argv[1]):
    if name.endswith(("-wal", "-shm", "lock", ".tmp")): os.remove(os.path.join(sys.argv[1], name))
PYTHON
tar -C "$work/data/journal" --sort=name --owner=0 --group=0 --mtime=2026-01-01 --zstd -cf "$out" $(cd "$work/data/journal" && ls)
