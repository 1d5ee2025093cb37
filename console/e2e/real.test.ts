import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ActionName, Input, Output } from '../src/api/types';
import { launch, shootPage, watch } from './browser';
import { type RealServer, startReal } from './real-site';

// One story from an empty server to an update and back, each test a chapter of it.
const kLongMs = 30_000;
const kSessions = 12;

let browser: Browser;
let server: RealServer;
let context: BrowserContext;
let page: Page;
let complaints: string[];
const chats: Page[] = [];
const made = { old: '', fresh: '', alias: '' };

beforeAll(async () => {
  browser = await launch();
  server = await startReal();
  context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(kLongMs);
  complaints = watch(context);
  page = await context.newPage();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** An action as the page itself would send it: with its cookie and its token. */
async function call<A extends ActionName>(action: A, input: Input<A>): Promise<Output<A> & { Error?: { Code: string; Message: string } }> {
  const answer = await page.evaluate(
    async ([name, body]) => {
      const session = (await (await fetch('/console/session')).json()) as { CsrfToken: string; DefaultRegion: string };
      const headers = { 'Content-Type': 'application/json', 'X-GSE-Csrf': session.CsrfToken, 'X-TC-Region': session.DefaultRegion };
      const response = await fetch(`/console/api/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return ((await response.json()) as { Response: unknown }).Response;
    },
    [action, input] as const,
  );
  return answer as Output<A> & { Error?: { Code: string; Message: string } };
}

const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
const menu = (name: string) => page.locator('.menu').getByRole('link', { name, exact: true }).click();

async function isTold(from: Page, to: Page, words: string): Promise<void> {
  await from.locator('#text').fill(words);
  await from.locator('#text').press('Enter');
  await to.locator('#stream').getByText(words).waitFor();
}

async function openChat(name: string): Promise<Page> {
  const popup = context.waitForEvent('page');
  await button(name).click();
  const chat = await popup;
  await chat.locator('#connect').click();
  await chat.locator('#state[data-state=on]').waitFor();
  // A tab in the background draws once a second, and every click waits for that.
  await page.bringToFront();
  return chat;
}

it('the link signs in, and four clicks lead to two tabs that talk', async () => {
  await page.goto(`${server.url}/console/#/link/${server.link}`);
  await page.locator('.bar').waitFor();
  expect(page.url()).not.toContain(server.link);
  await page.locator('.live-on').waitFor();

  await menu('Getting started');
  await button('Do steps 1 to 3').click();
  chats.push(await openChat('Open chat as player 1'), await openChat('Open chat as player 2'));
  await isTold(chats[0]!, chats[1]!, 'hello from the first tab');
  await isTold(chats[1]!, chats[0]!, 'hello from the second tab');
  expect(await chats[0]!.locator('h1').textContent()).toBe('Chat v1');
  await shootPage(page, 'real-start');
  made.old = (await call('DescribeFleetAttributes', { Limit: 1 })).FleetAttributes[0]!.FleetId;
  expect(complaints).toEqual([]);
});

it('a reload in the middle of the wizard shows what was made', async () => {
  await page.reload();
  await button('Open chat as player 3').waitFor();
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await button('Open chat as player 3').waitFor();
  expect((await call('DescribeFleetAttributes', {})).TotalCount).toBe(1);
  expect(complaints).toEqual([]);
});

it('an alias leads to the fleet', async () => {
  await menu('Aliases');
  await page.locator('.page-actions').getByRole('button', { name: 'Create alias' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').first().fill('lobby');
  await dialog.locator('select').selectOption(made.old);
  await dialog.getByRole('button', { name: 'OK' }).click();
  await page.getByRole('link', { name: 'lobby', exact: true }).click();
  await page.getByRole('heading', { name: 'History' }).waitFor();
  made.alias = (await call('ListAliases', {})).Aliases[0]!.AliasId;
  expect(complaints).toEqual([]);
});

it('version 2 comes up beside it, and the update screen leads there', async () => {
  // Load that one instance of the new fleet could not carry.
  await call('UpdateFleetCapacity', { FleetId: made.old, MinSize: 0, MaxSize: 2, DesiredInstances: 2 });
  await menu('Getting started');
  await button('Prepare version 2').click();
  await page.getByRole('heading', { name: 'Update', level: 1 }).waitFor();
  made.fresh = (await call('DescribeFleetAttributes', {})).FleetAttributes.find((one) => one.FleetId !== made.old)!.FleetId;
  expect(page.url()).toContain(made.fresh);
  for (let index = 0; index < kSessions; index += 1) {
    await expect
      .poll(async () => (await call('CreateGameServerSession', { AliasId: made.alias, MaximumPlayerSessionCount: 8, Name: `match-${index}` })).Error?.Code, { timeout: kLongMs })
      .toBeUndefined();
  }
  await page.getByText('could not carry the load').waitFor();
  await shootPage(page, 'real-update-warned');
  expect(complaints).toEqual([]);
});

it('warned, grown, moved: new sessions land on the new fleet, running ones stay', async () => {
  await button('Grow it to 2 instances first').click();
  await page.getByText('has room for the whole load').waitFor();
  await button('Move the alias to demo-chat-v2').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Move', exact: true }).click();
  await button('Move back to demo-chat').waitFor();

  const { GameServerSession } = await call('CreateGameServerSession', { AliasId: made.alias, MaximumPlayerSessionCount: 8, Name: 'after the move' });
  expect(GameServerSession.FleetId).toBe(made.fresh);
  await expect.poll(() => page.getByTestId(`sessions-${made.fresh}`).textContent(), { timeout: kLongMs }).toBe('1');
  expect(await page.getByTestId(`sessions-${made.old}`).textContent()).toBe(String(kSessions + 1));
  await isTold(chats[0]!, chats[1]!, 'still here after the move');
  await shootPage(page, 'real-update-moved');

  await button('Move back to demo-chat').click();
  await button('Move the alias to demo-chat-v2').waitFor();
  const back = await call('CreateGameServerSession', { AliasId: made.alias, MaximumPlayerSessionCount: 8 });
  expect(back.GameServerSession.FleetId).toBe(made.old);
  await isTold(chats[1]!, chats[0]!, 'and after the way back');
  expect(complaints).toEqual([]);
});

it('signed out is signed out; a read-only key looks and changes nothing', async () => {
  const { AccessKey, SecretKey } = await call('CreateAccessKey', { Description: 'dashboard', ReadOnly: true });
  await button('Sign out').click();
  await page.getByLabel('SecretId').fill(AccessKey.SecretId);
  expect(await page.evaluate(async () => (await fetch('/console/session')).status)).toBe(401);
  expect(complaints.splice(0)).toHaveLength(1);

  await page.getByLabel('SecretKey').fill(SecretKey);
  await button('Sign in').click();
  await page.getByText('This key may only look').first().waitFor();
  await page.goto(`${server.url}/console/#/aliases/${made.alias}`);
  await page.getByRole('heading', { name: 'lobby', exact: true }).waitFor();
  expect(await button('Modify').isDisabled()).toBe(true);
  expect(await button('Roll back').isDisabled()).toBe(true);
  await menu('Fleets');
  await page.getByRole('heading', { name: 'Fleets' }).waitFor();
  await page.getByRole('link', { name: 'demo-chat-v2' }).waitFor();
  const changing = page.getByRole('button', { name: /^(Create fleet|Delete|Copy)$/ });
  expect(await changing.count()).toBeGreaterThan(2);
  for (const one of await changing.all()) expect(await one.isDisabled()).toBe(true);

  const strategy = { Type: 'SIMPLE', FleetId: made.fresh };
  const refused = await call('UpdateAlias', { AliasId: made.alias, RoutingStrategy: strategy });
  expect(refused.Error?.Code).toMatch(/UnauthorizedOperation/);
  expect((await call('CreateAccessKey', {})).Error?.Code).toMatch(/UnauthorizedOperation/);
  expect((await call('DescribeAlias', { AliasId: made.alias })).Alias.RoutingStrategy.FleetId).toBe(made.old);
  expect(complaints).toEqual([]);
});
