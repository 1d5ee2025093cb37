import { useMemo } from 'react';
import type { FleetAttributes, FleetCapacity, FleetUtilization } from '../api/types';
import { useApi } from './api';
import { useAll, useEach } from './lists';

/** A fleet with its live numbers; those of a fleet that just appeared may still be missing. */
export interface LiveFleet {
  attributes: FleetAttributes;
  capacity?: FleetCapacity;
  utilization?: FleetUtilization;
}

const kNumbersMs = 3000;

function newestFirst(fleets: readonly FleetAttributes[] | undefined): FleetAttributes[] {
  return [...(fleets ?? [])].sort((a, b) => b.CreationTime.localeCompare(a.CreationTime));
}

function useNumbers(attributes: FleetAttributes[]): LiveFleet[] {
  const ids = useMemo(() => attributes.map((fleet) => fleet.FleetId), [attributes]);
  const capacity = useEach('DescribeFleetCapacity', ids, (FleetIds) => ({ FleetIds, Limit: FleetIds.length }), (answer) => answer.FleetCapacity, kNumbersMs);
  const utilization = useEach('DescribeFleetUtilization', ids, (FleetIds) => ({ FleetIds }), (answer) => answer.FleetUtilization, kNumbersMs);
  return useMemo(() => {
    const capacities = new Map((capacity.data ?? []).map((one) => [one.FleetId, one]));
    const utilizations = new Map((utilization.data ?? []).map((one) => [one.FleetId, one]));
    return attributes.map((one) => ({ attributes: one, capacity: capacities.get(one.FleetId), utilization: utilizations.get(one.FleetId) }));
  }, [attributes, capacity.data, utilization.data]);
}

/** Every fleet of the region, newest first, without its numbers: to choose from. */
export function useFleetNames() {
  const all = useAll('DescribeFleetAttributes', {}, (page) => page.FleetAttributes);
  const fleets = useMemo<LiveFleet[]>(() => newestFirst(all.data).map((attributes) => ({ attributes })), [all.data]);
  return { fleets, loading: all.isPending };
}

/** Every fleet of the region, newest first, with its numbers. */
export function useFleets() {
  const all = useAll('DescribeFleetAttributes', {}, (page) => page.FleetAttributes);
  const fleets = useNumbers(useMemo(() => newestFirst(all.data), [all.data]));
  return { fleets, loading: all.isPending, error: all.error, retry: all.refetch };
}

/** One page of the fleets, with their numbers; with a name, only those whose name has it. */
export function useFleetPage(offset: number, limit: number, name: string) {
  const named = useApi('ListFleets', { Offset: offset, Limit: limit, Filters: [{ Key: 'resource:name', Values: [name] }] }, { enabled: name !== '' });
  const ids = named.data?.FleetIds ?? [];
  const asked = name === '' ? { Offset: offset, Limit: limit } : { FleetIds: ids };
  const page = useApi('DescribeFleetAttributes', asked, { enabled: name === '' || ids.length > 0 });
  const found = name !== '' && ids.length === 0 ? undefined : page.data;
  const fleets = useNumbers(useMemo(() => newestFirst(found?.FleetAttributes), [found]));
  const { data, isPending, error, refetch } = name === '' ? page : { ...named, isPending: named.isPending || (ids.length > 0 && page.isPending) };
  return { fleets, total: data?.TotalCount ?? 0, loading: isPending, error: error ?? page.error, retry: refetch };
}

/** One fleet with its numbers. */
export function useFleet(fleetId: string, enabled = true) {
  const on = enabled && fleetId !== '';
  const attributes = useApi('DescribeFleetAttributes', { FleetIds: [fleetId] }, { enabled: on, every: 5000 });
  const capacity = useApi('DescribeFleetCapacity', { FleetIds: [fleetId] }, { enabled: on, every: 3000 });
  const utilization = useApi('DescribeFleetUtilization', { FleetIds: [fleetId] }, { enabled: on, every: 3000 });
  const runtime = useApi('DescribeRuntimeConfiguration', { FleetId: fleetId }, { enabled: on });
  const policies = useApi('DescribeScalingPolicies', { FleetId: fleetId }, { enabled: on });
  const buffer = policies.data?.ScalingPolicies.find((policy) => policy.PolicyType === 'TargetBased');
  const processes = runtime.data?.RuntimeConfiguration?.ServerProcesses ?? [];
  return {
    attributes: attributes.data?.FleetAttributes[0],
    capacity: capacity.data?.FleetCapacity[0],
    utilization: utilization.data?.FleetUtilization[0],
    perInstance: processes.reduce((sum, one) => sum + (one.ConcurrentExecutions ?? 0), 0),
    runtime: runtime.data?.RuntimeConfiguration,
    buffer: buffer?.TargetConfiguration?.TargetValue ?? null,
    policies: policies.data?.ScalingPolicies ?? [],
    loading: attributes.isPending,
    error: attributes.error ?? capacity.error ?? null,
    updatedAt: utilization.dataUpdatedAt,
  };
}
export type FleetView = ReturnType<typeof useFleet>;
