import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findings, launch, open, shoot, type Site, signIn, visit } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** The update screen, with room enough on the new fleet. */
async function chosen(site: Site) {
  const { world } = site.fake;
  const alias = world.aliases.find((one) => one.Name === 'arena')!;
  const [fresh, old] = world.fleets;
  world.activate(fresh!, 3);
  await open(site, `/update/${alias.AliasId}?from=${old!.attributes.FleetId}&to=${fresh!.attributes.FleetId}`);
  return { alias, old };
}

it('a fleet is drained by clicks: told before whom it hits, marked, changed, taken back', async () => {
  const site = await visit(browser);
  await signIn(site);
  const { page, fake } = site;
  const [fresh, old] = fake.world.fleets;
  await open(site, `/fleets/${old!.attributes.FleetId}`);
  await page.getByRole('button', { name: 'Drain', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/12 sessions with 48 players go on/).waitFor();
  await dialog.getByText(/The alias alias-\S+ leads here/).waitFor();
  await dialog.getByText('Would likely be empty').waitFor();
  await dialog.getByRole('button', { name: 'Drain', exact: true }).click();
  await dialog.getByRole('alert').getByText(/Still in use/).waitFor();
  expect(old!.drain).toBeNull();
  fake.world.point(fake.world.aliases.find((one) => one.Name === 'arena')!, { Type: 'SIMPLE', FleetId: fresh!.attributes.FleetId });
  await dialog.getByLabel('No new players either').check();
  await dialog.getByLabel('Ends by force after').fill('0');
  await dialog.getByText('A deadline is 1 to 43,200 minutes').waitFor();
  await dialog.getByLabel('Ends by force after').fill('120');
  await dialog.getByText(/In 120 min every session that is left is ended, protected matches too/).waitFor();
  await shoot(site, 'drain-form');
  expect(await findings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Drain', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  const card = page.getByRole('region', { name: 'Draining' });
  await card.getByText('no new players').waitFor();
  await card.getByText('≈').waitFor();
  await expect.poll(() => card.locator('tbody tr').count()).toBe(2);
  expect(old!.drain).toMatchObject({ denyJoins: true, deleteWhenEmpty: false });

  await page.getByRole('button', { name: 'Change drain' }).click();
  expect(await dialog.getByLabel('No new players either').isChecked()).toBe(true);
  await dialog.getByLabel('Ends by force after').fill('');
  await dialog.getByText('Nothing is ended by force.').waitFor();
  await dialog.getByRole('button', { name: 'OK', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await card.getByText('Never by force').first().waitFor();
  expect(old!.drain?.deadline).toBeNull();
  await open(site, '/fleets');
  await page.locator('tbody tr').filter({ hasText: 'arena-v1' }).getByText('Draining', { exact: true }).waitFor();

  await open(site, `/fleets/${old!.attributes.FleetId}`);
  await page.getByRole('button', { name: 'Take back' }).click();
  await dialog.getByRole('button', { name: 'Take back' }).click();
  await card.waitFor({ state: 'detached' });
  expect(old!.drain).toBeNull();
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('an update drains the old fleet, and the way back takes that back first', async () => {
  const site = await visit(browser);
  await signIn(site);
  const { page } = site;
  const { alias, old } = await chosen(site);
  await page.getByText('Would likely be empty').waitFor();
  await page.getByText('From 240 past sessions').waitFor();
  await page.getByRole('button', { name: 'Move the alias to arena-v2' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Move', exact: true }).click();
  await page.getByRole('button', { name: 'Drain arena-v1' }).click();
  await dialog.getByRole('button', { name: 'Drain', exact: true }).click();
  await page.getByRole('button', { name: 'Take the drain of arena-v1 back' }).waitFor();
  await page.getByText('moving back takes that back first').waitFor();
  await shoot(site, 'update-drained');
  expect(await findings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Move back to arena-v1' }).click();
  await page.getByRole('button', { name: 'Move the alias to arena-v2' }).waitFor();
  expect(old!.drain).toBeNull();
  expect(alias.RoutingStrategy.FleetId).toBe(old!.attributes.FleetId);
  // A fleet that runs empty is no place to move to.
  await page.getByLabel('New fleet').selectOption({ label: (await page.getByLabel('New fleet').locator('option').filter({ hasText: 'arena-v0' }).textContent())! });
  await page.getByText('The new fleet is being drained').waitFor();
  expect(await page.getByRole('button', { name: 'Move the alias to arena-v0' }).isDisabled()).toBe(true);
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('an older server has no estimate: the pace stands in', async () => {
  const site = await visit(browser, { missing: ['DescribeFleetDrain'] });
  await signIn(site);
  const { page } = site;
  await chosen(site);
  await page.getByRole('button', { name: 'Move the alias to arena-v2' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Move', exact: true }).click();
  await page.getByText('From the pace since the move').waitFor({ timeout: 20_000 });
  await page.getByText(/≈/).waitFor();
  await site.close();
});

it('a buffer has a minimum and may go down to none, in the form and in a timer', async () => {
  const site = await visit(browser);
  await signIn(site);
  const { page, fake } = site;
  const fleet = fake.world.fleets[0]!;
  await open(site, `/fleets/${fleet.attributes.FleetId}/scaling`);
  await page.getByRole('button', { name: 'Modify' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^At least free/).fill('5');
  await dialog.getByText('needs a buffer').waitFor();
  await dialog.getByLabel(/^Session buffer/).fill('30');
  await dialog.getByLabel('Keep one instance while nobody plays').uncheck();
  await shoot(site, 'scaling-form');
  expect(await findings(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'OK', exact: true }).click();
  await page.getByText('30 %, at least 5 sessions free, none while nobody plays').waitFor();
  expect(fleet.policies[0]!.TargetConfiguration).toEqual({ TargetValue: 30, MinimumFreeSessions: 5, KeepOne: false });

  await page.getByRole('button', { name: 'Add timer' }).click();
  await dialog.getByLabel(/^Name/).fill('evening');
  await dialog.getByLabel(/^Session buffer/).fill('20');
  await dialog.getByLabel(/^At least free/).fill('7');
  await dialog.getByRole('button', { name: 'OK', exact: true }).click();
  await page.getByText('20 %, at least 7 sessions free').waitFor();
  expect(fleet.timers[0]!.TimerFleetCapacity).toMatchObject({ ScalingType: 2, TargetConfiguration: { TargetValue: 20, MinimumFreeSessions: 7, KeepOne: true } });

  await page.getByRole('button', { name: 'Add rule' }).click();
  expect((await dialog.getByLabel('Metric').locator('option').allTextContents()).sort()).toEqual([
    'ActiveInstances',
    'AvailableCustomCount',
    'AvailableGameServerSessions',
    'CurrentPlayerSessions',
    'IdleInstances',
    'PercentAvailableCustomCount',
    'PercentAvailableGameServerSessions',
    'PercentIdleInstances',
  ]);
  expect(site.complaints).toEqual([]);
  await site.close();
});
