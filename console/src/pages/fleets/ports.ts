import type { InboundPermission } from '../../api/types';
import type { Text } from '../../i18n';

const kCidr = /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$|^[0-9a-fA-F:]+\/\d{1,3}$/;

/** What is wrong with the rules, or null. */
export function portProblem(rules: InboundPermission[], text: Text): string | null {
  if (rules.length === 0) return text.port.needsOne;
  for (const { FromPort, ToPort, IpRange } of rules) {
    if (!FromPort || !ToPort || FromPort < 1025 || ToPort > 60_000 || FromPort > ToPort) return text.port.range;
    if (!kCidr.test(IpRange ?? '')) return text.port.cidr;
  }
  return null;
}

export const kAllPorts: InboundPermission = { FromPort: 1025, ToPort: 60_000, Protocol: 'TCP', IpRange: '0.0.0.0/0' };
