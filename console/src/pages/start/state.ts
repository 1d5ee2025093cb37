/** How far the wizard has come; kept for this tab and region. */
export interface Demo {
  assetId: string;
  fleetId: string;
  sessionId: string;
}

export const kNothing: Demo = { assetId: '', fleetId: '', sessionId: '' };

export function stored(region: string): Demo {
  try {
    const value = JSON.parse(sessionStorage.getItem(`gse.demo.${region}`) ?? '{}') as Partial<Demo>;
    return { ...kNothing, ...value };
  } catch {
    return kNothing;
  }
}

export function store(region: string, demo: Demo): void {
  try {
    sessionStorage.setItem(`gse.demo.${region}`, JSON.stringify(demo));
  } catch {
    // A browser that keeps nothing only forgets the wizard on a reload.
  }
}
