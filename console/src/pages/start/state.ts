import type { Run } from '../../hooks/api';
import { kDemoName, kMadeByWizard } from './demo';

/** How far the wizard has come; kept for this tab and region. */
export interface Demo {
  assetId: string;
  fleetId: string;
  sessionId: string;
  /** Whether it goes on by itself until step 4. */
  all: boolean;
}

export const kNothing: Demo = { assetId: '', fleetId: '', sessionId: '', all: false };

/** Null when this tab has not been here before. */
export function stored(region: string): Demo | null {
  try {
    const text = sessionStorage.getItem(`gse.demo.${region}`);
    return text ? { ...kNothing, ...(JSON.parse(text) as Partial<Demo>) } : null;
  } catch {
    return null;
  }
}

export function store(region: string, demo: Demo): void {
  try {
    sessionStorage.setItem(`gse.demo.${region}`, JSON.stringify(demo));
  } catch {
    // A browser that keeps nothing finds the fleet again on a reload.
  }
}

/** What an earlier visit, of any browser, has made. */
export async function find(run: Run): Promise<Demo> {
  const { FleetAttributes } = await run('DescribeFleetAttributes', { Offset: 0, Limit: 100 });
  const fleet = FleetAttributes.filter((one) => one.Name === kDemoName && one.Description === kMadeByWizard && !['DELETING', 'TERMINATED', 'ERROR'].includes(one.Status))
    .sort((a, b) => a.CreationTime.localeCompare(b.CreationTime))
    .pop();
  if (!fleet) return kNothing;
  const made = { ...kNothing, assetId: fleet.AssetId, fleetId: fleet.FleetId };
  if (fleet.Status !== 'ACTIVE') return made;
  const { GameServerSessions } = await run('DescribeGameServerSessions', { FleetId: fleet.FleetId, StatusFilter: 'ACTIVE', Limit: 100 });
  return { ...made, sessionId: GameServerSessions.find((one) => one.Name === 'demo')?.GameServerSessionId ?? '' };
}
