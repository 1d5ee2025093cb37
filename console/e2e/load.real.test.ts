import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch } from './browser';
import { kTellings, type RealServer, signInByLink, startReal } from './real-site';

// What a browser fetches until the overview stands, with nothing cached; the bound is on bytes, times are told.
const kMostBytes = 1200 * 1024;

let browser: Browser;
let server: RealServer;
beforeAll(async () => {
  browser = await launch();
  server = await startReal();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

it('the first page is little more than a megabyte before it is packed', async () => {
  const { context } = await signInByLink(browser, server, kTellings[0]!);
  const cold = await browser.newContext({ storageState: await context.storageState(), locale: 'en-US' });
  const visit = async (which: string) => {
    const page = await cold.newPage();
    const begin = Date.now();
    await page.goto(`${server.url}/console/`);
    await page.locator('.figures').waitFor();
    const ms = Date.now() - begin;
    // The drawing library comes behind the first numbers.
    await page.locator('.charts canvas, .empty').first().waitFor();
    const files = await page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .map((entry) => entry as PerformanceResourceTiming)
        .filter(({ name }) => /\/console\/(assets\/|favicon|$)/.test(name))
        .map(({ decodedBodySize, transferSize }) => ({ decodedBodySize, transferSize })),
    );
    await page.close();
    const sum = (of: 'decodedBodySize' | 'transferSize') => files.reduce((total, file) => total + file[of], 0);
    const bytes = sum('decodedBodySize');
    console.log(`${which} visit: ${files.length} files of ${Math.round(bytes / 1024)} KiB, ${Math.round(sum('transferSize') / 1024)} KiB over the wire, ${ms} ms until the overview stands`);
    return bytes;
  };
  expect(await visit('first')).toBeLessThan(kMostBytes);
  await visit('second');
  await context.close();
  await cold.close();
});
