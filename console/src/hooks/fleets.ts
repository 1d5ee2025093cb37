import { useMemo } from 'react';
import type { FleetAttributes, FleetCapacity, FleetUtilization } from '../api/types';
import { useApi } from './api';

/** A fleet with its live numbers; those of a fleet that just appeared may still be missing. */
export interface LiveFleet {
  attributes: FleetAttributes;
  capacity?: FleetCapacity;
  utilization?: FleetUtilization;
}

const kPage = 100;

/** The first hundred fleets of the region, newest first, with their numbers. */
export function useFleets(offset = 0, limit = kPage) {
  const attributes = useApi('DescribeFleetAttributes', { Offset: offset, Limit: limit });
  const ids = useMemo(() => (attributes.data?.FleetAttributes ?? []).map((fleet) => fleet.FleetId), [attributes.data]);
  const enabled = ids.length > 0;
  const capacity = useApi('DescribeFleetCapacity', { FleetIds: ids, Limit: kPage }, { enabled, every: 3000 });
  const utilization = useApi('DescribeFleetUtilization', { FleetIds: ids }, { enabled, every: 3000 });
  const fleets = useMemo<LiveFleet[]>(() => {
    const capacities = new Map((capacity.data?.FleetCapacity ?? []).map((one) => [one.FleetId, one]));
    const utilizations = new Map((utilization.data?.FleetUtilization ?? []).map((one) => [one.FleetId, one]));
    return (attributes.data?.FleetAttributes ?? [])
      .map((one) => ({
        attributes: one,
        capacity: capacities.get(one.FleetId),
        utilization: utilizations.get(one.FleetId),
      }))
      .sort((a, b) => b.attributes.CreationTime.localeCompare(a.attributes.CreationTime));
  }, [attributes.data, capacity.data, utilization.data]);
  return {
    fleets,
    total: attributes.data?.TotalCount ?? 0,
    loading: attributes.isPending,
    error: attributes.error,
    retry: attributes.refetch,
  };
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
