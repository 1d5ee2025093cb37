import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findings, launch, open, shoot, signIn, visit } from './browser';

const kPages = ['overview', 'start', 'assets', 'fleets', 'fleets/new', 'aliases', 'queues', 'update', 'placements', 'monitoring', 'statistics', 'explorer/CreateFleet', 'keys'];
const kTabs = ['basic', 'events', 'instances', 'scaling', 'sessions', 'processes', 'ports', 'package'];

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
      const fleet = site.fake.world.fleets[1]!.attributes.FleetId;
      const alias = site.fake.world.aliases[1]!.AliasId;
      const other = site.fake.world.fleets[0]!.attributes.FleetId;
      const pages = [...kPages, ...kTabs.map((tab) => `fleets/${fleet}/${tab}`), `aliases/${alias}`, `update/${alias}?from=${fleet}&to=${other}`];
      for (const path of pages) {
        await open(site, `/${path}`);
        await site.page.waitForTimeout(path.startsWith('overview') ? 2500 : 500);
        await shoot(site, `${path.replace(/\?.*/, '-chosen').replace(/(fleet|alias)-[a-z0-9]+-[a-z0-9]+/, '$1').replaceAll('/', '-')}-${theme}`);
        wrong.push(...(await findings(site.page)).map((one) => `${path}: ${one}`));
      }
      expect(wrong).toEqual([]);
      expect(site.complaints).toEqual([]);
      expect(await site.page.locator('html').getAttribute('lang')).toBe(locale === 'zh-CN' ? 'zh-CN' : 'en');
      await site.close();
    });
  }

  it('a phone shows the pages without scrolling sideways', async () => {
    const site = await visit(browser, { width: 390 });
    await signIn(site);
    for (const path of ['overview', 'aliases', 'fleets', 'start']) {
      await open(site, `/${path}`);
      await site.page.waitForTimeout(400);
      await shoot(site, `phone-${path}`);
      const wide = await site.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wide, path).toBeLessThanOrEqual(0);
    }
    expect(site.complaints).toEqual([]);
    await site.close();
  });
});
