import { fileURLToPath } from 'node:url';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { createFake } from '../fake/server';

const here = dirname(fileURLToPath(import.meta.url));

/** Of `npm run build`, or where another build has put it. */
export const kDist = process.env['GSE_CONSOLE_DIST'] ?? join(here, '../dist');
const kShots = join(here, 'screenshots');
const kAxe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Debian's Chromium. */
export async function launch(): Promise<Browser> {
  const path = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(path)) throw new Error(`no Chromium at ${path}: apt-get install chromium, or set CHROMIUM`);
  if (!existsSync(join(kDist, 'index.html'))) throw new Error('no dist/: npm run build first');
  mkdirSync(kShots, { recursive: true });
  return chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
}

export interface Site {
  fake: ReturnType<typeof createFake>;
  url: string;
  context: BrowserContext;
  page: Page;
  /** What the browser complained of: errors of the page and of the content security policy. */
  complaints: string[];
  close: () => Promise<void>;
}

interface Options {
  locale?: string;
  theme?: 'light' | 'dark';
  empty?: boolean;
  width?: number;
  missing?: string[];
}

/** A fake server of its own, and a browser in front of it. */
export async function visit(browser: Browser, options: Options = {}): Promise<Site> {
  const fake = createFake({ dist: kDist, empty: options.empty, missing: options.missing });
  fake.start();
  const server = await fake.listen();
  const context = await browser.newContext({
    locale: options.locale ?? 'en-US',
    colorScheme: options.theme ?? 'light',
    viewport: { width: options.width ?? 1280, height: 800 },
  });
  const complaints: string[] = [];
  context.on('weberror', (error) => complaints.push(`page error: ${error.error().message}`));
  context.on('console', (message) => {
    if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
    else if (message.type() === 'error' && !/401 \(Unauthorized\)/.test(message.text())) complaints.push(message.text());
  });
  const page = await context.newPage();
  return {
    fake,
    url: server.url,
    context,
    page,
    complaints,
    close: async () => {
      fake.stop();
      await context.close();
      await server.close();
    },
  };
}

export async function signIn(site: Site): Promise<void> {
  await site.page.goto(`${site.url}/console/#/link/once`);
  await site.page.locator('.bar').waitFor();
}

export async function open(site: Site, path: string): Promise<void> {
  await site.page.goto(`${site.url}/console/#${path}`);
  await site.page.locator('#main h1').waitFor();
}

export async function shoot(site: Site, name: string): Promise<void> {
  await site.page.waitForLoadState('networkidle', { timeout: 500 }).catch(() => undefined);
  await site.page.screenshot({ path: join(kShots, `${name}.png`) });
}

/** Serious findings of axe on the page as it is. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(kAxe);
  const found = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }).axe;
    return (await axe.run({ resultTypes: ['violations'] })).violations;
  });
  return found
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}
