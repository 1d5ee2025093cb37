import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings, launch, open, shoot, type Site, signIn, visit } from './browser';

const kPages = ['overview', 'start', 'assets', 'fleets', 'fleets/new', 'aliases', 'queues', 'hosts', 'update', 'placements', 'monitoring', 'statistics', 'explorer/CreateFleet', 'keys'];
const kTabs = ['basic', 'events', 'instances', 'scaling', 'sessions', 'processes', 'ports', 'package'];

/** Every page there is, and every tab of a fleet. */
function pagesOf({ fake: { world } }: Site): string[] {
  const [fresh, old, drained] = world.fleets.map((one) => one.attributes.FleetId);
  const alias = world.aliases[1]!.AliasId;
  return [...kPages, ...kTabs.map((tab) => `fleets/${old}/${tab}`), `fleets/${drained}/basic?drains`, `aliases/${alias}`, `update/${alias}?from=${old}&to=${fresh}`];
}

const fileOf = (path: string) => path.replace(/\?.*/, '-chosen').replace(/(fleet|alias)-[a-z0-9]+-[a-z0-9]+/, '$1').replaceAll('/', '-');

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

describe('every page opens without a complaint of the browser or of axe', () => {
  for (const [locale, theme] of [['en-US', 'light'], ['zh-CN', 'dark']] as const) {
    it(`${locale}, ${theme}`, { timeout: 180_000 }, async () => {
      const site = await visit(browser, { locale, theme });
      await site.page.goto(`${site.url}/console/`);
      await site.page.locator('form').waitFor();
      const wrong: string[] = (await findings(site.page)).map((one) => `sign-in: ${one}`);
      await shoot(site, `sign-in-${theme}`);
      await signIn(site);
      for (const path of pagesOf(site)) {
        await open(site, `/${path}`);
        await site.page.waitForTimeout(path.startsWith('overview') ? 2500 : 500);
        await shoot(site, `${fileOf(path)}-${theme}`);
        wrong.push(...(await findings(site.page)).map((one) => `${path}: ${one}`));
      }
      expect(wrong).toEqual([]);
      expect(site.complaints).toEqual([]);
      expect(await site.page.locator('html').getAttribute('lang')).toBe(locale === 'zh-CN' ? 'zh-CN' : 'en');
      await site.close();
    });
  }

  for (const [locale, theme] of [['en-US', 'light'], ['zh-CN', 'dark']] as const) {
    it(`a phone shows them without scrolling sideways: ${locale}, ${theme}`, { timeout: 180_000 }, async () => {
      const site = await visit(browser, { locale, theme, width: 390 });
      await signIn(site);
      const wide: string[] = [];
      for (const path of pagesOf(site)) {
        await open(site, `/${path}`);
        await site.page.waitForTimeout(400);
        await shoot(site, `phone-${fileOf(path)}-${theme}`);
        const over = await site.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (over > 0) wide.push(`${path}: ${over} pixels`);
      }
      expect(wide).toEqual([]);
      expect(site.complaints).toEqual([]);
      await site.close();
    });
  }
});
