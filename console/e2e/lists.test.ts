import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, open, type Site, signIn, visit } from './browser';

// Long lists, scrolled from end to end. What is asserted is how much is drawn and asked for; the times are told.
const kMostDrawn = 90;
const kPage = 100;
/** Pixels a frame: dragging the bar, and a turn of the wheel. */
const kFlight = 840;
const kPace = 100;

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

interface Ride {
  frames: number[];
  drawn: number;
}

/**
 * Scrolls by `pixels` a frame until `last` is drawn, or for `most` frames; how long frames took, and the most rows that were
 * drawn at once.
 */
async function ride(page: Page, last: string, pixels: number, most = 20_000): Promise<Ride> {
  return page.evaluate(
    ([wanted, by, limit]) =>
      new Promise<Ride>((resolve) => {
        const box = document.querySelector('.long')!;
        const frames: number[] = [];
        let drawn = 0;
        let before = performance.now();
        const step = (now: number) => {
          frames.push(now - before);
          before = now;
          drawn = Math.max(drawn, box.querySelectorAll('tbody tr').length);
          const there = [...box.querySelectorAll('tbody tr')].some((row) => row.textContent?.includes(wanted));
          if (there || frames.length > limit) resolve({ frames: frames.slice(1), drawn });
          else {
            box.scrollBy(0, by);
            requestAnimationFrame(step);
          }
        };
        requestAnimationFrame(step);
      }),
    [last, pixels, most] as const,
  );
}

function tell(what: string, { frames, drawn }: Ride, requests: number): void {
  const sorted = [...frames].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(0);
  console.log(`${what}: ${frames.length} frames, median ${at(0.5)} ms, 95 % within ${at(0.95)} ms, longest ${at(1)} ms; at most ${drawn} rows drawn, ${requests} requests`);
}

const sum = (asked: Map<string, number>) => [...asked.values()].reduce((total, one) => total + one, 0);

function countPages(site: Site, action: string): Map<string, number> {
  const asked = new Map<string, number>();
  site.page.on('request', (request) => {
    if (!request.url().endsWith(`/console/api/${action}`)) return;
    const { NextToken = '', Offset = 0, Limit } = request.postDataJSON() as { NextToken?: string; Offset?: number; Limit: number };
    expect(Limit).toBe(kPage);
    const at = `${NextToken || Offset}`;
    asked.set(at, (asked.get(at) ?? 0) + 1);
  });
  return asked;
}

