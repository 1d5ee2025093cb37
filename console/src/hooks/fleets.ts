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

/**
 * One page of the fleets, with their numbers; with `part`, of those whose name has it. The API finds whole names only, so
 * that these are looked for in the list of all.
 */
export function useFleetPage(offset: number, limit: number, part: string) {
  const page = useApi('DescribeFleetAttributes', { Offset: offset, Limit: limit }, { enabled: part === '' });
  const all = useAll('DescribeFleetAttributes', {}, (one) => one.FleetAttributes, { enabled: part !== '' });
  const wanted = part.toLowerCase();
  const found = useMemo(() => newestFirst(all.data).filter((one) => one.Name.toLowerCase().includes(wanted)), [all.data, wanted]);
  const shown = useMemo(() => (wanted ? found.slice(offset, offset + limit) : newestFirst(page.data?.FleetAttributes)), [wanted, found, page.data, offset, limit]);
  const fleets = useNumbers(shown);
  const { isPending, error, refetch } = part ? all : page;
  return { fleets, total: part ? found.length : (page.data?.TotalCount ?? 0), loading: isPending, error, retry: refetch };
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
    target: buffer?.TargetConfiguration ?? null,
    policies: policies.data?.ScalingPolicies ?? [],
    loading: attributes.isPending,
    error: attributes.error ?? capacity.error ?? null,
    updatedAt: utilization.dataUpdatedAt,
  };
}
export type FleetView = ReturnType<typeof useFleet>;
