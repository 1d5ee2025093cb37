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
  return chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
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
  idleSeconds?: number;
}

/** Collects what the browser complains of: errors of pages and consoles, of the content security policy, and requests that fail. */
export function watch(context: BrowserContext, except?: RegExp): string[] {
  const complaints: string[] = [];
  const add = (what: string) => except?.test(what) || complaints.push(what);
  context.on('weberror', (error) => add(`page error: ${error.error().message}`));
  context.on('console', (message) => {
    if (message.type() === 'error' || /Content.Security.Policy/i.test(message.text())) add(message.text());
  });
  context.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // What a page that goes away leaves behind: the event stream, and readings that nobody waits for.
    if (why !== 'net::ERR_ABORTED') add(`${request.method()} ${request.url()}: ${why}`);
  });
  return complaints;
}

/** A fake server of its own, and a browser in front of it. */
export async function visit(browser: Browser, options: Options = {}): Promise<Site> {
  const fake = createFake({ dist: kDist, empty: options.empty, missing: options.missing, idleSeconds: options.idleSeconds });
  fake.start();
  const server = await fake.listen();
  const context = await browser.newContext({
    locale: options.locale ?? 'en-US',
    colorScheme: options.theme ?? 'light',
    viewport: { width: options.width ?? 1280, height: 800 },
  });
  const complaints = watch(context, /401 \(Unauthorized\)/);
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

export async function shootPage(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('networkidle', { timeout: 500 }).catch(() => undefined);
  await page.screenshot({ path: join(kShots, `${name}.png`) });
}

export const shoot = (site: Site, name: string) => shootPage(site.page, name);

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
