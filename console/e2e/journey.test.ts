import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, open, shoot, signIn, visit } from './browser';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

it('an update by clicks: warned, grown, moved, drained, moved back', async () => {
  const site = await visit(browser);
  await signIn(site);
  const { page, fake } = site;
  const alias = fake.world.aliases.find((one) => one.Name === 'arena')!;
  const [fresh, old] = fake.world.fleets.map((one) => one.attributes);
  await open(site, `/update/${alias.AliasId}`);
  await page.getByLabel('New fleet').selectOption(fresh!.FleetId);
  await page.getByText('could not carry the load').waitFor();
  await page.getByRole('button', { name: /Grow it to 2 instances/ }).click();
  await page.getByText('has room for the whole load').waitFor();
  await page.getByRole('button', { name: 'Move the alias to arena-v2' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Move', exact: true }).click();
  await page.getByRole('button', { name: 'Move back to arena-v1' }).waitFor();
  expect(alias.RoutingStrategy.FleetId).toBe(fresh!.FleetId);
  await expect.poll(() => page.getByTestId(`sessions-${fresh!.FleetId}`).textContent(), { timeout: 20_000 }).toMatch(/[1-9]/);
  await page.getByText(/≈/).waitFor();
  await shoot(site, 'update-draining');
  await page.getByRole('button', { name: 'Move back to arena-v1' }).click();
  await page.getByRole('button', { name: 'Move the alias to arena-v2' }).waitFor();
  expect(alias.RoutingStrategy.FleetId).toBe(old!.FleetId);
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('getting started: one click to a session, a reload on the way, one more click a chat page', async () => {
  const site = await visit(browser, { empty: true });
  await signIn(site);
  await open(site, '/start');
  await site.page.getByRole('button', { name: 'Do steps 1 to 3' }).click();
  await site.page.locator('.substates').waitFor();
  await site.page.reload();
  const chat = site.page.getByRole('button', { name: 'Open chat as player 1' });
  await chat.waitFor({ timeout: 30_000 });
  await expect.poll(() => chat.isEnabled(), { timeout: 10_000 }).toBe(true);
  await shoot(site, 'start-connect');
  const popup = site.context.waitForEvent('page');
  await chat.click();
  await popup;
  await site.page.getByRole('button', { name: 'Open chat as player 2' }).waitFor();
  expect(site.fake.world.players).toHaveLength(1);
  await site.close();
});

it('by keyboard alone: an alias is created', async () => {
  const site = await visit(browser);
  await signIn(site);
  await open(site, '/aliases');
  const create = site.page.locator('.page-actions').getByRole('button', { name: 'Create alias' });
  await create.focus();
  await site.page.keyboard.press('Enter');
  const dialog = site.page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: false }).first().focus();
  await site.page.keyboard.type('lobby');
  await dialog.locator('select').selectOption({ index: 1 });
  await site.page.keyboard.press('Tab');
  await dialog.getByLabel('Name', { exact: false }).first().press('Enter');
  await site.page.getByRole('link', { name: 'lobby' }).waitFor();
  await create.focus();
  await site.page.keyboard.press('Enter');
  await site.page.getByRole('dialog').waitFor();
  await site.page.keyboard.press('Escape');
  await site.page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await create.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('a refusal is explained, a session that ends leads back, a read-only key changes nothing', async () => {
  const site = await visit(browser, { missing: ['DescribeAliasHistory'] });
  await signIn(site);
  expect(site.page.url()).not.toContain('once');
  site.fake.state.failing = 'ListAliases';
  await open(site, '/aliases');
  const box = site.page.getByRole('alert');
  await box.waitFor();
  await expect.poll(() => box.textContent()).toMatch(/The server has failed.*planted.*InternalError.*r-\d+/s);
  site.fake.state.failing = '';
  await site.page.getByRole('button', { name: 'Try again' }).click();
  await site.page.getByRole('link', { name: 'arena', exact: true }).click();
  await site.page.getByRole('heading', { name: 'Basic information' }).waitFor();
  await site.page.getByRole('heading', { name: 'History' }).waitFor({ state: 'detached' });
  site.fake.expire();
  await site.page.getByText('Your session has ended').waitFor({ timeout: 40_000 });
  await site.page.getByLabel('SecretId').fill('AKIDread');
  await site.page.getByLabel('SecretKey').fill('secret');
  await site.page.getByRole('button', { name: 'Sign in' }).click();
  await site.page.getByRole('heading', { name: 'arena', exact: true }).waitFor();
  expect(await site.page.getByRole('button', { name: 'Modify' }).isDisabled()).toBe(true);
  await site.close();
});

it('the explorer checks, calls and shows the same call as a program', async () => {
  const site = await visit(browser);
  await signIn(site);
  await open(site, '/explorer/DescribeFleetUtilization');
  await site.page.getByRole('button', { name: 'Call', exact: true }).click();
  await site.page.getByText('Required').waitFor();
  await open(site, '/explorer/DescribeInstanceTypes');
  await site.page.getByRole('button', { name: 'Call', exact: true }).click();
  await site.page.getByText('S5.LARGE8').waitFor();
  await site.page.getByRole('tab', { name: 'curl' }).click();
  await expect.poll(() => site.page.locator('pre').textContent()).toContain('X-TC-Action: DescribeInstanceTypes');
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('an upload shows progress and becomes an asset', async () => {
  const site = await visit(browser);
  await signIn(site);
  await open(site, '/assets');
  await site.page.locator('.page-actions button').click();
  const dialog = site.page.getByRole('dialog');
  await dialog.locator('input[type=text]').nth(0).fill('mine');
  await dialog.locator('input[type=text]').nth(1).fill('v9');
  await dialog.locator('input[type=file]').setInputFiles({ name: 'mine.zip', mimeType: 'application/zip', buffer: Buffer.alloc(3_000_000) });
  await dialog.getByRole('button', { name: 'OK' }).click();
  await dialog.waitFor({ state: 'detached' });
  await site.page.getByText('mine', { exact: true }).waitFor();
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('a picker offers more than a hundred fleets, and the overview counts placements', async () => {
  const site = await visit(browser);
  const names = Array.from({ length: 130 }, (_, index) => `extra-${index}`);
  for (const Name of names) site.fake.world.fleet({ Name, AssetId: 'asset-none' });
  await signIn(site);
  await open(site, '/aliases');
  await site.page.locator('.page-actions').getByRole('button', { name: 'Create alias' }).click();
  const options = site.page.getByRole('dialog').locator('select option');
  await expect.poll(() => options.count(), { timeout: 10_000 }).toBe(names.length + 4);
  await site.page.keyboard.press('Escape');
  await open(site, '/overview');
  const rate = site.page.locator('.figure').filter({ hasText: 'Placements per second' }).locator('.figure-value');
  await expect.poll(() => rate.textContent(), { timeout: 10_000 }).toMatch(/[1-9]/);
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('a long list draws only the rows in sight, and the last one can be reached', async () => {
  const site = await visit(browser);
  const old = site.fake.world.fleets[1]!;
  for (let index = 0; index < 80; index += 1) site.fake.world.session(old, `long-${index}`, 8).Status = 'ACTIVE';
  await signIn(site);
  await open(site, `/fleets/${old.attributes.FleetId}/sessions`);
  await site.page.getByText('long-79', { exact: true }).waitFor();
  const rows = site.page.locator('.long tbody tr');
  expect(await rows.count()).toBeLessThan(70);
  const heights = await rows.evaluateAll((all) => all.map((one) => (one as HTMLElement).offsetHeight).filter(Boolean));
  expect(Math.min(...heights)).toBeGreaterThan(55);
  await site.page.locator('.long').evaluate((box) => box.scrollTo(0, box.scrollHeight));
  await site.page.getByText('match-01', { exact: true }).waitFor();
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('the log-in of an instance is shown by a click only', async () => {
  const site = await visit(browser);
  await signIn(site);
  await open(site, `/fleets/${site.fake.world.fleets[1]!.attributes.FleetId}/instances`);
  await site.page.getByRole('button', { name: 'Log in' }).first().click();
  const dialog = site.page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Close' }).last().waitFor();
  expect(await dialog.getByText('BEGIN FAKE KEY').count()).toBe(0);
  await dialog.getByRole('button', { name: 'Show the key' }).click();
  await dialog.getByText('BEGIN FAKE KEY').waitFor();
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('the sheet of the statistics holds all pages', async () => {
  const site = await visit(browser);
  site.fake.world.activate(site.fake.world.fleets[0]!, 248);
  await signIn(site);
  await open(site, '/statistics');
  await site.page.getByText('1–50 of 251').waitFor();
  const offsets: number[] = [];
  site.page.on('request', (request) => {
    if (request.url().endsWith('/DescribeFleetStatisticDetails')) offsets.push((request.postDataJSON() as { Offset: number }).Offset);
  });
  const download = site.page.waitForEvent('download');
  await site.page.getByRole('button', { name: 'Download' }).click();
  const sheet = readFileSync(await (await download).path(), 'utf8');
  expect(sheet.startsWith('\ufeffFleetId,InstanceId,')).toBe(true);
  expect(sheet.trimEnd().split('\r\n')).toHaveLength(252);
  expect(offsets).toEqual([0, 100, 200]);
  await site.page.getByText('251 rows downloaded').waitFor();
  expect(site.complaints).toEqual([]);
  await site.close();
});

it('a console that nobody touches signs out, however much it moves by itself', async () => {
  const site = await visit(browser, { idleSeconds: 1 });
  await signIn(site);
  await open(site, '/overview');
  await site.page.getByText('Your session has ended').waitFor({ timeout: 20_000 });
  expect(await site.page.evaluate(async () => (await fetch('/console/session')).status)).toBe(401);
  await site.close();
});

it('fleets are found by name', async () => {
  const site = await visit(browser);
  for (let index = 0; index < 60; index += 1) site.fake.world.fleet({ Name: `extra-${index}`, AssetId: 'asset-none' });
  await signIn(site);
  await open(site, '/fleets');
  await site.page.getByText('1–20 of 63').waitFor();
  await site.page.getByLabel('Search by name').fill('extra-5');
  await site.page.getByRole('link', { name: 'extra-59' }).waitFor();
  await expect.poll(() => site.page.locator('tbody tr').count(), { timeout: 5000 }).toBe(11);
  await site.page.getByLabel('Search by name').fill('nobody');
  await site.page.getByText('Nothing found').waitFor();
  expect(site.complaints).toEqual([]);
  await site.close();
});