it('10,000 sessions: a page is asked for when it comes into sight, and few rows are drawn', { timeout: 120_000 }, async () => {
  const site = await visit(browser);
  const fleet = site.fake.world.fleets[0]!;
  for (let index = 0; index < 10_000; index += 1) site.fake.world.session(fleet, `session-${index}`, 8).Status = 'ACTIVE';
  await signIn(site);
  const asked = countPages(site, 'DescribeGameServerSessions');
  await open(site, `/fleets/${fleet.attributes.FleetId}/sessions`);
  // The fake has the newest first.
  await site.page.getByText('session-9999', { exact: true }).waitFor();
  expect(asked.size).toBe(1);
  const seen = await ride(site.page, 'session-0gssess', kFlight);
  tell('10,000 sessions, end to end', seen, sum(asked));
  tell('10,000 sessions, upwards at a reading pace', await ride(site.page, 'nothing', -kPace, 240), sum(asked));
  expect(seen.drawn).toBeLessThan(kMostDrawn);
  expect(asked.size).toBeGreaterThanOrEqual(100);
  expect(asked.size).toBeLessThanOrEqual(102);

  // Back at the top, a change makes only the pages in sight be read again.
  await site.page.locator('.long').evaluate((box) => box.scrollTo(0, 0));
  await site.page.getByText('session-9999', { exact: true }).waitFor();
  asked.clear();
  const heard = site.page.waitForResponse((response) => response.url().endsWith('/console/api/DescribeGameServerSessions'));
  site.fake.world.end(site.fake.world.sessions.find((one) => one.Name === 'session-9998')!);
  await heard;
  await site.page.locator('.long tbody tr').filter({ hasText: 'session-9998' }).getByText('Terminated').waitFor();
  expect(asked.size).toBeLessThanOrEqual(2);
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('instances are sorted by a column, among those that were read', { timeout: 60_000 }, async () => {
  const site = await visit(browser);
  const fleet = site.fake.world.fleets[0]!;
  site.fake.world.activate(fleet, 150);
  fleet.instances[7]!.Weight = 9;
  fleet.instances[9]!.Weight = 0;
  fleet.instances[120]!.Weight = 10;
  await signIn(site);
  await open(site, `/fleets/${fleet.attributes.FleetId}/instances`);
  const top = site.page.locator('.long tbody tr').first();
  await top.filter({ hasText: fleet.instances[0]!.InstanceId }).waitFor();
  const weight = site.page.getByRole('columnheader', { name: 'Weight' });
  for (const [wanted, sorted] of [[9, 'ascending'], [7, 'descending']] as const) {
    await weight.getByRole('button').click();
    await top.filter({ hasText: fleet.instances[wanted]!.InstanceId }).waitFor();
    expect(await weight.getAttribute('aria-sort')).toBe(sorted);
  }
  await site.page.getByText('sorted among these').waitFor();
  await site.page.getByRole('button', { name: 'Show more' }).click();
  await top.filter({ hasText: fleet.instances[120]!.InstanceId }).waitFor();
  await weight.getByRole('button').click();
  await top.filter({ hasText: fleet.instances[0]!.InstanceId }).waitFor();
  expect(await weight.getAttribute('aria-sort')).toBe(null);
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('instances are sorted by what they take, among those that were read', { timeout: 60_000 }, async () => {
  const site = await visit(browser);
  const fleet = site.fake.world.fleets[0]!;
  site.fake.world.activate(fleet, 150);
  for (const [index, one] of fleet.instances.entries()) Object.assign(one, { CpuUsed: index === 7 ? 3.5 : 0.25, CpuLimit: 4, MemoryUsed: index === 9 ? null : (index + 1) * 1_048_576, MemoryLimit: null });
  await signIn(site);
  await open(site, `/fleets/${fleet.attributes.FleetId}/instances`);
  const top = site.page.locator('.long tbody tr').first();
  await top.filter({ hasText: fleet.instances[0]!.InstanceId }).waitFor();
  const head = (name: string) => site.page.getByRole('columnheader', { name });
  for (const [name, clicks, wanted] of [['vCPUs used', 2, 7], ['Memory used', 1, 0], ['Memory used', 1, 99]] as const) {
    for (let click = 0; click < clicks; click += 1) await head(name).getByRole('button').click();
    await top.filter({ hasText: fleet.instances[wanted]!.InstanceId }).waitFor();
  }
  expect(await head('Memory used').getAttribute('aria-sort')).toBe('descending');
  await site.page.getByText('sorted among these').waitFor();
  await head('vCPUs used').getByRole('button').click();
  await head('vCPUs used').getByRole('button').click();
  await top.getByText('3.5', { exact: true }).waitFor();
  await top.getByText('of 4', { exact: true }).waitFor();
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('2,000 instances: likewise', { timeout: 120_000 }, async () => {
  const site = await visit(browser);
  const fleet = site.fake.world.fleets[0]!;
  site.fake.world.activate(fleet, 2000);
  const last = fleet.instances[1999]!.InstanceId;
  await signIn(site);
  const asked = countPages(site, 'DescribeInstancesExtend');
  await open(site, `/fleets/${fleet.attributes.FleetId}/instances`);
  await site.page.getByText(fleet.instances[0]!.InstanceId, { exact: true }).waitFor();
  const seen = await ride(site.page, last, kFlight);
  tell('2,000 instances, end to end', seen, sum(asked));
  tell('2,000 instances, upwards at a reading pace', await ride(site.page, 'nothing', -kPace, 240), sum(asked));
  expect(seen.drawn).toBeLessThan(kMostDrawn);
  expect([...asked.keys()].sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, index) => String(index * kPage)));
  expect(site.complaints).toEqual([]);
  await site.close();
});
