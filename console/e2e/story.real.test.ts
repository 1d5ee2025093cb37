import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findings, launch, shootPage } from './browser';
import { kTellings, nameOf, type RealServer, signInByLink, startReal, textOf, type Visitor } from './real-site';

// One story from an empty server to an update and back, each test a chapter of it.
const kLongMs = 30_000;
const kSessions = 12;

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

describe.each(kTellings.map((telling) => [nameOf(telling), telling] as const))('%s', (_, telling) => {
  const text = textOf(telling);
  let server: RealServer;
  let visitor: Visitor;
  const chats: Page[] = [];
  const made = { old: '', fresh: '', alias: '' };
  const call: Visitor['call'] = (action, input) => visitor.call(action, input);
  const button = (name: string | RegExp) => visitor.page.getByRole('button', { name, exact: typeof name === 'string' });
  const menu = (name: string) => visitor.page.locator('.menu').getByRole('link', { name, exact: true }).click();
  const shoot = (name: string) => shootPage(visitor.page, `real-${name}-${telling.theme}`);

  beforeAll(async () => {
    server = await startReal(telling);
    visitor = await signInByLink(browser, server, telling, kLongMs);
  });
  afterAll(async () => {
    await visitor?.context.close();
    await server?.close();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await shoot('failed');
  });

  async function isTold(from: Page, to: Page, words: string): Promise<void> {
    await from.locator('#text').fill(words);
    await from.locator('#text').press('Enter');
    await to.locator('#stream').getByText(words).waitFor();
  }

  async function openChat(name: string): Promise<Page> {
    const popup = visitor.context.waitForEvent('page');
    await button(name).click();
    const chat = await popup;
    await chat.locator('#state[data-state=on]').waitFor();
    // A tab in the background draws once a second, and every click waits for that.
    await visitor.page.bringToFront();
    return chat;
  }

  it('the link signs in, and four clicks lead to two tabs that talk', async () => {
    const { page, complaints } = visitor;
    expect(page.url()).not.toContain(server.link);
    await page.locator('.live-on').waitFor();

    await menu(text.menu.start);
    await button(text.start.all).click();
    chats.push(await openChat(text.start.open(1)), await openChat(text.start.open(2)));
    await isTold(chats[0]!, chats[1]!, 'hello from the first tab');
    await isTold(chats[1]!, chats[0]!, 'hello from the second tab');
    await expect.poll(() => chats[0]!.locator('h1').textContent()).toBe('Chat v1');
    await shoot('start');
    expect(await findings(page)).toEqual([]);
    made.old = (await call('DescribeFleetAttributes', { Limit: 1 })).FleetAttributes[0]!.FleetId;
    expect(complaints).toEqual([]);
  });

  it('a reload in the middle of the wizard shows what was made', async () => {
    const { page, complaints } = visitor;
    await page.reload();
    await button(text.start.open(3)).waitFor();
    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    await button(text.start.open(3)).waitFor();
    expect((await call('DescribeFleetAttributes', {})).TotalCount).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('an alias leads to the fleet', async () => {
    const { page, complaints } = visitor;
    await menu(text.menu.aliases);
    await page.locator('.page-actions').getByRole('button', { name: text.alias.create }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(text.common.name).first().fill('lobby');
    await dialog.locator('select').selectOption(made.old);
    await dialog.getByRole('button', { name: text.common.ok }).click();
    await page.getByRole('link', { name: 'lobby', exact: true }).click();
    await page.getByRole('heading', { name: text.alias.history }).waitFor();
    made.alias = (await call('ListAliases', {})).Aliases[0]!.AliasId;
    expect(complaints).toEqual([]);
  });

  it('version 2 comes up beside it, and the update screen leads there', async () => {
    const { page, complaints } = visitor;
    // Load that one instance of the new fleet could not carry.
    await call('UpdateFleetCapacity', { FleetId: made.old, MinSize: 0, MaxSize: 2, DesiredInstances: 2 });
    await menu(text.menu.start);
    await button(text.start.nextButton).click();
    await page.getByRole('heading', { name: text.menu.update, level: 1 }).waitFor();
    made.fresh = (await call('DescribeFleetAttributes', {})).FleetAttributes.find((one) => one.FleetId !== made.old)!.FleetId;
    expect(page.url()).toContain(made.fresh);
    for (let index = 0; index < kSessions; index += 1) {
      await expect
        .poll(async () => (await call('CreateGameServerSession', { AliasId: made.alias, MaximumPlayerSessionCount: 8, Name: `match-${index}` })).Error?.Code, { timeout: kLongMs })
        .toBeUndefined();
    }
    await page.getByText(text.update.short(20, 13, 2).split(/[:：]/)[0]!).waitFor();
    await shoot('update-warned');
    expect(complaints).toEqual([]);
  });

  it('warned, grown, moved: new sessions land on the new fleet, running ones stay', async () => {
    const { page, complaints } = visitor;
    await button(text.update.grow(2)).click();
    await page.getByText(text.update.ready).waitFor();
    await button(text.update.move('demo-chat-v2')).click();
    await page.getByRole('dialog').getByRole('button', { name: text.update.confirm, exact: true }).click();
    await button(text.update.moveBack('demo-chat')).waitFor();

    const { GameServerSession } = await call('CreateGameServerSession', { AliasId: made.alias, MaximumPlayerSessionCount: 8, Name: 'after the move' });
    expect(GameServerSession.FleetId).toBe(made.fresh);
    await expect.poll(() => page.getByTestId(`sessions-${made.fresh}`).textContent(), { timeout: kLongMs }).toBe('1');
    await expect.poll(() => page.getByTestId(`sessions-${made.old}`).textContent()).toBe(String(kSessions + 1));
    await isTold(chats[0]!, chats[1]!, 'still here after the move');
    await shoot('update-moved');
    expect(await findings(page)).toEqual([]);

    await button(text.update.moveBack('demo-chat')).click();
    await button(text.update.move('demo-chat-v2')).waitFor();
    const back = await call('CreateGameServerSession', { AliasId: made.alias, MaximumPlayerSessionCount: 8 });
    expect(back.GameServerSession.FleetId).toBe(made.old);
    await isTold(chats[1]!, chats[0]!, 'and after the way back');
    expect(complaints).toEqual([]);
  });

  it('signed out is signed out; a read-only key looks and changes nothing', async () => {
    const { page, complaints } = visitor;
    const { AccessKey, SecretKey } = await call('CreateAccessKey', { Description: 'dashboard', ReadOnly: true });
    await button(text.shell.signOut).click();
    await page.getByLabel('SecretId').fill(AccessKey.SecretId);
    expect(await page.evaluate(async () => (await fetch('/console/session')).status)).toBe(401);
    expect(complaints.splice(0)).toHaveLength(1);

    await page.getByLabel('SecretKey').fill(SecretKey);
    await button(text.signIn.submit).click();
    await page.getByText(text.shell.readOnly).waitFor();
    await page.goto(`${server.url}/console/#/aliases/${made.alias}`);
    await page.getByRole('heading', { name: 'lobby', exact: true }).waitFor();
    expect(await button(text.common.modify).isDisabled()).toBe(true);
    expect(await button(text.alias.rollback).isDisabled()).toBe(true);
    await menu(text.menu.fleets);
    await page.getByRole('heading', { name: text.menu.fleets }).waitFor();
    await page.getByRole('link', { name: 'demo-chat-v2' }).waitFor();
    const changing = page.getByRole('button', { name: new RegExp(`^(${text.fleet.create}|${text.common.delete}|${text.common.copyVerb})$`) });
    expect(await changing.count()).toBeGreaterThan(2);
    for (const one of await changing.all()) expect(await one.isDisabled()).toBe(true);

    const strategy = { Type: 'SIMPLE', FleetId: made.fresh };
    const refused = await call('UpdateAlias', { AliasId: made.alias, RoutingStrategy: strategy });
    expect(refused.Error?.Code).toMatch(/UnauthorizedOperation/);
    expect((await call('CreateAccessKey', {})).Error?.Code).toMatch(/UnauthorizedOperation/);
    expect((await call('DescribeAlias', { AliasId: made.alias })).Alias.RoutingStrategy.FleetId).toBe(made.old);
    expect(complaints).toEqual([]);
  });
});
