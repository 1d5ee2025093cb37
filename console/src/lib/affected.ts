export const kEventKinds = [
  'fleet',
  'alias',
  'game-server-session',
  'placement',
  'instance',
  'player-session',
  'dropped',
] as const;
export type EventKind = (typeof kEventKinds)[number];

const kOfFleets = [
  'DescribeFleetAttributes',
  'DescribeFleetCapacity',
  'DescribeFleetUtilization',
  'DescribeFleetDrain',
  'DescribeFleetEvents',
  'ListFleets',
  'DescribeRuntimeConfiguration',
  'DescribeFleetPortSettings',
  'DescribeScalingPolicies',
  'DescribeTimerScalingPolicies',
  'DescribeAssets',
];
const kOfAliases = ['ListAliases', 'DescribeAlias', 'DescribeAliasHistory', 'ResolveAlias'];
const kOfSessions = [
  'DescribeGameServerSessions',
  'DescribeGameServerSessionDetails',
  'SearchGameServerSessions',
  'DescribeFleetUtilization',
  'DescribeFleetCapacity',
  'DescribeInstancesExtend',
  'DescribeServerProcesses',
  'DescribeFleetDrain',
  'ListHosts',
];
const kOfInstances = [
  'DescribeInstances',
  'DescribeInstancesExtend',
  'DescribeFleetCapacity',
  'DescribeFleetUtilization',
  'DescribeServerProcesses',
  'DescribeFleetEvents',
  'DescribeFleetDrain',
  'ListHosts',
];
const kOfPlacements = ['DescribeGameServerSessionPlacement', 'DescribePlacementDecision'];
const kOfPlayers = [
  'DescribePlayerSessions',
  'DescribeGameServerSessions',
  'DescribeFleetUtilization',
  'SearchGameServerSessions',
  'DescribeInstancesExtend',
];

/** The actions whose answers an event may have made stale. */
export function affected(kind: EventKind): readonly string[] {
  switch (kind) {
    case 'fleet':
      return kOfFleets;
    case 'alias':
      return kOfAliases;
    case 'game-server-session':
      return kOfSessions;
    case 'instance':
      return kOfInstances;
    case 'placement':
      return kOfPlacements;
    case 'player-session':
      return kOfPlayers;
    case 'dropped':
      return [...new Set([...kOfFleets, ...kOfAliases, ...kOfSessions, ...kOfInstances, ...kOfPlacements, ...kOfPlayers])];
  }
}
