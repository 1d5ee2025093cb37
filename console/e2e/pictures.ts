// The pictures of the README, from a real `gse dev` under a real load: npm run pictures (after npm run build).
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { launch } from './browser';
import { type Call, callOf, signInByLink, startReal, type Telling, textOf } from './real-site';

const kFolder = join(dirname(fileURLToPath(import.meta.url)), '../../docs/images');
const kMostBytes = 200 * 1000;
// A minute of the API lasts a second, so that fleets grow and shrink while one looks; seats wait for players who never come.
const kSettings = ['--set', 'timers.minute=1s', '--set', 'timers.reservation=30m'];
const kMatchMs = 22_000;
const kEveryMs = 900;
const kLoadMs = 75_000;
const kDrainMs = 12_000;

/** Matches of four to eight players begin through the alias, last for a while and end, until it is stopped. */
function load(call: Call, alias: string): { stop: () => Promise<void> } {
  let on = true;
  const open: { id: string; until: number }[] = [];
  const run = (async () => {
    for (let match = 1; on; match += 1) {
      const made = await call('CreateGameServerSession', { AliasId: alias, MaximumPlayerSessionCount: 8, Name: `match-${match}` });
      if (!made.Error) {
        const id = made.GameServerSession.GameServerSessionId;
        const PlayerIds = Array.from({ length: 4 + (match % 5) }, (_, player) => `player-${match}-${player}`);
        open.push({ id, until: Date.now() + kMatchMs * (0.6 + 0.2 * (match % 5)) });
        await pause(kEveryMs / 2);
        await call('JoinGameServerSessionBatch', { GameServerSessionId: id, PlayerIds });
      }
      for (const one of open.filter(({ until }) => until < Date.now())) {
        open.splice(open.indexOf(one), 1);
        await call('EndGameServerSessionAndProcess', { GameServerSessionId: one.id });
      }
      await pause(kEveryMs / 2);
    }
  })();
  return { stop: () => ((on = false), run) };
}

async function take(browser: Browser, telling: Telling): Promise<void> {
  const text = textOf(telling);
  const server = await startReal({ settings: kSettings });
  const { context, page, call } = await signInByLink(browser, server, telling, 60_000);
  const backend = await context.newPage();
  try {
    const click = (name: string) => page.getByRole('button', { name, exact: true }).click();
    const shoot = async (name: string) => {
      const path = join(kFolder, `console-${name}${telling.locale === 'zh-CN' ? '.zh-CN' : ''}.png`);
      await page.bringToFront();
      await page.locator('.toast').first().waitFor({ state: 'detached' });
      await page.screenshot({ path });
      const size = statSync(path).size;
      console.log(`${path} ${size} bytes`);
      if (size > kMostBytes) throw new Error(`${path} is too large for a README`);
    };
    await page.setViewportSize({ width: 1280, height: 800 });

    await page.locator('.menu').getByRole('link', { name: text.menu.start, exact: true }).click();
    await click(text.start.all);
    for (const player of [1, 2]) {
      const popup = context.waitForEvent('page');
      await click(text.start.open(player));
      await (await popup).locator('#state[data-state=on]').waitFor();
      await page.bringToFront();
    }
    await page.getByRole('button', { name: text.start.open(3) }).waitFor();
    await page.getByText('demo-player-2').waitFor();
    await shoot('start');

    await click(text.start.nextButton);
    await page.getByRole('heading', { name: text.menu.update, level: 1 }).waitFor();
    const [, old, fresh] = /#\/update\/[^?]*\?from=([^&]+)&to=([^&]+)/.exec(page.url())!;
    const alias = (await call('ListAliases', {})).Aliases[0]!.AliasId;
    for (const FleetId of [old!, fresh!]) {
      while ((await call('UpdateFleetCapacity', { FleetId, MinSize: 1, MaxSize: 4, DesiredInstances: 1 })).Error) await pause(500);
      await call('PutScalingPolicy', { FleetId, Name: 'buffer', PolicyType: 'TargetBased', MetricName: 'PercentAvailableGameSessions', TargetConfiguration: { TargetValue: 30 } });
    }

    // The load comes through a page of its own: the one in the pictures is free to go elsewhere.
    await backend.goto(`${server.url}/console/`);
    await page.locator('.menu').getByRole('link', { name: text.menu.overview, exact: true }).click();
    const matches = load(callOf(backend), alias);
    await pause(kLoadMs);
    await shoot('overview');

    await page.goto(`${server.url}/console/#/update/${alias}?from=${old}&to=${fresh}`);
    await page.getByTestId(`sessions-${fresh}`).waitFor();
    await pause(kDrainMs);
    await click(text.update.move('demo-chat-v2'));
    await page.getByRole('dialog').getByRole('button', { name: text.update.confirm, exact: true }).click();
    await page.getByRole('button', { name: text.update.moveBack('demo-chat') }).waitFor();
    await page.setViewportSize({ width: 1280, height: 1060 });
    await pause(kDrainMs);
    await shoot('update');
    await matches.stop();
  } finally {
    await context.close();
    await server.close();
  }
}

const browser = await launch();
try {
  await take(browser, { locale: 'en-US', theme: 'light', https: false });
  await take(browser, { locale: 'zh-CN', theme: 'light', https: false });
} finally {
  await browser.close();
}
